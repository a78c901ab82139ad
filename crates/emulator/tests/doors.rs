//! The doors over HTTP, as clients without an SDK reach them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use orderproof_emulator::Emulator;
use orderproof_emulator::doors::events::Rule;
use orderproof_emulator::doors::sns::Subscription;
use orderproof_emulator::doors::{Door, DoorFault, DoorFaults, HttpDoor};
use serde_json::Value;

struct Said;

impl DoorFaults for Said {
    fn on_message(&self, _: &Door, body: &str) -> DoorFault {
        let faults = [
            ("vanish", DoorFault::Vanish),
            ("double", DoorFault::Double),
            ("refuse", DoorFault::Refuse),
            ("throttle", DoorFault::Throttle),
            ("late", DoorFault::Late(Duration::from_millis(200))),
        ];
        let said = faults.into_iter().find(|(word, _)| body.contains(word));
        said.map_or(DoorFault::None, |(_, fault)| fault)
    }
}

/// Status and body of the reply to a request.
fn ask(
    aws: &Emulator,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let address = aws.endpoint_url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .write_all(format!("{request}\r\n{body}").as_bytes())
        .unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn post(aws: &Emulator, path: &str, body: &str) -> (u16, Value) {
    let (status, body) = ask(aws, "POST", path, &[], body);
    (status, serde_json::from_str(&body).unwrap())
}

#[test]
fn a_body_that_is_posted_becomes_a_message_and_each_fault_strikes_its_own() {
    let aws = Emulator::builder()
        .queue("orders")
        .http_door(HttpDoor::new("/orders", "orders"))
        .door_faults(Said)
        .start()
        .unwrap();
    for (body, status, field) in [
        ("{\"id\": 1}", 202, "message_id"),
        ("vanish", 202, "message_id"),
        ("double", 202, "message_id"),
        ("refuse", 200, "error"),
        ("throttle", 429, "error"),
        ("late", 202, "message_id"),
        ("", 400, "error"),
    ] {
        let (seen, reply) = post(&aws, "/orders", body);
        assert_eq!(seen, status, "{body}");
        assert!(reply[field].is_string(), "{body}: {reply}");
    }
    assert_eq!(ask(&aws, "GET", "/orders", &[], "").0, 405);
    let door = Door::http("/orders");
    while aws.doors().counts(&door).inside > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let bodies = aws.messages("orders").unwrap();
    let bodies: Vec<_> = bodies.iter().map(|body| &**body).collect();
    assert_eq!(bodies, ["{\"id\": 1}", "double", "double", "late"]);
    let counts = aws.doors().counts(&door);
    assert_eq!(
        (counts.accepted, counts.refused, counts.delivered["orders"]),
        (4, 4, 4)
    );
}

#[test]
fn the_server_makes_ids_and_reads_groups() {
    let aws = Emulator::builder()
        .queue("orders.fifo")
        .http_door(
            HttpDoor::new("/orders", "orders.fifo")
                .answering(201)
                .making_id_at("order_id")
                .group_at("customer"),
        )
        .start()
        .unwrap();
    let (status, reply) = post(&aws, "/orders", r#" {"customer": "c7", "total": 1.50}"#);
    assert_eq!(status, 201);
    let id = reply["order_id"].as_str().unwrap();
    let body = aws.messages("orders.fifo").unwrap()[0].to_string();
    assert_eq!(
        body,
        format!(r#"{{"order_id":"{id}","customer": "c7", "total": 1.50}}"#)
    );
    for body in [
        r#"{"total": 1}"#,
        r#"{"customer": "c7", "order_id": "mine"}"#,
        "[1]",
        "{",
    ] {
        assert_eq!(post(&aws, "/orders", body).0, 400, "{body}");
    }
    for _ in 0..2 {
        let headers = [("Idempotency-Key", "k1")];
        assert_eq!(
            ask(&aws, "POST", "/orders", &headers, r#"{"customer": "c8"}"#).0,
            201
        );
    }
    assert_eq!(
        aws.messages("orders.fifo").unwrap().len(),
        2,
        "the same key is one message"
    );
}

#[test]
fn the_server_names_the_message_where_its_reply_is_read_and_leaves_the_body_alone() {
    let body = r#" {"messageId": "mine", "total": 1.50}"#;
    for (at, found) in [
        (None, "/message_id"),
        (Some("/messageId"), "/messageId"),
        (Some("/order/message"), "/order/message"),
        (Some("/a~1b~0c/0"), "/a~1b~0c/0"),
        (Some("/"), ""),
    ] {
        let door = HttpDoor::new("/orders", "orders");
        let door = at.map_or(door.clone(), |at| door.naming_message_at(at));
        let aws = Emulator::builder().queue("orders").http_door(door).start();
        let aws = aws.unwrap();
        let (status, reply) = post(&aws, "/orders", body);
        assert_eq!(status, 202);
        let id = reply.pointer(found).and_then(Value::as_str);
        let id = id.unwrap_or_else(|| panic!("{found}: {reply}"));
        let asked = format!(
            r#"{{"QueueUrl": "{}", "MaxNumberOfMessages": 1}}"#,
            aws.queue_url("orders")
        );
        assert_eq!(&*aws.messages("orders").unwrap()[0], body);
        let headers = [
            ("X-Amz-Target", "AmazonSQS.ReceiveMessage"),
            ("Content-Type", "application/x-amz-json-1.0"),
        ];
        let (_, received) = ask(&aws, "POST", "/", &headers, &asked);
        let received: Value = serde_json::from_str(&received).unwrap();
        assert_eq!(received["Messages"][0]["MessageId"], id, "{received}");
    }
}

#[test]
fn forms_and_json_reach_topics_and_buses_and_a_queue_that_is_not_there_is_refused() {
    let aws = Emulator::builder()
        .queue("orders")
        .topic("t")
        .subscription("t", Subscription::to_queue("orders").raw())
        .event_bus("shop")
        .rule(Rule::new("all").on_bus("shop").to_queue("orders"))
        .start()
        .unwrap();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let publish = "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3At&Message=a%26b";
    let (status, xml) = ask(&aws, "POST", "/", &form, publish);
    assert_eq!(status, 200);
    assert!(xml.contains("<PublishResult><MessageId>"), "{xml}");
    let events = [
        ("X-Amz-Target", "AWSEvents.PutEvents"),
        ("Content-Type", "application/x-amz-json-1.1"),
    ];
    let entry = r#"{"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}", "EventBusName": "shop"}, {"Source": "s"}]}"#;
    let (status, reply) = ask(&aws, "POST", "/", &events, entry);
    let reply: Value = serde_json::from_str(&reply).unwrap();
    assert_eq!((status, &reply["FailedEntryCount"]), (200, &Value::from(1)));
    assert_eq!(reply["Entries"][1]["ErrorCode"], "InvalidArgument");
    assert_eq!(&*aws.messages("orders").unwrap()[0], "a&b");
    assert_eq!(aws.messages("orders").unwrap().len(), 2);
    for body in [r#"{"Entries": [{"Source": "s", "Other": 1}]}"#, "{"] {
        assert_eq!(ask(&aws, "POST", "/", &events, body).0, 400, "{body}");
    }

    let rule = Emulator::builder()
        .rule(Rule::new("all").to_queue("gone"))
        .start();
    assert!(rule.unwrap_err().to_string().contains("`gone`"));
    for path in ["/", "orders", "/healthz"] {
        let door = HttpDoor::new(path, "orders");
        let door = Emulator::builder().queue("orders").http_door(door).start();
        let error = door.unwrap_err().to_string();
        assert!(error.contains(&format!("`{path}`")), "{error}");
    }
    let door = Emulator::builder()
        .http_door(HttpDoor::new("/orders", "gone"))
        .start();
    assert!(door.unwrap_err().to_string().contains("`gone`"));
    let topic = Emulator::builder()
        .topic("t")
        .subscription("t", Subscription::to_queue("gone"))
        .start();
    assert!(topic.unwrap_err().to_string().contains("gone"));
}
