//! The fidelity suite: what an unmodified SDK client sees of SQS and DynamoDB, at any endpoint.
//!
//! Each behavior is a [`check::Check`]; `check::all` has them in order. The embedded pipeline answers all of them in
//! plain `cargo test`; other servers ("peers") in a test that is asked for, which writes `docs/fidelity.md`.

mod answer;
mod check;
mod known;
mod peer;
mod runner;

mod counts;
mod dead_letters;
mod delete;
mod errors;
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
mod rows;
mod scans;
mod tables;
mod transactions;
mod updates;

use std::collections::BTreeSet;

use check::Outcome;
use peer::Endpoints;

/// What the embedded pipeline answers.
async fn ask_embedded() -> Vec<Outcome> {
    let pipeline = super::endpoint::pipeline_elsewhere(90);
    let target = pipeline.target();
    let endpoints = Endpoints {
        sqs: Some(target.sqs_endpoint),
        dynamodb: Some(target.dynamodb_endpoint),
    };
    let outcomes = runner::run(&check::all(), &endpoints).await;
    let outcomes = outcomes.into_iter();
    outcomes
        .map(|outcome| outcome.expect("it has both services"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn embedded_answers_every_check() {
    let mut wrong = Vec::new();
    for (check, outcome) in check::all().into_iter().zip(ask_embedded().await) {
        match (outcome, known::reason(check.line)) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Err(sentence), None) => wrong.push(format!("{}\n    {sentence}", check.line)),
            (Ok(()), Some(_)) => wrong.push(format!("{}\n    is listed as known", check.line)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_has_a_name_of_its_own_and_every_difference_a_check() {
    let lines: BTreeSet<_> = check::all().iter().map(|check| check.line).collect();
    assert_eq!(lines.len(), check::all().len());
    for known in known::KNOWN {
        assert!(lines.contains(known.line), "no check: {}", known.line);
    }
}
