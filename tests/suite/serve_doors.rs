//! `orderproof serve`: what stands before its queue, forms as `curl` sends them, and pages that may ask.

use super::program::{Program, scenario};
use super::run::smoke;
use super::serve::{exchange, serve, whole_exchange};
use super::served::Served;

/// What `serve` prints before it answers, with these values set.
fn banner(set: &[&str]) -> String {
    let program = Program::new(["serve", &scenario("smoke"), "--no-function", "--port", "0"]);
    let program = set
        .iter()
        .fold(program, |program, one| program.args(["--set", one]));
    Served::start(program).banner().to_owned()
}

#[test]
fn its_banner_names_what_orders_go_to() {
    for (set, parts) in [
        (&[][..], &["# SQS and DynamoDB at "][..]),
        (
            &["sending.to=sns", "sending.topic=sale", "sending.raw=true"],
            &[
                "# SQS, SNS and DynamoDB at ",
                "# Orders go to the topic arn:aws:sns:us-east-1:000000000000:sale.\n",
            ],
        ),
        (
            &[
                "sending.to=eventbridge",
                "sending.bus=shop",
                "sending.raw=true",
            ],
            &[
                "# SQS, EventBridge and DynamoDB at ",
                "# Orders go to the event bus shop.\n",
            ],
        ),
        (
            &["sending.to=http", "sending.http={url=\"/orders\"}"],
            &[
                "# Orders go to the server at http://127.0.0.1:",
                "/orders: write that as [sending.http] url.\n",
            ],
        ),
    ] {
        let told = banner(set);
        for part in parts {
            assert!(told.contains(part), "{part:?} in {told}");
        }
        let names_a_door = told.contains("# Orders go to");
        assert_eq!(names_a_door, !set.is_empty(), "{told}");
    }
}

/// A form as `curl --data` sends it: no signature, no target, and its own user agent.
fn curl(endpoint: &str, path: &str, form: &str) -> (String, String) {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\nConnection: close\r\n\
         Content-Length: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        endpoint.trim_start_matches("http://"),
        form.len()
    );
    exchange(endpoint, &request)
}

#[test]
fn a_form_as_curl_sends_it_is_answered_for_sqs_and_for_sns() {
    let served = serve([
        "--no-function",
        "--set",
        "sending.to=sns",
        "--set",
        "sending.raw=true",
    ]);
    let endpoint = served.endpoint();
    let path = "/000000000000/orders-queue";
    let sent = "Action=SendMessage&MessageBody=one+and%20two&Version=2012-11-05";
    let (status, xml) = curl(&endpoint, path, sent);
    assert_eq!(status, "HTTP/1.1 200 OK", "{xml}");
    // The MD5 of `one and two`.
    assert!(
        xml.contains("<MD5OfMessageBody>6d6ddee5c41e7e99c75d79495bfd344f</MD5OfMessageBody>"),
        "{xml}"
    );
    let topic = "arn%3Aaws%3Asns%3Aus-east-1%3A000000000000%3Aorders-topic";
    let published = format!("Action=Publish&TopicArn={topic}&Message=three&Version=2010-03-31");
    let (status, xml) = curl(&endpoint, "/", &published);
    assert_eq!(status, "HTTP/1.1 200 OK", "{xml}");
    assert!(
        xml.contains("<PublishResponse ") && xml.contains("<MessageId>"),
        "{xml}"
    );
    let received = "Action=ReceiveMessage&MaxNumberOfMessages=10&Version=2012-11-05";
    let (_, xml) = curl(&endpoint, path, received);
    for body in ["<Body>one and two</Body>", "<Body>three</Body>"] {
        assert!(xml.contains(body), "{body} in {xml}");
    }
    let (status, xml) = curl(
        &endpoint,
        "/",
        "Action=Publish&Message=nowhere&Version=2010-03-31",
    );
    assert_eq!(status, "HTTP/1.1 400 Bad Request", "{xml}");
    assert!(xml.contains("<Code>InvalidParameter</Code>"), "{xml}");
}

#[test]
fn pages_may_ask_and_read_only_where_that_was_asked_for() {
    let ask = |endpoint: &str, method: &str, origin: &str| {
        let request = format!(
            "{method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\norigin: {origin}\r\n\
             access-control-request-method: POST\r\naccess-control-request-headers: x-amz-target\r\n\
             x-amz-target: AmazonSQS.ListQueues\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        whole_exchange(endpoint, &request)
    };
    let named = "http://shop.example:3000";
    let plain = serve([]);
    for method in ["OPTIONS", "POST"] {
        let answer = ask(&plain.endpoint(), method, named);
        assert!(answer.starts_with("HTTP/1.1 40"), "{method}: {answer}");
        assert!(!answer.contains("access-control"), "{method}: {answer}");
    }
    let open = serve(["--cors", named]);
    let preflight = ask(&open.endpoint(), "OPTIONS", named);
    assert!(preflight.starts_with("HTTP/1.1 204"), "{preflight}");
    for header in [
        "access-control-allow-origin: http://shop.example:3000\r\n",
        "access-control-allow-headers: x-amz-target\r\n",
        "access-control-allow-methods: GET, HEAD, POST",
    ] {
        assert!(preflight.contains(header), "{header} in {preflight}");
    }
    let answer = ask(&open.endpoint(), "POST", named);
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("QueueUrls"),
        "{answer}"
    );
    assert!(
        answer.contains("access-control-allow-origin: http://shop.example:3000\r\n"),
        "{answer}"
    );
    for method in ["OPTIONS", "POST"] {
        let answer = ask(&open.endpoint(), method, "http://evil.example");
        assert!(answer.starts_with("HTTP/1.1 40"), "{method}: {answer}");
        assert!(!answer.contains("access-control"), "{method}: {answer}");
    }
}

#[test]
fn preflight_reads_what_stands_before_a_queue_and_what_would_lose_every_order() {
    for (to, within, may, void) in [
        (
            "sns",
            "subscription",
            "sns:Publish",
            "VOID envelope RawMessageDelivery is off",
        ),
        (
            "eventbridge",
            "rule",
            "events:PutEvents",
            "VOID envelope orders hands on whole events",
        ),
    ] {
        let to = format!("sending.to={to}");
        let look = |served: &Served| {
            let look = Program::new(["preflight", &scenario("smoke"), "--processor", "local"]);
            let look = look.args(["--set", &to, "--set", "sending.raw=true"]);
            served.at(look).finish()
        };
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let sound = serve(["--no-function", "--set", &to, "--set", "sending.raw=true"]);
        let found = words(&look(&sound).code(0).quiet().stdout);
        let within = format!("ok {within}");
        for part in ["ok sent to", &within, "ok envelope", "caution queue policy"] {
            assert!(found.contains(part), "{part} in {found}");
        }
        let asked = found.split("not denied: ").nth(1).expect("permissions");
        let asked = asked.split(" ok ").next().expect("a list");
        assert!(
            asked.contains(may) && !asked.contains("sqs:SendMessage"),
            "{asked}"
        );
        // A function of one's own may look into envelopes.
        let own = "processor.command=[\"true\"]";
        let enveloped = serve(["--no-function", "--set", &to, "--set", own]);
        let found = words(&look(&enveloped).code(6).stdout);
        assert!(found.contains(void), "{void} in {found}");
    }
}

#[test]
fn an_order_that_a_bus_elsewhere_has_accepted_and_nobody_saw_is_undecided_as_long_as_it_may_try() {
    let set = [
        "sending.to=eventbridge",
        "sending.raw=true",
        // Nothing comes back, however late a machine full of tests is.
        "bad_orders=0%",
        "pipeline.visibility_timeout=6s",
        "expect.rules=[]",
        "expect.max_schedule_lag_p99=10s",
    ];
    let slowly = |program: Program| {
        let program = program.args(["--rate", "10/s", "--run-id", "7"]);
        set.iter()
            .fold(program, |program, one| program.args(["--set", one]))
    };
    let swallows = r#"fault=[{kind="door_swallows", count=2}]"#;
    let served = Program::new(["serve", &scenario("smoke"), "--port", "0", "--no-function"]);
    let served = Served::start(slowly(served).args(["--set", swallows]));
    let run = slowly(smoke()).args(["--processor", "local"]);
    let finished = served.at(run).finish().code(4);
    let report = finished.json("out/run.json");
    assert_eq!(report["classes"]["undecided"], 2);
    assert_eq!(report["classes"]["lost"], 0);
    let findings = report["findings"].as_array().expect("findings");
    let told = findings
        .iter()
        .find(|finding| finding["code"] == "door_not_drained");
    let told = told.expect("the finding")["message"]
        .as_str()
        .expect("a text");
    assert!(
        told.contains("the event bus default tries for up to 86400 s")
            && told.contains("may still come"),
        "{told}"
    );
}
