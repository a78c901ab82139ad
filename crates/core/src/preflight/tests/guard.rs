//! The guard: a test per refusal, each with its near miss.

use super::*;

fn refusals(set: &[&str], change: impl Fn(&mut Facts)) -> Vec<Refusal> {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    let target = target(&scenario);
    let estimate = estimate(&scenario, target, &facts);
    guard(GuardInput {
        scenario: &scenario,
        facts: &facts,
        target,
        estimate: &estimate,
    })
}

fn tagged(key: &str, value: &str) -> Known<Tags> {
    Known::Is(Tags::from([(key.to_owned(), value.to_owned())]))
}

#[test]
fn what_is_tagged_affordable_and_small_enough_may_be_loaded() {
    assert_eq!(refusals(&[], |_| {}), []);
    let ceilings = ["target.max_orders=18000", "target.max_usd=0.1"];
    assert_eq!(refusals(&ceilings, |_| {}), []);
}

#[test]
fn the_tag_must_be_there_on_queue_and_table_to_the_letter() {
    let not_allowed = |resource: &str| {
        vec![Refusal::NotAllowed {
            resource: resource.into(),
        }]
    };
    for tags in [
        Known::Is(Tags::new()),
        Known::Absent,
        tagged("orderproof", "denied"),
        tagged("orderproof", "Allowed"),
        tagged("Orderproof", "allowed"),
        tagged("orderproof", ""),
    ] {
        let queue = refusals(&[], |facts| {
            known(&mut facts.orders_queue).tags = tags.clone()
        });
        assert_eq!(queue, not_allowed("the orders queue"), "{tags:?}");
        let table = refusals(&[], |facts| known(&mut facts.table).tags = tags.clone());
        assert_eq!(table, not_allowed("the table"), "{tags:?}");
    }
}

#[test]
fn the_dead_letter_queue_needs_the_tag_only_where_it_is_drained() {
    let untagged =
        |facts: &mut Facts| known(&mut facts.dead_letter_queue).tags = Known::Is(Tags::new());
    assert_eq!(refusals(&[], untagged), []);
    assert_eq!(
        refusals(&["target.dead_letters=own"], untagged),
        [Refusal::NotAllowed {
            resource: "the dead-letter queue".into()
        }]
    );
}

#[test]
fn tags_that_cannot_be_read_allow_nothing() {
    let denied = || Known::Unknown("AccessDenied".into());
    let queue = refusals(&[], |facts| known(&mut facts.orders_queue).tags = denied());
    assert!(
        matches!(queue.as_slice(), [Refusal::TagsUnknown { .. }]),
        "{queue:?}"
    );
    let unreadable = refusals(&[], |facts| facts.table = Known::Unknown("timeout".into()));
    assert!(
        matches!(unreadable.as_slice(), [Refusal::TagsUnknown { .. }]),
        "{unreadable:?}"
    );
    let absent = refusals(&[], |facts| facts.orders_queue = Known::Absent);
    assert!(
        matches!(absent.as_slice(), [Refusal::TagsUnknown { .. }]),
        "{absent:?}"
    );
}

#[test]
fn an_account_nobody_knows_is_nobodys_to_load() {
    let unknown = refusals(&[], |facts| {
        facts.place.account = Known::Unknown("ExpiredToken".into());
    });
    assert_eq!(
        unknown,
        [Refusal::AccountUnknown {
            why: "ExpiredToken".into()
        }]
    );
}

#[test]
fn one_order_above_the_ceiling_is_too_many() {
    assert_eq!(
        refusals(&["target.max_orders=17999"], |_| {}),
        [Refusal::TooManyOrders {
            orders: 18_000,
            max_orders: 17_999
        }]
    );
}

#[test]
fn counts_are_exact_on_loopback_only() {
    let set = ["target.exact_counts=true"];
    assert_eq!(refusals(&set, |_| {}), [Refusal::ExactCounts]);
    assert_eq!(refusals(&set, |facts| facts.place.loopback = true), []);
}

#[test]
fn a_run_dearer_than_the_ceiling_is_refused() {
    let refused = refusals(&["target.max_usd=0.01"], |_| {});
    assert!(
        matches!(refused.as_slice(), [Refusal::TooExpensive { .. }]),
        "{refused:?}"
    );
    let free = refusals(&["target.max_usd=0"], |_| {});
    assert!(
        matches!(free.as_slice(), [Refusal::TooExpensive { .. }]),
        "{free:?}"
    );
}

#[test]
fn all_refusals_are_told_at_once() {
    let set = ["target.max_orders=1", "target.max_usd=0"];
    let all = refusals(&set, |facts| {
        known(&mut facts.orders_queue).tags = Known::Is(Tags::new());
        known(&mut facts.table).tags = Known::Is(Tags::new());
        facts.place.account = Known::Absent;
    });
    assert_eq!(all.len(), 5, "{all:?}");
}

#[test]
fn loopback_needs_no_permission() {
    let set = ["target.max_orders=1", "target.max_usd=0"];
    let none = refusals(&set, |facts| {
        facts.place.loopback = true;
        known(&mut facts.orders_queue).tags = Known::Is(Tags::new());
        facts.place.account = Known::Absent;
    });
    assert_eq!(none, []);
}

#[test]
fn a_queue_that_a_function_of_this_process_drains_needs_the_tag() {
    let drain = [
        "target.processor=local",
        "processors.drain={command=[\"drain\"], queue=\"orders-dl-queue\"}",
    ];
    let untagged =
        |facts: &mut Facts| known(&mut facts.dead_letter_queue).tags = Known::Is(Tags::new());
    assert_eq!(refusals(&drain, |_| {}), []);
    assert_eq!(
        refusals(&drain, untagged),
        [Refusal::NotAllowed {
            resource: "the queue orders-dl-queue".into()
        }]
    );
    let beside = |facts: &mut Facts| {
        let notices = QueueFacts {
            tags: Known::Is(Tags::new()),
            ..queue("notices", DAY)
        };
        facts
            .further_queues
            .insert("notices".into(), Known::Is(notices));
    };
    assert_eq!(
        refusals(&["pipeline.queues=[\"notices\"]"], beside),
        [],
        "nothing is taken from it"
    );
}
