//! The log of one environment: a bounded file, and its last lines for error messages.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::words::printable;

/// What a log file holds at most before it is cut.
const FILE_BYTES_MAX: u64 = 10 << 20;
/// What is kept for error messages.
const TAIL_BYTES: usize = 4_096;
const TAIL_LINES: usize = 5;
const TAIL_CHARACTERS: usize = 400;
/// What is kept for a report of a function that never started.
const LAST_LINES: usize = 20;
const LINE_CHARACTERS: usize = 200;

/// The file that environment `number` logs to.
pub(super) fn file_of(number: u32) -> String {
    format!("environment-{number:04}.log")
}

/// What all processes of one environment write to standard output and standard error.
#[derive(Debug, Clone)]
pub(super) struct EnvironmentLog(Arc<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    file: Option<File>,
    room: u64,
    tail: Vec<u8>,
}

impl EnvironmentLog {
    /// The log of environment `number`, in a file of `folder` if there is one.
    pub(super) fn open(folder: Option<&Path>, number: u32) -> io::Result<Self> {
        let mut log = Log {
            file: None,
            room: FILE_BYTES_MAX,
            tail: Vec::new(),
        };
        if let Some(folder) = folder {
            let path = folder.join(file_of(number));
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            log.room = FILE_BYTES_MAX.saturating_sub(file.metadata()?.len());
            log.file = Some(file);
        }
        Ok(Self(Arc::new(Mutex::new(log))))
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another process begins: what its predecessor wrote is not told as its own.
    pub(super) fn begin(&self) {
        self.lock().tail.clear();
    }

    /// Writes what the pipe gives until nobody holds its other end.
    pub(super) async fn follow(self, mut output: pipe::Receiver) {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read) = output.read(&mut buffer).await {
            if read == 0 {
                return;
            }
            self.lock().write(&buffer[..read]);
        }
    }

    /// The last lines the process has written, after a separator; nothing if it wrote nothing.
    pub(super) fn last_lines(&self) -> String {
        let lines = self.lines(TAIL_LINES, usize::MAX);
        let last = lines.join(" | ");
        let skipped = last.chars().count().saturating_sub(TAIL_CHARACTERS);
        let last: String = last.chars().skip(skipped).collect();
        match last.is_empty() {
            true => last,
            false => format!("; its log ends: {last}"),
        }
    }
}

impl EnvironmentLog {
    /// The last lines the process has written, as they are told of a function that never started.
    pub(super) fn tail(&self) -> Vec<String> {
        self.lines(LAST_LINES, LINE_CHARACTERS)
    }

    /// Up to `most` lines that are not empty, printable and of so many characters.
    fn lines(&self, most: usize, characters: usize) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.lock().tail).into_owned();
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect();
        let last = &lines[lines.len().saturating_sub(most)..];
        let line = |line: &&str| printable(line, characters);
        last.iter().map(line).collect()
    }
}

impl Log {
    fn write(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
        let Some(file) = &mut self.file else {
            return;
        };
        let kept = bytes.len().min(usize::try_from(self.room).unwrap_or(0));
        let mut written = file.write_all(&bytes[..kept]);
        self.room -= kept as u64;
        let cut = kept < bytes.len();
        if cut {
            let line = b"\n[cut here: this environment has logged 10 MiB]\n";
            written = written.and_then(|()| file.write_all(line));
        }
        if let Err(error) = &written {
            tracing::warn!(%error, "the log of a function's environment cannot be written");
        }
        if cut || written.is_err() {
            self.file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_once_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let log = EnvironmentLog::open(Some(folder.path()), 7).unwrap();
        let mebibyte = vec![b'x'; 1 << 20];
        for _ in 0..12 {
            log.lock().write(&mebibyte);
        }
        let text = std::fs::read_to_string(folder.path().join("environment-0007.log")).unwrap();
        assert!(text.len() < (10 << 20) + 100, "{}", text.len());
        assert!(text.ends_with("has logged 10 MiB]\n"));
        assert_eq!(text.matches("cut here").count(), 1);
    }

    #[test]
    fn exactly_ten_mebibytes_are_not_cut() {
        let folder = tempfile::tempdir().unwrap();
        let log = EnvironmentLog::open(Some(folder.path()), 1).unwrap();
        log.lock().write(&vec![b'x'; 10 << 20]);
        let text = std::fs::read(folder.path().join("environment-0001.log")).unwrap();
        assert_eq!(text.len(), 10 << 20);
    }

    #[test]
    fn the_last_lines_are_short_and_those_of_the_last_process() {
        let log = EnvironmentLog::open(None, 1).unwrap();
        assert_eq!(log.last_lines(), "");
        log.lock().write(b"one\ntwo\n\nthree\nfour\nfive\nsix\n");
        let expected = "; its log ends: two | three | four | five | six";
        assert_eq!(log.last_lines(), expected);
        log.begin();
        assert_eq!(log.last_lines(), "");
        log.lock().write(b"\x1b[2Jone\n");
        assert_eq!(log.last_lines(), "; its log ends: \u{fffd}[2Jone");
        assert_eq!(log.tail(), ["\u{fffd}[2Jone"]);
        log.begin();
        log.lock().write("ü".repeat(3_000).as_bytes());
        assert_eq!(
            log.last_lines().matches('ü').count(),
            TAIL_CHARACTERS,
            "cut to its end"
        );
    }
}
