//! Services as requests see them: answered, refused in their own protocol, and counted.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Behind, ServiceSettings};
use crate::counters::Counters;
use crate::http::service::{Asked, Service};
use crate::sqs::Site;

mod objects;
mod refused;

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Services that have one of each, and what they count.
struct World {
    behind: Behind,
    counters: Arc<Counters>,
}

struct Reply {
    status: StatusCode,
    headers: hyper::HeaderMap,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("JSON: {}", self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    fn new() -> Self {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let settings = ServiceSettings {
            parameters: [
                pair("/shop/rate", "0.19"),
                pair("/shop/eu/rate", "0.2"),
                pair("plain", "x"),
            ]
            .into(),
            secrets: [pair("shop/key", "s3cret")].into(),
            buckets: ["receipts".to_owned()].into(),
            object_bytes_max: 4_000,
            state_machines: ["ship".to_owned()].into(),
            email: true,
            ..ServiceSettings::default()
        };
        Self::of(settings)
    }

    fn of(settings: ServiceSettings) -> Self {
        let counters = Arc::new(Counters::default());
        let site = Site::local("127.0.0.1:9324".parse().unwrap());
        Self {
            behind: Behind::new(settings, &site, Arc::clone(&counters)),
            counters,
        }
    }

    /// A request that is signed for `scope`.
    fn ask(
        &self,
        method: &str,
        uri: &str,
        scope: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let request = Request::builder().method(method).uri(uri);
        let host = ("host", "127.0.0.1:9324");
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential=A/20261127/us-east-1/{scope}/aws4_request, Signature=0"
        );
        let request = request.header("authorization", signed);
        let named = headers.iter().any(|(name, _)| *name == "host");
        let host = (!named).then_some(host);
        let request = headers
            .iter()
            .copied()
            .chain(host)
            .fold(request, |request, (name, value)| {
                request.header(name, value)
            });
        let (head, ()) = request.body(()).unwrap().into_parts();
        let target = head
            .headers
            .get("x-amz-target")
            .map_or("", |value| value.to_str().unwrap());
        let body = Bytes::copy_from_slice(body);
        let asked = Asked::of(&head, target, &body);
        assert!(self.behind.takes(&asked), "{method} {uri}");
        let answer = futures_util::FutureExt::now_or_never(self.behind.answer(asked, &body));
        let (head, body) = answer.unwrap().unwrap().into_parts();
        let body = futures_util::FutureExt::now_or_never(body.collect())
            .unwrap()
            .unwrap();
        Reply {
            status: head.status,
            headers: head.headers,
            body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        }
    }

    fn json(&self, scope: &str, target: &str, version: &str, body: Value) -> Reply {
        let content_type = format!("application/x-amz-json-{version}");
        let headers = [("x-amz-target", target), ("content-type", &*content_type)];
        self.ask("POST", "/", scope, &headers, body.to_string().as_bytes())
    }

    fn object(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        self.ask(method, uri, "s3", headers, body)
    }

    fn start(&self, body: Value) -> Reply {
        self.json("states", "AWSStepFunctions.StartExecution", "1.0", body)
    }

    /// Calls and refusals of an operation.
    fn counted(&self, operation: &str) -> (u64, u64) {
        let counts = self.counters.services.counts();
        let count = counts.iter().find(|count| count.operation == operation);
        count.map_or((0, 0), |count| (count.calls, count.refused))
    }
}

const SHIP: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ship";

#[test]
fn an_execution_of_one_name_starts_once() {
    let world = World::new();
    let first =
        world.start(json!({"stateMachineArn": SHIP, "name": "order-1", "input": "{\"id\": 1}"}));
    let arn = "arn:aws:states:us-east-1:000000000000:execution:ship:order-1";
    assert_eq!(first.json()["executionArn"], arn);
    assert!(first.json()["startDate"].is_f64());
    let again =
        world.start(json!({"stateMachineArn": SHIP, "name": "order-1", "input": "{\"id\": 1}"}));
    assert_eq!(again.json(), first.json(), "the same name and input");
    for (body, code, why) in [
        (
            json!({"stateMachineArn": SHIP, "name": "order-1", "input": "{}"}),
            "ExecutionAlreadyExists",
            "another input",
        ),
        (
            json!({"stateMachineArn": SHIP.replace("ship", "pay"), "name": "a"}),
            "StateMachineDoesNotExist",
            "no machine",
        ),
        (json!({"stateMachineArn": "ship"}), "InvalidArn", "no ARN"),
        (
            json!({"stateMachineArn": SHIP, "name": "a b"}),
            "InvalidName",
            "a space",
        ),
        (
            json!({"stateMachineArn": SHIP, "name": "x".repeat(81)}),
            "InvalidName",
            "81 characters",
        ),
        (
            json!({"stateMachineArn": SHIP, "input": "{"}),
            "InvalidExecutionInput",
            "no JSON",
        ),
        (
            json!({"name": "a"}),
            "SerializationException",
            "no machine named",
        ),
    ] {
        let refused = world.start(body);
        assert_eq!(
            (refused.status.as_u16(), refused.json()["__type"].as_str()),
            (400, Some(code)),
            "{why}"
        );
    }
    let others: Vec<_> = (0..2)
        .map(|_| world.start(json!({"stateMachineArn": SHIP})).json())
        .collect();
    assert_ne!(
        others[0]["executionArn"], others[1]["executionArn"],
        "without a name each is one of its own"
    );
    assert_eq!(world.counted("StartExecution"), (11, 7));
}

#[test]
fn parameters_come_by_name_several_and_by_path() {
    let world = World::new();
    let ask =
        |operation: &str, body| world.json("ssm", &format!("AmazonSSM.{operation}"), "1.1", body);
    let one = ask(
        "GetParameter",
        json!({"Name": "/shop/rate", "WithDecryption": true}),
    )
    .json();
    assert_eq!(one["Parameter"]["Value"], "0.19");
    assert_eq!(
        one["Parameter"]["ARN"],
        "arn:aws:ssm:us-east-1:000000000000:parameter/shop/rate"
    );
    for name in [
        "/shop/rate:1",
        "arn:aws:ssm:us-east-1:000000000000:parameter/shop/rate",
    ] {
        assert_eq!(
            ask("GetParameter", json!({"Name": name})).json()["Parameter"]["Name"],
            "/shop/rate"
        );
    }
    let plain = "arn:aws:ssm:us-east-1:000000000000:parameter/plain";
    assert_eq!(
        ask("GetParameter", json!({"Name": plain})).json()["Parameter"]["Value"],
        "x"
    );
    let missing = ask("GetParameter", json!({"Name": "/shop/rates"}));
    assert_eq!(missing.json()["__type"], "ParameterNotFound");
    assert!(
        missing.body.contains("/shop/rates") && missing.body.contains("parameters"),
        "{}",
        missing.body
    );
    let several = ask("GetParameters", json!({"Names": ["plain", "/nope"]})).json();
    assert_eq!(several["Parameters"][0]["Value"], "x");
    assert_eq!(several["InvalidParameters"], json!(["/nope"]));
    for (body, names) in [
        (json!({"Path": "/shop"}), vec!["/shop/rate"]),
        (
            json!({"Path": "/shop/", "Recursive": true}),
            vec!["/shop/eu/rate", "/shop/rate"],
        ),
        (json!({"Path": "/sho", "Recursive": true}), vec![]),
    ] {
        let found = ask("GetParametersByPath", body.clone()).json();
        let found: Vec<_> = found["Parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["Name"].as_str().unwrap())
            .collect();
        assert_eq!(found, names, "{body}");
    }
    let page = ask(
        "GetParametersByPath",
        json!({"Path": "/", "Recursive": true, "MaxResults": 1}),
    )
    .json();
    let next =
        json!({"Path": "/", "Recursive": true, "MaxResults": 1, "NextToken": page["NextToken"]});
    let last = ask("GetParametersByPath", next).json();
    assert_eq!(last["Parameters"][0]["Name"], "/shop/rate");
    assert!(last["NextToken"].is_null());
}

#[test]
fn secrets_come_by_name_and_by_arn() {
    let world = World::new();
    let ask = |body| {
        world.json(
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            "1.1",
            body,
        )
    };
    let secret = ask(json!({"SecretId": "shop/key"})).json();
    assert_eq!(secret["SecretString"], "s3cret");
    let by_arn = ask(json!({"SecretId": secret["ARN"], "VersionStage": "AWSCURRENT"})).json();
    assert_eq!(by_arn, secret);
    for body in [
        json!({"SecretId": "shop/keys"}),
        json!({"SecretId": "shop/key", "VersionStage": "AWSPREVIOUS"}),
    ] {
        let missing = ask(body);
        assert_eq!(missing.json()["__type"], "ResourceNotFoundException");
        assert!(!missing.body.contains("s3cret"));
    }
}

#[test]
fn mail_is_taken_in_both_protocols() {
    let world = World::new();
    let simple = json!({"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}});
    let mail = |to: Value| json!({"FromEmailAddress": "a@x.y", "Destination": {"ToAddresses": to}, "Content": {"Simple": simple}});
    let send = |body: &Value| {
        world.ask(
            "POST",
            "/v2/email/outbound-emails",
            "ses",
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
    };
    assert!(send(&mail(json!(["b@x.y"]))).json()["MessageId"].is_string());
    for to in [json!([]), json!(vec!["b@x.y"; 51])] {
        let refused = send(&mail(to));
        assert_eq!(
            (refused.status.as_u16(), refused.header("x-amzn-errortype")),
            (400, "BadRequestException")
        );
    }
    let form = |form: &str| {
        world.ask(
            "POST",
            "/",
            "ses",
            &[("content-type", FORM)],
            form.as_bytes(),
        )
    };
    let whole = "Action=SendEmail&Version=2010-12-01&Source=a%40x.y&Destination.ToAddresses.member.1=b%40x.y\
                 &Message.Subject.Data=s&Message.Body.Text.Data=t";
    assert!(form(whole).body.contains("<SendEmailResult><MessageId>"));
    let refused = form(&whole.replace("Destination.ToAddresses.member.1=b%40x.y", ""));
    assert!(
        refused.body.contains("<Code>ValidationError</Code>"),
        "{}",
        refused.body
    );
    assert_eq!(world.counted("SendEmail"), (5, 3));

    let without = World::of(ServiceSettings::default());
    let refused = without.ask(
        "POST",
        "/v2/email/outbound-emails",
        "ses",
        &[],
        mail(json!(["b@x.y"])).to_string().as_bytes(),
    );
    assert_eq!(refused.header("x-amzn-errortype"), "MessageRejected");
}
