//! The pollers on a paused clock: batches, partial responses, time-outs.

use std::sync::Mutex;

use tokio::time::sleep;

use super::*;
use crate::failures::FailureKind;
use crate::mapping::EngineQueue;
use crate::mapping::ServiceTime;
use crate::sqs::{QueueAttributes, QueueCounts, Redrive, SendEntry, SqsEngine};
use crate::testing::site;

const QUEUE: &str = "orders-queue";
const DEAD: &str = "orders-dl-queue";
const VISIBILITY: Duration = Duration::from_secs(60);

/// A queue whose messages go to a dead-letter queue after three receives.
fn queues() -> SqsEngine {
    let engine = SqsEngine::new();
    engine
        .create_queue(DEAD, QueueAttributes::default())
        .unwrap();
    let attributes = QueueAttributes {
        visibility_timeout: VISIBILITY,
        redrive: Some(Redrive {
            dead_letter_queue: DEAD.into(),
            max_receive_count: 3,
        }),
        ..QueueAttributes::default()
    };
    engine.create_queue(QUEUE, attributes).unwrap();
    engine
}

fn send(engine: &SqsEngine, bodies: impl IntoIterator<Item = impl ToString>) {
    for body in bodies {
        engine
            .send(QUEUE, SendEntry::new(body.to_string()))
            .unwrap();
    }
}

fn left(engine: &SqsEngine) -> (u64, u64) {
    let total = |queue| engine.counts(queue).map(QueueCounts::total).unwrap();
    (total(QUEUE), total(DEAD))
}

/// Runs a mapping in the background; the counters tell what it did.
fn start<F, R>(engine: &SqsEngine, mapping: &Mapping, function: F) -> Arc<Counters>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, String>> + Send + 'static,
{
    let limits = FunctionSettings {
        timeout: Duration::from_secs(10),
        service_time: ServiceTime::ZERO,
        cold_start: ServiceTime::ZERO,
        reserved_concurrency: None,
    };
    start_limited(engine, mapping, &limits, function)
}

fn start_limited<F, R>(
    engine: &SqsEngine,
    mapping: &Mapping,
    limits: &FunctionSettings,
    function: F,
) -> Arc<Counters>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, String>> + Send + 'static,
{
    let counters = Arc::new(Counters::default());
    let mapping = EventSourceMapping::new(
        EngineQueue::new(engine.clone(), QUEUE),
        MappingPlan {
            source: EventSource {
                arn: site().queue_arn(QUEUE),
                region: site().region,
            },
            mapping,
            function: limits,
            seed: 2026,
            speed: 1.0,
        },
        Arc::clone(&counters),
        function,
    );
    tokio::spawn(mapping.run());
    counters
}

fn bodies(event: &SqsEvent) -> Vec<String> {
    let body = |record: &aws_lambda_events::sqs::SqsMessage| record.body.clone().unwrap();
    event.records.iter().map(body).collect()
}

/// Why invocations failed whole, and how often.
fn reasons(counters: &Counters) -> Vec<(FailureKind, String, u64)> {
    let counts = counters.failures.counts().into_iter();
    counts
        .map(|failure| (failure.kind, failure.reason.unwrap(), failure.count))
        .collect()
}

/// Names the records whose body is `bad`.
fn report_bad(event: &SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for record in &event.records {
        if record.body.as_deref() == Some("bad") {
            response.add_failure(record.message_id.clone().unwrap());
        }
    }
    response
}

/// Long enough for three receives and the move to the dead-letter queue.
async fn three_visibilities() {
    sleep(VISIBILITY * 4).await;
}

#[tokio::test(start_paused = true)]
async fn what_succeeds_is_deleted_in_batches() {
    let engine = queues();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sizes = Arc::clone(&seen);
    let counters = start(&engine, &Mapping::default(), move |event| {
        sizes.lock().unwrap().push(event.records.len());
        async { Ok(SqsBatchResponse::default()) }
    });
    send(&engine, 0..25);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(left(&engine), (0, 0));
    assert_eq!(*seen.lock().unwrap(), [10, 10, 5]);
    assert_eq!(counters.invocations.get(), 3);
    assert_eq!(counters.failed_invocations.get(), 0);
    // It still listens after long polls that brought nothing.
    sleep(Duration::from_secs(100)).await;
    send(&engine, ["late"]);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(counters.invocations.get(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_partial_response_returns_its_failures_and_nothing_else() {
    let engine = queues();
    let counters = start(&engine, &Mapping::default(), |event| async move {
        Ok(report_bad(&event))
    });
    send(&engine, ["good", "bad", "good"]);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(
        left(&engine),
        (1, 0),
        "the bad one waits for its next receive"
    );
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 1));
    assert_eq!(counters.failed_records.get(), 3);
    assert_eq!(counters.failed_invocations.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn with_the_flag_off_a_partial_response_loses_its_failures_silently() {
    let engine = queues();
    let off = Mapping {
        report_batch_item_failures: false,
        ..Mapping::default()
    };
    let counters = start(&engine, &off, |event| async move { Ok(report_bad(&event)) });
    send(&engine, ["good", "bad", "good"]);
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 0), "gone, and in no dead-letter queue");
    assert_eq!(counters.failed_records.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn with_the_flag_off_an_error_still_returns_the_batch() {
    let engine = queues();
    let off = Mapping {
        report_batch_item_failures: false,
        ..Mapping::default()
    };
    let counters = start(&engine, &off, |event| async move {
        let failed = bodies(&event).iter().any(|body| body == "bad");
        if failed {
            Err("one of them is bad".into())
        } else {
            Ok(SqsBatchResponse::default())
        }
    });
    send(&engine, ["good", "bad", "good"]);
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 3), "the good ones with the bad one");
    assert_eq!(counters.failed_invocations.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_comes_back_whole_and_may_succeed_then() {
    let engine = queues();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let attempts = Arc::clone(&seen);
    let counters = start(&engine, &Mapping::default(), move |event| {
        let mut attempts = attempts.lock().unwrap();
        let first = attempts.is_empty();
        attempts.push((Instant::now(), event.records.len()));
        async move {
            if first {
                Err("the table is away".into())
            } else {
                Ok(SqsBatchResponse::default())
            }
        }
    });
    send(&engine, ["a", "b", "c"]);
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 0));
    assert_eq!(counters.failed_invocations.get(), 1);
    let seen = seen.lock().unwrap();
    assert_eq!([seen[0].1, seen[1].1], [3, 3]);
    let apart = seen[1].0 - seen[0].0;
    assert!((VISIBILITY..VISIBILITY * 2).contains(&apart), "{apart:?}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_fails_its_batch_and_no_other() {
    let engine = queues();
    let one = Mapping {
        batch_size: 1,
        ..Mapping::default()
    };
    let counters = start(&engine, &one, |event| async move {
        assert_ne!(bodies(&event), ["bad"], "this panic is wanted");
        Ok(SqsBatchResponse::default())
    });
    send(&engine, ["good", "bad", "good"]);
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 1));
    let panicked = "the function panicked".to_owned();
    assert_eq!(reasons(&counters), [(FailureKind::Error, panicked, 3)]);
    assert_eq!(counters.failed_invocations.get(), 3);
    assert_eq!(counters.invocations.get(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_time_out_after_the_write_returns_what_has_been_written() {
    for (takes_ms, expected, why) in [
        (9_999, (0, 0), "just in time"),
        (10_001, (0, 1), "just too late: written, and a dead letter"),
    ] {
        let engine = queues();
        let written = Arc::new(Mutex::new(0));
        let writes = Arc::clone(&written);
        let counters = start(&engine, &Mapping::default(), move |_event| {
            *writes.lock().unwrap() += 1;
            async move {
                sleep(Duration::from_millis(takes_ms)).await;
                Ok(SqsBatchResponse::default())
            }
        });
        send(&engine, ["order"]);
        three_visibilities().await;
        assert_eq!(left(&engine), expected, "{why}");
        let attempts = if expected.1 == 0 { 1 } else { 3 };
        assert_eq!(*written.lock().unwrap(), attempts, "{why}");
        let failed = counters.failed_invocations.get();
        assert_eq!(failed, expected.1 * 3, "{why}");
        let timed_out = (FailureKind::TimedOut, "after 10s".to_owned(), 3);
        let counted: Vec<_> = (failed > 0).then_some(timed_out).into_iter().collect();
        assert_eq!(reasons(&counters), counted, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_visibility_shorter_than_processing_dead_letters_what_succeeded() {
    for (service_s, expected, why) in [
        (59, (0, 0), "done before it is visible again"),
        (
            61,
            (0, 1),
            "visible again each time, until its receives are used up",
        ),
    ] {
        let engine = queues();
        let limits = FunctionSettings {
            timeout: Duration::from_secs(900),
            service_time: ServiceTime::Constant(Duration::from_secs(service_s)),
            cold_start: ServiceTime::ZERO,
            reserved_concurrency: None,
        };
        let counters = start_limited(&engine, &Mapping::default(), &limits, |_event| async {
            Ok(SqsBatchResponse::default())
        });
        send(&engine, ["order"]);
        three_visibilities().await;
        assert_eq!(left(&engine), expected, "{why}");
        assert_eq!(counters.failed_invocations.get(), 0, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_names_no_message_of_the_batch_fails_it_whole() {
    let engine = queues();
    let counters = start(&engine, &Mapping::default(), |_event| async {
        let mut response = SqsBatchResponse::default();
        response.add_failure("somebody else's");
        Ok(response)
    });
    send(&engine, ["a", "b"]);
    three_visibilities().await;
    assert_eq!(left(&engine), (0, 2));
    assert_eq!(counters.failed_invocations.get(), 3);
    let why = r#"the itemIdentifier "somebody else's" names no message of the batch"#;
    assert_eq!(
        reasons(&counters),
        [(FailureKind::InvalidResponse, why.into(), 3)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_waits_for_room_is_not_one_that_runs() {
    for (reserved_concurrency, most) in [(Some(2), 2), (None, 4)] {
        let engine = queues();
        let small = Mapping {
            batch_size: 1,
            ..Mapping::default()
        };
        let limits = FunctionSettings {
            service_time: ServiceTime::Constant(Duration::from_secs(1)),
            reserved_concurrency,
            ..limits()
        };
        let counters = start_limited(&engine, &small, &limits, succeed);
        send(&engine, ["a", "b", "c", "d"]);
        sleep(Duration::from_millis(500)).await;
        assert_eq!(counters.reading().concurrency_peak, most);
        three_visibilities().await;
        assert_eq!(left(&engine), (0, 0), "{reserved_concurrency:?}");
        let figures = counters.figures();
        assert_eq!(figures.max_concurrency, most, "{reserved_concurrency:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn concurrency_starts_low_and_grows_while_messages_wait() {
    let engine = queues();
    let slow = Mapping {
        batch_size: 1,
        maximum_concurrency: 8,
        ..Mapping::default()
    };
    let running = Arc::new(Mutex::new(0));
    let invocations = Arc::clone(&running);
    let counters = start(&engine, &slow, move |_event| {
        *invocations.lock().unwrap() += 1;
        async {
            sleep(Duration::from_secs(9)).await;
            Ok(SqsBatchResponse::default())
        }
    });
    send(&engine, 0..20);
    let concurrency_at = [(100, 5), (150, 6), (200, 7), (2_000, 8)];
    for (later_ms, expected) in concurrency_at {
        sleep(Duration::from_millis(later_ms)).await;
        assert_eq!(*running.lock().unwrap(), expected, "{later_ms} ms later");
    }
    sleep(Duration::from_secs(40)).await;
    assert_eq!(left(&engine), (0, 0));
    assert_eq!(counters.invocations.get(), 20);
}

#[tokio::test(start_paused = true)]
async fn without_a_backlog_concurrency_does_not_grow() {
    let engine = queues();
    let one = Mapping {
        batch_size: 1,
        ..Mapping::default()
    };
    let running = Arc::new(Mutex::new(0));
    let invocations = Arc::clone(&running);
    start(&engine, &one, move |_event| {
        *invocations.lock().unwrap() += 1;
        async {
            sleep(Duration::from_secs(9)).await;
            Ok(SqsBatchResponse::default())
        }
    });
    send(&engine, 0..5);
    sleep(Duration::from_secs(8)).await;
    send(&engine, 5..15);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(
        *running.lock().unwrap(),
        5,
        "all five are busy, and it is five still"
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_gathers_a_batch_and_closes_early_when_it_is_full() {
    let engine = queues();
    let gathering = Mapping {
        batch_size: 4,
        batching_window: Duration::from_secs(2),
        ..Mapping::default()
    };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sizes = Arc::clone(&seen);
    start(&engine, &gathering, move |event| {
        sizes.lock().unwrap().push(event.records.len());
        async { Ok(SqsBatchResponse::default()) }
    });
    send(&engine, ["first"]);
    sleep(Duration::from_secs(1)).await;
    send(&engine, ["second"]);
    assert!(seen.lock().unwrap().is_empty(), "it gathers for 2 s");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(*seen.lock().unwrap(), [2]);
    send(&engine, 0..4);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(*seen.lock().unwrap(), [2, 4]);
}

/// Limits that let an invocation take its time.
fn limits() -> FunctionSettings {
    FunctionSettings {
        timeout: Duration::from_secs(10),
        service_time: ServiceTime::ZERO,
        cold_start: ServiceTime::ZERO,
        reserved_concurrency: None,
    }
}

async fn succeed(_event: SqsEvent) -> Result<SqsBatchResponse, String> {
    Ok(SqsBatchResponse::default())
}

#[tokio::test(start_paused = true)]
async fn the_first_invocation_of_an_environment_waits_for_its_cold_start() {
    let engine = queues();
    let limits = FunctionSettings {
        service_time: ServiceTime::Constant(Duration::from_millis(100)),
        cold_start: ServiceTime::Constant(Duration::from_millis(900)),
        ..limits()
    };
    let counters = start_limited(&engine, &Mapping::default(), &limits, succeed);
    send(&engine, ["first"]);
    sleep(Duration::from_millis(999)).await;
    assert_eq!(left(&engine), (1, 0), "still cold");
    sleep(Duration::from_millis(2)).await;
    assert_eq!(left(&engine), (0, 0));
    send(&engine, ["second"]);
    sleep(Duration::from_millis(102)).await;
    assert_eq!(left(&engine), (0, 0), "warm");
    assert_eq!(counters.cold_starts.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_is_not_part_of_the_time_out() {
    let engine = queues();
    let limits = FunctionSettings {
        cold_start: ServiceTime::Constant(Duration::from_secs(30)),
        ..limits()
    };
    let counters = start_limited(&engine, &Mapping::default(), &limits, succeed);
    send(&engine, ["order"]);
    sleep(Duration::from_secs(31)).await;
    assert_eq!(left(&engine), (0, 0));
    assert_eq!(counters.failed_invocations.get(), 0);
}

#[tokio::test(start_paused = true)]
async fn invocations_beyond_the_reserved_concurrency_are_throttled_and_burn_receives() {
    let engine = queues();
    let hog = FunctionSettings {
        timeout: Duration::from_secs(900),
        reserved_concurrency: Some(1),
        service_time: ServiceTime::Constant(Duration::from_secs(800)),
        ..limits()
    };
    let counters = start_limited(&engine, &Mapping::default(), &hog, succeed);
    send(&engine, ["hog"]);
    sleep(Duration::from_millis(1)).await;
    send(&engine, ["waits"]);
    sleep(VISIBILITY * 5).await;
    // Nobody ever processed it, and three receives are gone. So are the hog's own: it outlived them.
    assert_eq!(left(&engine).1, 2);
    assert!(
        counters.throttled_invocations.get() > 30,
        "tried again and again"
    );
    assert_eq!(counters.cold_starts.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_invocation_goes_ahead_when_there_is_room_within_the_visibility() {
    let engine = queues();
    let one = FunctionSettings {
        timeout: Duration::from_secs(60),
        reserved_concurrency: Some(1),
        service_time: ServiceTime::Constant(Duration::from_secs(20)),
        ..limits()
    };
    let counters = start_limited(&engine, &Mapping::default(), &one, succeed);
    send(&engine, ["first"]);
    sleep(Duration::from_millis(1)).await;
    send(&engine, ["second"]);
    sleep(Duration::from_secs(46)).await;
    assert_eq!(left(&engine), (0, 0), "no receive was burnt");
    assert_eq!(counters.invocations.get(), 2);
}

#[tokio::test(start_paused = true)]
async fn failing_invocations_take_back_the_concurrency_that_was_added() {
    let engine = queues();
    let slow = FunctionSettings {
        service_time: ServiceTime::Constant(Duration::from_secs(1)),
        ..limits()
    };
    let mapping = Mapping {
        batch_size: 1,
        ..Mapping::default()
    };
    let failing = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let fails = Arc::clone(&failing);
    let counters = start_limited(&engine, &mapping, &slow, move |_event| {
        let fails = fails.load(std::sync::atomic::Ordering::Relaxed);
        async move {
            match fails {
                true => Err("no".to_owned()),
                false => Ok(SqsBatchResponse::default()),
            }
        }
    });
    send(&engine, 0..3_000);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(counters.backed_off.get(), 0);
    let before = counters.invocations.get();
    failing.store(true, std::sync::atomic::Ordering::Relaxed);
    sleep(Duration::from_secs(3)).await;
    let backed_off = counters.backed_off.get();
    assert!(backed_off > 50, "{backed_off}");
    let failed = counters.failed_invocations.get();
    assert!(
        failed < (before / 20) * 10,
        "{failed} failed, {before} before"
    );
}

#[tokio::test(start_paused = true)]
async fn batches_above_ten_gather_within_the_window() {
    let engine = queues();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sizes = Arc::clone(&seen);
    let mapping = Mapping {
        batch_size: 25,
        batching_window: Duration::from_secs(2),
        ..Mapping::default()
    };
    start(&engine, &mapping, move |event| {
        sizes.lock().unwrap().push(event.records.len());
        async { Ok(SqsBatchResponse::default()) }
    });
    send(&engine, 0..60);
    sleep(Duration::from_secs(3)).await;
    assert_eq!(*seen.lock().unwrap(), [25, 25, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_created_later_is_served_from_then_on() {
    let engine = SqsEngine::new();
    let counters = start(&engine, &Mapping::default(), succeed);
    sleep(Duration::from_secs(5)).await;
    engine
        .create_queue(QUEUE, QueueAttributes::default())
        .unwrap();
    send(&engine, ["order"]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(counters.invocations.get(), 1);
    engine.delete_queue(QUEUE).unwrap();
    sleep(Duration::from_secs(60)).await;
    engine
        .create_queue(QUEUE, QueueAttributes::default())
        .unwrap();
    send(&engine, ["another"]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(counters.invocations.get(), 2);
}
