//! Orders through queue, mapping, function and an in-memory store, on a paused clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::fault::{FaultyFunction, FaultyQueues, FaultyStore, Processor};
use super::testing::faulty;
use crate::emulator::counters::Counters;
use crate::emulator::mapping::{
    EngineQueue, EventSource, EventSourceMapping, FunctionSettings, Mapping, MappingPlan,
    ServiceTime,
};
use crate::emulator::sqs::{QueueAttributes, ReceiveOptions, Redrive, SendEntry, SqsEngine};
use crate::fault::FaultPlan;
use crate::order::{OrderPlan, RunId};
use crate::records::{Item, Value};
use crate::scenario::{Fault, FaultExtent, FaultKind, ProcessorKind};
use crate::testing::rows::MemoryStore;

const ORDERS: u64 = 200;

/// Whether what a row of the lab holds under this number is not its order.
fn is_altered(number: u64, details: &str) -> bool {
    let item = Item::from([
        ("id".to_owned(), Value::N(number.to_string())),
        ("order_details".to_owned(), Value::S(details.to_owned())),
    ]);
    plan().is_as_planned(ORDERS, "orders", &item) == Some(false)
}

fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1)
}

/// Where the orders `0..ORDERS` have ended, by sequence number.
struct Ended {
    rows: BTreeSet<u64>,
    dead_letters: BTreeSet<u64>,
    altered: BTreeSet<u64>,
    struck: u64,
}

fn sequence(number: u64) -> u64 {
    plan()
        .run
        .sequence_of(number)
        .expect("an order of this run")
}

async fn run(faults: &[Fault], store: MemoryStore) -> Ended {
    let faults = Arc::new(faulty(faults, plan(), ORDERS));
    let engine = engine();
    let queue_faults = FaultyQueues::new(Arc::clone(&faults), "orders", "dead");
    engine.set_faults(Box::new(queue_faults));
    let store = Arc::new(store);
    let function = FaultyFunction::new(
        Processor::BuiltIn(
            ProcessorKind::Orderproof,
            FaultyStore::new(Arc::clone(&store), Arc::clone(&faults)),
        ),
        Arc::clone(&faults),
    );
    let settings = FunctionSettings {
        timeout: Duration::from_secs(3),
        service_time: ServiceTime::Constant(Duration::from_millis(20)),
        cold_start: ServiceTime::Constant(Duration::from_millis(200)),
        reserved_concurrency: None,
    };
    let mapping = EventSourceMapping::new(
        EngineQueue::new(engine.clone(), "orders"),
        MappingPlan {
            source: EventSource {
                arn: "arn:aws:sqs:us-east-1:000000000000:orders".into(),
                region: "us-east-1".into(),
            },
            mapping: &Mapping::default(),
            function: &settings,
            seed: 2026,
            speed: 1.0,
        },
        Arc::new(Counters::default()),
        move |event| {
            let function = function.clone();
            async move { function.handle(event).await }
        },
    );
    let mapping = tokio::spawn(mapping.run());
    for k in 0..ORDERS {
        let mut body = Vec::new();
        plan().write_body(k, &mut body);
        let body = String::from_utf8(body).unwrap();
        engine.send("orders", SendEntry::new(body)).unwrap();
    }
    // The settling is over when the last receive and the move to the dead-letter queue are.
    tokio::time::sleep(Duration::from_secs(200)).await;
    mapping.abort();
    assert_eq!(engine.counts("orders").unwrap().total(), 0);
    ended(&store, dead_letters(&engine).await, &faults)
}

fn engine() -> SqsEngine {
    let engine = SqsEngine::new();
    let dead = QueueAttributes::default();
    engine.create_queue("dead", dead).unwrap();
    let attributes = QueueAttributes {
        redrive: Some(Redrive {
            dead_letter_queue: "dead".into(),
            max_receive_count: 3,
        }),
        ..QueueAttributes::default()
    };
    engine.create_queue("orders", attributes).unwrap();
    engine
}

async fn dead_letters(engine: &SqsEngine) -> BTreeSet<u64> {
    let options = ReceiveOptions {
        max_messages: 10,
        visibility_timeout: Some(Duration::from_secs(3_600)),
        wait: Some(Duration::ZERO),
    };
    let mut letters = BTreeSet::new();
    loop {
        let received = engine.receive("dead", options).await.unwrap();
        if received.is_empty() {
            return letters;
        }
        for letter in received {
            let body: serde_json::Value = serde_json::from_str(&letter.body).unwrap();
            assert!(letters.insert(sequence(body["order_number"].as_u64().unwrap())));
        }
    }
}

fn ended(store: &MemoryStore, dead_letters: BTreeSet<u64>, faults: &FaultPlan) -> Ended {
    let rows = store.rows.lock().unwrap();
    let altered = rows.values().filter_map(|row| {
        let k = sequence(row.id);
        is_altered(row.id, &row.order_details).then_some(k)
    });
    Ended {
        altered: altered.collect(),
        rows: rows.keys().map(|&number| sequence(number)).collect(),
        dead_letters,
        struck: faults.struck().values().sum(),
    }
}

fn good() -> BTreeSet<u64> {
    (0..ORDERS).filter(|&k| !plan().is_bad(k)).collect()
}

fn bad() -> BTreeSet<u64> {
    (0..ORDERS).filter(|&k| plan().is_bad(k)).collect()
}

fn fault(kind: FaultKind) -> [Fault; 1] {
    [Fault::new(kind, FaultExtent::Count(3))]
}

#[tokio::test(start_paused = true)]
async fn good_orders_become_rows_and_bad_ones_dead_letters() {
    let ended = run(&[], MemoryStore::default()).await;
    assert_eq!(ended.rows, good());
    assert_eq!(ended.dead_letters, bad());
    assert!(ended.altered.is_empty());
    assert_eq!(ended.struck, 0);
}

#[tokio::test(start_paused = true)]
async fn a_vanished_message_is_nowhere() {
    let ended = run(&fault(FaultKind::MessageVanishes), MemoryStore::default()).await;
    let anywhere = ended.rows.len() + ended.dead_letters.len();
    assert_eq!(anywhere as u64, ORDERS - 3);
    assert_eq!(ended.struck, 3);
    assert!(ended.rows.is_subset(&good()) && ended.dead_letters.is_subset(&bad()));
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_leaves_neither_row_nor_dead_letter() {
    let ended = run(&fault(FaultKind::WriteLost), MemoryStore::default()).await;
    assert_eq!(ended.rows.len(), good().len() - 3);
    assert_eq!(ended.dead_letters, bad());
    assert_eq!(ended.struck, 3);
}

#[tokio::test(start_paused = true)]
async fn an_altered_row_is_in_its_place_with_another_content() {
    let ended = run(&fault(FaultKind::RowAltered), MemoryStore::default()).await;
    assert_eq!(ended.rows, good());
    assert_eq!(ended.dead_letters, bad());
    assert_eq!(ended.altered.len(), 3);
    assert_eq!(ended.struck, 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_always_fails_is_dead_lettered_and_alone() {
    let victim = *good().first().unwrap();
    let number = Some(plan().run.number(victim));
    for store in [
        MemoryStore {
            throttles: number,
            ..MemoryStore::default()
        },
        MemoryStore {
            panics: number,
            ..MemoryStore::default()
        },
    ] {
        let ended = run(&[], store).await;
        let mut dead = bad();
        dead.insert(victim);
        assert_eq!(ended.dead_letters, dead);
        assert_eq!(ended.rows.len(), good().len() - 1);
    }
}

#[tokio::test(start_paused = true)]
async fn each_fault_on_the_way_ends_where_it_must_and_one_strike_is_forgiven() {
    use FaultKind::*;
    // Kind, then how many rows and dead letters are missing or too many.
    let cases = [
        (ErrorSwallowed, 0, -3),
        (PriceDrifts, -3, 3),
        (WritePanics, -3, 3),
        (WriteThrottled, -3, 3),
        (MessageDuplicated, 0, 0),
    ];
    for (kind, rows, dead_letters) in cases {
        let ended = run(&fault(kind), MemoryStore::default()).await;
        let count = |set: &BTreeSet<u64>| i64::try_from(set.len()).unwrap();
        assert_eq!(count(&ended.rows), count(&good()) + rows, "{kind:?}");
        let dead = count(&ended.dead_letters);
        assert_eq!(dead, count(&bad()) + dead_letters, "{kind:?}");
        assert_eq!(ended.struck, 3, "{kind:?}");

        let [mut once] = fault(kind);
        once.times = Some(1);
        if kind != ErrorSwallowed {
            let ended = run(&[once], MemoryStore::default()).await;
            assert_eq!(ended.rows, good(), "{kind:?} once");
            assert_eq!(ended.dead_letters, bad(), "{kind:?} once");
        }
    }
}
