//! Whole drives against a stub: every planned order has an outcome, in memory and on disk.

use crate::results::{PhaseSends, SecondSends};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::journal::tests::SmallDisk;
use crate::journal::{JournalWriter, read_journal};
use crate::ledger::{JournalContents, JournalError, OutcomeCounts};
use crate::load::Phase;
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Scenario, fixture};
use crate::testing::stub::{Answer, Recorded, Stub};

/// A stub on a thread of its own, and a folder for the journal.
struct Bench {
    _runtime: Runtime,
    stub: Stub,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(script: impl Fn(&Recorded) -> Answer + Send + Sync + 'static) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            stub: runtime.block_on(Stub::start(script)),
            _runtime: runtime,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn journal(&self) -> PathBuf {
        self.folder.path().join("ledger.journal")
    }

    fn run(
        &self,
        scenario: &Scenario,
        options: &DriveOptions,
        stop: StopSignal,
    ) -> Result<DriveOutcome, DriveError> {
        let progress = Arc::new(Progress::new());
        let outcome = run(
            &plan(scenario),
            &self.stub.target(),
            &self.journal(),
            options,
            Arc::clone(&progress),
            stop,
        )?;
        assert_eq!(progress.started(), Some(outcome.started));
        let counts = outcome.ledger.counts();
        assert_eq!(progress.acknowledged(), counts.acknowledged);
        assert_eq!(progress.rejected(), counts.rejected);
        assert_eq!(progress.indeterminate(), counts.indeterminate);
        assert_eq!(progress.offered(), counts.attempted);
        assert_eq!(progress.in_flight(), 0);
        assert_eq!(read(self).ledger, outcome.ledger, "the file says the same");
        assert!(outcome.journal_failure.is_none() && outcome.goose_failure.is_none());
        check_record(&outcome);
        Ok(outcome)
    }
}

fn read(bench: &Bench) -> JournalContents {
    let contents = read_journal(&bench.journal()).unwrap();
    assert!(contents.ended && !contents.torn_tail);
    contents
}

fn plan(scenario: &Scenario) -> DrivePlan {
    DrivePlan {
        scenario: scenario.clone(),
        orders: OrderPlan::lab(RunId::new(7).unwrap(), scenario.seed, scenario.bad_share),
        scenario_digest: "digest".into(),
        plan_digest: None,
        part: None,
    }
}

/// Two phases of 150 ms, 100/s and then 200/s: 45 orders.
fn short() -> Scenario {
    let phase = |name: &str, rate| Phase {
        name: name.into(),
        start_rate: rate,
        end_rate: rate,
        duration: Duration::from_millis(150),
        warm_up: false,
    };
    let mut scenario = fixture();
    scenario.phases = vec![phase("baseline", 100.0), phase("spike", 200.0)];
    scenario
}

/// Phases, seconds and ledger count the same orders.
fn check_record(outcome: &DriveOutcome) {
    let (record, counts) = (&outcome.record, outcome.ledger.counts());
    let by_phase = |of: fn(&PhaseSends) -> u64| record.phases.iter().map(of).sum::<u64>();
    let by_second = |of: fn(&SecondSends) -> u64| record.seconds.iter().map(of).sum::<u64>();
    assert_eq!(by_phase(|phase| phase.attempted), counts.attempted);
    assert_eq!(by_phase(|phase| phase.acknowledged), counts.acknowledged);
    assert_eq!(
        by_phase(|phase| phase.response_time.count()),
        counts.acknowledged
    );
    assert_eq!(
        by_phase(|phase| phase.service_time.count()),
        counts.acknowledged
    );
    assert_eq!(
        by_phase(|phase| phase.schedule_lag.count()),
        counts.attempted
    );
    assert_eq!(by_second(|second| second.offered), counts.attempted);
    assert_eq!(by_second(|second| second.acknowledged), counts.acknowledged);
    assert_eq!(by_second(|second| second.rejected), counts.rejected);
    assert_eq!(
        by_second(|second| second.indeterminate),
        counts.indeterminate
    );
    assert_eq!(
        by_second(|second| second.response_time.count()),
        counts.acknowledged
    );
    assert_eq!(
        by_phase(|phase| phase.scheduled),
        by_second(|second| second.scheduled)
    );
    // Before the start every clock here reads zero, and so would a service time.
    let served = record.phases.iter().filter(|phase| phase.acknowledged > 0);
    for phase in served {
        assert!(
            phase.service_time.summary().min_us > Some(0),
            "nothing is sent before the start"
        );
    }
    let failed: u64 = record.errors.values().sum();
    assert_eq!(failed, counts.rejected + counts.indeterminate);
}

fn counts(outcome: &DriveOutcome) -> OutcomeCounts {
    outcome.ledger.counts()
}

#[test]
fn every_order_is_sent_once_as_planned_and_acknowledged() {
    let bench = Bench::new(|_| Answer::Good);
    let mut scenario = short();
    scenario.sending.batch = 10;
    scenario.sending.linger = Duration::from_millis(30);
    let report = bench.folder.path().join("goose.html");
    let options = DriveOptions {
        goose_report: Some(report.clone()),
        goose_dashboard: cfg!(feature = "goose-dashboard")
            .then(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        ..DriveOptions::default()
    };
    let outcome = bench.run(&scenario, &options, StopSignal::new()).unwrap();
    assert_eq!(
        (counts(&outcome).planned, counts(&outcome).acknowledged),
        (45, 45)
    );
    assert!(!outcome.record.interrupted);
    assert_eq!(outcome.record.phases[0].scheduled, 15);
    assert_eq!(outcome.record.phases[1].scheduled, 30);
    assert!(outcome.record.errors.is_empty());
    let header = read(&bench).header;
    assert_eq!(
        (header.planned, header.scenario_digest.as_str()),
        (45, "digest")
    );
    assert_eq!(header.started_at, outcome.started.wall);

    let orders = plan(&scenario).orders;
    let body = |k| {
        let mut body = Vec::new();
        orders.write_body(k, &mut body);
        String::from_utf8(body).unwrap()
    };
    let mut sent: Vec<String> = bench
        .stub
        .recorded()
        .iter()
        .flat_map(Recorded::messages)
        .collect();
    sent.sort();
    assert_eq!(sent, (0..45).map(body).collect::<Vec<_>>());
    let requests = bench.stub.recorded().len();
    let sending = &scenario.sending;
    let dispatches = scenario
        .schedule()
        .dispatches(sending.batch, sending.linger);
    assert_eq!(requests, dispatches.count());
    let html = std::fs::read_to_string(report).unwrap();
    assert!(html.contains("SendMessageBatch"), "Goose has its figures");
    assert!(
        !Path::new("goose-runs").exists(),
        "Goose saved more than asked"
    );
}

#[test]
fn plain_tasks_send_the_same_as_goose_and_two_drives_go_on_side_by_side() {
    let options = DriveOptions {
        pool: Pool::Tasks,
        ..DriveOptions::default()
    };
    let drive = || {
        let bench = Bench::new(|_| Answer::Late(Duration::from_millis(20)));
        let outcome = bench.run(&short(), &options, StopSignal::new()).unwrap();
        let mut sent: Vec<String> = bench
            .stub
            .recorded()
            .iter()
            .flat_map(Recorded::messages)
            .collect();
        sent.sort();
        (counts(&outcome), sent, outcome.record.interrupted)
    };
    let (one, two) = std::thread::scope(|scope| {
        let other = scope.spawn(drive);
        (drive(), other.join().expect("it ends"))
    });
    for (counts, sent, interrupted) in [one, two] {
        assert_eq!((counts.planned, counts.acknowledged), (45, 45));
        let orders = plan(&short()).orders;
        let planned = (0..45).map(|k| {
            let mut body = Vec::new();
            orders.write_body(k, &mut body);
            String::from_utf8(body).unwrap()
        });
        assert_eq!(sent, planned.collect::<Vec<_>>());
        assert!(!interrupted);
    }
}

#[test]
fn beyond_max_in_flight_orders_are_counted_unsent_and_the_silent_ones_indeterminate() {
    let bench = Bench::new(|_| Answer::Silence);
    let mut scenario = short();
    scenario.sending.max_in_flight = 6;
    scenario.sending.senders = 8;
    scenario.sending.attempt_timeout = Duration::from_secs(1);
    let outcome = bench
        .run(&scenario, &DriveOptions::default(), StopSignal::new())
        .unwrap();
    assert_eq!(
        counts(&outcome).indeterminate,
        6,
        "no reply frees a place in time"
    );
    assert_eq!(counts(&outcome).unsent, 39);
    assert!(!outcome.record.interrupted, "all that was due was decided");
    assert_eq!(outcome.record.errors["indeterminate: no reply in time"], 6);
    let unsent: u64 = outcome
        .record
        .seconds
        .iter()
        .map(|second| second.unsent)
        .sum();
    assert_eq!(unsent, 39);
    let scheduled: u64 = outcome
        .record
        .phases
        .iter()
        .map(|phase| phase.scheduled)
        .sum();
    assert_eq!(scheduled, 45);

    let enough = Bench::new(|_| Answer::Late(Duration::from_millis(20)));
    scenario.sending.max_in_flight = 45;
    let outcome = enough
        .run(&scenario, &DriveOptions::default(), StopSignal::new())
        .unwrap();
    assert_eq!(counts(&outcome).acknowledged, 45);
}

#[test]
fn an_exhausted_pool_shows_as_schedule_lag() {
    let bench = Bench::new(|_| Answer::Late(Duration::from_millis(20)));
    let mut scenario = short();
    scenario.sending.senders = 1;
    let outcome = bench
        .run(&scenario, &DriveOptions::default(), StopSignal::new())
        .unwrap();
    assert_eq!(counts(&outcome).acknowledged, 45);
    // 45 sends of at least 20 ms one after the other; the last is due within 300 ms.
    let spike = &outcome.record.phases[1];
    let lag = spike.schedule_lag.quantile(1.0).unwrap();
    assert!(lag > Duration::from_millis(500), "{lag:?}");
    assert!(spike.response_time.quantile(1.0) > spike.service_time.quantile(0.0));
}

#[test]
fn a_stop_leaves_the_rest_unsent_and_awaits_what_is_on_its_way() {
    let stop = StopSignal::new();
    let raise = stop.clone();
    let bench = Bench::new(move |request| {
        if request.messages()[0].contains("7000000009,") {
            raise.stop();
        }
        Answer::Late(Duration::from_millis(10))
    });
    let outcome = bench.run(&short(), &DriveOptions::default(), stop).unwrap();
    let counts = counts(&outcome);
    assert!(outcome.record.interrupted);
    assert_eq!(counts.attempted, counts.acknowledged, "nothing is given up");
    assert!(counts.acknowledged >= 10, "{counts:?}");
    assert_eq!(counts.acknowledged + counts.unsent, 45);
    assert_eq!(bench.stub.recorded().len() as u64, counts.attempted);
}

#[test]
fn refusals_are_counted_with_their_reasons() {
    let bench = Bench::new(
        |request| match request.messages()[0].contains("7000000003,") {
            true => Answer::Reply(400, r#"{"__type":"com.amazonaws.sqs#OverLimit"}"#.into()),
            false => Answer::Good,
        },
    );
    let outcome = bench
        .run(&short(), &DriveOptions::default(), StopSignal::new())
        .unwrap();
    assert_eq!(
        (counts(&outcome).rejected, counts(&outcome).acknowledged),
        (1, 44)
    );
    assert_eq!(outcome.record.errors["rejected: OverLimit"], 1);
}

#[test]
fn nothing_is_sent_without_a_journal() {
    let bench = Bench::new(|_| Answer::Good);
    std::fs::write(bench.journal(), "another run's").unwrap();
    let error = bench
        .run(&short(), &DriveOptions::default(), StopSignal::new())
        .unwrap_err();
    assert!(matches!(error, DriveError::Journal(_)), "{error}");
    assert!(bench.stub.recorded().is_empty());
}

#[test]
fn a_dashboard_open_to_others_and_an_unwritable_goose_report_are_refused() {
    let bench = Bench::new(|_| Answer::Good);
    let open = DriveOptions {
        goose_dashboard: Some(SocketAddr::from(([0, 0, 0, 0], 5118))),
        ..DriveOptions::default()
    };
    let error = bench.run(&short(), &open, StopSignal::new()).unwrap_err();
    assert!(matches!(error, DriveError::Dashboard(_)), "{error}");
    let nowhere = DriveOptions {
        goose_report: Some(bench.folder.path().join("no/such/folder/goose.html")),
        ..DriveOptions::default()
    };
    let error = bench
        .run(&short(), &nowhere, StopSignal::new())
        .unwrap_err();
    assert!(matches!(error, DriveError::Goose(_)), "{error}");
    assert!(bench.stub.recorded().is_empty());
}

#[test]
fn a_disk_that_fills_up_stops_the_sending_and_is_told() {
    let bench = Bench::new(|_| Answer::Good);
    let mut scenario = short();
    scenario.phases[1].duration = Duration::from_secs(30);
    let outcome = super::run::run_with(
        &plan(&scenario),
        &bench.stub.target(),
        &DriveOptions::default(),
        Arc::new(Progress::new()),
        StopSignal::new(),
        &|header, _, _| JournalWriter::start(SmallDisk(400), Path::new("small"), header, None),
    )
    .unwrap();
    let failure = outcome.journal_failure.as_ref().unwrap();
    assert!(matches!(failure, JournalError::Write { .. }), "{failure}");
    assert!(outcome.record.interrupted);
    let counts = counts(&outcome);
    assert!(counts.unsent > 5_000, "of 6,015 planned: {counts:?}");
    assert_eq!(counts.attempted, bench.stub.recorded().len() as u64);
    assert_eq!(
        counts.acknowledged, counts.attempted,
        "memory knows what the disk does not"
    );
    check_record(&outcome);
}
