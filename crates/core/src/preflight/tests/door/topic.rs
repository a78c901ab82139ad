//! A topic and the subscription of the orders queue.

use super::*;

#[test]
fn a_subscription_must_be_there_confirmed_and_of_the_scenarios_envelope() {
    try_all(vec![
        Case(
            SNS,
            sns(|topic| topic.subscription = Known::Absent),
            Trap::Subscription,
            Void,
            "is not subscribed",
        ),
        Case(
            SNS,
            sns(|topic| topic.subscription = Known::Unknown("denied".into())),
            Trap::Subscription,
            Unknown,
            "denied",
        ),
        Case(
            SNS,
            subscription(|one| one.pending = true),
            Trap::Subscription,
            Void,
            "is not confirmed",
        ),
        Case(SNS, sns(|_| {}), Trap::Subscription, Well, "is subscribed"),
        Case(
            SNS,
            sns(|topic| topic.others = 2),
            Trap::Subscription,
            Caution,
            "has 2 other subscriptions",
        ),
        Case(
            SNS,
            subscription(|one| one.raw = true),
            Trap::Envelope,
            Void,
            "is on: orders arrive as they are sent, and",
        ),
        Case(
            SNS_RAW,
            sns(|_| {}),
            Trap::Envelope,
            Void,
            "is off: orders arrive in SNS's envelope, and",
        ),
        Case(
            SNS_RAW,
            subscription(|one| one.raw = true),
            Trap::Envelope,
            Well,
            "is on",
        ),
    ]);
}

#[test]
fn a_filter_policy_must_take_every_order() {
    const MARKED: &[&str] = &[
        "sending.to=sns",
        "sending.topic=orders",
        "order.attributes={store=\"Graz\"}",
    ];
    let filter = |text: &'static str, bodies: bool| {
        subscription(move |one| (one.filter, one.filters_bodies) = (Some(text.into()), bodies))
    };
    try_all(vec![
        Case(
            SNS,
            filter(r#"{"store":["Graz"]}"#, false),
            Trap::DoorFilter,
            Void,
            "takes none",
        ),
        Case(
            MARKED,
            filter(r#"{"store":["Graz"]}"#, false),
            Trap::DoorFilter,
            Well,
            "takes every order",
        ),
        Case(
            MARKED,
            filter(r#"{"store":["Linz"]}"#, false),
            Trap::DoorFilter,
            Void,
            "takes none",
        ),
        Case(
            MARKED,
            filter(r#"{"store":[{"wildcard":"G*"}]}"#, false),
            Trap::DoorFilter,
            Unknown,
            "500 of the first 500",
        ),
        Case(
            MARKED,
            filter("{", false),
            Trap::DoorFilter,
            Unknown,
            "1 of the first 1",
        ),
        Case(
            SNS,
            filter(r#"{"num_items":[{"numeric":[">=",1]}]}"#, true),
            Trap::DoorFilter,
            Well,
            "bodies, takes every",
        ),
        Case(
            SNS,
            filter(r#"{"num_items":[{"numeric":[">=",2]}]}"#, true),
            Trap::DoorFilter,
            Gin,
            "of the first 500 orders",
        ),
    ]);
}

#[test]
fn topic_and_queue_are_of_one_kind() {
    let both = |fifo_topic: bool, by_content: bool| -> Change {
        let topic = sns(move |topic| {
            (topic.fifo, topic.content_based_deduplication) = (fifo_topic, by_content);
        });
        Box::new(move |facts| {
            topic(facts);
            for queue in [&mut facts.orders_queue, &mut facts.dead_letter_queue] {
                known(queue).fifo = true;
            }
            known(&mut facts.orders_queue).fifo_settings = Some(FifoFacts {
                content_based_deduplication: true,
                high_throughput: true,
            });
        })
    };
    try_all(vec![
        Case(
            SNS_FIFO,
            both(false, false),
            Trap::Fifo,
            Void,
            "cannot be subscribed",
        ),
        Case(
            SNS_FIFO,
            both(true, false),
            Trap::Fifo,
            Void,
            "SNS refuses every order",
        ),
        Case(
            SNS_FIFO,
            both(true, true),
            Trap::Subscription,
            Well,
            "is subscribed",
        ),
        Case(
            SNS,
            sns(|topic| topic.fifo = true),
            Trap::Fifo,
            Void,
            "without a message group",
        ),
    ]);
}
