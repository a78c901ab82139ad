//! `run --with-plan`: a forecast beside a run is shown, and changes nothing of what the run proves.

use std::path::Path;

use super::program::{Finished, Program};

const SMALL: &str = r#"
name = "small"
question = "What becomes of it?"
seed = 7
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "40/s"
duration = "3s"

[pipeline]
visibility_timeout = "1s"

[pipeline.mapping]
batch_size = 1
starting_concurrency = 20
maximum_concurrency = 20

[pipeline.function]
timeout = "1s"
service_time = "100ms"

[settle]
deadline = "30s"

[expect]
max_schedule_lag_p99 = "10s"
"#;

fn run(arguments: &[&str]) -> Finished {
    let program = Program::new([
        "run",
        "small.toml",
        "--quiet",
        "--with-plan",
        "--output-dir",
    ]);
    let program = program.args(["out"]).file("small.toml", SMALL);
    let all = arguments.iter();
    all.fold(program, |program, argument| program.args([*argument]))
        .finish()
}

fn at(folder: &Path, arguments: &[&str]) -> Finished {
    let program = Program::new([]).here(folder, arguments.iter().copied());
    program.finish()
}

#[test]
fn a_forecast_is_kept_shown_and_proves_nothing() {
    let finished = run(&["--seeds", "3"]).code(0).quiet();
    let folder = finished.folder.path();
    let out = folder.join("out");
    let said = "forecast (no evidence): ";
    assert!(finished.stdout.contains(said), "{}", finished.stdout);
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect(name);
    assert!(
        read("summary.md").contains("forecast.png"),
        "its chart is linked"
    );
    let page = read("report.html");
    for part in [
        "backlog, forecast",
        "backlog, run",
        "end-to-end p99, forecast",
        said,
        "seeds 7 to 9",
    ] {
        assert!(page.contains(part), "{part} on the page");
    }
    assert!(read("forecast.svg").contains("FORECAST, no evidence"));
    assert!(out.join("forecast.png").exists());
    assert!(read("seal.json").contains("\"forecast.json\""));
    assert!(
        !read("run.json").contains("forecast"),
        "no part of the report"
    );
    at(folder, &["verify", "out"]).code(0).quiet();
    at(folder, &["gate", "out"]).code(0).quiet();
    let again = at(folder, &["report", "out", "--format", "html"])
        .code(0)
        .quiet();
    assert!(again.stdout.contains("backlog, forecast"));
    at(folder, &["report", "out", "--output-dir", "new"])
        .code(0)
        .quiet();
    let rendered = std::fs::read_to_string(folder.join("new/report.html")).expect("a page");
    assert_eq!(rendered, page);
    // Damaged, gone, or of another scenario: it is left out, and the verdict is the same.
    let kept = read("forecast.json");
    let other = kept.replace("\"max_receive_count\": 3", "\"max_receive_count\": 4");
    assert_ne!(kept, other);
    for (text, why) in [
        (
            Some(kept.replacen("\"evidence\": false", "\"evidence\": true", 1)),
            "not as it was when it was sealed",
        ),
        (Some(other.clone()), "not as it was when it was sealed"),
        (None, "cannot be read"),
    ] {
        match &text {
            Some(text) => std::fs::write(out.join("forecast.json"), text),
            None => std::fs::remove_file(out.join("forecast.json")),
        }
        .expect("the file can be changed");
        let shown = at(folder, &["report", "out"]).code(0);
        assert!(shown.stderr.contains(why), "{why} in {}", shown.stderr);
        assert!(shown.stdout.contains("is left out: "), "{}", shown.stdout);
        at(folder, &["verify", "out"]).code(0).quiet();
        at(folder, &["gate", "out"]).code(0).quiet();
    }
    // Without a seal nobody says that it was changed: then its scenario does.
    std::fs::write(out.join("forecast.json"), &other).expect("written");
    std::fs::remove_file(out.join("seal.json")).expect("removed");
    let shown = at(folder, &["report", "out"]).code(0);
    let why = "pipeline.max_receive_count: forecast 4, run 3";
    assert!(shown.stderr.contains(why), "{}", shown.stderr);
    std::fs::write(out.join("forecast.json"), &kept).expect("written");
    let shown = at(folder, &["report", "out"]).code(0);
    assert!(shown.stderr.contains("seal.json is missing") && !shown.stderr.contains("forecast"));
    assert!(shown.stdout.contains(said), "{}", shown.stdout);
}

#[test]
fn what_cannot_be_forecast_runs_all_the_same() {
    let fault = ["--set", "fault=[{kind=\"message_vanishes\",count=1}]"];
    let finished = run(&fault).code(3);
    assert_eq!(
        finished.stderr.lines().next(),
        Some("no forecast: fault: faults such as message_vanishes are not forecast")
    );
    assert!(!finished.path("out/forecast.json").exists());
    assert!(!finished.stdout.contains("forecast (no evidence)"));
    let alone = Program::new(["run", "small.toml", "--seeds", "3"]).file("small.toml", SMALL);
    assert!(alone.finish().code(2).stderr.contains("--with-plan"));
}

/// A forecast that is put into a folder afterwards was not made before its run.
#[test]
fn a_forecast_from_elsewhere_is_left_out() {
    let program = Program::new(["run", "small.toml", "--quiet", "--output-dir", "out"]);
    let finished = program.file("small.toml", SMALL).finish().code(0);
    let folder = finished.folder.path();
    at(
        folder,
        &["plan", "small.toml", "--output", "out/forecast.json"],
    )
    .code(7);
    let shown = at(folder, &["report", "out"]).code(0);
    assert!(
        shown.stderr.contains("the seal does not list it"),
        "{}",
        shown.stderr
    );
    at(folder, &["verify", "out"]).code(0).quiet();
}

#[test]
fn the_files_of_a_forecast_say_what_they_are() {
    let program = Program::new(["plan", "small.toml", "--seeds", "2", "--output-dir", "plan"]);
    let finished = program.file("small.toml", SMALL).finish().code(7).quiet();
    let read = |name: &str| std::fs::read_to_string(finished.path(&format!("plan/{name}")));
    let read = |name: &str| read(name).expect(name);
    for name in ["rates", "backlog", "latency", "concurrency"] {
        let svg = read(&format!("forecast-{name}.svg"));
        assert!(svg.matches("FORECAST, no evidence").count() >= 2, "{name}");
        assert!(finished.path(&format!("plan/forecast-{name}.png")).exists());
    }
    assert!(read("forecast.md").contains("![") && read("forecast.txt").starts_with("FORECAST"));
    assert_eq!(finished.json("plan/forecast.json")["evidence"], false);
    assert_eq!(read("forecast.txt"), finished.stdout);
    let taken = at(
        finished.folder.path(),
        &["plan", "small.toml", "--output-dir", "plan"],
    );
    assert!(taken.code(2).stderr.contains("not empty"));
}
