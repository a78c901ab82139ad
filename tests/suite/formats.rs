//! `report --format`, and what the tools say that a run's files are for.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::program::{Program, sealed_run};
use super::run::smoke;

fn example(name: &str) -> String {
    format!("{}/reports/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn each_format_is_shown_and_is_the_file_a_run_writes() {
    let out = sealed_run();
    let folder = out.to_str().expect("UTF-8");
    for (arguments, file) in [
        (["json", ""], "run.json"),
        (["timeseries-csv", ""], "timeseries.csv"),
        (["markdown", ""], "summary.md"),
        (["openmetrics", ""], "metrics.openmetrics"),
        (["hdr-log", ""], "hdr/intervals.hlog"),
        (["hgrm", ""], "hdr/response_time.hgrm"),
        (["hgrm", "end_to_end"], "hdr/end_to_end.hgrm"),
        (["svg", "latency"], "latency.svg"),
    ] {
        let [format, part] = arguments;
        let shown = Program::new(["report", folder, "--format", format]);
        let shown = match part {
            "" => shown,
            part => shown.args(["--part", part]),
        };
        let shown = shown.finish().code(0).quiet();
        let written = std::fs::read_to_string(out.join(file)).expect(file);
        assert!(shown.stdout == written, "{format} {part} is not {file}");
    }
    let orders = Program::new(["report", folder, "--format", "orders-csv"])
        .finish()
        .code(0)
        .quiet();
    let report = std::fs::read_to_string(out.join("run.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let planned = report["orders"]["planned"].as_u64().expect("a count");
    assert_eq!(orders.stdout.lines().count() as u64, planned + 1);
    let text = Program::new(["report", folder]).finish().code(0).quiet();
    assert!(text.stdout.starts_with("PASS"), "{}", text.stdout);
}

#[test]
fn a_file_is_written_once_and_never_over_another() {
    let to_file = |program: Program| program.args(["--format", "png", "--output", "rates.png"]);
    let spike = example("example-spike");
    let finished = to_file(Program::new(["report", &spike]))
        .finish()
        .code(0)
        .quiet();
    assert_eq!(finished.stdout, "");
    let png = std::fs::read(finished.path("rates.png")).expect("the file");
    assert!(png.starts_with(b"\x89PNG"));
    let again = to_file(Program::new(["report", &spike]).file("rates.png", "mine"))
        .finish()
        .code(2);
    assert!(
        again.stderr.contains("nothing is overwritten"),
        "{}",
        again.stderr
    );
    assert_eq!(
        std::fs::read(again.path("rates.png")).expect("the file"),
        b"mine"
    );
    assert_eq!(
        std::fs::read_dir(again.folder.path())
            .expect("a folder")
            .count(),
        1,
        "nothing is left"
    );
}

#[test]
fn what_a_report_cannot_tell_is_said() {
    let spike = example("example-spike");
    for (arguments, words) in [
        (
            ["--format", "hgrm", "--part", "latency"],
            "its parts are response_time, response_time-warm-up",
        ),
        (["--format", "json", "--part", "x"], "leave --part out"),
        (
            ["--format", "xml", "--color", "never"],
            "possible values: text, json",
        ),
        (
            ["--format", "json", "--output-dir", "new"],
            "cannot be used with",
        ),
        (
            ["--format", "json", "--output", "none/run.json"],
            "none/run.json: cannot write",
        ),
    ] {
        let refused = Program::new(["report", &spike])
            .args(arguments)
            .finish()
            .code(2);
        assert!(
            refused.stderr.contains(words),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert_eq!(refused.stdout, "");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let spike = example("example-spike");
    for format in ["orders-csv", "json", "text"] {
        let program = Program::new(["report", &spike, "--format", format]);
        let mut command = program.command();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
    }
}

#[test]
fn a_run_without_its_ledger_has_no_orders_csv() {
    let spike = PathBuf::from(example("example-spike"));
    let read = |name: &str| std::fs::read_to_string(spike.join(name)).expect(name);
    let refused = Program::new(["report", ".", "--format", "orders-csv"])
        .file("run.json", &read("run.json"))
        .file("plan.json", &read("plan.json"))
        .finish()
        .code(2);
    assert!(
        refused.stderr.contains("ledger.journal"),
        "{}",
        refused.stderr
    );
    let refused = Program::new(["report", ".", "--format", "orders-csv"])
        .file("run.json", &read("run.json"))
        .file("plan.json", &read("plan.json"))
        .file("ledger.journal", &read("ledger.journal"))
        .finish()
        .code(2);
    assert!(
        refused.stderr.contains("there is no observation"),
        "{}",
        refused.stderr
    );
}

/// What `tests/peers/report_files.py` says of a run's folder.
fn peers_say(folder: &Path) -> String {
    let python = std::env::var_os("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python)
        .arg(root.join("tests/peers/report_files.py"))
        .arg(folder)
        .arg(root.join("docs/run.schema.json"))
        .output()
        .expect("Python runs");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}:\n{told}{}",
        folder.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

#[test]
#[ignore = "needs peers: Python with hdrhistogram, prometheus-client and jsonschema in ORDERPROOF_PYTHON"]
fn the_tools_read_what_a_run_writes() {
    let finished = smoke().finish().code(0).quiet();
    let told = peers_say(&finished.path("out"));
    for word in ["near misses", "distributions", "intervals", "samples"] {
        assert!(told.contains(word), "{word} in:\n{told}");
    }
    for name in ["example-smoke", "example-spike", "example-python-spike"] {
        assert!(
            peers_say(Path::new(&example(name))).contains("schema"),
            "{name}"
        );
    }
}
