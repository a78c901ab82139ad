//! What Lambda and STS answer over the wire, read into facts. The answers are in AWS's shapes, from the API
//! references; queues and table are read from the embedded pipeline in `tests/suite/preflight.rs`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::{function, permissions, place};
use crate::emulator::Emulator;
use crate::emulator::sqs::{QueueAttributes, ReceiveOptions, Redrive, SendEntry};
use crate::preflight::{Known, MappingFacts};
use crate::scenario::AwsTarget;
use crate::store::Session;

/// Answers requests by the beginning of their path, by their operation where that is in a header, or by the action of a
/// form, each with a status and a body.
pub(super) fn stub(answers: Vec<(&'static str, u16, &'static str)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = answers.clone();
            std::thread::spawn(move || while answer(&stream, &answers).is_some() {});
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: &TcpStream, answers: &[(&str, u16, &str)]) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let (mut length, mut target) = (0, String::new());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if lower.starts_with("x-amz-target:") {
            line["x-amz-target:".len()..].trim().clone_into(&mut target);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let path = first.split(' ').nth(1)?;
    let form = String::from_utf8_lossy(&body);
    let action = form.strip_prefix("Action=").unwrap_or_default();
    let action = action.split('&').next().unwrap_or_default();
    let found = answers
        .iter()
        .find(|(asked, ..)| path.starts_with(asked) || target == *asked || action == *asked);
    let (_, status, body) = found.copied().unwrap_or(("", 404, "{}"));
    let kind = if body.starts_with('<') {
        "text/xml"
    } else {
        "application/json"
    };
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()
}

pub(super) async fn session(url: String) -> Session {
    let target = AwsTarget {
        endpoint_url: Some(url),
        region: Some("us-east-1".into()),
        ..AwsTarget::default()
    };
    let session = Session::open(&target).await.expect("a session");
    session.with_credentials("test", "test")
}

const MAPPINGS: &str = "/2015-03-31/event-source-mappings";
const FUNCTION: &str = "/2015-03-31/functions/lab-order-processor/configuration";
const RESERVED: &str = "/2019-09-30/functions/lab-order-processor/concurrency";
const ACCOUNT: &str = "/2016-08-19/account-settings";
const DENIED: &str = r#"{"__type":"AccessDeniedException","Message":"User tester may not"}"#;

async fn mappings(status: u16, body: &'static str) -> Known<Vec<MappingFacts>> {
    let session = session(stub(vec![(MAPPINGS, status, body)])).await;
    function::read_mappings(
        &session,
        Some("arn:aws:sqs:us-east-1:1:orders-queue".into()),
    )
    .await
}

#[tokio::test]
async fn a_mapping_is_read_with_all_that_traps_hang_on() {
    let body = r#"{"EventSourceMappings":[{"UUID":"u-1","BatchSize":50,"MaximumBatchingWindowInSeconds":3,
        "FunctionArn":"arn:aws:lambda:us-east-1:1:function:lab-order-processor","State":"Enabled",
        "FunctionResponseTypes":["ReportBatchItemFailures"],"ScalingConfig":{"MaximumConcurrency":7},
        "FilterCriteria":{"Filters":[{"Pattern":"{\"body\":{\"zone\":[1]}}"}]}},
        {"UUID":"u-2","BatchSize":10,"State":"Disabled","FunctionArn":"arn:aws:lambda:us-east-1:1:function:f:live",
        "ProvisionedPollerConfig":{"MinimumPollers":3,"MaximumPollers":30}}]}"#;
    let found = mappings(200, body).await;
    let [one, two] = found.get().expect("known").as_slice() else {
        panic!("two mappings: {found:?}");
    };
    assert_eq!(
        (one.batch_size, one.batching_window),
        (50, Duration::from_secs(3))
    );
    assert!(one.partial_responses && !two.partial_responses);
    assert_eq!(
        (one.maximum_concurrency, two.maximum_concurrency),
        (Some(7), None)
    );
    assert_eq!((one.pollers, two.pollers), (None, Some((3, 30))));
    assert_eq!(one.filters, [r#"{"body":{"zone":[1]}}"#]);
    assert_eq!(
        (one.state.as_str(), two.state.as_str()),
        ("Enabled", "Disabled")
    );
}

#[tokio::test]
async fn mappings_that_may_not_be_listed_are_unknown_and_not_none() {
    let none = mappings(200, r#"{"EventSourceMappings":[]}"#).await;
    assert_eq!(none, Known::Is(Vec::new()));
    for unanswered in ["{}", r#"{"EventSourceMappings":null}"#] {
        let found = mappings(200, unanswered).await;
        assert!(
            matches!(&found, Known::Unknown(why) if why.contains("has no EventSourceMappings")),
            "{unanswered}: {found:?}"
        );
    }
    for half in [
        r#"{"EventSourceMappings":[{}]}"#,
        r#"{"EventSourceMappings":[{"State":"Enabled"}]}"#,
        r#"{"EventSourceMappings":[{"FunctionArn":"arn:aws:lambda:us-east-1:1:function:f"}]}"#,
    ] {
        let found = mappings(200, half).await;
        assert!(
            matches!(&found, Known::Unknown(why) if why.contains("no FunctionArn or no State")),
            "{half}: {found:?}"
        );
    }
    let denied = mappings(403, DENIED).await;
    assert!(
        matches!(&denied, Known::Unknown(why) if why.contains("AccessDenied") && why.contains("may not")),
        "{denied:?}"
    );
}

#[tokio::test]
async fn a_function_is_read_with_its_concurrency() {
    let configuration = r#"{"FunctionName":"lab-order-processor","Timeout":30,"MemorySize":256,"State":"Active",
        "FunctionArn":"arn:aws:lambda:us-east-1:1:function:lab-order-processor","Architectures":["arm64"],
        "Environment":{"Variables":{"DYNAMODB_ORDERS_TABLE":"orders","OTHER":"secret"}}}"#;
    let url = stub(vec![
        (FUNCTION, 200, configuration),
        (RESERVED, 200, r#"{"ReservedConcurrentExecutions":12}"#),
        (
            ACCOUNT,
            200,
            r#"{"AccountLimit":{"ConcurrentExecutions":1000,"UnreservedConcurrentExecutions":988,
            "TotalCodeSize":1,"CodeSizeUnzipped":1,"CodeSizeZipped":1}}"#,
        ),
    ]);
    let found = function::read(&session(url).await, "lab-order-processor").await;
    let function = found.get().expect("known");
    assert_eq!(
        (function.timeout, function.memory_mb),
        (Duration::from_secs(30), 256)
    );
    assert!(function.arm);
    assert_eq!(function.reserved_concurrency, Known::Is(Some(12)));
    assert_eq!(function.account_concurrency, Known::Is(1_000));
    assert_eq!(function.table_variable.as_deref(), Some("orders"));
    let kept = serde_json::to_string(function).expect("plain data");
    assert!(
        !kept.contains("secret"),
        "no other variable is kept: {kept}"
    );
}

#[tokio::test]
async fn what_may_not_be_read_of_a_function_is_unknown_and_a_missing_one_is_absent() {
    let missing =
        r#"{"__type":"ResourceNotFoundException","Message":"Function not found","Type":"User"}"#;
    let absent = session(stub(vec![(FUNCTION, 404, missing)])).await;
    assert_eq!(
        function::read(&absent, "lab-order-processor").await,
        Known::Absent
    );
    let configuration = r#"{"FunctionName":"lab-order-processor","Timeout":3}"#;
    let url = stub(vec![
        (FUNCTION, 200, configuration),
        (RESERVED, 403, DENIED),
        (ACCOUNT, 403, DENIED),
    ]);
    let found = function::read(&session(url).await, "lab-order-processor").await;
    let function = found.get().expect("its configuration is known");
    assert!(matches!(function.reserved_concurrency, Known::Unknown(_)));
    assert!(matches!(function.account_concurrency, Known::Unknown(_)));
}

#[tokio::test]
async fn who_asks_is_told_by_sts_or_unknown_and_why() {
    let identity = "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/t</Arn>\
        <UserId>A</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let known = place::read(&session(stub(vec![("/", 200, identity)])).await).await;
    assert_eq!(known.account, Known::Is("123456789012".into()));
    assert_eq!(
        known.caller,
        Known::Is("arn:aws:iam::123456789012:user/t".into())
    );
    let expired = "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token \
        included in the request is expired</Message></Error></ErrorResponse>";
    let unknown = place::read(&session(stub(vec![("/", 403, expired)])).await).await;
    assert!(
        matches!(&unknown.account, Known::Unknown(why) if why.contains("ExpiredToken")),
        "{unknown:?}"
    );
}

/// The first receive of a message is its last but one here: a second would move it to the dead-letter queue.
#[tokio::test(flavor = "multi_thread")]
async fn whether_messages_may_be_received_is_tried_only_where_it_uses_up_no_receive() {
    let burying = QueueAttributes {
        redrive: Some(Redrive {
            dead_letter_queue: "orders-dl-queue".into(),
            max_receive_count: 1,
        }),
        ..QueueAttributes::default()
    };
    let emulator = Emulator::builder()
        .queue("orders-dl-queue")
        .queue_with("orders-queue", burying)
        .start()
        .expect("an emulator");
    let sqs = session(emulator.endpoint_url().to_owned()).await.sqs();
    let url = emulator.queue_url("orders-queue");
    assert_eq!(permissions::may_receive(&sqs, &url).await, Known::Is(true));

    let queues = emulator.queues();
    let mut later = SendEntry::new("later");
    later.delay = Some(Duration::from_secs(900));
    for message in [SendEntry::new("an order of another run"), later] {
        queues.send("orders-queue", message).expect("sent");
        for _ in 0..3 {
            let granted = permissions::may_receive(&sqs, &url).await;
            assert!(
                matches!(&granted, Known::Unknown(why) if why.contains("a receive would count")),
                "{granted:?}"
            );
        }
    }
    assert_eq!(
        emulator.messages("orders-dl-queue").expect("there").len(),
        0
    );
    let received = queues.receive("orders-queue", ReceiveOptions::default());
    let received = received.await.expect("received");
    assert_eq!(received.len(), 1, "its only receive was left to it");
    // Hidden messages come back at any time.
    let hidden = permissions::may_receive(&sqs, &url).await;
    assert!(matches!(hidden, Known::Unknown(_)), "{hidden:?}");
}

#[tokio::test]
async fn a_queue_whose_counts_cannot_be_read_is_not_received_from() {
    for (status, counts) in [(200, r#"{"Attributes":{}}"#), (403, DENIED)] {
        let url = stub(vec![
            ("AmazonSQS.GetQueueAttributes", status, counts),
            ("AmazonSQS.ReceiveMessage", 200, "{}"),
        ]);
        let sqs = session(url.clone()).await.sqs();
        let granted = permissions::may_receive(&sqs, &format!("{url}/1/orders-queue")).await;
        assert!(
            matches!(&granted, Known::Unknown(why) if why.starts_with("not tried: GetQueueAttributes")),
            "{granted:?}"
        );
    }
}
