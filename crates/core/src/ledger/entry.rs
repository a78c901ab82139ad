//! The lines of a journal: `<crc32 of the rest, 8 hex digits> <compact JSON>\n`.

use std::ops::Range;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::ranges::Ranges;
use super::{MessageId, Outcome, OutcomeCounts};
use crate::load::Shard;
use crate::order::RunId;

/// The version of a journal without message ids.
pub const JOURNAL_SCHEMA_VERSION: u32 = 2;

/// The version of a journal whose outcomes name messages. Programs that know only the versions before it take such a
/// line for a damaged one, so the header tells them first.
pub const JOURNAL_SCHEMA_VERSION_NAMED: u32 = 3;

/// The version of a worker's journal, which tells of the orders of its shard alone.
pub const JOURNAL_SCHEMA_VERSION_SHARD: u32 = 4;

/// The oldest version that it reads; its header does not name the plan's digest.
pub(super) const OLDEST_SCHEMA_VERSION: u32 = 1;

/// The first line of a journal: which run it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalHeader {
    /// [`JOURNAL_SCHEMA_VERSION`], or [`JOURNAL_SCHEMA_VERSION_NAMED`] where orders are known by their message ids, or
    /// [`JOURNAL_SCHEMA_VERSION_SHARD`] where there is a shard.
    pub schema_version: u32,
    /// The number that marks the run's orders.
    pub run_id: RunId,
    /// Decides every random choice of the run.
    pub seed: u64,
    /// Orders in the plan.
    pub planned: u64,
    /// Tells one resolved scenario from another.
    pub scenario_digest: String,
    /// The wall-clock time of the run's start, to the nanosecond, RFC 3339.
    #[serde(with = "rfc3339")]
    pub started_at: SystemTime,
    /// The SHA-256 of the `plan.json` that this run follows; absent where there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<String>,
    /// The shard whose orders alone the lines tell of; absent in the journal of a whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// One line: its number, so that a missing line is noticed, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) line: u64,
    pub(super) entry: Entry,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// Which run this is.
    Header(JournalHeader),
    /// These orders may be sent from now on.
    Intent(Ranges),
    /// What became of the sending of these orders.
    Outcome(Outcomes),
    /// The run's last line: what the lines before it add up to.
    End(OutcomeCounts),
}

/// The orders that met each outcome since the line before.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// SQS accepted them.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub acknowledged: Ranges,
    /// SQS refused them.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub rejected: Ranges,
    /// Nobody knows.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub indeterminate: Ranges,
    /// They were not sent.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub unsent: Ranges,
    /// The messages of those accepted orders whose bodies may hold no id, by order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message_ids: Vec<(u64, MessageId)>,
}

/// Orders and what became of their sending.
pub type Decided = Vec<(Outcome, Range<u64>)>;

impl Outcomes {
    /// `decided`, sorted by outcome and merged.
    pub fn of(decided: Decided) -> Self {
        let of = |wanted: Outcome| {
            let ranges = decided.iter().filter(|(outcome, _)| *outcome == wanted);
            Ranges::of(ranges.map(|(_, range)| range.clone()).collect())
        };
        Self {
            acknowledged: of(Outcome::Acknowledged),
            rejected: of(Outcome::Rejected),
            indeterminate: of(Outcome::Indeterminate),
            unsent: of(Outcome::Unsent),
            message_ids: Vec::new(),
        }
    }

    /// With the messages of accepted orders, given in any order.
    #[must_use]
    pub fn naming(mut self, mut message_ids: Vec<(u64, MessageId)>) -> Self {
        message_ids.sort_unstable();
        self.message_ids = message_ids;
        self
    }

    /// Outcome by outcome, each ascending.
    pub fn in_order(&self) -> Decided {
        [
            (Outcome::Acknowledged, &self.acknowledged),
            (Outcome::Rejected, &self.rejected),
            (Outcome::Indeterminate, &self.indeterminate),
            (Outcome::Unsent, &self.unsent),
        ]
        .into_iter()
        .flat_map(|(outcome, ranges)| ranges.iter().map(move |range| (outcome, range)))
        .collect()
    }
}

/// The bytes of a line, newline included.
pub fn encode(line: u64, entry: Entry) -> Vec<u8> {
    let json =
        serde_json::to_string(&Line { line, entry }).expect("numbers and strings become JSON");
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).into_bytes()
}

/// Reads the line that should be line `number`, given without its newline.
///
/// # Errors
/// One sentence about what is wrong with it.
pub(super) fn decode(number: u64, bytes: &[u8]) -> Result<Entry, String> {
    let (checksum, json) = match bytes.split_at_checked(9) {
        Some((checksum, json)) if checksum[8] == b' ' => (&checksum[..8], json),
        _ => return Err("it does not begin with a checksum".into()),
    };
    let expected = format!("{:08x}", crc32fast::hash(json));
    if checksum != expected.as_bytes() {
        return Err("its checksum does not match its text".into());
    }
    let line: Line = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    if line.line != number {
        return Err(format!(
            "it is numbered {}, so lines are missing",
            line.line
        ));
    }
    Ok(line.entry)
}

/// A wall-clock time as RFC 3339 text.
mod rfc3339 {
    use std::time::SystemTime;

    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _, ser::Error as _};

    pub(super) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let timestamp = Timestamp::try_from(*time).map_err(S::Error::custom)?;
        serializer.collect_str(&timestamp)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        let timestamp: Timestamp = text.parse().map_err(D::Error::custom)?;
        SystemTime::try_from(timestamp).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_only_unharmed_and_in_its_place() {
        let entry = Entry::Intent("0-199".parse().unwrap());
        let bytes = encode(4, entry.clone());
        let text = &bytes[..bytes.len() - 1];
        assert_eq!(
            std::str::from_utf8(text).unwrap(),
            r#"59716aba {"line":4,"entry":{"intent":"0-199"}}"#
        );
        assert_eq!(decode(4, text).unwrap(), entry);
        assert!(decode(5, text).unwrap_err().contains("lines are missing"));
        for position in 0..text.len() {
            let mut harmed = text.to_vec();
            harmed[position] ^= 1;
            assert!(decode(4, &harmed).is_err(), "byte {position} flipped");
        }
    }
}
