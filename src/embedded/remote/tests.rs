//! A queue far away: the embedded one behind its front, or a stub that says what it is told to.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::*;
use crate::embedded::testing::sqs_client;
use crate::emulator::Gateway;
use crate::emulator::counters::Counters;
use crate::emulator::mapping::{
    Delivery, EngineQueue, EventSource, EventSourceMapping, FunctionSettings, MappingPlan,
    MessageFilter, event_of,
};
use crate::emulator::sqs::{
    AttributeValue, MessageAttribute, QueueAttributes, SendEntry, Site, SqsEngine,
};
use crate::testing::stub::{Answer, Recorded, Stub};

const QUEUE: &str = "orders-queue";
const MINUTE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);

/// A queue served on loopback by this runtime.
async fn served() -> (SqsEngine, Site) {
    let engine = SqsEngine::new();
    engine
        .create_queue(QUEUE, QueueAttributes::default())
        .unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.unwrap();
    let site = Site::local(listener.local_addr().unwrap());
    let front = Gateway::new(engine.clone(), site.clone(), None);
    tokio::spawn(front.serve(listener, std::future::pending()));
    (engine, site)
}

/// The same queue as seen from outside; it pauses some milliseconds after failures.
fn remote(site: &Site, mapping: &Mapping) -> RemoteQueue {
    let demand = Demand::pausing(Duration::from_millis(5));
    let client = sqs_client(&site.base_url);
    RemoteQueue::with(client, &site.queue_url(QUEUE), MINUTE, mapping, demand)
}

/// The queue of a stub.
fn stubbed(stub: &Stub) -> RemoteQueue {
    let endpoint = format!("http://{}", stub.address);
    let url = format!("{endpoint}/000000000000/{QUEUE}");
    RemoteQueue::new(sqs_client(&endpoint), &url, MINUTE, &Mapping::default())
}

fn source(site: &Site) -> EventSource {
    EventSource {
        arn: site.queue_arn(QUEUE),
        region: site.region.clone(),
    }
}

fn send(engine: &SqsEngine, bodies: impl IntoIterator<Item = impl ToString>) {
    for body in bodies {
        let entry = SendEntry::new(body.to_string());
        engine.send(QUEUE, entry).unwrap();
    }
}

/// Runs a mapping of `queue` in the background.
fn start<F, R>(queue: RemoteQueue, site: &Site, mapping: &Mapping, function: F) -> Arc<Counters>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, String>> + Send + 'static,
{
    let counters = Arc::new(Counters::default());
    let plan = MappingPlan {
        source: source(site),
        mapping,
        function: &FunctionSettings {
            timeout: Duration::from_secs(10),
            ..FunctionSettings::default()
        },
        seed: 2026,
        speed: 1.0,
    };
    let mapping = EventSourceMapping::new(queue, plan, Arc::clone(&counters), function);
    tokio::spawn(mapping.run());
    counters
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..10_000 {
        if done() {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("{what} did not happen");
}

#[tokio::test]
async fn the_function_sees_the_same_record_wherever_the_queue_is() {
    let (engine, site) = served().await;
    let mut entry = SendEntry::new("hello");
    for (name, data_type, value) in [
        ("channel", "String", AttributeValue::Text("web".into())),
        ("raw", "Binary", AttributeValue::Binary(vec![0, 255])),
    ] {
        let attribute = MessageAttribute {
            data_type: data_type.into(),
            value,
        };
        entry.attributes.push((name.into(), attribute));
    }
    entry.group_id = Some("customer-7".into());
    entry.trace_header = Some("Root=1-5759e988-bd862e3fe1be46a994272793".into());
    engine.send(QUEUE, entry).unwrap();

    let record = |event: SqsEvent| serde_json::to_value(event).unwrap()["Records"][0].take();
    let queue = remote(&site, &Mapping::default());
    let received = queue.receive(10, SOON, 1).await;
    assert_eq!(received[0].body(), "hello");
    let mut far = record(event_of(&received, &source(&site)));
    assert_eq!(far["attributes"]["ApproximateReceiveCount"], "1");

    // Seen again here it has another handle, and one receive more. Who has sent it is made up.
    engine
        .change_visibility(QUEUE, received[0].receipt_handle(), Duration::ZERO)
        .unwrap();
    let received = EngineQueue::new(engine, QUEUE).receive(10, SOON, 1).await;
    let near = record(event_of(&received, &source(&site)));
    assert_eq!(near["attributes"]["ApproximateReceiveCount"], "2");
    far["attributes"]["ApproximateReceiveCount"] = json!("2");
    far["attributes"]["SenderId"] = near["attributes"]["SenderId"].clone();
    far["receiptHandle"] = near["receiptHandle"].clone();
    assert_eq!(far, near);
}

#[tokio::test]
async fn all_that_is_sent_is_processed_and_deleted() {
    let (engine, site) = served().await;
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let bodies = Arc::clone(&seen);
    let counters = start(
        remote(&site, &Mapping::default()),
        &site,
        &Mapping::default(),
        move |event| {
            let mut seen = bodies.lock().unwrap();
            seen.extend(event.records.into_iter().filter_map(|record| record.body));
            async { Ok(SqsBatchResponse::default()) }
        },
    );
    send(&engine, 0..500);
    until("the end of the queue", || {
        engine.counts(QUEUE).unwrap().total() == 0
    })
    .await;
    assert_eq!(seen.lock().unwrap().len(), 500);
    assert_eq!(counters.failed_deletes.get(), 0);
}

#[tokio::test]
async fn what_a_response_names_stays_and_what_the_filter_stops_goes() {
    let (engine, site) = served().await;
    let filtered = Mapping {
        filter: Some(MessageFilter {
            body: [("kind".into(), vec![json!("good"), json!("bad")])].into(),
        }),
        ..Mapping::default()
    };
    let counters = start(
        remote(&site, &filtered),
        &site,
        &filtered,
        |event| async move {
            let mut response = SqsBatchResponse::default();
            for record in event.records {
                if record.body.is_some_and(|body| body.contains("bad")) {
                    response.add_failure(record.message_id.unwrap());
                }
            }
            Ok(response)
        },
    );
    let body = |kind: &str| json!({"kind": kind}).to_string();
    send(&engine, ["good", "bad", "other", "good"].map(body));
    until("both deletes", || {
        engine.counts(QUEUE).unwrap().total() == 1
    })
    .await;
    assert_eq!(engine.bodies(QUEUE).unwrap()[0].to_string(), body("bad"));
    assert_eq!(counters.filtered_messages.get(), 1);
}

#[tokio::test]
async fn no_more_is_received_than_the_invocations_take() {
    let (engine, site) = served().await;
    let two = Mapping {
        starting_concurrency: 2,
        maximum_concurrency: 2,
        ..Mapping::default()
    };
    let open = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&open);
    let counters = start(remote(&site, &two), &site, &two, move |_event| {
        let gate = Arc::clone(&gate);
        async move {
            while !gate.load(Ordering::Relaxed) {
                sleep(Duration::from_millis(1)).await;
            }
            Ok(SqsBatchResponse::default())
        }
    });
    send(&engine, 0..300);
    let in_flight = || engine.counts(QUEUE).unwrap().in_flight;
    until("two invocations", || in_flight() == 20).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(
        in_flight(),
        20,
        "two batches, and both have their invocation"
    );
    open.store(true, Ordering::Relaxed);
    until("the end of the queue", || {
        engine.counts(QUEUE).unwrap().total() == 0
    })
    .await;
    assert_eq!(counters.figures().max_concurrency, 2);
}

#[tokio::test]
async fn a_receive_that_brings_more_than_is_wanted_keeps_the_rest() {
    let (engine, site) = served().await;
    send(&engine, 0..10);
    let queue = remote(&site, &Mapping::default());
    let mut sizes = Vec::new();
    for most in [4, 4, 4] {
        sizes.push(queue.receive(most, SOON, 1).await.len());
    }
    assert_eq!(sizes, [4, 4, 2]);
    let nothing = queue.receive(4, Duration::from_millis(5), 1).await;
    assert!(nothing.is_empty());
}

#[tokio::test]
async fn a_queue_that_vanishes_is_asked_for_again_until_it_is_back() {
    let (engine, site) = served().await;
    let counters = start(
        remote(&site, &Mapping::default()),
        &site,
        &Mapping::default(),
        |_event| async { Ok(SqsBatchResponse::default()) },
    );
    send(&engine, ["first"]);
    until("an invocation", || counters.invocations.get() == 1).await;
    engine.delete_queue(QUEUE).unwrap();
    sleep(Duration::from_millis(20)).await;
    engine
        .create_queue(QUEUE, QueueAttributes::default())
        .unwrap();
    send(&engine, ["second"]);
    until("another", || counters.invocations.get() == 2).await;
}

fn operation(request: &Recorded) -> &str {
    request.header("x-amz-target").unwrap()
}

#[tokio::test]
async fn polls_that_fail_are_not_repeated_at_once() {
    let gone = json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"});
    let stub = Stub::start(move |_| Answer::Reply(400, gone.to_string())).await;
    let queue = stubbed(&stub);
    let received = queue.receive(10, Duration::from_millis(100), 50).await;
    assert!(received.is_empty());
    let polls = stub.recorded().len();
    assert!((1..=2).contains(&polls), "{polls} polls");
}

/// Three messages for each receive; of a delete, the answer given.
async fn deleting(status: u16, answer: Value) -> Stub {
    Stub::start(move |request| match operation(request) {
        "AmazonSQS.ReceiveMessage" => {
            let messages = [0, 1, 2].map(
                |n| json!({"MessageId": format!("m{n}"), "ReceiptHandle": format!("h{n}"), "Body": "x"}),
            );
            Answer::Reply(200, json!({"Messages": messages}).to_string())
        }
        _ => Answer::Reply(status, answer.to_string()),
    })
    .await
}

#[tokio::test]
async fn every_entry_of_a_delete_is_looked_at() {
    let failed =
        |id: &str| json!({"Id": id, "Code": "ReceiptHandleIsInvalid", "SenderFault": true});
    let done = |id: &str| json!({"Id": id});
    let cases = [
        (
            200,
            json!({"Successful": [done("0"), done("1"), done("2")]}),
            0,
            "all deleted",
        ),
        (
            200,
            json!({"Successful": [done("0")], "Failed": [failed("1"), failed("2")]}),
            2,
            "two refused",
        ),
        (
            200,
            json!({"Successful": [done("0"), done("2")]}),
            1,
            "one not named",
        ),
        (
            200,
            json!({"Successful": [done("0"), done("1"), done("2")], "Failed": [failed("2")]}),
            1,
            "one named twice",
        ),
        (
            400,
            json!({"__type": "com.amazonaws.sqs#InvalidAddress"}),
            3,
            "the request refused",
        ),
    ];
    for (status, answer, expected, why) in cases {
        let stub = deleting(status, answer).await;
        let queue = stubbed(&stub);
        let batch = queue.receive(10, SOON, 1).await;
        assert_eq!(queue.delete(&batch, &[]).await, expected, "{why}");
    }
}

#[tokio::test]
async fn what_returns_is_not_in_the_delete() {
    let stub = deleting(200, json!({"Successful": [{"Id": "0"}, {"Id": "1"}]})).await;
    let queue = stubbed(&stub);
    let batch = queue.receive(10, SOON, 1).await;
    assert_eq!(queue.delete(&batch, &[1]).await, 0);
    assert_eq!(
        queue.delete(&batch, &[0, 1, 2]).await,
        0,
        "nothing to delete"
    );
    let recorded = stub.recorded();
    let deletes = recorded
        .iter()
        .filter(|request| operation(request).ends_with("DeleteMessageBatch"));
    let handles: Vec<Value> = deletes
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            json!([
                body["Entries"][0]["ReceiptHandle"],
                body["Entries"][1]["ReceiptHandle"]
            ])
        })
        .collect();
    assert_eq!(handles, [json!(["h0", "h2"])]);
}
