//! What CloudWatch counted of a run: from the wire to the report.

use serde_json::{Value, json};

use super::local::without_function;
use super::peers::Peer;
use super::program::{Program, sealed_run};
use super::run::smoke;

/// The points of a metric in `run.json`.
fn points<'a>(report: &'a Value, metric: &str) -> &'a [Value] {
    let series = report["cloudwatch"]["series"].as_array().expect("a list");
    let found = series.iter().find(|series| series["metric"] == metric);
    let points = found.and_then(|series| series["points"].as_array());
    points.expect("a series")
}

fn with_keys(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

#[test]
#[ignore = "needs peers: Python with boto3 and moto[server] in ORDERPROOF_PYTHON"]
fn what_another_cloudwatch_says_of_queue_and_table_is_drawn_and_told() {
    let (served, cloudwatch) = (without_function(), Peer::start("cloudwatch_server.py", []));
    let run = served
        .at(smoke())
        .args(["--endpoint-url", cloudwatch.endpoint()])
        .args(["--processor", "local"]);
    let finished = run.finish().code(0).quiet();
    let report = finished.json("out/run.json");
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["cloudwatch"]["unread"], Value::Null);
    for (metric, value) in [
        ("oldest_message_age_s", 12.0),
        ("messages_sent", 700.0),
        ("messages_deleted", 500.0),
        ("throttled_writes", 3.0),
    ] {
        let points = points(&report, metric);
        let first = points.first().and_then(|point| point[0].as_i64());
        assert!(
            first.is_some_and(|at| (-59..=0).contains(&at)),
            "{metric} begins with the run's first minute: {points:?}"
        );
        assert!(
            points.iter().all(|point| point[1] == json!(value)),
            "{metric}: {points:?}"
        );
    }
    let others = points(&report, "consumed_write_units");
    assert!(others.is_empty(), "another table's: {others:?}");
    for metric in report["cloudwatch"]["series"].as_array().expect("a list") {
        let name = metric["metric"].as_str().expect("a name");
        assert!(!name.contains("invocations"), "no function is asked about");
    }
    assert!(finished.path("out/cloudwatch.png").exists());
    let row = "oldest message 12.0 s";
    assert!(finished.stdout.contains(row), "{}", finished.stdout);

    // Asked again later: the same minutes, and a folder of its own.
    let dir = finished.path("out").display().to_string();
    let again = finished.path("again").display().to_string();
    let later = with_keys(Program::new(["report", &dir, "--output-dir", &again]));
    let later = later
        .args(["--cloudwatch", "--endpoint-url", cloudwatch.endpoint()])
        .args(["--endpoint-url", &served.endpoint()]);
    let later = later.finish().code(0).quiet();
    let text = std::fs::read_to_string(finished.path("again/run.json")).expect("written");
    let reread: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        points(&reread, "messages_sent"),
        points(&report, "messages_sent"),
        "{}",
        later.stdout
    );
    let page = std::fs::read_to_string(finished.path("again/summary.md")).expect("written");
    assert!(
        page.contains(row) && page.contains("(cloudwatch.png)"),
        "{page}"
    );
}

#[test]
fn an_embedded_run_has_no_cloudwatch_to_be_asked() {
    let run = sealed_run();
    let text = std::fs::read_to_string(run.join("run.json")).expect("a report");
    let report: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report.get("cloudwatch"), None);
    assert!(!run.join("cloudwatch.png").exists());
    let dir = run.display().to_string();
    let asked = Program::new(["report", &dir, "--output-dir", "again", "--cloudwatch"]);
    let refused = asked.finish().code(2);
    assert!(
        refused.stderr.contains("leave --cloudwatch out"),
        "{}",
        refused.stderr
    );
    assert!(!refused.path("again").exists(), "nothing is written");
    let nowhere = Program::new(["report", &dir, "--cloudwatch"])
        .finish()
        .code(2);
    assert!(
        nowhere.stderr.contains("--output-dir"),
        "{}",
        nowhere.stderr
    );
}
