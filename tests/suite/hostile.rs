//! Texts from elsewhere through every command that shows them: nothing a terminal or a CI runner obeys comes out.

use std::path::Path;

use serde_json::{Value, json};

use super::program::{Finished, Program};

const HOSTILE: &str =
    "=1+1\u{1b}[2J\u{7}\n::error::x\r::set-output name=a::b ##[error]y \u{202e}z\u{200b}<b>&";

/// A folder of an earlier version whose every free text is hostile.
fn hostile_run(dir: &Path) {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/run-0.3.0");
    std::fs::create_dir_all(dir).unwrap();
    for entry in std::fs::read_dir(fixture).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, dir.join(path.file_name().unwrap())).unwrap();
    }
    change(&dir.join("plan.json"), |plan| {
        scenario(&mut plan["scenario"]);
        provenance(&mut plan["provenance"]);
    });
    change(&dir.join("run.json"), |run| {
        scenario(&mut run["scenario"]);
        provenance(&mut run["provenance"]);
        for phase in run["phases"].as_array_mut().unwrap() {
            phase["figures"]["name"] = HOSTILE.into();
        }
        for row in run["timeline"].as_array_mut().unwrap() {
            row["phase"] = HOSTILE.into();
        }
        run["send_errors"] = json!({HOSTILE: 7});
        run["quiescence"]["evidence"] = HOSTILE.into();
        run["verdict"] = "inconclusive".into();
        run["findings"] = json!([
            {"severity": "missing_evidence", "code": HOSTILE, "orders": 0, "message": HOSTILE, "first_ids": []}
        ]);
    });
}

fn change(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    change(&mut value);
    std::fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}

fn scenario(scenario: &mut Value) {
    for key in ["name", "question"] {
        scenario[key] = HOSTILE.into();
    }
    for phase in scenario["phases"].as_array_mut().unwrap() {
        phase["name"] = HOSTILE.into();
    }
}

fn provenance(provenance: &mut Value) {
    for key in ["target", "platform", "version", "scenario_file"] {
        provenance[key] = HOSTILE.into();
    }
}

/// What a reader cannot see, or obeys.
fn assert_harmless(text: &str, what: &str) {
    let unseen = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
    assert!(!text.contains(unseen), "{what}: {text:?}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{what}: {line:?}");
        assert!(!line.contains("##["), "{what}: {line:?}");
    }
}

fn run(dir: &Path, arguments: &[&str]) -> Finished {
    let place = |argument: &&str| match *argument {
        "DIR" => dir.display().to_string(),
        "IN" => dir.parent().unwrap().display().to_string(),
        argument => argument.to_owned(),
    };
    let arguments: Vec<_> = arguments.iter().map(place).collect();
    let program = Program::new([]);
    let arguments = arguments.iter().map(String::as_str);
    arguments
        .fold(program, |program, argument| program.args([argument]))
        .finish()
}

#[test]
fn no_command_passes_on_what_a_terminal_or_a_runner_obeys() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("run\n::error::folder\u{1b}[2J");
    hostile_run(&dir);
    for arguments in [
        &["report", "DIR"][..],
        &["compare", "DIR", "DIR"],
        &["compare", "DIR", "DIR", "--format", "markdown"],
        &["compare", "DIR", "DIR", "--format", "html"],
        &["compare", "DIR", "DIR", "--format", "json"],
        &["verify", "DIR"],
        &["gate", "DIR"],
        &["gate", "DIR", "--json"],
        &["gate", "DIR", "--markdown", "-"],
        &["list", "IN"],
        &["list", "IN", "--json"],
        &["report", "DIR", "--format", "json"],
        &["report", "DIR", "--format", "markdown"],
        &["report", "DIR", "--format", "html"],
        &["report", "DIR", "--format", "junit"],
        &["report", "DIR", "--format", "openmetrics"],
        &["report", "DIR", "--format", "timeseries-csv"],
        &["report", "DIR", "--format", "svg", "--part", "percentiles"],
    ] {
        let finished = run(&dir, arguments);
        assert!(
            !finished.stdout.is_empty(),
            "{arguments:?}: {}",
            finished.stderr
        );
        assert_harmless(&finished.stdout, &format!("{arguments:?}"));
        assert_harmless(&finished.stderr, &format!("{arguments:?}, standard error"));
    }
    let csv = run(&dir, &["report", "DIR", "--format", "timeseries-csv"]).stdout;
    let row = csv.lines().nth(1).unwrap();
    assert!(
        row.starts_with("0,'=1+1") || row.starts_with("0,\"'=1+1"),
        "{row}"
    );
    let json = run(&dir, &["list", "IN", "--json"]).stdout;
    let listed: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(listed[0]["run"]["scenario"], HOSTILE, "JSON says the same");
}

#[test]
fn errors_are_shown_and_not_obeyed() {
    let broken = "name = \"x\"\n\"a\\u001b[2J\\n::error::k\" = 1\n";
    let check = Program::new(["check", "broken.toml"])
        .file("broken.toml", broken)
        .finish()
        .code(2);
    assert!(check.stderr.contains("::error::k"), "{}", check.stderr);
    assert_harmless(&check.stderr, "a key");
    for arguments in [
        &["report", "no\n::error::such\u{1b}[2J"][..],
        &["check", "no\n::error::such\u{1b}[2J.toml"],
        &["--no\n::error::such\u{1b}[2J"],
        &["run", "lab.toml", "--set", "a\n::error::b\u{1b}[2J=1"],
    ] {
        let refused = run(Path::new("/"), arguments);
        assert_eq!(refused.code, 2, "{arguments:?}");
        assert_harmless(&refused.stderr, &format!("{arguments:?}"));
        let forged = refused.stderr.lines().any(|line| line.starts_with("::"));
        assert!(!forged, "{}", refused.stderr);
    }
}
