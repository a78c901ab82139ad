//! Tables that several workers read: the observation goes on from what they read, however many of them ran.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use super::look::{at_rest, bad, filled, observed, observed_in, orders, plan_in};
use crate::load::Shard;
use crate::observe::look::observe;
use crate::observe::observation_log::part_log;
use crate::observe::parts::read_segments;
use crate::observe::tables::read_tables;
use crate::order::{OrderPlan, RunId};
use crate::store::{Page, Stores, TableAt};
use crate::testing::site::Services;
use crate::verify::Observation;

/// A table in four segments.
fn in_segments(services: &Services) -> Stores {
    services.stores_of(|target| target.read.units_per_second = Some(4_000))
}

fn part(index: u32, of: u32) -> Shard {
    Shard::new(index, of).expect("a worker")
}

async fn read(stores: &Stores, folder: &tempfile::TempDir, part: Shard) -> u64 {
    let read = read_segments(stores, &plan_in(folder), part).await;
    read.expect("it is read").rows
}

fn same(one: &Observation, other: &Observation) {
    assert!(other.is_complete(), "{other:?}");
    assert_eq!(one.stored, other.stored);
    assert_eq!(one.scan.items, other.scan.items);
    assert_eq!(other.dead_lettered, bad());
}

#[tokio::test]
async fn what_two_workers_have_read_is_not_read_again() {
    let services = filled().await;
    let stores = in_segments(&services);
    let whole = observed(&stores).await;
    let folder = tempfile::tempdir().expect("a folder");
    let rows = [
        read(&stores, &folder, part(0, 2)).await,
        read(&stores, &folder, part(1, 2)).await,
    ];
    assert_eq!(rows.iter().sum::<u64>(), whole.scan.items);
    assert!(rows.iter().all(|rows| *rows > 0), "{rows:?}");
    // One that is started again has read its part.
    assert_eq!(read(&stores, &folder, part(1, 2)).await, rows[1]);
    let shared = observed_in(&stores, &folder).await;
    same(&whole, &shared);
    assert_eq!(shared.scan.requests, 0);
    for index in 0..2 {
        let log = folder.path().join(part_log(0, part(index, 2)));
        assert!(!log.exists(), "nobody goes on from a scan that has ended");
    }
}

#[tokio::test]
async fn the_part_of_a_worker_that_did_not_come_is_read_by_who_observes() {
    let services = filled().await;
    let stores = in_segments(&services);
    let whole = observed(&stores).await;
    let folder = tempfile::tempdir().expect("a folder");
    read(&stores, &folder, part(2, 3)).await;
    let shared = observed_in(&stores, &folder).await;
    same(&whole, &shared);
    assert!((1..whole.scan.requests).contains(&shared.scan.requests));
}

/// As `verify --live` looks: those of whom parts were asked judge by themselves.
#[tokio::test]
async fn who_does_not_merge_takes_no_parts() {
    let services = filled().await;
    let stores = in_segments(&services);
    let whole = observed(&stores).await;
    let folder = tempfile::tempdir().expect("a folder");
    read(&stores, &folder, part(0, 2)).await;
    let mut plan = plan_in(&folder);
    plan.kept.parts = false;
    let (looked, _) = observe(&stores, &plan, at_rest(), &Mutex::default()).await;
    same(&whole, &looked);
    assert_eq!(looked.scan.requests, whole.scan.requests);
    let log = folder.path().join(part_log(0, part(0, 2)));
    assert!(log.exists(), "they are the merge's");
}

/// A worker waited for rest, and then another one sent more.
#[tokio::test]
async fn a_part_that_was_read_before_the_last_send_is_not_taken() {
    let services = filled().await;
    let stores = in_segments(&services);
    let folder = tempfile::tempdir().expect("a folder");
    let before = SystemTime::now();
    read(&stores, &folder, part(0, 1)).await;
    let mut plan = plan_in(&folder);
    plan.kept.since = SystemTime::now();
    let copy = tempfile::tempdir().expect("a folder");
    let name = part_log(0, part(0, 1));
    let copied = std::fs::copy(folder.path().join(&name), copy.path().join(&name));
    copied.expect("a copy");
    let (seen, _) = observe(&stores, &plan, at_rest(), &Mutex::default()).await;
    assert!(seen.is_complete() && seen.scan.requests > 0, "{seen:?}");
    let mut plan = plan_in(&copy);
    plan.kept.since = before;
    let (seen, _) = observe(&stores, &plan, at_rest(), &Mutex::default()).await;
    assert!(seen.is_complete() && seen.scan.requests == 0, "{seen:?}");
}

#[tokio::test]
async fn the_part_of_another_table_is_not_taken() {
    let services = filled().await;
    let stores = in_segments(&services);
    let whole = observed(&stores).await;
    let folder = tempfile::tempdir().expect("a folder");
    // The same names and keys, at another endpoint.
    let other = Services::start().await;
    assert_eq!(read(&in_segments(&other), &folder, part(0, 1)).await, 0);
    let seen = observed_in(&stores, &folder).await;
    same(&whole, &seen);
    assert_eq!(seen.scan.requests, whole.scan.requests);
}

/// Its rows were seen then, and not when they are merged.
#[tokio::test]
async fn a_part_is_taken_with_the_time_of_its_reading() {
    let services = filled().await;
    let stores = in_segments(&services);
    let folder = tempfile::tempdir().expect("a folder");
    read(&stores, &folder, part(0, 1)).await;
    let after = SystemTime::now();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut times = Vec::new();
    let plan = plan_in(&folder);
    let take = |_: &TableAt, page: &Page, read_at: Option<SystemTime>| {
        times.push((page.rows.len(), read_at));
    };
    let read = read_tables(&stores, &plan, true, &mut 0, take).await;
    read.expect("it is read");
    assert!(!times.is_empty());
    let before = |at: &Option<SystemTime>| at.is_some_and(|at| at <= after);
    assert!(times.iter().all(|(_, at)| before(at)), "{times:?}");
}

#[tokio::test]
async fn the_part_of_another_run_is_not_taken() {
    let services = filled().await;
    let stores = in_segments(&services);
    let folder = tempfile::tempdir().expect("a folder");
    let mut plan = plan_in(&folder);
    plan.orders = OrderPlan {
        run: RunId::new(8).expect("in range"),
        ..orders()
    };
    let read = read_segments(&stores, &plan, part(0, 2)).await;
    read.expect("it is read");
    let seen = observed_in(&stores, &folder).await;
    let error = seen.scan.error.expect("refused");
    assert!(error.contains("belongs to another run"), "{error}");
    assert!(!seen.scan.complete && seen.stored.is_empty());
}
