//! One thread or several: the same orders in the same requests, and the same becomes of each.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::journal::read_journal;
use crate::ledger::{JournalHeader, Ledger};
use crate::load::{Phase, Shard};
use crate::order::spec::OrderSpec;
use crate::order::{Model, OrderPlan, RunId, lab};
use crate::scenario::{Scenario, fixture};
use crate::testing::stub::{Answer, Recorded, Stub};

/// 600 orders in a fifth of a second, by Poisson arrivals.
fn scenario() -> Scenario {
    let mut scenario = fixture();
    scenario.phases = vec![Phase {
        name: "spike".into(),
        start_rate: 3_000.0,
        end_rate: 3_000.0,
        duration: Duration::from_millis(200),
        warm_up: false,
    }];
    scenario.sending.batch = 10;
    scenario.sending.linger = Duration::from_millis(10);
    scenario.sending.senders = 9;
    // However slow the machine is, none of them stays unsent.
    scenario.sending.max_in_flight = 600;
    scenario
}

/// The lab's orders; of a FIFO queue in 25 groups.
fn orders(scenario: &Scenario) -> OrderPlan {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), scenario.seed, scenario.bad_share);
    if !scenario.pipeline.fifo {
        return plan;
    }
    let spec = OrderSpec {
        group: Some("{{items}} {{product}}".into()),
        deduplication: Some("{{id}}".into()),
        ..lab()
    };
    OrderPlan {
        model: Arc::new(Model::new(spec).unwrap()),
        ..plan
    }
}

/// Takes most requests, refuses some and fails others, by the first message in each.
fn moody(request: &Recorded) -> Answer {
    let first = &request.messages()[0];
    match first.bytes().map(u32::from).sum::<u32>() % 5 {
        0 => Answer::Reply(400, r#"{"__type":"x#InvalidMessageContents"}"#.into()),
        1 => Answer::Reply(500, String::new()),
        _ => Answer::Good,
    }
}

/// What a drive left behind.
#[derive(Debug)]
struct Left {
    ledger: Ledger,
    header: JournalHeader,
    /// The bodies of each request, in order of the requests' first ones.
    requests: Vec<Vec<String>>,
    own_orders: u64,
    /// Orders of each outcome with a figure, and the sum of all.
    figures: [u64; 3],
    /// Orders as they came, the first one of each request: this may depend on threads.
    order_of_sending: Vec<u64>,
}

impl PartialEq for Left {
    fn eq(&self, other: &Self) -> bool {
        let parts = |left: &Self| (left.own_orders, left.figures, left.header.clone());
        parts(self) == parts(other)
            && self.ledger == other.ledger
            && self.requests == other.requests
    }
}

fn stub(script: fn(&Recorded) -> Answer) -> (Runtime, Stub) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let stub = runtime.block_on(Stub::start(script));
    (runtime, stub)
}

fn drive(scenario: &Scenario, pool: Pool, threads: u32, part: Option<Shard>) -> Left {
    let (_runtime, stub) = stub(moody);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let start_at = std::time::SystemTime::now() + Duration::from_millis(300);
    let plan = DrivePlan {
        scenario: scenario.clone(),
        orders: orders(scenario),
        scenario_digest: "digest".into(),
        plan_digest: None,
        part: part.map(|shard| DrivePart { shard, start_at }),
    };
    let options = DriveOptions {
        pool,
        threads: NonZeroU32::new(threads),
        ..DriveOptions::default()
    };
    let progress = Arc::new(Progress::new());
    let stop = StopSignal::new();
    let outcome = run(&plan, &stub.target(), &journal, &options, progress, stop).unwrap();
    assert!(outcome.journal_failure.is_none() && outcome.goose_failure.is_none());
    assert!(!outcome.record.interrupted);
    let (header, ledger) = match part {
        None => {
            let read = read_journal(&journal).unwrap();
            assert!(read.ended);
            (read.header, read.ledger)
        }
        Some(_) => {
            let text = std::fs::read(&journal).unwrap();
            let own = |_: &JournalHeader| Ok(owned(scenario, part.unwrap()));
            let read = crate::ledger::read_shard_lines(&text[..], &journal, own).unwrap();
            assert!(read.ended);
            (read.header, read.ledger)
        }
    };
    assert_eq!(ledger, outcome.ledger, "the file says the same");
    let phase = &outcome.record.phases[0];
    let recorded = stub.recorded();
    let mut requests: Vec<_> = recorded.iter().map(Recorded::messages).collect();
    let first = |request: &Vec<String>| {
        let body: serde_json::Value = serde_json::from_str(&request[0]).unwrap();
        body["order_number"].as_u64().unwrap() % 1_000_000_000
    };
    let order_of_sending = requests.iter().map(first).collect();
    requests.sort();
    Left {
        ledger,
        order_of_sending,
        header: JournalHeader {
            started_at: std::time::SystemTime::UNIX_EPOCH,
            ..header
        },
        requests,
        own_orders: outcome.own_orders,
        figures: [
            phase.scheduled,
            phase.schedule_lag.count(),
            phase.response_time.count(),
        ],
    }
}

fn owned(scenario: &Scenario, shard: Shard) -> roaring::RoaringBitmap {
    let sending = &scenario.sending;
    let split = crate::load::Split::Dispatches;
    shard.orders(&scenario.schedule(), sending.batch, sending.linger, split)
}

#[test]
fn one_thread_and_four_send_the_same_requests_and_the_same_becomes_of_each_order() {
    let scenario = scenario();
    let one = drive(&scenario, Pool::Tasks, 1, None);
    let counts = one.ledger.counts();
    assert_eq!(counts.planned, 600);
    assert!(counts.acknowledged > 0 && counts.rejected > 0 && counts.indeterminate > 0);
    for (pool, threads) in [(Pool::Tasks, 4), (Pool::Goose, 1), (Pool::Goose, 4)] {
        let more = drive(&scenario, pool, threads, None);
        assert!(more == one, "{pool:?}, {threads} threads");
    }
}

#[test]
fn the_threads_of_a_worker_send_what_the_worker_owns() {
    let scenario = scenario();
    let shard = Shard::new(1, 3).unwrap();
    let one = drive(&scenario, Pool::Tasks, 1, Some(shard));
    assert!((100..400).contains(&one.own_orders), "{}", one.own_orders);
    assert!(drive(&scenario, Pool::Tasks, 2, Some(shard)) == one);
}

#[test]
fn groups_stay_in_order_and_whole_whoever_sends_them() {
    let mut scenario = scenario();
    scenario.pipeline.fifo = true;
    scenario.sending.batch = 1;
    let one = drive(&scenario, Pool::Tasks, 1, None);
    assert_eq!(one.requests.len(), 600);
    let four = drive(&scenario, Pool::Tasks, 4, None);
    assert!(four == one, "what became of orders depends on threads");
    let plan = orders(&scenario);
    for left in [&one, &four] {
        let mut last = BTreeMap::new();
        for &k in &left.order_of_sending {
            let before = last.insert(plan.group(k).unwrap(), k);
            assert!(before < Some(k), "{k} after {before:?}");
        }
        assert_eq!(last.len(), 25);
    }
}

#[test]
fn a_stop_stops_all_threads_and_every_order_has_an_outcome() {
    let (_runtime, stub) = stub(|_| Answer::Late(Duration::from_millis(5)));
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let mut scenario = scenario();
    scenario.phases[0].duration = Duration::from_secs(20);
    scenario.phases[0].start_rate = 500.0;
    scenario.phases[0].end_rate = 500.0;
    let plan = DrivePlan {
        orders: OrderPlan::lab(RunId::new(7).unwrap(), scenario.seed, scenario.bad_share),
        scenario,
        scenario_digest: "digest".into(),
        plan_digest: None,
        part: None,
    };
    let options = DriveOptions {
        pool: Pool::Tasks,
        threads: NonZeroU32::new(3),
        ..DriveOptions::default()
    };
    let (progress, stop) = (Arc::new(Progress::new()), StopSignal::new());
    let (watched, raised) = (Arc::clone(&progress), stop.clone());
    let watch = std::thread::spawn(move || {
        while watched.acknowledged() < 100 {
            std::thread::sleep(Duration::from_millis(2));
        }
        raised.stop();
    });
    let outcome = run(&plan, &stub.target(), &journal, &options, progress, stop).unwrap();
    watch.join().unwrap();
    assert!(outcome.record.interrupted);
    let read = read_journal(&journal).unwrap();
    assert!(read.ended);
    assert_eq!(read.ledger, outcome.ledger);
    let counts = outcome.ledger.counts();
    assert!(counts.acknowledged >= 100 && counts.acknowledged < 5_000);
    assert_eq!(
        counts.indeterminate, 0,
        "what was intended and not sent is unsent"
    );
    assert_eq!(counts.unsent + counts.attempted, counts.planned);
}

#[test]
fn a_stop_is_heeded_before_a_start_that_is_far_ahead() {
    let (_runtime, stub) = stub(|_| Answer::Good);
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let scenario = scenario();
    let hour = Duration::from_secs(3_600);
    let plan = DrivePlan {
        orders: orders(&scenario),
        scenario,
        scenario_digest: "digest".into(),
        plan_digest: None,
        part: Some(DrivePart {
            shard: Shard::WHOLE,
            start_at: std::time::SystemTime::now() + hour,
        }),
    };
    let options = DriveOptions {
        pool: Pool::Tasks,
        ..DriveOptions::default()
    };
    let (progress, stop) = (Arc::new(Progress::new()), StopSignal::new());
    let (watched, raised) = (Arc::clone(&progress), stop.clone());
    let watch = std::thread::spawn(move || {
        while watched.started().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        raised.stop();
    });
    let began = std::time::Instant::now();
    let outcome = run(&plan, &stub.target(), &journal, &options, progress, stop).unwrap();
    watch.join().unwrap();
    assert!(began.elapsed() < hour, "it was not waited for");
    assert!(outcome.record.interrupted);
    assert_eq!(outcome.ledger.counts().attempted, 0);
    assert!(stub.recorded().is_empty());
}
