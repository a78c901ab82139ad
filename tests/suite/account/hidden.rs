//! Letters that `verify --live` and `clean` have received and can neither show again nor delete, since the queue does not
//! do what it is asked.

use aws_sdk_sqs::types::QueueAttributeName;

use super::stores::Stores;
use super::{credentials, empty, says, smoke_at};
use crate::suite::program::{Finished, Program};
use crate::suite::proxy::{Answer, Fault, From, Proxy};

const ALWAYS: u64 = u64::MAX;
const SHOWING: &str = "ChangeMessageVisibilityBatch";
const LETTERS: &str = "orders-dl-queue";
const VISIBLE: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessages;
const HIDDEN: QueueAttributeName = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;

/// Requests of this kind are answered and not carried out.
fn not_carried_out(endpoint: &str, on: &'static str) -> Proxy {
    let fault = Fault {
        from: From::Start,
        on,
        times: ALWAYS,
        answer: Answer::Body("{}"),
    };
    Proxy::to(endpoint, [fault])
}

#[test]
fn letters_that_stay_hidden_are_told_of_and_nobody_else_is_blamed() {
    let served = empty();
    let endpoint = served.endpoint();
    let stores = Stores::at(&endpoint);
    let run = smoke_at(&endpoint, "78");
    let bad = run.json("out/run.json")["bad_orders"]
        .as_u64()
        .expect("a count");
    assert!(bad > 0);
    stores.send(LETTERS, "no order");
    looks(&run, &endpoint, &stores, bad + 1);
    cleans(&run, &endpoint, &stores, bad);
}

fn looks(run: &Finished, endpoint: &str, stores: &Stores, letters: u64) {
    let dir = run.path("out").display().to_string();
    let journal = run.path("out/hidden-letters.journal");
    let look = |endpoint: &str| {
        let look = Program::new(["verify", &dir, "--live", "--endpoint-url", endpoint]);
        credentials(look).finish()
    };
    let proxy = not_carried_out(endpoint, SHOWING);
    let told = format!("{letters} letters could not be shown again, and stay hidden");
    says(&look(&proxy.endpoint()), &[&told, "UTC"]);
    assert!(proxy.struck() > 0);
    assert_eq!(stores.attribute(LETTERS, &HIDDEN), letters.to_string());
    assert!(journal.exists(), "their handles are kept");

    let again = look(endpoint).code(0);
    assert!(!again.stderr.contains("hidden"), "{}", again.stderr);
    assert_eq!(stores.attribute(LETTERS, &VISIBLE), letters.to_string());
    assert!(!journal.exists(), "there is nothing to leave");
}

fn cleans(run: &Finished, endpoint: &str, stores: &Stores, bad: u64) {
    let dir = run.path("out").display().to_string();
    let clean = |endpoint: &str| {
        let clean = Program::new(["clean", &dir, "--delete", "--yes"]);
        credentials(clean.args(["--endpoint-url", endpoint])).finish()
    };
    let proxy = not_carried_out(endpoint, "DeleteMessageBatch");
    let undeleted = clean(&proxy.endpoint()).code(1);
    says(
        &undeleted,
        &[&format!("{bad} of the run could not be deleted")],
    );
    assert!(
        !undeleted.stderr.contains("another consumer"),
        "{}",
        undeleted.stderr
    );
    let all = (bad + 1).to_string();
    assert_eq!(stores.attribute(LETTERS, &VISIBLE), all, "shown again");

    let proxy = not_carried_out(endpoint, SHOWING);
    let hidden = clean(&proxy.endpoint()).code(1);
    let deleted = format!("{bad} of the run deleted, 1 of others left");
    says(
        &hidden,
        &[
            &deleted,
            "1 letter could not be shown again and stays hidden",
        ],
    );
    assert!(
        !hidden.stderr.contains("another consumer"),
        "{}",
        hidden.stderr
    );
    assert_eq!(stores.attribute(LETTERS, &HIDDEN), "1");
    // Now it is somebody else who holds it.
    says(
        &clean(endpoint).code(1),
        &["1 letter is hidden by another consumer"],
    );
    // Of what was to be deleted no answer came: it is gone, or shows itself.
    stores.send(LETTERS, r#"{"order_number": 78000000001}"#);
    let strike = |on, answer| Fault {
        from: From::Start,
        on,
        times: ALWAYS,
        answer,
    };
    let faults = [
        strike("DeleteMessageBatch", Answer::Reset),
        strike(SHOWING, Answer::Body("{}")),
    ];
    let unanswered = clean(&Proxy::to(endpoint, faults).endpoint()).code(1);
    let told = unanswered.stderr.split_whitespace().collect::<Vec<_>>();
    let told = told.join(" ");
    assert!(
        told.contains("letters of the run that may be deleted")
            && told.contains("within 10 minutes): 1"),
        "{told}"
    );
    assert!(!told.contains("could not be shown again"), "{told}");
    // One that can be shown again is there.
    stores.send(LETTERS, r#"{"order_number": 78000000002}"#);
    let faults = [strike("DeleteMessageBatch", Answer::Reset)];
    let shown = clean(&Proxy::to(endpoint, faults).endpoint()).code(1);
    assert!(!shown.stderr.contains("may be deleted"), "{}", shown.stderr);
}
