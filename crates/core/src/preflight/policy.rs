//! Whether a queue's policy lets a service of AWS send to it, as far as that is sure.
//!
//! Source: AWS Identity and Access Management User Guide, "Policy evaluation logic": what is not allowed is denied, and
//! a denial beats what is allowed.

use serde_json::{Map, Value};

use super::pattern::Takes;

/// Who sends, for what, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending<'a> {
    /// `sns.amazonaws.com`.
    pub(super) service: &'a str,
    /// The topic's or rule's ARN.
    pub(super) source: &'a str,
    /// The queue's ARN.
    pub(super) queue: &'a str,
}

const ACTION: &str = "sqs:SendMessage";

impl Sending<'_> {
    /// Whether `policy` lets it.
    pub(super) fn is_let_by(&self, policy: &str) -> Takes {
        let Ok(Value::Object(policy)) = serde_json::from_str(policy) else {
            return Takes::Unsure;
        };
        let statements = match policy.get("Statement") {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let of_effect = |effect: &str| {
            let of_effect = statements.iter().filter_map(|one| one.as_object());
            let mut of_effect = of_effect.filter(|one| one.get("Effect") == Some(&effect.into()));
            Takes::any(of_effect.by_ref().map(|one| self.is_meant_by(one)))
        };
        Takes::all([of_effect("Allow"), of_effect("Deny").not()])
    }

    fn is_meant_by(&self, statement: &Map<String, Value>) -> Takes {
        if ["NotPrincipal", "NotAction", "NotResource"]
            .iter()
            .any(|key| statement.contains_key(*key))
        {
            return Takes::Unsure;
        }
        let named = |key: &str, asked: &str| {
            let texts = texts(statement.get(key));
            Takes::any(texts.map(|text| is_like(&text.to_lowercase(), &asked.to_lowercase())))
        };
        let conditions = statement.get("Condition").and_then(Value::as_object);
        let conditions = conditions.into_iter().flatten();
        Takes::all(
            [
                self.is_principal(statement.get("Principal")),
                named("Action", ACTION),
                named("Resource", self.queue),
            ]
            .into_iter()
            .chain(conditions.map(|(operator, asked)| self.holds(operator, asked))),
        )
    }

    fn is_principal(&self, principal: Option<&Value>) -> Takes {
        match principal {
            Some(Value::String(all)) => yes(all == "*"),
            Some(Value::Object(kinds)) => {
                let mut services = texts(kinds.get("Service"));
                let mut accounts = texts(kinds.get("AWS"));
                yes(services.any(|one| one == self.service || one == "*")
                    || accounts.any(|one| one == "*"))
            }
            _ => Takes::No,
        }
    }

    fn holds(&self, operator: &str, asked: &Value) -> Takes {
        let operator = operator.trim_end_matches("IfExists");
        let Some(asked) = asked.as_object() else {
            return Takes::Unsure;
        };
        let account = self.source.split(':').nth(4).unwrap_or_default();
        Takes::all(asked.iter().map(|(key, values)| {
            let mut values = texts(Some(values));
            match (operator, key.to_lowercase().as_str()) {
                ("ArnEquals" | "ArnLike" | "StringLike", "aws:sourcearn") => {
                    Takes::any(values.map(|value| is_like(value, self.source)))
                }
                ("StringEquals", "aws:sourcearn") => yes(values.any(|one| one == self.source)),
                ("StringEquals" | "StringLike", "aws:sourceaccount") => {
                    yes(values.any(|one| one == account))
                }
                (
                    "ArnNotEquals" | "ArnNotLike" | "StringNotEquals" | "StringNotLike",
                    "aws:sourcearn",
                ) => Takes::any(values.map(|value| is_like(value, self.source))).not(),
                ("StringNotEquals" | "StringNotLike", "aws:sourceaccount") => {
                    yes(!values.any(|one| one == account))
                }
                // A service of AWS calls over TLS.
                ("Bool", "aws:securetransport") => match values.next() {
                    Some("true") => Takes::Yes,
                    Some("false") => Takes::No,
                    _ => Takes::Unsure,
                },
                _ => Takes::Unsure,
            }
        }))
    }
}

fn yes(is: bool) -> Takes {
    if is { Takes::Yes } else { Takes::No }
}

/// A text, or each of a list.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let all = match value {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Bool(true)) => vec!["true"],
        Some(Value::Bool(false)) => vec!["false"],
        _ => Vec::new(),
    };
    all.into_iter()
}

/// Whether `text` is like `pattern`, in which `*` is anything.
fn is_like(pattern: &str, text: &str) -> Takes {
    if pattern.contains('?') {
        return Takes::Unsure;
    }
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return Takes::No;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return yes(rest.is_empty());
    };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return Takes::No,
        }
    }
    yes(rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Takes::{No, Unsure, Yes};
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:123456789012:orders-queue";
    const TOPIC: &str = "arn:aws:sns:us-east-1:123456789012:orders";

    fn said(statements: &Value) -> Takes {
        let sending = Sending {
            service: "sns.amazonaws.com",
            source: TOPIC,
            queue: QUEUE,
        };
        sending.is_let_by(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
    }

    fn allow(change: impl Fn(&mut Value)) -> Value {
        // AWS's own sample: Amazon SNS Developer Guide, "Fanout to Amazon SQS queues".
        let mut statement = json!({"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage", "Resource": QUEUE, "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}}});
        change(&mut statement);
        statement
    }

    #[test]
    fn a_policy_lets_a_service_send_where_a_statement_means_it() {
        let other = "arn:aws:sns:us-east-1:123456789012:others";
        for (why, expected, statement) in [
            ("the sample", Yes, allow(|_| {})),
            ("anybody", Yes, allow(|one| one["Principal"] = json!("*"))),
            (
                "any account",
                Yes,
                allow(|one| one["Principal"] = json!({"AWS": ["*"]})),
            ),
            (
                "a bus",
                No,
                allow(|one| one["Principal"] = json!({"Service": ["events.amazonaws.com"]})),
            ),
            (
                "every action",
                Yes,
                allow(|one| one["Action"] = json!(["SQS:*"])),
            ),
            (
                "another action",
                No,
                allow(|one| one["Action"] = json!("sqs:ReceiveMessage")),
            ),
            (
                "any queue",
                Yes,
                allow(|one| one["Resource"] = json!("arn:aws:sqs:*:*:orders-*")),
            ),
            (
                "another queue",
                No,
                allow(|one| one["Resource"] = json!("arn:aws:sqs:*:*:letters")),
            ),
            (
                "another topic",
                No,
                allow(|one| one["Condition"]["ArnEquals"]["aws:SourceArn"] = json!(other)),
            ),
            (
                "of the account",
                Yes,
                allow(|one| {
                    one["Condition"] =
                        json!({"StringEquals": {"AWS:SourceAccount": "123456789012"}})
                }),
            ),
            (
                "of another",
                No,
                allow(|one| {
                    one["Condition"] =
                        json!({"StringEquals": {"aws:SourceAccount": "210987654321"}})
                }),
            ),
            (
                "like it",
                Yes,
                allow(|one| {
                    one["Condition"] = json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:ord*"}})
                }),
            ),
            (
                "by address",
                Unsure,
                allow(|one| {
                    one["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
                }),
            ),
            (
                "the same of another topic",
                No,
                allow(|one| {
                    one["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "ArnEquals": {"aws:SourceArn": other}});
                }),
            ),
            (
                "all but one",
                Unsure,
                allow(|one| one["NotPrincipal"] = json!({"AWS": "x"})),
            ),
        ] {
            assert_eq!(said(&statement), expected, "{why}");
            assert_eq!(said(&json!([statement])), expected, "{why}, in a list");
        }
        assert_eq!(said(&json!([])), No, "nobody is allowed");
    }

    #[test]
    fn a_denial_beats_what_is_allowed() {
        let deny = |condition: Value| {
            json!([allow(|_| {}), {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*",
                "Condition": condition}])
        };
        for (condition, expected) in [
            (json!({"Bool": {"aws:SecureTransport": "false"}}), Yes),
            (json!({"Bool": {"aws:SecureTransport": false}}), Yes),
            (json!({"ArnLike": {"aws:SourceArn": TOPIC}}), No),
            (json!({"ArnNotEquals": {"aws:SourceArn": TOPIC}}), Yes),
            (
                json!({"StringNotEquals": {"aws:SourceAccount": "210987654321"}}),
                No,
            ),
            (json!({}), No),
            (
                json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}),
                Unsure,
            ),
        ] {
            assert_eq!(said(&deny(condition.clone())), expected, "{condition}");
        }
        let sending = Sending {
            service: "sns.amazonaws.com",
            source: TOPIC,
            queue: QUEUE,
        };
        assert_eq!(sending.is_let_by("not JSON"), Unsure);
    }
}
