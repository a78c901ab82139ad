//! Rows and dead letters in, sets and figures out.

use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::rows::Row;
use super::world::{Content, worlds};
use crate::load::{Phase, Schedule};
use crate::order::{Id, OrderPlan, RunId};
use crate::records::DeadLetter;
use crate::scenario::fixture;
use crate::verify::Observation;
use crate::verify::collector::Collector;

/// The run's start: a second since the Unix epoch, microseconds.
const START_US: u64 = 1_800_000_000_000_000;
const SECOND_US: u64 = 1_000_000;

pub(super) fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1)
}

/// 10 orders a second: 20 in `baseline`, 20 in `spike`.
pub(super) fn schedule() -> Schedule {
    let mut scenario = fixture();
    let phase = |name: &str| Phase {
        name: name.into(),
        start_rate: 10.0,
        end_rate: 10.0,
        duration: Duration::from_secs(2),
        warm_up: false,
    };
    scenario.phases = vec![phase("baseline"), phase("spike")];
    scenario.schedule()
}

pub(super) fn collector() -> Collector {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(START_US);
    Collector::new(plan(), &schedule(), start, 2)
}

pub(super) fn number(k: u64) -> u64 {
    plan().run.number(k)
}

pub(super) fn details(k: u64, content: Content) -> String {
    match content {
        Content::Planned => super::lab::details(&plan(), k),
        Content::Odd(odd) => format!("{{\"num_items\": {}, \"odd\": true}}", 100 + odd),
    }
}

pub(super) fn row(k: u64, content: Content) -> Row {
    Row {
        order_number: Some(number(k)),
        order_details: Some(details(k, content)),
        stored_at_us: Some(START_US + 5 * SECOND_US),
        receive_count: Some(1),
        ..Row::default()
    }
}

pub(super) fn letter(k: u64, content: Content) -> DeadLetter {
    let fields = &details(k, content)[1..];
    body(format!("{{\"order_number\": {}, {fields}", number(k)))
}

pub(super) fn body(body: String) -> DeadLetter {
    DeadLetter {
        body,
        message_id: "m".into(),
    }
}

pub(super) fn collected(rows: &[Row], letters: &[DeadLetter]) -> Collector {
    let mut collector = collector();
    rows.iter()
        .for_each(|row| collector.row("orders", &row.item()));
    letters
        .iter()
        .for_each(|letter| collector.dead_letter(None, letter));
    collector
}

/// What it says of the orders.
pub(super) fn seen(collector: &Collector) -> Observation {
    collector.observation(Observation::default())
}

/// Order 3 was altered, or overwritten, or neither.
#[track_caller]
pub(super) fn check(
    rows: &[Row],
    letters: &[DeadLetter],
    altered: bool,
    overwritten: bool,
    why: &str,
) {
    let collector = collected(rows, letters);
    let set = |holds: bool| holds.then_some(3).into_iter().collect::<RoaringBitmap>();
    assert_eq!(seen(&collector).altered, set(altered), "altered: {why}");
    assert_eq!(
        seen(&collector).overwritten,
        set(overwritten),
        "overwritten: {why}"
    );
}

#[test]
fn one_odd_content_is_altered_and_two_contents_are_overwritten() {
    use Content::{Odd, Planned};
    let row = |content| [row(3, content)];
    let letters = |contents: &[Content]| contents.iter().map(|&c| letter(3, c)).collect::<Vec<_>>();
    check(&row(Planned), &[], false, false, "the planned row");
    check(
        &[],
        &letters(&[Planned, Planned]),
        false,
        false,
        "two planned letters",
    );
    check(
        &row(Planned),
        &letters(&[Planned]),
        false,
        false,
        "both as planned",
    );
    check(&row(Odd(0)), &[], true, false, "another row");
    check(
        &[],
        &letters(&[Odd(0), Odd(0)]),
        true,
        false,
        "another letter, twice",
    );
    check(
        &row(Odd(0)),
        &letters(&[Odd(0)]),
        true,
        false,
        "row and letter agree",
    );
    check(
        &row(Odd(0)),
        &letters(&[Odd(1)]),
        false,
        true,
        "row and letter differ",
    );
    check(
        &row(Planned),
        &letters(&[Odd(0)]),
        false,
        true,
        "planned, then odd",
    );
    check(
        &row(Odd(0)),
        &letters(&[Planned]),
        false,
        true,
        "odd, then planned",
    );
    check(
        &[],
        &letters(&[Odd(0), Odd(1)]),
        false,
        true,
        "two odd letters",
    );
    check(
        &[],
        &letters(&[Planned, Odd(0)]),
        false,
        true,
        "a planned and an odd one",
    );
    check(
        &[],
        &letters(&[Odd(0), Odd(1), Odd(0)]),
        false,
        true,
        "and back",
    );
}

#[test]
fn the_same_fields_in_another_order_are_the_same_content() {
    let planned: serde_json::Value = serde_json::from_str(&details(3, Content::Planned)).unwrap();
    let turned = |prefix: &str, items: u8| {
        format!(
            "{{\"item_description\":{},{prefix}\"price_per_item\":{},\"num_items\":{items}}}",
            planned["item_description"], planned["price_per_item"]
        )
    };
    let as_row = |text: String| {
        [Row {
            order_details: Some(text),
            ..row(3, Content::Planned)
        }]
    };
    let items = planned["num_items"].as_u64().unwrap() as u8;
    let number = format!("\"order_number\":{},", number(3));
    check(
        &as_row(turned("", items)),
        &[],
        false,
        false,
        "the planned fields, turned",
    );
    let straight = format!(
        "{{{number}\"num_items\":9,\"price_per_item\":{},\"item_description\":{}}}",
        planned["price_per_item"], planned["item_description"]
    );
    let letters = [body(straight), body(turned(&number, 9))];
    check(
        &as_row(turned("", 9)),
        &letters,
        true,
        false,
        "one odd content, three ways",
    );
}

#[test]
fn a_row_without_readable_details_is_altered() {
    let with = |order_details: Option<&str>| {
        [Row {
            order_details: order_details.map(Into::into),
            ..row(3, Content::Planned)
        }]
    };
    for (details, why) in [
        (None, "no details"),
        (Some(""), "empty details"),
        (Some("{"), "torn details"),
        (Some("[1]"), "a list"),
        (Some("\"zTV\""), "a text"),
    ] {
        check(&with(details), &[], true, false, why);
    }
    let letters = [letter(3, Content::Planned)];
    check(&with(Some("{")), &letters, false, true, "and a good letter");
}

#[test]
fn numbers_are_planned_or_phantoms_or_foreign() {
    let numbered = |order_number| Row {
        order_number,
        ..row(3, Content::Planned)
    };
    let rows = [
        numbered(Some(number(39))),
        numbered(Some(number(40))),
        numbered(Some(number(999_999_999))),
        numbered(Some(6_999_999_999)),
        numbered(Some(8_000_000_000)),
        numbered(Some(39)),
        numbered(Some(u64::MAX)),
        numbered(None),
    ];
    let letters = [
        letter(38, Content::Planned),
        letter(41, Content::Planned),
        body("{}".into()),
    ];
    let collector = collected(&rows, &letters);
    assert_eq!(
        seen(&collector).stored,
        RoaringBitmap::from([39]),
        "the last planned one"
    );
    assert_eq!(seen(&collector).dead_lettered, RoaringBitmap::from([38]));
    let phantoms = [number(40), number(999_999_999), number(41)].map(Id::Number);
    assert_eq!(collector.phantoms, phantoms, "beyond the plan");
    assert_eq!(collector.strangers.rows, 4, "other runs, and no run");
    assert_eq!(collector.strangers.unreadable, 1, "nobody knows whose");
    assert_eq!(collector.strangers.letters, 1);
}

#[test]
fn hostile_bodies_are_foreign_and_do_no_harm() {
    let numbered = |number: &str| format!("{{\"order_number\": {number}}}");
    let bodies = [
        (String::new(), "empty"),
        ("not JSON".into(), "words"),
        ("\u{0}\u{feff}{".into(), "control characters"),
        ("x".repeat(10 << 20), "ten megabytes of nothing"),
        (
            format!("\"{}\"", "x".repeat(10 << 20)),
            "ten megabytes of text",
        ),
        ("[".repeat(10_000), "nested 10,000 deep"),
        (
            format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)),
            "and closed",
        ),
        ("{\"order_number\":".repeat(10_000), "nested in numbers"),
        ("null".into(), "nothing"),
        ("[7000000003]".into(), "a list"),
        (numbered("-7000000003"), "negative"),
        (numbered("-0.0"), "negative zero"),
        (numbered("7000000003.5"), "a fraction"),
        (numbered("9007199254740993"), "beyond 2^53"),
        (numbered("18446744073709551615"), "2^64 - 1"),
        (numbered("18446744073709551616"), "2^64"),
        (numbered("1e400"), "beyond a double"),
        (numbered("\"7000000003.5\""), "a fraction in quotes"),
        (numbered("\"seven\""), "a text"),
        (numbered("1e999999999"), "beyond everything"),
        (numbered("null"), "null"),
    ];
    for (text, why) in bodies {
        let collector = collected(&[], &[body(text)]);
        assert_eq!(collector.strangers.letters, 1, "{why}");
        assert!(seen(&collector).dead_lettered.is_empty(), "{why}");
        assert!(collector.phantoms.is_empty(), "{why}");
    }
    let mut deep = row(3, Content::Planned);
    deep.order_details = Some("[".repeat(10_000));
    check(&[deep], &[], true, false, "details nested 10,000 deep");
}

#[test]
fn copies_and_second_receives_are_counted() {
    let received = |k, receive_count| Row {
        receive_count,
        ..row(k, Content::Planned)
    };
    let rows = [
        received(0, Some(1)),
        received(1, Some(2)),
        received(2, None),
        received(3, Some(0)),
        received(6, Some(3)),
    ];
    let letters = [5, 5, 5, 6, 1].map(|k| letter(k, Content::Planned));
    let mut collector = collected(&rows, &letters);
    assert_eq!(collector.redelivered, 2, "orders 1 and 6");
    assert_eq!(seen(&collector).uncounted_rows, Some(2), "orders 2 and 3");
    assert_eq!(seen(&collector).extra_dead_letter_copies, 2, "of order 5");
    collector.row("orders", &rows[1].item());
    assert_eq!(collector.redelivered, 2, "a row seen twice counts once");
    collector.row("orders", &rows[2].item());
    assert_eq!(seen(&collector).uncounted_rows, Some(2), "this one, too");
    let wanted = (0..10).collect();
    assert_eq!(collector.unseen(&wanted), RoaringBitmap::from([4, 7, 8, 9]));
}

#[test]
fn rows_tell_when_they_were_stored() {
    let due = |k: u64| schedule().due(k).as_micros() as u64;
    let stored = |k: u64, at_us: Option<u64>| Row {
        stored_at_us: at_us,
        ..row(k, Content::Planned)
    };
    let rows = [
        stored(0, Some(START_US + due(0) + 1_500)),
        stored(12, Some(START_US + due(12) + 700)),
        stored(25, Some(START_US + 7 * SECOND_US)),
        stored(21, Some(START_US + 7 * SECOND_US)),
        stored(30, None),
    ];
    let collector = collected(&rows, &[]);
    assert_eq!(seen(&collector).untimed_rows, 1, "order 30");
    let times = collector.into_times();
    let summary = times.phases[0].summary();
    assert_eq!(
        (summary.count, summary.min_us, summary.max_us),
        (2, Some(700), Some(1_500))
    );
    assert_eq!(times.phases[1].count(), 2, "orders 21 and 25");
    let per_second: Vec<_> = times.seconds.iter().map(|second| second.stored).collect();
    assert_eq!(per_second, [1, 1, 0, 0, 0, 0, 0, 2]);
    let by_due: Vec<_> = times
        .seconds
        .iter()
        .map(|second| second.end_to_end.count())
        .collect();
    assert_eq!(
        by_due,
        [1, 1, 2, 0, 0, 0, 0, 0],
        "by the second they were due in"
    );
    let oldest = times.seconds[7].oldest_intended_at;
    assert_eq!(oldest, Some(schedule().due(21)), "the older of the two");
    assert_eq!(times.seconds[3].oldest_intended_at, None);
}

#[test]
fn a_row_stored_before_it_was_due_or_after_it_was_read_is_an_impossible_reading() {
    let due = |k: u64| schedule().due(k).as_micros() as u64;
    let stored = |k: u64, at_us: u64| Row {
        stored_at_us: Some(at_us),
        ..row(k, Content::Planned)
    };
    let clock = |rows: &[Row]| {
        let mut collector = collector();
        collector.read_at(Duration::from_secs(6));
        rows.iter()
            .for_each(|row| collector.row("orders", &row.item()));
        collector.observation(Default::default()).row_clock
    };
    assert_eq!(clock(&[]), None, "no row tells anything");
    let right = [
        stored(0, START_US + due(0)),
        stored(39, START_US + 6 * SECOND_US),
    ];
    let seen = clock(&right).unwrap();
    assert_eq!((seen.early_rows, seen.late_rows), (0, 0), "just possible");
    assert_eq!((seen.behind_at_least_us, seen.behind_at_most_us), (0, 0));
    let early = [
        stored(0, START_US + due(0) + 5),
        stored(12, START_US + due(12) - 400_000),
    ];
    let seen = clock(&early).unwrap();
    assert_eq!((seen.early_rows, seen.behind_at_least_us), (1, 400_000));
    let before_all = [stored(0, START_US - 2_700_000)];
    let seen = clock(&before_all).unwrap();
    assert_eq!(
        (seen.early_rows, seen.early_by()),
        (1, Duration::from_millis(2_700))
    );
    let late = [stored(0, START_US + 6 * SECOND_US + 1)];
    let seen = clock(&late).unwrap();
    assert_eq!(
        (seen.late_rows, seen.late_by()),
        (1, Duration::from_micros(1))
    );
    let milliseconds = [stored(0, START_US / 1_000)];
    let seen = clock(&milliseconds).unwrap();
    assert_eq!(seen.apart(Duration::ZERO), crate::evidence::DURATION_MAX);
}

#[test]
fn impossible_times_do_no_harm() {
    let stored = |at_us| {
        let row = Row {
            stored_at_us: Some(at_us),
            ..row(15, Content::Planned)
        };
        collected(&[row], &[])
    };
    let early = stored(START_US - 1).into_times();
    assert_eq!(
        early.seconds[0].stored, 1,
        "before the start counts as the start"
    );
    assert_eq!(
        early.phases[0].summary().max_us,
        Some(0),
        "and took no time"
    );
    let a_day_late = stored(START_US + 86_400 * SECOND_US).into_times();
    assert_eq!(a_day_late.seconds.len(), 2, "seconds are kept for a day");
    let never = stored(u64::MAX);
    assert_eq!(seen(&never).untimed_rows, 0);
    let never = never.into_times();
    assert_eq!(never.seconds.len(), 2, "no second a day away is kept");
    assert_eq!(
        never.phases[0].count(),
        1,
        "the latency counts all the same"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_put_in_is_what_an_observation_says(world in worlds()) {
        let fates = || (0u64..).zip(&world.fates);
        let rows: Vec<_> = fates().filter_map(|(k, fate)| Some(row(k, fate.row?))).collect();
        let letters: Vec<_> = fates()
            .flat_map(|(k, fate)| fate.letters.iter().map(move |&content| letter(k, content)))
            .collect();
        let expected = world.observation();
        let forth = collected(&rows, &letters);
        let mut back = collector();
        letters.iter().rev().for_each(|letter| back.dead_letter(None, letter));
        rows.iter().rev().for_each(|row| back.row("orders", &row.item()));
        for collector in [forth, back] {
            prop_assert_eq!(&seen(&collector).stored, &expected.stored);
            prop_assert_eq!(&seen(&collector).dead_lettered, &expected.dead_lettered);
            prop_assert_eq!(&seen(&collector).altered, &expected.altered);
            prop_assert_eq!(&seen(&collector).overwritten, &expected.overwritten);
            let extra = letters.len() as u64 - expected.dead_lettered.len();
            prop_assert_eq!(seen(&collector).extra_dead_letter_copies, extra);
        }
    }
}
