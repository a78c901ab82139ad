//! Receive, delete and change visibility.

use std::collections::HashMap;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as ChangeEntry,
    DeleteMessageBatchRequestEntry as DeleteEntry, MessageAttributeValue,
    MessageSystemAttributeName as System, QueueAttributeName,
};

use super::*;

#[tokio::test]
async fn attributes_come_only_when_asked_for() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let text = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("v");
    let text = text.build().expect("a type is set");
    let send = served
        .client
        .send_message()
        .queue_url(&url)
        .message_body("hello");
    let send = send.message_group_id("customer-7");
    let send = send.message_attributes("shop.a", text.clone());
    send.message_attributes("other", text)
        .send()
        .await
        .expect("good");
    let receive = || {
        let receive = served.client.receive_message().queue_url(&url);
        receive.visibility_timeout(0)
    };
    let plain = receive()
        .send()
        .await
        .expect("good")
        .messages
        .expect("one")
        .remove(0);
    assert_eq!(
        plain.md5_of_body.as_deref(),
        Some("5d41402abc4b2a76b9719d911017c592")
    );
    assert_eq!((plain.attributes, plain.message_attributes), (None, None));

    let all = receive().message_system_attribute_names(System::All);
    let all = all.message_attribute_names("shop.*").send().await;
    let all = all.expect("good").messages.expect("one").remove(0);
    let system = all.attributes.expect("asked for");
    assert_eq!(system[&System::ApproximateReceiveCount], "2");
    assert_eq!(system[&System::MessageGroupId], "customer-7");
    assert!(system.contains_key(&System::SenderId));
    let sent: u64 = system[&System::SentTimestamp].parse().expect("a number");
    let first = &system[&System::ApproximateFirstReceiveTimestamp];
    assert!((sent..sent + 3_600_000).contains(&first.parse().expect("a number")));
    let attributes = all.message_attributes.expect("asked for");
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["shop.a"]);
    assert_eq!(attributes["shop.a"].string_value.as_deref(), Some("v"));
    assert!(all.md5_of_message_attributes.is_some());

    #[expect(deprecated, reason = "older clients ask by this name")]
    let old = receive().attribute_names(QueueAttributeName::from("SentTimestamp"));
    let old = old
        .send()
        .await
        .expect("good")
        .messages
        .expect("one")
        .remove(0);
    assert_eq!(
        old.attributes,
        Some(HashMap::from([(System::SentTimestamp, sent.to_string())]))
    );
}

#[tokio::test]
async fn queue_attributes_are_valid_names_of_a_receive_and_no_message_has_them() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let sent = served.client.send_message().queue_url(&url);
    sent.message_body("hello").send().await.expect("good");
    let all = QueueAttributeName::values()
        .iter()
        .filter(|name| **name != "All");
    let receive = || {
        let receive = served.client.receive_message().queue_url(&url);
        receive.visibility_timeout(0)
    };
    let mut asked = 0;
    for name in all {
        #[expect(deprecated, reason = "older clients ask by this name")]
        let only = receive()
            .attribute_names(QueueAttributeName::from(*name))
            .send()
            .await;
        let only = only.expect(name).messages.expect("one").remove(0);
        assert_eq!(only.attributes, None, "{name}");
        asked += 1;
    }
    assert!(asked >= 20, "only {asked} names");
    #[expect(deprecated, reason = "older clients ask by this name")]
    let both = receive()
        .attribute_names(QueueAttributeName::from("SentTimestamp"))
        .attribute_names(QueueAttributeName::VisibilityTimeout);
    let both = both
        .send()
        .await
        .expect("good")
        .messages
        .expect("one")
        .remove(0);
    let attributes = both.attributes.expect("asked for");
    assert_eq!(
        attributes.keys().collect::<Vec<_>>(),
        [&System::SentTimestamp]
    );
    // The newer parameter knows system attributes alone, and neither knows nonsense.
    let system = receive().message_system_attribute_names(System::from("VisibilityTimeout"));
    assert_eq!(code(system.send().await), "InvalidAttributeName");
    #[expect(deprecated, reason = "older clients ask by this name")]
    let nonsense = receive().attribute_names(QueueAttributeName::from("Nonsense"));
    assert_eq!(code(nonsense.send().await), "InvalidAttributeName");
}

#[tokio::test]
async fn a_receive_out_of_range_is_refused() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let receive = || served.client.receive_message().queue_url(&url);
    for bad in [
        receive().max_number_of_messages(0),
        receive().max_number_of_messages(11),
        receive().wait_time_seconds(21),
        receive().wait_time_seconds(-1),
        receive().visibility_timeout(43_201),
    ] {
        assert_eq!(
            code(bad.clone().send().await),
            "InvalidParameterValue",
            "{bad:?}"
        );
    }
    let unknown = receive().message_system_attribute_names(System::from("Nonsense"));
    assert_eq!(code(unknown.send().await), "InvalidAttributeName");
}

#[tokio::test]
async fn a_long_poll_wakes_on_a_send_and_on_a_visibility_s_end() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let poll = || {
        let poll = served.client.receive_message().queue_url(&url);
        tokio::spawn(poll.wait_time_seconds(20).send())
    };
    let waiting = poll();
    hangups::until_waiting(&served.engine, 1).await;
    served.send(&url, "a").await;
    let received = waiting.await.expect("no panic").expect("good");
    let handle = received.messages()[0].receipt_handle().expect("always");
    let waiting = poll();
    hangups::until_waiting(&served.engine, 1).await;
    let change = served.client.change_message_visibility().queue_url(&url);
    let change = change.receipt_handle(handle).visibility_timeout(0);
    change.send().await.expect("in flight");
    let received = waiting.await.expect("no panic").expect("good");
    assert_eq!(received.messages().len(), 1);
}

#[tokio::test]
async fn deletes_are_final_and_bad_handles_fail_alone() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    for body in ["a", "b"] {
        served.send(&url, body).await;
    }
    let received = served.receive(&url).await;
    let handle = |place: usize| received[place].receipt_handle().expect("always");
    let delete = |handle: &str| {
        let delete = served.client.delete_message().queue_url(&url);
        delete.receipt_handle(handle).send()
    };
    delete(handle(0)).await.expect("its handle");
    delete(handle(0)).await.expect("twice is fine");
    let never = delete("never-was").await.expect_err("not a handle");
    assert!(never.into_service_error().is_receipt_handle_is_invalid());
    let entry = |id: &str, handle: &str| {
        let entry = DeleteEntry::builder().id(id).receipt_handle(handle).build();
        entry.expect("both are set")
    };
    let batch = served.client.delete_message_batch().queue_url(&url);
    let batch = batch.entries(entry("good", handle(1)));
    let deleted = batch.entries(entry("bad", "never-was")).send().await;
    let deleted = deleted.expect("in part");
    assert_eq!(deleted.successful[0].id, "good");
    assert_eq!(deleted.failed[0].id, "bad");
    assert_eq!(deleted.failed[0].code, "ReceiptHandleIsInvalid");
    assert_eq!(served.engine.counts("orders").expect("there").total(), 0);
}

#[tokio::test]
async fn visibility_changes_one_by_one_and_in_batches() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    served.send(&url, "a").await;
    let received = served.receive(&url).await;
    let handle = received[0].receipt_handle().expect("always");
    let change = |seconds: i32| {
        let change = served.client.change_message_visibility().queue_url(&url);
        change
            .receipt_handle(handle)
            .visibility_timeout(seconds)
            .send()
    };
    assert_eq!(code(change(43_201).await), "InvalidParameterValue");
    change(43_200).await.expect("the most");
    let entry = |id: &str, handle: &str| {
        let entry = ChangeEntry::builder().id(id).receipt_handle(handle);
        entry.visibility_timeout(0).build().expect("both are set")
    };
    let batch = served
        .client
        .change_message_visibility_batch()
        .queue_url(&url);
    let batch = batch.entries(entry("bad", "never-was"));
    let changed = batch.entries(entry("good", handle)).send().await;
    let changed = changed.expect("in part");
    assert_eq!(changed.successful[0].id, "good");
    assert_eq!(changed.failed[0].code, "ReceiptHandleIsInvalid");
    assert_eq!(served.engine.counts("orders").expect("there").visible, 1);
    let error = change(5).await.expect_err("visible").into_service_error();
    assert!(error.is_message_not_inflight(), "{error:?}");
}

#[tokio::test]
async fn a_dead_letter_names_its_source_and_keeps_counting() {
    let served = Served::start().await;
    let dead = served.queue("dead").await;
    let arn = served.site.queue_arn("dead");
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}"#);
    let create = served.client.create_queue().queue_name("orders");
    let create = create.attributes(QueueAttributeName::RedrivePolicy, policy);
    let url = create
        .send()
        .await
        .expect("good")
        .queue_url
        .expect("always");
    let sent = served
        .client
        .send_message()
        .queue_url(&url)
        .message_body("poison");
    let id = sent.send().await.expect("good").message_id;
    let receive = |url: &str| {
        let receive = served.client.receive_message().queue_url(url);
        receive
            .visibility_timeout(0)
            .message_system_attribute_names(System::All)
    };
    for _ in 0..3 {
        let received = receive(&url).send().await.expect("good");
        assert_eq!(received.messages()[0].message_id, id);
    }
    assert!(
        receive(&url)
            .send()
            .await
            .expect("good")
            .messages()
            .is_empty()
    );
    let letters = receive(&dead).send().await.expect("good");
    let letter = &letters.messages()[0];
    assert_eq!((&letter.message_id, letter.body()), (&id, Some("poison")));
    let system = letter.attributes().expect("asked for");
    assert_eq!(system[&System::ApproximateReceiveCount], "4");
    assert_eq!(
        system[&System::DeadLetterQueueSourceArn],
        served.site.queue_arn("orders")
    );
}
