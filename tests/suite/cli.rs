//! What the program says to good and bad command lines.

use super::program::{Program, scenario};

#[test]
fn help_names_every_command_and_every_exit_code() {
    let help = Program::new(["--help"]).finish().code(0).quiet();
    for word in [
        "run",
        "check",
        "verify",
        "gate",
        "report",
        "serve",
        "self-test",
        "up",
        "down",
        "clean",
        "130",
        "inconclusive",
        "refused",
    ] {
        assert!(help.stdout.contains(word), "{word} in:\n{}", help.stdout);
    }
}

#[test]
fn bad_arguments_exit_2() {
    let finished = Program::new(["run"]).finish().code(2);
    assert!(finished.stderr.contains("SCENARIO"), "{}", finished.stderr);
    Program::new(["run", "x.toml", "--run-id", "0"])
        .finish()
        .code(2);
}

#[test]
fn check_accepts_every_shipped_scenario() {
    let names = [
        "lab",
        "smoke",
        "baseline",
        "spike",
        "ramp",
        "soak",
        "throughput",
        "lab-spike",
        "default-table",
        "slow-start",
        "throttled-function",
        "visibility-too-short",
        "retention-short",
        "on-demand-doubling",
    ];
    for name in names {
        let finished = Program::new(["check", &scenario(name)])
            .finish()
            .code(0)
            .quiet();
        assert!(finished.stdout.contains("ok,"), "{}", finished.stdout);
    }
}

#[test]
fn check_reports_every_violation_of_every_file_at_once() {
    let finished = Program::new(["check", "a.toml", "missing.toml"])
        .file("a.toml", "name = \"a\"\nquestion = \"?\"\nseed = 1\nspeed = 3\n[[phase]]\nname = \"baseline\"\nrate = \"fast\"\nduration = \"-1s\"\n")
        .finish()
        .code(2);
    for word in ["a.toml", "speed", "rate", "duration", "missing.toml"] {
        assert!(
            finished.stderr.contains(word),
            "{word} in:\n{}",
            finished.stderr
        );
    }
    assert_eq!(finished.stdout, "");
}

#[test]
fn no_color_in_a_pipe_unless_asked_for() {
    let plain = Program::new(["check", "missing.toml"]).finish().code(2);
    assert!(!plain.stderr.contains('\u{1b}'), "{:?}", plain.stderr);
    let colored = Program::new(["check", "missing.toml", "--color", "always"])
        .finish()
        .code(2);
    assert!(colored.stderr.contains('\u{1b}'), "{:?}", colored.stderr);
}

#[test]
fn folders_that_hold_no_run_are_refused_with_a_next_step() {
    for command in ["verify", "report"] {
        let finished = Program::new([command, "nowhere"]).finish().code(2);
        assert!(finished.stderr.contains("nowhere"), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("orderproof run"),
            "a next step: {}",
            finished.stderr
        );
    }
}

#[test]
fn every_committed_report_opens_and_is_judged_the_same_again() {
    let reports = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
    for name in ["example-smoke", "example-spike"] {
        let example = reports.join(name).display().to_string();
        let shown = Program::new(["report", &example]).finish().code(0).quiet();
        assert!(shown.stdout.starts_with("PASS"), "{}", shown.stdout);
        let verified = Program::new(["verify", &example]).finish().code(0).quiet();
        assert!(verified.stdout.contains("unchanged"), "{}", verified.stdout);
        let rendered = Program::new(["report", &example, "--output-dir", "again"])
            .finish()
            .code(0)
            .quiet();
        for file in ["run.json", "timeseries.csv", "summary.md"] {
            let again = std::fs::read(rendered.path("again").join(file)).expect("rendered again");
            assert_eq!(
                again,
                std::fs::read(reports.join(name).join(file)).unwrap(),
                "{name}/{file}"
            );
        }
    }
}

#[test]
fn there_is_a_schema_of_runs_and_one_of_scenarios() {
    for (arguments, title) in [
        (vec![], "run.json of orderproof"),
        (vec!["run"], "run.json of orderproof"),
        (vec!["scenario"], "A scenario of orderproof"),
    ] {
        let shown = Program::new(["schema"]).command().args(&arguments).output();
        let shown = shown.expect("the program starts");
        let schema: serde_json::Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        assert_eq!(schema["title"], title, "{arguments:?}");
    }
}
