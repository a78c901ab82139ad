//! What is refused, and what is for others.

use hyper::{Request, StatusCode};
use serde_json::json;

use super::{FORM, World};
use crate::http::service::{Asked, Service};

#[test]
fn what_is_not_served_is_refused_in_the_callers_protocol() {
    let world = World::new();
    let told = |operation: &str, service: &str| {
        format!("The emulator does not serve {operation} of the service {service}.")
    };
    let kms = world.json("kms", "TrentService.Decrypt", "1.1", json!({}));
    assert_eq!(
        kms.json(),
        json!({"__type": "UnknownOperationException", "message": told("Decrypt", "kms")})
    );
    assert_eq!(kms.header("content-type"), "application/x-amz-json-1.1");
    let form = world.ask(
        "POST",
        "/",
        "cloudformation",
        &[("content-type", FORM)],
        b"Action=ListStacks&Version=2010-05-15",
    );
    assert!(
        form.body.contains("<Code>InvalidAction</Code>")
            && form.body.contains(&told("ListStacks", "cloudformation")),
        "{}",
        form.body
    );
    let invoke = world.ask(
        "POST",
        "/2015-03-31/functions/pay/invocations",
        "lambda",
        &[],
        b"{}",
    );
    assert_eq!(
        invoke.header("x-amzn-errortype"),
        "UnknownOperationException"
    );
    assert_eq!(
        invoke.json()["message"],
        told("POST /2015-03-31/functions/pay/invocations", "lambda")
    );
    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
    let cbor = world.ask(
        "POST",
        path,
        "monitoring",
        &[("smithy-protocol", "rpc-v2-cbor")],
        b"",
    );
    assert_eq!(
        (cbor.status.as_u16(), cbor.header("smithy-protocol")),
        (400, "rpc-v2-cbor")
    );
    assert!(cbor.body.contains(&told("PutMetricData", "monitoring")));
    let head = world.object("POST", "/receipts/k?uploads", &[], b"");
    assert_eq!(head.status, StatusCode::NOT_IMPLEMENTED);
    for operation in [
        "Decrypt",
        "ListStacks",
        "PutMetricData",
        "CreateMultipartUpload",
    ] {
        assert_eq!(world.counted(operation), (1, 1), "{operation}");
    }
}

#[test]
fn queues_tables_and_questions_of_who_is_asking_are_others() {
    let world = World::new();
    let takes = |uri: &str, headers: &[(&str, &str)], body: &[u8]| {
        let request = headers
            .iter()
            .fold(Request::post(uri), |request, (name, value)| {
                request.header(*name, *value)
            });
        let (head, ()) = request.body(()).unwrap().into_parts();
        let target = head
            .headers
            .get("x-amz-target")
            .map_or("", |value| value.to_str().unwrap());
        world.behind.takes(&Asked::of(&head, target, body))
    };
    let signed = |scope: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=A/20261127/us-east-1/{scope}/aws4_request, Signature=0"
        )
    };
    for (uri, headers, body, expected, why) in [
        (
            "/",
            vec![
                ("authorization", signed("sqs")),
                ("x-amz-target", "AmazonSQS.ListQueues".into()),
            ],
            "",
            false,
            "SQS",
        ),
        (
            "/",
            vec![("x-amz-target", "AmazonSQS.Nope".into())],
            "",
            false,
            "not signed",
        ),
        (
            "/",
            vec![("x-amz-target", "Nope".into())],
            "",
            false,
            "nobody's",
        ),
        (
            "/",
            vec![("authorization", signed("dynamodb"))],
            "",
            false,
            "DynamoDB",
        ),
        (
            "/",
            vec![
                ("authorization", signed("sts")),
                ("content-type", FORM.into()),
            ],
            "Action=GetCallerIdentity",
            false,
            "STS",
        ),
        (
            "/",
            vec![("content-type", FORM.into())],
            "Action=SendMessage&Version=2012-11-05",
            false,
            "curl to SQS",
        ),
        (
            "/",
            vec![("content-type", FORM.into())],
            "Action=SendEmail&Version=2010-12-01",
            true,
            "curl to SES",
        ),
        (
            "/",
            vec![("x-amz-target", "AmazonSSM.GetParameter".into())],
            "",
            true,
            "SSM, not signed",
        ),
        ("/000000000000/orders", vec![], "", false, "a queue's URL"),
        (
            "/receipts/k",
            vec![("host", "receipts.localhost".into())],
            "",
            true,
            "a bucket's host",
        ),
    ] {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(takes(uri, &headers, body.as_bytes()), expected, "{why}");
    }
}
