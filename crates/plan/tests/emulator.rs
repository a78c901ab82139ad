//! The forecast against the emulator itself, whose clock is paused: the same machines under the same load count the same.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use orderproof_core::order::{OrderPlan, RunId};
use orderproof_core::scenario::{Overrides, ProcessorKind, Scenario, parse};
use orderproof_core::verdict::Class;
use orderproof_emulator::counters::{Counters, Figures};
use orderproof_emulator::mapping::{EngineQueue, EventSource, EventSourceMapping, MappingPlan};
use orderproof_emulator::sqs::{QueueAttributes, Redrive, SendEntry, SqsEngine};
use orderproof_plan::{Forecast, Range, forecast};

const FILE: &str = r#"
name = "both"
question = "Do both count the same?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "20/s"
duration = "5s"

[[phase]]
name = "spike"
rate = "10x"
duration = "5s"

[pipeline]
visibility_timeout = "2s"
max_receive_count = 3
table_capacity = "unlimited"

[pipeline.function]
timeout = "2s"
service_time = "103ms"

[settle]
deadline = "300s"
"#;

const QUEUE: &str = "orders-queue";
const DEAD: &str = "orders-dl-queue";

fn scenario(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("both.toml", FILE, &overrides).expect("a scenario")
}

/// Whether the order of this message is bad.
fn is_bad(plan: &OrderPlan, body: &str) -> bool {
    plan.is_bad(body.parse().expect("its number"))
}

/// The function behind the mapping: it refuses bad orders, each by itself or the first with its batch.
fn outcome(
    plan: &OrderPlan,
    kind: ProcessorKind,
    event: &SqsEvent,
) -> Result<SqsBatchResponse, String> {
    let mut response = SqsBatchResponse::default();
    for record in &event.records {
        if is_bad(plan, record.body.as_deref().expect("a body")) {
            if kind == ProcessorKind::Lab {
                return Err("a bad order".to_owned());
            }
            response.add_failure(record.message_id.as_deref().expect("an id"));
        }
    }
    Ok(response)
}

/// Plays the scenario in the emulator; what it counted, and the letters.
async fn emulated(scenario: &Scenario) -> (Figures, u64) {
    let pipeline = &scenario.pipeline;
    let engine = SqsEngine::new();
    engine
        .create_queue(DEAD, QueueAttributes::default())
        .expect("a queue");
    let attributes = QueueAttributes {
        visibility_timeout: pipeline.visibility_timeout,
        retention: pipeline.orders_retention,
        redrive: Some(Redrive {
            dead_letter_queue: DEAD.into(),
            max_receive_count: pipeline.max_receive_count,
        }),
        ..QueueAttributes::default()
    };
    engine.create_queue(QUEUE, attributes).expect("a queue");
    let run = RunId::new(1).expect("a run");
    let plan = Arc::new(OrderPlan::lab(run, scenario.seed, scenario.bad_share));
    let counters = Arc::new(Counters::default());
    let (orders, kind) = (Arc::clone(&plan), pipeline.function.processor);
    let mapping = EventSourceMapping::new(
        EngineQueue::new(engine.clone(), QUEUE),
        MappingPlan {
            source: EventSource {
                arn: format!("arn:aws:sqs:us-east-1:123456789012:{QUEUE}"),
                region: "us-east-1".into(),
            },
            mapping: &pipeline.mapping,
            function: &pipeline.function.settings(),
            seed: scenario.seed,
            speed: scenario.time_scale,
        },
        Arc::clone(&counters),
        move |event: SqsEvent| {
            let outcome = outcome(&orders, kind, &event);
            async move { outcome }
        },
    );
    let mapping = tokio::spawn(mapping.run());
    let start = tokio::time::Instant::now();
    let sending = &scenario.sending;
    for dispatch in scenario
        .schedule()
        .dispatches(sending.batch, sending.linger)
    {
        tokio::time::sleep_until(start + dispatch.due).await;
        let entries = dispatch.orders().map(|k| SendEntry::new(k.to_string()));
        engine.send_all(QUEUE, entries.collect()).expect("sent");
    }
    while engine.counts(QUEUE).expect("a queue").total() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // What still works when the queue is empty.
    tokio::time::sleep(Duration::from_secs(10)).await;
    mapping.abort();
    let letters = engine.counts(DEAD).expect("a queue").total();
    (counters.figures(), letters)
}

fn letters(forecast: &Forecast) -> u64 {
    let classes = [
        Class::DeadLetteredByDesign,
        Class::GoodOrderDeadLettered,
        Class::StoredAndDeadLettered,
    ];
    let counts = classes
        .into_iter()
        .filter_map(|class| forecast.classes.get(&class));
    counts.map(|range| range.max).sum()
}

/// Within so many percent of one another, or two.
fn close(forecast: Range<u64>, counted: u64, percent: u64) -> bool {
    forecast.max.abs_diff(counted) <= (counted * percent / 100).max(2)
}

async fn count_the_same(set: &[&str], percent: u64) {
    let scenario = scenario(set);
    let forecast = forecast(&scenario, &[scenario.seed], Instant::now()).expect("it can be");
    let (figures, dead) = emulated(&scenario).await;
    let cells = [
        ("invocations", forecast.invocations, figures.invocations),
        (
            "failed",
            forecast.failed_invocations,
            figures.failed_invocations,
        ),
        ("cold starts", forecast.cold_starts, figures.cold_starts),
        (
            "concurrency",
            forecast.max_concurrency,
            u64::from(figures.max_concurrency),
        ),
        ("backed off", forecast.backed_off, figures.backed_off),
        (
            "throttled",
            forecast.throttled_invocations,
            figures.throttled_invocations,
        ),
        (
            "letters",
            Range {
                min: 0,
                max: letters(&forecast),
            },
            dead,
        ),
    ];
    for (what, forecast, counted) in cells {
        assert!(
            close(forecast, counted, percent),
            "{set:?}: {what}: {} forecast, {counted} counted",
            forecast.max
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_with_room() {
    count_the_same(
        &[
            "pipeline.mapping.batch_size=1",
            "pipeline.mapping.starting_concurrency=100",
        ],
        0,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_mapping_that_grows_while_messages_wait() {
    let slow = "pipeline.function.service_time=1900ms";
    count_the_same(&["pipeline.mapping.batch_size=1", slow], 1).await;
}

#[tokio::test(start_paused = true)]
async fn batches_gathered_in_a_window() {
    let window = "pipeline.mapping.batching_window=1s";
    count_the_same(&["pipeline.mapping.batch_size=25", window], 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_with_reserved_concurrency() {
    let reserved = "pipeline.function.reserved_concurrency=3";
    count_the_same(&[reserved, "pipeline.function.service_time=500ms"], 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_that_times_out() {
    let slow = "pipeline.function.service_time={p50=\"500ms\",p99=\"5s\"}";
    count_the_same(&["pipeline.mapping.batch_size=1", slow], 3).await;
}

#[tokio::test(start_paused = true)]
async fn the_labs_function_whose_batches_fail_whole() {
    let few = [
        "pipeline.mapping.starting_concurrency=2",
        "pipeline.mapping.maximum_concurrency=2",
    ];
    let lab = ["pipeline.function.processor=lab", few[0], few[1]];
    count_the_same(&lab, 3).await;
}

#[tokio::test(start_paused = true)]
async fn cold_starts_longer_than_the_visibility_timeout() {
    let cold = "pipeline.function.cold_start=4s";
    count_the_same(&["pipeline.mapping.batch_size=1", cold], 3).await;
}
