//! What an invocation's end means for its batch.

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsBatchResponse;
use orderproof_machines::mapping::{self, BatchFate};

use crate::failures::{Failure, FailureKind};

/// Why an invocation failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvocationError {
    /// The function returned an error, or its runtime saw it fail.
    #[error("the function failed: {0}")]
    Function(Failure),
    /// The function panicked.
    #[error("the function panicked")]
    Panicked,
    /// Lambda had no room for it: the function was not called.
    #[error("the invocation was throttled")]
    Throttled,
    /// The function took longer than its time-out.
    #[error("the function timed out after {0:?}")]
    TimedOut(Duration),
}

impl InvocationError {
    /// What it counts as.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Function(failure) => failure.clone(),
            Self::Panicked => Failure::new(FailureKind::Error, "the function panicked"),
            Self::Throttled => Failure::new(FailureKind::Throttled, "no room for the invocation"),
            Self::TimedOut(limit) => {
                Failure::new(FailureKind::TimedOut, &format!("after {limit:?}"))
            }
        }
    }
}

/// Why a response that was read fails its whole batch: the first identifier that names no message of it.
pub fn invalid_response(response: &SqsBatchResponse, message_ids: &[&str]) -> Option<Failure> {
    let named = response.batch_item_failures.iter();
    let mut identifiers = named.map(|failure| failure.item_identifier.as_str());
    let unknown = identifiers.find(|identifier| !message_ids.contains(identifier))?;
    let why = match unknown {
        "" => "an itemIdentifier is empty".to_owned(),
        unknown => format!("the itemIdentifier {unknown:?} names no message of the batch"),
    };
    Some(Failure::new(FailureKind::InvalidResponse, &why))
}

/// What becomes of the batch with these message ids.
pub fn fate(
    outcome: &Result<SqsBatchResponse, InvocationError>,
    message_ids: &[&str],
    report_batch_item_failures: bool,
) -> BatchFate {
    let failed: Option<Vec<&str>> = outcome.as_ref().ok().map(|response| {
        let failures = response.batch_item_failures.iter();
        failures
            .map(|failure| failure.item_identifier.as_str())
            .collect()
    });
    mapping::fate(failed.as_deref(), message_ids, report_batch_item_failures)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: [&str; 3] = ["a", "b", "c"];

    fn response(failed: &[&str]) -> Result<SqsBatchResponse, InvocationError> {
        let mut response = SqsBatchResponse::default();
        response.set_failures(failed.iter().copied());
        Ok(response)
    }

    #[test]
    fn partial_responses_are_read_as_aws_reads_them() {
        use BatchFate::{AllDeleted, AllReturn, SomeReturn};
        let cases = [
            (response(&[]), AllDeleted, "no failure"),
            (response(&["b"]), SomeReturn(vec![1]), "one failure"),
            (
                response(&["c", "a", "c"]),
                SomeReturn(vec![0, 2]),
                "named twice",
            ),
            (
                response(&["a", "b", "c"]),
                SomeReturn(vec![0, 1, 2]),
                "all of them",
            ),
            (response(&["b", ""]), AllReturn, "an empty identifier"),
            (response(&["b", "d"]), AllReturn, "not of this batch"),
            (
                Err(InvocationError::Panicked),
                AllReturn,
                "a failed invocation",
            ),
        ];
        for (outcome, expected, why) in cases {
            assert_eq!(fate(&outcome, &BATCH, true), expected, "{why}");
        }
    }

    #[test]
    fn an_invalid_response_says_which_identifier_and_a_valid_one_says_nothing() {
        let reason = |failed: &[&str]| {
            let invalid = invalid_response(&response(failed).unwrap(), &BATCH)?;
            assert_eq!(invalid.kind, FailureKind::InvalidResponse);
            Some(invalid.reason)
        };
        assert_eq!(reason(&["a", "b", "c", "b"]), None);
        let empty = reason(&["b", ""]).unwrap();
        assert_eq!(empty, "an itemIdentifier is empty");
        let other = reason(&["b", "d\u{1b}"]).unwrap();
        assert_eq!(
            other,
            r#"the itemIdentifier "d\u{1b}" names no message of the batch"#
        );
    }

    #[test]
    fn with_the_flag_off_a_returned_response_is_ignored() {
        for failed in [&[][..], &["b"], &["a", "b", "c"], &[""], &["d"]] {
            let fate = fate(&response(failed), &BATCH, false);
            assert_eq!(fate, BatchFate::AllDeleted, "{failed:?}");
        }
        let failed = Err(InvocationError::Function("no".to_owned().into()));
        assert_eq!(fate(&failed, &BATCH, false), BatchFate::AllReturn);
    }
}
