//! Answers that can be worked out by hand, held against what bisection finds.

use std::time::Instant;

use orderproof_core::scenario::{Overrides, Scenario, ScenarioErrors, parse};

use super::*;
use crate::learn::Failures;
use crate::model::Wall;

const FILE: &str = r#"
name = "small"
question = "How much is enough?"
seed = 7

[[phase]]
name = "baseline"
rate = "100/s"
duration = "10s"

[pipeline]
visibility_timeout = "2s"
max_receive_count = 3
table_capacity = "unlimited"

[pipeline.mapping]
batch_size = 1
starting_concurrency = 50
added_concurrency_per_minute = 0
maximum_concurrency = 50

[pipeline.function]
timeout = "2s"
service_time = "100ms"

[settle]
deadline = "60s"

[expect]
rules = ["end_to_end_p99 < 1s", "drain < 30s"]
"#;

fn reread<'a>(set: &'a [&'a str]) -> impl Fn(&[String]) -> Result<Scenario, ScenarioErrors> + 'a {
    move |more| {
        let set = set.iter().map(|text| (*text).to_owned());
        let overrides = Overrides {
            set: set.chain(more.iter().cloned()).collect(),
            ..Overrides::default()
        };
        parse("small.toml", FILE, &overrides)
    }
}

fn find(key: &str, set: &[&str]) -> FoundSetting {
    find_setting(&reread(set), key, &[7], Instant::now(), Failures::default())
        .expect("it can be varied")
}

/// What passes, and the next that does not.
fn bounds(found: &FoundSetting) -> (Option<&str>, Option<&str>) {
    (found.passes_at.as_deref(), found.fails_at.as_deref())
}

#[test]
fn the_least_concurrency_is_the_rate_by_the_time_each_order_takes() {
    // 100 orders/s of 0.1 s each keep 10 invocations busy; with 9 the last order waits a tenth of the 10 s.
    let found = find("pipeline.mapping.starting_concurrency", &[]);
    assert_eq!(bounds(&found), (Some("10"), Some("9")), "{found:#?}");
    assert_eq!(found.margin, Some(5.0));
    assert!(found.set_passes && found.smallest && !found.evidence);
    assert_eq!(
        found.answer,
        "pipeline.mapping.starting_concurrency: passes from 10 (50 is set, 5.00 times as much); at 9 messages wait for the \
         mapping's concurrency to grow from second 0, and rule `end_to_end_p99 < 1s` is broken: 1.19 s"
    );
    assert_eq!(
        find("pipeline.mapping.starting_concurrency", &[]),
        found,
        "it is deterministic"
    );
}

#[test]
fn the_longest_time_of_the_function_is_that_of_a_fluid_queue() {
    // 50 at a time: an order due at t waits t(2s - 1) and takes s; that of second 9.9 stays below 1 s up to 524 ms.
    let found = find("pipeline.function.service_time", &[]);
    assert_eq!(bounds(&found), (Some("520ms"), Some("530ms")), "{found:#?}");
    assert!(!found.smallest);
    assert!(
        found
            .answer
            .contains("passes up to 520ms (100ms is set, a margin of 5.20 times)"),
        "{}",
        found.answer
    );
    // A distribution keeps its spread.
    let spread = ["pipeline.function.service_time={p50=\"100ms\",p99=\"200ms\"}"];
    let found = find("pipeline.function.service_time", &spread);
    let passes = found.passes_at.expect("some pass");
    let (p50, p99) = passes
        .trim_matches(['{', '}', ' '])
        .split_once(", ")
        .expect("both");
    let ms = |text: &str| -> u64 {
        let digits = text.chars().filter(char::is_ascii_digit);
        let digits: String = digits.collect();
        digits[2..].parse().expect("digits")
    };
    assert_eq!(ms(p99), 2 * ms(p50), "{passes}");
    assert!(
        (300..=520).contains(&ms(p50)),
        "the mean is above the median: {passes}"
    );
}

#[test]
fn the_least_capacity_is_what_was_saved_and_what_comes() {
    // 1,000 writes: 300 units are kept for each unit a second, and 10 come in 10 s. 3 leave orders over, 4 do not.
    let found = find(
        "pipeline.table_capacity",
        &["pipeline.table_capacity=71 wcu, 5 rcu"],
    );
    assert_eq!(
        bounds(&found),
        (Some("4 wcu, 5 rcu"), Some("3 wcu, 5 rcu")),
        "{found:#?}"
    );
    assert!(
        found.answer.contains("at 3 wcu the table throttles writes"),
        "{}",
        found.answer
    );
    assert!(
        found.answer.contains("good_order_dead_lettered"),
        "{}",
        found.answer
    );
    // Too little is set: how much more is needed.
    let found = find(
        "pipeline.table_capacity",
        &["pipeline.table_capacity=2 wcu"],
    );
    assert_eq!(bounds(&found), (Some("4 wcu"), Some("3 wcu")));
    assert_eq!((found.set_passes, found.margin), (false, Some(0.5)));
    assert!(
        found.answer.contains("2.00 times as much is needed"),
        "{}",
        found.answer
    );
    // Without a limit set, a provisioned table is looked for; an on-demand one by the units it is warm for.
    let found = find("pipeline.table_capacity", &[]);
    assert_eq!(
        (found.set.as_str(), bounds(&found)),
        ("unlimited", (Some("4 wcu"), Some("3 wcu")))
    );
    let warm = find(
        "pipeline.table_capacity",
        &["pipeline.table_capacity=on-demand"],
    );
    let passes = warm.passes_at.expect("some pass");
    assert!(passes.starts_with("on-demand, warm "), "{passes}");
}

#[test]
fn the_least_retention_is_the_age_of_the_last_order() {
    // 5 orders/s are taken of 100/s: the last of 1,000 is taken 190 s after it was sent.
    let slow = [
        "pipeline.mapping.starting_concurrency=2",
        "pipeline.mapping.maximum_concurrency=2",
        "pipeline.function.service_time=400ms",
        "settle.deadline=300s",
        "expect.rules=[]",
    ];
    let found = find("pipeline.orders_retention", &slow);
    let seconds = |text: Option<&str>| -> u64 {
        let text = text.expect("a value").trim_end_matches('s');
        text.parse().expect("whole seconds")
    };
    let (passes, fails) = bounds(&found);
    let (passes, fails) = (seconds(passes), seconds(fails));
    assert!(
        passes == fails + 5 && (185..=195).contains(&passes),
        "{found:#?}"
    );
    assert!(found.answer.contains("(96h is set, "), "{}", found.answer);
    assert!(
        found
            .answer
            .contains("messages are older than the queue keeps them"),
        "{}",
        found.answer
    );
}

#[test]
fn a_setting_may_ask_for_too_much_and_a_value_may_not_be_allowed() {
    // A bad order has three receives: with 20 s of visibility its letter comes after a minute.
    let long = [
        "pipeline.visibility_timeout=20s",
        "bad_orders=10%",
        "settle.deadline=90s",
    ];
    let found = find("pipeline.visibility_timeout", &long);
    assert_eq!(bounds(&found), (Some("2s"), Some("1s")), "{found:#?}");
    assert!(
        found
            .answer
            .contains("20s is set, 10 times as much: rule `drain < 30s` is broken"),
        "{}",
        found.answer
    );
    // Shorter than the function's time-out it may not be.
    assert!(
        found.breaks[0].contains("the scenario is not valid: pipeline.function.timeout"),
        "{found:#?}"
    );
    let found = find("pipeline.mapping.maximum_concurrency", &[]);
    assert_eq!(found.passes_at.as_deref(), Some("50"));
    assert!(
        found.answer.contains("50 is set: no margin"),
        "{}",
        found.answer
    );
}

#[test]
fn what_passes_at_the_least_value_and_what_passes_at_none_is_said() {
    let found = find("pipeline.max_receive_count", &[]);
    assert_eq!(bounds(&found), (Some("1"), None));
    assert!(
        found
            .answer
            .contains("passes at 1 already, the least that can be set (3 is set"),
        "{}",
        found.answer
    );
    let slow = ["pipeline.function.service_time=1500ms"];
    let found = find("pipeline.mapping.starting_concurrency", &slow);
    assert_eq!(found.passes_at, None);
    assert!(
        found.answer.contains("no value passes (50 is set); at 50 "),
        "{}",
        found.answer
    );
    assert!(
        found
            .answer
            .contains("rule `end_to_end_p99 < 1s` is broken"),
        "{}",
        found.answer
    );
}

#[test]
fn what_cannot_be_varied_is_refused_with_what_can() {
    let refused = |key: &str, set: &[&str]| {
        let refused = find_setting(&reread(set), key, &[7], Instant::now(), Failures::default());
        refused.expect_err(key).to_string()
    };
    let unknown = refused("pipeline.queues", &[]);
    assert!(
        unknown.contains("pipeline.queues: a forecast cannot vary it"),
        "{unknown}"
    );
    assert!(SOUGHT.iter().all(|key| unknown.contains(key)), "{unknown}");
    let cases = [
        (
            "pipeline.mapping.maximum_pollers",
            &[][..],
            "not in provisioned mode",
        ),
        (
            "pipeline.max_receive_count",
            &["pipeline.redrive_to=none"],
            "no dead-letter queue",
        ),
    ];
    for (key, set, why) in cases {
        let text = refused(key, set);
        assert!(text.starts_with(key) && text.contains(why), "{text}");
    }
}

fn find_multiple(set: &[&str]) -> FoundRate {
    find_rate(&reread(set), &[7], Instant::now(), Failures::default()).expect("it has a baseline")
}

#[test]
fn each_wall_comes_with_the_setting_that_moves_it() {
    // 12 at a time take 120/s. Then the table is next: 4 units a second have 310 writes each in 10 s, and a few seconds more.
    let found = find_multiple(&[
        "pipeline.mapping.starting_concurrency=12",
        "pipeline.mapping.maximum_concurrency=1000",
        "pipeline.table_capacity=5 wcu",
    ]);
    let cures: Vec<_> = found
        .cures
        .iter()
        .map(|cure| (cure.wall, cure.key))
        .collect();
    assert_eq!(
        cures,
        [
            (
                Some(Wall::MappingConcurrency),
                Some("pipeline.mapping.starting_concurrency")
            ),
            (Some(Wall::WritesThrottled), Some("pipeline.table_capacity")),
        ],
        "{found:#?}"
    );
    let first = &found.cures[0];
    let (fails, passes) = (first.fails_at, first.passes_at.expect("it passes"));
    assert!(
        (1.2..1.45).contains(&fails) && (1.5..1.75).contains(&passes),
        "{first:?}"
    );
    // As many as are due in the time that each takes, less what may wait for 1 s.
    let value: f64 = first
        .value
        .as_deref()
        .expect("found")
        .parse()
        .expect("a number");
    let busy = passes * 100.0 * 0.1;
    assert!((0.88 * busy..=busy + 1.0).contains(&value), "{first:?}");
    let second = &found.cures[1];
    assert!(
        second.fails_at > passes && second.passes_at > first.passes_at,
        "{second:?}"
    );
    assert!(
        found
            .answer
            .contains("with pipeline.mapping.starting_concurrency = "),
        "{}",
        found.answer
    );
    assert!(
        found
            .cures_end
            .as_deref()
            .expect("why")
            .contains("no further wall up to"),
        "{found:#?}"
    );
}

#[test]
fn a_wall_that_no_single_setting_moves_is_said_to_be_one() {
    // Both the first and the highest concurrency would have to be raised.
    let found = find_multiple(&[]);
    assert!(
        (4.9..5.5).contains(&found.passes_at.expect("it passes")),
        "{found:#?}"
    );
    assert_eq!(found.cures.len(), 1);
    let (cure, first) = (&found.cures[0], found.walls[0].as_str());
    assert_eq!(cure.key, None);
    let wall = cure.wall_words.as_deref().expect("it is met");
    assert!(first.starts_with(wall), "{wall:?} is the first: {first:?}");
    assert!(
        found
            .cures_end
            .as_deref()
            .expect("why")
            .contains("no single setting"),
        "{found:#?}"
    );
}
