//! Anyone's function, end to end: real bootstraps behind the Lambda Runtime API, writing to a real table.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use orderproof::embedded::EmbeddedPipeline;
use orderproof::emulator::runtime::{CommandConfig, CommandError, CommandFunction};

use super::endpoint::pipeline_elsewhere;
use super::program::{Program, function_binary};

pub fn config(command: &[&str]) -> CommandConfig {
    CommandConfig {
        command: command.iter().map(|part| (*part).to_owned()).collect(),
        working_dir: None,
        handler: "handler.handler".into(),
        environment: BTreeMap::from([("DYNAMODB_ORDERS_TABLE".into(), "orders".into())]),
        function_name: "lab-order-processor".into(),
        region: "us-east-1".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(20),
        init_timeout: Duration::from_secs(20),
        logs: None,
        endpoint_url: None,
        credentials: None,
        max_environments: 4,
        freeze: true,
    }
}

/// The function writes to this pipeline's table.
fn writing_to(pipeline: &EmbeddedPipeline, config: CommandConfig) -> CommandFunction {
    let endpoint = pipeline.target().dynamodb_endpoint;
    CommandFunction::start(CommandConfig {
        endpoint_url: Some(endpoint),
        ..config
    })
    .expect("it starts")
}

pub fn body(number: u64, price: &str) -> String {
    format!(
        r#"{{"order_number": {number}, "num_items": 2, "price_per_item": {price}, "item_description": "zPen"}}"#
    )
}

/// A batch of these bodies; message `n` is called `m<n>`.
pub fn batch(bodies: &[String]) -> SqsEvent {
    let mut event = SqsEvent::default();
    for (position, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(format!("m{position}"));
        record.body = Some(body.clone());
        let attributes = &mut record.attributes;
        attributes.insert("ApproximateReceiveCount".into(), "1".into());
        event.records.push(record);
    }
    event
}

async fn failures_of(function: &CommandFunction, bodies: &[String]) -> Vec<String> {
    let response = function.invoke(batch(bodies)).await.expect("a response");
    let failures = response.batch_item_failures.into_iter();
    failures.map(|failure| failure.item_identifier).collect()
}

/// What a sound processor does with good, bad, redelivered and clashing orders, whatever it is written in.
async fn is_sound(pipeline: &EmbeddedPipeline, function: &CommandFunction) {
    let first = [body(1, "110.0"), body(2, "\"err\""), body(3, "120.0")];
    assert_eq!(failures_of(function, &first).await, ["m1"], "a bad order");
    let again = [body(1, "110.0"), body(3, "125.0"), body(4, "130.0")];
    let clash = failures_of(function, &again).await;
    assert_eq!(clash, ["m1"], "its own row is not a failure, another's is");
    let mut rows = pipeline.holdings().expect("the table").lab_rows();
    rows.sort();
    let row = |id: &str, price: &str| {
        let details =
            format!(r#"{{"num_items": 2, "price_per_item": {price}, "item_description": "zPen"}}"#);
        (id.to_owned(), details)
    };
    let expected = [row("1", "110.0"), row("3", "120.0"), row("4", "130.0")];
    assert_eq!(rows, expected);
    let figures = function.figures();
    assert_eq!((figures.crashed, figures.failed_inits), (0, 0));
}

/// Four batches at one time, twice: four processes, which serve both rounds.
async fn scales_to_four_and_stays(pipeline: &EmbeddedPipeline, function: &CommandFunction) {
    for round in 0..2 {
        let batch = |lane: u64| {
            let numbers = (0..5).map(move |k| 1_000 + round * 100 + lane * 10 + k);
            numbers.map(|k| body(k, "110.0")).collect::<Vec<_>>()
        };
        let [a, b, c, d] = [0, 1, 2, 3].map(batch);
        let (a, b, c, d) = tokio::join!(
            failures_of(function, &a),
            failures_of(function, &b),
            failures_of(function, &c),
            failures_of(function, &d),
        );
        assert!([a, b, c, d].iter().all(Vec::is_empty));
    }
    let rows = pipeline.holdings().expect("the table").rows();
    assert_eq!(rows, 40);
    let figures = function.figures();
    assert_eq!((figures.started, figures.most_at_one_time), (4, 4));
    assert_eq!((figures.cold_starts, figures.crashed), (4, 0));
}

fn our_lambda() -> CommandConfig {
    config(&[&function_binary("lab-order-processor")])
}

#[tokio::test]
async fn our_own_lambda_is_sound_and_stays_warm() {
    let pipeline = pipeline_elsewhere(91);
    let function = writing_to(
        &pipeline,
        CommandConfig {
            max_environments: 1,
            ..our_lambda()
        },
    );
    is_sound(&pipeline, &function).await;
    assert_eq!(function.figures().started, 1, "the second found it warm");
}

#[tokio::test]
async fn our_own_lambda_has_an_environment_for_each_invocation_at_one_time() {
    let pipeline = pipeline_elsewhere(92);
    let function = writing_to(&pipeline, our_lambda());
    scales_to_four_and_stays(&pipeline, &function).await;
}

#[tokio::test]
async fn our_own_lambda_fails_every_record_when_the_table_is_not_there() {
    let pipeline = pipeline_elsewhere(93);
    let mut config = our_lambda();
    let table = ("DYNAMODB_ORDERS_TABLE".into(), "no-such-table".into());
    config.environment = BTreeMap::from([table]);
    let function = writing_to(&pipeline, config);
    let orders = [body(1, "110.0"), body(2, "110.0")];
    assert_eq!(failures_of(&function, &orders).await, ["m0", "m1"]);
}

#[tokio::test]
async fn what_is_no_lambda_fails_its_invocations_and_says_why() {
    let logs = tempfile::tempdir().unwrap();
    let mut ends = config(&["sh", "-c", "echo no handler here >&2; exit 7"]);
    ends.logs = Some(logs.path().into());
    let ends = CommandFunction::start(ends).unwrap();
    let error = ends.invoke(SqsEvent::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("exit status: 7"), "{text}");
    assert!(text.contains("no handler here"), "{text}");
    let log = std::fs::read_to_string(logs.path().join("environment-0001.log")).unwrap();
    assert_eq!(log, "no handler here\n");

    let limit = Duration::from_millis(300);
    let mut sleeps = config(&["sh", "-c", "sleep 1000"]);
    sleeps.init_timeout = limit;
    let sleeps = CommandFunction::start(sleeps).unwrap();
    let error = sleeps.invoke(SqsEvent::default()).await.unwrap_err();
    assert_eq!(error, CommandError::InitTimedOut(limit));

    let missing = CommandFunction::start(config(&["./no-such-bootstrap"]));
    let refused = missing.err().expect("refused").to_string();
    assert!(refused.contains("no-such-bootstrap"), "{refused}");
}

/// `ORDERPROOF_PYTHON` is a Python that has awslambdaric and boto3.
fn python(handler: &str) -> CommandConfig {
    let python = std::env::var("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python");
    let mut config = config(&[&python, "-m", "awslambdaric", handler]);
    config.working_dir = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python").into());
    let quiet = ("PYTHONDONTWRITEBYTECODE".into(), "1".into());
    config.environment.extend([quiet]);
    config
}

#[tokio::test]
#[ignore = "needs Python with awslambdaric; .ci/run runs it"]
async fn a_python_handler_under_awslambdaric_is_sound_and_stays_warm() {
    let pipeline = pipeline_elsewhere(94);
    let mut config = python("handler.handler");
    config.max_environments = 1;
    let function = writing_to(&pipeline, config);
    is_sound(&pipeline, &function).await;
    assert_eq!(function.figures().started, 1);
}

#[tokio::test]
#[ignore = "needs Python with awslambdaric; .ci/run runs it"]
async fn a_python_handler_has_an_environment_for_each_invocation_at_one_time() {
    let pipeline = pipeline_elsewhere(95);
    let function = writing_to(&pipeline, python("handler.handler"));
    scales_to_four_and_stays(&pipeline, &function).await;
}

#[tokio::test]
#[ignore = "needs Python with awslambdaric; .ci/run runs it"]
async fn a_python_handler_that_is_not_there_is_an_init_error() {
    let function = CommandFunction::start(python("no_such_module.handler")).unwrap();
    let error = function.invoke(SqsEvent::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, CommandError::Init(_)), "{text}");
    assert!(text.contains("no_such_module"), "{text}");
}

#[tokio::test]
#[ignore = "needs Python with awslambdaric; .ci/run runs it"]
async fn a_python_handler_that_raises_fails_its_invocation_with_the_exception() {
    let function = CommandFunction::start(python("handler.check")).unwrap();
    let error = function.invoke(SqsEvent::default()).await.unwrap_err();
    // `check` takes one argument, and a handler is given two.
    assert!(error.to_string().starts_with("TypeError: "), "{error}");
}

/// 60 orders through processes of our own Lambda.
const SCENARIO: &str = r#"
name = "command"
question = "Does a function in processes of its own lose an order?"
seed = 3
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "30/s"
duration = "2s"

[processor]
max_environments = 3
init_timeout = "60s"

[pipeline]
visibility_timeout = "5s"
max_receive_count = 2

[settle]
deadline = "120s"

[expect]
max_schedule_lag_p99 = "10s"
"#;

fn run(command: &str) -> Program {
    let set = format!("processor.command=[{command:?}]");
    Program::new(["run", "command.toml", "--output-dir", "out", "--quiet"])
        .args(["--set", &set])
        .file("command.toml", SCENARIO)
}

#[test]
fn a_scenario_runs_a_command_as_its_function() {
    let finished = run(&function_binary("lab-order-processor"))
        .finish()
        .code(0)
        .quiet();
    let pipeline = &finished.json("out/run.json")["pipeline"];
    let started = pipeline["cold_starts"].as_u64().expect("a count");
    assert!((1..=3).contains(&started), "{pipeline}");
    assert_eq!(pipeline["crashes"], 0);
    let logs = std::fs::read_dir(finished.path("out/function-logs")).expect("a folder");
    assert_eq!(logs.count() as u64, started);
}

#[test]
fn a_function_that_never_starts_ends_the_run_and_proves_nothing() {
    let finished = run("/bin/false").finish().code(4);
    let report = finished.json("out/run.json");
    assert_eq!(report["findings"][0]["code"], "function_never_started");
    assert_eq!(report["classes"]["lost"], 0);
    assert!(report["pipeline"]["crashes"].as_u64() > Some(0));
    for word in [
        "exit status: 1",
        "environments crashed",
        "function-logs/environment-",
    ] {
        let text = &finished.stdout;
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_command_that_is_not_there_is_named_and_leaves_nothing_behind() {
    let finished = run("./no-such-bootstrap").finish().code(2);
    for word in ["processor.command", "./no-such-bootstrap"] {
        assert!(
            finished.stderr.contains(word),
            "{word} in {}",
            finished.stderr
        );
    }
    assert!(!finished.path("out").exists(), "no folder without a run");
}

#[test]
#[ignore = "needs Python with awslambdaric and boto3; .ci/run runs it"]
fn the_python_function_survives_the_sale_in_more_than_twenty_processes() {
    let python = std::env::var_os("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python");
    let command =
        format!("processor.command=[{python:?}, \"-m\", \"awslambdaric\", \"handler.handler\"]");
    let finished = Program::new([
        "run",
        concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python/spike.toml"),
    ])
    .args(["--output-dir", "out", "--quiet", "--set", &command])
    .args(["--set", &format!("processor.working_dir={folder}")])
    .args(["--set", "expect.max_schedule_lag_p99=10s"])
    .finish()
    .code(0);
    let pipeline = &finished.json("out/run.json")["pipeline"];
    assert!(
        pipeline["max_concurrency"].as_u64() >= Some(20),
        "{pipeline}"
    );
    assert!(pipeline["cold_starts"].as_u64() >= Some(20), "{pipeline}");
}
