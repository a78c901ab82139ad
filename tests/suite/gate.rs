//! `orderproof gate` through the real program: what it reads, what it refuses, and how it ends.

use std::path::{Path, PathBuf};

use super::program::{Finished, Program, copy_of, scenario, sealed_run};
use super::run::smoke;

/// A run of the smoke scenario that passed, copied to where it may be changed.
fn passed() -> (tempfile::TempDir, PathBuf) {
    copy_of(sealed_run())
}

fn gate<const N: usize>(run: &Path, arguments: [&str; N]) -> Finished {
    Program::new(["gate", &run.display().to_string()])
        .args(arguments)
        .finish()
}

fn change(run: &Path, file: &str, from: &str, to: &str) {
    let path = run.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from:?} in {file}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_run_that_passed_opens_the_gate_and_each_rule_says_what_was_observed() {
    let (_folder, run) = passed();
    let own = gate(&run, []).code(0).quiet();
    assert!(
        own.stdout
            .starts_with("PASS  gate: 4 of 4 rules hold; exit code 0\n"),
        "{}",
        own.stdout
    );
    assert!(
        own.stdout
            .contains("judged again from its ledger and its observation")
    );
    assert!(!own.stdout.contains('\u{1b}'), "no color in a pipe");
    let given = gate(
        &run,
        [
            "--rule",
            "stored >= 500",
            "--rule",
            "end_to_end_p99 < 50s for spike",
        ],
    );
    let given = given.code(0).quiet();
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    let stored = format!("\u{2713} stored >= 500 {} ", report["classes"]["stored"]);
    assert!(words(&given.stdout).contains(&stored), "{}", given.stdout);
}

#[test]
fn what_a_gate_writes_takes_no_evidence_away_and_a_file_it_cannot_write_passes_nothing() {
    let (_folder, run) = passed();
    let evidence = [
        "ledger.journal",
        "observation.json",
        "seal.json",
        "run.json",
    ];
    for (name, flag) in evidence
        .iter()
        .zip(["--junit", "--markdown", "--junit", "--junit"])
    {
        let path = run.join(name);
        let before = std::fs::read(&path).unwrap();
        let refused = gate(&run, [flag, path.to_str().unwrap()]).code(2);
        assert!(
            refused.stderr.contains("name another file"),
            "{}",
            refused.stderr
        );
        assert_eq!(std::fs::read(&path).unwrap(), before, "{name}");
    }
    let beside = run.join("gate-junit.xml");
    gate(&run, ["--junit", beside.to_str().unwrap()])
        .code(0)
        .quiet();
    let nowhere = run.join("nowhere/junit.xml");
    let unwritten = gate(&run, ["--junit", nowhere.to_str().unwrap()]).code(1);
    assert!(!unwritten.stdout.contains("PASS"), "{}", unwritten.stdout);
    assert!(
        !unwritten.stderr.contains("nowhere/.tmp"),
        "{}",
        unwritten.stderr
    );
}

/// A text without the widths of its columns.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn exit_codes_tell_orders_from_speed_from_what_is_missing() {
    let (_folder, run) = passed();
    for (rule, code, word) in [
        ("stored < 500", 3, "FAIL"),
        ("drain < 1ms", 5, "FAIL"),
        ("acknowledged_rate >= 900/s", 5, "FAIL"),
        ("response_time_p999 < 1s for warm-up", 4, "INCONCLUSIVE"),
        ("conserved", 0, "PASS"),
    ] {
        let finished = gate(&run, ["--rule", rule]).code(code).quiet();
        assert!(
            finished.stdout.starts_with(word),
            "{rule}: {}",
            finished.stdout
        );
    }
}

#[test]
fn bad_rules_are_reported_all_at_once() {
    let finished = Program::new(["gate", "nowhere", "--rules", "gate.toml"])
        .args(["--rule", "lost < 0", "--rule", "strikt"])
        .args(["--rule", "regression < 5%"])
        .file("gate.toml", "rules = [\"drain < 60\", \"lost == 0\"]")
        .finish()
        .code(2);
    for word in [
        "lost < 0",
        "never hold",
        "strikt",
        "takes a baseline",
        "strict",
        "gate.toml: rules[0]",
        "1m30s",
    ] {
        assert!(
            finished.stderr.contains(word),
            "{word} in:\n{}",
            finished.stderr
        );
    }
    assert!(!finished.stderr.contains("nowhere"), "{}", finished.stderr);

    let (_folder, run) = passed();
    let finished = gate(
        &run,
        [
            "--rule",
            "drain < 1s",
            "--rule",
            "end_to_end_p99 < 1s for sale",
        ],
    )
    .code(2);
    assert!(
        finished
            .stderr
            .contains("only warm-up, baseline, spike, recovery"),
        "{}",
        finished.stderr
    );
    assert_eq!(finished.stdout, "");
    // Rules that cannot be parsed and rules that do not fit this run are reported together.
    let both = gate(
        &run,
        ["--rule", "strikt", "--rule", "end_to_end_p99 < 1s for sale"],
    )
    .code(2);
    for word in ["strikt", "only warm-up, baseline, spike, recovery"] {
        assert!(both.stderr.contains(word), "{word} in:\n{}", both.stderr);
    }
    Program::new(["gate", "nowhere", "--rules", "gate.toml"])
        .finish()
        .code(2);
}

#[test]
fn check_refuses_rules_that_do_not_fit_before_a_run() {
    let smoke = scenario("smoke");
    let check = |rule: &str| Program::new(["check", &smoke, "--rule", rule]).finish();
    check("end_to_end_p99 < 1s for spike").code(0).quiet();
    let finished = check("end_to_end_p99 < 1s for sale").code(2);
    assert!(
        finished.stderr.contains("invalid rules"),
        "{}",
        finished.stderr
    );
    check("lost > 0").code(2);
}

#[test]
fn a_report_that_cannot_be_read_never_opens_the_gate() {
    let (_folder, run) = passed();
    let path = run.join("run.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let damage: [(&str, Option<String>); 5] = [
        ("missing", None),
        ("empty", Some(String::new())),
        ("torn", Some(whole[..whole.len() / 2].into())),
        (
            "another version",
            Some(whole.replacen("\"schema_version\": 4", "\"schema_version\": 5", 1)),
        ),
        (
            "an unknown field",
            Some(whole.replacen('{', "{\"approved\": true,", 1)),
        ),
    ];
    for (what, text) in damage {
        match text {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
        }
        let junit = run.join("junit.xml");
        let finished = gate(&run, ["--junit", junit.to_str().unwrap()]).code(2);
        assert!(
            finished.stderr.contains("run.json"),
            "{what}: {}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "", "{what}");
        let xml = std::fs::read_to_string(&junit).unwrap();
        assert!(
            xml.contains(r#"tests="1" skipped="0" failures="0" errors="1""#),
            "{what}: {xml}"
        );
    }
}

#[test]
fn a_report_that_says_pass_is_held_against_the_evidence_beside_it() {
    let (_folder, run) = passed();
    let dropped = std::fs::read(run.join("ledger.journal")).unwrap();
    std::fs::write(run.join("ledger.journal"), &dropped[..dropped.len() - 100]).unwrap();
    let finished = gate(&run, ["--rule", "lost == 0"]).quiet();
    assert_eq!(finished.code, 4, "{}", finished.stdout);
    assert!(
        finished
            .stdout
            .contains("the evidence is not as the run left it"),
        "{}",
        finished.stdout
    );

    for name in [
        "ledger.journal",
        "plan.json",
        "sent.json",
        "meters.json",
        "seal.json",
    ] {
        std::fs::remove_file(run.join(name)).unwrap();
        gate(&run, []).code(4).quiet();
    }
    std::fs::remove_file(run.join("observation.json")).unwrap();
    let alone = gate(&run, []).code(0).quiet();
    assert!(
        alone
            .stdout
            .contains("not judged again: the folder holds the report alone"),
        "{}",
        alone.stdout
    );
    gate(&run, ["--require-evidence"]).code(4).quiet();
    change(
        &run,
        "run.json",
        "\"verdict\": \"pass\"",
        "\"verdict\": \"fail\"",
    );
    let changed = gate(&run, []).code(5).quiet();
    assert!(
        changed.stdout.contains("the findings say pass"),
        "{}",
        changed.stdout
    );
}

#[test]
fn a_plan_of_another_run_is_no_evidence() {
    let (_folder, run) = passed();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/example-spike/plan.json");
    std::fs::copy(other, run.join("plan.json")).unwrap();
    let finished = gate(&run, []).code(4).quiet();
    assert!(finished.stdout.contains("plan.json"), "{}", finished.stdout);
    std::fs::remove_file(run.join("seal.json")).unwrap();
    let finished = gate(&run, []).code(4).quiet();
    assert!(
        finished.stdout.contains("of another scenario"),
        "{}",
        finished.stdout
    );
}

#[test]
fn junit_markdown_and_json_tell_the_same() {
    let (folder, run) = passed();
    let (junit, page) = (
        folder.path().join("junit.xml"),
        folder.path().join("page.md"),
    );
    std::fs::write(&junit, "what an earlier call left").unwrap();
    std::fs::write(&page, "# What an earlier step said\n").unwrap();
    let finished = gate(&run, ["--rule", "drain < 1ms", "--rule", "strict"]).code(5);
    assert!(words(&finished.stdout).contains("\u{2717} drain < 1 ms "));
    let arguments = [
        "--rule=drain < 1ms",
        "--rule=strict",
        "--json",
        "--junit",
        junit.to_str().unwrap(),
    ];
    let json = gate(&run, arguments).code(5).quiet();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["passed"], false);
    assert_eq!(json["exit_code"], 5);
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["rules"][0]["standing"], "failed");
    assert_eq!(json["rules"][1]["standing"], "ok");
    let xml = std::fs::read_to_string(&junit).unwrap();
    assert!(
        xml.contains(r#"<testcase name="drain &lt; 1ms""#) && xml.contains("<failure"),
        "{xml}"
    );
    gate(&run, ["--markdown", page.to_str().unwrap()])
        .code(0)
        .quiet();
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(
        page.starts_with("# What an earlier step said\n## PASS: order gate of `smoke`"),
        "{page}"
    );
    let shown = gate(&run, ["--markdown", "-"]).code(0).quiet();
    assert!(shown.stdout.starts_with("## PASS"), "{}", shown.stdout);
    gate(&run, ["--markdown", "-", "--json"]).code(2);
}

#[test]
fn a_gate_that_cannot_say_so_does_not_pass() {
    let (_folder, run) = passed();
    let nowhere = run.join("no-folder/junit.xml");
    let nowhere = nowhere.to_str().unwrap();
    let finished = gate(&run, ["--junit", nowhere]).code(1);
    assert!(
        finished.stderr.contains("cannot write"),
        "{}",
        finished.stderr
    );
    gate(&run, ["--junit", nowhere, "--rule", "drain < 1ms"]).code(5);
    gate(&run, ["--markdown", nowhere]).code(1);
}

#[test]
fn a_gate_that_loses_one_order_fails_and_one_that_does_not_passes() {
    let lost = smoke().args(["--set", "fault=[{kind=\"message_vanishes\", count=1}]"]);
    let lost = lost.finish().code(3);
    let finished = gate(&lost.path("out"), ["--rule", "redelivered < 1000"])
        .code(3)
        .quiet();
    assert!(
        finished
            .stdout
            .starts_with("FAIL  gate: 1 of 1 rule holds, and the run itself did not pass")
    );
    let finished = gate(&lost.path("out"), []).code(3).quiet();
    assert!(
        words(&finished.stdout).contains("\u{2717} lost == 0 1"),
        "{}",
        finished.stdout
    );

    gate(sealed_run(), []).code(0).quiet();
}

/// What readers of JUnit XML make of it: junitparser, and the form that CI servers share.
#[test]
#[ignore = "needs peers: a Python with junitparser"]
fn readers_of_junit_understand_it() {
    let (folder, run) = passed();
    let python = std::env::var_os("ORDERPROOF_PYTHON").expect("ORDERPROOF_PYTHON names a Python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/read_junit.py");
    let read = |file: &Path, tests: &str, failures: &str, errors: &str| {
        let status = std::process::Command::new(&python)
            .arg(&script)
            .arg(file)
            .args([tests, failures, errors])
            .status()
            .expect("Python runs");
        assert!(status.success(), "{}", file.display());
    };
    let junit = folder.path().join("junit.xml");
    let to = junit.to_str().unwrap();
    gate(&run, ["--junit", to]).code(0);
    read(&junit, "21", "0", "0");
    gate(
        &run,
        [
            "--junit",
            to,
            "--rule=drain < 1ms",
            "--rule=response_time_p999 < 1s for warm-up",
        ],
    )
    .code(5);
    read(&junit, "19", "1", "1");
    for file in ["run.json", "plan.json"] {
        let path = run.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let hostile = "\"name\": \"]]>\\u0000\\u001b[31m<&>\\\"'\\ufffe\\ud83d\\ude00\"";
        std::fs::write(&path, text.replacen("\"name\": \"smoke\"", hostile, 1)).unwrap();
    }
    gate(&run, ["--junit", to]).code(4);
    read(&junit, "21", "0", "1");
    std::fs::remove_file(run.join("run.json")).unwrap();
    gate(&run, ["--junit", to]).code(2);
    read(&junit, "1", "0", "1");
}
