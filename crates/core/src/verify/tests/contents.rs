//! What a second content, a key and a stranger are taken for, and what is kept to say of them.

use roaring::RoaringBitmap;

use super::collector::{
    body, check, collected, collector, details, letter, number, plan, row, seen,
};
use super::lab::LabOrder;
use super::rows::Row;
use super::world::{Content, complete};
use crate::ledger::{Ledger, Outcome};
use crate::records::{DeadLetter, Value};
use crate::verdict::Class;
use crate::verify::{Belongs, FoundIn, reconcile};

/// A row of order `k` that holds `text`.
fn holding(k: u64, text: &str) -> Row {
    Row {
        order_details: Some(text.into()),
        ..row(k, Content::Planned)
    }
}

/// The content of order `k` as a function in JavaScript writes it.
fn reserialized(k: u64) -> String {
    details(k, Content::Planned)
        .replace(".0,", ",")
        .replace(' ', "")
}

#[test]
fn every_sighting_of_an_order_is_compared_in_either_order() {
    let planned = row(3, Content::Planned);
    let odd = row(3, Content::Odd(0));
    let pair = |one: &Row, other: &Row| [one.clone(), other.clone()];
    check(&pair(&planned, &odd), &[], false, true, "the odd one last");
    check(&pair(&odd, &planned), &[], false, true, "the odd one first");
    let other = row(3, Content::Odd(1));
    check(&pair(&odd, &other), &[], false, true, "two odd ones");
    check(&pair(&odd, &odd), &[], true, false, "one odd one, twice");
    let spelled = holding(3, &reserialized(3));
    check(
        &pair(&planned, &spelled),
        &[],
        false,
        false,
        "one content, two spellings",
    );
    let gone = Row {
        order_details: None,
        ..planned.clone()
    };
    check(
        &pair(&planned, &gone),
        &[],
        false,
        true,
        "and without its details",
    );
    let letters = [letter(3, Content::Planned), letter(3, Content::Odd(0))];
    check(&[], &letters, false, true, "two letters");
    let turned = [letters[1].clone(), letters[0].clone()];
    check(
        &[],
        &turned,
        false,
        true,
        "two letters, the other way round",
    );
}

#[test]
fn a_row_seen_twice_counts_once() {
    let again = Row {
        receive_count: Some(2),
        ..row(3, Content::Odd(0))
    };
    let collector = collected(&[again.clone(), row(3, Content::Planned), again], &[]);
    assert_eq!(seen(&collector).stored, RoaringBitmap::from([3]));
    assert_eq!(collector.redelivered, 1);
    assert_eq!(seen(&collector).overwritten, RoaringBitmap::from([3]));
    assert_eq!(collector.into_times().phases[0].count(), 1);
}

#[test]
fn a_content_is_compared_whole_and_its_numbers_as_decimals() {
    let planned = details(3, Content::Planned);
    let price = LabOrder::of(&plan(), 3).dollars.expect("a good order");
    let price = format!("{price:.1}");
    let altered = [
        (
            planned.replace('}', ", \"discount\": \"100%\"}"),
            "an extra field",
        ),
        (
            planned.replace('{', "{\"price_per_item\": 1.0, "),
            "one key twice",
        ),
        (
            planned.replace('{', "{\"price_per_\\u0069tem\": 1.0, "),
            "one key twice, once escaped",
        ),
        (
            planned.replace('{', &format!("{{\"price_per_item\": {price}, ")),
            "one key twice, with one value",
        ),
        (
            planned.replace(&price, &format!("{price}0000000000000000000000000001")),
            "a price beyond a double's digits",
        ),
        (
            planned.replace(&price, "1e999999999"),
            "a price without end",
        ),
        (
            planned.replace(&price, &format!("\"{price}\"")),
            "a price in quotes",
        ),
        (
            planned.replace('}', ", \"order_number\": 1}"),
            "the number of another order",
        ),
        (format!("{planned} garbage"), "garbage after it"),
        (format!("\u{feff}{planned}"), "a byte order mark"),
        (
            serde_json::to_string(&planned).unwrap(),
            "a text that holds it",
        ),
    ];
    for (text, why) in altered {
        check(&[holding(3, &text)], &[], true, false, why);
    }
    let same = [
        (reserialized(3), "a whole-number price"),
        (planned.replace(&price, &format!("{price}00")), "more zeros"),
        (
            planned.replace("num_items", "num_\\u0069tems"),
            "an escaped name",
        ),
        (format!(" \n{planned}\t"), "white space around it"),
        (
            planned.replace('}', &format!(", \"order_number\": {}}}", number(3))),
            "its own number",
        ),
    ];
    for (text, why) in same {
        check(&[holding(3, &text)], &[], false, false, why);
    }
}

#[test]
fn details_of_another_type_are_altered_and_the_type_is_told() {
    let odd = Row {
        order_details: None,
        odd_details: Some(Value::M([].into())),
        ..row(3, Content::Planned)
    };
    check(std::slice::from_ref(&odd), &[], true, false, "a map");
    let seen = collected(&[odd], &[]).observation(complete());
    let told = seen.alterations[0].to_string();
    assert_eq!(
        told,
        "in its row, `order_details` is a map (M), expected a text (S)"
    );
}

#[test]
fn a_letter_belongs_to_the_order_it_names_however_it_spells_the_number() {
    let fields = &details(3, Content::Planned)[1..];
    let named = |number: &str| [body(format!("{{\"order_number\": {number}, {fields}"))];
    for same in [
        "7000000003",
        "7000000003.0",
        "7.000000003E9",
        "7000000003e0",
    ] {
        let letters = named(same);
        check(&[], &letters, false, false, same);
        let collector = collected(&[], &letters);
        assert_eq!(
            seen(&collector).dead_lettered,
            RoaringBitmap::from([3]),
            "{same}"
        );
        assert_eq!(collector.strangers.letters, 0, "{same}");
    }
    let quoted = named("\"7000000003\"");
    check(
        &[],
        &quoted,
        true,
        false,
        "a number in quotes is not what was sent",
    );
    let twice = named("7000000003, \"order_number\": 7000000003");
    check(&[], &twice, true, false, "one number twice");
    let foreign_too = named("8000000003, \"order_number\": 7000000003");
    check(
        &[],
        &foreign_too,
        true,
        false,
        "another run's number before it",
    );
    assert_eq!(collected(&[], &foreign_too).strangers.letters, 0);
    let both = collected(&[], &named("7000000003, \"order_number\": 7000000005"));
    assert_eq!(
        seen(&both).altered,
        RoaringBitmap::from([3, 5]),
        "readers disagree"
    );
    for foreign in [
        "7000000003.5",
        "-7000000003",
        "8000000003.0",
        "\"seven\"",
        "null",
    ] {
        let collector = collected(&[], &named(foreign));
        assert!(seen(&collector).dead_lettered.is_empty(), "{foreign}");
        assert_eq!(collector.strangers.letters, 1, "{foreign}");
    }
}

#[test]
fn a_planned_row_beside_an_altered_letter_is_overwritten() {
    let rows = [row(3, Content::Planned)];
    let letters = [body(format!(
        "{{\"order_number\": {}, \"num_items\": 1}}",
        number(3)
    ))];
    check(&rows, &letters, false, true, "an altered letter");
    check(
        &rows,
        &[letter(3, Content::Planned)],
        false,
        false,
        "a planned one",
    );
}

fn keyed(odd_key: Option<Value>) -> Row {
    Row {
        order_number: None,
        odd_key,
        ..row(3, Content::Planned)
    }
}

#[test]
fn a_key_that_cannot_be_read_leaves_the_missing_undecided_and_a_foreign_number_does_not() {
    let class_with = |row: Row| {
        let mut ledger = Ledger::new(1);
        ledger.record(Outcome::Acknowledged, 0..1);
        let seen = collected(&[row], &[]).observation(complete());
        let classes = reconcile(
            &ledger,
            &Belongs::good_or_bad(1, RoaringBitmap::new()),
            &seen,
        );
        let found = [Class::Lost, Class::Undecided].map(|class| classes.count(class));
        (found, seen)
    };
    let unreadable = Value::B(vec![1]);
    for odd in [Some(unreadable), None] {
        let (found, seen) = class_with(keyed(odd.clone()));
        assert_eq!(found, [0, 1], "{odd:?}");
        assert_eq!((seen.unreadable_keys, seen.foreign_rows), (1, 0), "{odd:?}");
        assert_eq!(seen.unreadable_key_examples.len(), 1);
    }
    for number in ["-7000000003", "7000000003.5", "1e30"] {
        let (found, seen) = class_with(keyed(Some(Value::N(number.into()))));
        assert_eq!(found, [1, 0], "{number}");
        assert_eq!(
            (seen.unreadable_keys, seen.foreign_rows),
            (0, 1),
            "{number}"
        );
        assert_eq!(seen.foreign_row_examples, [number]);
    }
}

#[test]
fn strangers_are_counted_and_the_first_five_of_each_kind_named() {
    let mut collector = collector();
    let cut = |k: u64| number(k) % (1 << 32);
    for k in 0..100 {
        let row = Row {
            order_number: Some(cut(k)),
            ..row(k, Content::Planned)
        };
        collector.row("orders", &row.item());
        collector.dead_letter(
            None,
            &DeadLetter {
                body: format!("{{\"order_number\": {}}}", cut(k)),
                message_id: format!("id-{k}\u{1b}"),
            },
        );
    }
    let junk = [
        "<script>",
        "{\"id\": 5}",
        "{\"order_number\": \"\\u001b[31m\"}",
    ];
    let mut after = self::collector();
    junk.iter()
        .for_each(|text| after.dead_letter(None, &body((*text).into())));
    let seen = collector.observation(complete());
    assert_eq!((seen.foreign_rows, seen.foreign_dead_letters), (100, 100));
    let first: Vec<_> = (0..5).map(|k| cut(k).to_string()).collect();
    assert_eq!(seen.foreign_row_examples, first);
    let letters = &seen.foreign_dead_letter_examples;
    assert_eq!(letters.len(), 5);
    assert_eq!(
        letters[0],
        format!("message id-0\\u{{1b}}: order {}", cut(0))
    );
    assert_eq!(
        after.observation(complete()).foreign_dead_letter_examples,
        [
            "message m: not a JSON object",
            "message m: no `order_number`",
            "message m: `order_number` is \"\\u001b[31m\""
        ]
    );
}

#[test]
fn differences_are_kept_of_the_first_altered_and_the_first_overwritten_orders() {
    let mut collector = collector();
    for k in (10..40).rev() {
        collector.row("orders", &row(k, Content::Odd(0)).item());
        if k >= 30 {
            collector.dead_letter(None, &letter(k, Content::Planned));
        }
    }
    let seen = collector.observation(complete());
    let sequences: Vec<_> = seen.alterations.iter().map(|one| one.sequence).collect();
    assert_eq!(sequences, [10, 11, 12, 13, 14, 30, 31, 32, 33, 34]);
    assert!(seen.alterations.iter().all(|one| one.place == FoundIn::Row));
    let planned = LabOrder::of(&plan(), 10).items;
    assert_eq!(
        seen.alterations[0].to_string(),
        format!("in its row, `num_items` is 100, expected {planned}")
    );
    let sound = collected(&[row(3, Content::Planned)], &[]).observation(complete());
    assert!(sound.alterations.is_empty());
}
