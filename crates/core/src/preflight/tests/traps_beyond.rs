//! The traps beyond the queues: mapping, function, table, clock, permissions.

use super::Weight::{Caution, Trap as Gin, Unknown, Void, Well};
use super::traps::{Case, Change, nothing, queue, try_all};
use super::*;
use crate::records::ClockOffset;

fn at_table(change: impl Fn(&mut TableFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.table)))
}

pub(super) fn at_mapping(change: impl Fn(&mut MappingFacts) + 'static) -> Change {
    Box::new(move |facts| change(&mut known(&mut facts.mappings)[0]))
}

fn at_function(change: impl Fn(&mut FunctionFacts) + 'static) -> Change {
    Box::new(move |facts| change(known(&mut facts.function)))
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
            nothing(),
            Trap::Mapping,
            Gin,
            "also feeds arn:aws:lambda",
        ),
        Case(
            &["target.processor=local"],
            Box::new(|facts| facts.mappings = Known::Unknown("no Lambda here".into())),
            Trap::Mapping,
            Well,
            "in this process",
        ),
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
            at_function(|function| function.reserved_concurrency = Known::Is(Some(1))),
            Trap::FunctionConcurrency,
            Gin,
            "reserved 1 ",
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
fn no_concurrency_is_advised_that_aws_does_not_take() {
    let cure = |reserved, most: Option<u32>| {
        let mut facts = facts();
        known(&mut facts.function).reserved_concurrency = Known::Is(Some(reserved));
        known(&mut facts.mappings)[0].maximum_concurrency = most;
        let scenario = scenario(&[]);
        let checks = inspect(&scenario, target(&scenario), &facts);
        let trap = Trap::FunctionConcurrency;
        let check = checks.into_iter().find(|check| check.trap == trap);
        check.expect("it is always looked at").cure
    };
    assert!(cure(1, Some(100)).starts_with("reserve 2 or more"));
    assert!(cure(2, Some(100)).ends_with("to 2 or less"));
    assert!(cure(99, Some(100)).ends_with("to 99 or less"));
    assert!(cure(1_100, None).ends_with("to 1000 or less"));
    assert_eq!(cure(100, Some(100)), "", "it fits");
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
            "27,000 saved",
        ),
        Case(
            &[],
            on_demand(None, None),
            Trap::TableCapacity,
            Well,
            "4,000 writes",
        ),
        Case(
            &[],
            on_demand(Some(12_000), None),
            Trap::TableCapacity,
            Well,
            "12,000 writes",
        ),
        Case(
            &["phase.spike.rate=50x"],
            on_demand(None, None),
            Trap::TableCapacity,
            Gin,
            "4,000 writes",
        ),
        Case(
            &["phase.spike.rate=50x"],
            on_demand(Some(4_500), None),
            Trap::TableCapacity,
            Well,
            "4,500",
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

#[test]
fn what_consumes_the_queue_of_an_external_consumer_is_not_looked_at() {
    const EXTERNAL: &[&str] = &["target={processor=\"external\"}"];
    let alone = || -> Change {
        Box::new(|facts| {
            facts.mappings = Known::Is(Vec::new());
            facts.function = Known::Absent;
        })
    };
    let unread =
        || -> Change { Box::new(|facts| facts.mappings = Known::Unknown("denied".into())) };
    try_all(vec![
        Case(EXTERNAL, alone(), Trap::Mapping, Well, "is not looked at"),
        Case(EXTERNAL, unread(), Trap::Mapping, Well, "is not looked at"),
        Case(EXTERNAL, alone(), Trap::Visibility, Well, "hidden for 180s"),
        Case(
            EXTERNAL,
            nothing(),
            Trap::Mapping,
            Gin,
            "something else consumes it",
        ),
    ]);
    let scenario = scenario(EXTERNAL);
    let mut facts = facts();
    alone()(&mut facts);
    let checks = inspect(&scenario, target(&scenario), &facts);
    let odd = checks.iter().find(|check| check.weight != Well);
    assert_eq!(odd, None, "nothing is asked for that is not there");
}
