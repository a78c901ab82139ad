//! The signer beside `aws-sigv4`, which signs for AWS's own SDK.

use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;

use super::*;

/// The headers by which `aws-sigv4` signs the same request.
fn by_the_sdk(
    endpoint: &Endpoint,
    (region, service): (&str, &str),
    request: &Unsigned<'_>,
    credentials: &Credentials,
    now: SystemTime,
) -> Vec<(String, String)> {
    let identity = credentials.clone().into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let target = request
        .operation
        .map(|operation| ("x-amz-target", operation));
    let headers = std::iter::once(("content-type", request.content_type)).chain(target);
    let body = SignableBody::Bytes(request.body);
    let signable = SignableRequest::new("POST", endpoint.url.as_str(), headers, body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    let mut signed = hyper::Request::post("/").body(()).unwrap();
    instructions.apply_to_request_http1x(&mut signed);
    sorted(
        signed
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str(), value)),
    )
}

fn sorted<'h>(headers: impl Iterator<Item = (&'h str, &'h HeaderValue)>) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_owned(), text(value)))
        .collect();
    headers.sort();
    headers
}

fn by_us(signature: &Signature) -> Vec<(String, String)> {
    let headers = [
        ("authorization", &signature.authorization),
        ("x-amz-date", &signature.date),
    ];
    let token = signature.token.as_ref();
    sorted(
        headers
            .into_iter()
            .chain(token.map(|token| ("x-amz-security-token", token))),
    )
}

fn credentials(secret: &str, token: Option<&str>) -> Credentials {
    Credentials::new(
        "AKIDEXAMPLE",
        secret,
        token.map(str::to_owned),
        None,
        "test",
    )
}

const AT: SystemTime = SystemTime::UNIX_EPOCH;
const DAY: u64 = 86_400;

proptest! {
    #[test]
    fn the_signature_is_that_of_aws_sigv4_whatever_was_signed_before(
        path in "(/[a-zA-Z0-9._~%25:@+-]{0,6}){0,4}",
        token in proptest::option::of("[A-Za-z0-9+/=]{1,40}"),
        secrets in proptest::collection::vec("[A-Za-z0-9/+]{1,50}", 1..3),
        // Instants of one day, of the next, and of the same second.
        seconds in proptest::collection::vec(0_u64..3 * DAY, 1..6),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        has_target in any::<bool>(),
    ) {
        prop_assume!(!path.contains('%') || path.parse::<hyper::Uri>().is_ok());
        let endpoint = Endpoint::parse(&format!("http://sqs.example:9324{path}")).unwrap();
        let place = CredentialScope::new(&endpoint, "eu-west-1", "sqs");
        let mut signer = Signer::default();
        for (at, second) in seconds.iter().enumerate() {
            let credentials = credentials(&secrets[at % secrets.len()], token.as_deref());
            let request = Unsigned {
                content_type: "application/x-amz-json-1.0",
                operation: has_target.then_some("AmazonSQS.SendMessageBatch"),
                body: &body,
            };
            let now = AT + Duration::from_secs(1_795_770_000 + second);
            for now in [now, now] {
                let ours = signer.sign(&place, &request, &credentials, now).unwrap();
                let sdk = by_the_sdk(&endpoint, ("eu-west-1", "sqs"), &request, &credentials, now);
                prop_assert_eq!(by_us(&ours), sdk);
            }
        }
    }
}

#[test]
fn a_day_later_another_key_signs() {
    let endpoint = Endpoint::parse("https://sns.eu-west-1.amazonaws.com").unwrap();
    let place = CredentialScope::new(&endpoint, "eu-west-1", "sns");
    let mut signer = Signer::default();
    let request = Unsigned {
        content_type: "application/x-www-form-urlencoded; charset=utf-8",
        operation: None,
        body: b"Action=Publish",
    };
    // Shortly before midnight, at it, and a year later.
    for second in [DAY - 1, DAY, DAY + 1, 366 * DAY] {
        let now = AT + Duration::from_secs(second);
        let credentials = credentials("secret", None);
        let ours = signer.sign(&place, &request, &credentials, now).unwrap();
        let sdk = by_the_sdk(&endpoint, ("eu-west-1", "sns"), &request, &credentials, now);
        assert_eq!(by_us(&ours), sdk, "{second}");
    }
}

#[test]
fn credentials_that_no_header_can_hold_sign_nothing_and_are_not_shown() {
    let endpoint = Endpoint::parse("http://127.0.0.1:1").unwrap();
    let place = CredentialScope::new(&endpoint, "eu-west-1", "sqs");
    let request = Unsigned {
        content_type: "application/x-amz-json-1.0",
        operation: None,
        body: b"",
    };
    let mut signer = Signer::default();
    let broken = credentials("secret", Some("to\nken"));
    let error = signer.sign(&place, &request, &broken, AT).err().unwrap();
    assert!(!error.to_string().contains("ken"), "{error}");
    let good = credentials("secret", Some("token"));
    let signed = signer.sign(&place, &request, &good, AT).unwrap();
    let shown = format!("{:?} {:?}", signed.authorization, signed.token);
    assert!(
        !shown.contains("AKID") && !shown.contains("token"),
        "{shown}"
    );
}
