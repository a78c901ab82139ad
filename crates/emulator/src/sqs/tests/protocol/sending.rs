//! Send one message or a batch.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry as Entry};

use super::*;

fn entry(id: &str, body: &str) -> Entry {
    let entry = Entry::builder().id(id).message_body(body).build();
    entry.expect("id and body are set")
}

fn attribute(data_type: &str, text: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder().data_type(data_type);
    value.string_value(text).build().expect("a type is set")
}

#[tokio::test]
async fn a_send_answers_with_id_and_digests() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let bytes = MessageAttributeValue::builder().data_type("Binary");
    let bytes = bytes.binary_value(Blob::new([0, 1, 255])).build();
    let sent = served
        .client
        .send_message()
        .queue_url(&url)
        .message_body("hello")
        .message_group_id("customer-7")
        .message_attributes("text", attribute("String", "café"))
        .message_attributes("number", attribute("Number.int", "42"))
        .message_attributes("bytes", bytes.expect("a type is set"))
        .send()
        .await
        .expect("good");
    assert_eq!(sent.message_id.map_or(0, |id| id.len()), 36);
    let digest = sent.md5_of_message_body.expect("always");
    assert_eq!(digest, "5d41402abc4b2a76b9719d911017c592");
    let digest = sent.md5_of_message_attributes.expect("there are some");
    assert_eq!(digest, "0a1512999446e2828b62f0b20c5a1d2d");
}

#[tokio::test]
async fn a_bad_entry_fails_alone() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let mut late = entry("late", "x");
    late.delay_seconds = Some(901);
    let batch = served.client.send_message_batch().queue_url(&url);
    let sent = batch
        .entries(entry("good", "a"))
        .entries(entry("bad", "\u{1}"))
        .entries(late)
        .entries(entry("also_good-2", "b"))
        .send()
        .await
        .expect("accepted in part");
    let successful: Vec<_> = sent
        .successful
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    assert_eq!(successful, ["good", "also_good-2"]);
    let mut failed: Vec<_> = sent
        .failed
        .iter()
        .map(|entry| (entry.id.as_str(), entry.code.as_str(), entry.sender_fault))
        .collect();
    failed.sort_unstable();
    assert_eq!(
        failed,
        [
            ("bad", "InvalidMessageContents", true),
            ("late", "InvalidParameterValue", true)
        ]
    );
    assert_eq!(served.engine.counts("orders").expect("there").visible, 2);
}

#[tokio::test]
async fn batches_have_one_to_ten_distinct_well_named_entries_of_a_mebibyte_in_all() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let send = |entries: Vec<Entry>| {
        let batch = served.client.send_message_batch().queue_url(&url);
        batch.set_entries(Some(entries)).send()
    };
    let numbered = |count: u32| (0..count).map(|id| entry(&id.to_string(), "x")).collect();
    let sent = send(numbered(10)).await.expect("ten are fine");
    assert_eq!(sent.successful.len(), 10);

    let error = send(numbered(11))
        .await
        .expect_err("11")
        .into_service_error();
    assert!(error.is_too_many_entries_in_batch_request(), "{error:?}");
    let error = send(Vec::new())
        .await
        .expect_err("none")
        .into_service_error();
    assert!(error.is_empty_batch_request(), "{error:?}");
    let twice = vec![entry("a", "x"), entry("a", "y")];
    let error = send(twice).await.expect_err("a twice").into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
    for id in ["", "a b", &"x".repeat(81)] {
        let error = send(vec![entry(id, "x")])
            .await
            .expect_err(id)
            .into_service_error();
        assert!(error.is_invalid_batch_entry_id(), "{error:?}");
    }
    let half = "x".repeat(1 << 19);
    let exact = vec![entry("a", &half), entry("b", &half)];
    assert_eq!(send(exact).await.expect("1 MiB").successful.len(), 2);
    let over = vec![entry("a", &half), entry("b", &half), entry("c", "x")];
    let error = send(over).await.expect_err("too long").into_service_error();
    assert!(error.is_batch_request_too_long(), "{error:?}");
    assert_eq!(served.engine.counts("orders").expect("there").visible, 12);
}

#[tokio::test]
async fn messages_of_a_mebibyte_pass_and_larger_ones_do_not() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let send = |body: String| {
        let send = served.client.send_message().queue_url(&url);
        send.message_body(body).send()
    };
    // Every one of these characters takes two bytes in JSON.
    send("\n".repeat(1 << 20)).await.expect("1 MiB");
    let over = send("x".repeat((1 << 20) + 1)).await;
    assert_eq!(code(over), "InvalidParameterValue");
    let huge = send("x".repeat(11 << 20)).await;
    assert_eq!(code(huge), "RequestEntityTooLarge");
    let received = served.receive(&url).await;
    assert_eq!(received[0].body.as_ref().map_or(0, String::len), 1 << 20);
    let strange = send("\u{1}".to_owned())
        .await
        .expect_err("a control character");
    assert!(strange.into_service_error().is_invalid_message_contents());
    assert_eq!(code(send(String::new()).await), "MissingParameter");
}

#[tokio::test]
async fn attributes_of_the_wrong_kind_are_refused() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    for (name, data_type, text) in [
        ("n", "Number", "twelve"),
        ("n", "Nonsense", "x"),
        ("n", "String", ""),
        ("aws.n", "String", "x"),
        ("n n", "String", "x"),
    ] {
        let send = served
            .client
            .send_message()
            .queue_url(&url)
            .message_body("x");
        let sent = send
            .message_attributes(name, attribute(data_type, text))
            .send();
        assert_eq!(
            code(sent.await),
            "InvalidParameterValue",
            "{name} {data_type} {text}"
        );
    }
}
