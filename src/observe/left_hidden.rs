//! What is said of letters that a look could not show again.

use std::path::Path;

use jiff::Timestamp;

use super::observation_log::{hidden_logs, left_by_a_sweep};
use crate::clock;
use crate::results::figures::counted;
use crate::store::LEASE;

/// How many letters the last look from a run's folder has left hidden and until when, in a sentence; `None` where it left
/// none whose lease is not over. What cannot be read of that is said in its place.
pub fn left_hidden(folder: &Path) -> Option<String> {
    let logs = match hidden_logs(folder) {
        Ok(logs) => logs,
        Err(error) => return Some(unknown(folder, &error)),
    };
    let (now, mut letters, mut until) = (clock::wall(), 0, None);
    for path in logs {
        match left_by_a_sweep(&path) {
            Ok(None) => {}
            Ok(Some(left)) => {
                let ends = left.last_at.checked_add(LEASE);
                // By then they have shown themselves.
                if ends.is_some_and(|ends| ends > now) {
                    letters += left.handles.len() as u64;
                    until = until.max(ends);
                }
            }
            Err(error) => return Some(unknown(&path, &error)),
        }
    }
    let until = Timestamp::try_from(until?).ok()?;
    Some(format!(
        "{} could not be shown again, and {} hidden from everybody until {} at the latest, when the lease ends; the next \
         look from this folder shows {} first",
        counted(letters, "letter"),
        if letters == 1 { "stays" } else { "stay" },
        until.strftime("%Y-%m-%d %H:%M:%S UTC"),
        if letters == 1 { "it" } else { "them" },
    ))
}

fn unknown(path: &Path, error: &dyn std::error::Error) -> String {
    format!(
        "whether letters stay hidden cannot be read: {}: {error}",
        path.display()
    )
}
