//! The pollers of a FIFO queue on a paused clock: one batch of a group at a time, and its order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tokio::time::sleep;

use super::{EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan};
use crate::counters::Counters;
use crate::sqs::{FifoAttributes, QueueAttributes, SendEntry, SqsEngine};

const QUEUE: &str = "orders.fifo";
const VISIBILITY: Duration = Duration::from_secs(30);

/// A queue with so many messages in each of these groups, interleaved: `a0`, `b0`, `a1`, ...
fn filled(groups: &[&str], messages: usize) -> SqsEngine {
    let engine = SqsEngine::new();
    let attributes = QueueAttributes::fifo(FifoAttributes {
        content_based_deduplication: true,
        ..FifoAttributes::high_throughput()
    });
    engine.create_queue(QUEUE, attributes).unwrap();
    for k in 0..messages {
        for group in groups {
            let entry = SendEntry::new(format!("{group}{k}")).in_group(*group);
            engine.send(QUEUE, entry).unwrap();
        }
    }
    engine
}

/// What a function has seen.
#[derive(Debug, Default)]
struct Seen {
    /// Bodies by group, in the order in which they came.
    bodies: BTreeMap<String, Vec<String>>,
    running: BTreeMap<String, usize>,
    at_once: usize,
    most_at_once: usize,
}

type Shared = Arc<Mutex<Seen>>;

impl Seen {
    fn begin(&mut self, event: &SqsEvent) {
        self.at_once += 1;
        self.most_at_once = self.most_at_once.max(self.at_once);
        for group in groups(event) {
            let running = self.running.entry(group).or_default();
            *running += 1;
            assert_eq!(*running, 1, "one invocation of a group at a time");
        }
        for record in &event.records {
            let group = record.attributes["MessageGroupId"].clone();
            let body = record.body.clone().unwrap();
            self.bodies.entry(group).or_default().push(body);
        }
    }

    fn end(&mut self, event: &SqsEvent) {
        self.at_once -= 1;
        for group in groups(event) {
            *self.running.get_mut(&group).unwrap() -= 1;
        }
    }
}

fn groups(event: &SqsEvent) -> std::collections::BTreeSet<String> {
    let records = event.records.iter();
    records
        .map(|record| record.attributes["MessageGroupId"].clone())
        .collect()
}

/// Runs a mapping with a function that takes a second and answers with `fail`.
fn start(
    engine: &SqsEngine,
    mapping: &Mapping,
    fail: impl Fn(&SqsEvent) -> SqsBatchResponse + Send + Sync + Clone + 'static,
) -> Shared {
    let seen = Shared::default();
    let shared = Arc::clone(&seen);
    let function = move |event: SqsEvent| {
        let (seen, fail) = (Arc::clone(&shared), fail.clone());
        async move {
            seen.lock().unwrap().begin(&event);
            sleep(Duration::from_secs(1)).await;
            seen.lock().unwrap().end(&event);
            Ok::<_, String>(fail(&event))
        }
    };
    let plan = MappingPlan {
        source: EventSource {
            arn: format!("arn:aws:sqs:us-east-1:000000000000:{QUEUE}"),
            region: "us-east-1".into(),
        },
        mapping,
        function: &FunctionSettings::default(),
        seed: 2026,
        speed: 1.0,
    };
    let queue = EngineQueue::new(engine.clone(), QUEUE);
    let mapping = EventSourceMapping::new(queue, plan, Arc::new(Counters::default()), function);
    tokio::spawn(mapping.run());
    seen
}

fn well(_event: &SqsEvent) -> SqsBatchResponse {
    SqsBatchResponse::default()
}

fn expected(group: &str, messages: usize) -> Vec<String> {
    (0..messages).map(|k| format!("{group}{k}")).collect()
}

#[tokio::test(start_paused = true)]
async fn groups_run_beside_each_other_and_each_in_order() {
    let all = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let engine = filled(&all, 25);
    let seen = start(&engine, &Mapping::default(), well);
    sleep(Duration::from_secs(4)).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.most_at_once, 8, "as many as groups, without a ramp");
    for group in all {
        assert_eq!(seen.bodies[group], expected(group, 25));
    }
    assert_eq!(engine.counts(QUEUE).unwrap().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_maximum_concurrency_is_kept_to_where_it_is_lower_than_the_groups() {
    let engine = filled(&["a", "b", "c", "d"], 10);
    let two = Mapping {
        maximum_concurrency: 2,
        ..Mapping::default()
    };
    let seen = start(&engine, &two, well);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(seen.lock().unwrap().most_at_once, 2);
    assert_eq!(engine.counts(QUEUE).unwrap().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_of_ten_at_most_and_nothing_is_gathered() {
    let engine = filled(&["a"], 12);
    let large = Mapping {
        batch_size: 1_000,
        batching_window: Duration::from_secs(60),
        ..Mapping::default()
    };
    let seen = start(&engine, &large, well);
    sleep(Duration::from_millis(10)).await;
    assert_eq!(seen.lock().unwrap().bodies["a"].len(), 10);
}

/// Fails `a2` when it sees it first, and with it all that follow it if told so.
fn failing_once(
    with_followers: bool,
) -> impl Fn(&SqsEvent) -> SqsBatchResponse + Send + Sync + Clone + 'static {
    move |event| {
        let mut response = SqsBatchResponse::default();
        let mut failed = false;
        for record in &event.records {
            let first = record.attributes["ApproximateReceiveCount"] == "1";
            let bad = record.body.as_deref() == Some("a2") && first;
            failed |= bad;
            if bad || (failed && with_followers) {
                response.add_failure(record.message_id.clone().unwrap());
            }
        }
        response
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_returns_all_after_the_first_failure_keeps_the_order() {
    let engine = filled(&["a"], 12);
    let seen = start(&engine, &Mapping::default(), failing_once(true));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(
        seen.lock().unwrap().bodies["a"].len(),
        10,
        "the group waits"
    );
    sleep(VISIBILITY + Duration::from_secs(5)).await;
    let mut order = expected("a", 10);
    order.extend(expected("a", 12).split_off(2));
    assert_eq!(seen.lock().unwrap().bodies["a"], order);
    assert_eq!(engine.counts(QUEUE).unwrap().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_returns_the_failed_message_alone_loses_the_order() {
    let engine = filled(&["a"], 12);
    let seen = start(&engine, &Mapping::default(), failing_once(false));
    sleep(VISIBILITY + Duration::from_secs(5)).await;
    let mut order = expected("a", 10);
    order.extend(["a2", "a10", "a11"].map(str::to_owned));
    assert_eq!(seen.lock().unwrap().bodies["a"], order, "a2 after a9");
    assert_eq!(engine.counts(QUEUE).unwrap().total(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_carries_group_deduplication_id_and_sequence_number() {
    let engine = filled(&["a"], 1);
    let options = crate::sqs::ReceiveOptions::default();
    let got = engine.receive(QUEUE, options).await.unwrap();
    let source = EventSource {
        arn: String::new(),
        region: String::new(),
    };
    let event = super::event_of(&got, &source);
    let attributes = &event.records[0].attributes;
    assert_eq!(attributes["MessageGroupId"], "a");
    assert_eq!(attributes["MessageDeduplicationId"].len(), 64);
    let number = got[0].sequence_number().unwrap().to_string();
    assert_eq!(attributes["SequenceNumber"], number);
}
