//! Topics past HTTP, in paused time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{Published, SnsErrorKind, Subscription, TopicAttributes, TopicMessage};
use crate::doors::Door;
use crate::doors::testing::{Said, World, world};
use crate::sqs::{AttributeValue, MessageAttribute, ReceiveOptions, ReceivedMessage, is_fifo};

/// A topic with these subscriptions.
fn topic(name: &str, subscriptions: impl IntoIterator<Item = Subscription>) -> World {
    let world = world();
    world
        .doors
        .create_topic(name, TopicAttributes::default())
        .unwrap();
    for subscription in subscriptions {
        world.doors.subscribe(name, subscription).unwrap();
    }
    world
}

impl World {
    fn publish(&self, topic: &str, message: TopicMessage) -> Published {
        self.doors.publish(topic, message).expect("it is accepted")
    }

    async fn receive(&self, queue: &str) -> Vec<ReceivedMessage> {
        let options = ReceiveOptions {
            max_messages: 10,
            wait: Some(Duration::ZERO),
            ..ReceiveOptions::default()
        };
        self.engine.receive(queue, options).await.unwrap()
    }
}

fn attribute(data_type: &str, text: &str) -> MessageAttribute {
    MessageAttribute {
        data_type: data_type.into(),
        value: AttributeValue::Text(text.into()),
    }
}

fn in_group(message: &str, group: &str, id: &str) -> TopicMessage {
    TopicMessage {
        group_id: Some(group.into()),
        deduplication_id: Some(id.into()),
        ..TopicMessage::new(message)
    }
}

#[tokio::test(start_paused = true)]
async fn a_queue_gets_the_message_in_an_envelope_and_another_raw() {
    let world = topic(
        "t",
        [
            Subscription::to_queue("q"),
            Subscription::to_queue("dead").raw(),
        ],
    );
    let published = world.publish(
        "t",
        TopicMessage {
            subject: Some("an order".into()),
            attributes: vec![("run".into(), attribute("Number", "7"))],
            ..TopicMessage::new("{\"id\": \"\u{fc}\"}")
        },
    );
    let enveloped = &world.receive("q").await[0];
    assert!(
        enveloped.attributes().is_empty(),
        "they are in the envelope"
    );
    let envelope: Value = serde_json::from_str(&enveloped.body).unwrap();
    for (field, expected) in [
        ("Type", "Notification"),
        ("MessageId", &*published.message_id),
        ("TopicArn", "arn:aws:sns:us-east-1:000000000000:t"),
        ("Subject", "an order"),
        ("Message", "{\"id\": \"\u{fc}\"}"),
        ("SignatureVersion", "1"),
    ] {
        assert_eq!(envelope[field], expected, "{field}");
    }
    assert_eq!(envelope["MessageAttributes"]["run"]["Value"], "7");
    assert_eq!(envelope.get("SequenceNumber"), None);

    let raw = &world.receive("dead").await[0];
    assert_eq!(&*raw.body, "{\"id\": \"\u{fc}\"}");
    assert_eq!(
        raw.attributes(),
        [("run".to_owned(), attribute("Number", "7"))]
    );
    assert_ne!(
        raw.message_id, published.message_id,
        "a copy has an id of its own"
    );

    let counts = world.doors.counts(&Door::topic("t"));
    assert_eq!((counts.accepted, counts.delivered_total()), (1, 2));
    assert_eq!(counts.delivered["q"], 1);
    assert!(counts.is_drained());
}

#[tokio::test(start_paused = true)]
async fn a_filter_decides_by_attributes_or_by_the_body() {
    let by_attribute = Subscription::to_queue("q").filtered(r#"{"kind": ["order"]}"#);
    let by_body = Subscription::to_queue("dead")
        .filtered_by_body(r#"{"order": {"total": [{"numeric": [">", 100]}]}}"#);
    let world = topic("t", [by_attribute, by_body]);
    for (kind, message) in [
        ("order", r#"{"order": {"total": 120}}"#),
        ("order", r#"{"order": {"total": 90}}"#),
        ("news", "no JSON"),
    ] {
        world.publish(
            "t",
            TopicMessage {
                attributes: vec![("kind".into(), attribute("String", kind))],
                ..TopicMessage::new(message)
            },
        );
    }
    assert_eq!(world.bodies("q").len(), 2);
    assert_eq!(world.bodies("dead").len(), 1);
    let counts = world.doors.counts(&Door::topic("t"));
    assert_eq!((counts.accepted, counts.filtered), (3, 3));
    assert_eq!(
        counts.delivered_total() + counts.filtered,
        2 * counts.accepted
    );
}

#[tokio::test(start_paused = true)]
async fn arrays_and_numbers_of_attributes_are_compared_as_such() {
    let policy = r#"{"tags": ["gift"], "total": [{"numeric": [">=", 100]}]}"#;
    let world = topic("t", [Subscription::to_queue("q").raw().filtered(policy)]);
    for (tags, total, message) in [
        (
            attribute("String.Array", r#"["fast", "gift"]"#),
            attribute("Number", "100"),
            "yes",
        ),
        (
            attribute("String.Array", r#"["fast"]"#),
            attribute("Number", "100"),
            "no such tag",
        ),
        (
            attribute("String", "gift"),
            attribute("String", "100"),
            "a text is not a number",
        ),
    ] {
        world.publish(
            "t",
            TopicMessage {
                attributes: vec![("tags".into(), tags), ("total".into(), total)],
                ..TopicMessage::new(message)
            },
        );
    }
    assert_eq!(world.bodies("q"), ["yes"]);
}

#[tokio::test(start_paused = true)]
async fn a_fifo_topic_keeps_order_and_drops_the_same_id_for_five_minutes() {
    let world = topic(
        "t.fifo",
        [
            Subscription::to_queue("q.fifo").raw(),
            Subscription::to_queue("q").raw(),
        ],
    );
    let first = world.publish("t.fifo", in_group("1", "a", "one"));
    let again = world.publish("t.fifo", in_group("other text", "a", "one"));
    assert_eq!(
        first, again,
        "the same id and number, and nothing is delivered"
    );
    let second = world.publish("t.fifo", in_group("2", "a", "two"));
    assert!(second.sequence_number > first.sequence_number);

    let got = world.receive("q.fifo").await;
    let bodies: Vec<_> = got.iter().map(|message| &*message.body).collect();
    assert_eq!(bodies, ["1", "2"]);
    assert_eq!(got[0].group_id(), Some("a"));
    assert_eq!(
        got[0]
            .extras
            .as_ref()
            .and_then(|extras| extras.deduplication_id.as_deref()),
        Some("one")
    );
    assert_eq!(
        world.bodies("q"),
        ["1", "2"],
        "a standard queue may subscribe as well"
    );
    let counts = world.doors.counts(&Door::topic("t.fifo"));
    assert_eq!((counts.accepted, counts.deduplicated), (3, 1));

    tokio::time::advance(Duration::from_secs(300)).await;
    world.publish("t.fifo", in_group("3", "a", "one"));
    assert_eq!(
        world.bodies("q"),
        ["1", "2", "3"],
        "forgotten after the interval"
    );
}

#[tokio::test(start_paused = true)]
async fn messages_that_a_topic_does_not_take_are_refused_and_counted() {
    let world = topic("t", []);
    world
        .doors
        .create_topic("t.fifo", TopicAttributes::default())
        .unwrap();
    let long = "x".repeat((256 << 10) + 1);
    let grouped = TopicMessage {
        group_id: Some("a".into()),
        ..TopicMessage::new("1")
    };
    let broken = TopicMessage {
        is_structured: true,
        ..TopicMessage::new("{}")
    };
    for (topic, message, kind, part) in [
        (
            "t",
            TopicMessage::new(""),
            SnsErrorKind::InvalidParameter,
            "Empty message",
        ),
        (
            "t",
            TopicMessage::new(long.clone()),
            SnsErrorKind::InvalidParameter,
            "too long",
        ),
        (
            "t",
            in_group("1", "a", "one"),
            SnsErrorKind::InvalidParameter,
            "MessageDeduplicationId",
        ),
        ("t", broken, SnsErrorKind::InvalidParameter, "default"),
        (
            "t.fifo",
            TopicMessage::new("1"),
            SnsErrorKind::InvalidParameter,
            "MessageGroupId",
        ),
        (
            "t.fifo",
            grouped,
            SnsErrorKind::InvalidParameter,
            "ContentBasedDeduplication",
        ),
        (
            "gone",
            TopicMessage::new("1"),
            SnsErrorKind::NotFound,
            "does not exist",
        ),
    ] {
        let error = world.doors.publish(topic, message).unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.contains(part), "{error}");
    }
    assert!(
        world
            .doors
            .publish("t", TopicMessage::new(&long[1..]))
            .is_ok(),
        "just not too long"
    );
    let counts = world.doors.counts(&Door::topic("t"));
    assert_eq!((counts.accepted, counts.refused), (1, 4));
    assert_eq!(world.doors.counts(&Door::topic("t.fifo")).refused, 2);
}

#[tokio::test(start_paused = true)]
async fn each_fault_strikes_its_message_and_no_other() {
    for (name, queue) in [("t", "q"), ("t.fifo", "q.fifo")] {
        let world = topic(name, [Subscription::to_queue(queue).raw()]);
        world.doors.set_faults(Box::new(Said));
        let message = |text: &str| match is_fifo(name) {
            true => in_group(text, "a", text),
            false => TopicMessage::new(text),
        };
        let texts = ["vanish", "double", "sound", "refuse", "throttle"];
        let results = world
            .doors
            .publish_all(name, texts.map(message).into())
            .unwrap();
        let kinds: Vec<_> = results
            .iter()
            .map(|result| result.as_ref().map_err(|error| error.kind))
            .collect();
        assert!(kinds[..3].iter().all(Result::is_ok), "{kinds:?}");
        assert_eq!(kinds[3].unwrap_err(), SnsErrorKind::InternalError);
        assert_eq!(kinds[4].unwrap_err(), SnsErrorKind::Throttling);
        assert_eq!(world.bodies(queue), ["double", "double", "sound"], "{name}");
        let counts = world.doors.counts(&Door::topic(name));
        assert_eq!((counts.accepted, counts.refused), (3, 2));
        assert_eq!(counts.delivered_total(), 3);
        assert!(counts.is_drained(), "what vanished is not inside");
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_throttled_as_a_whole_is_not_taken_at_all_and_the_next_one_is() {
    let world = topic("t", [Subscription::to_queue("q").raw()]);
    world.doors.set_faults(Box::new(Said));
    let publish = |texts: [&str; 2]| {
        let messages = texts.map(TopicMessage::new);
        world.doors.publish_all("t", messages.into())
    };
    let refused = publish(["sound", "throttle all"]).unwrap_err();
    assert_eq!(refused.kind, SnsErrorKind::Throttling);
    assert!(world.bodies("q").is_empty());
    let entries = publish(["sound", "throttle"]).unwrap();
    assert!(entries[0].is_ok() && entries[1].is_err(), "one alone");
    assert_eq!(world.bodies("q"), ["sound"]);
    let counts = world.doors.counts(&Door::topic("t"));
    assert_eq!(
        (counts.accepted, counts.refused),
        (1, 2),
        "a request is one"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_late_is_inside_until_it_is_delivered_and_its_group_waits() {
    let world = topic("t.fifo", [Subscription::to_queue("q.fifo").raw()]);
    world.doors.set_faults(Box::new(Said));
    tokio::spawn(world.doors.clone().run());
    for (text, group) in [("late-1", "a"), ("2", "a"), ("3", "b")] {
        world.publish("t.fifo", in_group(text, group, text));
    }
    let inside = || world.doors.counts(&Door::topic("t.fifo")).inside;
    assert_eq!(world.bodies("q.fifo"), ["3"], "another group goes on");
    assert_eq!(inside(), 2);
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(inside(), 2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(inside(), 0);
    assert_eq!(world.bodies("q.fifo"), ["3", "late-1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_tried_again_until_it_has_room_and_order_holds() {
    let world = topic("t.fifo", [Subscription::to_queue("q.fifo").raw()]);
    tokio::spawn(world.doors.clone().run());
    world
        .engine
        .store_at_most(world.engine.stored_bytes() + 8_000);
    let filler = crate::sqs::SendEntry::new("x".repeat(2_000)).in_group("z");
    while world
        .engine
        .send(
            "q.fifo",
            filler
                .clone()
                .deduplicated_by(uuid::Uuid::new_v4().to_string()),
        )
        .is_ok()
    {}
    for text in ["1", "2"] {
        let text = text.repeat(2_000);
        world.publish("t.fifo", in_group(&text, "a", &text[..9]));
    }
    let counts = || world.doors.counts(&Door::topic("t.fifo"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((counts().inside, counts().delivered_total()), (2, 0));
    world.engine.purge("q.fifo").unwrap();
    tokio::time::sleep(Duration::from_secs(45)).await;
    assert_eq!((counts().inside, counts().delivered_total()), (0, 2));
    assert!(world.bodies("q.fifo")[0].starts_with('1'), "in their order");
}

#[tokio::test(start_paused = true)]
async fn what_no_queue_will_ever_take_is_given_up_or_goes_to_the_dead_letters() {
    for (dead_letters, expected) in [(false, (1, 0)), (true, (0, 1))] {
        let subscription = Subscription::to_queue("q");
        let subscription = match dead_letters {
            true => subscription.dead_letters_to("dead"),
            false => subscription,
        };
        let world = topic("t", [subscription]);
        world.engine.delete_queue("q").unwrap();
        world.publish("t", TopicMessage::new("1"));
        let counts = world.doors.counts(&Door::topic("t"));
        assert_eq!((counts.undelivered, counts.dead_lettered), expected);
        assert!(counts.is_drained());
        assert_eq!(world.bodies("dead").len() as u64, expected.1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscription_is_refused_that_could_not_work() {
    let world = topic("t", []);
    for (subscription, part) in [
        (Subscription::to_queue("gone"), "no queue gone"),
        (Subscription::to_queue("q.fifo"), "FIFO SQS Queues"),
        (Subscription::to_queue("q").filtered("{}x"), "FilterPolicy"),
        (
            Subscription::to_queue("q").filtered(r#"{"a": {"b": ["c"]}}"#),
            "nested",
        ),
    ] {
        let error = world.doors.subscribe("t", subscription).unwrap_err();
        assert!(error.message.contains(part), "{error}");
    }
    let subscribe = |subscription| world.doors.subscribe("t", subscription);
    let first = subscribe(Subscription::to_queue("q")).unwrap();
    assert_eq!(
        subscribe(Subscription::to_queue("q")).unwrap(),
        first,
        "the same again"
    );
    assert!(
        subscribe(Subscription::to_queue("q").raw()).is_err(),
        "with other settings"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_with_a_text_for_each_protocol_gives_queues_theirs() {
    let world = topic("t", [Subscription::to_queue("q").raw()]);
    for message in [
        r#"{"default": "all", "sqs": "queues"}"#,
        r#"{"default": "all", "email": "people"}"#,
    ] {
        let message = TopicMessage {
            is_structured: true,
            ..TopicMessage::new(message)
        };
        world.publish("t", message);
    }
    assert_eq!(world.bodies("q"), ["queues", "all"]);
}

#[tokio::test(start_paused = true)]
async fn publishers_side_by_side_lose_nothing_and_no_id_is_given_twice() {
    static PUBLISHED: AtomicU64 = AtomicU64::new(0);
    let world = topic("t", [Subscription::to_queue("q").raw()]);
    let threads = (0..4).map(|_| {
        let doors = world.doors.clone();
        std::thread::spawn(move || {
            let ids = (0..500).map(|_| {
                let number = PUBLISHED.fetch_add(1, Ordering::Relaxed);
                doors
                    .publish("t", TopicMessage::new(number.to_string()))
                    .unwrap()
                    .message_id
            });
            ids.collect::<Vec<_>>()
        })
    });
    let threads: Vec<_> = threads.collect();
    let ids: std::collections::HashSet<_> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    assert_eq!(ids.len(), 2_000);
    let bodies: std::collections::HashSet<_> = world.bodies("q").into_iter().collect();
    assert_eq!(bodies.len(), 2_000);
}

#[tokio::test(start_paused = true)]
async fn doors_that_hold_as_much_as_they_may_take_no_more_and_doors_that_are_not_there_are_counted_within_limits()
 {
    let world = topic("t", [Subscription::to_queue("q").raw()]);
    world.doors.set_faults(Box::new(Said));
    let large = format!("late-{}", "x".repeat((256 << 10) - 5));
    let refused = (0..2_000).find_map(|_| {
        let published = world.doors.publish("t", TopicMessage::new(large.as_str()));
        published.err()
    });
    assert_eq!(refused.unwrap().kind, SnsErrorKind::Throttling);
    let held = world.doors.counts(&Door::topic("t")).inside;
    assert!(
        (1_000..1_100).contains(&held),
        "{held} of a quarter of a MiB"
    );

    for number in 0..5_000 {
        let _ = world
            .doors
            .publish(&format!("gone-{number}"), TopicMessage::new("1"));
    }
    let _ = world
        .doors
        .publish(&"x".repeat(1_000), TopicMessage::new("1"));
    assert_eq!(world.doors.all_counts().len(), 4_096);
}
