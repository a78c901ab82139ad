//! Create, find, list, describe, change, tag, purge and delete queues.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::*;

#[tokio::test]
async fn creating_a_queue_again_is_fine_with_the_same_attributes_only() {
    let served = Served::start().await;
    let create = |visibility: &'static str| {
        let create = served.client.create_queue().queue_name("orders");
        create
            .attributes(Name::VisibilityTimeout, visibility)
            .send()
    };
    let url = create("60").await.expect("good").queue_url;
    assert_eq!(url, Some(served.site.queue_url("orders")));
    assert_eq!(create("60").await.expect("the same").queue_url, url);
    let again = served.client.create_queue().queue_name("orders").send();
    assert_eq!(again.await.expect("says nothing else").queue_url, url);
    let other = create("61").await.expect_err("another value");
    assert!(other.into_service_error().is_queue_name_exists());
    let found = served.client.get_queue_url().queue_name("orders").send();
    assert_eq!(found.await.expect("it is there").queue_url, url);
}

#[tokio::test]
async fn a_redrive_policy_takes_its_count_as_number_or_text_and_needs_its_queue() {
    let served = Served::start().await;
    let dead = served.queue("dead").await;
    let create = |name: &str, policy: String| {
        let create = served.client.create_queue().queue_name(name);
        create.attributes(Name::RedrivePolicy, policy).send()
    };
    let arn = served.site.queue_arn("dead");
    for (name, count) in [("number", "3"), ("text", "\"3\"")] {
        let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{count}}}"#);
        let url = create(name, policy).await.expect("good").queue_url;
        let get = served.client.get_queue_attributes().set_queue_url(url);
        let got = get.attribute_names(Name::RedrivePolicy).send().await;
        let got = got.expect("good").attributes.expect("one");
        assert_eq!(
            got[&Name::RedrivePolicy],
            format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":3}}"#)
        );
    }
    for policy in [
        r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none","maxReceiveCount":3}"#
            .to_owned(),
        format!(r#"{{"deadLetterTargetArn":"{arn}"}}"#),
        format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":1001}}"#),
        r#"{"maxReceiveCount":3}"#.to_owned(),
        "not json".to_owned(),
    ] {
        assert_eq!(
            code(create("bad", policy.clone()).await),
            "InvalidParameterValue",
            "{policy}"
        );
    }
    let sources = served
        .client
        .list_dead_letter_source_queues()
        .queue_url(dead);
    let sources = sources.send().await.expect("good").queue_urls;
    assert_eq!(
        sources,
        ["number", "text"].map(|name| served.site.queue_url(name))
    );
}

#[tokio::test]
async fn lists_are_by_prefix_and_in_pages() {
    let served = Served::start().await;
    for name in ["a1", "b1", "b2", "b3"] {
        served.queue(name).await;
    }
    let list = || served.client.list_queues().queue_name_prefix("b");
    let all = list().send().await.expect("good");
    let urls = ["b1", "b2", "b3"].map(|name| served.site.queue_url(name));
    assert_eq!(all.queue_urls.as_deref(), Some(&urls[..]));
    let first = list().max_results(2).send().await.expect("good");
    assert_eq!(first.queue_urls.as_deref(), Some(&urls[..2]));
    let second = list().max_results(2).set_next_token(first.next_token);
    let second = second.send().await.expect("good");
    assert_eq!(second.queue_urls.as_deref(), Some(&urls[2..]));
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn attributes_can_be_set_later_and_counts_are_exact() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let set = |name: Name, value: &str| {
        let set = served.client.set_queue_attributes().queue_url(&url);
        set.attributes(name, value).send()
    };
    set(Name::VisibilityTimeout, "77").await.expect("in range");
    set(Name::Policy, "{}").await.expect("kept");
    assert_eq!(
        code(set(Name::VisibilityTimeout, "43201").await),
        "InvalidAttributeValue"
    );
    assert_eq!(
        code(set(Name::DelaySeconds, "soon").await),
        "InvalidAttributeValue"
    );
    assert_eq!(
        code(set(Name::from("Nonsense"), "1").await),
        "InvalidAttributeName"
    );
    for body in ["a", "b", "c"] {
        served.send(&url, body).await;
    }
    let late = served
        .client
        .send_message()
        .queue_url(&url)
        .message_body("d");
    late.delay_seconds(900).send().await.expect("good");
    let receive = served.client.receive_message().queue_url(&url).send();
    assert_eq!(
        receive.await.expect("good").messages().len(),
        1,
        "one if none is asked"
    );
    let get = |name: Name| {
        let get = served.client.get_queue_attributes().queue_url(&url);
        get.attribute_names(name).send()
    };
    let all = get(Name::All).await.expect("good").attributes.expect("all");
    for (name, value) in [
        (Name::ApproximateNumberOfMessages, "2"),
        (Name::ApproximateNumberOfMessagesNotVisible, "1"),
        (Name::ApproximateNumberOfMessagesDelayed, "1"),
        (Name::VisibilityTimeout, "77"),
        (Name::MessageRetentionPeriod, "345600"),
        (Name::MaximumMessageSize, "1048576"),
        (Name::Policy, "{}"),
        (Name::QueueArn, "arn:aws:sqs:us-east-1:000000000000:orders"),
    ] {
        assert_eq!(all[&name], value, "{name:?}");
    }
    let one = get(Name::DelaySeconds).await.expect("good").attributes;
    assert_eq!(
        one,
        Some(HashMap::from([(Name::DelaySeconds, "0".to_owned())]))
    );
    assert_eq!(
        code(get(Name::from("Nonsense")).await),
        "InvalidAttributeName"
    );
}

#[tokio::test]
async fn tags_come_and_go() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let tag = served.client.tag_queue().queue_url(&url);
    let tagged = tag.tags("team", "shop").tags("stage", "test").send().await;
    tagged.expect("good");
    let untag = served
        .client
        .untag_queue()
        .queue_url(&url)
        .tag_keys("stage");
    untag.send().await.expect("good");
    let tags = served.client.list_queue_tags().queue_url(&url).send().await;
    assert_eq!(
        tags.expect("good").tags,
        Some(HashMap::from([("team".to_owned(), "shop".to_owned())]))
    );
}

#[tokio::test]
async fn tag_keys_of_aws_itself_are_refused_and_others_that_look_like_them_are_not() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let tag = |key: &str| {
        served
            .client
            .tag_queue()
            .queue_url(&url)
            .tags(key, "a")
            .send()
    };
    for key in ["aws:team", "AWS:team", "aws:"] {
        assert_eq!(code(tag(key).await), "InvalidParameterValue", "{key}");
        let created = served
            .client
            .create_queue()
            .queue_name("new")
            .tags(key, "a");
        assert_eq!(code(created.send().await), "InvalidParameterValue", "{key}");
    }
    for key in ["aws", "awsome", "my:aws:team"] {
        tag(key).await.expect("good");
    }
}

#[tokio::test]
async fn a_policy_is_a_json_document() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    let set = |policy: &str| {
        let set = served.client.set_queue_attributes().queue_url(&url);
        set.attributes(Name::Policy, policy).send()
    };
    for policy in ["not json", "[]", "\"text\"", "{\"Statement\": []"] {
        assert_eq!(code(set(policy).await), "InvalidAttributeValue", "{policy}");
    }
    for policy in [r#"{"Version":"2012-10-17","Statement":[]}"#, "{}", ""] {
        set(policy).await.expect("good");
    }
}

#[tokio::test]
async fn a_second_purge_within_a_minute_is_refused() {
    let served = Served::start().await;
    let url = served.queue("orders").await;
    served.send(&url, "a").await;
    let purge = || served.client.purge_queue().queue_url(&url).send();
    purge().await.expect("the first");
    assert_eq!(served.engine.counts("orders").expect("there").total(), 0);
    let again = purge().await.expect_err("the second").into_service_error();
    assert!(again.is_purge_queue_in_progress(), "{again:?}");
}
