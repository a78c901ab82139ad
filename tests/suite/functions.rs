//! Functions of the user's own on queues that others serve, and on further queues of the pipeline.
//!
//! A test whose interpreter is not on this machine says so and ends.

use std::path::Path;

use serde_json::{Value, json};

use super::languages::all_there;
use super::local::{at, orders, without_function};
use super::peers::Peer;
use super::program::Program;
use super::run::smoke;

fn bootstrap(file: &str) -> String {
    format!("{}/tests/bootstraps/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// Drains `queue` into the file `keep`.
fn draining(program: Program, queue: &str, keep: &Path) -> Program {
    let file = bootstrap("drain.py");
    let set = format!(
        "processors.drain={{queue={queue:?}, command=[\"python3\", {file:?}], environment={{KEEP={keep:?}}}, \
         init_timeout=\"60s\", max_environments=1}}"
    );
    program.args(["--set", &set])
}

fn everything_ended(report: &Value) {
    let planned = report["orders"]["planned"].as_u64().expect("a number");
    assert_eq!(report["orders"]["acknowledged"], json!(planned));
    let ended = orders(report, "stored") + orders(report, "dead_lettered_by_design");
    assert_eq!(ended, planned);
}

#[test]
fn a_function_of_ones_own_processes_the_orders_of_a_queue_elsewhere() {
    if !all_there(&["python3"]) {
        return;
    }
    let served = without_function();
    let command = format!(
        "processor={{command=[\"python3\", {:?}], init_timeout=\"60s\", max_environments=2}}",
        bootstrap("function.py")
    );
    let run = smoke()
        .args(["--set", &command])
        .args(["--set", "expect.rules=[]"])
        .args(["--set", "settle.deadline=120s"]);
    let finished = at(&served, run).finish().code(0).quiet();
    let report = finished.json("out/run.json");
    everything_ended(&report);
    assert!(report["pipeline"]["cold_starts"].as_u64() > Some(0));
    assert!(report["pipeline"]["freezes"].as_u64() > Some(0));
    let log = finished.path("out/function-logs/environment-0001.log");
    assert!(log.exists(), "what it writes is kept with the run");
}

#[test]
fn functions_are_refused_where_they_would_not_run() {
    let served = without_function();
    let run = smoke()
        .args(["--endpoint-url", &served.endpoint()])
        .args(["--set", "processor={command=[\"true\"]}"]);
    let run = draining(run, "other", Path::new("keep"));
    let refused = run.finish().code(2);
    for words in [
        "\n  processor",
        "\n  processors",
        "run elsewhere",
        "processor = \"local\"",
    ] {
        assert!(
            refused.stderr.contains(words),
            "{words}: {}",
            refused.stderr
        );
    }
    let twice = draining(smoke(), "orders-queue", Path::new("keep"));
    let refused = twice.finish().code(2);
    let words = "processors.drain would take orders";
    assert!(refused.stderr.contains(words), "{}", refused.stderr);
}

#[test]
fn a_further_function_drains_its_queue_and_the_figures_stay_those_of_the_orders() {
    if !all_there(&["python3"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().join("keep");
    let finished = draining(smoke(), "orders-dl-queue", &keep).finish().code(3);
    let report = finished.json("out/run.json");
    let kept = std::fs::read_to_string(&keep).expect("it ran");
    let bad = kept
        .lines()
        .filter(|line| line.starts_with("drain {") && line.contains("err"));
    assert_eq!(bad.count(), kept.lines().count(), "bad orders alone");
    // Its queue is where bad orders belong, so what it takes is lost.
    assert!(orders(&report, "lost") > 0, "{}", report["classes"]);
    assert!(orders(&report, "lost") <= kept.lines().count() as u64);
    let scenario = &report["scenario"]["processors"]["drain"];
    assert_eq!(scenario["command"]["environment"]["KEEP"], "(not kept)");
}

#[test]
#[ignore = "needs peers: awslambdaric, boto3, moto; .ci/run runs it"]
fn the_python_example_processes_the_orders_of_moto() {
    let python = std::env::var("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python");
    let moto = Peer::start("moto_pipeline.py", []);
    let folder = format!("{}/examples/python", env!("CARGO_MANIFEST_DIR"));
    let command = format!(
        "processor={{command=[{python:?}, \"-m\", \"awslambdaric\", \"handler.handler\"], working_dir={folder:?}, \
         init_timeout=\"60s\", max_environments=4}}"
    );
    let run = smoke()
        .args(["--endpoint-url", moto.endpoint(), "--processor", "local"])
        .args(["--rate", "10/s", "--duration", "5s"])
        .args(["--set", &command])
        .args(["--set", "target.exact_counts=true"])
        .args(["--set", "pipeline.function.timeout=5s"])
        .args(["--set", "pipeline.visibility_timeout=5s"])
        .args(["--set", "sending.attempt_timeout=30s"])
        .args(["--set", "expect.max_schedule_lag_p99=30s"])
        .args(["--set", "expect.rules=[]"])
        .args(["--set", "settle.deadline=120s"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    everything_ended(&run.finish().code(0).json("out/run.json"));
}
