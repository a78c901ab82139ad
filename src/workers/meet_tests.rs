//! Workers at the barrier, over a folder.

use super::*;
use crate::workers::Folder;

const DIGEST: &str = "the plan";

fn patience(ready_ms: u64, lead_ms: u64) -> Patience {
    Patience {
        ready: Duration::from_millis(ready_ms),
        lead: Duration::from_millis(lead_ms),
    }
}

fn meet(place: &Folder, index: u32, of: u32, patience: Patience) -> Result<SystemTime, Error> {
    let stop = StopSignal::new();
    let shard = Shard::new(index, of).expect("a worker");
    Meeting::new(place, shard, patience, &stop).start(DIGEST)
}

fn place() -> (tempfile::TempDir, Folder) {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Folder::open(folder.path()).expect("a place");
    (folder, place)
}

#[test]
fn all_workers_get_one_start_that_is_still_to_come() {
    let (_folder, place) = place();
    let starts: Vec<SystemTime> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|index| {
                let place = &place;
                scope.spawn(move || meet(place, index, 4, patience(20_000, 30_000)))
            })
            .collect();
        let met = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        met.map(|start| start.expect("a start")).collect()
    });
    assert!(starts.iter().all(|start| *start == starts[0]));
    assert!(starts[0] > clock::wall());
}

#[test]
fn who_is_not_met_in_time_has_sent_nothing_and_is_waited_for_no_longer() {
    let (_folder, place) = place();
    for (index, why) in [
        (0, "workers 1, 2 are not ready"),
        (1, "worker 0 has fixed no start"),
    ] {
        let error =
            meet(&place, index, 3, patience(50, 1_000)).expect_err("the others are not there");
        assert_eq!(error.exit().code(), 75);
        assert!(error.to_string().contains(why), "{error}");
        assert!(place.list("ready").expect("told").is_empty(), "it has left");
    }
}

#[test]
fn who_comes_after_the_start_does_not_send() {
    let (_folder, place) = place();
    let start = meet(&place, 0, 1, patience(1_000, 1)).or_else(|error| match error {
        // A machine that stalls for a millisecond is past it already.
        Error::TooLate(_) => Ok(clock::wall()),
        other => Err(other),
    });
    start.expect("a start");
    std::thread::sleep(Duration::from_millis(5));
    let error = meet(&place, 0, 1, patience(1_000, 60_000)).expect_err("it has passed");
    assert_eq!(error.exit().code(), 43);
}

#[test]
fn a_start_or_a_worker_of_another_plan_is_refused() {
    let (_folder, place) = place();
    let other = Ready {
        shard: Shard::new(1, 2).expect("a worker"),
        plan_digest: "another".into(),
    };
    place.replace("ready/1", &to_json(&other)).expect("written");
    let error = meet(&place, 0, 2, patience(1_000, 1_000)).expect_err("another plan");
    assert!(
        error.to_string().contains("follows another plan"),
        "{error}"
    );
    let start = AgreedStart {
        started_at: written(clock::wall() + Duration::from_secs(60)).expect("a time"),
        workers: 3,
        plan_digest: DIGEST.into(),
    };
    place.replace("go", &to_json(&start)).expect("written");
    let error = meet(&place, 1, 2, patience(1_000, 1_000)).expect_err("of three workers");
    assert!(
        error.to_string().contains("the start of another run"),
        "{error}"
    );
    let start = AgreedStart {
        workers: 2,
        ..start
    };
    place.replace("go", &to_json(&start)).expect("written");
    meet(&place, 1, 2, patience(1_000, 1_000)).expect("of two");
}

#[test]
fn an_interrupt_ends_the_wait() {
    let (_folder, place) = place();
    let stop = StopSignal::new();
    stop.stop();
    let shard = Shard::new(1, 2).expect("a worker");
    let meeting = Meeting::new(&place, shard, patience(60_000, 1_000), &stop);
    let error = meeting.start(DIGEST).expect_err("interrupted");
    assert_eq!(error.exit().code(), 130);
}
