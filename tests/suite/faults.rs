//! Every known way to lose an order, through the program; and a self-test that must notice when one is not called
//! what it is.

use super::program::{Program, scenario, wait_for};

fn faults() -> String {
    format!("{}/scenarios/faults", env!("CARGO_MANIFEST_DIR"))
}

/// Of each mode its first scenario and its first near miss, in the order of their names: `05-...` and `05-near-miss-...`.
fn one_of_each() -> Vec<String> {
    let mut files: Vec<_> = std::fs::read_dir(faults())
        .expect("scenarios/faults")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        seen.insert((name[..2].to_owned(), name.contains("-near-miss-")))
    });
    files
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

fn all_come_out_as_stated(scenarios: Vec<String>) {
    let mut program = Program::new(["self-test", "--jobs", "8", "--table", "table.md"]);
    for scenario in &scenarios {
        program = program.args([scenario.as_str()]);
    }
    let finished = program.finish().code(0);
    let summary = finished.stdout.lines().last().unwrap_or_default();
    for part in ["27 of 27 known ways", "near misses of 27", "no mismatch"] {
        assert!(summary.contains(part), "{part} in {summary}");
    }
    let table = std::fs::read_to_string(finished.path("table.md")).expect("the table");
    assert!(table.contains("15-dead-letters-expire"), "{table}");
    assert!(!table.contains("MISMATCH"), "{table}");
}

#[test]
fn every_known_way_to_lose_an_order_is_called_what_it_is_and_no_near_miss_is_accused() {
    let scenarios = one_of_each();
    assert_eq!(scenarios.len(), 54, "{scenarios:#?}");
    all_come_out_as_stated(scenarios);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_all_fault_scenarios() {
    all_come_out_as_stated(vec![faults()]);
}

#[test]
fn the_committed_table_is_of_these_scenarios_and_shows_no_mismatch() {
    let root = env!("CARGO_MANIFEST_DIR");
    let table =
        std::fs::read_to_string(format!("{root}/reports/faults.md")).expect("reports/faults.md");
    assert!(table.contains("no mismatch") && !table.contains("**MISMATCH**"));
    let mut scenarios = 0;
    for entry in std::fs::read_dir(faults()).expect("scenarios/faults") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            table.contains(&format!("[{name}](")),
            "{name} is in the table"
        );
        let text = std::fs::read_to_string(&path).expect("a scenario");
        assert!(text.starts_with("# "), "{name} opens with what goes wrong");
        let says = text.contains("\n# On AWS: ") || text.contains("near_miss = true");
        assert!(says, "{name} says what it looks like on AWS");
        assert!(
            text.contains("\n# Expected: "),
            "{name} says what must come out"
        );
        scenarios += 1;
    }
    assert!(scenarios >= 52, "only {scenarios}");
}

#[test]
fn a_scenario_that_does_not_come_out_as_stated_fails_the_self_test() {
    let path = format!("{}/20-row-deleted.toml", faults());
    let text = std::fs::read_to_string(path).expect("the scenario");
    let wrong = text.replace("lost = 3 }", "lost = 2 }");
    assert_ne!(text, wrong);
    let finished = Program::new(["self-test", "wrong.toml"])
        .file("wrong.toml", &wrong)
        .finish()
        .code(1);
    assert!(
        finished.stdout.contains("lost: expected 2, observed 3"),
        "{}",
        finished.stdout
    );
}

#[test]
fn a_scenario_that_proves_nothing_and_an_empty_folder_are_refused() {
    let finished = Program::new(["self-test", &scenario("smoke")])
        .finish()
        .code(2);
    assert!(finished.stderr.contains("proves"), "{}", finished.stderr);
    let finished = Program::new(["self-test", "."]).finish().code(2);
    assert!(
        finished.stderr.contains("scenarios/faults"),
        "{}",
        finished.stderr
    );
}

#[test]
fn two_scenarios_of_one_name_and_a_run_that_was_kept_are_no_proof() {
    let path = format!("{}/02-near-miss-nothing-to-swallow.toml", faults());
    let finished = Program::new(["self-test", &path, &path, "--jobs", "1"])
        .finish()
        .code(1);
    assert!(
        finished.stdout.contains("is there already"),
        "{}",
        finished.stdout
    );
    let finished = Program::new(["self-test", &path, "--jobs", "0"])
        .finish()
        .code(2);
    assert!(finished.stderr.contains("--jobs"), "{}", finished.stderr);
}

#[test]
fn an_interrupted_self_test_accuses_nobody() {
    let path = |name: &str| format!("{}/{name}.toml", faults());
    let program = Program::new([
        "self-test",
        &path("20-row-deleted"),
        &path("17-price-without-decimal-point"),
        "--jobs",
        "1",
        "--keep",
        "kept",
    ]);
    let child = program
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    wait_for("a run of the self-test", || {
        std::fs::read_dir(program.folder().join("kept")).is_ok_and(|runs| runs.count() > 0)
    });
    let id = child.id().to_string();
    let interrupted = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(interrupted.expect("kill runs").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(!told.contains("DIFF"), "{told}");
}

/// The lab's spike, smaller and played faster: the same function and settings but for how many run at a time.
fn lab_spike() -> Program {
    Program::new([
        "run",
        &scenario("lab-spike"),
        "--output-dir",
        "out",
        "--quiet",
    ])
    .args(["--duration", "7s"])
    // Three tenths of the sale and of the function, and twice as fast, since other tests run beside it.
    .args(["--set", "time_scale=2"])
    .args(["--rate", "60/s"])
    .args(["--set", "pipeline.mapping.starting_concurrency=3"])
    .args(["--set", "pipeline.mapping.maximum_concurrency=3"])
    .args(["--set", "expect.max_schedule_lag_p99=10s"])
}

#[test]
fn the_labs_own_check_passes_what_strict_fails_and_the_report_says_why() {
    let conserved = lab_spike().args(["--set", "expect.gate=conserved"]);
    let conserved = std::thread::spawn(|| conserved.finish().code(0));
    let strict = lab_spike().finish().code(3);
    conserved.join().expect("a run");
    let report = strict.json("out/run.json");
    let count = |class: &str| report["classes"][class].as_u64().expect("a count") as f64;
    let dead = count("good_order_dead_lettered") + count("stored_and_dead_lettered");
    let good = (report["orders"]["planned"].as_u64().unwrap()
        - report["bad_orders"].as_u64().unwrap()) as f64;
    let share = dead / good;
    assert!(
        (0.2..0.7).contains(&share),
        "{share} of the good orders are dead letters"
    );
    assert_eq!(count("lost"), 0.0);
    let told = strict
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let number = format!("({:.0}%) are in the dead-letter queue", 100.0 * share);
    for part in [
        number.as_str(),
        "Cure: return batchItemFailures, and set ReportBatchItemFailures",
    ] {
        assert!(told.contains(part), "{part} in:\n{told}");
    }
}
