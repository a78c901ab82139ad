//! What a sweep hides and leaves hidden when it is killed: the next one sees it all the same.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::look::{bad, filled, observed_in, orders};
use crate::observe::left_hidden;
use crate::observe::observation_log::{HiddenLog, ObservationLogError, hidden_log};
use crate::order::RunId;
use crate::store::{Disposal, Receives, StoreError, Stores};
use crate::testing::site::Services;

const ANOTHER: u32 = 8;

fn log_of(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join(hidden_log(0))
}

/// A sweep that ends once it has received letters, without a chance to show them again, with their handles. Whether it has
/// written them down, `notes` says.
async fn killed(stores: &Stores, folder: &tempfile::TempDir, notes: bool) -> Vec<String> {
    let (path, stores) = (log_of(folder), stores.clone());
    let received = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&received);
    let sweep = tokio::spawn(async move {
        let begun = HiddenLog::begin(&path, orders().run, &stores.letters_place());
        let (mut log, left) = begin_ok(begun);
        assert_eq!(left, None);
        let held = &mut |handles: &[String]| {
            seen.lock().expect("no panic").extend_from_slice(handles);
            if notes {
                log.hidden(handles).expect("written down");
            }
            Ok(())
        };
        let die = |_: &[_]| -> Result<Vec<Disposal>, StoreError> { panic!("killed") };
        let mut receives = Receives::default();
        stores
            .sweep_counted(None, &mut receives, &mut 0, held, die)
            .await
            .result
    });
    assert!(sweep.await.expect_err("it is gone").is_panic());
    let received = received.lock().expect("no panic");
    received.clone()
}

fn begin_ok<T>(begun: Result<T, ObservationLogError>) -> T {
    begun.unwrap_or_else(|error| panic!("{error}"))
}

fn hidden(services: &Services) -> u64 {
    services.engine.counts("dead").expect("a queue").in_flight
}

#[tokio::test]
async fn what_a_killed_sweep_of_a_shared_queue_has_hidden_is_seen_by_the_next() {
    let services = filled().await;
    let stores = services.stores();
    let folder = tempfile::tempdir().expect("a folder");
    killed(&stores, &folder, true).await;
    assert!(hidden(&services) > 0, "nobody has shown them again");
    // Elsewhere nothing is known of them, and nothing is made of what is seen.
    let elsewhere = tempfile::tempdir().expect("a folder");
    let blind = observed_in(&stores, &elsewhere).await;
    assert!(!blind.dead_letter_sweep.complete, "{blind:?}");
    let seen = observed_in(&stores, &folder).await;
    assert!(seen.is_complete(), "{seen:?}");
    assert_eq!(seen.dead_lettered, bad());
    assert_eq!(seen.extra_dead_letter_copies, 0);
    assert_eq!(hidden(&services), 0);
    assert!(!log_of(&folder).exists(), "there is nothing to leave");
}

#[tokio::test]
async fn the_sweep_of_another_run_is_not_gone_on_with() {
    let services = filled().await;
    let stores = services.stores();
    let folder = tempfile::tempdir().expect("a folder");
    let another = RunId::new(ANOTHER).expect("in range");
    drop(begin_ok(HiddenLog::begin(
        &log_of(&folder),
        another,
        &stores.letters_place(),
    )));
    let seen = observed_in(&stores, &folder).await;
    let error = seen.dead_letter_sweep.error.expect("refused");
    assert!(error.contains("belongs to another run"), "{error}");
    assert!(!seen.dead_letter_sweep.complete && seen.dead_lettered.is_empty());
    // Nor is that of another queue.
    let other = HiddenLog::begin(&log_of(&folder), another, "us-east-1 000000000000/other");
    assert!(matches!(other, Err(ObservationLogError::Foreign { .. })));
    std::fs::remove_file(log_of(&folder)).expect("moved away");
    assert!(observed_in(&stores, &folder).await.is_complete());
}

/// Of letters that were received and not written down yet nobody has a handle: they show themselves.
#[tokio::test]
async fn what_was_not_written_down_is_waited_for() {
    let services = filled().await;
    let stores = services.stores();
    let folder = tempfile::tempdir().expect("a folder");
    let handles = killed(&stores, &folder, false).await;
    let (mut log, _) = begin_ok(HiddenLog::begin(
        &log_of(&folder),
        orders().run,
        &stores.letters_place(),
    ));
    log.hidden(&["gone".into()]).expect("written down");
    drop(log);
    let shown = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert!(hidden(&services) > 0);
        // As at the end of their lease.
        for handle in &handles {
            let shown = services
                .engine
                .change_visibility("dead", handle, Duration::ZERO);
            shown.expect("in flight until now");
        }
    };
    let (seen, ()) = tokio::join!(observed_in(&stores, &folder), shown);
    assert!(seen.is_complete(), "{seen:?}");
    assert_eq!(seen.dead_lettered, bad());
}

/// It was killed between its first receive and its first note.
#[tokio::test]
async fn the_first_letters_of_a_killed_sweep_are_waited_for() {
    let services = filled().await;
    let stores = services.stores();
    let folder = tempfile::tempdir().expect("a folder");
    let handles = killed(&stores, &folder, false).await;
    let shown = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        for handle in &handles {
            let shown = services
                .engine
                .change_visibility("dead", handle, Duration::ZERO);
            shown.expect("in flight until now");
        }
    };
    let (seen, ()) = tokio::join!(observed_in(&stores, &folder), shown);
    assert!(seen.is_complete(), "{seen:?}");
    assert_eq!(seen.dead_lettered, bad());
    // Where a sweep came to its end nothing is waited for.
    let again = observed_in(&stores, &folder).await;
    assert!(again.is_complete(), "{again:?}");
}

#[tokio::test]
async fn a_sweep_of_the_same_queue_at_another_address_is_gone_on_with() {
    let services = filled().await;
    let folder = tempfile::tempdir().expect("a folder");
    killed(&services.stores(), &folder, true).await;
    let other = services.stores_of(|target| {
        let url = &target.dead_letter_queue_url;
        assert!(url.contains("127.0.0.1"), "{url}");
        target.dead_letter_queue_url = url.replace("127.0.0.1", "localhost");
    });
    let seen = observed_in(&other, &folder).await;
    assert!(seen.is_complete(), "{seen:?}");
    assert_eq!(seen.dead_lettered, bad());
    assert_eq!(hidden(&services), 0);
    // By another name it is another queue.
    killed(&services.stores(), &folder, true).await;
    let renamed = services.stores_of(|target| {
        let url = &target.dead_letter_queue_url;
        target.dead_letter_queue_url = url.replace("/dead", "/orders");
    });
    let seen = observed_in(&renamed, &folder).await;
    let error = seen.dead_letter_sweep.error.expect("refused");
    assert!(error.contains("another queue"), "{error}");
}

/// Of all that was written down only what the sweep could not show again is left.
#[test]
fn a_sweep_that_is_over_leaves_what_it_could_not_show_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let begin = || begin_ok(HiddenLog::begin(&log_of(&folder), orders().run, "r a/dead"));
    let (mut log, left) = begin();
    assert_eq!(left, None);
    assert_eq!(left_hidden(folder.path()), None, "nothing is over");
    log.hidden(&["one".into(), "two".into()])
        .expect("written down");
    assert_eq!(left_hidden(folder.path()), None, "it is still at work");
    log.leave(vec!["two".into()], true).expect("written down");
    let told = left_hidden(folder.path()).expect("one is left");
    assert!(told.starts_with("1 letter could not be shown"), "{told}");

    let (log, left) = begin();
    let left = left.expect("it was left");
    assert_eq!((&left.handles[..], left.ended), (&["two".into()][..], true));
    assert_eq!(left_hidden(folder.path()), None, "it is at work again");
    // Killed now, it may have hidden what it has not written down.
    drop(log);
    let (log, left) = begin();
    let left = left.expect("it was left");
    assert_eq!(
        (&left.handles[..], left.ended),
        (&["two".into()][..], false)
    );
    log.leave(Vec::new(), false).expect("written down");
    assert_eq!(left_hidden(folder.path()), None, "all were shown again");
    let (log, left) = begin();
    assert_eq!(left.expect("it had begun").handles, [""; 0]);
    log.end().expect("taken away");
    assert_eq!(begin().1, None);
}

/// A lease of 15 minutes ends by itself.
#[test]
fn letters_whose_lease_is_over_are_not_said_to_be_hidden() {
    let folder = tempfile::tempdir().expect("a folder");
    let left_at = |ago: u64| {
        let now = std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs();
        let records = [
            r#"{"began":{"header":{"schema_version":1,"run_id":7},"queue":"r a/dead"}}"#.to_owned(),
            format!(
                r#"{{"left":{{"handles":["one"],"ended":true,"unix_seconds":{}}}}}"#,
                now - ago
            ),
        ];
        let lines = records.map(|it| format!("{:08x} {it}\n", crc32fast::hash(it.as_bytes())));
        std::fs::write(log_of(&folder), lines.concat()).expect("written");
        left_hidden(folder.path())
    };
    let told = left_at(800).expect("it is hidden still");
    assert!(told.starts_with("1 letter could not be shown"), "{told}");
    assert_eq!(left_at(901), None);
}

/// As earlier versions wrote them.
#[test]
fn a_log_that_names_its_queue_by_a_url_is_of_that_queue() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = |queue: &str| {
        let began = format!(
            "{{\"began\":{{\"header\":{{\"schema_version\":1,\"run_id\":7}},\"queue\":\"{queue}\"}}}}"
        );
        let line = format!("{:08x} {began}\n", crc32fast::hash(began.as_bytes()));
        std::fs::write(log_of(&folder), line).expect("written");
        HiddenLog::begin(
            &log_of(&folder),
            orders().run,
            "us-east-1 000000000000/dead",
        )
    };
    let (_, left) = begin_ok(log("http://localhost:9324/000000000000/dead"));
    assert_eq!(left.expect("it was begun").handles, [""; 0]);
    for other in ["http://localhost:9324/000000000000/other", "http://dead"] {
        let other = log(other);
        assert!(matches!(other, Err(ObservationLogError::Foreign { .. })));
    }
}
