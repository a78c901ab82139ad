//! `orderproof clean`: what is of the run goes, and nothing else.

use aws_sdk_sqs::types::QueueAttributeName;

use super::stores::Stores;
use super::{as_if_elsewhere, credentials, empty, says, smoke_at};
use crate::suite::program::{Finished, Program};

#[test]
fn only_the_rows_and_letters_of_the_run_are_cleaned_away() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let run = smoke_at(&endpoint, "77");
    let report = run.json("out/run.json");
    let (planned, bad) = (
        &report["orders"]["planned"],
        report["bad_orders"].as_u64().expect("a count"),
    );
    let stored = planned.as_u64().expect("a count") - bad;
    // Neighbors in the number line, and what is no order at all.
    let others = [1, 76_999_999_999, 78_000_000_000];
    others.iter().for_each(|number| stores.put(*number));
    for body in [
        r#"{"order_number": 78000000000}"#,
        "no order",
        r#"{"order_number": "77000000001"}"#,
    ] {
        stores.send("orders-dl-queue", body);
    }
    let dir = run.path("out").display().to_string();
    let clean = |arguments: &[&str]| {
        let program = credentials(Program::new(["clean", &dir, "--endpoint-url", &endpoint]));
        arguments
            .iter()
            .fold(program, |program, argument| program.args([*argument]))
            .finish()
    };

    let counted = clean(&[]).code(0).quiet();
    let rows = format!("rows in orders: {stored} of the run, 3 of others left");
    let letters = format!("dead letters in orders-dl-queue: {bad} of the run, 3 of others left");
    says(
        &counted,
        &[&rows, &letters, "nothing was deleted", "77000000000, "],
    );
    assert_eq!(stores.rows().len() as u64, stored + 3);

    let deleted = clean(&["--delete"]).code(0).quiet();
    let rows = format!("rows in orders: {stored} of the run deleted, 3 of others left");
    let letters =
        format!("dead letters in orders-dl-queue: {bad} of the run deleted, 3 of others left");
    says(&deleted, &[&rows, &letters, "finds these orders lost"]);
    assert_eq!(stores.rows(), others, "rows of others are untouched");
    let visible = QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(
        stores.attribute("orders-dl-queue", &visible),
        "3",
        "and their letters are visible again"
    );

    let again = clean(&["--delete"]).code(0).quiet();
    says(&again, &["0 of the run deleted, 3 of others left"]);

    refuses_what_it_should(&run, &endpoint, &stores);
}

/// The guards of `clean`, on a folder that was cleaned already.
fn refuses_what_it_should(run: &Finished, endpoint: &str, stores: &Stores) {
    let plan = std::fs::read_to_string(run.path("out/plan.json")).expect("a plan");
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("it is ours")
    };
    let dir = folder.path().display().to_string();
    // Where it goes is named as on any machine: by the environment.
    let clean_at = |named: &str, arguments: &[&str]| {
        let program = credentials(Program::new(["clean", &dir])).env("AWS_ENDPOINT_URL", named);
        arguments
            .iter()
            .fold(program, |program, argument| program.args([*argument]))
            .finish()
    };
    let clean = |arguments: &[&str]| clean_at(endpoint, arguments);
    stores.put(77_000_000_005);

    write("plan.json", &plan);
    let unnamed = clean_at("http://127.0.0.1:1", &["--delete", "--without-verdict"]).code(6);
    says(&unnamed, &["names the endpoint", "--endpoint-url"]);
    clean(&[]).code(0);
    let refused = clean(&["--delete"]).code(6);
    says(&refused, &["has no run.json", "--without-verdict"]);
    assert!(
        stores.rows().contains(&77_000_000_005),
        "the evidence is there"
    );

    write(
        "plan.json",
        &plan.replace(endpoint, &as_if_elsewhere(endpoint)),
    );
    let clean = |arguments: &[&str]| clean_at(&as_if_elsewhere(endpoint), arguments);
    clean(&[]).code(0);
    let refused = clean(&["--delete", "--without-verdict"]).code(6);
    says(
        &refused,
        &["the rows of run 77 from table orders", "give --yes"],
    );
    assert!(stores.rows().contains(&77_000_000_005));
    clean(&["--delete", "--without-verdict", "--yes"]).code(0);
    assert!(!stores.rows().contains(&77_000_000_005));

    // Letters in somebody else's hands may be the run's.
    write("plan.json", &plan);
    let clean = |arguments: &[&str]| clean_at(endpoint, arguments);
    stores.hold("orders-dl-queue");
    let incomplete = clean(&["--delete", "--without-verdict"]).code(1);
    says(&incomplete, &["1 letter is hidden by another consumer"]);

    // To receive them would be to move them on.
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:orders-queue","maxReceiveCount":1}"#;
    stores.set("orders-dl-queue", QueueAttributeName::RedrivePolicy, policy);
    let refused = clean(&[]).code(6);
    says(&refused, &["has a redrive policy of its own"]);
}

#[test]
fn a_run_of_the_embedded_pipeline_has_nothing_to_clean() {
    let example = format!("{}/reports/example-smoke", env!("CARGO_MANIFEST_DIR"));
    let finished = Program::new(["clean", &example]).finish().code(2);
    says(&finished, &["nothing to clean"]);
    let finished = Program::new(["clean", "nowhere"]).finish().code(2);
    says(&finished, &["no such folder"]);
}
