//! `orderproof serve` as its users meet it: any SDK, the AWS CLI, a browser, a taken port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

use super::program::Program;
use super::served::Served;

pub fn serve<const N: usize>(arguments: [&str; N]) -> Served {
    Served::start(Program::new(["serve", "--port", "0"]).args(arguments))
}

/// The status line and the body of the answer to a request written by hand.
pub fn exchange(endpoint: &str, request: &str) -> (String, String) {
    let answer = whole_exchange(endpoint, request);
    let (head, body) = answer.split_once("\r\n\r\n").expect("head and body");
    let status = head.lines().next().expect("a status line");
    (status.to_owned(), body.to_owned())
}

pub fn whole_exchange(endpoint: &str, request: &str) -> String {
    let address = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let minute = Some(Duration::from_secs(60));
    stream.set_read_timeout(minute).expect("a time-out");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

fn get(endpoint: &str, path: &str) -> (String, String) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    exchange(endpoint, &request)
}

fn sqs(endpoint: &str, operation: &str, body: &Value) -> (String, Value) {
    let body = body.to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: AmazonSQS.{operation}\r\n\
         content-type: application/x-amz-json-1.0\r\nauthorization: secret-signature\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (status, body) = exchange(endpoint, &request);
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[test]
fn it_tells_that_it_is_well_and_stops_in_order() {
    let served = serve([]);
    let (status, body) = get(&served.endpoint(), "/healthz");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let health: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(health["status"], "ok");
    assert_eq!(health["queues"], 2);
    let (status, body) = get(&served.endpoint(), "/");
    assert_eq!(status, "HTTP/1.1 404 Not Found");
    assert!(body.contains("/healthz"), "{body}");
    let stopped = served.stop();
    assert_eq!(stopped.code, Some(0));
    assert_eq!(stopped.stderr.lines().count(), 1, "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("0 invocations"),
        "{}",
        stopped.stderr
    );
}

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let served = serve(["--quiet"]);
    let endpoint = served.endpoint();
    let (_, port) = endpoint.rsplit_once(':').expect("a port");
    let second = Program::new(["serve", "--port", port]).finish().code(2);
    for word in ["127.0.0.1:", port, "--port", "free"] {
        assert!(second.stderr.contains(word), "{word} in {}", second.stderr);
    }
}

#[test]
fn bad_arguments_of_serve_exit_2() {
    for arguments in [
        ["--port", "70000"],
        ["--bind", "everywhere"],
        ["--max-stored-bytes", "0"],
        ["--max-stored-bytes", "lots"],
        ["--log-format", "xml"],
        ["--allow-host", "http://x"],
        ["--allow-host", "x:80"],
        ["--max-connections", "0"],
        ["--max-request-bytes", "none"],
    ] {
        Program::new(["serve"]).args(arguments).finish().code(2);
    }
}

#[test]
fn beyond_loopback_it_warns() {
    let beyond = serve(["--bind", "0.0.0.0", "--quiet"]).stop();
    assert!(
        beyond.stderr.contains("nothing is authenticated"),
        "{}",
        beyond.stderr
    );
    let within = serve(["--bind", "127.0.0.2", "--quiet"]).stop();
    assert_eq!(within.stderr, "");
}

#[test]
fn requests_are_logged_as_json_without_bodies_and_signatures() {
    let served = serve(["--log-requests", "--log-format", "json", "--quiet"]);
    let url = format!("{}/000000000000/orders-queue", served.endpoint());
    let send = json!({"QueueUrl": url, "MessageBody": "body-of-an-order"});
    sqs(&served.endpoint(), "SendMessage", &send);
    sqs(&served.endpoint(), "NoSuchThing", &json!({}));
    let log = served.stop().stderr;
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    assert_eq!(lines[0]["operation"], "AmazonSQS.SendMessage");
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[1]["status"], 400);
    assert!(
        !log.contains("body-of-an-order") && !log.contains("secret"),
        "{log}"
    );
}

#[test]
fn names_that_are_not_its_own_are_refused_and_allowed_ones_are_in_queue_urls() {
    let served = serve([
        "--allow-host",
        "orders-sqs.local",
        "--allow-host",
        "10.1.2.3",
    ]);
    let ask = |host: &str, more: &str| {
        let request = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\n{more}connection: close\r\n\
             x-amz-target: AmazonSQS.GetQueueUrl\r\ncontent-length: 28\r\n\r\n{{\"QueueName\":\"orders-queue\"}}"
        );
        exchange(&served.endpoint(), &request)
    };
    for host in [
        "orders-sqs.local:19324",
        "10.1.2.3",
        "localhost:1",
        "[::1]:9324",
    ] {
        let (status, body) = ask(host, "");
        assert_eq!(status, "HTTP/1.1 200 OK", "{host}: {body}");
        let url = format!("http://{host}/000000000000/orders-queue");
        assert!(body.contains(&url), "{body}");
    }
    let (status, body) = ask("evil.example", "");
    assert_eq!(status, "HTTP/1.1 403 Forbidden");
    assert!(
        body.contains("--allow-host") && body.contains("AccessDenied"),
        "{body}"
    );
    let (status, _) = ask("localhost", "origin: http://evil.example\r\n");
    assert_eq!(status, "HTTP/1.1 403 Forbidden");
    let (status, _) = ask("localhost", "origin: http://orders-sqs.local:8080\r\n");
    assert_eq!(status, "HTTP/1.1 200 OK");
    let table = "POST / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\
                 x-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\n\r\n{}";
    let (status, _) = exchange(&served.endpoint(), table);
    assert_eq!(status, "HTTP/1.1 403 Forbidden");
}

#[test]
fn full_queues_refuse_with_the_services_own_error() {
    let served = serve(["--max-stored-bytes", "64KiB", "--quiet"]);
    // Not the orders queue, which is emptied.
    let url = format!("{}/000000000000/orders-dl-queue", served.endpoint());
    let send = json!({"QueueUrl": url, "MessageBody": "x".repeat(10_000)});
    let mut accepted = 0;
    let refused = loop {
        let (status, answer) = sqs(&served.endpoint(), "SendMessage", &send);
        match status.as_str() {
            "HTTP/1.1 200 OK" => accepted += 1,
            _ => break answer,
        }
        assert!(accepted < 10, "64 KiB do not hold 100,000 bytes");
    };
    assert_eq!(accepted, 6);
    assert_eq!(refused["__type"], "com.amazonaws.sqs#OverLimit");
    let entry = |id: &str| json!({"Id": id, "MessageBody": "x".repeat(3_000)});
    let batch = json!({"QueueUrl": url, "Entries": [entry("a"), entry("b")]});
    let (_, answer) = sqs(&served.endpoint(), "SendMessageBatch", &batch);
    assert_eq!(answer["Successful"][0]["Id"], "a");
    assert_eq!(answer["Failed"][0]["Code"], "OverLimit");
    let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": 1});
    let (_, received) = sqs(&served.endpoint(), "ReceiveMessage", &receive);
    let handle = &received["Messages"][0]["ReceiptHandle"];
    let delete = json!({"QueueUrl": url, "ReceiptHandle": handle});
    sqs(&served.endpoint(), "DeleteMessage", &delete);
    let (status, _) = sqs(&served.endpoint(), "SendMessage", &send);
    assert_eq!(status, "HTTP/1.1 200 OK", "there is room again");
}

/// The lab's walk-through with the SDK for Rust; with boto3 and the AWS CLI: see below.
#[tokio::test]
async fn whoever_creates_queues_and_table_gets_orders_processed() {
    let served = serve(["--empty", "--quiet"]);
    let endpoint = served.endpoint();
    let credentials = Credentials::new("test", "test", None, None, "test");
    let sqs = aws_sdk_sqs::Client::from_conf(
        aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(credentials.clone())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    );
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&endpoint)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    );
    let create = async |name: &str| {
        let created = sqs
            .create_queue()
            .queue_name(name)
            .attributes(QueueAttributeName::VisibilityTimeout, "1");
        let url = created.send().await.expect("a new queue").queue_url;
        url.expect("with a URL")
    };
    let (dead, orders) = (
        create("orders-dl-queue").await,
        create("orders-queue").await,
    );
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:orders-dl-queue","maxReceiveCount":3}"#;
    sqs.set_queue_attributes()
        .queue_url(&orders)
        .attributes(QueueAttributeName::RedrivePolicy, policy)
        .send()
        .await
        .expect("a good policy");
    let key = KeySchemaElement::builder()
        .attribute_name("id")
        .key_type(KeyType::Hash);
    let id = AttributeDefinition::builder()
        .attribute_name("id")
        .attribute_type(ScalarAttributeType::N);
    dynamodb
        .create_table()
        .table_name("orders")
        .key_schema(key.build().expect("complete"))
        .attribute_definitions(id.build().expect("complete"))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .expect("a new table");
    for number in 1..=20 {
        let price = if number % 7 == 0 { "\"err\"" } else { "110.0" };
        let body = format!(
            r#"{{"order_number": {number}, "num_items": 2, "price_per_item": {price}, "item_description": "zTV"}}"#
        );
        let send = sqs.send_message().queue_url(&orders).message_body(body);
        send.send().await.expect("a good order");
    }
    let mut letters = 0;
    while letters < 2 {
        let receive = sqs
            .receive_message()
            .queue_url(&dead)
            .visibility_timeout(60);
        let received = receive.wait_time_seconds(20).send().await.expect("a queue");
        letters += received.messages().len();
    }
    let rows = dynamodb
        .scan()
        .table_name("orders")
        .send()
        .await
        .expect("a table");
    assert_eq!(rows.count(), 18);
}

/// The Python of a virtual environment with boto3 and the AWS CLI.
fn python() -> PathBuf {
    let python = std::env::var_os("ORDERPROOF_PYTHON");
    PathBuf::from(python.expect("ORDERPROOF_PYTHON names a Python with boto3 and awscli"))
}

fn example(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "examples", "walkthrough", name]
        .iter()
        .collect()
}

#[test]
#[ignore = "needs Python with boto3; .ci/run runs it"]
fn the_labs_walk_through_by_boto3() {
    let served = serve(["--empty", "--quiet"]);
    let output = Command::new(python())
        .arg(example("walkthrough.py"))
        .arg(served.endpoint())
        .output()
        .expect("Python runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    for line in [
        "sent    20 orders, 4 of them bad",
        "rows    16",
        "dead    4",
        "clean ",
    ] {
        assert!(text.contains(line), "{line} in:\n{text}");
    }
}

#[test]
#[ignore = "needs the AWS CLI; .ci/run runs it"]
fn the_labs_walk_through_by_the_aws_cli() {
    let served = serve(["--empty", "--quiet"]);
    let bin = python().parent().expect("in a folder").to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)));
    let output = Command::new("bash")
        .arg(example("walkthrough.sh"))
        .arg(served.endpoint())
        .env("PATH", path.expect("a path"))
        .output()
        .expect("bash runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("rows 17, dead letters 3"), "{text}");
    assert!(text.ends_with("ok\n"), "{text}");
}
