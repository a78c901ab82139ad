//! Our signed requests at servers that check them, each with an implementation of its own.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use orderproof::ledger::Outcome;
use orderproof::order::{OrderPlan, RunId};
use orderproof::scenario::{SenderKind, Sending};
use orderproof::send::{Batch, Sender, SenderPool};
use orderproof::store::{DoorAt, TableAt, Target};

use super::peers::Peer;

/// The orders queue at `endpoint`, for who has these keys.
fn target(endpoint: &str, region: &str, keys: [&str; 2], token: Option<&str>) -> Target {
    let [access_key, secret] = keys;
    let token = token.map(str::to_owned);
    let credentials = Credentials::new(access_key, secret, token, None, "test");
    Target {
        sqs_endpoint: endpoint.into(),
        dynamodb_endpoint: endpoint.into(),
        region: region.into(),
        credentials: SharedCredentialsProvider::new(credentials),
        orders_queue_url: format!("{endpoint}/123456789012/orders-queue"),
        dead_letter_queue_url: format!("{endpoint}/123456789012/orders-dl-queue"),
        tables: TableAt::all(&orderproof::order::lab().tables),
        letter_queues: Vec::new(),
        door: DoorAt::Queue,
        exact_counts: true,
        read: Default::default(),
    }
}

/// What becomes of a batch of ten, and of a single order, by our own sender: each outcome and its reason once.
async fn outcomes(target: &Target) -> Vec<(Outcome, String)> {
    let sending = Sending {
        batch: 10,
        linger: Duration::ZERO,
        senders: 1,
        max_in_flight: 100,
        attempt_timeout: Duration::from_secs(30),
        sender: SenderKind::Http,
        to: Default::default(),
    };
    let plan = OrderPlan::lab(RunId::new(7).expect("in range"), 1, 0.3);
    let pool = SenderPool::new(target, &sending).expect("a good endpoint");
    let mut sender = pool.sender();
    let mut seen = Vec::new();
    for orders in [0..10, 10..11] {
        let mut batch = Batch::new();
        batch.fill(&plan, orders);
        let reply = sender.send(&batch).await;
        seen.extend(reply.entries.into_iter().map(|entry| {
            let reason = entry.reason.map(|reason| reason.to_string());
            (entry.outcome, reason.unwrap_or_default())
        }));
    }
    seen.dedup();
    seen
}

#[tokio::test]
#[ignore = "needs peers with botocore; .ci/run runs it"]
async fn botocore_works_out_the_same_signature_and_no_other_is_taken() {
    let server = Peer::start("sigv4_server.py", []);
    let [key, secret, token] = server.words() else {
        panic!("three words: {:?}", server.words());
    };
    let accepted = vec![(Outcome::Acknowledged, String::new())];
    let refused = |code: &str| vec![(Outcome::Rejected, code.to_owned())];
    let cases = [
        (
            "eu-west-1",
            &**secret,
            &**token,
            accepted,
            "as it should be",
        ),
        (
            "eu-west-1",
            "wrong",
            &**token,
            refused("SignatureDoesNotMatch"),
            "another secret",
        ),
        (
            "us-east-1",
            &**secret,
            &**token,
            refused("IncompleteSignature"),
            "another region",
        ),
        (
            "eu-west-1",
            &**secret,
            "another",
            refused("InvalidClientTokenId"),
            "another session",
        ),
    ];
    for (region, secret, token, expected, why) in cases {
        let target = target(server.endpoint(), region, [key, secret], Some(token));
        assert_eq!(outcomes(&target).await, expected, "{why}");
    }
}

#[tokio::test]
#[ignore = "needs peers: moto, which checks signatures; .ci/run runs it"]
async fn moto_takes_our_signature_and_refuses_a_wrong_one() {
    let moto = Peer::start("moto_pipeline.py", ["--signatures"]);
    let [key, secret] = moto.words() else {
        panic!("two words: {:?}", moto.words());
    };
    let at = |secret| target(moto.endpoint(), "us-east-1", [key, secret], None);
    let accepted = [(Outcome::Acknowledged, String::new())];
    assert_eq!(outcomes(&at(secret)).await, accepted);
    // moto refuses with 403 in the XML of the old protocol. That is no answer of SQS's JSON protocol, so our
    // sender believes nothing: in doubt, and not acknowledged.
    let doubt = "reply 403 without an error of SQS".to_owned();
    assert_eq!(
        outcomes(&at("wrong")).await,
        [(Outcome::Indeterminate, doubt)]
    );
}
