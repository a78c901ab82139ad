//! Topic, bus and server, read from the emulator; what is not in its repertoire is in AWS's shapes, from the API references.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::account::facts::tests::{session, stub};
use crate::emulator::Emulator;
use crate::emulator::doors::events::{Rule, Target};
use crate::emulator::doors::sns::{Subscription, TopicAttributes};
use crate::emulator::sqs::QueueAttributes;
use crate::preflight::{BusFacts, TargetInput, TopicFacts};
use crate::scenario::{Overrides, parse};

const SCENARIO: &str = r#"
name = "door"
question = "Is it there?"
target = "aws"
[[phase]]
name = "baseline"
rate = "1/s"
duration = "1s"
"#;

fn scenario(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("door.toml", SCENARIO, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

fn emulator() -> Emulator {
    let filtered = Subscription::to_queue("orders-queue").raw();
    let filtered = filtered.filtered_by_body(r#"{"store":["Graz"]}"#);
    let to_queue = Target::queue("orders-queue").part("$.detail");
    Emulator::builder()
        .queue("orders-queue")
        .queue("orders-dl-queue")
        .queue("letters")
        .queue("other")
        .topic("orders")
        .topic("plain")
        .subscription("orders", filtered.dead_letters_to("letters"))
        .subscription("orders", Subscription::to_queue("other"))
        .subscription("plain", Subscription::to_queue("orders-queue"))
        .event_bus("shop")
        .rule(
            Rule::new("to-queue")
                .on_bus("shop")
                .matching(r#"{"source":["shop"]}"#)
                .to(to_queue.dead_letters_to("letters")),
        )
        .rule(
            Rule::new("elsewhere")
                .on_bus("shop")
                .matching(r#"{"source":["shop"]}"#)
                .to_queue("other"),
        )
        .start()
        .expect("an emulator")
}

async fn door(emulator: &Emulator, set: &[&str]) -> DoorFacts {
    let session = session(emulator.endpoint_url().to_owned()).await;
    let target = AwsTarget::default();
    let found = read_door(&session, &target, &scenario(set)).await;
    found.expect("a door")
}

async fn topic(emulator: &Emulator, name: &str) -> Known<TopicFacts> {
    let named = format!("sending.topic={name}");
    let mut set = vec!["sending.to=sns", &named];
    if name.ends_with(".fifo") {
        set.extend(["pipeline.queue=fifo", "order.group={{id}}"]);
    }
    match door(emulator, &set).await {
        DoorFacts::Topic(topic) => topic,
        other => panic!("{other:?}"),
    }
}

async fn bus(emulator: &Emulator, name: &str) -> Known<BusFacts> {
    let named = format!("sending.bus={name}");
    match door(emulator, &["sending.to=eventbridge", &named]).await {
        DoorFacts::Bus(bus) => bus,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_is_read_with_its_subscription() {
    let emulator = emulator();
    let found = topic(&emulator, "orders").await;
    let facts = found.get().expect("a topic");
    assert_eq!(facts.arn, emulator.topic_arn("orders"));
    assert_eq!(
        (facts.fifo, facts.others, &facts.kms_key),
        (false, 1, &None)
    );
    let subscription = facts.subscription.get().expect("a subscription");
    assert!(subscription.raw && subscription.filters_bodies && !subscription.pending);
    assert_eq!(
        subscription.filter.as_deref(),
        Some(r#"{"store":["Graz"]}"#)
    );
    let failures = subscription.failures.as_ref().expect("a failure queue");
    assert_eq!(
        (failures.name(), &failures.messages),
        ("letters", &Known::Is(0))
    );

    let by_arn = topic(&emulator, &emulator.topic_arn("orders")).await;
    assert_eq!(by_arn, found);
    let plain = topic(&emulator, "plain").await;
    let plain = plain.get().and_then(|facts| facts.subscription.get());
    let plain = plain.expect("a subscription");
    assert!(!plain.raw && plain.filter.is_none() && plain.failures.is_none());
    assert_eq!(topic(&emulator, "nowhere").await, Known::Absent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fifo_topic_says_so_and_a_topic_without_the_queue_has_no_subscription_of_it() {
    let by_content = TopicAttributes {
        content_based_deduplication: true,
        ..TopicAttributes::default()
    };
    let fifo = QueueAttributes::default();
    let emulator = Emulator::builder()
        .queue_with("orders-queue", fifo)
        .topic_with("orders.fifo", by_content)
        .start()
        .expect("an emulator");
    let found = topic(&emulator, "orders.fifo").await;
    let facts = found.get().expect("a topic");
    assert!(facts.fifo && facts.content_based_deduplication);
    assert_eq!((&facts.subscription, facts.others), (&Known::Absent, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_is_read_with_the_rules_whose_target_is_the_queue() {
    let emulator = emulator();
    let found = bus(&emulator, "shop").await;
    let facts = found.get().expect("a bus");
    assert!(facts.arn.ends_with(":event-bus/shop"), "{}", facts.arn);
    let rules = facts.rules.get().expect("rules").as_slice();
    let [rule] = rules else {
        panic!("one rule has the queue as its target: {rules:?}");
    };
    assert!(
        rule.enabled && rule.arn.ends_with(":rule/shop/to-queue"),
        "{rule:?}"
    );
    assert_eq!(rule.input, TargetInput::Path("$.detail".into()));
    assert_eq!(rule.pattern.as_deref(), Some(r#"{"source":["shop"]}"#));
    assert_eq!((rule.maximum_age, &rule.role), (None, &None));
    let failures = rule.failures.as_ref().expect("a failure queue");
    assert_eq!(
        (failures.name(), &failures.messages),
        ("letters", &Known::Is(0))
    );
    assert_eq!(bus(&emulator, "nowhere").await, Known::Absent);
}

/// EventBridge's replies, by its operations.
async fn answered(replies: &[(&'static str, u16, Value)]) -> Known<BusFacts> {
    let replies = replies.iter().map(|(operation, status, reply)| {
        let reply: &'static str = Box::leak(reply.to_string().into_boxed_str());
        (*operation, *status, reply)
    });
    let session = session(stub(replies.collect())).await;
    let queue = crate::preflight::fixture::queue("orders-queue", Duration::from_secs(60));
    bus::read(&session, "shop", &queue).await
}

#[tokio::test]
async fn a_targets_input_retry_policy_and_role_are_read() {
    let queue = "arn:aws:sqs:us-east-1:123456789012:orders-queue";
    let found = answered(&[
        (
            "AWSEvents.DescribeEventBus",
            200,
            json!({"Name": "shop", "Arn": "a", "KmsKeyIdentifier": "alias/own"}),
        ),
        (
            "AWSEvents.ListRuleNamesByTarget",
            200,
            json!({"RuleNames": ["one"]}),
        ),
        (
            "AWSEvents.DescribeRule",
            200,
            json!({"Name": "one", "Arn": "r", "State": "DISABLED", "EventPattern": "{}"}),
        ),
        (
            "AWSEvents.ListTargetsByRule",
            200,
            json!({"Targets": [
            {"Id": "1", "Arn": queue, "RoleArn": "role", "InputTransformer": {"InputTemplate": "x"},
             "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 60},
             "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:far"}},
            {"Id": "2", "Arn": "arn:aws:sqs:us-east-1:123456789012:other"},
            {"Id": "3", "Arn": queue, "Input": "{}"}]}),
        ),
    ])
    .await;
    let facts = found.get().expect("a bus");
    assert_eq!(facts.kms_key.as_deref(), Some("alias/own"));
    let rules = facts.rules.get().expect("rules").as_slice();
    let [one, three] = rules else {
        panic!("two targets are the queue: {rules:?}");
    };
    assert!(!one.enabled);
    assert_eq!(one.input, TargetInput::Transformed);
    assert_eq!(three.input, TargetInput::Constant);
    assert_eq!(
        (one.maximum_age, one.maximum_retries),
        (Some(Duration::from_secs(60)), Some(3))
    );
    assert_eq!(one.role.as_deref(), Some("role"));
    let far = one.failures.as_ref().expect("a failure queue");
    assert!(
        matches!(&far.messages, Known::Unknown(why) if why.contains("another account or region"))
    );
}

#[tokio::test]
async fn rules_that_may_not_be_listed_are_unknown_and_not_none() {
    let found = answered(&[
        (
            "AWSEvents.DescribeEventBus",
            200,
            json!({"Name": "shop", "Arn": "a"}),
        ),
        (
            "AWSEvents.ListRuleNamesByTarget",
            400,
            json!({"__type": "AccessDeniedException", "message": "no"}),
        ),
    ])
    .await;
    let rules = &found.get().expect("a bus").rules;
    assert!(
        matches!(rules, Known::Unknown(why) if why.contains("AccessDenied")),
        "{rules:?}"
    );
    let denied = json!({"__type": "AccessDeniedException", "message": "no"});
    let found = answered(&[("AWSEvents.DescribeEventBus", 400, denied)]).await;
    assert!(
        matches!(&found, Known::Unknown(why) if why.contains("AccessDenied")),
        "{found:?}"
    );
}

/// EventBridge's replies about a bus with a rule to the queue, one of which is another one.
async fn answered_but(operation: &'static str, reply: Value) -> Known<BusFacts> {
    let queue = "arn:aws:sqs:us-east-1:123456789012:orders-queue";
    let mut replies = vec![
        (
            "AWSEvents.DescribeEventBus",
            200,
            json!({"Name": "shop", "Arn": "a"}),
        ),
        (
            "AWSEvents.ListRuleNamesByTarget",
            200,
            json!({"RuleNames": ["one"]}),
        ),
        (
            "AWSEvents.DescribeRule",
            200,
            json!({"Name": "one", "Arn": "r", "State": "ENABLED"}),
        ),
        (
            "AWSEvents.ListTargetsByRule",
            200,
            json!({"Targets": [{"Id": "1", "Arn": queue}]}),
        ),
    ];
    replies.retain(|(other, ..)| *other != operation);
    replies.push((operation, 200, reply));
    answered(&replies).await
}

#[tokio::test]
async fn a_reply_without_its_members_is_no_bus_without_rules() {
    let sound = answered_but("none", json!({})).await;
    let sound = sound.get().and_then(|facts| facts.rules.get());
    assert!(matches!(sound.map(Vec::as_slice), Some([rule]) if rule.enabled));
    for (operation, reply, missing) in [
        ("AWSEvents.ListRuleNamesByTarget", json!({}), "RuleNames"),
        (
            "AWSEvents.ListRuleNamesByTarget",
            json!({"RuleNames": null}),
            "RuleNames",
        ),
        ("AWSEvents.ListTargetsByRule", json!({}), "Targets"),
        (
            "AWSEvents.ListTargetsByRule",
            json!({"Targets": []}),
            "does not name the queue",
        ),
        ("AWSEvents.DescribeRule", json!({}), "State"),
        (
            "AWSEvents.DescribeRule",
            json!({"Name": "one", "Arn": "r", "State": "?"}),
            "State",
        ),
    ] {
        let found = answered_but(operation, reply).await;
        let rules = &found.get().expect("a bus").rules;
        assert!(
            matches!(rules, Known::Unknown(why) if why.contains(missing)),
            "{operation}: {rules:?}"
        );
    }
    let found = answered_but("AWSEvents.DescribeEventBus", json!({})).await;
    assert!(
        matches!(&found, Known::Unknown(why) if why.contains("Arn")),
        "{found:?}"
    );
    // What has none says so.
    let none = answered_but("AWSEvents.ListRuleNamesByTarget", json!({"RuleNames": []})).await;
    assert_eq!(none.get().expect("a bus").rules, Known::Is(Vec::new()));
    let off = json!({"Name": "one", "Arn": "r", "State": "DISABLED"});
    let off = answered_but("AWSEvents.DescribeRule", off).await;
    let rules = off.get().and_then(|facts| facts.rules.get());
    assert!(matches!(rules.map(Vec::as_slice), Some([rule]) if !rule.enabled));
}

#[tokio::test]
async fn a_result_without_its_list_is_no_topic_without_subscriptions() {
    const ATTRIBUTES: &str = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry>\
        <key>TopicArn</key><value>t</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>";
    const OWN: &str = "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member>\
        <SubscriptionArn>s</SubscriptionArn><Protocol>sqs</Protocol>\
        <Endpoint>arn:aws:sqs:us-east-1:123456789012:orders-queue</Endpoint></member></Subscriptions>\
        </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>";
    const NONE: &str = "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions/>\
        </ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>";
    const OF_OWN: &str = "<GetSubscriptionAttributesResponse><GetSubscriptionAttributesResult><Attributes><entry>\
        <key>SubscriptionArn</key><value>s</value></entry><entry><key>RawMessageDelivery</key><value>true</value></entry>\
        </Attributes></GetSubscriptionAttributesResult></GetSubscriptionAttributesResponse>";
    let queue = crate::preflight::fixture::queue("orders-queue", Duration::from_secs(60));
    let read = async |attributes: &'static str, list: &'static str, of_own: &'static str| {
        let replies = vec![
            ("GetTopicAttributes", 200, attributes),
            ("ListSubscriptionsByTopic", 200, list),
            ("GetSubscriptionAttributes", 200, of_own),
        ];
        topic::read(&session(stub(replies)).await, "orders", &queue).await
    };
    let sound = read(ATTRIBUTES, OWN, OF_OWN).await;
    let own = sound.get().and_then(|facts| facts.subscription.get());
    assert!(own.is_some_and(|own| own.raw), "{sound:?}");
    let none = read(ATTRIBUTES, NONE, OF_OWN).await;
    assert_eq!(none.get().expect("a topic").subscription, Known::Absent);

    let bare =
        "<GetTopicAttributesResponse><GetTopicAttributesResult/></GetTopicAttributesResponse>";
    let found = read(bare, OWN, OF_OWN).await;
    assert!(
        matches!(&found, Known::Unknown(why) if why.contains("has no Attributes")),
        "{found:?}"
    );
    let bare = "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult/></ListSubscriptionsByTopicResponse>";
    let of_own = "<GetSubscriptionAttributesResponse><GetSubscriptionAttributesResult/></GetSubscriptionAttributesResponse>";
    let empty = "<GetSubscriptionAttributesResponse><GetSubscriptionAttributesResult><Attributes/>\
        </GetSubscriptionAttributesResult></GetSubscriptionAttributesResponse>";
    for (list, of_own, missing) in [
        (bare, OF_OWN, "has no Subscriptions"),
        (OWN, of_own, "has no Attributes"),
        (OWN, empty, "has no SubscriptionArn"),
    ] {
        let found = read(ATTRIBUTES, list, of_own).await;
        let subscription = &found.get().expect("a topic").subscription;
        assert!(
            matches!(subscription, Known::Unknown(why) if why.contains(missing)),
            "{subscription:?}"
        );
    }
}

#[tokio::test]
async fn a_subscription_that_waits_for_its_confirmation_is_pending_and_a_reply_cut_short_is_nothing()
 {
    let queue = crate::preflight::fixture::queue("orders-queue", Duration::from_secs(60));
    let attributes = "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>TopicArn</key>\
        <value>t</value></entry><entry><key>KmsMasterKeyId</key>\
        <value>alias/own</value></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>";
    let pending = "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions><member>\
        <SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>sqs</Protocol>\
        <Endpoint>arn:aws:sqs:us-east-1:123456789012:orders-queue</Endpoint></member><member>\
        <SubscriptionArn>a:1</SubscriptionArn><Protocol>email</Protocol><Endpoint>a@example.com</Endpoint></member>\
        </Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>";
    let read = async |list: &'static str| {
        let replies = vec![
            ("GetTopicAttributes", 200, attributes),
            ("ListSubscriptionsByTopic", 200, list),
        ];
        topic::read(&session(stub(replies)).await, "orders", &queue).await
    };
    let found = read(pending).await;
    let facts = found.get().expect("a topic");
    assert_eq!(
        (facts.kms_key.as_deref(), facts.others),
        (Some("alias/own"), 1)
    );
    assert!(facts.subscription.get().expect("one").pending);
    let found = read(&pending[..pending.len() - 20]).await;
    let subscription = &found.get().expect("a topic").subscription;
    assert!(
        matches!(subscription, Known::Unknown(why) if why.contains("ListSubscriptions")),
        "{subscription:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_orders_may_be_sent_is_asked_without_sending_one() {
    let emulator = emulator();
    let session = session(emulator.endpoint_url().to_owned()).await;
    let found = topic(&emulator, "plain").await;
    let granted = may_publish(&session, found.get().expect("a topic")).await;
    assert_eq!(granted, Known::Is(true));
    assert_eq!(may_put_events(&session, "shop").await, Known::Is(true));
    assert_eq!(emulator.messages("orders-queue").expect("a queue").len(), 0);

    let denied = json!({"__type": "AccessDeniedException", "message": "no"}).to_string();
    let denied: &'static str = Box::leak(denied.into_boxed_str());
    let taken = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#;
    for (status, reply, expected) in [(400, denied, Some(false)), (200, taken, None)] {
        let session = crate::account::facts::tests::session(stub(vec![(
            "AWSEvents.PutEvents",
            status,
            reply,
        )]))
        .await;
        let granted = may_put_events(&session, "shop").await;
        assert_eq!(granted.get().copied(), expected, "{granted:?}");
    }
}

#[tokio::test]
async fn of_a_server_only_a_connection_is_tried() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let taken = connect(&format!("http://127.0.0.1:{port}/orders?a={{{{id}}}}")).await;
    assert_eq!(taken.connects, Known::Is(true));
    assert_eq!(taken.host, format!("127.0.0.1:{port}"));
    drop(listener);
    let refused = connect(&format!("http://127.0.0.1:{port}/orders")).await;
    assert_eq!(refused.connects, Known::Is(false));
    let nowhere = connect("https://no-such-host.invalid/orders").await;
    assert_eq!(nowhere.host, "no-such-host.invalid:443");
    assert!(matches!(nowhere.connects, Known::Unknown(_)), "{nowhere:?}");
}
