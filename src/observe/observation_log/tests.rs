//! Pages and letters survive the verifier, once each, and damage is told.

use std::time::{Duration, SystemTime};

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

/// What a scan that was broken off has left.
#[derive(Debug)]
struct Resumed {
    cursors: Vec<Cursor>,
    pages: Vec<Page>,
    read_at: Vec<SystemTime>,
}

fn here(number: u32, segments: usize) -> ScanOf {
    ScanOf {
        run: run(number),
        at: "http://127.0.0.1:1 table orders".into(),
        segments,
    }
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3_600)
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
        self.scan_of(&here(7, 2), now)
    }

    fn scan_of(
        &self,
        of: &ScanOf,
        now: SystemTime,
    ) -> Result<(ScanLog, Resumed), ObservationLogError> {
        let since = SystemTime::UNIX_EPOCH;
        self.scan_since(of, Counting { since, now })
    }

    fn scan_since(
        &self,
        of: &ScanOf,
        counting: Counting,
    ) -> Result<(ScanLog, Resumed), ObservationLogError> {
        let (mut pages, mut read_at) = (Vec::new(), Vec::new());
        let opened = ScanLog::open(&self.path(), of, counting, |page, at| {
            pages.push(page);
            read_at.push(at);
            Ok(())
        });
        let (log, cursors) = opened?;
        let resumed = Resumed {
            cursors,
            pages,
            read_at,
        };
        Ok((log, resumed))
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
        log.keep(page, now).unwrap();
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
    log.keep(&page(0, 1..4, after("3")), now).unwrap();
    let whole = folder.bytes();
    log.keep(&page(0, 4..6, after("5")), now).unwrap();
    drop(log);
    let both = folder.bytes();
    for length in whole.len()..both.len() {
        folder.overwrite(&both[..length]);
        let (mut log, resumed) = folder.scan(now).unwrap();
        assert_eq!(resumed.cursors[0], after("3"), "cut off at {length}");
        assert_eq!(resumed.pages.len(), 1);
        // It is written again, and the file is whole.
        log.keep(&page(0, 4..6, after("5")), now).unwrap();
        drop(log);
        assert_eq!(folder.bytes(), both);
    }
}

#[test]
fn damage_before_the_end_is_told_and_nothing_is_made_of_it() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3")), now).unwrap();
    log.keep(&page(0, 4..6, Cursor::End), now).unwrap();
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
    let kept = |of: &ScanOf, at: SystemTime| {
        let (mut log, _) = folder.scan_of(of, at).unwrap();
        log.keep(&page(0, 1..4, after("3")), at).unwrap();
    };
    kept(&here(7, 2), now);
    let other = folder.scan_of(&here(8, 2), now);
    assert!(matches!(other, Err(ObservationLogError::Foreign { .. })));
    let (_, found) = folder.scan(now + hours(12)).unwrap();
    assert_eq!(found.pages.len(), 1, "twelve hours are fine");
    let (_, anew) = folder.scan_of(&here(7, 3), now).unwrap();
    assert_eq!(
        (anew.cursors.len(), anew.pages.len()),
        (3, 0),
        "other segments"
    );
    let late = now + hours(12) + Duration::from_secs(1);
    kept(&here(7, 2), now);
    let (_, anew) = folder.scan(late).unwrap();
    assert_eq!(anew.pages.len(), 0, "too old");
    kept(&here(7, 2), late);
    let (_, anew) = folder.scan(now).unwrap();
    assert_eq!(anew.pages.len(), 0, "from a clock that was set back");
}

#[test]
fn pages_of_another_table_are_read_anew() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, after("3")), now).unwrap();
    drop(log);
    let (_, same) = folder.scan(now).unwrap();
    assert_eq!(same.pages.len(), 1);
    let elsewhere = ScanOf {
        at: "http://127.0.0.1:2 table orders".into(),
        ..here(7, 2)
    };
    let (_, anew) = folder.scan_of(&elsewhere, now).unwrap();
    assert_eq!(anew.cursors, [Cursor::Start, Cursor::Start]);
    assert!(anew.pages.is_empty());
    // A log that does not say of which table it is.
    let mut text = String::from_utf8(folder.bytes()).unwrap();
    text = text[9..].replace("\"at\":\"http://127.0.0.1:2 table orders\",", "");
    assert!(!text.contains("127"), "{text}");
    let line = text.trim_end();
    let sum = crc32fast::hash(line.as_bytes());
    folder.overwrite(format!("{sum:08x} {line}\n").as_bytes());
    let (_, anew) = folder.scan_of(&elsewhere, now).unwrap();
    assert!(anew.pages.is_empty());
}

/// Pages that were taken over are as old as they were before.
#[test]
fn a_page_is_as_old_as_its_reading() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    let (old, young) = (page(0, 1..4, after("3")), page(1, 10..12, after("11")));
    log.keep(&old, now - hours(11)).unwrap();
    log.keep(&young, now).unwrap();
    drop(log);
    let (_, both) = folder.scan(now + hours(1)).unwrap();
    assert_eq!(both.pages, [old.clone(), young.clone()]);
    assert_eq!(both.read_at, [now - hours(11), now]);
    let (mut log, one) = folder.scan(now + hours(2)).unwrap();
    assert_eq!(one.cursors, [Cursor::Start, after("11")]);
    assert_eq!(one.pages, std::slice::from_ref(&young));
    // The segment is read anew, and what was before is forgotten.
    let again = page(0, 1..3, after("2"));
    log.keep(&again, now + hours(2)).unwrap();
    drop(log);
    let (_, both) = folder.scan(now + hours(2)).unwrap();
    assert_eq!(both.cursors, [after("2"), after("11")]);
    assert_eq!(both.pages, [young, again]);
}

#[test]
fn what_was_read_before_the_last_send_does_not_count() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    log.keep(&page(0, 1..4, Cursor::End), now).unwrap();
    drop(log);
    let second = Duration::from_secs(1);
    let scan = |since| {
        let now = now + hours(1);
        let (_, found) = folder
            .scan_since(&here(7, 2), Counting { since, now })
            .unwrap();
        found.pages.len()
    };
    assert_eq!(scan(now), 1, "read when the last was sent, or after it");
    assert_eq!(scan(now + second), 0);
    assert_eq!(scan(now), 0, "it was called off for good");
}

#[test]
fn what_another_has_left_is_read_and_not_written_to() {
    let (folder, now) = (Folder::new(), noon());
    let (mut log, _) = folder.scan(now).unwrap();
    let pages = [page(0, 1..4, after("3")), page(1, 10..12, Cursor::End)];
    log.keep(&pages[0], now - hours(13)).unwrap();
    log.keep(&pages[1], now).unwrap();
    drop(log);
    let mut bytes = folder.bytes();
    bytes.extend_from_slice(b"torn");
    folder.overwrite(&bytes);
    let (path, of) = (folder.path(), here(7, 2));
    let since = SystemTime::UNIX_EPOCH;
    let left = LeftScan::read(&path, &of, Counting { since, now }).unwrap();
    assert_eq!(left.cursors(), [Cursor::Start, Cursor::End]);
    let taken = |wanted: &dyn Fn(usize) -> bool| {
        let mut taken = Vec::new();
        let all = left.pages(wanted, |page, read_at| {
            taken.push((page, read_at));
            Ok(())
        });
        all.unwrap();
        taken
    };
    assert_eq!(taken(&|_| true), [(pages[1].clone(), now)]);
    assert_eq!(taken(&|segment| segment == 0), []);
    assert_eq!(folder.bytes(), bytes);
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
