//! `orderproof serve --stub`: runs against it, what it drops, and clients of others.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::program::{Finished, Program, scenario};
use super::run::smoke;
use super::serve::whole_exchange;
use super::served::Served;

pub(super) fn stub<const N: usize>(arguments: [&str; N]) -> Served {
    let smoke = scenario("smoke");
    let program = Program::new(["serve", &smoke, "--stub", "--port", "0"]);
    Served::start(program.args(arguments))
}

/// Half the smoke scenario's run against the stub, as its banner says.
pub(super) fn against(served: &Served) -> Program {
    served
        .at(smoke().args(["--run-id", "4242"]))
        .args(["--set", "target.processor=external"])
}

fn get(served: &Served, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let answer = whole_exchange(&served.endpoint(), &request);
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}

pub(super) fn figures(served: &Served) -> Value {
    serde_json::from_str(&get(served, "/stub")).expect("JSON")
}

/// The orders that the stub says it has dropped.
fn dropped(served: &Served) -> BTreeSet<u64> {
    let text = get(served, "/stub/dropped");
    text.lines()
        .map(|line| line.parse().expect("a number"))
        .collect()
}

/// The orders that the run says are lost.
fn lost(finished: &Finished) -> BTreeSet<u64> {
    let findings = std::fs::read(finished.path("out/findings.csv")).expect("findings");
    let mut findings = csv::Reader::from_reader(findings.as_slice());
    let rows: Vec<_> = findings.records().map(|row| row.expect("a row")).collect();
    let lost = rows.iter().filter(|row| &row[2] == "lost");
    lost.map(|row| row[0].parse().expect("a number")).collect()
}

#[test]
fn a_run_against_the_stub_passes_and_both_count_the_same() {
    let served = stub([
        "--duplicate",
        "0.05",
        "--delay",
        "3ms",
        "--delay-share",
        "50%",
    ]);
    let finished = against(&served).finish().code(0);
    let report = finished.json("out/run.json");
    let orders = &report["orders"];
    assert_eq!(orders["acknowledged"], orders["planned"]);
    assert_eq!(
        report["classes"]["dead_lettered_by_design"],
        report["bad_orders"]
    );
    let seen = figures(&served);
    let run = &seen["runs"][0];
    assert_eq!(
        (&run["run_id"], &run["distinct"]),
        (&4242.into(), &orders["planned"])
    );
    assert_eq!((&run["dropped"], &seen["refused"]), (&0.into(), &0.into()));
    assert!(run["duplicated"].as_u64() > Some(0), "{seen}");
    assert!(seen["delayed_requests"].as_u64() > Some(0), "{seen}");
    assert!(report["redelivered"].as_u64() > Some(0), "what came twice");
    // Whoever reads the report sees what it is about.
    let target = report["provenance"]["target"].as_str().expect("a text");
    assert!(target.contains("a stub without a consumer"), "{target}");
    let stopped = served.stop();
    assert_eq!(stopped.code, Some(0));
    for part in ["orders/s on average", "run 4242: ", "0 dropped"] {
        assert!(
            stopped.stderr.contains(part),
            "{part} in {}",
            stopped.stderr
        );
    }
}

#[test]
fn what_the_stub_drops_is_what_the_run_finds_lost() {
    let served = stub(["--drop", "0.02"]);
    let finished = against(&served).finish().code(3);
    let dropped = dropped(&served);
    assert!((1..60).contains(&dropped.len()), "{dropped:?}");
    assert_eq!(lost(&finished), dropped);
    // By the seed: the same orders of another stub.
    let again = stub(["--drop", "0.02"]);
    against(&again).finish().code(3);
    assert_eq!(self::dropped(&again), dropped);
    let stopped = served.stop().stderr;
    assert!(
        stopped.contains(&format!("{} dropped", dropped.len())),
        "{stopped}"
    );
}

#[test]
fn orders_of_another_seed_are_refused_and_nothing_is_accused() {
    let served = stub(["--seed", "9"]);
    let finished = against(&served).finish();
    let report = finished.json("out/run.json");
    assert_eq!(report["verdict"], "inconclusive", "{}", finished.stdout);
    assert_eq!(report["classes"]["lost"], 0);
    // Of two seeds an order may be the same by chance.
    let count = |name: &str| report["orders"][name].as_u64().expect("a count");
    assert!(count("rejected") * 10 > count("planned") * 9, "{report}");
    let stopped = served.stop().stderr;
    assert!(
        stopped.contains("another scenario, seed or setting"),
        "{stopped}"
    );
}

#[test]
fn what_the_stub_cannot_play_is_refused_with_what_to_do() {
    for (arguments, part) in [
        (
            vec![scenario("fifo-throughput"), "--stub".into()],
            "[order]",
        ),
        (
            vec![scenario("faults/19-queue-purged"), "--stub".into()],
            "plants faults",
        ),
        (vec!["--drop".into(), "0.1".into()], "--stub"),
        (
            vec!["--stub".into(), "--drop".into(), "2".into()],
            "within 0 and 1",
        ),
        (vec!["--stub".into(), "--empty".into()], "--empty"),
    ] {
        let words = arguments.iter().map(String::as_str);
        let serve = std::iter::once("serve").chain(words);
        let folder = tempfile::tempdir().expect("a folder");
        let refused = Program::new([]).here(folder.path(), serve).finish().code(2);
        assert!(
            refused.stderr.contains(part),
            "{part} in {}",
            refused.stderr
        );
    }
}

#[test]
fn names_that_are_not_its_own_and_pages_of_others_are_refused() {
    let served = stub(["--allow-host", "orders.local", "--quiet"]);
    let body = r#"{"QueueUrl":"http://x/0/orders-queue","MessageBody":"hello"}"#;
    for (headers, status) in [
        ("host: localhost", 200),
        ("host: orders.local:7", 200),
        ("host: evil.example", 403),
        ("host: localhost\r\norigin: http://evil.example", 403),
        ("x: y", 400),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\n{headers}\r\nconnection: close\r\nx-amz-target: AmazonSQS.SendMessage\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = whole_exchange(&served.endpoint(), &request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{headers}: {answer}"
        );
    }
    let seen = figures(&served);
    assert_eq!(seen["orders"], 0, "{seen}");
    // Who is refused has changed nothing.
    assert_eq!(seen["unrecognized_messages"], 2, "{seen}");
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn boto3_sends_to_the_stub_and_its_digests_hold() {
    let python = std::env::var_os("ORDERPROOF_PYTHON");
    let python = python.expect("ORDERPROOF_PYTHON names a Python with boto3");
    let served = stub(["--quiet"]);
    let script: PathBuf = [
        env!("CARGO_MANIFEST_DIR"),
        "tests",
        "peers",
        "stub_client.py",
    ]
    .iter()
    .collect();
    let output = Command::new(python)
        .arg(script)
        .arg(served.endpoint())
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{output:?}");
    let seen = figures(&served);
    assert_eq!(seen["unrecognized_messages"], 13, "{seen}");
    assert_eq!(seen["refused"], 2, "{seen}");
    assert_eq!(seen["runs"], Value::Array(Vec::new()), "{seen}");
}
