//! The traps of FIFO queues: facts that trip each, and facts that just do not.

use super::Weight::{Caution, Trap as Gin, Void, Well};
use super::traps::{Case, Change, try_all};
use super::*;

const FIFO: &str = "pipeline.queue=fifo";
const HIGH: &str = "pipeline.high_throughput=true";
const ALONE: &str = "order.group={{id}}";
const SHARED: &str = "order.group={{product}}";
const NAMED: &str = "order.deduplication={{id}}";
const TENS: [&str; 2] = ["sending.batch=10", "sending.linger=100ms"];

/// Both queues as FIFO queues, the orders queue with these settings.
fn fifo(content_based_deduplication: bool, high_throughput: bool, size: u32) -> Change {
    Box::new(move |facts| {
        for queue in [&mut facts.orders_queue, &mut facts.dead_letter_queue] {
            known(queue).fifo = true;
        }
        known(&mut facts.orders_queue).fifo_settings = Some(FifoFacts {
            content_based_deduplication,
            high_throughput,
        });
        known(&mut facts.mappings)[0].batch_size = size;
    })
}

#[test]
fn queues_are_of_the_scenarios_kind() {
    try_all(vec![
        Case(
            &[FIFO, ALONE],
            fifo(true, false, 10),
            Trap::Queues,
            Well,
            "a FIFO queue",
        ),
        Case(
            &[FIFO, ALONE],
            Box::new(|_| {}),
            Trap::Queues,
            Void,
            "is a standard queue, and the scenario's is a FIFO queue",
        ),
        Case(
            &[],
            fifo(true, false, 10),
            Trap::Queues,
            Void,
            "is a FIFO queue, and",
        ),
    ]);
}

#[test]
fn messages_need_a_deduplication_id_from_one_or_the_other() {
    try_all(vec![
        Case(
            &[FIFO, ALONE, TENS[0], TENS[1]],
            fifo(false, false, 10),
            Trap::Fifo,
            Void,
            "SQS refuses every order",
        ),
        Case(
            &[FIFO, ALONE, NAMED, TENS[0], TENS[1]],
            fifo(false, false, 10),
            Trap::Fifo,
            Well,
            "above the planned rate",
        ),
    ]);
}

#[test]
fn the_planned_rate_stays_below_what_a_fifo_queue_takes() {
    try_all(vec![
        // 500 orders a second, one by one.
        Case(
            &[FIFO, ALONE],
            fifo(true, false, 10),
            Trap::Fifo,
            Gin,
            "500 sends a second",
        ),
        // In tens they are 50 sends, and received one by one 500 receives.
        Case(
            &[FIFO, ALONE, TENS[0], TENS[1]],
            fifo(true, false, 1),
            Trap::Fifo,
            Gin,
            "500 receives a second",
        ),
        Case(
            &[FIFO, ALONE, HIGH],
            fifo(true, true, 10),
            Trap::Fifo,
            Well,
            "high throughput",
        ),
        Case(
            &[FIFO, ALONE, HIGH, TENS[0], TENS[1]],
            fifo(true, false, 10),
            Trap::Fifo,
            Caution,
            "has no high throughput",
        ),
        // One group of all: 500 sends a second for it.
        Case(
            &[FIFO, "order.group=all", HIGH],
            fifo(true, true, 10),
            Trap::Fifo,
            Gin,
            "the busiest message group gets about 500 sends",
        ),
    ]);
}

#[test]
fn followers_share_the_receives_of_a_bad_order_in_their_group() {
    try_all(vec![
        Case(
            &[FIFO, SHARED],
            fifo(true, false, 10),
            Trap::GroupFollowers,
            Gin,
            "up to 9 orders behind a bad one",
        ),
        Case(
            &[FIFO, SHARED],
            fifo(true, false, 1),
            Trap::GroupFollowers,
            Well,
            "share none of its receives",
        ),
    ]);
    let none = |set: &[&str]| {
        let scenario = scenario(set);
        let mut facts = facts();
        fifo(true, false, 10)(&mut facts);
        let checks = inspect(&scenario, target(&scenario), &facts);
        !checks
            .iter()
            .any(|check| check.trap == Trap::GroupFollowers)
    };
    assert!(none(&[FIFO, ALONE]), "each order is alone in its group");
    assert!(none(&[FIFO, SHARED, "bad_orders=0%"]), "no order is bad");
}

#[test]
fn a_sweep_of_a_shared_fifo_dead_letter_queue_sees_ten_letters_of_a_group() {
    try_all(vec![Case(
        &[FIFO, SHARED, TENS[0], TENS[1]],
        fifo(true, false, 10),
        Trap::Fifo,
        Caution,
        "the first 10 letters",
    )]);
    let none = |set: &[&str]| {
        let scenario = scenario(set);
        let mut facts = facts();
        fifo(true, false, 10)(&mut facts);
        let checks = inspect(&scenario, target(&scenario), &facts);
        let of_it = |check: &Check| check.message.contains("letters until they are deleted");
        !checks.iter().any(of_it)
    };
    assert!(none(&[FIFO, ALONE]), "each letter is alone in its group");
    assert!(
        none(&[FIFO, SHARED, "target.dead_letters=own"]),
        "it deletes them"
    );
    assert!(
        none(&[FIFO, SHARED, "bad_orders=0.01%"]),
        "there are too few"
    );
}
