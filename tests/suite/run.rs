//! Whole runs through the program: verdicts, files, exit codes, interrupts and crashes.

use std::time::{Duration, Instant};

use super::program::{Finished, Program, scenario};

/// The smoke scenario, quiet and with a shorter visibility timeout, its report in `out`.
fn smoke() -> Program {
    Program::new(["run", &scenario("smoke"), "--output-dir", "out", "--quiet"]).args([
        "--set",
        "pipeline.visibility_timeout=500ms",
        "--set",
        "pipeline.function.timeout=500ms",
        // Other tests drive load beside it.
        "--set",
        "expect.max_schedule_lag_p99=2s",
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
    assert_eq!(report["schema_version"], 2);
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
    for (kind, name) in [("row_altered", "altered"), ("write_lost", "lost")] {
        let finished = smoke()
            .args(["--set", &format!(r#"fault=[{{kind="{kind}", count=2}}]"#)])
            .finish()
            .code(3);
        assert_eq!(class(&finished, name), 2, "{kind}");
    }
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

fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen in 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts a run, waits until outcomes are in its journal, and sends it `signal`.
fn run_and_signal(program: &Program, signal: &str) -> std::process::Output {
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
    let finished = smoke().finish().code(0);
    let folder = finished.path("out").display().to_string();
    let journal = finished.path("out/ledger.journal");
    let whole = std::fs::read_to_string(&journal).unwrap();

    let without_end = whole.trim_end().rfind('\n').unwrap();
    std::fs::write(&journal, &whole[..without_end + 20]).unwrap();
    let torn = Program::new(["verify", &folder]).finish().code(4);
    assert!(torn.stdout.contains("ledger_unfinished"), "{}", torn.stdout);
    assert!(!torn.stdout.contains("lost"), "{}", torn.stdout);

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
fn an_order_removed_from_the_observation_is_reported_as_a_change() {
    let finished = smoke().finish().code(0);
    let folder = finished.path("out").display().to_string();
    let path = finished.path("out/observation.json");
    let mut observed = finished.json("out/observation.json");
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
    let verified = Program::new(["verify", &folder]).finish().code(3);
    assert!(
        verified.stdout.contains("lost 0 -> 1"),
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
        std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 40)
    });
    interrupt();
    wait_for("the end of the journal", || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.contains("end"))
    });
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
    let verified = Program::new(["verify", &folder.display().to_string()])
        .finish()
        .code(4);
    assert!(
        !verified.stdout.contains("ledger_unfinished"),
        "{}",
        verified.stdout
    );
}

/// A pipeline of this process, as the program at the other end of its endpoints expects it.
fn pipeline_elsewhere(run: u32) -> orderproof::pipeline::EmbeddedPipeline {
    use orderproof::{load::Schedule, order, scenario as file};
    let path = scenario("smoke");
    let text = std::fs::read_to_string(&path).expect("the smoke scenario");
    let set = [
        "pipeline.visibility_timeout=500ms",
        "pipeline.function.timeout=500ms",
    ];
    let overrides = file::Overrides {
        set: set.map(String::from).into(),
        ..Default::default()
    };
    let smoke = file::parse(&path, &text, &overrides).expect("a valid scenario");
    let plan = order::OrderPlan {
        run: order::RunId::new(run).expect("in range"),
        seed: smoke.seed,
        bad_share: smoke.bad_share,
    };
    let planned = Schedule::new(&smoke).count();
    orderproof::pipeline::EmbeddedPipeline::start(&smoke, plan, planned).expect("it starts")
}

const SECRET: &str = "a-secret-of-this-test";

fn at_endpoints(program: Program, pipeline: &orderproof::pipeline::EmbeddedPipeline) -> Program {
    let target = pipeline.target();
    program
        .args([
            "--set",
            &format!("target.sqs_endpoint_url={}", target.sqs_endpoint),
        ])
        .args([
            "--set",
            &format!("target.dynamodb_endpoint_url={}", target.dynamodb_endpoint),
        ])
        .args(["--set", "target.exact_counts=true"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
}

#[test]
fn a_pipeline_in_another_process_is_driven_with_credentials_from_the_environment() {
    let pipeline = pipeline_elsewhere(77);
    let finished = at_endpoints(smoke().args(["--run-id", "77"]), &pipeline)
        .finish()
        .code(0)
        .quiet();
    let report = finished.json("out/run.json");
    assert_eq!(
        report["orders"]["acknowledged"],
        report["orders"]["planned"]
    );
    assert_eq!(
        report["pipeline"],
        serde_json::Value::Null,
        "its counters are not ours to read"
    );
    for name in std::fs::read_dir(finished.path("out")).unwrap() {
        let bytes = std::fs::read(name.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET), "no credentials are stored");
    }

    // Rows and dead letters of the first run are there, and are no business of the second.
    let again = at_endpoints(smoke().args(["--run-id", "78"]), &pipeline).finish();
    assert_ne!(again.code, 3, "{}", again.stdout);
    assert!(again.json("out/run.json")["foreign_rows"].as_u64().unwrap() > 0);
}

#[test]
fn a_target_that_is_not_there_is_refused_before_anything_is_sent() {
    let finished = smoke()
        .args(["--set", "target.sqs_endpoint_url=http://127.0.0.1:9"])
        .args(["--set", "target.dynamodb_endpoint_url=http://127.0.0.1:9"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .finish()
        .code(2);
    assert!(
        finished.stderr.contains("GetQueueUrl"),
        "{}",
        finished.stderr
    );
    assert!(!finished.path("out").exists());
}

/// Sends one message to the orders queue as anybody can; the HTTP status.
fn send_raw(target: &orderproof::store::Target, body: &[u8]) -> u16 {
    use std::io::{Read, Write};
    let address = target.sqs_endpoint.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n\
         Content-Type: application/x-amz-json-1.0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("a head");
    // A server that refuses what is too long may end the connection before the last byte.
    let _ = stream.write_all(body);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let status = String::from_utf8_lossy(&reply);
    let status = status
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.expect("a status line")
}

#[test]
fn hostile_messages_of_others_change_nothing_for_the_runs_own_orders() {
    let pipeline = pipeline_elsewhere(79);
    let target = pipeline.target();
    let message = |body: &str| {
        let request = serde_json::json!({"QueueUrl": target.orders_queue_url, "MessageBody": body});
        send_raw(&target, request.to_string().as_bytes())
    };
    let hostile = [
        "[".repeat(100_000),
        "x".repeat(1 << 20),
        r#"{"order_number": 18446744073709551616}"#.to_owned(),
        r#"{"order_number": -7, "num_items": 1, "price_per_item": NaN}"#.to_owned(),
        r#"{"order_number": 8000000001, "num_items": 1, "price_per_item": "err", "item_description": "=1+1"}"#
            .to_owned(),
    ];
    for body in &hostile {
        assert_eq!(message(body), 200, "{}", &body[..20]);
    }
    let invalid = [
        b"{\"QueueUrl\": \"\xff\xfe\", \"MessageBody\": \"\xff\"}".to_vec(),
        vec![b'x'; 10 << 20],
    ];
    for body in &invalid {
        assert!(
            (400..500).contains(&send_raw(&target, body)),
            "refused in words"
        );
    }
    let finished = at_endpoints(smoke().args(["--run-id", "79"]), &pipeline)
        .finish()
        .code(0);
    let report = finished.json("out/run.json");
    assert_eq!(report["foreign_dead_letters"], hostile.len());
    assert_eq!(report["classes"]["phantom"], 0);
}
