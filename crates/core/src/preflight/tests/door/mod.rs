//! The traps of what stands before the queue: facts that trip each, and facts that just do not.

mod bus;
mod topic;

use super::Weight::{Caution, Trap as Gin, Unknown, Void, Well};
use super::traps::{Case, Change, try_all};
use super::*;

const SNS: &[&str] = &["sending.to=sns", "sending.topic=orders"];
const SNS_RAW: &[&str] = &["sending.to=sns", "sending.topic=orders", "sending.raw=true"];
const SNS_FIFO: &[&str] = &[
    "sending.to=sns",
    "sending.topic=orders.fifo",
    "pipeline.queue=fifo",
    "order.group={{id}}",
];
const BUS: &[&str] = &["sending.to=eventbridge", "sending.bus=shop"];
const BUS_RAW: &[&str] = &[
    "sending.to=eventbridge",
    "sending.bus=shop",
    "sending.raw=true",
];
const BUS_PATIENT: &[&str] = &[
    "sending.to=eventbridge",
    "sending.bus=shop",
    "settle.deadline=24h",
];
const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:123456789012:orders";
const RULE_ARN: &str = "arn:aws:events:us-east-1:123456789012:rule/shop/to-queue";
const TAKES_ALL: &str = r#"{"source":["shop"],"detail-type":["OrderPlaced"]}"#;

fn letters() -> FailureQueue {
    FailureQueue {
        arn: "arn:aws:sqs:us-east-1:123456789012:orders-dl-queue".into(),
        messages: Known::Is(0),
    }
}

fn topic() -> TopicFacts {
    TopicFacts {
        arn: TOPIC_ARN.into(),
        fifo: false,
        content_based_deduplication: false,
        kms_key: None,
        subscription: Known::Is(SubscriptionFacts {
            arn: format!("{TOPIC_ARN}:1"),
            pending: false,
            raw: false,
            filter: None,
            filters_bodies: false,
            failures: Some(letters()),
        }),
        others: 0,
    }
}

fn rule() -> RuleFacts {
    RuleFacts {
        name: "to-queue".into(),
        arn: RULE_ARN.into(),
        enabled: true,
        pattern: Some(TAKES_ALL.into()),
        input: TargetInput::Event,
        role: None,
        maximum_age: Some(Duration::from_secs(60)),
        maximum_retries: None,
        failures: Some(letters()),
    }
}

fn policy_for(service: &str, source: &str) -> String {
    let queue = "arn:aws:sqs:us-east-1:123456789012:orders-queue";
    format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sqs:SendMessage",
        "Resource":"{queue}","Condition":{{"ArnEquals":{{"aws:SourceArn":"{source}"}}}}}}]}}"#
    )
}

/// A sound topic before a queue that lets it send, changed.
fn sns(change: impl Fn(&mut TopicFacts) + 'static) -> Change {
    Box::new(move |facts| {
        let mut topic = topic();
        change(&mut topic);
        facts.door = Some(DoorFacts::Topic(Known::Is(topic)));
        known(&mut facts.orders_queue).policy = Some(policy_for("sns.amazonaws.com", TOPIC_ARN));
    })
}

fn subscription(change: impl Fn(&mut SubscriptionFacts) + 'static) -> Change {
    sns(move |topic| change(known(&mut topic.subscription)))
}

/// A sound topic and a queue that is changed.
fn queue_behind(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    let sound = sns(|_| {});
    Box::new(move |facts| {
        sound(facts);
        change(known(&mut facts.orders_queue));
    })
}

/// A sound bus, its rules changed.
fn rules(change: impl Fn(&mut Vec<RuleFacts>) + 'static) -> Change {
    Box::new(move |facts| {
        let mut rules = vec![rule()];
        change(&mut rules);
        facts.door = Some(DoorFacts::Bus(Known::Is(BusFacts {
            name: "shop".into(),
            arn: "arn:aws:events:us-east-1:123456789012:event-bus/shop".into(),
            kms_key: None,
            rules: Known::Is(rules),
        })));
        let queue = known(&mut facts.orders_queue);
        queue.policy = Some(policy_for("events.amazonaws.com", RULE_ARN));
    })
}

fn one_rule(change: impl Fn(&mut RuleFacts) + 'static) -> Change {
    rules(move |rules| change(&mut rules[0]))
}

fn is_sound(set: &[&str], change: &Change) {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    for check in inspect(&scenario, target(&scenario), &facts) {
        assert_eq!(check.weight, Well, "{check:?}");
    }
}

#[test]
fn before_a_sound_topic_and_a_sound_bus_nothing_is_found() {
    is_sound(SNS, &sns(|_| {}));
    is_sound(SNS_RAW, &subscription(|one| one.raw = true));
    is_sound(BUS, &rules(|_| {}));
    let path = |rule: &mut RuleFacts| rule.input = TargetInput::Path("$.detail".into());
    is_sound(BUS_RAW, &one_rule(path));
    is_sound(BUS_PATIENT, &one_rule(|rule| rule.maximum_age = None));
}

#[test]
fn a_door_that_is_not_there_or_could_not_be_read() {
    let door =
        |door: DoorFacts| -> Change { Box::new(move |facts| facts.door = Some(door.clone())) };
    let server = |connects| {
        door(DoorFacts::Server(ServerFacts {
            host: "shop.example.com:443".into(),
            connects,
        }))
    };
    const HTTP: &[&str] = &[
        "sending.to=http",
        "sending.http={url=\"https://shop.example.com/orders\"}",
    ];
    try_all(vec![
        Case(
            SNS,
            door(DoorFacts::Topic(Known::Absent)),
            Trap::Door,
            Void,
            "the topic orders is not there",
        ),
        Case(
            SNS,
            door(DoorFacts::Topic(Known::Unknown("denied".into()))),
            Trap::Door,
            Unknown,
            "denied",
        ),
        Case(
            BUS,
            door(DoorFacts::Bus(Known::Absent)),
            Trap::Door,
            Void,
            "the event bus shop is not there",
        ),
        Case(
            BUS,
            rules(|_| {}),
            Trap::Door,
            Well,
            "the event bus shop is there",
        ),
        Case(
            HTTP,
            server(Known::Is(true)),
            Trap::Door,
            Well,
            "was not checked",
        ),
        Case(
            HTTP,
            server(Known::Is(false)),
            Trap::Door,
            Void,
            "takes no connection",
        ),
        Case(
            HTTP,
            server(Known::Unknown("no address".into())),
            Trap::Door,
            Unknown,
            "no address",
        ),
    ]);
}

#[test]
fn what_a_door_cannot_hand_on_must_end_where_the_run_looks() {
    let failures = |failures: Option<FailureQueue>| {
        subscription(move |one| one.failures.clone_from(&failures))
    };
    let elsewhere = |messages| FailureQueue {
        arn: "arn:aws:sqs:us-east-1:123456789012:failures".into(),
        messages,
    };
    let held = |messages| FailureQueue {
        messages,
        ..letters()
    };
    try_all(vec![
        Case(
            SNS,
            failures(None),
            Trap::FailureQueue,
            Caution,
            "has no dead-letter queue",
        ),
        Case(
            SNS,
            failures(Some(elsewhere(Known::Is(0)))),
            Trap::FailureQueue,
            Caution,
            "the run does not look there",
        ),
        Case(
            SNS,
            failures(Some(elsewhere(Known::Absent))),
            Trap::FailureQueue,
            Gin,
            "is not there: it is gone",
        ),
        Case(
            SNS,
            failures(Some(held(Known::Is(3)))),
            Trap::FailureQueue,
            Caution,
            "holds about 3",
        ),
        Case(
            SNS,
            failures(Some(held(Known::Unknown("denied".into())))),
            Trap::FailureQueue,
            Unknown,
            "denied",
        ),
        Case(
            SNS,
            failures(Some(letters())),
            Trap::FailureQueue,
            Well,
            "where the run looks",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.failures = None),
            Trap::FailureQueue,
            Caution,
            "for 60 s, is gone",
        ),
    ]);
}

#[test]
fn the_queue_must_let_topic_or_rule_send() {
    let other = policy_for(
        "sns.amazonaws.com",
        "arn:aws:sns:us-east-1:123456789012:other",
    );
    let loopback: Change = {
        let none = queue_behind(|queue| queue.policy = None);
        Box::new(move |facts| {
            none(facts);
            facts.place.loopback = true;
        })
    };
    try_all(vec![
        Case(
            SNS,
            queue_behind(|queue| queue.policy = None),
            Trap::QueuePolicy,
            Void,
            "has no policy",
        ),
        Case(SNS, loopback, Trap::QueuePolicy, Caution, "has no policy"),
        Case(
            SNS,
            queue_behind(move |queue| queue.policy = Some(other.clone())),
            Trap::QueuePolicy,
            Void,
            "does not allow it",
        ),
        Case(
            SNS,
            queue_behind(|queue| queue.policy = Some("?".into())),
            Trap::QueuePolicy,
            Unknown,
            "hangs on conditions",
        ),
        Case(
            SNS,
            sns(|_| {}),
            Trap::QueuePolicy,
            Well,
            "lets arn:aws:sns",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.arn.push('2')),
            Trap::QueuePolicy,
            Void,
            "does not allow it",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.role = Some("arn:aws:iam::1:role/r".into())),
            Trap::QueuePolicy,
            Unknown,
            "role/r",
        ),
        Case(
            SNS,
            queue_behind(|queue| queue.kms_key = Some("alias/aws/sqs".into())),
            Trap::Encryption,
            Void,
            "no other service",
        ),
        Case(
            SNS,
            queue_behind(|queue| queue.kms_key = Some("alias/own".into())),
            Trap::Encryption,
            Caution,
            "alias/own",
        ),
        Case(
            SNS,
            sns(|topic| topic.kms_key = Some("alias/own".into())),
            Trap::Encryption,
            Caution,
            "who publishes",
        ),
    ]);
}

#[test]
fn how_a_door_hands_on_follows_from_its_settings() {
    let scenario = scenario(BUS);
    let target = target(&scenario);
    let of = |change: &Change| {
        let mut facts = facts();
        change(&mut facts);
        let door = facts.door.expect("a door");
        door.handing_on(&scenario, target)
    };
    let minute = Some(Duration::from_secs(60));
    let sound = of(&rules(|_| {}));
    assert_eq!((sound.retries, sound.unseen), (minute, Some(Vec::new())));
    let usual = of(&rules(|rules| {
        rules.push(RuleFacts {
            maximum_age: None,
            ..rule()
        });
    }));
    assert_eq!(
        usual.retries, None,
        "one of them tries as long as EventBridge does"
    );
    let unseen = of(&one_rule(|rule| {
        rule.failures = Some(FailureQueue {
            arn: "arn:aws:sqs:us-east-1:123456789012:failures".into(),
            messages: Known::Is(0),
        });
    }));
    assert_eq!(unseen.unseen, Some(vec!["failures".to_owned()]));
    assert_eq!(
        of(&sns(|topic| topic.subscription = Known::Absent)),
        HandingOn::default()
    );
    assert_eq!(of(&rules(Vec::clear)), HandingOn::default());
    assert_eq!(of(&sns(|_| {})).unseen, Some(Vec::new()));
}
