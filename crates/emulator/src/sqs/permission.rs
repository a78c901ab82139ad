//! Who may name a queue as its dead-letter queue: the attribute `RedriveAllowPolicy` (SQS API reference,
//! `SetQueueAttributes`).

use serde_json::Value;

use super::error::{SqsError, SqsErrorKind};

/// The most queues a policy names.
const SOURCES_MAX: usize = 10;

/// Refuses a policy that is none.
pub(super) fn check(policy: &str) -> Result<(), SqsError> {
    let invalid = || {
        SqsError::new(
            SqsErrorKind::InvalidAttributeValue,
            "Invalid value for the parameter RedriveAllowPolicy. Reason: it is a JSON map with redrivePermission \
             allowAll, denyAll or byQueue, and with byQueue sourceQueueArns, 1 to 10 of them.",
        )
    };
    let parsed: Value = serde_json::from_str(policy).map_err(|_| invalid())?;
    let sources = parsed.get("sourceQueueArns");
    let fits = match parsed["redrivePermission"].as_str() {
        Some("allowAll" | "denyAll") => sources.is_none(),
        Some("byQueue") => sources
            .and_then(Value::as_array)
            .is_some_and(|sources| (1..=SOURCES_MAX).contains(&sources.len())),
        _ => false,
    };
    fits.then_some(()).ok_or_else(invalid)
}

/// Whether the queue `source` may send its dead letters to a queue of this policy.
pub(super) fn lets(policy: Option<&String>, source: &str) -> bool {
    let Some(policy) = policy else {
        return true;
    };
    let Ok(parsed) = serde_json::from_str::<Value>(policy) else {
        return true;
    };
    match parsed["redrivePermission"].as_str() {
        Some("denyAll") => false,
        Some("byQueue") => {
            let sources = parsed["sourceQueueArns"].as_array().into_iter().flatten();
            let mut names = sources.filter_map(|arn| arn.as_str()?.rsplit(':').next());
            names.any(|name| name == source)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lets_all_none_or_those_it_names() {
        let by_queue = r#"{"redrivePermission": "byQueue", "sourceQueueArns": ["arn:aws:sqs:us-east-1:0:orders"]}"#;
        for (policy, source, expected) in [
            (r#"{"redrivePermission": "allowAll"}"#, "orders", true),
            (r#"{"redrivePermission": "denyAll"}"#, "orders", false),
            (by_queue, "orders", true),
            (by_queue, "other-orders", false),
        ] {
            check(policy).expect(policy);
            assert_eq!(
                lets(Some(&policy.to_owned()), source),
                expected,
                "{policy} {source}"
            );
        }
        assert!(lets(None, "orders"));
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let eleven = format!(
            r#"{{"redrivePermission": "byQueue", "sourceQueueArns": [{}]}}"#,
            [r#""a""#; 11].join(",")
        );
        for policy in [
            "nonsense",
            "{}",
            r#"{"redrivePermission": "some"}"#,
            r#"{"redrivePermission": "byQueue"}"#,
            r#"{"redrivePermission": "denyAll", "sourceQueueArns": ["a"]}"#,
            &eleven,
        ] {
            assert!(check(policy).is_err(), "{policy}");
        }
    }
}
