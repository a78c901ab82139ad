//! How the threads of a drive begin, and what becomes of them when one cannot.

use std::num::NonZeroU32;
use std::time::{Instant, SystemTime};

use roaring::RoaringBitmap;

use super::*;
use crate::drive::DrivePart;
use crate::drive::before_tests::with_table;
use crate::load::Phase;
use crate::order::spec::{Expected, KeyType};
use crate::order::{Model, OrderPlan, RunId, lab};
use crate::scenario::fixture;
use crate::testing::stub::{Answer, Stub};

/// Two threads of a worker that has so many orders to send, all of which have rows that are there before; its start is now.
fn two_threads(orders: u32, target: &Target) -> (Threads, Arc<Course>) {
    let mut spec = lab();
    with_table(&mut spec, KeyType::N, Expected::Number("{{id}}".into()));
    let mut scenario = fixture();
    scenario.phases = vec![Phase {
        name: "spike".into(),
        start_rate: f64::from(orders),
        end_rate: f64::from(orders),
        duration: Duration::from_secs(1),
        warm_up: false,
    }];
    let plan = DrivePlan {
        orders: OrderPlan {
            model: Arc::new(Model::new(spec).expect("a model")),
            ..OrderPlan::lab(RunId::new(7).expect("an id"), scenario.seed, 0.1)
        },
        scenario,
        scenario_digest: "digest".into(),
        plan_digest: None,
        part: Some(DrivePart {
            shard: Shard::WHOLE,
            start_at: SystemTime::now(),
        }),
    };
    let options = DriveOptions {
        pool: Pool::Tasks,
        threads: NonZeroU32::new(2),
        ..DriveOptions::default()
    };
    let schedule = plan.scenario.schedule();
    let told = (Arc::new(Progress::new()), StopSignal::new());
    let all = Threads::new(&plan, target, &schedule, &options, told).expect("threads");
    let course = Course {
        plan,
        target: target.clone(),
        schedule,
        sabotage: None,
        halted: AtomicBool::new(false),
    };
    (all, Arc::new(course))
}

fn runtime_and_stub() -> (tokio::runtime::Runtime, Stub) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let stub = runtime.block_on(Stub::start(|_| Answer::Good));
    (runtime, stub)
}

#[test]
fn how_late_everything_is_ready_is_taken_when_it_is() {
    let (_runtime, stub) = runtime_and_stub();
    let (all, course) = two_threads(4_000, &stub.target());
    for (shared, senders) in all.shared.iter().zip(&all.senders) {
        (0..*senders).for_each(|_| shared.barrier.enter());
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal");
    let journal_made = std::sync::OnceLock::new();
    let threads = (&all.shared[..], &all.shards[..]);
    let begun = course.begin(threads, &|header, own, _| {
        assert_eq!(
            own.as_ref().map(RoaringBitmap::len),
            Some(course.schedule.count())
        );
        journal_made.set(Instant::now()).expect("it is made once");
        JournalWriter::create_as(&path, header, own, |file| file)
    });
    let beginning = begun.expect("begun").expect("all are there");
    // Whose rows are whose is known by then, and the threads that write them are there.
    assert_eq!(beginning.before.iter().flatten().count(), 2);
    let made = *journal_made.get().expect("it was made");
    assert!(beginning.late_by >= made - beginning.begun.started.instant);
    assert!(beginning.late_by <= beginning.begun.started.instant.elapsed());
    drop(beginning.before);
    drop(beginning.journal.finish());
}

#[test]
fn a_thread_that_cannot_be_had_is_an_error_also_among_the_tasks_of_a_runtime() {
    let (runtime, stub) = runtime_and_stub();
    let (mut all, course) = two_threads(100, &stub.target());
    let (thread, _tell) = all.ready(&course).pop().expect("two");
    let shared = Arc::clone(&thread.shared);
    let vast = std::thread::Builder::new().stack_size(1 << 62);
    let error = runtime.block_on(async { thread.start_by(vast, ()).map(drop) });
    error.expect_err("no machine has as much memory");
    assert!(shared.barrier.is_over(), "nobody waits for its senders");
}

#[test]
fn threads_that_were_started_before_one_that_could_not_be_are_given_back() {
    let start = |number: u32| match number {
        2 => Err(std::io::Error::other("no more")),
        number => Ok(std::thread::spawn(move || number)),
    };
    let (started, failed) = all_started((0..5).collect(), start);
    assert!(failed.is_some());
    assert_eq!(joined(started), [0, 1]);
    let (started, failed) = all_started((3..5).collect(), start);
    assert!(failed.is_none());
    assert_eq!(joined(started), [3, 4]);
}
