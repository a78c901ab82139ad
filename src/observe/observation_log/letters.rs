//! The dead letters that were deleted from a queue of the run's own.

use std::collections::HashSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::lines::{Lines, ObservationLogError};
use super::{Header, SCHEMA_VERSION};
use crate::order::RunId;
use crate::records::DeadLetter;

const NEXT: &str =
    "these letters exist nowhere else: restore the file, or judge the run without them as lost";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Record {
    Began(Header),
    Letters(Vec<DeadLetter>),
}

/// The durable copy.
pub struct LetterLog {
    lines: Lines,
    /// Whose copies it holds.
    kept: HashSet<String>,
}

impl LetterLog {
    /// Opens the copy of `run`'s dead letters, with the letters in it.
    ///
    /// # Errors
    /// When the file cannot be read or written, is damaged, or is another run's.
    pub fn open(path: &Path, run: RunId) -> Result<(Self, Vec<DeadLetter>), ObservationLogError> {
        let (mut lines, records) = Lines::open::<Record>(path, NEXT)?;
        let mut letters = Vec::new();
        for (index, record) in records.into_iter().enumerate() {
            match (index, record) {
                (0, Record::Began(header)) => {
                    if header.run_id != run || header.schema_version != SCHEMA_VERSION {
                        return Err(ObservationLogError::Foreign {
                            path: path.to_owned(),
                        });
                    }
                }
                (1.., Record::Letters(more)) => letters.extend(more),
                _ => {
                    return Err(ObservationLogError::Damaged {
                        path: path.to_owned(),
                        record: index + 1,
                        next: NEXT,
                    });
                }
            }
        }
        let empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
        if empty {
            lines.append(&Record::Began(Header {
                schema_version: SCHEMA_VERSION,
                run_id: run,
            }))?;
        }
        let kept: HashSet<String> = letters
            .iter()
            .map(|letter| letter.message_id.clone())
            .collect();
        Ok((Self { lines, kept }, letters))
    }

    /// Whether there is a copy of this message.
    pub fn holds(&self, message_id: &str) -> bool {
        self.kept.contains(message_id)
    }

    /// Keeps letters for good; they may be deleted when this returns.
    ///
    /// # Errors
    /// When they cannot be written: then nothing may be deleted.
    pub fn keep(&mut self, letters: &[DeadLetter]) -> Result<(), ObservationLogError> {
        if letters.is_empty() {
            return Ok(());
        }
        self.lines.append(&Record::Letters(letters.to_vec()))?;
        let ids = letters.iter().map(|letter| letter.message_id.clone());
        self.kept.extend(ids);
        Ok(())
    }
}
