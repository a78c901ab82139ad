//! The builder's emulator through unmodified SDK clients: side by side, with closures, with a program, with faults.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use orderproof_emulator::mapping::Mapping;
use orderproof_emulator::runtime::CommandConfig;
use orderproof_emulator::sqs::{QueueFaults, RequestFault, SendFault};
use orderproof_emulator::table::{AttributeValue, Item, TableCapacity, TableFaults};
use orderproof_emulator::{Emulator, EmulatorError, Function, KeyKind, command, handler, key};

fn sqs(aws: &Emulator) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"))
        .endpoint_url(aws.endpoint_url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn dynamodb(aws: &Emulator) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("any", "any", None, None, "test"))
        .endpoint_url(aws.endpoint_url())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

async fn send(aws: &Emulator, body: &str) {
    let send = sqs(aws).send_message().queue_url(aws.queue_url("orders"));
    send.message_body(body).send().await.expect("it is sent");
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not happen");
}

async fn takes_all(_: SqsEvent) -> Result<SqsBatchResponse, String> {
    Ok(SqsBatchResponse::default())
}

#[tokio::test]
async fn several_stand_side_by_side_and_share_nothing() {
    let start = || Emulator::builder().queue("orders").start().unwrap();
    let all = [start(), start(), start()];
    for (number, aws) in all.iter().enumerate() {
        send(aws, &number.to_string()).await;
    }
    for (number, aws) in all.iter().enumerate() {
        let messages = aws.messages("orders").unwrap();
        let bodies: Vec<&str> = messages.iter().map(|body| &**body).collect();
        assert_eq!(bodies, [number.to_string()]);
    }
    let [first, second, _third] = all;
    let gone = first
        .endpoint_url()
        .trim_start_matches("http://")
        .to_owned();
    first.shutdown();
    assert!(TcpStream::connect(gone).is_err(), "nothing listens");
    send(&second, "more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_queue_has_a_function_of_its_own() {
    let (told, tells) = std::sync::mpsc::channel();
    let told_by = |name: &'static str| {
        let told = told.clone();
        handler(move |event: SqsEvent| {
            let bodies = event.records.into_iter().filter_map(|record| record.body);
            for body in bodies {
                told.send((name, body)).unwrap();
            }
            takes_all(SqsEvent::default())
        })
    };
    let one_by_one = Mapping {
        batch_size: 1,
        ..Mapping::default()
    };
    let aws = Emulator::builder()
        .queue("orders")
        .queue("letters")
        .function(told_by("first").mapping(one_by_one))
        .function(told_by("second").on("letters"))
        .start()
        .unwrap();
    send(&aws, "a").await;
    let send = sqs(&aws).send_message().queue_url(aws.queue_url("letters"));
    send.message_body("b").send().await.unwrap();
    let empty = |queue| aws.messages(queue).unwrap().is_empty();
    until("both are taken", || empty("orders") && empty("letters")).await;
    let mut told: Vec<_> = tells.try_iter().collect();
    told.sort();
    assert_eq!(told, [("first", "a".into()), ("second", "b".into())]);
    assert_eq!(aws.figures().invocations, 2);
}

#[tokio::test]
async fn a_function_writes_past_http_and_a_client_reads_it() {
    let prepared = Emulator::builder()
        .queue("orders")
        .table(
            "orders",
            key("customer", KeyKind::S).sort("order", KeyKind::N),
        )
        .prepare()
        .unwrap();
    let item = |number: &u64| -> Item {
        [
            ("customer".to_owned(), AttributeValue::S("anna".into())),
            ("order".to_owned(), AttributeValue::N(number.to_string())),
        ]
        .into()
    };
    let table = prepared
        .tables()
        .writer("orders", "customer", item)
        .unwrap();
    let store = table.store();
    let function = handler(move |event: SqsEvent| {
        let bodies = event.records.into_iter().filter_map(|record| record.body);
        let rows: Arc<[u64]> = bodies.filter_map(|body| body.parse().ok()).collect();
        let store = store.clone();
        async move {
            let outcomes = store.put_new(rows).await;
            match outcomes.into_iter().all(|outcome| outcome.is_ok()) {
                true => Ok(SqsBatchResponse::default()),
                false => Err("a row was not written".to_owned()),
            }
        }
    });
    let aws = prepared.function(function).start().unwrap();
    for number in 1..=12 {
        send(&aws, &number.to_string()).await;
    }
    until("all are stored", || {
        aws.items("orders").unwrap().len() == 12
    })
    .await;
    let get = dynamodb(&aws).get_item().table_name("orders");
    let text = aws_sdk_dynamodb::types::AttributeValue::S("anna".into());
    let number = aws_sdk_dynamodb::types::AttributeValue::N("7".into());
    let found = get.key("customer", text).key("order", number).send().await;
    assert!(found.unwrap().item.is_some());
}

/// No test by itself: as a child of the one below, this program is a function behind Lambda's Runtime API.
#[test]
fn a_bootstrap() {
    let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") else {
        return;
    };
    let ask = |request: String| {
        let mut stream = TcpStream::connect(&api).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let root = "/2018-06-01/runtime/invocation";
    loop {
        let head = format!("Host: {api}\r\nConnection: close\r\n");
        let event = ask(format!("GET {root}/next HTTP/1.1\r\n{head}\r\n"));
        let id = event
            .lines()
            .find_map(|line| line.strip_prefix("Lambda-Runtime-Aws-Request-Id: "))
            .expect("an event has an id");
        let body = r#"{"batchItemFailures":[]}"#;
        let length = body.len();
        ask(format!(
            "POST {root}/{id}/response HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n{body}"
        ));
    }
}

#[tokio::test]
async fn a_program_behind_the_runtime_api_is_a_function() {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap();
    let function = command([program, "a_bootstrap", "--exact", "--nocapture"]);
    let aws = Emulator::builder()
        .queue("orders")
        .function(CommandConfig {
            max_environments: 2,
            ..function
        })
        .start()
        .unwrap();
    for number in 0..30 {
        send(&aws, &number.to_string()).await;
    }
    until("all are taken", || {
        aws.messages("orders").unwrap().is_empty()
    })
    .await;
    let [environments] = aws.environments()[..] else {
        panic!("one command")
    };
    assert!((1..=2).contains(&environments.started), "{environments:?}");
    assert_eq!(aws.figures().failed_invocations, 0);
    assert!(aws.watch_starts()[0].never_started().is_none());
}

/// Messages of one body vanish, scans miss the item of one id, and the connection of a purge is reset.
struct Unlucky;

impl QueueFaults for Unlucky {
    fn on_request(&self, target: &str, _body: &[u8]) -> RequestFault {
        match target.ends_with(".PurgeQueue") {
            true => RequestFault::Reset,
            false => RequestFault::None,
        }
    }

    fn on_send(&self, queue: &str, body: &str) -> SendFault {
        match (queue, body) {
            ("orders", "unlucky") => SendFault::Vanish,
            _ => SendFault::None,
        }
    }
}

impl TableFaults for Unlucky {
    fn strikes_scans(&self) -> bool {
        true
    }

    fn hides(&self, _table: &str, item: &serde_json::Value) -> bool {
        item["id"]["S"] == "unlucky"
    }
}

#[tokio::test]
async fn faults_strike_what_they_are_given_for_and_nothing_else() {
    let aws = Emulator::builder()
        .queue("orders")
        .table("orders", key("id", KeyKind::S))
        .queue_faults(Unlucky)
        .table_faults(Unlucky)
        .start()
        .unwrap();
    send(&aws, "lucky").await;
    send(&aws, "unlucky").await;
    assert_eq!(aws.messages("orders").unwrap().len(), 1);
    let purged = sqs(&aws).purge_queue().queue_url(aws.queue_url("orders"));
    assert!(purged.send().await.is_err(), "the connection is reset");
    let client = dynamodb(&aws);
    for id in ["lucky", "unlucky"] {
        let id = aws_sdk_dynamodb::types::AttributeValue::S(id.into());
        let put = client.put_item().table_name("orders").item("id", id);
        put.send().await.unwrap();
    }
    let scan = client.scan().table_name("orders").send().await.unwrap();
    assert_eq!((scan.count(), scan.items().len()), (1, 1));
    assert_eq!(aws.items("orders").unwrap().len(), 2, "both are there");
}

#[test]
fn what_cannot_be_started_says_why() {
    let none = Emulator::builder().function(handler(takes_all)).start();
    assert!(matches!(none, Err(EmulatorError::NoQueue)));
    let program = Emulator::builder()
        .queue("orders")
        .function(Function::from(command(["no-such-program-here"])))
        .start();
    let error = program.unwrap_err().to_string();
    assert!(
        error.contains("`no-such-program-here` cannot be run"),
        "{error}"
    );
    let none = TableCapacity::Provisioned {
        write_capacity_units: 0,
        read_capacity_units: None,
    };
    let table = Emulator::builder().table_with("orders", key("id", KeyKind::S), none);
    let error = table.start().unwrap_err().to_string();
    assert!(error.contains("`orders` could not be created"), "{error}");
    let twice = Emulator::builder().queue("a queue with spaces").start();
    let error = twice.unwrap_err().to_string();
    assert!(error.contains("`a queue with spaces`"), "{error}");
}
