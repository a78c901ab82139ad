//! Every trap: facts that trip it, and facts that just do not.

use super::Weight::{Caution, Trap as Gin, Unknown, Void, Well};
use super::*;

type Change = Box<dyn Fn(&mut Facts)>;

/// What is set in the scenario, what is changed in the facts, the trap, its weight, and words that the
/// message has.
struct Case(&'static [&'static str], Change, Trap, Weight, &'static str);

fn checks(set: &[&str], change: &Change) -> Vec<Check> {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    inspect(&scenario, target(&scenario), &facts)
}

fn try_all(cases: Vec<Case>) {
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

fn queue(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.orders_queue)))
}

fn dead(change: impl Fn(&mut QueueFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.dead_letter_queue)))
}

fn at_table(change: impl Fn(&mut TableFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.table)))
}

fn at_mapping(change: impl Fn(&mut MappingFacts) + 'static) -> Change {
    Box::new(move |facts| change(&mut known(&mut facts.mappings)[0]))
}

fn at_function(change: impl Fn(&mut FunctionFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.function)))
}

fn nothing() -> Change {
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
fn partial_responses_and_what_one_bad_order_takes_along() {
    let off = || at_mapping(|mapping| mapping.partial_responses = false);
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

#[test]
fn the_mapping_is_there_alone_and_enabled() {
    let other = |state: &'static str| -> Change {
        Box::new(move |facts| {
            let other = MappingFacts {
                id: "two".into(),
                function_arn: "arn:aws:lambda:us-east-1:123456789012:function:audit".into(),
                state: state.into(),
                ..mapping()
            };
            known(&mut facts.mappings).push(other);
        })
    };
    try_all(vec![
        Case(
            &[],
            Box::new(|facts| known(&mut facts.mappings).clear()),
            Trap::Mapping,
            Void,
            "nobody would process",
        ),
        Case(
            &[],
            at_mapping(|mapping| mapping.state = "Disabled".into()),
            Trap::Mapping,
            Void,
            "is Disabled",
        ),
        Case(
            &[],
            at_mapping(|mapping| {
                mapping.function_arn = mapping.function_arn.replace("lab-", "my-")
            }),
            Trap::Mapping,
            Void,
            "no event source mapping",
        ),
        Case(
            &[],
            at_mapping(|mapping| mapping.function_arn += ":live"),
            Trap::Mapping,
            Well,
            "feeds lab-order-processor",
        ),
        Case(&[], other("Enabled"), Trap::Mapping, Gin, "function:audit"),
        Case(&[], other("Disabled"), Trap::Mapping, Well, "10 at a time"),
        Case(
            &[],
            at_mapping(|mapping| mapping.filters.push("{\"body\":{}}".into())),
            Trap::Filter,
            Gin,
            "deleted without",
        ),
        Case(&[], nothing(), Trap::Filter, Well, "no filter"),
        Case(
            &["target.processor=local"],
            Box::new(|facts| facts.mappings = Known::Absent),
            Trap::Mapping,
            Well,
            "in this process",
        ),
    ]);
}

#[test]
fn invocations_at_one_time() {
    // 500 orders a second in batches of 10 are 50 invocations a second.
    let most = |most| at_mapping(move |mapping| mapping.maximum_concurrency = Some(most));
    let pollers = |least, most| {
        at_mapping(move |mapping| {
            mapping.maximum_concurrency = None;
            mapping.pollers = Some((least, most));
        })
    };
    try_all(vec![
        Case(
            &[],
            most(4),
            Trap::MappingConcurrency,
            Gin,
            "less than 0.08 s",
        ),
        Case(
            &[],
            most(5),
            Trap::MappingConcurrency,
            Well,
            "less than 0.10 s",
        ),
        Case(
            &["pipeline.function.service_time=300ms"],
            most(14),
            Trap::MappingConcurrency,
            Gin,
            "backlog grows",
        ),
        Case(
            &["pipeline.function.service_time=300ms"],
            most(15),
            Trap::MappingConcurrency,
            Well,
            "0.30 s",
        ),
        Case(
            &[],
            pollers(2, 2),
            Trap::MappingConcurrency,
            Well,
            "20 invocations",
        ),
        Case(
            &[],
            at_function(|function| function.reserved_concurrency = Known::Is(Some(99))),
            Trap::FunctionConcurrency,
            Gin,
            "reserved 99",
        ),
        Case(
            &[],
            at_function(|function| function.reserved_concurrency = Known::Is(Some(100))),
            Trap::FunctionConcurrency,
            Well,
            "100 invocations",
        ),
        Case(
            &[],
            at_function(|function| function.reserved_concurrency = Known::Is(Some(0))),
            Trap::FunctionConcurrency,
            Void,
            "switched off",
        ),
        Case(
            &[],
            at_function(|function| function.account_concurrency = Known::Is(10)),
            Trap::FunctionConcurrency,
            Gin,
            "share 10",
        ),
        Case(
            &[],
            at_function(|function| function.reserved_concurrency = Known::Unknown("denied".into())),
            Trap::FunctionConcurrency,
            Unknown,
            "denied",
        ),
    ]);
}

#[test]
fn the_function_is_there_and_writes_where_it_is_read() {
    try_all(vec![
        Case(
            &[],
            Box::new(|facts| facts.function = Known::Absent),
            Trap::Function,
            Void,
            "no function called",
        ),
        Case(
            &[],
            Box::new(|facts| facts.function = Known::Unknown("denied".into())),
            Trap::Function,
            Unknown,
            "denied",
        ),
        Case(
            &[],
            at_function(|function| function.table_variable = Some("staging".into())),
            Trap::Function,
            Void,
            "staging",
        ),
        Case(
            &[],
            at_function(|function| function.table_variable = None),
            Trap::Function,
            Well,
            "names no table",
        ),
        Case(
            &[],
            at_function(|function| function.state = "Pending".into()),
            Trap::Function,
            Void,
            "is Pending",
        ),
    ]);
}

#[test]
fn the_table_is_there_and_has_the_key() {
    try_all(vec![
        Case(
            &[],
            Box::new(|facts| facts.table = Known::Absent),
            Trap::Table,
            Void,
            "no table called orders",
        ),
        Case(
            &[],
            Box::new(|facts| facts.table = Known::Unknown("denied".into())),
            Trap::Table,
            Void,
            "denied",
        ),
        Case(
            &[],
            at_table(|table| table.status = "CREATING".into()),
            Trap::Table,
            Void,
            "CREATING",
        ),
        Case(
            &[],
            at_table(|table| table.status = "UPDATING".into()),
            Trap::Table,
            Well,
            "UPDATING",
        ),
        Case(
            &[],
            at_table(|table| table.key[0][1] = "S".into()),
            Trap::Table,
            Void,
            "id S HASH",
        ),
        Case(
            &[],
            at_table(|table| table.key.push(["at", "S", "RANGE"].map(str::to_owned))),
            Trap::Table,
            Void,
            "at S RANGE",
        ),
        Case(
            &[],
            at_table(|table| table.has_rows = Known::Is(true)),
            Trap::TableEmpty,
            Caution,
            "rows already",
        ),
        Case(
            &[],
            at_table(|table| table.has_rows = Known::Unknown("denied".into())),
            Trap::TableEmpty,
            Unknown,
            "denied",
        ),
        Case(
            &[],
            at_table(|table| table.expires_by = Known::Is(Some("ttl".into()))),
            Trap::Expiry,
            Gin,
            "by ttl",
        ),
        Case(
            &[],
            at_table(|table| table.expires_by = Known::Unknown("denied".into())),
            Trap::Expiry,
            Unknown,
            "denied",
        ),
    ]);
}

#[test]
fn capacity_against_the_rate() {
    // 90 good orders a second for a minute, then 450 for 24 s: 16,200.
    let provisioned = |write_units| {
        at_table(move |table| {
            table.capacity = CapacityFacts::Provisioned {
                write_units,
                read_units: 5,
            };
        })
    };
    let on_demand = |warm, most| {
        at_table(move |table| {
            table.capacity = CapacityFacts::OnDemand {
                warm_write_units: warm,
                max_write_units: most,
            };
        })
    };
    try_all(vec![
        Case(
            &[],
            provisioned(5),
            Trap::TableCapacity,
            Gin,
            "good orders end in the dead-letter queue",
        ),
        Case(
            &[],
            provisioned(40),
            Trap::TableCapacity,
            Gin,
            "may use up a receive",
        ),
        Case(
            &[],
            provisioned(90),
            Trap::TableCapacity,
            Well,
            "27000 saved",
        ),
        Case(
            &[],
            on_demand(None, None),
            Trap::TableCapacity,
            Well,
            "4000 writes",
        ),
        Case(
            &[],
            on_demand(Some(12_000), None),
            Trap::TableCapacity,
            Well,
            "12000 writes",
        ),
        Case(
            &["phase.spike.rate=50x"],
            on_demand(None, None),
            Trap::TableCapacity,
            Gin,
            "4000 writes",
        ),
        Case(
            &["phase.spike.rate=50x"],
            on_demand(Some(4_500), None),
            Trap::TableCapacity,
            Well,
            "4500",
        ),
        Case(
            &[],
            on_demand(None, Some(449)),
            Trap::TableCapacity,
            Gin,
            "449 writes",
        ),
        Case(
            &[],
            on_demand(None, Some(450)),
            Trap::TableCapacity,
            Well,
            "450 writes",
        ),
    ]);
}

#[test]
fn messages_that_are_there_already() {
    try_all(vec![
        Case(
            &[],
            queue(|queue| queue.messages = 1),
            Trap::QueueEmpty,
            Gin,
            "about 1 messages",
        ),
        Case(&[], nothing(), Trap::QueueEmpty, Well, "is empty"),
    ]);
}

#[test]
fn clocks_that_differ() {
    let offset = |seconds, uncertainty| -> Change {
        Box::new(move |facts| {
            facts.place.clock = Known::Is(ClockOffset {
                seconds,
                uncertainty,
            });
        })
    };
    try_all(vec![
        Case(&[], offset(301.0, 0.6), Trap::Clock, Void, "ahead of"),
        Case(&[], offset(-301.0, 0.6), Trap::Clock, Void, "behind"),
        Case(&[], offset(300.0, 0.6), Trap::Clock, Caution, "latencies"),
        Case(&[], offset(1.7, 0.6), Trap::Clock, Caution, "latencies"),
        Case(&[], offset(1.5, 0.6), Trap::Clock, Well, "1.5 s"),
        Case(
            &[],
            Box::new(|facts| facts.place.clock = Known::Absent),
            Trap::Clock,
            Unknown,
            "no Date",
        ),
    ]);
}

#[test]
fn what_the_caller_may_do() {
    let granted = |granted: Known<bool>| -> Change {
        Box::new(move |facts| facts.permissions[0].granted = granted.clone())
    };
    try_all(vec![
        Case(
            &[],
            granted(Known::Is(false)),
            Trap::Permission,
            Void,
            "sqs:SendMessage on orders-queue is denied",
        ),
        Case(
            &[],
            granted(Known::Unknown("timeout".into())),
            Trap::Permission,
            Unknown,
            "timeout",
        ),
        Case(&[], nothing(), Trap::Permission, Well, "sqs:SendMessage"),
    ]);
}
