//! Anyone's function, end to end: real bootstraps behind the Lambda Runtime API, writing to a real table.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use orderproof::pipeline::EmbeddedPipeline;
use orderproof::pipeline::runtime::{CommandConfig, CommandError, CommandFunction};

use super::endpoint::pipeline_elsewhere;

fn config(command: &[&str]) -> CommandConfig {
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
        max_environments: 4,
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

fn body(number: u64, price: &str) -> String {
    format!(
        r#"{{"order_number": {number}, "num_items": 2, "price_per_item": {price}, "item_description": "zPen"}}"#
    )
}

/// A batch of these bodies; message `n` is called `m<n>`.
fn batch(bodies: &[String]) -> SqsEvent {
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
    assert_eq!(clash, ["m1"], "its own row is no failure, another's is");
    let mut rows = pipeline.holdings().expect("the table").rows;
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
    let rows = pipeline.holdings().expect("the table").rows.len();
    assert_eq!(rows, 40);
    let figures = function.figures();
    assert_eq!((figures.started, figures.most_at_one_time), (4, 4));
    assert_eq!((figures.cold_starts, figures.crashed), (4, 0));
}

fn our_lambda() -> CommandConfig {
    config(&[env!("CARGO_BIN_EXE_lab-order-processor")])
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
