//! The journal's lines: what contradicts itself is named, and what the ledger takes.

use std::path::Path;
use std::time::SystemTime;

use super::*;
use crate::order::RunId;

fn header(planned: u64) -> JournalHeader {
    JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION,
        run_id: RunId::new(7).unwrap(),
        seed: 2026,
        planned,
        scenario_digest: "abc".into(),
        started_at: SystemTime::UNIX_EPOCH
            + std::time::Duration::from_nanos(1_795_444_444_123_456_789),
        plan_digest: Some("0".repeat(64)),
        shard: None,
    }
}

fn read_bytes(bytes: &[u8]) -> Result<JournalContents, JournalError> {
    read_lines(bytes, Path::new("journal"))
}

#[test]
fn a_damaged_or_contradictory_line_is_named() {
    use crate::ledger::entry::{Entry, Outcomes, encode};
    let intent = |text: &str| Entry::Intent(text.parse().unwrap());
    let acked = |text: &str| {
        Entry::Outcome(Outcomes {
            acknowledged: text.parse().unwrap(),
            ..Outcomes::default()
        })
    };
    let head = || Entry::Header(header(100));
    let future = Entry::Header(JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION_SHARD + 1,
        ..header(100)
    });
    let named = |text: &str, ks: &[u64]| {
        let id = |k: &u64| (*k, MessageId::parse(&format!("m{k}")).unwrap());
        Entry::Outcome(Outcomes {
            acknowledged: text.parse().unwrap(),
            message_ids: ks.iter().map(id).collect(),
            ..Outcomes::default()
        })
    };
    let naming = || {
        Entry::Header(JournalHeader {
            schema_version: JOURNAL_SCHEMA_VERSION_NAMED,
            ..header(100)
        })
    };
    let vast = Entry::Header(header(crate::order::MAX_ORDERS + 1));
    let end = Entry::End(Ledger::new(100).counts());
    let cases: Vec<(Vec<Entry>, u64, &str)> = vec![
        (vec![], 1, "an empty file"),
        (vec![intent("0-9")], 1, "no header"),
        (vec![future], 1, "a version of the future"),
        (vec![vast], 1, "a plan beyond every id"),
        (vec![head(), head()], 2, "a second header"),
        (
            vec![head(), intent("1-9")],
            2,
            "an intent with a gap before it",
        ),
        (
            vec![head(), intent("0-100")],
            2,
            "an intent beyond the plan",
        ),
        (vec![head(), intent("0-3,5")], 2, "an intent with a hole"),
        (vec![head(), acked("0")], 2, "an outcome nobody intended"),
        (
            vec![head(), intent("0-9"), acked("0-9"), acked("9")],
            4,
            "an order decided twice",
        ),
        (
            vec![head(), intent("0-9"), end.clone()],
            3,
            "an end with orders undecided",
        ),
        (
            vec![head(), end.clone(), intent("0-9")],
            3,
            "a line after the end",
        ),
        (
            vec![head(), intent("0-9"), named("0-9", &[3])],
            3,
            "a message named in a journal that names none",
        ),
        (
            vec![naming(), intent("0-9"), named("0-4", &[3, 5])],
            3,
            "the message of an order that was not accepted",
        ),
        (
            vec![naming(), intent("0-9"), named("0-9", &[10])],
            3,
            "the message of an order nobody intended",
        ),
        (
            vec![
                naming(),
                intent("0-9"),
                named("0-4", &[3]),
                named("5", &[3]),
            ],
            4,
            "two messages of one order",
        ),
    ];
    for (entries, line, why) in cases {
        let lines = entries.into_iter().enumerate();
        let bytes: Vec<u8> = lines
            .flat_map(|(n, entry)| encode(n as u64, entry))
            .collect();
        match read_bytes(&bytes) {
            Err(JournalError::Untrusted { line: named, .. }) => assert_eq!(named, line, "{why}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    let near_miss = [
        head(),
        intent("0-9"),
        acked("0-8"),
        acked("9"),
        intent("10-99"),
    ];
    let bytes: Vec<u8> = near_miss
        .into_iter()
        .enumerate()
        .flat_map(|(n, entry)| encode(n as u64, entry))
        .collect();
    let contents = read_bytes(&bytes).unwrap();
    assert_eq!(contents.ledger.counts().acknowledged, 10);
    assert_eq!(contents.ledger.counts().indeterminate, 90);
    let near_miss = [
        naming(),
        intent("0-9"),
        named("0-4", &[3]),
        named("5", &[4, 5]),
    ];
    let bytes: Vec<u8> = near_miss
        .into_iter()
        .enumerate()
        .flat_map(|(n, entry)| encode(n as u64, entry))
        .collect();
    let contents = read_bytes(&bytes).unwrap();
    let of = |id| contents.ledger.message_ids().order_of(id);
    assert_eq!(
        ["m3", "m4", "m5", "m6"].map(of),
        [Some(3), Some(4), Some(5), None]
    );
}

#[test]
fn a_line_or_a_journal_without_end_is_refused() {
    let path = std::path::Path::new("journal");
    let endless = std::io::repeat(b'x');
    let error = read_lines(std::io::BufReader::new(endless), path).unwrap_err();
    assert!(error.to_string().contains("longer than any"), "{error}");
    let mut lines = crate::ledger::entry::encode(0, crate::ledger::entry::Entry::Header(header(1)));
    let intent =
        crate::ledger::entry::encode(1, crate::ledger::entry::Entry::Intent("0".parse().unwrap()));
    lines.extend(intent);
    assert!(read_lines(lines.as_slice(), path).is_ok(), "a near miss");
}

#[test]
fn ten_million_orders_with_scattered_outcomes_take_less_than_two_bytes_each() {
    const ORDERS: u64 = 10_000_000;
    let mut ledger = Ledger::new(ORDERS);
    // The worst case: one run, and then a hole at two of three orders.
    ledger.record(Outcome::Acknowledged, 0..ORDERS);
    let every_third = |first| (first..ORDERS as u32).step_by(3).collect();
    ledger.record_all(Outcome::Rejected, &every_third(0));
    ledger.record_all(Outcome::Indeterminate, &every_third(1));
    ledger.compact();
    let sets = [
        ledger.acknowledged(),
        ledger.rejected(),
        ledger.indeterminate(),
    ];
    let bytes: u64 = sets
        .iter()
        .map(|set| {
            let of = set.statistics();
            // The crate counts a bitset container's 65,536 bits as bytes.
            let bitsets = u64::from(of.n_bitset_containers) * 8_192;
            of.n_bytes_array_containers + of.n_bytes_run_containers + bitsets
        })
        .sum();
    assert!(bytes < 2 * ORDERS, "{bytes} bytes");
    assert!(
        bytes * 8 < 4 * ORDERS,
        "about a bit an order and outcome: {bytes} bytes"
    );
}
