//! What an error of a store says, and whether asking again may help.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ConnectorError, ErrorMetadata, SdkError};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_smithy_types::body::SdkBody;

use crate::store::StoreError;

type Error = SdkError<GetQueueAttributesError, HttpResponse>;

fn response(status: u16) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
}

fn answered(status: u16, code: &str, message: &str) -> Error {
    let told = ErrorMetadata::builder().code(code).message(message).build();
    SdkError::service_error(GetQueueAttributesError::generic(told), response(status))
}

fn undispatched(cause: ConnectorError) -> Error {
    SdkError::dispatch_failure(cause)
}

fn reset() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::ConnectionReset, "connection reset")
}

fn told(operation: &'static str, error: Error) -> StoreError {
    StoreError::of_named(operation, "lab")(error)
}

#[test]
fn an_error_is_a_line_of_operation_resource_code_words_and_next_step() {
    let denied = answered(400, "AccessDeniedException", "User is not\n  authorized");
    assert_eq!(
        told("DynamoDB Scan", denied).to_string(),
        "DynamoDB Scan failed: lab: AccessDeniedException: User is not authorized; allow dynamodb:Scan"
    );
    // A page of HTML, say, in which the SDK finds an unexpected token.
    let page = GetQueueAttributesError::unhandled("unexpected token at the start of JSON");
    let page = SdkError::service_error(page, response(404));
    assert_eq!(
        told("SQS GetQueueUrl", page).to_string(),
        "SQS GetQueueUrl failed: lab: it answered HTTP 404 and not as AWS does; check that the endpoint is that of the \
         service"
    );
    let invalid = answered(400, "ValidationException", "no");
    assert_eq!(
        told("DynamoDB Scan", invalid).to_string(),
        "DynamoDB Scan failed: lab: ValidationException: no"
    );
    let refused = undispatched(ConnectorError::io(reset().into()));
    assert_eq!(
        told("SQS GetQueueUrl", refused).to_string(),
        "SQS GetQueueUrl failed: lab: dispatch failure: io error: connection reset; check the endpoint and \
         the network"
    );
    let expired = answered(
        400,
        "ExpiredTokenException",
        "The security token is expired",
    );
    let line = told("SQS GetQueueUrl", expired).to_string();
    assert!(
        line.contains("ExpiredTokenException: The security token is expired; renew"),
        "{line}"
    );
}

#[test]
fn while_observing_the_line_ends_with_how_to_go_on() {
    let then = "then `orderproof verify DIR --resume` goes on";
    let denied = told(
        "DynamoDB Scan",
        answered(400, "AccessDeniedException", "no"),
    );
    let line = denied.while_observing();
    assert!(
        line.ends_with(&format!("allow dynamodb:Scan, {then}")),
        "{line}"
    );
    let ours = StoreError::new("the dead-letter sweep", "another consumer holds them");
    let line = ours.while_observing();
    assert!(line.ends_with(&format!("holds them; {then}")), "{line}");
    assert!(
        !denied.to_string().contains("--resume"),
        "elsewhere there is nothing to go on with"
    );
}

#[test]
fn what_may_pass_is_told_from_what_only_sounds_like_it() {
    let credentials = CredentialsError::not_loaded("timeout of the sign-in page");
    let half = SdkError::response_error(reset(), response(200));
    let page = SdkError::response_error(reset(), response(403));
    for (error, transient, why) in [
        (
            answered(400, "ProvisionedThroughputExceededException", "slow"),
            true,
            "throttled",
        ),
        (
            answered(400, "ValidationException", "Throttling is not an attribute"),
            false,
            "a word in the message",
        ),
        (
            answered(503, "Unheard", "busy"),
            true,
            "a fault of the service",
        ),
        (
            answered(
                400,
                "AccessDeniedException",
                "dispatch failure on timeout-table",
            ),
            false,
            "words again",
        ),
        (SdkError::timeout_error(reset()), true, "a time-out"),
        (
            undispatched(ConnectorError::io(reset().into())),
            true,
            "the network",
        ),
        (
            undispatched(ConnectorError::timeout(reset().into())),
            true,
            "no connection in time",
        ),
        (
            undispatched(ConnectorError::user(reset().into())),
            false,
            "a request that cannot be made",
        ),
        (
            undispatched(ConnectorError::other(credentials.into(), None)),
            false,
            "nothing to sign with",
        ),
        (half, true, "a connection that ended in the answer"),
        (page, false, "a proxy that refuses"),
        (
            SdkError::construction_failure(reset()),
            false,
            "a request that cannot be made",
        ),
    ] {
        let error = told("DynamoDB Scan", error);
        assert_eq!(error.is_transient(), transient, "{why}: {error}");
    }
    assert!(
        !StoreError::new("the scan", "timeout").is_transient(),
        "a failure of our own"
    );
}

#[test]
fn credentials_that_cannot_be_had_are_no_matter_of_the_network() {
    let none = CredentialsError::not_loaded("no providers in chain provided credentials");
    let line = told(
        "SQS GetQueueUrl",
        undispatched(ConnectorError::other(none.into(), None)),
    )
    .to_string();
    assert!(line.contains("renew the credentials"), "{line}");
    assert!(!line.contains("network"), "{line}");
}
