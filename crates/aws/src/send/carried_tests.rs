//! Messages that carry more than a body: as they arrive, and as the reply tells of them.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use super::carried::Carried;
use super::stub::{Answer, Recorded, Stub, md5, sending, target};
use super::*;
use crate::emulator::Gateway;
use crate::emulator::sqs::{QueueAttributes, Site, SqsEngine};
use crate::ledger::{MessageId, Outcome};
use crate::order::{AttributeText, MessageAttribute, Sink};

const PATIENT: Duration = Duration::from_secs(30);
const KINDS: [SenderKind; 2] = [SenderKind::Http, SenderKind::Sdk];

fn carried(n: usize) -> Carried {
    let attribute = |name: &str, value| MessageAttribute {
        name: name.into(),
        value,
    };
    Carried {
        attributes: vec![
            attribute(
                "tenant",
                AttributeText::Text(format!("z\u{fc}rich \"{n}\"")),
            ),
            attribute("N.1", AttributeText::Number(format!("-{n}.50"))),
        ],
        group: Some(format!("customer\\{n}")),
        deduplication: Some(format!("once-{n}")),
        request: None,
        delay: Some(Duration::from_secs(7)),
    }
}

fn batch_of(messages: impl IntoIterator<Item = Carried>) -> Batch {
    let mut batch = Batch::new();
    batch.clear(40);
    for (n, carried) in messages.into_iter().enumerate() {
        let body = format!("{{\"n\": {n}}}");
        assert!(batch.push(|out| out.put(&body), Some(carried)));
    }
    batch
}

fn sender(target: &Target, kind: SenderKind) -> AnySender {
    let pool = SenderPool::new(target, &sending(kind, PATIENT)).unwrap();
    pool.sender()
}

fn outcomes(reply: &SendReply) -> Vec<(Outcome, &str)> {
    let entries = reply.entries.iter();
    entries
        .map(|entry| (entry.outcome, entry.reason.as_deref().unwrap_or("")))
        .collect()
}

#[tokio::test]
async fn both_senders_send_the_same_and_nothing_for_what_is_not_there() {
    let stub = Stub::start(|_| Answer::Good).await;
    for kind in KINDS {
        let mut sender = sender(&stub.target(), kind);
        sender.send(&batch_of([carried(0)])).await;
        sender
            .send(&batch_of([carried(0), Carried::default()]))
            .await;
        sender.send(&batch_of([Carried::default()])).await;
    }
    let recorded = stub.recorded();
    let json = |request: &Recorded| -> Value { serde_json::from_slice(&request.body).unwrap() };
    let (ours, sdk) = recorded.split_at(3);
    for (ours, sdk) in ours.iter().zip(sdk) {
        assert_eq!(json(ours), json(sdk));
    }
    let queue = "/000000000000/orders-queue";
    let mut single = json(&ours[0]);
    assert!(single["QueueUrl"].take().as_str().unwrap().ends_with(queue));
    let expected = json!({
        "QueueUrl": null,
        "MessageBody": "{\"n\": 0}",
        "MessageAttributes": {
            "tenant": {"DataType": "String", "StringValue": "z\u{fc}rich \"0\""},
            "N.1": {"DataType": "Number", "StringValue": "-0.50"},
        },
        "MessageGroupId": "customer\\0",
        "MessageDeduplicationId": "once-0",
        "DelaySeconds": 7,
    });
    assert_eq!(single, expected);
    let bare = json!({"Id": "1", "MessageBody": "{\"n\": 1}"});
    assert_eq!(json(&ours[1])["Entries"][1], bare);
    assert_eq!(json(&ours[2]).as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_queue_takes_them_and_its_digest_of_the_attributes_is_ours() {
    let engine = SqsEngine::new();
    let attributes = QueueAttributes::default();
    engine.create_queue("orders-queue", attributes).unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.unwrap();
    let site = Site::local(listener.local_addr().unwrap());
    let front = Gateway::new(engine.clone(), site.clone(), None);
    tokio::spawn(front.serve(listener, std::future::pending()));
    let target = target(&site.base_url);
    for kind in KINDS {
        let mut sender = sender(&target, kind);
        // Without what FIFO queues alone take.
        let plain = |n| Carried {
            deduplication: None,
            request: None,
            delay: None,
            ..carried(n)
        };
        for messages in [1, 10] {
            let reply = sender.send(&batch_of((0..messages).map(plain))).await;
            assert_eq!(
                outcomes(&reply),
                vec![(Outcome::Acknowledged, ""); messages]
            );
        }
    }
    assert_eq!(engine.counts("orders-queue").unwrap().total(), 22);
}

/// A good reply in which the digest of the second message's attributes is `digest`; the first has none.
fn telling(request: &Recorded, digest: Option<&Value>) -> Answer {
    let mut reply = request.good_reply();
    if let Some(digest) = digest {
        reply["Successful"][1]["MD5OfMessageAttributes"] = digest.clone();
    }
    Answer::Reply(200, reply.to_string())
}

#[tokio::test]
async fn an_order_whose_attributes_did_not_arrive_as_sent_is_in_doubt_and_no_other() {
    let right = carried(1).md5_of_attributes().unwrap();
    let right = right.map(|byte| format!("{byte:02x}")).concat();
    let differs = (Outcome::Indeterminate, "MD5 of the attributes differs");
    let missing = (
        Outcome::Indeterminate,
        "no MD5 of the attributes in the reply",
    );
    let good = (Outcome::Acknowledged, "");
    for (digest, expected, why) in [
        (Some(json!(right)), good, "the right one"),
        (Some(json!(md5("another"))), differs, "another one"),
        (Some(json!("")), differs, "an empty one"),
        (None, missing, "none"),
        (Some(json!(null)), missing, "null"),
    ] {
        let script = digest.clone();
        let stub = Stub::start(move |request| telling(request, script.as_ref())).await;
        for kind in KINDS {
            let mut sender = sender(&stub.target(), kind);
            let reply = sender
                .send(&batch_of([Carried::default(), carried(1)]))
                .await;
            assert_eq!(outcomes(&reply), [good, expected], "{why}, {kind:?}");
        }
    }
    // A digest for attributes that nobody sent says nothing, of whatever type it is.
    let stub = Stub::start(|request| telling(request, Some(&json!(5)))).await;
    let batch = batch_of([Carried::default(), Carried::default()]);
    let reply = sender(&stub.target(), SenderKind::Http).send(&batch).await;
    assert_eq!(outcomes(&reply), [good, good]);
}

#[tokio::test]
async fn the_message_id_is_kept_of_those_orders_alone_that_are_known_by_it() {
    let stub = Stub::start(|_| Answer::Good).await;
    for kind in KINDS {
        let mut batch = batch_of([Carried::default()]);
        batch.name_last();
        assert!(batch.push(|out| out.put("x"), None));
        let reply = sender(&stub.target(), kind).send(&batch).await;
        let ids = reply.entries.iter().map(|entry| entry.message_id.clone());
        let expected = [MessageId::parse("m0"), None];
        assert!(ids.eq(expected), "{kind:?}: {reply:?}");
    }
    let long = |request: &Recorded| {
        let mut reply = request.good_reply();
        reply["MessageId"] = json!("m".repeat(101));
        Answer::Reply(200, reply.to_string())
    };
    let stub = Stub::start(long).await;
    let mut batch = batch_of([Carried::default()]);
    let mut sender = sender(&stub.target(), SenderKind::Http);
    assert_eq!(
        sender.send(&batch).await.entries[0].outcome,
        Outcome::Acknowledged
    );
    batch.name_last();
    let entry = sender.send(&batch).await.entries.remove(0);
    assert_eq!(
        (entry.outcome, entry.message_id),
        (Outcome::Indeterminate, None)
    );
}
