//! Pipelines in another process: driven over their endpoints, looked at again, and shared with strangers.

use super::program::{Program, scenario};
use super::run::smoke;

/// A pipeline of this process, as the program at the other end of its endpoints expects it.
pub fn pipeline_elsewhere(run: u32) -> orderproof::embedded::EmbeddedPipeline {
    pipeline_with(run, &[])
}

/// The same with further settings.
pub fn pipeline_with(run: u32, settings: &[&str]) -> orderproof::embedded::EmbeddedPipeline {
    use orderproof::{order, scenario as file};
    let path = scenario("smoke");
    let text = std::fs::read_to_string(&path).expect("the smoke scenario");
    let set = [
        "pipeline.visibility_timeout=500ms",
        "pipeline.function.timeout=500ms",
    ];
    let overrides = file::Overrides {
        set: set.iter().chain(settings).map(|&set| set.into()).collect(),
        ..Default::default()
    };
    let smoke = file::parse(&path, &text, &overrides).expect("a valid scenario");
    let plan = order::OrderPlan::lab(
        order::RunId::new(run).expect("in range"),
        smoke.seed,
        smoke.bad_share,
    );
    let planned = smoke.schedule().count();
    // `0.0.0.0` stands for a place off loopback in these tests.
    let options = orderproof::embedded::ServeOptions {
        allowed_hosts: vec!["0.0.0.0".parse().expect("an address")],
        ..Default::default()
    };
    orderproof::embedded::EmbeddedPipeline::start_with(&smoke, plan, planned, &options)
        .expect("it starts")
}

const SECRET: &str = "a-secret-of-this-test";

fn at_endpoints(program: Program, pipeline: &orderproof::embedded::EmbeddedPipeline) -> Program {
    let target = pipeline.target();
    program
        .args([
            "--set",
            &format!("target.sqs_endpoint_url={}", target.sqs_endpoint),
        ])
        .args([
            "--set",
            &format!("target.dynamodb_endpoint_url={}", target.dynamodb_endpoint),
        ])
        .args(["--set", "target.exact_counts=true"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
}

#[test]
fn a_pipeline_in_another_process_is_driven_with_credentials_from_the_environment() {
    let pipeline = pipeline_elsewhere(77);
    let finished = at_endpoints(smoke().args(["--run-id", "77"]), &pipeline)
        .finish()
        .code(0)
        .quiet();
    let report = finished.json("out/run.json");
    assert_eq!(
        report["orders"]["acknowledged"],
        report["orders"]["planned"]
    );
    assert_eq!(
        report["pipeline"],
        serde_json::Value::Null,
        "its counters are not ours to read"
    );
    assert_eq!(
        report.get("cloudwatch"),
        None,
        "a queue and a table here have no CloudWatch"
    );
    assert!(
        without_secret(&finished.path("out")) > 20,
        "every file was looked at"
    );

    // Rows and dead letters of the first run are there, and are no business of the second.
    let again = at_endpoints(smoke().args(["--run-id", "78"]), &pipeline).finish();
    assert_ne!(again.code, 3, "{}", again.stdout);
    assert!(again.json("out/run.json")["foreign_rows"].as_u64().unwrap() > 0);
}

/// Looks for the secret in every file below a folder, and says how many there are.
fn without_secret(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let looked_at = paths.map(|path| {
        if path.is_dir() {
            return without_secret(&path);
        }
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(SECRET), "{}: a credential", path.display());
        1
    });
    looked_at.sum()
}

#[test]
fn a_target_that_is_not_there_is_refused_before_anything_is_sent() {
    let finished = smoke()
        .args(["--set", "target.sqs_endpoint_url=http://127.0.0.1:9"])
        .args(["--set", "target.dynamodb_endpoint_url=http://127.0.0.1:9"])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .finish()
        .code(6);
    assert!(
        finished.stderr.contains("orders-queue could not be read"),
        "{}",
        finished.stderr
    );
    assert!(!finished.path("out").exists());
}

/// Asks the queues something as anybody can; the HTTP status.
pub fn ask(target: &orderproof::store::Target, operation: &str, body: &[u8]) -> u16 {
    use std::io::{Read, Write};
    let address = target.sqs_endpoint.trim_start_matches("http://");
    let operation = match operation.contains('.') {
        true => operation.to_owned(),
        false => format!("AmazonSQS.{operation}"),
    };
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {address}\r\nX-Amz-Target: {operation}\r\n\
         Content-Type: application/x-amz-json-1.0\r\nX-Amz-Date: 20261124T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/sqs/aws4_request, SignedHeaders=host, \
         Signature=0\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("a head");
    // A server that refuses what is too long may end the connection before the last byte.
    let _ = stream.write_all(body);
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply);
    let status = String::from_utf8_lossy(&reply);
    let status = status
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    status.expect("a status line")
}

#[test]
fn hostile_messages_of_others_change_nothing_for_the_runs_own_orders() {
    let pipeline = pipeline_elsewhere(79);
    let target = pipeline.target();
    let message = |body: &str| {
        let request = serde_json::json!({"QueueUrl": target.orders_queue_url, "MessageBody": body});
        ask(&target, "SendMessage", request.to_string().as_bytes())
    };
    let hostile = [
        "[".repeat(100_000),
        "x".repeat(1 << 20),
        r#"{"order_number": 18446744073709551616}"#.to_owned(),
        r#"{"order_number": -7, "num_items": 1, "price_per_item": NaN}"#.to_owned(),
        r#"{"order_number": 8000000001, "num_items": 1, "price_per_item": "err", "item_description": "=1+1"}"#
            .to_owned(),
    ];
    for body in &hostile {
        assert_eq!(message(body), 200, "{}", &body[..20]);
    }
    let invalid = [
        b"{\"QueueUrl\": \"\xff\xfe\", \"MessageBody\": \"\xff\"}".to_vec(),
        vec![b'x'; 10 << 20],
    ];
    for body in &invalid {
        assert!(
            (400..500).contains(&ask(&target, "SendMessage", body)),
            "refused in words"
        );
    }
    let finished = at_endpoints(smoke().args(["--run-id", "79"]), &pipeline)
        .finish()
        .code(0);
    let report = finished.json("out/run.json");
    assert_eq!(report["foreign_dead_letters"], hostile.len());
    assert_eq!(report["classes"]["phantom"], 0);
}

#[test]
fn a_second_look_at_the_live_stores_says_what_changed_and_is_kept() {
    let pipeline = pipeline_elsewhere(80);
    let finished = at_endpoints(smoke().args(["--run-id", "80"]), &pipeline)
        .finish()
        .code(0);
    let folder = finished.path("out").display().to_string();
    let pipeline_url = pipeline.target().sqs_endpoint;
    let look = || {
        Program::new(["verify", &folder, "--live"])
            .args(["--endpoint-url", &pipeline_url])
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .finish()
    };
    let same = look().code(0);
    assert!(same.stdout.contains("unchanged"), "{}", same.stdout);
    for part in ["observation-", "nothing was written or deleted there"] {
        assert!(same.stderr.contains(part), "{part} in {}", same.stderr);
    }

    let target = pipeline.target();
    let purge = serde_json::json!({"QueueUrl": target.dead_letter_queue_url}).to_string();
    assert_eq!(ask(&target, "PurgeQueue", purge.as_bytes()), 200);
    let changed = look().code(3);
    let bad = finished.json("out/run.json")["bad_orders"]
        .as_u64()
        .unwrap();
    for part in [
        "verdict PASS -> FAIL".to_owned(),
        format!("dead_lettered_by_design {bad} -> 0"),
        format!("lost 0 -> {bad}"),
    ] {
        assert!(
            changed.stdout.contains(&part),
            "{part} in {}",
            changed.stdout
        );
    }
    // The files of the run itself still say what was seen then.
    Program::new(["verify", &folder]).finish().code(0).quiet();
    let kept = std::fs::read_dir(finished.path("out")).unwrap();
    let kept = kept.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("observation-")
    });
    assert!(kept.count() >= 1);

    drop(pipeline);
    let gone = look().code(2);
    assert!(gone.stderr.contains("[target]"), "{}", gone.stderr);
}

#[test]
fn an_embedded_pipeline_is_not_there_for_a_second_look() {
    let example = format!("{}/reports/example-smoke", env!("CARGO_MANIFEST_DIR"));
    let finished = Program::new(["verify", &example, "--live"])
        .finish()
        .code(2);
    assert!(
        finished.stderr.contains("leave --live out"),
        "{}",
        finished.stderr
    );
}
