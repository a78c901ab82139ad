//! The signer beside `aws-sigv4`, which signs for AWS's own SDK.

use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use proptest::prelude::*;

use super::*;

/// What a request says of itself before it is signed.
struct Unsigned<'r> {
    content_type: &'static str,
    operation: Option<&'static str>,
    body: &'r [u8],
}

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

/// Those by which we do, from the request as it is written.
fn by_us(
    signer: &mut Signer,
    place: &CredentialScope,
    request: &Unsigned<'_>,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<Vec<(String, String)>, InvalidHeaderValue> {
    let asks = (request.content_type, request.operation);
    let mut out = b"an earlier request".to_vec();
    let write = |out: &mut Vec<u8>| out.extend_from_slice(request.body);
    let begin = signer.write_signed(place, asks, credentials, now, &mut out, write)?;
    let written = &out[begin..];
    let end = written.len() - request.body.len();
    assert_eq!(&written[end..], request.body);
    let head = std::str::from_utf8(&written[..end]).unwrap();
    let head = head.strip_suffix("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    assert!(
        line.starts_with("POST /") && line.ends_with(" HTTP/1.1"),
        "{line}"
    );
    let headers = headers.lines().map(|line| line.split_once(": ").unwrap());
    let (signing, others): (Vec<_>, Vec<_>) = headers.partition(|(name, _)| {
        ["authorization", "x-amz-date", "x-amz-security-token"].contains(name)
    });
    let length = request.body.len().to_string();
    let mut expected = vec![
        ("host", &*place.host),
        ("content-type", request.content_type),
    ];
    expected.extend(
        request
            .operation
            .map(|operation| ("x-amz-target", operation)),
    );
    expected.push(("content-length", &length));
    assert_eq!(others, expected);
    let mut signing: Vec<_> = signing
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    signing.sort();
    Ok(signing)
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
        has_targets in proptest::collection::vec(any::<bool>(), 6),
    ) {
        prop_assume!(!path.contains('%') || path.parse::<hyper::Uri>().is_ok());
        let endpoint = Endpoint::parse(&format!("http://sqs.example:9324{path}")).unwrap();
        let place = CredentialScope::new(&endpoint, "eu-west-1", "sqs");
        let mut signer = Signer::default();
        for (at, second) in seconds.iter().enumerate() {
            let credentials = credentials(&secrets[at % secrets.len()], token.as_deref());
            let request = Unsigned {
                content_type: "application/x-amz-json-1.0",
                operation: has_targets[at].then_some("AmazonSQS.SendMessageBatch"),
                body: &body,
            };
            let now = AT + Duration::from_secs(1_795_770_000 + second);
            for now in [now, now] {
                let ours = by_us(&mut signer, &place, &request, &credentials, now).unwrap();
                let sdk = by_the_sdk(&endpoint, ("eu-west-1", "sqs"), &request, &credentials, now);
                prop_assert_eq!(ours, sdk);
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
        let ours = by_us(&mut signer, &place, &request, &credentials, now).unwrap();
        let sdk = by_the_sdk(&endpoint, ("eu-west-1", "sns"), &request, &credentials, now);
        assert_eq!(ours, sdk, "{second}");
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
    let error = by_us(&mut signer, &place, &request, &broken, AT).unwrap_err();
    assert!(!error.to_string().contains("ken"), "{error}");
    let good = credentials("secret", Some("token"));
    let signed = by_us(&mut signer, &place, &request, &good, AT).unwrap();
    assert_eq!(signed[2], ("x-amz-security-token".into(), "token".into()));
}
