//! `orderproof compare`, and the gate's rules on regressions, through the real program.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::program::{Finished, Program};

/// The committed run of the spike.
fn spike() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example-spike")
}

/// A folder with a changed copy of its report.
fn changed(change: impl FnOnce(&mut Value)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = std::fs::read(spike().join("run.json")).expect("a committed run");
    let mut report: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut report);
    let bytes = serde_json::to_vec(&report).unwrap();
    std::fs::write(folder.path().join("run.json"), bytes).unwrap();
    folder
}

fn compare(base: &Path, candidate: &Path) -> Program {
    Program::new([
        "compare",
        &base.display().to_string(),
        &candidate.display().to_string(),
    ])
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).expect("JSON")
}

#[test]
fn a_run_and_itself_are_unchanged() {
    let finished = compare(&spike(), &spike()).finish().code(0).quiet();
    assert!(
        finished.stdout.starts_with("NO REGRESSION"),
        "{}",
        finished.stdout
    );
    assert!(!finished.stdout.contains('\u{1b}'), "no color in a pipe");
    let told = json(
        &compare(&spike(), &spike())
            .args(["--format", "json"])
            .finish()
            .code(0),
    );
    let changes = told["changes"].as_array().unwrap();
    assert!(changes.len() > 10);
    for change in changes {
        assert_eq!(
            (&change["call"], &change["change"]),
            (&json!("unchanged"), &json!(0.0))
        );
    }
}

#[test]
fn what_was_asked_for_different_things_is_refused_with_the_field() {
    let other = changed(|report| report["scenario"]["sending"]["batch"] = json!(10));
    let finished = compare(&spike(), other.path()).finish().code(2);
    assert!(
        finished
            .stderr
            .contains("sending.batch: base 1, candidate 10"),
        "{}",
        finished.stderr
    );
    let smoke = spike().with_file_name("example-smoke");
    let finished = compare(&spike(), &smoke).finish().code(2);
    assert!(finished.stderr.contains("phases"), "{}", finished.stderr);
}

#[test]
fn more_lost_orders_end_with_their_own_code_and_fewer_do_not() {
    let worse = changed(|report| {
        report["classes"]["lost"] = json!(1);
        report["classes"]["stored"] = json!(report["classes"]["stored"].as_u64().unwrap() - 1);
        report["verdict"] = json!("fail");
    });
    let finished = compare(&spike(), worse.path()).finish().code(3);
    assert!(
        finished.stdout.contains("more orders are lost"),
        "{}",
        finished.stdout
    );
    compare(worse.path(), &spike()).finish().code(0);
}

#[test]
fn every_format_is_written_once_into_a_new_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let to = out.display().to_string();
    compare(&spike(), &spike())
        .args(["--output-dir", &to])
        .finish()
        .code(0);
    let mut names: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let charts = ["backlog", "latency", "percentiles"];
    let charts = charts
        .iter()
        .flat_map(|name| [format!("compare-{name}.png"), format!("compare-{name}.svg")]);
    let texts = ["html", "json", "md", "txt"].map(|kind| format!("comparison.{kind}"));
    assert_eq!(names, charts.chain(texts).collect::<Vec<_>>());
    let again = compare(&spike(), &spike())
        .args(["--output-dir", &to])
        .finish()
        .code(2);
    assert!(again.stderr.contains("not empty"), "{}", again.stderr);
    let file = out.join("comparison.md").display().to_string();
    let taken = compare(&spike(), &spike())
        .args(["--output", &file])
        .finish()
        .code(2);
    assert!(taken.stderr.contains("cannot write"), "{}", taken.stderr);
}

#[test]
fn bad_options_and_folders_are_refused_with_what_to_write() {
    for (arguments, told) in [
        (["--level", "0%"], "--level 0%: must be a share above 0%"),
        (["--noise", "ten"], "--noise ten: must be a share"),
        (["--noise-floor", "2h"], "must be at most 1h"),
    ] {
        let finished = compare(&spike(), &spike()).args(arguments).finish().code(2);
        assert!(finished.stderr.contains(told), "{}", finished.stderr);
    }
    let finished = compare(&spike(), Path::new("nowhere")).finish().code(2);
    assert!(
        finished.stderr.contains("no such folder"),
        "{}",
        finished.stderr
    );
}

fn gate<const N: usize>(run: &Path, arguments: [&str; N]) -> Finished {
    Program::new(["gate", &run.display().to_string()])
        .args(arguments)
        .finish()
}

#[test]
fn a_gate_with_a_baseline_holds_rules_on_regressions() {
    let base = spike().display().to_string();
    let rule = ["--baseline", &base, "--rule", "regression < 5%"];
    let finished = gate(&spike(), rule).code(0);
    assert!(
        finished.stdout.contains("regression  < 5%"),
        "{}",
        finished.stdout
    );
    // A baseline that kept no seconds says nothing.
    let without = changed(|report| {
        let intervals = report["intervals"].as_array_mut().unwrap();
        intervals.clear();
    });
    let without = without.path().display().to_string();
    let finished = gate(
        &spike(),
        ["--baseline", &without, "--rule", "regression < 5%"],
    )
    .code(4);
    assert!(
        finished.stdout.contains("not enough data"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_baseline_that_is_none_is_refused() {
    let base = spike().display().to_string();
    let failed = changed(|report| report["verdict"] = json!("fail"));
    let failed = failed.path().display().to_string();
    let other = changed(|report| report["scenario"]["bad_share"] = json!(0.5));
    let other = other.path().display().to_string();
    for (arguments, told) in [
        (
            ["--baseline", &failed, "--rule", "regression < 5%"],
            "did not pass is not a baseline",
        ),
        (
            ["--baseline", &other, "--rule", "regression < 5%"],
            "bad_share: base 0.5, candidate 0.1",
        ),
        (
            ["--baseline", &base, "--rule", "lost == 0"],
            "no rule is about a regression",
        ),
        (
            ["--baseline", "nowhere", "--rule", "regression < 5%"],
            "no such folder",
        ),
    ] {
        let finished = gate(&spike(), arguments).code(2);
        assert!(finished.stderr.contains(told), "{}", finished.stderr);
    }
    let finished = gate(&spike(), ["--rule", "regression < 5%"]).code(2);
    assert!(
        finished.stderr.contains("takes a baseline"),
        "{}",
        finished.stderr
    );
}
