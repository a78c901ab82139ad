//! What an account does to a run: credentials that expire, permissions that are missing, reads that are throttled,
//! connections that end. The verdict waits for the evidence, nothing is forgotten, and a later look goes on.

use std::path::Path;

use orderproof::embedded::EmbeddedPipeline;
use orderproof::journal::read_journal;
use serde_json::Value;

use super::endpoint::pipeline_elsewhere;
use super::program::{Finished, Program, wait_for};
use super::proxy::{Answer, Fault, From, Proxy};

/// 100 orders in a second, one in ten bad and a dead letter within two seconds.
const SCENARIO: &str = r#"
name = "adversity"
question = "Is anything forgotten when the account says no?"
seed = 11
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "100/s"
duration = "1s"

[sending]
senders = 4

[pipeline]
visibility_timeout = "500ms"

[pipeline.function]
timeout = "500ms"

[settle]
deadline = "6s"

[expect]
gate = "strict"
max_schedule_lag_p99 = "10s"
rules = ["end_to_end_p99 < 60s"]
"#;

const ALWAYS: u64 = u64::MAX;

fn with_credentials(program: Program) -> Program {
    program
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
}

fn run_through(proxy: &Proxy) -> Program {
    run_in("us-east-1", proxy)
}

fn run_in(region: &str, proxy: &Proxy) -> Program {
    let run = Program::new(["run", "adversity.toml", "--output-dir", "out", "--quiet"])
        .file("adversity.toml", SCENARIO)
        .args(["--endpoint-url", &proxy.endpoint(), "--region", region])
        .args(["--set", "target.exact_counts=true"]);
    with_credentials(run)
}

fn look_again(folder: &Path) -> Finished {
    let out = folder.join("out").display().to_string();
    with_credentials(Program::new(["verify", &out, "--resume", "--yes"])).finish()
}

/// A number of the report.
fn number(report: &Value, path: &str) -> u64 {
    let value = report.pointer(path).and_then(Value::as_u64);
    value.unwrap_or_else(|| panic!("{path} in {report}"))
}

/// Every planned order is in one class, none of them lost, and the report says of sending what the ledger does.
fn nothing_is_forgotten(finished: &Finished) -> Value {
    let report = finished.json("out/run.json");
    let planned = number(&report, "/orders/planned");
    let classes = report["classes"].as_object().expect("classes");
    let sum: u64 = classes.values().filter_map(Value::as_u64).sum();
    assert_eq!(sum, planned, "{classes:?}");
    assert_eq!(number(&report, "/classes/lost"), 0);
    let journal = read_journal(&finished.path("out/ledger.journal")).expect("a ledger");
    let counts = journal.ledger.counts();
    assert!(journal.ended);
    assert_eq!(counts.acknowledged, number(&report, "/orders/acknowledged"));
    assert_eq!(counts.rejected, number(&report, "/orders/rejected"));
    report
}

fn says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "{part} in {told}");
    }
}

/// The words may be broken between lines.
fn in_a_line(told: &str) -> String {
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A run whose verification is met by `fault`, which is over by the second look.
fn interrupted_at_verification(run: u32, fault: Fault, told: &[&str]) {
    let pipeline = pipeline_elsewhere(run);
    interrupted_at(&pipeline, fault, "shared", told);
}

fn interrupted_at(pipeline: &EmbeddedPipeline, fault: Fault, dead_letters: &str, told: &[&str]) {
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [fault]);
    let first = run_through(&proxy).args(["--dead-letters", dead_letters]);
    let first = first.finish().code(4);
    assert!(proxy.struck() > 0);
    let words = in_a_line(&first.stdout);
    says(&words, told);
    says(&words, &["then `orderproof verify DIR --resume` goes on"]);
    let report = nothing_is_forgotten(&first);
    assert_eq!(
        report["orders"]["acknowledged"], report["orders"]["planned"],
        "sending was over"
    );
    proxy.heal();
    let second = look_again(first.folder.path()).code(0);
    says(&second.stdout, &["verdict INCONCLUSIVE -> PASS"]);
    nothing_is_forgotten(&first);
}

#[test]
fn credentials_that_expire_in_the_middle_of_sending_lose_nothing_and_prove_nothing() {
    let pipeline = pipeline_elsewhere(310);
    let expired = Fault {
        from: From::Sends(40),
        on: "",
        times: ALWAYS,
        answer: Answer::Error("ExpiredTokenException"),
    };
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [expired]);
    let first = run_through(&proxy).finish().code(4);
    says(
        &first.stdout,
        &[
            "ExpiredTokenException",
            "renew the credentials",
            "refused by SQS",
        ],
    );
    let report = nothing_is_forgotten(&first);
    let rejected = number(&report, "/orders/rejected");
    let acknowledged = number(&report, "/orders/acknowledged");
    assert!(rejected > 0 && acknowledged > 0, "{}", report["orders"]);
    assert_eq!(rejected + acknowledged, number(&report, "/orders/planned"));
    assert_eq!(number(&report, "/classes/rejected"), rejected);

    proxy.heal();
    // What was acknowledged is all found; the load that was asked for was never offered.
    let second = look_again(first.folder.path()).code(4);
    let refused = format!("0 were never sent and {rejected} were refused by SQS");
    says(&second.stdout, &["load_not_offered", &refused]);
    let codes = ["  load_not_offered:", "_incomplete:", "no_quiescence:"];
    let found = codes.map(|code| second.stdout.contains(code));
    assert_eq!(found, [true, false, false], "{}", second.stdout);
    let (good, bad) = (
        class_of(&second, "stored"),
        class_of(&second, "dead_lettered_by_design"),
    );
    assert_eq!(good + bad, acknowledged, "{}", second.stdout);
    assert_eq!(class_of(&second, "lost"), 0);
}

/// Orders of a class as `verify` tells them.
fn class_of(verified: &Finished, name: &str) -> u64 {
    let mut lines = verified.stdout.lines().map(str::split_whitespace);
    lines
        .find_map(|mut words| {
            let count = words.next()?.parse().ok()?;
            (words.next() == Some(name)).then_some(count)
        })
        .unwrap_or(0)
}

#[test]
fn credentials_that_expire_before_verification_cost_a_second_look() {
    let expired = Fault {
        from: From::Verification,
        on: "",
        times: ALWAYS,
        answer: Answer::Error("ExpiredTokenException"),
    };
    let told = ["ExpiredTokenException", "renew the credentials"];
    interrupted_at_verification(311, expired, &told);
}

#[test]
fn a_permission_that_is_missing_is_named() {
    let denied = Fault {
        from: From::Verification,
        on: "Scan",
        times: ALWAYS,
        answer: Answer::Error("AccessDeniedException"),
    };
    let told = ["AccessDeniedException", "allow dynamodb:Scan"];
    interrupted_at_verification(312, denied, &told);
}

/// The answers of something that is not the service, from verification on.
fn answered(on: &'static str, body: &'static str) -> Fault {
    Fault {
        from: From::Verification,
        on,
        times: ALWAYS,
        answer: Answer::Body(body),
    }
}

#[test]
fn replies_without_what_they_must_hold_are_no_evidence() {
    std::thread::scope(|scope| {
        for (run, body, why) in [
            (320, "", "it is empty"),
            (
                322,
                r#"{"Items":[],"Count":0,"ScannedCount":"#,
                "it cannot be read",
            ),
        ] {
            scope.spawn(move || {
                let told = ["the reply to Scan is not one of the service", why];
                interrupted_at_verification(run, answered("Scan", body), &told);
            });
        }
    });
}

#[test]
fn rows_that_could_never_be_read_prove_nothing_before_the_run_and_nothing_after() {
    let pipeline = pipeline_elsewhere(327);
    let fault = Fault {
        from: From::Start,
        ..answered("Scan", "{}")
    };
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [fault]);
    let first = run_through(&proxy).finish().code(4);
    nothing_is_forgotten(&first);
    let before = &first.json("out/preflight.json")["id_space"]["unread"];
    let why = before.as_str().expect("a reason");
    assert!(why.contains("the reply to Scan is not one"), "{why}");
    proxy.heal();
    let second = look_again(first.folder.path()).code(0);
    says(&second.stdout, &["verdict INCONCLUSIVE -> PASS"]);
    // With an id that was given there is no chance to trust in.
    let fault = Fault {
        from: From::Start,
        ..answered("Scan", "{}")
    };
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [fault]);
    let given = run_through(&proxy).args(["--run-id", "328"]);
    let refused = given.finish().code(6);
    says(&refused.stderr, &["nothing was sent", "cannot be read"]);
}

#[test]
fn a_look_up_that_names_no_list_calls_nothing_lost() {
    let pipeline = pipeline_elsewhere(323);
    let no_rows = answered("Scan", r#"{"Items":[],"Count":0,"ScannedCount":0}"#);
    let no_list = answered("BatchGetItem", r#"{"Responses":{},"UnprocessedKeys":{}}"#);
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [no_rows, no_list]);
    let first = run_through(&proxy).finish().code(4);
    says(&in_a_line(&first.stdout), &["its Responses do not name"]);
    nothing_is_forgotten(&first);
    proxy.heal();
    let second = look_again(first.folder.path()).code(0);
    says(&second.stdout, &["verdict INCONCLUSIVE -> PASS"]);
}

#[test]
fn a_scan_without_end_is_given_up() {
    let page = r#"{"Items":[],"Count":0,"ScannedCount":0,"LastEvaluatedKey":{"id":{"N":"5"}}}"#;
    let told = ["more rows follow after id 5", "it would never end"];
    interrupted_at_verification(324, answered("Scan", page), &told);
}

#[test]
fn a_receive_without_its_members_is_no_empty_queue() {
    std::thread::scope(|scope| {
        for (run, body, why) in [
            (
                325,
                "",
                "the reply to ReceiveMessage is not one of the service",
            ),
            (
                326,
                r#"{"Messages":[{"Body":"{}"}]}"#,
                "without its id or its body",
            ),
        ] {
            scope.spawn(move || {
                let told = [why];
                interrupted_at_verification(run, answered("ReceiveMessage", body), &told);
            });
        }
    });
}

#[test]
fn dead_letters_that_may_not_be_deleted_are_kept_counted_once_and_deleted_later() {
    let pipeline = pipeline_elsewhere(316);
    let denied = Fault {
        from: From::Verification,
        on: "DeleteMessageBatch",
        times: ALWAYS,
        answer: Answer::Error("AccessDeniedException"),
    };
    let told = ["could not be deleted", "allow sqs:DeleteMessage"];
    interrupted_at(&pipeline, denied, "own", &told);
    let holdings = pipeline.holdings().expect("the pipeline's own view");
    assert_eq!(holdings.dead_letters.len(), 0, "the second look drained it");
}

/// A run whose verification is met by what passes.
fn not_interrupted(run: u32, times: u64, on: &'static str, answer: Answer) {
    let pipeline = pipeline_elsewhere(run);
    let from = From::Verification;
    let fault = Fault {
        from,
        on,
        times,
        answer,
    };
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [fault]);
    let finished = run_through(&proxy).finish().code(0);
    assert_eq!(proxy.struck(), times);
    nothing_is_forgotten(&finished);
}

#[test]
fn a_scan_that_is_throttled_for_a_while_is_read_all_the_same() {
    let slow = Answer::Error("ProvisionedThroughputExceededException");
    not_interrupted(313, 3, "Scan", slow);
}

#[test]
fn connections_that_end_at_verification_are_made_again() {
    not_interrupted(314, 2, "", Answer::Reset);
}

#[test]
fn a_queue_that_is_not_in_the_region_is_refused_before_anything_is_sent() {
    let pipeline = pipeline_elsewhere(315);
    let missing = Fault {
        from: From::Start,
        on: "GetQueueUrl",
        times: ALWAYS,
        answer: Answer::Error("QueueDoesNotExist"),
    };
    let proxy = Proxy::to(&pipeline.target().sqs_endpoint, [missing]);
    let refused = run_in("eu-west-1", &proxy).finish().code(6);
    says(
        &refused.stderr,
        &[
            "nothing was sent",
            "no queue called orders-queue in eu-west-1",
        ],
    );
    assert!(!refused.path("out").exists());
    let holdings = pipeline.holdings().expect("the pipeline's own view");
    assert_eq!((holdings.rows(), holdings.queued.len()), (0, 0));
}

#[test]
fn a_verifier_killed_in_the_middle_of_the_scan_goes_on_where_it_was() {
    let pipeline = pipeline_elsewhere(106);
    // Pages of 20 rows, one a second.
    let run = Program::new(["run", "adversity.toml", "--output-dir", "out", "--quiet"])
        .file("adversity.toml", SCENARIO)
        .args(["--run-id", "106", "--set", "target.read_units=5"])
        .at(&pipeline.target());
    let mut child = run
        .command()
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let journal = run.folder().join("out/scan.journal");
    let records = || {
        let bytes = std::fs::read(&journal).unwrap_or_default();
        bytes.iter().filter(|byte| **byte == b'\n').count()
    };
    wait_for("two pages", || records() >= 3);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let kept = records() as u64 - 1;
    assert!(
        !run.folder().join("out/run.json").exists(),
        "killed before it could report"
    );

    let again = look_again(run.folder()).code(0);
    says(&again.stdout, &["PASS"]);
    let seen: Value = serde_json::from_slice(
        &std::fs::read(run.folder().join("out/observation.json")).expect("what was seen"),
    )
    .expect("JSON");
    let scan = &seen["observation"]["scan"];
    let rows = pipeline.holdings().expect("the pipeline's own view").rows();
    assert_eq!(scan["items"], rows, "every row once");
    assert_eq!(
        number(scan, "/requests"),
        (rows as u64).div_ceil(20) - kept,
        "no page twice"
    );
    assert!(!journal.exists());
}
