//! Pages and letters survive the verifier, once each, and damage is told.

use std::time::{Duration, SystemTime};

use super::scan::Resumed;
use super::*;
use crate::records::{DeadLetter, Item, Value};
use crate::store::{Cursor, Page};

fn run(number: u32) -> RunId {
    RunId::new(number).expect("in range")
}

fn page(segment: usize, numbers: std::ops::Range<u64>, cursor: Cursor) -> Page {
    let row = |number: u64| {
        let details = format!("{{\"n\": \"{number}\\n\"}}");
        Item::from([
            ("id".into(), Value::N(number.to_string())),
            ("order_details".into(), Value::S(details)),
        ])
    };
    Page {
        segment,
        rows: numbers.map(row).collect(),
        cursor,
    }
}

fn letter(id: &str) -> DeadLetter {
    DeadLetter {
        body: format!("body of {id}\n\"quoted\""),
        message_id: id.into(),
    }
}

fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("log")
    }

    fn scan(&self, now: SystemTime) -> Result<(ScanLog, Resumed), ObservationLogError> {
        ScanLog::open(&self.path(), run(7), 2, now)
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).expect("it is there")
    }

    fn overwrite(&self, bytes: &[u8]) {
        std::fs::write(self.path(), bytes).expect("a folder to write in");
    }
}

fn after(number: &str) -> Cursor {
    Cursor::After([("id".into(), Value::N(number.into()))].into())
}

#[test]
fn a_scan_goes_on_where_each_segment_stopped() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, resumed) = folder.scan(now).unwrap();
    assert_eq!(resumed.cursors, [Cursor::Start, Cursor::Start]);
    let pages = [
        page(0, 1..4, after("3")),
        page(1, 10..12, after("11")),
        page(0, 4..6, Cursor::End),
    ];
    for page in &pages {
        log.keep(page).unwrap();
    }
    drop(log);
    let (log, resumed) = folder.scan(now + Duration::from_secs(3_600)).unwrap();
    assert_eq!(resumed.cursors, [Cursor::End, after("11")]);
    assert_eq!(resumed.pages, pages);
    log.finish().unwrap();
    assert!(!folder.path().exists());
}

#[test]
fn a_page_cut_off_anywhere_is_read_again_and_none_before_it() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3"))).unwrap();
    let whole = folder.bytes();
    log.keep(&page(0, 4..6, after("5"))).unwrap();
    drop(log);
    let both = folder.bytes();
    for length in whole.len()..both.len() {
        folder.overwrite(&both[..length]);
        let (mut log, resumed) = folder.scan(now).unwrap();
        assert_eq!(resumed.cursors[0], after("3"), "cut off at {length}");
        assert_eq!(resumed.pages.len(), 1);
        // It is written again, and the file is whole.
        log.keep(&page(0, 4..6, after("5"))).unwrap();
        drop(log);
        assert_eq!(folder.bytes(), both);
    }
}

#[test]
fn damage_before_the_end_is_told_and_nothing_is_made_of_it() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3"))).unwrap();
    log.keep(&page(0, 4..6, Cursor::End)).unwrap();
    drop(log);
    let whole = folder.bytes();
    for at in (0..whole.len()).step_by(7) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        folder.overwrite(&damaged);
        // Only what makes the last line look unfinished is forgiven.
        match folder.scan(now) {
            Err(ObservationLogError::Damaged { .. }) => {}
            Ok((_, resumed)) => assert!(resumed.pages.len() < 2, "byte {at}"),
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn another_runs_pages_are_refused_and_old_or_otherwise_cut_ones_start_anew() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3"))).unwrap();
    drop(log);
    let other = ScanLog::open(&folder.path(), run(8), 2, now);
    assert!(matches!(other, Err(ObservationLogError::Foreign { .. })));
    let hours = |hours: u64| Duration::from_secs(hours * 3_600);
    let (_, kept) = folder.scan(now + hours(12)).unwrap();
    assert_eq!(kept.pages.len(), 1, "twelve hours are fine");
    let (_, anew) = ScanLog::open(&folder.path(), run(7), 3, now).unwrap();
    assert_eq!(
        (anew.cursors.len(), anew.pages.len()),
        (3, 0),
        "other segments"
    );
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3"))).unwrap();
    drop(log);
    let (_, anew) = folder
        .scan(now + hours(12) + Duration::from_secs(1))
        .unwrap();
    assert_eq!(anew.pages.len(), 0, "too old");
    let (_, anew) = folder.scan(now).unwrap();
    assert_eq!(anew.pages.len(), 0, "from a clock that was set back");
}

#[test]
fn letters_are_kept_once_and_for_good() {
    let folder = Folder::new();
    let (mut log, letters) = LetterLog::open(&folder.path(), run(7)).unwrap();
    assert!(letters.is_empty());
    log.keep(&[letter("a"), letter("b")]).unwrap();
    log.keep(&[]).unwrap();
    log.keep(&[letter("c")]).unwrap();
    assert!(log.holds("b") && !log.holds("d"));
    drop(log);
    let (log, letters) = LetterLog::open(&folder.path(), run(7)).unwrap();
    assert_eq!(letters, [letter("a"), letter("b"), letter("c")]);
    assert!(log.holds("a") && !log.holds("d"));
    drop(log);
    let other = LetterLog::open(&folder.path(), run(8));
    assert!(matches!(other, Err(ObservationLogError::Foreign { .. })));
    let mut bytes = folder.bytes();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    folder.overwrite(&bytes);
    let damaged = LetterLog::open(&folder.path(), run(7))
        .map(|_| ())
        .unwrap_err();
    assert!(
        damaged.to_string().contains("exist nowhere else"),
        "{damaged}"
    );
}

#[test]
fn letters_that_were_being_written_are_not_held_so_that_nothing_of_them_was_deleted() {
    let folder = Folder::new();
    let (mut log, _) = LetterLog::open(&folder.path(), run(7)).unwrap();
    log.keep(&[letter("a")]).unwrap();
    log.keep(&[letter("b")]).unwrap();
    drop(log);
    let bytes = folder.bytes();
    folder.overwrite(&bytes[..bytes.len() - 1]);
    let (log, letters) = LetterLog::open(&folder.path(), run(7)).unwrap();
    assert_eq!(letters, [letter("a")]);
    assert!(!log.holds("b"));
}

#[test]
fn two_verifiers_do_not_write_between_each_others_lines() {
    let folder = Folder::new();
    let (log, _) = folder.scan(noon()).unwrap();
    let second = folder.scan(noon()).map(|_| ()).unwrap_err();
    assert!(second.to_string().contains("another verifier"), "{second}");
    drop(log);
    assert!(folder.scan(noon()).is_ok());
}
