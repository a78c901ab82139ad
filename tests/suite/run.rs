//! Whole runs through the program: verdicts, files, exit codes, interrupts and crashes.

use super::program::{Finished, Program, copy_of, scenario, sealed_run, wait_for};

/// The smoke scenario in half its time, quiet and with a shorter visibility timeout, its report in `out`.
pub fn smoke() -> Program {
    Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"]).args([
        "--set",
        "phase.warm-up.duration=500ms",
        "--set",
        "phase.baseline.duration=1s",
        "--set",
        "phase.spike.duration=1s",
        "--set",
        "phase.recovery.duration=500ms",
        "--set",
        "pipeline.visibility_timeout=500ms",
        "--set",
        "pipeline.function.timeout=500ms",
        // Other tests drive load beside it: how late it is, is no matter here.
        "--set",
        "expect.max_schedule_lag_p99=10s",
        "--set",
        "expect.rules=[\"end_to_end_p99 < 50s\", \"drain < 60s\"]",
    ])
}

fn class(finished: &Finished, name: &str) -> u64 {
    finished.json("out/run.json")["classes"][name]
        .as_u64()
        .expect("a class count")
}

#[test]
fn a_healthy_pipeline_passes_and_every_order_is_accounted_for() {
    let finished = smoke().finish().code(0).quiet();
    assert!(finished.stdout.contains("PASS"), "{}", finished.stdout);
    let report = finished.json("out/run.json");
    assert_eq!(report["schema_version"], 4);
    assert_eq!(report["verdict"], "pass");
    assert_eq!(report["gate"], "strict");
    let planned = report["orders"]["planned"].as_u64().unwrap();
    assert_eq!(report["orders"]["acknowledged"], planned);
    assert_eq!(
        class(&finished, "stored") + class(&finished, "dead_lettered_by_design"),
        planned
    );
    assert_eq!(
        class(&finished, "dead_lettered_by_design"),
        report["bad_orders"].as_u64().unwrap()
    );
    for name in [
        "plan.json",
        "ledger.journal",
        "observation.json",
        "timeseries.csv",
        "findings.csv",
        "report.html",
        "summary.md",
        "rates.svg",
        "rates.png",
        "backlog.svg",
        "backlog.png",
    ] {
        assert!(
            finished.path("out").join(name).exists(),
            "{name} is written"
        );
    }

    let folder = finished.path("out").display().to_string();
    let verified = Program::new(["verify", &folder]).finish().code(0).quiet();
    assert!(
        verified.stdout.to_lowercase().contains("unchanged"),
        "{}",
        verified.stdout
    );
    let shown = Program::new(["report", &folder]).finish().code(0).quiet();
    assert!(shown.stdout.contains("PASS"), "{}", shown.stdout);

    let again = Program::new(["run", &scenario("smoke"), "--output-dir", &folder])
        .finish()
        .code(2);
    assert!(
        again.stderr.contains("out"),
        "an existing folder is refused: {}",
        again.stderr
    );
}

#[test]
fn a_vanished_message_is_found_named_and_exits_3() {
    let finished = smoke()
        .args(["--set", r#"fault=[{kind="message_vanishes", count=1}]"#])
        .finish()
        .code(3);
    assert_eq!(class(&finished, "lost"), 1);
    let findings = std::fs::read_to_string(finished.path("out/findings.csv")).unwrap();
    assert_eq!(
        findings.lines().count(),
        2,
        "a header and the one order:\n{findings}"
    );
    let id = findings.lines().nth(1).unwrap().split(',').next().unwrap();
    assert!(
        finished.stdout.contains(id),
        "the order is named: {id} in\n{}",
        finished.stdout
    );
}

#[test]
fn an_altered_row_and_a_lost_write_exit_3() {
    std::thread::scope(|scope| {
        for (kind, name) in [("row_altered", "altered"), ("write_lost", "lost")] {
            scope.spawn(move || {
                let finished = smoke()
                    .args(["--set", &format!(r#"fault=[{{kind="{kind}", count=2}}]"#)])
                    .finish()
                    .code(3);
                assert_eq!(class(&finished, name), 2, "{kind}");
            });
        }
    });
}

#[test]
fn a_broken_performance_rule_exits_5() {
    let finished = smoke()
        .args(["--set", r#"expect.rules=["end_to_end_p50 < 1us"]"#])
        .finish()
        .code(5);
    assert_eq!(finished.json("out/run.json")["verdict"], "fail");
}

#[test]
fn a_deadline_too_short_to_settle_is_inconclusive_and_exits_4() {
    let finished = smoke()
        .args(["--set", "settle.deadline=100ms"])
        .finish()
        .code(4);
    assert_eq!(finished.json("out/run.json")["verdict"], "inconclusive");
    assert_eq!(
        class(&finished, "lost"),
        0,
        "what has not settled is not called lost"
    );
}

#[test]
fn the_sdk_sender_passes_too() {
    let finished = smoke()
        .args(["--set", "sending.sender=sdk", "--goose-report"])
        .finish()
        .code(0)
        .quiet();
    assert!(
        finished.stdout.starts_with("PASS"),
        "Goose prints nothing: {}",
        finished.stdout
    );
    let report = std::fs::read_to_string(finished.path("out/goose.html")).expect("Goose's report");
    assert!(
        report.contains("SendMessage"),
        "Goose's report names what was sent"
    );
}

/// Starts a run, waits until outcomes are in its journal, and sends it `signal`.
pub(super) fn run_and_signal(program: &Program, signal: &str) -> std::process::Output {
    let child = program
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let journal = program.folder().join("out/ledger.journal");
    wait_for("an outcome in the journal", || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 4)
    });
    let killed = std::process::Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(killed.success());
    child.wait_with_output().expect("the program ends")
}

#[test]
fn ctrl_c_still_ends_in_a_verdict() {
    let program = smoke();
    let output = run_and_signal(&program, "-INT");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read_to_string(program.folder().join("out/run.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["verdict"], "inconclusive");
    assert_eq!(report["interrupted"], true);
    assert!(report["orders"]["unsent"].as_u64().unwrap() > 0);
    assert_eq!(report["classes"]["lost"], 0);
}

#[test]
fn a_killed_run_is_verified_as_inconclusive() {
    let program = smoke();
    run_and_signal(&program, "-KILL");
    let folder = program.folder().join("out").display().to_string();
    let verified = Program::new(["verify", &folder]).finish().code(4);
    assert!(
        verified.stdout.contains("INCONCLUSIVE"),
        "{}",
        verified.stdout
    );
    assert!(
        verified.stdout.contains("observation"),
        "says what is missing: {}",
        verified.stdout
    );
}

#[test]
fn a_torn_tail_is_tolerated_and_a_torn_middle_is_not() {
    let (_folder, run) = copy_of(sealed_run());
    let folder = run.display().to_string();
    let journal = run.join("ledger.journal");
    let whole = std::fs::read_to_string(&journal).unwrap();

    // As a killed run leaves it.
    for name in [
        "seal.json",
        "run.json",
        "meters.json",
        "observation.json",
        "sent.json",
    ] {
        std::fs::remove_file(run.join(name)).unwrap();
    }
    let without_end = whole.trim_end().rfind('\n').unwrap();
    std::fs::write(&journal, &whole[..without_end + 20]).unwrap();
    let torn = Program::new(["verify", &folder]).finish().code(4);
    assert!(torn.stdout.contains("ledger_unfinished"), "{}", torn.stdout);
    assert!(!torn.stdout.contains("lost:"), "{}", torn.stdout);

    let middle = whole.lines().nth(3).unwrap();
    std::fs::write(
        &journal,
        whole.replacen(middle, &middle.replace(':', ";"), 1),
    )
    .unwrap();
    let damaged = Program::new(["verify", &folder]).finish().code(4);
    assert!(
        damaged.stdout.contains("ledger_unreadable"),
        "{}",
        damaged.stdout
    );

    std::fs::remove_file(&journal).unwrap();
    let missing = Program::new(["verify", &folder]).finish().code(4);
    assert!(
        missing.stdout.contains("ledger.journal"),
        "{}",
        missing.stdout
    );
}

#[test]
fn an_order_removed_from_the_observation_accuses_nobody() {
    let (_folder, run) = copy_of(sealed_run());
    let folder = run.display().to_string();
    let path = run.join("observation.json");
    let mut observed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let stored = observed["observation"]["stored"]
        .as_str()
        .unwrap()
        .to_owned();
    let first = stored.split([',', '-']).next().unwrap().to_owned();
    let rest = stored.replacen(
        &format!("{first}-"),
        &format!("{}-", first.parse::<u64>().unwrap() + 1),
        1,
    );
    assert_ne!(stored, rest, "the first range has more than one order");
    observed["observation"]["stored"] = rest.into();
    std::fs::write(&path, observed.to_string()).unwrap();
    let verified = Program::new(["verify", &folder]).finish().code(4);
    assert!(
        verified.stdout.contains("evidence_changed"),
        "{}",
        verified.stdout
    );
    // Nor is it an accusation where nothing vouches for it.
    std::fs::remove_file(run.join("seal.json")).unwrap();
    let verified = Program::new(["verify", &folder]).finish().code(4);
    assert!(
        verified.stdout.contains("evidence_contradicts"),
        "{}",
        verified.stdout
    );
}

#[test]
fn a_second_ctrl_c_quits_at_once_with_the_journal_intact() {
    let program = smoke().args([
        "--set",
        "settle.deadline=1h",
        "--set",
        "pipeline.visibility_timeout=30s",
    ]);
    let child = program
        .command()
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let journal = program.folder().join("out/ledger.journal");
    let interrupt = || {
        let id = child.id().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &id])
            .status()
            .expect("kill runs");
    };
    wait_for("half of the orders sent", || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 20)
    });
    interrupt();
    wait_for("the end of the journal", || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("end"))
    });
    let sent = program.folder().join("out/sent.json");
    wait_for("what the sender measured", || sent.exists());
    interrupt();
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let folder = program.folder().join("out");
    assert!(
        !folder.join("run.json").exists(),
        "it did not wait to settle"
    );
    // It was interrupted, as sent.json says, and there is no verdict but that.
    let verified = Program::new(["verify", &folder.display().to_string()])
        .finish()
        .code(130);
    assert!(
        !verified.stdout.contains("ledger_unfinished"),
        "{}",
        verified.stdout
    );
}

#[test]
fn a_folder_of_an_older_version_names_the_program_that_reads_it() {
    let verify = Program::new(["verify", "old"]);
    let folder = verify.folder().join("old");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("plan.json"), "{\"schema_version\": 1}").unwrap();
    let finished = verify.finish().code(2);
    assert!(
        finished.stderr.contains("orderproof 0.1 reads it"),
        "{}",
        finished.stderr
    );
}

/// The folder of a run that orderproof 0.3.0 wrote.
fn run_of_0_3_0() -> String {
    format!("{}/tests/fixtures/run-0.3.0", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_folder_of_0_3_0_is_shown_and_compared() {
    let folder = run_of_0_3_0();
    let shown = Program::new(["report", &folder]).finish().code(0).quiet();
    assert!(shown.stdout.starts_with("PASS"), "{}", shown.stdout);
    let compared = Program::new(["compare", &folder, &folder]).finish().code(0);
    assert!(compared.stdout.contains("unchanged"), "{}", compared.stdout);
}

/// 80 orders, then 240, of which half are refused, and one rule on that.
pub(super) fn half_refused(rule: &str, threads: &str) -> Finished {
    let file = format!(
        "name = \"aborted\"\nquestion = \"Does it stop?\"\n[[phase]]\nname = \"baseline\"\nrate = \"40/s\"\n\
         duration = \"2s\"\n[[phase]]\nname = \"spike\"\nrate = \"1x\"\nduration = \"6s\"\n[[fault]]\n\
         kind = \"entry_refused\"\nshare = \"50%\"\nphase = \"spike\"\n[expect]\n\
         max_schedule_lag_p99 = \"10s\"\nrules = [{rule}]\n"
    );
    Program::new(["run", "scenario.toml", "--output-dir", "out", "--quiet"])
        .args(["--threads", threads])
        .file("scenario.toml", &file)
        .finish()
}

#[test]
fn a_rule_that_nothing_can_mend_ends_the_sending_and_the_verdict_still_comes() {
    // 13 of 320 are more than 4%, and 128 of them are refused at least.
    let stopped = half_refused("{ rule = \"send_error_rate <= 4%\", abort = true }", "1").code(5);
    let report = stopped.json("out/run.json");
    assert_eq!(report["verdict"], "fail");
    assert_eq!(report["interrupted"], false, "nobody has");
    let orders = &report["orders"];
    assert!(orders["unsent"].as_u64() > Some(0), "{orders}");
    assert!(orders["rejected"].as_u64() >= Some(13), "{orders}");
    let codes = report["findings"].as_array().expect("findings").iter();
    let codes: Vec<_> = codes
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        ["rule_broken", "load_not_offered", "sending_aborted"]
    );
    let words: Vec<_> = stopped.stdout.split_whitespace().collect();
    let text = words.join(" ");
    assert!(text.contains("could no longer hold"), "{text}");
    let verified = Program::new(["verify", &stopped.path("out").display().to_string()]);
    let verified = verified.finish().code(5);
    assert!(verified.stdout.contains("unchanged"), "{}", verified.stdout);
}

#[test]
fn a_rule_that_is_broken_without_abort_and_one_that_may_hold_end_nothing() {
    std::thread::scope(|scope| {
        for (rule, code) in [
            ("\"send_error_rate <= 4%\"", 5),
            ("{ rule = \"send_error_rate < 90%\", abort = true }", 4),
        ] {
            scope.spawn(move || {
                let whole = half_refused(rule, "1").code(code);
                let report = whole.json("out/run.json");
                assert_eq!(report["orders"]["unsent"], 0, "{rule}");
                let words: Vec<_> = whole.stdout.split_whitespace().collect();
                assert!(!words.join(" ").contains("could no longer hold"), "{rule}");
            });
        }
    });
}
