//! What kind of failure a store's error is, by its code, and what to do about each.

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Credentials that are not there, not known, or no longer valid.
    Credentials,
    /// Valid credentials without the permission.
    Denied,
    /// No such queue, table or bucket.
    Missing,
    /// More was asked than the service or the table gives.
    Throttled,
    /// A fault of the service.
    Service,
    /// No answer, or half of one.
    Unreachable,
    /// An answer that is none of the service: empty, or without what it must hold.
    NotAReply,
    /// Anything else.
    Other,
}

/// Codes of SQS, DynamoDB, S3 and STS ("Common error types" of each), and what they stand for. DynamoDB and SQS
/// spell some of them differently.
const CODES: [(Cause, &[&str]); 5] = [
    (
        Cause::Credentials,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "UnrecognizedClientException",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
        ],
    ),
    (Cause::Denied, &["AccessDenied", "AccessDeniedException"]),
    (
        Cause::Missing,
        &[
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "ResourceNotFoundException",
            "NoSuchBucket",
        ],
    ),
    (
        Cause::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
        ],
    ),
    (
        Cause::Service,
        &[
            "InternalError",
            "InternalFailure",
            "InternalServerError",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
        ],
    ),
];

impl Cause {
    /// By the service's code, or else the HTTP status of its answer.
    pub(super) fn of(code: Option<&str>, status: u16) -> Self {
        // Some services write the code as `com.amazonaws.sqs#QueueDoesNotExist`.
        let name = code.map(|code| code.rsplit('#').next().unwrap_or(code));
        let known = CODES
            .iter()
            .find(|(_, codes)| name.is_some_and(|name| codes.contains(&name)));
        match (known, status) {
            (Some((cause, _)), _) => *cause,
            (None, 429) => Self::Throttled,
            (None, 500..) => Self::Service,
            (None, _) => Self::Other,
        }
    }

    /// Whether asking again may help.
    pub(super) fn is_transient(self) -> bool {
        match self {
            Self::Throttled | Self::Service | Self::Unreachable | Self::NotAReply => true,
            Self::Credentials | Self::Denied | Self::Missing | Self::Other => false,
        }
    }

    /// What to do about it when `operation` failed so.
    pub(super) fn next_step(self, operation: &str) -> Option<String> {
        Some(match self {
            Self::Credentials => {
                "renew the credentials (sign in again, set the AWS_* variables anew, or name another --profile)".into()
            }
            Self::Denied => format!("allow {}", action(operation)?),
            Self::Missing => "check the name and --region".into(),
            Self::Throttled => {
                "it is asked for more a second than it gives: wait, or raise its capacity".into()
            }
            Self::Service => "the service fails by itself: wait".into(),
            Self::Unreachable => "check the endpoint and the network".into(),
            Self::NotAReply => {
                "check what answers at the endpoint, and whatever stands between".into()
            }
            Self::Other => return None,
        })
    }
}

/// The permission that an operation such as `SQS GetQueueUrl` takes. SQS has none for its batches.
fn action(operation: &str) -> Option<String> {
    let (service, name) = operation.split_once(' ')?;
    match service {
        "SQS" => Some(format!("sqs:{}", name.trim_end_matches("Batch"))),
        "DynamoDB" => Some(format!("dynamodb:{name}")),
        "S3" => Some(match name {
            "ListObjectsV2" => "s3:ListBucket".into(),
            name => format!("s3:{name}"),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_cause_and_what_looks_like_it_has_another() {
        use Cause::{Credentials, Denied, Missing, Other, Service, Throttled};
        for (code, status, cause, why) in [
            (Some("ExpiredToken"), 403, Credentials, "as STS says it"),
            (Some("ExpiredTokenException"), 400, Credentials, "DynamoDB"),
            (Some("InvalidClientTokenId"), 403, Credentials, "SQS"),
            (
                Some("UnrecognizedClientException"),
                400,
                Credentials,
                "DynamoDB",
            ),
            (
                Some("InvalidSignatureException"),
                400,
                Credentials,
                "DynamoDB",
            ),
            (Some("SignatureDoesNotMatch"), 403, Credentials, "SQS"),
            (
                Some("ExpiredIteratorException"),
                400,
                Other,
                "no token expired",
            ),
            (Some("AccessDenied"), 403, Denied, "SQS"),
            (Some("AccessDeniedException"), 400, Denied, "DynamoDB"),
            (
                Some("KmsAccessDenied"),
                400,
                Other,
                "a key's policy, no action of ours",
            ),
            (Some("QueueDoesNotExist"), 400, Missing, "the JSON protocol"),
            (
                Some("com.amazonaws.sqs#QueueDoesNotExist"),
                400,
                Missing,
                "in full",
            ),
            (
                Some("AWS.SimpleQueueService.NonExistentQueue"),
                400,
                Missing,
                "the query protocol",
            ),
            (Some("ResourceNotFoundException"), 400, Missing, "DynamoDB"),
            (Some("ResourceInUseException"), 400, Other, "it is there"),
            (
                Some("ProvisionedThroughputExceededException"),
                400,
                Throttled,
                "the table's capacity",
            ),
            (Some("ThrottlingException"), 400, Throttled, "the account's"),
            (Some("RequestThrottled"), 403, Throttled, "SQS"),
            (
                Some("ItemCollectionSizeLimitExceededException"),
                400,
                Other,
                "no rate",
            ),
            (Some("InternalServerError"), 500, Service, "DynamoDB"),
            (Some("Unheard"), 503, Service, "by its status"),
            (Some("Unheard"), 429, Throttled, "by its status"),
            (
                Some("ValidationException"),
                400,
                Other,
                "asking again is asking the same",
            ),
            (None, 502, Service, "a proxy's page"),
            (None, 400, Other, "nothing is known"),
        ] {
            assert_eq!(Cause::of(code, status), cause, "{code:?} {status}: {why}");
        }
    }

    #[test]
    fn the_next_step_names_the_action_only_where_one_is_missing() {
        for (cause, operation, step, why) in [
            (
                Cause::Denied,
                "DynamoDB Scan",
                Some("allow dynamodb:Scan"),
                "as it is called",
            ),
            (
                Cause::Denied,
                "DynamoDB BatchGetItem",
                Some("allow dynamodb:BatchGetItem"),
                "an action of its own",
            ),
            (
                Cause::Denied,
                "SQS DeleteMessageBatch",
                Some("allow sqs:DeleteMessage"),
                "SQS has none for batches",
            ),
            (
                Cause::Denied,
                "the dead-letter sweep",
                None,
                "no operation of AWS",
            ),
            (
                Cause::Missing,
                "SQS GetQueueUrl",
                Some("check the name and --region"),
                "both may be wrong",
            ),
            (
                Cause::Unreachable,
                "DynamoDB Scan",
                Some("check the endpoint and the network"),
                "no answer",
            ),
            (
                Cause::Other,
                "DynamoDB Scan",
                None,
                "no advice is better than a wrong one",
            ),
        ] {
            assert_eq!(cause.next_step(operation).as_deref(), step, "{why}");
        }
        let renew = Cause::Credentials.next_step("DynamoDB Scan").unwrap();
        assert!(renew.contains("renew the credentials"));
        let throttled = Cause::Throttled.next_step("DynamoDB Scan").unwrap();
        assert!(!throttled.contains("allow"), "{throttled}");
    }

    #[test]
    fn only_what_may_pass_is_asked_for_again() {
        for (cause, again) in [
            (Cause::Throttled, true),
            (Cause::Service, true),
            (Cause::Unreachable, true),
            (Cause::NotAReply, true),
            (Cause::Credentials, false),
            (Cause::Denied, false),
            (Cause::Missing, false),
            (Cause::Other, false),
        ] {
            assert_eq!(cause.is_transient(), again, "{cause:?}");
        }
    }
}
