//! A server's replies by the scenario's lists, over a real connection; and what of a request nobody may see.

use std::time::Duration;

use super::*;
use crate::ledger::Outcome;
use crate::order::{Model, OrderPlan, RunId, lab};
use crate::scenario::SenderKind;
use crate::send::stub::{Answer, Recorded, Stub, sending};
use crate::send::{AnySender, SenderPool};

fn door() -> HttpDoor {
    HttpDoor {
        method: "PUT".into(),
        url: "/orders/{{id}}?n={{n}}".into(),
        headers: [
            ("x-tenant".to_owned(), "t{{n}}".to_owned()),
            ("authorization".to_owned(), "Bearer {{env.PATH}}".to_owned()),
        ]
        .into(),
        body: None,
        accepted: vec![200, 202],
        refused: vec![400, 409],
        id_at: None,
        error_at: Some("/error".into()),
    }
}

struct Sent {
    outcome: Outcome,
    reason: Option<String>,
    id: Option<String>,
    requests: Vec<Recorded>,
}

/// Sends order 3 to a server that answers so.
async fn send(door: HttpDoor, answer: Answer) -> Sent {
    let stub = Stub::start(move |_| answer.clone()).await;
    let mut target = stub.target();
    target.door = DoorAt::Server {
        site: format!("http://{}", stub.address),
        url: door.url.clone(),
    };
    let mut sending = sending(SenderKind::Http, Duration::from_millis(300));
    sending.to = Door::Http(Box::new(door.clone()));
    let plan = OrderPlan {
        model: Arc::new(Model::through(lab(), sending.to.clone()).unwrap()),
        ..OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.0)
    };
    let mut batch = Batch::new();
    batch.fill(&plan, 3..4);
    let mut sender = SenderPool::new(&target, &sending).unwrap().sender();
    assert!(matches!(sender, AnySender::Server(_)));
    let mut reply = sender.send(&batch).await;
    let entry = reply.entries.remove(0);
    Sent {
        outcome: entry.outcome,
        reason: entry.reason.map(|reason| reason.into_owned()),
        id: entry.message_id.map(|id| id.to_string()),
        requests: stub.recorded(),
    }
}

fn reply(status: u16, body: &str) -> Answer {
    Answer::Reply(status, body.to_owned())
}

#[tokio::test]
async fn the_request_is_the_scenarios_with_its_secrets_and_the_orders_body() {
    let sent = send(door(), reply(202, "")).await;
    assert_eq!(sent.outcome, Outcome::Acknowledged);
    let request = &sent.requests[0];
    assert!(
        request
            .head
            .starts_with("PUT /orders/7000000003?n=3 HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    assert_eq!(request.header("x-tenant"), Some("t3"));
    let path = std::env::var("PATH").unwrap();
    assert_eq!(
        request.header("authorization"),
        Some(format!("Bearer {path}").as_str())
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["order_number"], 7_000_000_003_u64);
}

#[tokio::test]
async fn a_status_means_what_the_scenario_says_and_any_other_nothing() {
    use Outcome::{Acknowledged, Indeterminate, Rejected};
    for (answer, outcome, reason) in [
        (reply(200, "{}"), Acknowledged, None),
        (reply(202, "no JSON"), Acknowledged, None),
        (
            reply(200, "{\"error\": \"sold out\"}"),
            Rejected,
            Some("reply 200 with an error in it"),
        ),
        (
            reply(200, "{\"error\": [\"sold out\"]}"),
            Rejected,
            Some("reply 200 with an error in it"),
        ),
        (
            reply(200, "{\"error\": {\"code\": 7}}"),
            Rejected,
            Some("reply 200 with an error in it"),
        ),
        (
            reply(200, "{\"error\": 7}"),
            Rejected,
            Some("reply 200 with an error in it"),
        ),
        (
            reply(200, "{\"error\": true}"),
            Rejected,
            Some("reply 200 with an error in it"),
        ),
        (reply(200, "{\"error\": null}"), Acknowledged, None),
        (reply(200, "{\"error\": \"\"}"), Acknowledged, None),
        (reply(200, "{\"error\": []}"), Acknowledged, None),
        (reply(200, "{\"error\": 0}"), Acknowledged, None),
        (
            reply(200, "{\"error\": \"sold o"),
            Indeterminate,
            Some("unreadable reply"),
        ),
        (
            reply(200, "{\"error\": \"sold out\", \"error\": null}"),
            Indeterminate,
            Some("unreadable reply"),
        ),
        (reply(409, "{}"), Rejected, Some("reply 409")),
        (reply(201, "{}"), Indeterminate, Some("reply 201")),
        (reply(302, ""), Indeterminate, Some("reply 302")),
        (reply(503, ""), Indeterminate, Some("reply 503")),
        (Answer::Silence, Indeterminate, Some("no reply in time")),
        (Answer::Raw(""), Indeterminate, Some("connection lost")),
    ] {
        let told = format!("{answer:?}");
        let sent = send(door(), answer).await;
        assert_eq!(
            (sent.outcome, sent.reason.as_deref()),
            (outcome, reason),
            "{told}"
        );
        assert_eq!(sent.requests.len(), 1, "nothing is sent again: {told}");
    }
}

#[tokio::test]
async fn the_id_that_the_server_makes_is_read_or_the_order_is_in_doubt() {
    let with_id = || HttpDoor {
        id_at: Some("/order/id".into()),
        ..door()
    };
    for (body, outcome, id) in [
        (
            "{\"order\": {\"id\": \"A-1\"}}",
            Outcome::Acknowledged,
            Some("A-1"),
        ),
        (
            "{\"order\": {\"id\": 17}}",
            Outcome::Acknowledged,
            Some("17"),
        ),
        ("{\"order\": {}}", Outcome::Indeterminate, None),
        (
            "{\"order\": {\"id\": \"A-1\", \"id\": \"A-2\"}}",
            Outcome::Indeterminate,
            None,
        ),
        ("{\"order\": {\"id\": \"\"}}", Outcome::Indeterminate, None),
        ("", Outcome::Indeterminate, None),
    ] {
        let sent = send(with_id(), reply(200, body)).await;
        assert_eq!((sent.outcome, sent.id.as_deref()), (outcome, id), "{body}");
    }
}

#[tokio::test]
async fn nobody_listens_and_nothing_has_left() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut target = crate::send::stub::target("http://127.0.0.1:1");
    target.door = DoorAt::Server {
        site: format!("http://{address}"),
        url: "/orders".into(),
    };
    let mut sending = sending(SenderKind::Http, Duration::from_secs(5));
    sending.to = Door::Http(Box::new(HttpDoor {
        url: "/orders".into(),
        ..door()
    }));
    let plan = OrderPlan {
        model: Arc::new(Model::through(lab(), sending.to.clone()).unwrap()),
        ..OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.0)
    };
    let mut batch = Batch::new();
    batch.fill(&plan, 0..1);
    let reply = SenderPool::new(&target, &sending)
        .unwrap()
        .sender()
        .send(&batch)
        .await;
    assert_eq!(reply.entries[0].outcome, Outcome::Rejected);
    let reason = reply.entries[0].reason.as_deref().unwrap();
    assert!(reason.starts_with("not sent"), "{reason}");
}

#[test]
fn a_variable_that_is_not_there_is_told_before_anything_is_sent() {
    let mut target = crate::send::stub::target("http://127.0.0.1:1");
    target.door = DoorAt::Server {
        site: "http://127.0.0.1:1".into(),
        url: "/".into(),
    };
    let mut sending = sending(SenderKind::Http, Duration::from_secs(1));
    sending.to = Door::Http(Box::new(HttpDoor {
        headers: [("x-key".to_owned(), "{{env.SURELY_NOT_SET_9}}".to_owned())].into(),
        ..door()
    }));
    let error = SenderPool::new(&target, &sending)
        .err()
        .expect("it is refused")
        .to_string();
    assert!(error.contains("no variable SURELY_NOT_SET_9"), "{error}");
}

#[test]
fn the_site_of_a_url_ends_before_its_path() {
    for (url, site) in [
        ("https://h/orders/{{id}}", "https://h"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("https://h?x", "https://h"),
    ] {
        assert_eq!(site_of(url), site);
    }
}
