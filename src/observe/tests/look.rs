//! Observing real stores over loopback: what is there is seen, what cannot be read is marked.

use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use roaring::RoaringBitmap;

use crate::emulator::sqs::{QueueAttributes, ReceiveOptions, Redrive};
use crate::ledger::{Ledger, Outcome};
use crate::observe::ObservePlan;
use crate::observe::look::observe;
use crate::observe::observation_log::{LETTER_LOG, LetterLog, ScanLog, scan_log};
use crate::order::{OrderPlan, RunId};
use crate::scenario::{DeadLetterUse, fixture};
use crate::store::{Cursor, Page, StoreError, Stores, Target};
use crate::testing::rows::details_of;
use crate::testing::site::Services;
use crate::verdict::Class;
use crate::verify::{
    Belongs, OBSERVATION_SCHEMA_VERSION, Observation, ObservationFile, Quiescence, StoredTimes,
    reconcile,
};

fn at_rest() -> Quiescence {
    Quiescence {
        reached: true,
        empty_samples: 3,
        drain: Some(Duration::from_secs(2)),
        evidence: "empty".into(),
        never_started: None,
    }
}

/// Orders of the fixture's schedule.
const ORDERS: u64 = 100;
/// Acknowledged and put nowhere.
const FORGOTTEN: u64 = 5;

fn orders() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1)
}

fn plan() -> ObservePlan {
    let mut ledger = Ledger::new(ORDERS);
    ledger.record(Outcome::Acknowledged, 0..ORDERS);
    ObservePlan {
        function: None,
        door: None,
        folder: None,
        orders: orders(),
        schedule: fixture().schedule(),
        phases: 1,
        ledger,
        start: Instant::now(),
        start_wall: SystemTime::now(),
        last_send: Duration::from_secs(2),
        patience: Duration::from_secs(1),
        visibility_timeout: Duration::from_secs(1),
        max_receive_count: 1,
        own_stores: false,
    }
}

fn bad() -> RoaringBitmap {
    let bad = (0..ORDERS).filter(|&k| orders().is_bad(k));
    bad.map(|k| k as u32).collect()
}

/// Good orders in the table, bad ones in the dead-letter queue, one in neither.
async fn filled() -> Services {
    let services = Services::start().await;
    let good = (0..ORDERS).filter(|&k| k != FORGOTTEN && !orders().is_bad(k));
    let rows = good.map(|k| (orders().run.number(k), details_of(&orders(), k)));
    services.put_rows(rows).await;
    let letters = (0..ORDERS).filter(|&k| orders().is_bad(k)).map(|k| {
        let mut body = Vec::new();
        orders().write_body(k, &mut body);
        String::from_utf8(body).unwrap()
    });
    services.send("dead", letters);
    services
}

async fn observed(stores: &Stores) -> Observation {
    let status = Mutex::default();
    let (observation, _) = observe(stores, &plan(), at_rest(), &status).await;
    observation
}

fn count(observation: &Observation, class: Class) -> u64 {
    reconcile(
        &plan().ledger,
        &Belongs::good_or_bad(ORDERS, bad()),
        observation,
    )
    .count(class)
}

#[tokio::test]
async fn what_is_there_is_seen_and_the_missing_one_is_asked_for_again() {
    assert!(
        !bad().contains(FORGOTTEN as u32),
        "the forgotten one is good"
    );
    let services = filled().await;
    let observation = observed(&services.stores()).await;
    assert!(observation.is_complete(), "{observation:?}");
    assert_eq!(observation.scan.items, ORDERS - bad().len() - 1);
    assert_eq!(observation.dead_letter_sweep.items, bad().len());
    assert_eq!(observation.lookups.items, 1, "the forgotten one");
    assert_eq!(observation.dead_lettered, bad());
    assert!(observation.altered.is_empty() && observation.overwritten.is_empty());
    assert_eq!(observation.untimed_rows, 0);
    assert_eq!(count(&observation, Class::Lost), 1);
    assert_eq!(
        count(&observation, Class::DeadLetteredByDesign),
        bad().len()
    );
    assert_eq!(count(&observation, Class::Stored), observation.scan.items);
}

/// What a changed target leaves of the evidence: scan, look-ups, sweep, retention.
async fn parts(services: &Services, change: impl FnOnce(&mut Target)) -> ([bool; 4], Observation) {
    let observation = observed(&services.stores_of(change)).await;
    let parts = [
        observation.scan.complete,
        observation.lookups.complete,
        observation.dead_letter_sweep.complete,
        observation.retention.holds(),
    ];
    assert_eq!(
        count(&observation, Class::Lost),
        0,
        "nothing is called lost"
    );
    (parts, observation)
}

#[tokio::test]
async fn a_missing_table_leaves_scan_and_look_ups_incomplete() {
    let services = filled().await;
    let (found, observation) =
        parts(&services, |target| target.tables[0].name = "none".into()).await;
    assert_eq!(found, [false, false, true, true]);
    let error = observation.scan.error.unwrap();
    assert!(error.contains("ResourceNotFound"), "{error}");
    assert_eq!(observation.dead_lettered, bad(), "the letters were read");
}

#[tokio::test]
async fn a_missing_dead_letter_queue_leaves_sweep_and_retention_unknown() {
    let services = filled().await;
    let (found, observation) = parts(&services, |target| {
        target.dead_letter_queue_url = target.orders_queue_url.replace("orders", "none");
    })
    .await;
    assert_eq!(found, [true, true, false, false]);
    let error = observation.dead_letter_sweep.error.unwrap();
    assert!(error.contains("NonExistentQueue"), "{error}");
}

#[tokio::test]
async fn held_dead_letters_leave_the_sweep_incomplete() {
    let services = filled().await;
    let options = ReceiveOptions::default();
    let held = services.engine.receive("dead", options).await.unwrap();
    assert_eq!(held.len(), 1);
    let (found, observation) = parts(&services, |_| {}).await;
    assert_eq!(found, [true, true, false, true]);
    assert_eq!(observation.dead_letter_sweep.items, bad().len() - 1);
    assert_eq!(
        count(&observation, Class::Undecided),
        2,
        "it and the forgotten one"
    );
}

#[tokio::test]
async fn a_row_stored_only_after_rest_was_declared_disproves_the_rest() {
    let services = filled().await;
    let stores = services.stores();
    let row = (
        orders().run.number(FORGOTTEN),
        details_of(&orders(), FORGOTTEN),
    );
    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        services.put_rows(std::iter::once(row)).await;
    };
    let (observation, ()) = tokio::join!(observed(&stores), late);
    assert!(!observation.quiescence.reached);
    let evidence = &observation.quiescence.evidence;
    assert!(evidence.contains("stored only after"), "{evidence}");
    assert_eq!(count(&observation, Class::Lost), 0);
}

#[tokio::test]
async fn messages_that_turn_up_after_rest_was_declared_disprove_the_rest() {
    for (queue, told) in [
        ("orders", "counted 1 messages again"),
        ("dead", "a dead letter arrived only after"),
    ] {
        let services = filled().await;
        let stores = services.stores();
        let late = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            services.send(queue, std::iter::once("late".to_owned()));
        };
        let (observation, ()) = tokio::join!(observed(&stores), late);
        assert!(!observation.quiescence.reached, "{queue}");
        let evidence = &observation.quiescence.evidence;
        assert!(evidence.contains(told), "{evidence}");
        assert_eq!(count(&observation, Class::Lost), 0, "{queue}");
        assert_eq!(count(&observation, Class::Undecided), 1, "{queue}");
    }
}

/// A plan whose run has a folder, so that what is seen is kept.
fn plan_in(folder: &tempfile::TempDir) -> ObservePlan {
    ObservePlan {
        folder: Some(folder.path().to_owned()),
        ..plan()
    }
}

async fn observed_in(stores: &Stores, folder: &tempfile::TempDir) -> Observation {
    let status = Mutex::default();
    let (observation, _) = observe(stores, &plan_in(folder), at_rest(), &status).await;
    observation
}

#[tokio::test]
async fn a_scan_that_was_broken_off_is_gone_on_with_and_sees_the_same() {
    let services = filled().await;
    let stores = services.stores_of(|target| target.read.units_per_second = Some(5));
    let whole = observed(&stores).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(scan_log(0));
    // Pages of 20 rows; the verifier dies after two.
    let run = orders().run;
    let (mut log, _) = ScanLog::open(&path, run, 1, SystemTime::now()).unwrap();
    let mut pages = 0;
    let broken_off = stores
        .scan(
            &stores.tables()[0],
            &[Cursor::Start],
            Duration::ZERO,
            &mut 0,
            |page| {
                log.keep(&page).unwrap();
                pages += 1;
                match pages {
                    2 => Err(StoreError::new("the verifier", "was killed")),
                    _ => Ok(()),
                }
            },
        )
        .await;
    assert!(broken_off.is_err());
    drop(log);
    let resumed = observed_in(&stores, &folder).await;
    assert!(resumed.is_complete(), "{resumed:?}");
    assert_eq!(resumed.scan.items, whole.scan.items);
    assert_eq!(
        resumed.scan.requests,
        whole.scan.requests - 2,
        "two pages were not read again"
    );
    assert_eq!(
        (&resumed.stored, resumed.foreign_rows),
        (&whole.stored, whole.foreign_rows)
    );
    assert_eq!(count(&resumed, Class::Lost), 1);
    assert!(!path.exists(), "nobody goes on from a scan that has ended");
}

#[tokio::test]
async fn what_was_seen_before_rest_is_not_gone_on_with() {
    let services = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(scan_log(0));
    let stores = services.stores();
    // A log by which the table has been read to its end, and nothing was in it.
    let (mut log, _) = ScanLog::open(&path, orders().run, 1, SystemTime::now()).unwrap();
    log.keep(&Page {
        segment: 0,
        rows: Vec::new(),
        cursor: Cursor::End,
    })
    .unwrap();
    drop(log);
    let status = Mutex::default();
    let restless = Quiescence::default();
    let (observation, _) = observe(&stores, &plan_in(&folder), restless, &status).await;
    assert!(!observation.is_complete());
    let whole = observed(&stores).await;
    assert_eq!(
        observation.scan.items, whole.scan.items,
        "it was read itself"
    );
    assert!(path.exists(), "and the log is left to who comes to rest");
}

#[tokio::test]
async fn a_damaged_log_leaves_the_scan_incomplete_and_nobody_lost() {
    let services = filled().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(scan_log(0)), "not a record\n").unwrap();
    let observation = observed_in(&services.stores(), &folder).await;
    assert!(!observation.scan.complete);
    let error = observation.scan.error.clone().unwrap();
    assert!(
        error.contains("record 1 is damaged") && error.contains("starts anew"),
        "{error}"
    );
    assert_eq!(count(&observation, Class::Lost), 0);
}

#[tokio::test]
async fn a_queue_of_the_runs_own_is_drained_into_the_folder_and_stays_evidence() {
    let services = filled().await;
    let foreign = "somebody else's".to_owned();
    services.send("dead", std::iter::once(foreign));
    let own = services.stores_of(|target| target.read.dead_letters = DeadLetterUse::Own);
    let folder = tempfile::tempdir().unwrap();
    let first = observed_in(&own, &folder).await;
    assert!(first.is_complete(), "{first:?}");
    assert_eq!(first.dead_lettered, bad());
    assert_eq!(first.foreign_dead_letters, 1);
    let left = services.engine.counts("dead").unwrap();
    assert_eq!(
        (left.visible, left.total()),
        (1, 1),
        "what is not ours stays"
    );
    // A second look finds in the folder what the queue no longer has.
    let second = observed_in(&own, &folder).await;
    assert!(second.is_complete(), "{second:?}");
    assert_eq!(second.dead_lettered, bad());
    assert_eq!(
        (second.extra_dead_letter_copies, second.foreign_dead_letters),
        (0, 1)
    );
    // So does one that would not delete, and one without the folder does not.
    let shared = observed_in(&services.stores(), &folder).await;
    assert_eq!(shared.dead_lettered, bad());
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(observed_in(&own, &elsewhere).await.dead_lettered.is_empty());
}

#[tokio::test]
async fn a_letter_written_down_and_not_deleted_in_time_is_one_letter() {
    let services = filled().await;
    let own = services.stores_of(|target| target.read.dead_letters = DeadLetterUse::Own);
    let folder = tempfile::tempdir().unwrap();
    // The verifier dies between the copy and the deletion.
    let (mut log, _) = LetterLog::open(&folder.path().join(LETTER_LOG), orders().run).unwrap();
    let died = own
        .sweep_dead_letters(&mut 0, |letters| {
            log.keep(letters).unwrap();
            Err(StoreError::new("the verifier", "was killed"))
        })
        .await;
    assert!(died.is_err());
    drop(log);
    let observation = observed_in(&own, &folder).await;
    assert!(observation.is_complete(), "{observation:?}");
    assert_eq!(observation.dead_lettered, bad());
    assert_eq!(observation.extra_dead_letter_copies, 0);
    assert_eq!(observation.dead_letter_sweep.items, bad().len());
    assert_eq!(services.engine.counts("dead").unwrap().total(), 0);
}

/// The body of an order as it was sent.
fn body(k: u64) -> String {
    let mut body = Vec::new();
    orders().write_body(k, &mut body);
    String::from_utf8(body).unwrap()
}

#[tokio::test]
async fn a_letter_that_arrives_after_the_sweep_is_found_by_a_second_one_before_its_order_is_lost() {
    let services = filled().await;
    let stores = services.stores();
    let late = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        services.send("dead", std::iter::once(body(FORGOTTEN)));
    };
    let (observation, ()) = tokio::join!(observed(&stores), late);
    assert!(!observation.quiescence.reached);
    let evidence = &observation.quiescence.evidence;
    assert!(evidence.contains("arrived only after"), "{evidence}");
    assert!(observation.dead_lettered.contains(FORGOTTEN as u32));
    assert_eq!(count(&observation, Class::Lost), 0);
}

#[tokio::test]
async fn the_second_sweep_counts_no_letter_twice() {
    let services = filled().await;
    services.send("dead", std::iter::once("somebody else's".to_owned()));
    let observation = observed(&services.stores()).await;
    assert!(observation.is_complete(), "{observation:?}");
    assert_eq!(
        count(&observation, Class::Lost),
        1,
        "there was a second one"
    );
    assert_eq!(observation.foreign_dead_letters, 1);
    assert_eq!(observation.extra_dead_letter_copies, 0);
    assert_eq!(observation.dead_letter_sweep.items, bad().len() + 1);
}

/// Letters of `dead` move to `graveyard` after so many receives there.
fn chained(services: &Services, max_receive_count: u32) {
    let graveyard = QueueAttributes::default();
    services
        .engine
        .create_queue("graveyard", graveyard)
        .unwrap();
    let chained = services.engine.update_attributes("dead", |attributes| {
        attributes.redrive = Some(Redrive {
            dead_letter_queue: "graveyard".to_owned(),
            max_receive_count,
        });
        Ok(())
    });
    chained.unwrap();
}

/// Writes down what a look has seen, as the commands do.
fn keep(folder: &tempfile::TempDir, name: &str, observation: &Observation) {
    let file = ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: orders().run,
        observation: observation.clone(),
        samples: Vec::new(),
        times: StoredTimes::default(),
        failed_samples: Vec::new(),
        rests_on: Default::default(),
    };
    std::fs::write(folder.path().join(name), file.to_json()).unwrap();
}

#[tokio::test]
async fn no_look_is_made_that_would_move_letters_on() {
    let services = filled().await;
    let row = (
        orders().run.number(FORGOTTEN),
        details_of(&orders(), FORGOTTEN),
    );
    services.put_rows(std::iter::once(row)).await;
    chained(&services, 2);
    let folder = tempfile::tempdir().unwrap();
    for (look, name) in [
        (1, "observation.json"),
        (2, "observation-20261129T050000.000Z.json"),
    ] {
        let observation = observed_in(&services.stores(), &folder).await;
        assert!(observation.is_complete(), "look {look}: {observation:?}");
        let receives = observation
            .letter_receives
            .as_ref()
            .expect("it was counted");
        assert_eq!((receives.highest, receives.max_receive_count), (look, 2));
        assert_eq!(receives.moves_to.rsplit(':').next(), Some("graveyard"));
        keep(&folder, name, &observation);
    }
    let third = observed_in(&services.stores(), &folder).await;
    assert!(!third.dead_letter_sweep.complete);
    let error = third.dead_letter_sweep.error.clone().unwrap();
    assert!(
        error.contains("received 2 times") && error.contains("no further look"),
        "{error}"
    );
    assert_eq!(count(&third, Class::Lost), 0);
    assert_eq!(count(&third, Class::Undecided), bad().len());
    let queues = ["dead", "graveyard"].map(|queue| services.engine.counts(queue).unwrap().visible);
    assert_eq!(queues, [bad().len(), 0], "nothing has moved");
    // Who cannot tell how often they were received does not look either.
    std::fs::write(folder.path().join("observation.json"), "{").unwrap();
    let blind = observed_in(&services.stores(), &folder).await;
    let error = blind.dead_letter_sweep.error.unwrap();
    assert!(error.contains("cannot be read"), "{error}");
    assert_eq!(services.engine.counts("graveyard").unwrap().total(), 0);
}

#[tokio::test]
async fn where_letters_move_on_an_order_seen_nowhere_is_not_lost() {
    let services = filled().await;
    chained(&services, 100);
    let observation = observed(&services.stores()).await;
    assert!(!observation.dead_letter_sweep.complete);
    let error = observation.dead_letter_sweep.error.clone().unwrap();
    assert!(
        error.contains("graveyard") && error.contains("1 orders"),
        "{error}"
    );
    assert_eq!(count(&observation, Class::Lost), 0);
    assert_eq!(count(&observation, Class::Undecided), 1);
    assert_eq!(
        count(&observation, Class::DeadLetteredByDesign),
        bad().len()
    );
}
