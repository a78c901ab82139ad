//! Our signature next to the SDK's: the same order at the same second, signed by either.
//!
//! The SDK sends six headers more than SQS asks for. Of these it signs `content-length`,
//! `x-amz-user-agent` (which SDK it is) and `x-amzn-query-mode` (which asks for the error codes of the old
//! protocol), and adds `user-agent`, `amz-sdk-invocation-id` (a new UUID each time) and `amz-sdk-request`
//! (the count of its tries) unsigned. A signature covers the headers it names, so that with and
//! without them are both right. Hence two comparisons: the SDK without them gives our request to
//! the letter; the SDK as it is gives the signature that our signer computes over the headers it chose.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_sqs::config::{
    BehaviorVersion, ConfigBag, Intercept, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_sdk_sqs::error::BoxError;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::super::stub::{Answer, Recorded, Stub, sending, target};
use super::super::tests::expected_signature;
use super::*;
use crate::order::{OrderPlan, RunId};
use crate::scenario::SenderKind;

/// What the SDK adds of its own.
const OF_THE_SDK: [&str; 6] = [
    "user-agent",
    "x-amz-user-agent",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "x-amzn-query-mode",
    "content-length",
];

/// Takes from the SDK what it adds, before it signs.
#[derive(Debug)]
struct Bare;

impl Intercept for Bare {
    fn name(&self) -> &'static str {
        "Bare"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        for name in OF_THE_SDK {
            context.request_mut().headers_mut().remove(name);
        }
        Ok(())
    }
}

fn target_with(stub: &Stub, token: Option<&str>) -> Target {
    let credentials = Credentials::new(
        "AKIDEXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        token.map(str::to_owned),
        None,
        "test",
    );
    Target {
        credentials: SharedCredentialsProvider::new(credentials),
        ..target(&format!("http://{}", stub.address))
    }
}

fn sdk(target: &Target, bare: bool) -> aws_sdk_sqs::Client {
    let mut config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(target.region.clone()))
        .endpoint_url(&target.sqs_endpoint)
        .credentials_provider(target.credentials.clone())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    if bare {
        config = config.interceptor(Bare);
    }
    aws_sdk_sqs::Client::from_conf(config.build())
}

fn batch(orders: std::ops::Range<u64>) -> Batch {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.3);
    let mut batch = Batch::new();
    batch.fill(&plan, orders);
    batch
}

/// Sends a batch through the SDK.
async fn send(client: &aws_sdk_sqs::Client, target: &Target, batch: &Batch) {
    let bodies: Vec<String> = batch
        .bodies()
        .map(|body| String::from_utf8(body.to_vec()).unwrap())
        .collect();
    if let [body] = &bodies[..] {
        let send = client.send_message().queue_url(&target.orders_queue_url);
        send.message_body(body).send().await.unwrap();
        return;
    }
    let entries = bodies.iter().enumerate().map(|(index, body)| {
        SendMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .message_body(body)
            .build()
            .unwrap()
    });
    client
        .send_message_batch()
        .queue_url(&target.orders_queue_url)
        .set_entries(Some(entries.collect()))
        .send()
        .await
        .unwrap();
}

/// The second in which a recorded request was signed.
fn signed_at(request: &Recorded) -> SystemTime {
    let date = request.header("x-amz-date").unwrap();
    let utc = format!("{date}+0000");
    let time = jiff::Timestamp::strptime("%Y%m%dT%H%M%SZ%z", utc).unwrap();
    SystemTime::try_from(time).unwrap()
}

/// Our request for a batch, signed at `at`: the request line, its headers by name, its body.
async fn ours(target: &Target, batch: &Batch, at: SystemTime) -> Written {
    let sending = sending(SenderKind::Http, Duration::from_secs(30));
    let setup = HttpSetup::new(target, &sending).unwrap();
    let (mut signer, mut out) = (Signer::default(), Vec::new());
    let begin = setup.write_signed(batch, &mut signer, &mut out, at);
    let begin = begin.await.unwrap();
    let request = out.split_off(begin);
    let end = request.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.unwrap();
    Written::arrived(&Recorded {
        head: String::from_utf8(request[..end].to_vec()).unwrap(),
        body: request[end + 4..].to_vec(),
    })
}

/// A request in parts that can be compared.
#[derive(Debug, PartialEq)]
struct Written {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Written {
    /// A request that has arrived, without what was added to it when it was signed.
    fn arrived(request: &Recorded) -> Self {
        let mut lines = request.head.lines();
        let line = lines.next().unwrap().to_owned();
        let mut headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .filter(|(name, _)| !OF_THE_SDK.contains(&name.as_str()))
            .collect();
        headers.sort();
        Self {
            line,
            headers,
            body: request.body.clone(),
        }
    }

    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(other, _)| other == name);
        found.map_or("", |(_, value)| value)
    }
}

#[tokio::test]
async fn our_request_is_the_sdks_to_the_letter_without_what_it_adds() {
    let stub = Stub::start(|_| Answer::Good).await;
    for token in [None, Some("a/session+token==")] {
        for orders in [3..4, 0..10] {
            let target = target_with(&stub, token);
            let batch = batch(orders);
            send(&sdk(&target, true), &target, &batch).await;
            let recorded = stub.recorded();
            let sdk = recorded.last().unwrap();
            let ours = ours(&target, &batch, signed_at(sdk)).await;
            assert_eq!(ours, Written::arrived(sdk));
            let names = match token {
                None => "SignedHeaders=content-type;host;x-amz-date;x-amz-target,",
                Some(_) => {
                    "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,"
                }
            };
            let signed = ours.header("authorization");
            assert!(signed.contains(names), "{signed}");
            assert_eq!(ours.header("x-amz-security-token"), token.unwrap_or(""));
        }
    }
}

#[tokio::test]
async fn the_sdk_as_it_is_signs_as_our_signer_does_over_the_headers_it_chose() {
    let stub = Stub::start(|_| Answer::Good).await;
    for orders in [3..4, 0..10] {
        let target = stub.target();
        send(&sdk(&target, false), &target, &batch(orders)).await;
        let recorded = stub.recorded();
        let sdk = recorded.last().unwrap();
        let signed = sdk.header("authorization").unwrap();
        let signature = signed.split("Signature=").nth(1).unwrap();
        assert_eq!(signature, expected_signature(sdk, &sdk.body));
        let names = signed.split("SignedHeaders=").nth(1).unwrap();
        let names: Vec<&str> = names.split(',').next().unwrap().split(';').collect();
        for name in [
            "content-type",
            "host",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-target",
        ] {
            assert!(names.contains(&name), "{name} as in ours: {names:?}");
        }
        let more = names.iter().filter(|name| OF_THE_SDK.contains(name));
        let more: Vec<_> = more.copied().collect();
        assert_eq!(
            more,
            ["content-length", "x-amz-user-agent", "x-amzn-query-mode"]
        );
        assert_eq!(5 + more.len(), names.len(), "{names:?}");
    }
}

#[tokio::test]
async fn one_second_one_secret_or_one_letter_more_is_another_signature() {
    let stub = Stub::start(|_| Answer::Good).await;
    let target = target_with(&stub, None);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    let first = ours(&target, &batch(0..2), at).await;
    assert_eq!(
        first,
        ours(&target, &batch(0..2), at).await,
        "it is a function"
    );
    let later = ours(&target, &batch(0..2), at + Duration::from_secs(1)).await;
    let other_batch = ours(&target, &batch(1..3), at).await;
    let other_secret = Target {
        credentials: SharedCredentialsProvider::new(Credentials::new(
            "AKIDEXAMPLE",
            "another",
            None,
            None,
            "test",
        )),
        ..target.clone()
    };
    let other_secret = ours(&other_secret, &batch(0..2), at).await;
    let other_region = Target {
        region: "eu-central-1".into(),
        ..target
    };
    let other_region = ours(&other_region, &batch(0..2), at).await;
    let signatures = [&first, &later, &other_batch, &other_secret, &other_region].map(|request| {
        request
            .header("authorization")
            .split("Signature=")
            .nth(1)
            .unwrap()
    });
    for (index, signature) in signatures.iter().enumerate() {
        assert!(!signatures[..index].contains(signature), "{index}");
    }
}
