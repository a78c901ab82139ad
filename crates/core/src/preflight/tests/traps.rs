//! The traps of the queues and of delivery: facts that trip each, and facts that just do not.

use super::Weight::{Caution, Trap as Gin, Unknown, Void, Well};
use super::*;

pub(super) type Change = Box<dyn Fn(&mut Facts)>;

/// What is set in the scenario, what is changed in the facts, the trap, its weight, and words that the
/// message has.
pub(super) struct Case(
    pub(super) &'static [&'static str],
    pub(super) Change,
    pub(super) Trap,
    pub(super) Weight,
    pub(super) &'static str,
);

fn checks(set: &[&str], change: &Change) -> Vec<Check> {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    inspect(&scenario, target(&scenario), &facts)
}

pub(super) fn try_all(cases: Vec<Case>) {
    for Case(set, change, trap, weight, words) in cases {
        let checks = checks(set, &change);
        let found = checks.iter().find(|check| {
            check.trap == trap && check.weight == weight && check.message.contains(words)
        });
        assert!(
            found.is_some(),
            "{trap:?} {weight:?} {words:?} in {checks:#?}"
        );
        let graver = checks
            .iter()
            .find(|check| check.trap == trap && check.weight < weight);
        assert_eq!(graver, None, "{words}");
        let expects_cure = matches!(weight, Void | Gin | Caution);
        assert_eq!(
            !found.unwrap().cure.is_empty(),
            expects_cure,
            "{words}: a cure"
        );
    }
}

pub(super) fn queue(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.orders_queue)))
}

fn dead(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.dead_letter_queue)))
}

pub(super) fn nothing() -> Change {
    Box::new(|_| {})
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn where_nothing_is_wrong_nothing_is_found() {
    let checks = checks(&[], &nothing());
    for check in &checks {
        assert_eq!(check.weight, Well, "{check:?}");
    }
    assert!(checks.len() >= 18, "{} checks", checks.len());
    assert_eq!(verdict(&checks), Well);
    assert_eq!(verdict(&[]), Unknown, "nothing looked at is not well");
}

#[test]
fn queues_that_are_not_there_or_of_another_kind() {
    try_all(vec![
        Case(
            &[],
            Box::new(|facts| facts.orders_queue = Known::Absent),
            Trap::Queues,
            Void,
            "no queue called orders-queue",
        ),
        Case(
            &[],
            Box::new(|facts| facts.dead_letter_queue = Known::Absent),
            Trap::Queues,
            Void,
            "no queue called orders-dl-queue",
        ),
        Case(
            &[],
            Box::new(|facts| facts.orders_queue = Known::Unknown("AccessDenied".into())),
            Trap::Queues,
            Void,
            "AccessDenied",
        ),
        Case(
            &[],
            queue(|queue| queue.fifo = true),
            Trap::Queues,
            Void,
            "FIFO",
        ),
        Case(
            &[],
            queue(|queue| queue.kms_key = Some("alias/own".into())),
            Trap::Encryption,
            Caution,
            "alias/own",
        ),
        Case(
            &[],
            queue(|queue| queue.delay = seconds(5)),
            Trap::Delay,
            Caution,
            "5s",
        ),
        Case(
            &[],
            queue(|queue| (queue.delay, queue.retention) = (seconds(900), seconds(600))),
            Trap::Delay,
            Void,
            "before anybody can receive it",
        ),
        Case(
            &[],
            queue(|queue| (queue.delay, queue.retention) = (seconds(900), seconds(900))),
            Trap::Delay,
            Void,
            "before anybody can receive it",
        ),
        Case(
            &[],
            queue(|queue| (queue.delay, queue.retention) = (seconds(899), seconds(900))),
            Trap::Delay,
            Caution,
            "every latency",
        ),
    ]);
}

#[test]
fn where_dead_letters_go() {
    let elsewhere = |queue: &mut QueueFacts| {
        queue.redrive.as_mut().unwrap().target_arn =
            "arn:aws:sqs:us-east-1:123456789012:other".into();
    };
    try_all(vec![
        Case(
            &[],
            queue(|queue| queue.redrive = None),
            Trap::Redrive,
            Void,
            "never comes to rest",
        ),
        Case(
            &["bad_orders=0%"],
            queue(|queue| queue.redrive = None),
            Trap::Redrive,
            Gin,
            "no redrive policy",
        ),
        Case(
            &[],
            queue(elsewhere),
            Trap::Redrive,
            Void,
            "would look lost",
        ),
        Case(&[], nothing(), Trap::Redrive, Well, "after 5 receives"),
        Case(
            &[],
            dead(|queue| queue.messages = 7),
            Trap::DeadLetters,
            Caution,
            "about 7 messages",
        ),
        Case(
            &[],
            dead(|queue| queue.messages = 118_201),
            Trap::DeadLetters,
            Void,
            "120000",
        ),
        Case(
            &[],
            dead(|queue| queue.messages = 118_200),
            Trap::DeadLetters,
            Caution,
            "118200",
        ),
        Case(
            &["target.dead_letters=own"],
            dead(|queue| queue.messages = 118_201),
            Trap::DeadLetters,
            Caution,
            "118201",
        ),
    ]);
}

#[test]
fn how_long_messages_are_kept() {
    // The run takes about 84 + 1,080 + 15 s.
    try_all(vec![
        Case(
            &[],
            dead(|queue| queue.retention = 4 * DAY),
            Trap::RetentionOrder,
            Gin,
            "expires",
        ),
        Case(
            &[],
            dead(|queue| queue.retention = 4 * DAY + seconds(1)),
            Trap::RetentionOrder,
            Well,
            "4.0 d",
        ),
        Case(
            &[],
            queue(|queue| queue.retention = seconds(900)),
            Trap::Retention,
            Void,
            "no verdict",
        ),
        Case(
            &[],
            queue(|queue| queue.retention = seconds(1_300)),
            Trap::Retention,
            Well,
            "the run takes",
        ),
        Case(
            &[],
            queue(|queue| (queue.delay, queue.retention) = (seconds(900), seconds(1_300))),
            Trap::Retention,
            Void,
            "no verdict",
        ),
    ]);
}

#[test]
fn receives_and_visibility() {
    let count =
        |count| queue(move |queue| queue.redrive.as_mut().unwrap().max_receive_count = count);
    let visible = |time| queue(move |queue| queue.visibility_timeout = seconds(time));
    try_all(vec![
        Case(
            &[],
            count(3),
            Trap::ReceiveCount,
            Gin,
            "3 times, for about 540s",
        ),
        Case(
            &[],
            visible(0),
            Trap::ReceiveCount,
            Well,
            "fails 5 times ends in the dead-letter queue",
        ),
        Case(
            &[],
            count(4),
            Trap::ReceiveCount,
            Gin,
            "maxReceiveCount is 4",
        ),
        Case(
            &[],
            count(5),
            Trap::ReceiveCount,
            Well,
            "maxReceiveCount is 5",
        ),
        Case(&[], visible(29), Trap::Visibility, Gin, "processed twice"),
        Case(&[], visible(30), Trap::Visibility, Caution, "6 times"),
        Case(&[], visible(179), Trap::Visibility, Caution, "6 times"),
        Case(&[], visible(180), Trap::Visibility, Well, "180s"),
        Case(
            &[],
            Box::new(|facts| facts.function = Known::Unknown("denied".into())),
            Trap::Visibility,
            Unknown,
            "time-out is not known",
        ),
        Case(
            &["target.processor=local", "pipeline.function.timeout=10s"],
            visible(60),
            Trap::Visibility,
            Well,
            "10s",
        ),
    ]);
}

#[test]
fn visibility_leaves_room_for_the_batching_window_as_well() {
    let gathered = |visible, window| -> Change {
        Box::new(move |facts| {
            known(&mut facts.orders_queue).visibility_timeout = seconds(visible);
            known(&mut facts.mappings)[0].batching_window = seconds(window);
        })
    };
    try_all(vec![
        Case(&[], gathered(329, 300), Trap::Visibility, Gin, "300s"),
        Case(
            &[],
            gathered(330, 300),
            Trap::Visibility,
            Caution,
            "6 times",
        ),
        Case(
            &[],
            gathered(479, 300),
            Trap::Visibility,
            Caution,
            "6 times",
        ),
        Case(&[], gathered(480, 300), Trap::Visibility, Well, "300s"),
        Case(
            &[],
            Box::new(|facts| facts.mappings = Known::Unknown("denied".into())),
            Trap::Visibility,
            Unknown,
            "batching window is not known",
        ),
    ]);
    let cures = checks(&[], &gathered(360, 300));
    let visibility = cures.iter().find(|check| check.trap == Trap::Visibility);
    assert!(visibility.unwrap().cure.contains("480s"), "6 x 30 + 300");
}

#[test]
fn a_dead_letter_queue_with_a_dead_letter_queue() {
    let on_to = |name: &'static str, count| {
        dead(move |queue| {
            queue.redrive = Some(RedriveFacts {
                target_arn: format!("arn:aws:sqs:us-east-1:123456789012:{name}"),
                max_receive_count: count,
            });
        })
    };
    let trap = Trap::DeadLetterRedrive;
    try_all(vec![
        Case(&[], nothing(), trap, Well, "no redrive policy of its own"),
        Case(&[], on_to("graveyard", 4), trap, Gin, "at most 4 looks"),
        Case(&[], on_to("graveyard", 1), trap, Gin, "at most 1 look "),
        Case(&[], on_to("graveyard", 3), trap, Gin, "to graveyard"),
        Case(&[], on_to("orders-queue", 3), trap, Gin, "once more"),
    ]);
}

#[test]
fn the_embedded_pipelines_own_settings_have_the_same_traps() {
    let found = |set: &[&str]| {
        let scenario = scenario(&[&["target=embedded"], set].concat());
        let checks = inspect_embedded(&scenario);
        let told = checks.into_iter().filter(|check| check.weight != Well);
        told.map(|check| (check.trap, check.weight))
            .collect::<Vec<_>>()
    };
    type Case<'a> = (&'a [&'a str], &'a [(Trap, Weight)]);
    let cases: [Case<'_>; 7] = [
        (&[], &[]),
        (
            &["pipeline.visibility_timeout=29s"],
            &[(Trap::Visibility, Caution)],
        ),
        (
            &["pipeline.mapping.batching_window=10s"],
            &[(Trap::Visibility, Caution)],
        ),
        (
            &["pipeline.mapping.batching_window=26s"],
            &[(Trap::Visibility, Gin)],
        ),
        (
            &["pipeline.orders_retention=336h"],
            &[(Trap::RetentionOrder, Gin)],
        ),
        (
            &["pipeline.orders_retention=60s"],
            &[(Trap::Retention, Void)],
        ),
        (
            &["pipeline.function.reserved_concurrency=1"],
            &[(Trap::FunctionConcurrency, Gin)],
        ),
    ];
    for (set, expected) in cases {
        assert_eq!(found(set), expected, "{set:?}");
    }
}

#[test]
fn partial_responses_and_what_one_bad_order_takes_along() {
    let off = || super::traps_beyond::at_mapping(|mapping| mapping.partial_responses = false);
    try_all(vec![
        Case(
            &[],
            off(),
            Trap::PartialResponses,
            Gin,
            "61% of the good orders",
        ),
        Case(
            &["bad_orders=0%"],
            off(),
            Trap::PartialResponses,
            Gin,
            "0% of the good orders",
        ),
        Case(&[], nothing(), Trap::PartialResponses, Well, "on"),
        Case(
            &[
                "target.processor=local",
                "pipeline.mapping.report_batch_item_failures=false",
            ],
            nothing(),
            Trap::PartialResponses,
            Gin,
            "not heard",
        ),
        Case(
            &[],
            Box::new(|facts| facts.mappings = Known::Unknown("denied".into())),
            Trap::PartialResponses,
            Unknown,
            "denied",
        ),
    ]);
}
