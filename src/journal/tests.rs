//! The journal as a whole: what is written is read back, whatever end the run came to.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JOURNAL_SCHEMA_VERSION_NAMED, JournalContents, JournalError,
    JournalHeader, Ledger, MessageId, Outcome, read_lines,
};
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

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn written(folder: &Path, bytes: &[u8]) -> PathBuf {
    let path = folder.join("ledger.journal");
    std::fs::write(&path, bytes).unwrap();
    path
}

fn read_bytes(bytes: &[u8]) -> Result<JournalContents, JournalError> {
    read_lines(bytes, Path::new("journal"))
}

/// One order per element; `None` is never decided.
fn journal(
    folder: &Path,
    planned: u64,
    outcomes: &[Option<Outcome>],
    block: u64,
) -> (PathBuf, Ledger) {
    let path = folder.join("ledger.journal");
    let _ = std::fs::remove_file(&path);
    let writer = JournalWriter::create(&path, &header(planned)).unwrap();
    for (k, outcome) in outcomes.iter().enumerate() {
        let k = k as u64;
        if k.is_multiple_of(block) {
            writer.wait_intended((k + block).min(planned)).unwrap();
        }
        if let Some(outcome) = outcome {
            writer.record(*outcome, k..k + 1);
        }
    }
    let (ledger, result) = writer.finish();
    result.unwrap();
    (path, ledger)
}

#[test]
fn a_finished_journal_reads_back_as_the_ledger_that_was_in_memory() {
    let folder = folder();
    let path = folder.path().join("ledger.journal");
    let writer = JournalWriter::create(&path, &header(100)).unwrap();
    writer.wait_intended(50).unwrap();
    assert_eq!(writer.intended(), 50);
    writer.record(Outcome::Acknowledged, 0..10);
    writer.record(Outcome::Acknowledged, 10..20);
    writer.record(Outcome::Unsent, 20..25);
    writer.record(Outcome::Rejected, 25..26);
    writer.record(Outcome::Indeterminate, 26..30);
    let (ledger, result) = writer.finish();
    result.unwrap();
    let contents = read_journal(&path).unwrap();
    assert_eq!(contents.header, header(100));
    assert_eq!(contents.ledger, ledger);
    assert!(contents.ended && !contents.torn_tail);
    let counts = ledger.counts();
    assert_eq!((counts.acknowledged, counts.rejected), (20, 1));
    assert_eq!(
        counts.indeterminate, 24,
        "4 said so, 20 intended and never decided"
    );
    assert_eq!(counts.unsent, 55, "5 said so, 50 never intended");
}

#[test]
fn messages_are_in_the_line_of_their_orders_and_read_back_with_them() {
    let folder = folder();
    let path = folder.path().join("ledger.journal");
    let header = JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION_NAMED,
        ..header(100)
    };
    let writer = JournalWriter::create(&path, &header).unwrap();
    writer.wait_intended(50).unwrap();
    let uuid = "db61ecd4-f33c-4b4a-a1f0-1c0c5d1f1a2e";
    let id = |text| MessageId::parse(text).unwrap();
    writer.record_named(Outcome::Acknowledged, 0..10, [(7, id(uuid)), (2, id("m2"))]);
    writer.record(Outcome::Rejected, 10..20);
    writer.record_named(Outcome::Acknowledged, 20..25, [(21, id("m21"))]);
    let (ledger, result) = writer.finish();
    result.unwrap();
    let contents = read_journal(&path).unwrap();
    assert_eq!(contents.ledger, ledger, "the file says the same");
    let of = |id| ledger.message_ids().order_of(id);
    assert_eq!(
        [uuid, "m2", "m21", "m3"].map(of),
        [Some(7), Some(2), Some(21), None]
    );
    // However the file is cut, an accepted order that has a message is read with it or not at all.
    let whole = std::fs::read(&path).unwrap();
    let head = whole.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    for end in head..whole.len() {
        let ledger = read_bytes(&whole[..end]).unwrap().ledger;
        for (k, text) in [(7, uuid), (2, "m2"), (21, "m21")] {
            let accepted = ledger.outcome(k) == Outcome::Acknowledged;
            let found = ledger.message_ids().order_of(text) == Some(k);
            assert_eq!(accepted, found, "cut at {end}");
        }
    }
}

#[test]
fn what_stands_after_the_journals_end_is_somebody_elses_and_an_error() {
    let folder = folder();
    let (path, ledger) = journal(folder.path(), 50, &[Some(Outcome::Acknowledged); 20], 7);
    let whole = std::fs::read(&path).unwrap();
    for more in [
        &b"\0\0\0"[..],
        b"deadbeef {\"x\"",
        b"deadbeef {\"x\":1}\n",
        b"\n",
    ] {
        let error = read_bytes(&[&whole, more].concat()).unwrap_err();
        assert!(matches!(error, JournalError::Untrusted { .. }), "{error}");
    }
    // The near misses: nothing after it, and a torn line before it.
    assert_eq!(read_bytes(&whole).unwrap().ledger, ledger);
    let torn = read_bytes(&whole[..whole.len() - 1]).unwrap();
    assert!(torn.torn_tail && !torn.ended);
}

#[test]
fn an_existing_journal_is_never_overwritten_and_a_missing_one_is_an_error() {
    let folder = folder();
    let path = written(folder.path(), b"precious");
    let error = JournalWriter::create(&path, &header(1)).err().unwrap();
    assert!(matches!(error, JournalError::Create { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    let error = read_journal(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(error, JournalError::Read { .. }), "{error}");
    assert!(read_journal(Path::new("/dev/zero")).is_err());
}

#[test]
fn a_missing_middle_line_is_named() {
    let folder = folder();
    let (path, _) = journal(folder.path(), 20, &[Some(Outcome::Acknowledged); 20], 5);
    let text = std::fs::read_to_string(&path).unwrap();
    let without: String = text
        .split_inclusive('\n')
        .enumerate()
        .filter(|(n, _)| *n != 2)
        .map(|(_, l)| l)
        .collect();
    std::fs::write(&path, without).unwrap();
    let error = read_journal(&path).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
    assert!(error.to_string().contains("lines are missing"), "{error}");
}

#[test]
fn whole_lines_missing_at_the_end_leave_their_orders_open() {
    use crate::verdict::Class;
    use crate::verify::{Belongs, Observation, reconcile};
    let folder = folder();
    let path = folder.path().join("ledger.journal");
    let writer = JournalWriter::create(&path, &header(30)).unwrap();
    writer.wait_intended(10).unwrap();
    writer.record(Outcome::Acknowledged, 0..9);
    writer.record(Outcome::Rejected, 9..10);
    writer.wait_intended(20).unwrap();
    writer.record(Outcome::Acknowledged, 10..20);
    writer.finish().1.unwrap();
    let whole = std::fs::read_to_string(&path).unwrap();
    // Every order that was sent has landed; 9 was refused and 25 never sent, and they are there all the same.
    let mut stored = roaring::RoaringBitmap::new();
    stored.insert_range(0..20);
    stored.insert(25);
    let observation = Observation {
        stored,
        ..Observation::default()
    };
    let ghosts = |lines: usize| {
        let kept: String = whole.split_inclusive('\n').take(lines).collect();
        let contents = read_journal(&written(folder.path(), kept.as_bytes())).unwrap();
        let belongs = Belongs::good_or_bad(30, roaring::RoaringBitmap::new());
        let found = reconcile(&contents.ledger, &belongs, &observation);
        let ghosts: Vec<u32> = found.members[&Class::Ghost].iter().collect();
        (contents.ended, ghosts)
    };
    let lines = whole.lines().count();
    assert_eq!(ghosts(lines), (true, vec![9, 25]), "whole: both are ghosts");
    for lines in 1..lines {
        let (ended, ghosts) = ghosts(lines);
        assert!(!ended, "{lines} lines");
        // A refusal that was written down stands; nobody else is accused.
        assert!(ghosts.iter().all(|k| *k == 9), "{lines} lines: {ghosts:?}");
    }
    assert_eq!(ghosts(lines - 1).1, [9], "only the end is missing");
}

/// Takes so many bytes, then is full.
pub(crate) struct SmallDisk(pub(crate) usize);

impl Write for SmallDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.0);
        self.0 -= n;
        match n {
            0 if !bytes.is_empty() => Err(io::ErrorKind::StorageFull.into()),
            n => Ok(n),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl JournalFile for SmallDisk {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_stops_the_sending_and_keeps_the_ledger_in_memory() {
    let disk =
        |bytes| JournalWriter::start(SmallDisk(bytes), Path::new("full"), &header(1_000), None);
    assert!(
        matches!(disk(10), Err(JournalError::Write { line: 1, .. })),
        "not even a header"
    );

    let writer = disk(300).unwrap();
    writer.wait_intended(10).unwrap();
    writer.record(Outcome::Acknowledged, 0..4);
    let mut end = 10;
    let stopped = loop {
        end += 10;
        if let Err(stopped) = writer.wait_intended(end) {
            break stopped;
        }
        assert!(end < 1_000, "300 bytes cannot hold that many lines");
    };
    assert_eq!(stopped, JournalStopped);
    assert!(writer.is_stopped());
    writer.record(Outcome::Rejected, 4..5);
    let (ledger, result) = writer.finish();
    let error = result.unwrap_err();
    assert!(
        error.to_string().contains("make room on the disk"),
        "{error}"
    );
    assert_eq!(ledger.counts().acknowledged, 4);
    assert_eq!(ledger.counts().rejected, 1);
    assert!(ledger.counts().indeterminate >= 5, "intended, undecided");

    let roomy = disk(100_000).unwrap();
    roomy.wait_intended(20).unwrap();
    assert!(!roomy.is_stopped());
    roomy.finish().1.unwrap();
}

fn any_outcome() -> impl Strategy<Value = Option<Outcome>> {
    prop_oneof![
        6 => Just(Some(Outcome::Acknowledged)),
        1 => Just(Some(Outcome::Rejected)),
        1 => Just(Some(Outcome::Indeterminate)),
        1 => Just(Some(Outcome::Unsent)),
        1 => Just(None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_journal_cut_anywhere_is_a_sound_weakening_or_an_error(
        outcomes in proptest::collection::vec(any_outcome(), 1..60),
        block in 1u64..20,
    ) {
        let folder = folder();
        let planned = outcomes.len() as u64 + 5;
        let (path, ledger) = journal(folder.path(), planned, &outcomes, block);
        let bytes = std::fs::read(&path).unwrap();
        prop_assert_eq!(&read_journal(&path).unwrap().ledger, &ledger);
        let intended = (outcomes.len() as u64).next_multiple_of(block).min(planned);
        for k in 0..planned {
            let open = if k < intended { Outcome::Indeterminate } else { Outcome::Unsent };
            let told = outcomes.get(k as usize).copied().flatten();
            prop_assert_eq!(ledger.outcome(k), told.unwrap_or(open), "order {}", k);
        }
        for cut in 0..bytes.len() {
            let whole_lines = bytes[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let Ok(contents) = read_bytes(&bytes[..cut]) else {
                prop_assert_eq!(whole_lines, 0, "only a torn header is an error");
                continue;
            };
            prop_assert!(!contents.ended);
            prop_assert_eq!(contents.torn_tail, bytes[cut - 1] != b'\n');
            let whole = String::from_utf8_lossy(&bytes[..cut]);
            let last_intent = whole.split_inclusive('\n').rfind(|line| {
                line.ends_with('\n') && line.contains(r#""intent":"#)
            });
            let intended = last_intent.map_or(0, |line| {
                let numbers = line.rsplit('"').nth(1).unwrap();
                numbers.split('-').next_back().unwrap().parse::<u64>().unwrap() + 1
            });
            for k in 0..planned {
                let (now, truth) = (contents.ledger.outcome(k), ledger.outcome(k));
                let sound = match now {
                    Outcome::Indeterminate => k < intended,
                    Outcome::Unsent => k >= intended || truth == Outcome::Unsent,
                    Outcome::Acknowledged | Outcome::Rejected => now == truth,
                };
                prop_assert!(sound, "order {} is {:?} after a cut at {}, was {:?}", k, now, cut, truth);
            }
        }
    }

    #[test]
    fn a_byte_flipped_in_any_line_but_the_last_is_an_error(
        outcomes in proptest::collection::vec(any_outcome(), 1..40),
        bit in 0u8..8,
    ) {
        let folder = folder();
        let (path, ledger) = journal(folder.path(), 50, &outcomes, 7);
        let bytes = std::fs::read(&path).unwrap();
        for position in 0..bytes.len() - 1 {
            let mut harmed = bytes.clone();
            harmed[position] ^= 1 << bit;
            let read = read_bytes(&harmed);
            prop_assert!(read.is_err(), "byte {} flipped", position);
        }
        let mut unended = bytes.clone();
        *unended.last_mut().unwrap() ^= 1 << bit;
        let contents = read_bytes(&unended).unwrap();
        prop_assert!(contents.torn_tail && !contents.ended, "the last newline lost is a torn end");
        prop_assert!((0..50).all(|k| contents.ledger.outcome(k) == ledger.outcome(k)));
    }
}
