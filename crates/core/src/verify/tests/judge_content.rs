//! Findings on strangers, unreadable keys and differing contents: what trips each, and the near miss.

use super::judge::{Case, check, inconclusive, passes};
use crate::order::Difference;
use crate::verdict::{Class, Severity, Verdict};
use crate::verify::{Alteration, FoundIn, Observation};

fn seeing(change: impl FnOnce(&mut Observation)) -> Case {
    Case::observing(change)
}

/// The finding of this code.
#[track_caller]
fn finding(case: &Case, code: &str) -> (Severity, String) {
    let findings = case.judge().findings;
    let found = findings.into_iter().find(|finding| finding.code == code);
    let found = found.unwrap_or_else(|| panic!("there is a finding {code}"));
    (found.severity, found.message)
}

#[test]
fn strangers_in_a_pipeline_of_the_runs_own_fail_it_and_elsewhere_are_a_note() {
    type Plant = fn(&mut Observation);
    let kinds: [(&str, Plant); 2] = [
        ("foreign_rows", |seen| {
            seen.foreign_rows = 3;
            seen.foreign_row_examples = vec!["2705032705".into(), "-7".into()];
        }),
        ("foreign_dead_letters", |seen| {
            seen.foreign_dead_letters = 3;
            seen.foreign_dead_letter_examples = vec!["message 2705032705: -7".into()];
        }),
    ];
    for (code, plant) in kinds {
        let own = seeing(|seen| {
            plant(seen);
            seen.own_stores = true;
        });
        check(&own, Verdict::Fail, &[code], code);
        let shared = seeing(plant);
        passes(&shared, "others use these stores too");
        for (case, severity) in [(own, Severity::OrderFailure), (shared, Severity::Note)] {
            let (found, message) = finding(&case, code);
            assert_eq!(found, severity, "{message}");
            assert!(message.starts_with("3 "), "{message}");
            assert!(message.contains("2705032705"), "{message}");
        }
    }
    passes(
        &seeing(|seen| seen.own_stores = true),
        "nobody else was there",
    );
}

#[test]
fn keys_that_cannot_be_read_prove_nothing() {
    let unreadable = |own_stores: bool| {
        seeing(|seen| {
            seen.unreadable_keys = 177;
            seen.unreadable_key_examples = vec!["`id` is binary (B)".into()];
            seen.own_stores = own_stores;
        })
    };
    for own in [true, false] {
        inconclusive(&unreadable(own), "unreadable_keys", "whoever writes there");
    }
    let (_, message) = finding(&unreadable(false), "unreadable_keys");
    assert!(message.starts_with("177 rows have a key"), "{message}");
    assert!(message.contains("`id` is binary (B)"), "{message}");
}

fn alteration(sequence: u32, found: &str) -> Alteration {
    Alteration {
        sequence,
        place: FoundIn::Row,
        queue: None,
        table: None,
        difference: Difference {
            attribute: "price_per_item".into(),
            expected: "130.0".into(),
            found: found.into(),
        },
    }
}

#[test]
fn an_altered_finding_says_what_differs_and_a_file_cannot_make_it_obeyed_or_endless() {
    let case = Case::with(|case| {
        case.counts = vec![(Class::Altered, 7), (Class::Overwritten, 1)];
        let seen = case.observation.as_mut().unwrap();
        seen.alterations = (0..8).map(|k| alteration(k, "1.0")).collect();
        seen.alterations[1] = alteration(1, &"\u{1b}[31m\n::error::".repeat(10_000));
        seen.alterations
            .push(alteration(u32::MAX, "beyond every run"));
    });
    let (_, altered) = finding(&case, "altered");
    let first = "; 7000000000: in its row, `price_per_item` is 1.0, expected 130.0";
    assert!(altered.contains(first), "{altered}");
    assert_eq!(altered.matches("in its row").count(), 3, "{altered}");
    assert!(altered.chars().count() < 600, "{altered}");
    assert!(!altered.chars().any(char::is_control), "{altered:?}");
    let (_, overwritten) = finding(&case, "overwritten");
    assert!(
        overwritten.contains("; 7000000007: in its row"),
        "{overwritten}"
    );
    let untold = Case::of(&[(Class::Altered, 1)]);
    let (_, plain) = finding(&untold, "altered");
    assert!(
        !plain.contains("in its row"),
        "an older file does not say: {plain}"
    );
}

#[test]
fn a_letter_of_a_queue_that_is_named_is_no_dead_letter() {
    let mut letter = alteration(3, "4");
    letter.place = FoundIn::DeadLetter;
    assert!(
        letter.to_string().starts_with("in a dead letter, "),
        "{letter}"
    );
    let kept = serde_json::to_value(&letter).expect("plain data");
    assert!(kept.get("queue").is_none(), "{kept}");
    let again: Alteration = serde_json::from_value(kept).expect("one of an earlier version");
    assert_eq!(again, letter);
    letter.queue = Some("shipped".into());
    assert!(
        letter
            .to_string()
            .starts_with("in a letter of queue shipped, "),
        "{letter}"
    );
    let kept = serde_json::to_string(&letter).expect("plain data");
    assert_eq!(
        serde_json::from_str::<Alteration>(&kept).expect("the same"),
        letter
    );
}
