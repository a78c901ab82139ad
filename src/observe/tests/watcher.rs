//! The watcher's thread against queues and a table on loopback.

use std::time::{Duration, Instant, SystemTime};

use crate::ledger::Ledger;
use crate::observe::{KeptPages, ObservePlan, Seen, Watcher};
use crate::order::{OrderPlan, RunId};
use crate::scenario::fixture;
use crate::testing::site::Services;

/// Nothing was sent, and that is over already.
fn plan(patience: Duration) -> ObservePlan {
    let schedule = fixture().schedule();
    ObservePlan {
        function: None,
        door: None,
        folder: None,
        kept: KeptPages::of_verifiers(SystemTime::now()),
        orders: OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1),
        ledger: Ledger::new(schedule.count()),
        schedule,
        phases: 1,
        start: Instant::now(),
        start_wall: SystemTime::now(),
        last_send: Duration::ZERO,
        patience,
        visibility_timeout: Duration::from_secs(1),
        max_receive_count: 1,
        own_stores: false,
    }
}

/// The services are served by this test's runtime, which must not be blocked meanwhile.
async fn seen(services: &Services, patience: Duration) -> Seen {
    let plan = plan(patience);
    let watcher = Watcher::start(services.target.clone()).unwrap();
    let view = watcher.view();
    let watching = tokio::task::spawn_blocking(move || watcher.settle_and_observe(plan));
    let seen = watching.await.unwrap();
    let look = view.latest().expect("a live view has the last counts");
    assert_eq!(look.acknowledged, 0, "nothing was sent");
    assert!(view.activity().word().is_some());
    seen
}

#[tokio::test]
async fn a_quiet_pipeline_is_at_rest_and_then_read() {
    let services = Services::start().await;
    services.send("dead", ["{}".to_owned()].into_iter());
    services.put(1..4).await;
    // At rest within a second; more patience would only make a defect slower to show.
    let seen = seen(&services, Duration::from_secs(10)).await;
    let observation = seen.observation;
    assert!(observation.is_complete(), "{observation:?}");
    assert_eq!(observation.foreign_rows, 3);
    assert_eq!(observation.foreign_dead_letters, 1);
    assert!(seen.samples.len() >= 3, "those that prove rest");
    assert!(seen.samples.iter().all(|sample| sample.dead_letters == 1));
    assert!(seen.samples.is_sorted_by_key(|sample| sample.at));
}

#[tokio::test]
async fn a_message_nobody_takes_keeps_it_from_rest_and_it_is_read_all_the_same() {
    let services = Services::start().await;
    services.send("orders", ["{}".to_owned()].into_iter());
    services.put(1..4).await;
    let seen = seen(&services, Duration::from_millis(1)).await;
    assert!(!seen.observation.quiescence.reached);
    assert!(!seen.observation.is_complete());
    assert!(seen.observation.scan.complete);
    assert_eq!(seen.observation.foreign_rows, 3);
}

#[tokio::test]
async fn a_watcher_that_is_never_asked_ends() {
    let services = Services::start().await;
    drop(Watcher::start(services.target.clone()).unwrap());
}
