//! Settings of a target, played, and what the traps say of them: each trap with its near miss.

use orderproof_core::preflight::fixture::{facts, known, scenario, target};
use orderproof_core::preflight::{Check, Trap, Weight, inspect, inspect_foreseen};

use super::*;

/// What is changed in the facts of a target in which all is well.
type Change<'a> = &'a dyn Fn(&mut Facts);

fn played(set: &[&str], change: impl Fn(&mut Facts)) -> Result<LoadForecast, CannotForecast> {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    load_forecast(&scenario, target(&scenario), &facts, Instant::now())
}

/// What the trap says with a forecast, and without.
fn both(set: &[&str], trap: Trap, change: impl Fn(&mut Facts)) -> [Check; 2] {
    let scenario = scenario(set);
    let mut facts = facts();
    change(&mut facts);
    let target = target(&scenario);
    let forecast = load_forecast(&scenario, target, &facts, Instant::now()).expect("played");
    let of = |checks: Vec<Check>| checks.into_iter().find(|check| check.trap == trap);
    [
        of(inspect_foreseen(&scenario, target, &facts, Some(&forecast))).expect("looked at"),
        of(inspect(&scenario, target, &facts)).expect("looked at"),
    ]
}

#[test]
fn capacity_is_a_trap_by_the_forecast_where_it_was_one_by_the_estimate() {
    // 18,000 orders of which 16,200 are written: 60 s at 90 a second, 24 s at 450.
    for (units, weight, said) in [
        (5, Weight::Trap, " throttled, from second "),
        (40, Weight::Trap, " throttled, from second "),
        (60, Weight::Well, "no write is throttled"),
        (400, Weight::Well, "no write is throttled"),
    ] {
        let [with, without] = both(&[], Trap::TableCapacity, |facts| {
            known(&mut facts.table).capacity = CapacityFacts::Provisioned {
                write_units: units,
                read_units: 5,
            };
        });
        assert_eq!(
            (with.weight, without.weight),
            (weight, weight),
            "{units}: {with:?} {without:?}"
        );
        assert!(with.message.contains(said), "{units}: {}", with.message);
        assert!(
            with.message
                .contains("its invocations taken to last 100 ms"),
            "{}",
            with.message
        );
        assert!(!without.message.contains("forecast"), "{}", without.message);
    }
}

#[test]
fn concurrency_is_a_trap_by_the_forecast_where_it_was_one_by_the_estimate() {
    // 500 orders a second in batches of 10, 100 ms each, keep 5 invocations busy.
    for (most, weight, said) in [
        (
            3,
            Weight::Trap,
            "messages wait at the mapping's maximum concurrency from second 6",
        ),
        (
            100,
            Weight::Well,
            "never wait for more invocations than it may start",
        ),
    ] {
        let [with, without] = both(&[], Trap::MappingConcurrency, |facts| {
            known(&mut facts.mappings)[0].maximum_concurrency = Some(most);
        });
        assert_eq!(
            (with.weight, without.weight),
            (weight, weight),
            "{most}: {with:?} {without:?}"
        );
        assert!(with.message.contains(said), "{most}: {}", with.message);
    }
    // The function's own: what the mapping may start beyond it is a trap, and the forecast says what it does at this load.
    for (reserved, weight, said) in [
        (2, Weight::Trap, " throttled, from second "),
        (99, Weight::Trap, "at this load no invocation is throttled"),
        (100, Weight::Well, "are kept for the function"),
    ] {
        let [with, without] = both(&[], Trap::FunctionConcurrency, |facts| {
            known(&mut facts.function).reserved_concurrency = Known::Is(Some(reserved));
        });
        assert_eq!(
            (with.weight, without.weight),
            (weight, weight),
            "{reserved}"
        );
        assert!(with.message.contains(said), "{reserved}: {}", with.message);
    }
}

#[test]
fn the_settings_played_are_the_targets_and_not_the_scenarios() {
    let scenario = scenario(&[
        "pipeline.visibility_timeout=7s",
        "pipeline.max_receive_count=9",
    ]);
    let (real, assumed) =
        with_settings_of(&scenario, target(&scenario), &facts()).expect("all is known");
    let pipeline = &real.pipeline;
    assert_eq!(pipeline.visibility_timeout, Duration::from_secs(180));
    assert_eq!(pipeline.max_receive_count, 5);
    assert_eq!(pipeline.function.timeout, Duration::from_secs(30));
    assert_eq!(pipeline.mapping.maximum_concurrency, 100);
    assert_eq!(pipeline.function.reserved_concurrency, Some(1_000));
    assert_eq!(pipeline.table_capacity, TableCapacity::on_demand());
    assert!(assumed.is_some());
    let mut pollers = facts();
    let mapping = &mut known(&mut pollers.mappings)[0];
    (mapping.maximum_concurrency, mapping.pollers) = (None, Some((2, 3)));
    let (real, _) = with_settings_of(&scenario, target(&scenario), &pollers).expect("known");
    let mapping = &real.pipeline.mapping;
    assert_eq!(
        (mapping.starting_concurrency, mapping.maximum_concurrency),
        (20, 30)
    );
    // What the scenario says of the function is not assumed otherwise.
    let timed = played(&["pipeline.function.service_time=300ms"], |_| ()).expect("played");
    assert_eq!(timed.assumed, None);
}

#[test]
fn what_is_not_known_is_not_forecast() {
    let cases: [(&str, Change); 6] = [
        ("the table", &|facts| {
            facts.table = Known::Unknown("denied".into())
        }),
        ("the orders queue", &|facts| {
            facts.orders_queue = Known::Absent
        }),
        ("the orders queue", &|facts| {
            known(&mut facts.orders_queue).visibility_timeout = Duration::ZERO;
        }),
        ("mapping", &|facts| known(&mut facts.mappings).clear()),
        ("mapping", &|facts| {
            known(&mut facts.mappings)[0].filters.push("{}".into())
        }),
        ("the function", &|facts| facts.function = Known::Absent),
    ];
    for (key, change) in cases {
        let refused = played(&[], change).expect_err(key);
        assert_eq!(refused.key, key);
    }
    let external = played(&["target.processor=external"], |_| ()).expect_err("nobody knows");
    assert_eq!(external.key, "processor");
    let many = played(&["phase.spike.duration=3000s"], |_| ()).expect_err("too many");
    assert_eq!(many.key, "phase");
}
