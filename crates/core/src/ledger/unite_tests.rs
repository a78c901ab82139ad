//! Journals of workers: what they may tell of, and what they add up to.

use std::path::Path;
use std::time::SystemTime;

use super::*;
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION_NAMED, JOURNAL_SCHEMA_VERSION_SHARD, JournalError, MessageId,
    OutcomeCounts, read_lines, read_shard_lines,
};
use crate::load::Shard;
use crate::order::RunId;

const PLANNED: u64 = 12;

fn header(shard: Option<Shard>) -> JournalHeader {
    JournalHeader {
        schema_version: match shard {
            Some(_) => JOURNAL_SCHEMA_VERSION_SHARD,
            None => JOURNAL_SCHEMA_VERSION_NAMED,
        },
        run_id: RunId::new(7).unwrap(),
        seed: 1,
        planned: PLANNED,
        scenario_digest: "abc".into(),
        started_at: SystemTime::UNIX_EPOCH,
        plan_digest: None,
        shard,
    }
}

/// Orders 0, 3, 6, 9 of the first of three workers, and so on.
fn own(index: u32) -> RoaringBitmap {
    (0..PLANNED as u32).filter(|k| k % 3 == index).collect()
}

fn bytes(entries: Vec<Entry>) -> Vec<u8> {
    let lines = (0..).zip(entries);
    lines
        .flat_map(|(number, entry)| encode(number, entry))
        .collect()
}

fn read_shard(entries: Vec<Entry>, index: u32) -> Result<JournalContents, JournalError> {
    read_shard_lines(&bytes(entries)[..], Path::new("journal"), |_| {
        Ok(own(index))
    })
}

fn outcomes(acknowledged: &str, rejected: &str, unsent: &str) -> Outcomes {
    Outcomes {
        acknowledged: acknowledged.parse().unwrap(),
        rejected: rejected.parse().unwrap(),
        unsent: unsent.parse().unwrap(),
        ..Outcomes::default()
    }
}

fn intent(text: &str) -> Entry {
    Entry::Intent(text.parse().unwrap())
}

fn counts(acknowledged: u64, rejected: u64, unsent: u64) -> Entry {
    Entry::End(OutcomeCounts {
        planned: 4,
        attempted: acknowledged + rejected,
        acknowledged,
        rejected,
        indeterminate: 0,
        unsent,
    })
}

/// The journal of worker `index` of three.
fn journal(index: u32, lines: Vec<Entry>) -> Vec<Entry> {
    let head = Entry::Header(header(Shard::new(index, 3)));
    std::iter::once(head).chain(lines).collect()
}

#[test]
fn a_worker_tells_of_its_own_orders_and_of_no_others() {
    let whole = || {
        vec![
            intent("0-11"),
            Entry::Outcome(outcomes("1,4,7", "10", "")),
            counts(3, 1, 0),
        ]
    };
    let read = read_shard(journal(1, whole()), 1).unwrap();
    assert!(read.ended);
    assert_eq!(read.header.shard, Shard::new(1, 3));
    assert_eq!(
        read.ledger.acknowledged().iter().collect::<Vec<_>>(),
        [1, 4, 7]
    );
    assert!(
        read.ledger.indeterminate().is_empty(),
        "orders of others are intended by others"
    );
    assert!(read.ledger.untold().is_empty());

    // A torn one: order 10 is beyond what was intended, order 7 was on its way.
    let torn = vec![intent("0-8"), Entry::Outcome(outcomes("1,4", "", ""))];
    let read = read_shard(journal(1, torn), 1).unwrap();
    assert!(!read.ended);
    assert_eq!(read.ledger.indeterminate().iter().collect::<Vec<_>>(), [7]);
    assert_eq!(read.ledger.untold().iter().collect::<Vec<_>>(), [10]);
}

#[test]
fn what_a_worker_may_not_say_is_an_error() {
    let with = |lines: Vec<Entry>| {
        let all = std::iter::once(intent("0-11")).chain(lines).collect();
        journal(1, all)
    };
    let plain_version = Entry::Header(JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION_NAMED,
        ..header(Shard::new(1, 3))
    });
    let no_shard = Entry::Header(JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION_SHARD,
        ..header(None)
    });
    let cases = [
        (
            with(vec![Entry::Outcome(outcomes("2", "", ""))]),
            "decides order 2, which is another worker's",
        ),
        (
            with(vec![Entry::Outcome(outcomes("", "", "1-2"))]),
            "order 2, which is another",
        ),
        (
            with(vec![
                Entry::Outcome(outcomes("1,4,7", "", "")),
                counts(3, 0, 1),
            ]),
            "with 1 orders undecided",
        ),
        (
            with(vec![
                Entry::Outcome(outcomes("1,4,7", "10", "")),
                counts(4, 0, 0),
            ]),
            "it counts",
        ),
        (vec![plain_version], "names a shard from version 4 on"),
        (vec![no_shard], "names a shard from version 4 on"),
        (vec![Entry::Header(header(None))], "of a whole run"),
    ];
    for (entries, why) in cases {
        let error = read_shard(entries, 1).unwrap_err().to_string();
        assert!(error.contains(why), "{why}: {error}");
    }
    let error = read_lines(&bytes(journal(1, vec![]))[..], Path::new("journal")).unwrap_err();
    assert!(error.to_string().contains("orderproof merge"), "{error}");
}

/// What three workers left: one its whole shard, one a torn journal, one nothing.
fn parts() -> (Ledger, bool) {
    let named = Outcomes {
        message_ids: vec![(0, MessageId::parse("m0").unwrap())],
        ..outcomes("0,3", "6", "9")
    };
    let whole = vec![intent("0-11"), Entry::Outcome(named), counts(2, 1, 1)];
    let whole = read_shard(journal(0, whole), 0).unwrap();
    let torn = vec![intent("0-5"), Entry::Outcome(outcomes("1", "", ""))];
    let torn = read_shard(journal(1, torn), 1).unwrap();
    let owned = [own(0), own(1), own(2)];
    let parts = [
        Part {
            own: &owned[0],
            journal: Some(&whole),
        },
        Part {
            own: &owned[1],
            journal: Some(&torn),
        },
        Part {
            own: &owned[2],
            journal: None,
        },
    ];
    (unite(PLANNED, &parts).unwrap(), whole.ended && torn.ended)
}

#[test]
fn workers_add_up_and_those_who_left_no_word_leave_their_orders_indeterminate() {
    let (ledger, ended) = parts();
    let of = |set: &RoaringBitmap| set.iter().collect::<Vec<_>>();
    assert_eq!(of(ledger.acknowledged()), [0, 1, 3]);
    assert_eq!(of(ledger.rejected()), [6]);
    assert_eq!(of(&ledger.unsent()), [9]);
    assert_eq!(of(ledger.indeterminate()), [2, 4, 5, 7, 8, 10, 11]);
    let lines: Vec<u8> = united_lines(header(None), &ledger, ended)
        .flatten()
        .collect();
    let read = read_lines(&lines[..], Path::new("journal")).unwrap();
    assert_eq!(read.ledger, ledger);
    assert!(!read.ended);
    let lines: Vec<u8> = united_lines(header(None), &ledger, true)
        .flatten()
        .collect();
    let read = read_lines(&lines[..], Path::new("journal")).unwrap();
    assert_eq!((read.ledger, read.ended), (ledger, true));
}

#[test]
fn parts_that_are_not_each_order_once_are_refused() {
    let owned = [own(0), own(1), own(2)];
    let part = |index: usize| Part {
        own: &owned[index],
        journal: None,
    };
    assert!(unite(PLANNED, &[part(0), part(1), part(2)]).is_ok());
    let twice = unite(PLANNED, &[part(0), part(1), part(1)]).unwrap_err();
    assert!(twice.contains("two workers"), "{twice}");
    let short = unite(PLANNED, &[part(0), part(1)]).unwrap_err();
    assert!(short.contains("8 of 12 orders"), "{short}");
    let foreign = read_shard(journal(1, vec![intent("0-11")]), 1).unwrap();
    let other = Part {
        own: &owned[0],
        journal: Some(&foreign),
    };
    let error = unite(PLANNED, &[other, part(1), part(2)]).unwrap_err();
    assert!(error.contains("orders of another one"), "{error}");
}

#[test]
fn many_orders_are_told_in_lines_of_their_own() {
    let planned = ORDERS_PER_LINE + 5;
    let mut ledger = Ledger::new(planned);
    ledger.record(Outcome::Acknowledged, 0..planned - 2);
    ledger.compact();
    ledger.index();
    let header = JournalHeader {
        planned,
        ..header(None)
    };
    let lines: Vec<Vec<u8>> = united_lines(header, &ledger, true).collect();
    assert_eq!(lines.len(), 5, "header, intent, two of outcomes, end");
    let read = read_lines(&lines.concat()[..], Path::new("journal")).unwrap();
    assert_eq!((read.ledger, read.ended), (ledger, true));
}
