//! Errors carry the type the SDK maps to its own variants.

use super::*;
use aws_sdk_sqs::types::QueueAttributeName;

#[tokio::test]
async fn a_deleted_queue_is_gone_for_every_call() {
    let served = Served::start().await;
    let client = &served.client;
    let url = served.queue("orders").await;
    served.send(&url, "a").await;
    let deleted = client.delete_queue().queue_url(&url).send().await;
    deleted.expect("it is there");
    let gone = "AWS.SimpleQueueService.NonExistentQueue";
    macro_rules! gone {
        ($($request:expr),+ $(,)?) => {$(
            let error = $request.send().await.expect_err("gone").into_service_error();
            assert_eq!(error.code(), Some(gone), "{error:?}");
            assert!(error.is_queue_does_not_exist(), "{error:?}");
        )+};
    }
    gone![
        client.get_queue_url().queue_name("orders"),
        client.send_message().queue_url(&url).message_body("b"),
        client.receive_message().queue_url(&url),
        client.delete_message().queue_url(&url).receipt_handle("x"),
        client
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle("x")
            .visibility_timeout(0),
        client.get_queue_attributes().queue_url(&url),
        client
            .set_queue_attributes()
            .queue_url(&url)
            .attributes(QueueAttributeName::DelaySeconds, "1"),
        client.list_dead_letter_source_queues().queue_url(&url),
        client.list_queue_tags().queue_url(&url),
        client.tag_queue().queue_url(&url).tags("a", "b"),
        client.untag_queue().queue_url(&url).tag_keys("a"),
        client.purge_queue().queue_url(&url),
        client.delete_queue().queue_url(&url),
    ];
    let url = served.queue("orders").await;
    assert!(
        served.receive(&url).await.is_empty(),
        "a new queue is empty"
    );
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let served = Served::start().await;
    let client = &served.client;
    let url = served.queue("orders").await;
    let permit = client.add_permission().queue_url(url).label("all");
    let permit = permit.aws_account_ids("1").actions("*").send().await;
    let error = permit.expect_err("not served").into_service_error();
    assert!(error.is_unsupported_operation(), "{error:?}");
}

#[tokio::test]
async fn malformed_requests_are_refused_in_words() {
    let served = Served::start().await;
    let client = &served.client;
    let nowhere = client.purge_queue().queue_url("orders").send().await;
    let error = nowhere.expect_err("not a URL").into_service_error();
    assert!(error.is_invalid_address(), "{error:?}");
    for name in ["", "a b", "ü", &"x".repeat(81)] {
        let created = client.create_queue().queue_name(name).send().await;
        let expected = if name.is_empty() {
            "MissingParameter"
        } else {
            "InvalidParameterValue"
        };
        assert_eq!(code(created), expected, "{name}");
    }
    for (target, body, code) in [
        ("AmazonSQS.SendMessage", "{", "MalformedInput"),
        (
            "AmazonSQS.SendMessage",
            r#"{"QueueUrl":7}"#,
            "MalformedInput",
        ),
        ("AmazonSQS.SendMessage", "{}", "MissingParameter"),
        ("AmazonSQS.Nonsense", "{}", "InvalidAction"),
        ("", "{}", "InvalidAction"),
    ] {
        let reply = post(&served.site, target, body).await;
        let header = format!("x-amzn-query-error: {code};Sender\r\n");
        assert!(
            reply.starts_with("HTTP/1.1 400 "),
            "{target} {body}: {reply}"
        );
        assert!(reply.contains(&header), "{target} {body}: {reply}");
    }
}

/// The whole reply to a request of a client that is no SDK.
async fn post(site: &Site, target: &str, body: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let address = site.base_url.trim_start_matches("http://");
    let stream = tokio::net::TcpStream::connect(address).await;
    let mut stream = stream.expect("the server listens");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nx-amz-target: {target}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let written = stream.write_all(request.as_bytes()).await;
    written.expect("the server reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a reply");
    reply
}
