//! Senders against a stub: what is sent is right, and each reply decides what it can and no more.

mod connections;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use serde_json::json;

use super::stub::{Answer, Recorded, Stub, md5, sending, target};
use super::*;
use crate::ledger::Outcome;
use crate::order::{OrderPlan, RunId};

const PATIENT: Duration = Duration::from_secs(30);

fn batch(orders: std::ops::Range<u64>) -> Batch {
    let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.3);
    let mut batch = Batch::new();
    batch.fill(&plan, orders);
    batch
}

fn sender(target: &Target, kind: SenderKind, timeout: Duration) -> AnySender {
    SenderPool::new(target, &sending(kind, timeout))
        .unwrap()
        .sender()
}

fn words(reply: &SendReply) -> Vec<(Outcome, &str)> {
    let entries = reply.entries.iter();
    entries
        .map(|entry| (entry.outcome, entry.reason.as_deref().unwrap_or("")))
        .collect()
}

#[tokio::test]
async fn both_senders_put_identical_orders_on_the_queue() {
    let stub = Stub::start(|_| Answer::Good).await;
    for kind in [SenderKind::Http, SenderKind::Sdk] {
        let mut sender = sender(&stub.target(), kind, PATIENT);
        for orders in [0..10, 10..11, 11..14] {
            let batch = batch(orders);
            let reply = sender.send(&batch).await;
            assert_eq!(
                words(&reply),
                vec![(Outcome::Acknowledged, ""); batch.len()],
                "{kind:?}"
            );
        }
    }
    let recorded = stub.recorded();
    let (ours, sdk) = recorded.split_at(3);
    for (ours, sdk) in ours.iter().zip(sdk) {
        assert_eq!(ours.messages(), sdk.messages());
        for header in ["x-amz-target", "content-type", "host"] {
            assert_eq!(ours.header(header), sdk.header(header), "{header}");
        }
        let json = |request: &Recorded| -> serde_json::Value {
            serde_json::from_slice(&request.body).unwrap()
        };
        assert_eq!(json(ours), json(sdk));
    }
    assert_eq!(ours[0].messages().len(), 10);
    assert_eq!(
        ours[1].header("x-amz-target"),
        Some("AmazonSQS.SendMessage")
    );
}

/// The signature that `request` should carry, worked out anew from what arrived.
pub(super) fn expected_signature(request: &Recorded, body: &[u8]) -> String {
    let signed = request.header("authorization").unwrap();
    let names = signed
        .split("SignedHeaders=")
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let by_the_signer = ["host", "x-amz-date", "x-amz-security-token"];
    let headers: Vec<(&str, &str)> = names
        .split(';')
        .filter(|name| !by_the_signer.contains(name))
        .map(|name| (name, request.header(name).unwrap()))
        .collect();
    let date = request.header("x-amz-date").unwrap();
    let (day, clock) = date.trim_end_matches('Z').split_once('T').unwrap();
    let rfc3339 = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &day[..4],
        &day[4..6],
        &day[6..],
        &clock[..2],
        &clock[2..4],
        &clock[4..]
    );
    let time: jiff::Timestamp = rfc3339.parse().unwrap();
    let token = request.header("x-amz-security-token").map(str::to_owned);
    let identity = Credentials::new("AKIDEXAMPLE", "secret", token, None, "test").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name("sqs")
        .time(SystemTime::try_from(time).unwrap())
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("http://{}/", request.header("host").unwrap());
    let signable =
        SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body));
    sign(signable.unwrap(), &params)
        .unwrap()
        .signature()
        .to_owned()
}

#[tokio::test]
async fn a_request_is_signed_as_the_server_works_it_out() {
    let stub = Stub::start(|_| Answer::Good).await;
    let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
    ours.send(&batch(0..10)).await;
    ours.send(&batch(3..4)).await;
    for request in stub.recorded() {
        let signed = request.header("authorization").unwrap();
        assert!(
            signed.contains("content-type;host;x-amz-date;x-amz-security-token;x-amz-target"),
            "{signed}"
        );
        let signature = signed.split("Signature=").nth(1).unwrap();
        assert_eq!(signature, expected_signature(&request, &request.body));
        let mut altered = request.body.clone();
        altered[20] ^= 1;
        assert_ne!(
            signature,
            expected_signature(&request, &altered),
            "another body"
        );
    }
}

/// One reply to a batch of two, what it is, and what it says about either order.
struct Case {
    why: &'static str,
    answer: fn(&Recorded) -> Answer,
    first: (Outcome, &'static str),
    second: (Outcome, &'static str),
}

const ACKED: (Outcome, &str) = (Outcome::Acknowledged, "");

fn reply(status: u16, body: &serde_json::Value) -> Answer {
    Answer::Reply(status, body.to_string())
}

fn cases() -> Vec<Case> {
    let in_doubt = |reason| (Outcome::Indeterminate, reason);
    let refused = |reason| (Outcome::Rejected, reason);
    vec![
        Case {
            why: "all is well",
            answer: |_| Answer::Good,
            first: ACKED,
            second: ACKED,
        },
        Case {
            why: "one entry failed, by SQS's own fault",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] =
                    json!([{"Id": "0", "Code": "InternalError", "SenderFault": false}]);
                reply(200, &json)
            },
            first: in_doubt("InternalError"),
            second: ACKED,
        },
        Case {
            why: "one entry failed, not by the sender's fault, with a code that is not SQS's",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] = json!([{"Id": "0", "Code": "NotToday", "SenderFault": false}]);
                reply(200, &json)
            },
            first: in_doubt("NotToday"),
            second: ACKED,
        },
        Case {
            why: "one entry failed, by the sender's fault",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] =
                    json!([{"Id": "0", "Code": "InvalidMessageContents", "SenderFault": true}]);
                reply(200, &json)
            },
            first: refused("InvalidMessageContents"),
            second: ACKED,
        },
        Case {
            why: "a fault of the server's by its code, and of the sender's by its flag",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] =
                    json!([{"Id": "0", "Code": "InternalFailure", "SenderFault": true}]);
                reply(200, &json)
            },
            first: in_doubt("InternalFailure"),
            second: ACKED,
        },
        Case {
            why: "an id twice among the successful",
            answer: |request| {
                let mut json = request.good_reply();
                let again = json["Successful"][0].clone();
                json["Successful"].as_array_mut().unwrap().push(again);
                reply(200, &json)
            },
            first: in_doubt("named twice in the reply"),
            second: ACKED,
        },
        Case {
            why: "a code of the server's own for the whole request, whatever its status",
            answer: |_| reply(400, &json!({"__type": "com.amazonaws.sqs#InternalFailure"})),
            first: in_doubt("InternalFailure"),
            second: in_doubt("InternalFailure"),
        },
        Case {
            why: "an entry in neither list",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"].as_array_mut().unwrap().remove(1);
                reply(200, &json)
            },
            first: ACKED,
            second: in_doubt("not named in the reply"),
        },
        Case {
            why: "an entry in both lists",
            answer: |request| {
                let mut json = request.good_reply();
                json["Failed"] =
                    json!([{"Id": "1", "Code": "InternalError", "SenderFault": false}]);
                reply(200, &json)
            },
            first: ACKED,
            second: in_doubt("named twice in the reply"),
        },
        Case {
            why: "an id that was never sent says nothing",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"][0]["Id"] = json!("7");
                reply(200, &json)
            },
            first: in_doubt("not named in the reply"),
            second: ACKED,
        },
        Case {
            why: "another body's MD5",
            answer: |request| {
                let mut json = request.good_reply();
                json["Successful"][1]["MD5OfMessageBody"] = json!(md5("other"));
                reply(200, &json)
            },
            first: ACKED,
            second: in_doubt("MD5 of the body differs"),
        },
        Case {
            why: "a refusal of the whole request",
            answer: |_| {
                reply(
                    400,
                    &json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no"}),
                )
            },
            first: refused("QueueDoesNotExist"),
            second: refused("QueueDoesNotExist"),
        },
        Case {
            why: "throttled",
            answer: |_| {
                reply(
                    400,
                    &json!({"__type": "com.amazonaws.sqs#RequestThrottled"}),
                )
            },
            first: refused("RequestThrottled"),
            second: refused("RequestThrottled"),
        },
        Case {
            why: "a proxy's 403",
            answer: |_| Answer::Reply(403, "<html>no</html>".into()),
            first: in_doubt("reply 403 without an error of SQS"),
            second: in_doubt("reply 403 without an error of SQS"),
        },
        Case {
            why: "a 5xx, even with an error type",
            answer: |_| {
                reply(
                    503,
                    &json!({"__type": "com.amazonaws.sqs#ServiceUnavailable"}),
                )
            },
            first: in_doubt("reply 503"),
            second: in_doubt("reply 503"),
        },
        Case {
            why: "200 and half a JSON",
            answer: |_| Answer::Reply(200, r#"{"Successful":[{"Id":"0","#.into()),
            first: in_doubt("unreadable reply"),
            second: in_doubt("unreadable reply"),
        },
    ]
}

#[tokio::test]
async fn each_reply_decides_what_it_can_whoever_reads_it() {
    for case in cases() {
        for kind in [SenderKind::Http, SenderKind::Sdk] {
            let stub = Stub::start(case.answer).await;
            let reply = sender(&stub.target(), kind, PATIENT)
                .send(&batch(0..2))
                .await;
            assert_eq!(
                words(&reply),
                [case.first, case.second],
                "{}, {kind:?}",
                case.why
            );
            assert_eq!(
                stub.recorded().len(),
                1,
                "{}, {kind:?}: sent once",
                case.why
            );
        }
    }
}

#[tokio::test]
async fn a_single_order_is_judged_by_the_same_rules() {
    let in_doubt = |reason| (Outcome::Indeterminate, reason);
    type Script = fn(&Recorded) -> Answer;
    let cases: [(Script, (Outcome, &str), &str); 5] = [
        (|_| Answer::Good, ACKED, "all is well"),
        (
            |_| {
                reply(
                    200,
                    &json!({"MessageId": "m", "MD5OfMessageBody": md5("x")}),
                )
            },
            in_doubt("MD5 of the body differs"),
            "another body",
        ),
        (
            |_| reply(400, &json!({"__type": "x#InvalidMessageContents"})),
            (Outcome::Rejected, "InvalidMessageContents"),
            "refused",
        ),
        (|_| reply(500, &json!({})), in_doubt("reply 500"), "failed"),
        (
            |_| Answer::Reply(408, r#"{"__type": "x#RequestTimeout"}"#.into()),
            in_doubt("reply 408"),
            "timed out there",
        ),
    ];
    for (script, expected, why) in cases {
        for kind in [SenderKind::Http, SenderKind::Sdk] {
            let stub = Stub::start(script).await;
            let reply = sender(&stub.target(), kind, PATIENT)
                .send(&batch(4..5))
                .await;
            assert_eq!(words(&reply), [expected], "{why}, {kind:?}");
        }
    }
    let stub = Stub::start(|_| reply(200, &json!({"MessageId": "m"}))).await;
    let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
    let told = ours.send(&batch(4..5)).await;
    assert_eq!(
        words(&told),
        [in_doubt("unreadable reply")],
        "no MD5 at all"
    );
    for json in [
        json!({"MD5OfMessageBody": "x"}),
        json!({"MD5OfMessageBody": "x", "MessageId": 7}),
    ] {
        let stub = Stub::start(move |request| {
            let mut json = json.clone();
            json["MD5OfMessageBody"] = request.good_reply()["MD5OfMessageBody"].clone();
            reply(200, &json)
        })
        .await;
        let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
        let reply = ours.send(&batch(4..5)).await;
        assert_eq!(
            words(&reply),
            [in_doubt("unreadable reply")],
            "no message id"
        );
    }
}

/// What a single entry lacks leaves its own order in doubt, and no other.
#[tokio::test]
async fn an_entry_that_lacks_what_it_must_have_says_nothing_of_its_order() {
    type Change = fn(&mut serde_json::Value);
    let unreadable = "unreadable entry in the reply";
    let cases: [(Change, &str, &str); 10] = [
        (
            |json| {
                let entry = json["Successful"][0].as_object_mut().unwrap();
                entry.remove("MessageId");
            },
            unreadable,
            "accepted without a message id",
        ),
        (
            |json| json["Successful"][0]["MessageId"] = json!(""),
            "no message id in the reply",
            "accepted with an empty message id",
        ),
        (
            |json| json["Successful"][0]["MessageId"] = json!(null),
            unreadable,
            "accepted with null for a message id",
        ),
        (
            |json| {
                let entry = json["Successful"][0].as_object_mut().unwrap();
                entry.remove("MD5OfMessageBody");
            },
            unreadable,
            "accepted without a digest",
        ),
        (
            |json| json["Successful"][0]["Id"] = json!(0),
            "not named in the reply",
            "a number for an id",
        ),
        (
            |json| {
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] = json!([{"Id": "0", "Code": "InvalidMessageContents"}]);
            },
            unreadable,
            "failed, by whose fault is not told",
        ),
        (
            |json| {
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] =
                    json!([{"Id": "0", "Code": "InvalidMessageContents", "SenderFault": "true"}]);
            },
            unreadable,
            "failed, and the fault is a text",
        ),
        (
            |json| {
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] = json!([{"Id": "0", "SenderFault": true}]);
            },
            unreadable,
            "failed without a code",
        ),
        (
            |json| {
                json["Successful"].as_array_mut().unwrap().remove(0);
                json["Failed"] = json!([{"Id": "0", "Code": "", "SenderFault": true}]);
            },
            "an unreadable code",
            "failed with an empty code",
        ),
        (
            |json| json["Failed"] = json!([{"Id": "0"}]),
            "named twice in the reply",
            "accepted, and failed without a word",
        ),
    ];
    for (change, reason, why) in cases {
        let stub = Stub::start(move |request| {
            let mut json = request.good_reply();
            change(&mut json);
            reply(200, &json)
        })
        .await;
        let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
        let reply = ours.send(&batch(0..2)).await;
        let expected = [(Outcome::Indeterminate, reason), ACKED];
        assert_eq!(words(&reply), expected, "{why}");
    }
    // The same member twice: nobody can say which is meant.
    let stub = Stub::start(|request| {
        let text = request.good_reply().to_string();
        let twice = text.replacen(r#""MessageId""#, r#""MessageId":"m","MessageId""#, 1);
        Answer::Reply(200, twice)
    })
    .await;
    let mut ours = sender(&stub.target(), SenderKind::Http, PATIENT);
    let reply = ours.send(&batch(0..2)).await;
    assert_eq!(
        words(&reply),
        [(Outcome::Indeterminate, "unreadable reply"); 2]
    );
}
