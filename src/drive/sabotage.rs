//! What goes wrong with the harness itself: its process, its disk, its clock.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::clock;
use crate::fault::FaultPlan;
use crate::journal::JournalFile;
use crate::scenario::FaultKind;

/// The faults of the harness that are still to come, by the order whose due instant brings them about.
#[derive(Debug)]
pub(super) struct Sabotage {
    /// Ascending; the next one last.
    to_come: Vec<(u64, FaultKind, Duration)>,
    disk: Arc<AtomicU8>,
}

const FULL: u8 = 1;
const TEARS: u8 = 2;

impl Sabotage {
    /// What the plan has for the harness.
    pub(super) fn new(plan: &FaultPlan) -> Self {
        let mut to_come = plan.harness();
        to_come.reverse();
        Self {
            to_come,
            disk: Arc::default(),
        }
    }

    /// A journal file on the disk that goes wrong.
    pub(super) fn journal(&self, file: File) -> impl JournalFile {
        FaultyFile {
            file,
            disk: Arc::clone(&self.disk),
        }
    }

    /// The orders before `end` are due.
    pub(super) fn reached(&mut self, end: u64) {
        while let Some((_, kind, delay)) = self.to_come.pop_if(|(k, _, _)| *k < end) {
            match kind {
                FaultKind::ProcessKilled => die(),
                FaultKind::DiskFull => self.disk.store(FULL, Ordering::Release),
                FaultKind::JournalTorn => self.disk.store(TEARS, Ordering::Release),
                FaultKind::ClockForward => clock::step(delay, true),
                FaultKind::ClockBack => clock::step(delay, false),
                other => unreachable!("{} is not a fault of the harness", other.as_str()),
            }
        }
    }
}

/// Ends this process as `kill -9` does: nothing is flushed, dropped or handled.
fn die() {
    // SAFETY: a signal to this process itself; it does not return to anything that could be unsound.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

/// A file on a disk that fills up, or under a process that dies while writing.
struct FaultyFile {
    file: File,
    disk: Arc<AtomicU8>,
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.disk.load(Ordering::Acquire) {
            FULL => Err(io::ErrorKind::StorageFull.into()),
            TEARS => {
                self.file.write_all(&bytes[..bytes.len() / 2])?;
                die();
                Ok(bytes.len())
            }
            _ => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl JournalFile for FaultyFile {
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_full_from_the_order_on_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut sabotage = Sabotage {
            to_come: vec![(7, FaultKind::DiskFull, Duration::ZERO)],
            disk: Arc::default(),
        };
        let mut file = sabotage.journal(File::create(&path).unwrap());
        sabotage.reached(7);
        file.write_all(b"before ").unwrap();
        sabotage.reached(8);
        let error = file.write_all(b"after").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).unwrap(), b"before ");
    }
}
