//! The fidelity suite: what an unmodified SDK client sees of SQS, DynamoDB, SNS and EventBridge, at any endpoint.
//!
//! Each behavior is a [`check::Check`]; `check::all` has them in order. The embedded pipeline answers all of them in
//! plain `cargo test`; other servers ("peers") in a test that is asked for, which writes `docs/fidelity.md`.

mod answer;
mod check;
mod document;
mod known;
mod liar;
mod peer;
mod runner;

mod counts;
mod dead_letters;
mod delete;
mod doors;
mod errors;
mod fifo;
mod moves;
mod polling;
mod queues;
mod receive;
mod send;
mod send_batches;
mod visibility;

mod batches;
mod capacity;
mod conditions;
mod items;
mod limits;
mod queries;
mod reads;
mod rows;
mod scans;
mod tables;
mod throttling;
mod transactions;
mod updates;

use std::collections::BTreeSet;
use std::time::Duration;

use check::{Documented, Outcome};
use document::{Column, EMBEDDED};
use peer::Endpoints;

/// What the embedded pipeline answers.
async fn ask_embedded() -> Vec<Option<Outcome>> {
    let pipeline = super::endpoint::pipeline_elsewhere(90);
    let target = pipeline.target();
    let endpoints = Endpoints {
        at_a_time: 8,
        // Other tests run beside it.
        limit: Duration::from_secs(120),
        sqs: Some(target.sqs_endpoint),
        dynamodb: Some(target.dynamodb_endpoint.clone()),
        doors: Some(target.dynamodb_endpoint),
    };
    runner::run(&check::all(), &endpoints).await
}

/// Fails where the embedded pipeline differs without a known reason, or no longer does.
fn hold_against_known(outcomes: &[Option<Outcome>]) {
    let mut wrong = Vec::new();
    for (check, outcome) in check::all().into_iter().zip(outcomes) {
        let outcome = outcome.as_ref().expect("it has both services");
        match (outcome, known::reason(check.line)) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Err(sentence), None) => wrong.push(format!("{}\n    {sentence}", check.line)),
            (Ok(()), Some(_)) => wrong.push(format!(
                "{}\n    passes and is listed as known to differ",
                check.line
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_answers_every_check() {
    hold_against_known(&ask_embedded().await);
}

/// Peers are named by the environment: `ORDERPROOF_PEER_MOTO`, `_MINISTACK` and `_DYNAMODB_LOCAL` are URLs, the same
/// with `_VERSION` their versions, `ORDERPROOF_FIDELITY_TABLE` the file to write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs peers: .ci/fidelity starts them"]
async fn peers_answer_the_same_checks() {
    let mut columns = vec![Column {
        name: EMBEDDED.to_owned(),
        outcomes: ask_embedded().await,
    }];
    // Moto needs seconds for a receive from a queue of thousands, and DynamoDB Local fails now and then with an
    // internal error while several tables are created or deleted: fewer at a time, and the answers are the same each run.
    for (name, variable, has_sqs, at_a_time) in [
        ("moto", "ORDERPROOF_PEER_MOTO", true, 3),
        ("ministack", "ORDERPROOF_PEER_MINISTACK", true, 8),
        ("DynamoDB Local", "ORDERPROOF_PEER_DYNAMODB_LOCAL", false, 1),
    ] {
        let Ok(url) = std::env::var(variable) else {
            continue;
        };
        let endpoints = Endpoints {
            at_a_time,
            limit: Duration::from_secs(30),
            sqs: has_sqs.then(|| url.clone()),
            doors: has_sqs.then(|| url.clone()),
            dynamodb: Some(url),
        };
        let version = std::env::var(format!("{variable}_VERSION")).unwrap_or_default();
        columns.push(Column {
            name: format!("{name} {version}").trim().to_owned(),
            outcomes: runner::run(&check::all(), &endpoints).await,
        });
    }
    assert!(columns.len() > 1, "no peer is named by ORDERPROOF_PEER_...");
    if let Ok(path) = std::env::var("ORDERPROOF_FIDELITY_TABLE") {
        let text = document::render(&check::all(), &columns);
        std::fs::write(&path, text).expect("a place for the table");
    }
    hold_against_known(&columns[0].outcomes);
}

#[test]
fn the_committed_table_has_these_checks_and_the_embedded_answers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/fidelity.md");
    let text = std::fs::read_to_string(path).expect("docs/fidelity.md");
    let checks = check::all();
    let (rows, expected) = (document::rows(&text), document::expected_rows(&checks));
    for (row, expected) in rows.iter().zip(&expected) {
        assert_eq!(row, expected, "stale: run .ci/fidelity");
    }
    assert_eq!(rows.len(), expected.len(), "stale: run .ci/fidelity");
    for known in known::KNOWN {
        assert!(text.contains(known.reason), "stale: run .ci/fidelity");
    }
}

#[test]
fn every_check_says_what_decides_it_and_every_difference_has_a_check() {
    let checks = check::all();
    let lines: BTreeSet<_> = checks.iter().map(|check| check.line).collect();
    assert_eq!(lines.len(), checks.len(), "each line once");
    for check in checks {
        assert!(
            check.line.ends_with('.') && !check.line.contains('|'),
            "{}",
            check.line
        );
        match check.documented {
            Documented::Aws(page) => {
                let is_page = page.contains(" API: ") || page.contains(" guide: ");
                assert!(is_page, "which page is this: {page}");
            }
            Documented::Unknown(note) => assert!(note.ends_with('.'), "{}", check.line),
        }
    }
    for known in known::KNOWN {
        assert!(lines.contains(known.line), "no check: {}", known.line);
    }
}
