//! `--processor local`: the function of this program on queues and a table that others serve.

use serde_json::{Value, json};

use super::peers::Peer;
use super::program::{Program, scenario};
use super::run::smoke;
use super::served::Served;

/// The baseline's orders a second that moto bears on two shared cores; the spike is five times as much. At
/// 20/s its sends take a second each in the spike, and the generator is late.
const MOTO_RATE: &str = "10/s";

/// Queues and a table of the smoke scenario, and no function.
pub fn without_function() -> Served {
    let smoke = scenario("smoke");
    Served::start(Program::new(["serve", &smoke, "--port", "0"]).args(["--no-function", "--quiet"]))
}

pub fn at(served: &Served, program: Program) -> Program {
    program
        .args(["--endpoint-url", &served.endpoint()])
        .args(["--processor", "local", "--set", "target.exact_counts=true"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

pub fn orders(report: &Value, class: &str) -> u64 {
    report["classes"][class].as_u64().expect("a class")
}

#[test]
fn every_order_of_a_queue_elsewhere_is_processed_here_and_accounted_for() {
    let served = without_function();
    let finished = at(&served, smoke()).finish().code(0).quiet();
    let report = finished.json("out/run.json");
    assert_eq!(
        report["orders"]["acknowledged"],
        report["orders"]["planned"]
    );
    let planned = report["orders"]["planned"].as_u64().expect("a number");
    let good_and_bad = orders(&report, "stored") + orders(&report, "dead_lettered_by_design");
    assert_eq!(good_and_bad, planned);
    assert!(report["pipeline"]["invocations"].as_u64() > Some(0));
    assert_eq!(report["pipeline"]["failed_invocations"], json!(0));
    let unread = report["cloudwatch"]["unread"].as_str();
    assert!(
        unread.is_some_and(|why| why.starts_with("GetMetricData: UnknownOperation")),
        "it is asked where all of AWS is said to be, and what it cannot tell is not a failure: {unread:?}"
    );
    let stopped = served.stop();
    assert_eq!(stopped.code, Some(0));
    assert_eq!(stopped.stderr, "", "it ran no function");
}

#[test]
fn the_labs_function_loses_its_way_here_as_it_does_in_the_embedded_pipeline() {
    let served = without_function();
    let lab = [
        "pipeline.function.processor=lab",
        "pipeline.mapping.report_batch_item_failures=false",
        "pipeline.mapping.maximum_concurrency=2",
        "pipeline.mapping.starting_concurrency=2",
        "pipeline.function.service_time=100ms",
        "bad_orders=20%",
    ];
    let program = lab
        .iter()
        .fold(smoke(), |program, set| program.args(["--set", set]));
    let finished = at(&served, program).finish().code(3);
    let report = finished.json("out/run.json");
    assert!(orders(&report, "good_order_dead_lettered") > 0);
    assert_eq!(orders(&report, "lost"), 0);
    assert!(report["pipeline"]["failed_invocations"].as_u64() > Some(0));
}

#[test]
fn a_function_slower_than_the_queues_visibility_is_refused_before_anything_is_sent() {
    let served = without_function();
    let slow = smoke()
        .args(["--set", "pipeline.visibility_timeout=10s"])
        .args(["--set", "pipeline.function.timeout=2s"]);
    let refused = at(&served, slow).finish().code(2);
    for word in ["pipeline.function.timeout", "2s", "1s", "VisibilityTimeout"] {
        assert!(
            refused.stderr.contains(word),
            "{word} in {}",
            refused.stderr
        );
    }
    assert!(!refused.path("out").exists());
}

#[test]
#[ignore = "needs peers: moto; .ci/run runs it"]
fn the_spike_through_moto() {
    let moto = Peer::start("moto_pipeline.py", []);
    let spike = Program::new(["run", &scenario("spike"), "--output-dir", "out", "--quiet"])
        .args(["--endpoint-url", moto.endpoint(), "--processor", "local"])
        .args(["--rate", MOTO_RATE, "--duration", "20s"])
        .args(["--set", "phase.warm-up.rate=1x"])
        .args(["--set", "target.exact_counts=true"])
        .args(["--set", "pipeline.visibility_timeout=5s"])
        .args(["--set", "pipeline.function.timeout=5s"])
        // What moto's answers take, and how late a machine full of tests is, is not the question here.
        .args(["--set", "expect.rules=[]"])
        .args(["--set", "expect.max_schedule_lag_p99=2s"])
        .args(["--set", "sending.attempt_timeout=30s"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let report = spike.finish().code(0).json("out/run.json");
    let planned = report["orders"]["planned"].as_u64().expect("a number");
    assert_eq!(report["orders"]["acknowledged"], json!(planned));
    let ended = orders(&report, "stored") + orders(&report, "dead_lettered_by_design");
    assert_eq!(ended, planned);
    assert_eq!(planned, 500);
}
