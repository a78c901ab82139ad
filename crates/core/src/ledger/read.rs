//! Reading a journal back, after any end of the run that wrote it.

use std::io::{BufRead, Read};
use std::ops::Range;
use std::path::Path;

use roaring::RoaringBitmap;

use super::entry::{Entry, OLDEST_SCHEMA_VERSION, Outcomes, decode};
use super::ranges::Ranges;
use super::{
    JOURNAL_SCHEMA_VERSION_NAMED, JOURNAL_SCHEMA_VERSION_SHARD, JournalError, JournalHeader,
    Ledger, MessageId, Outcome, OutcomeCounts,
};
use crate::order::MAX_ORDERS;

/// The longest line that is read. Outcomes are written ten times a second, and a range takes twenty bytes.
const LINE_BYTES_MAX: u64 = 32 << 20;

/// The longest journal that is read, by the orders it plans: a line for each order and each outcome, and some.
const BYTES_MAX_FLOOR: u64 = 64 << 20;
const BYTES_MAX_PER_ORDER: u64 = 256;

/// What a journal says.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalContents {
    /// Which run it belongs to.
    pub header: JournalHeader,
    /// What became of the sending of every planned order. An order intended and without outcome is
    /// indeterminate, one never intended unsent; without the journal's end it is untold as well, since whole lines
    /// can be missing at the end of the file.
    pub ledger: Ledger,
    /// The run came to its end; otherwise its process died while sending.
    pub ended: bool,
    /// The last line was torn, as a process killed while writing leaves it, and was not counted.
    pub torn_tail: bool,
}

/// Reads a journal from anywhere; `path` is what errors name.
///
/// A last line without its newline is what a killed process leaves behind and is set aside: an
/// intent that was not wholly written has not been acted upon, and an outcome that was not wholly
/// written leaves its orders indeterminate.
///
/// # Errors
/// When it is unreadable, when any other line is damaged or missing, when the lines contradict each other, and when it is
/// a worker's, which tells of its shard alone.
pub fn read_lines(file: impl BufRead, path: &Path) -> Result<JournalContents, JournalError> {
    read(file, path, |header| match header.shard {
        None => Ok(None),
        Some(shard) => Err(format!(
            "it is the journal of worker {shard}, and tells of its orders alone: `orderproof merge` unites the workers'"
        )),
    })
}

/// Reads the journal of a worker; `own` says from its header which orders are its own, or why it is not believed. Orders
/// of others are neither unsent nor untold in its ledger: it has no word of them, and a line that has is an error.
///
/// # Errors
/// As [`read_lines`]; also when it is not a worker's, and as `own` says.
pub fn read_shard_lines(
    file: impl BufRead,
    path: &Path,
    own: impl FnOnce(&JournalHeader) -> Result<RoaringBitmap, String>,
) -> Result<JournalContents, JournalError> {
    let mut own = Some(own);
    read(file, path, |header| {
        if header.shard.is_none() {
            return Err("it is the journal of a whole run, not of a worker".into());
        }
        let own = own.take().expect("there is one header");
        own(header).map(Some)
    })
}

/// Reads a journal; `own` says from its header which orders it may tell of, all of them with `None`.
fn read(
    mut file: impl BufRead,
    path: &Path,
    mut own: impl FnMut(&JournalHeader) -> Result<Option<RoaringBitmap>, String>,
) -> Result<JournalContents, JournalError> {
    let unreadable = |source| JournalError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let mut replay: Option<Replay> = None;
    let mut torn_tail = false;
    let mut left = BYTES_MAX_FLOOR;
    for number in 0.. {
        bytes.clear();
        let mut line = file.by_ref().take(LINE_BYTES_MAX + 1);
        let length = line.read_until(b'\n', &mut bytes).map_err(unreadable)? as u64;
        if length == 0 {
            break;
        }
        let untrusted = |cause: String| JournalError::Untrusted {
            path: path.to_owned(),
            line: number + 1,
            cause,
        };
        left = match left.checked_sub(length) {
            Some(left) if length <= LINE_BYTES_MAX => left,
            _ => {
                return Err(untrusted(
                    "it, or the journal, is longer than any of so many orders".into(),
                ));
            }
        };
        if bytes.pop() != Some(b'\n') {
            // The end line is the last one that a run writes: something else wrote what follows it.
            if replay.as_ref().is_some_and(|replay| replay.ended) {
                return Err(untrusted("it stands after the journal's end".into()));
            }
            torn_tail = true;
            break;
        }
        let entry = decode(number, &bytes).map_err(untrusted)?;
        replay = Some(match (replay.take(), entry) {
            (None, Entry::Header(header)) => {
                let replay = Replay::begin(header, &mut own).map_err(untrusted)?;
                left += BYTES_MAX_PER_ORDER * replay.header.planned;
                replay
            }
            (None, _) => return Err(untrusted("the header is missing".into())),
            (Some(mut replay), entry) => {
                replay.apply(entry).map_err(untrusted)?;
                replay
            }
        });
    }
    let replay = replay.ok_or_else(|| JournalError::Untrusted {
        path: path.to_owned(),
        line: 1,
        cause: "the header is missing or torn".into(),
    })?;
    Ok(replay.finish(torn_tail))
}

/// The journal so far, line after line.
struct Replay {
    header: JournalHeader,
    ledger: Ledger,
    /// Orders `0..intended` may have been sent.
    intended: u64,
    /// The orders it may tell of; all of them without a shard.
    own: Option<RoaringBitmap>,
    /// Orders with a recorded outcome, `unsent` included.
    decided: RoaringBitmap,
    /// Orders whose message is named.
    named: RoaringBitmap,
    ended: bool,
}

impl Replay {
    fn begin(
        header: JournalHeader,
        own: &mut impl FnMut(&JournalHeader) -> Result<Option<RoaringBitmap>, String>,
    ) -> Result<Self, String> {
        let known = OLDEST_SCHEMA_VERSION..=JOURNAL_SCHEMA_VERSION_SHARD;
        if !known.contains(&header.schema_version) {
            return Err(format!(
                "its version is {}, and this program reads versions {} to {}",
                header.schema_version,
                known.start(),
                known.end()
            ));
        }
        if header.planned > MAX_ORDERS {
            return Err(format!(
                "it plans {} orders, and a run holds at most {MAX_ORDERS}",
                header.planned
            ));
        }
        let is_shard = header.schema_version >= JOURNAL_SCHEMA_VERSION_SHARD;
        if is_shard != header.shard.is_some() {
            return Err(format!(
                "its version is {}, and a journal names a shard from version {JOURNAL_SCHEMA_VERSION_SHARD} on, and then \
                 always",
                header.schema_version
            ));
        }
        Ok(Self {
            ledger: Ledger::new(header.planned),
            own: own(&header)?,
            header,
            intended: 0,
            decided: RoaringBitmap::new(),
            named: RoaringBitmap::new(),
            ended: false,
        })
    }

    fn apply(&mut self, entry: Entry) -> Result<(), String> {
        if self.ended {
            return Err("it follows the line that ends the journal".into());
        }
        match entry {
            Entry::Header(_) => Err("it is a second header".into()),
            Entry::Intent(ranges) => self.intend(&ranges),
            Entry::Outcome(outcomes) => self.decide_all(&outcomes),
            Entry::End(counts) if counts == self.counts() && self.undecided().is_empty() => {
                self.ended = true;
                Ok(())
            }
            Entry::End(counts) => Err(format!(
                "it counts {counts:?}, and the lines before it add up to {:?} with {} orders undecided",
                self.counts(),
                self.undecided().len()
            )),
        }
    }

    fn counts(&self) -> OutcomeCounts {
        let planned = self.own.as_ref().map(RoaringBitmap::len);
        self.ledger
            .counts_of(planned.unwrap_or(self.header.planned))
    }

    fn intend(&mut self, ranges: &Ranges) -> Result<(), String> {
        match ranges.single() {
            Some(block) if block.start == self.intended && block.end <= self.header.planned => {
                self.intended = block.end;
                Ok(())
            }
            _ => Err(format!(
                "it intends {ranges}, and the next order is {} of {}",
                self.intended, self.header.planned
            )),
        }
    }

    fn decide_all(&mut self, outcomes: &Outcomes) -> Result<(), String> {
        let decided = outcomes.in_order();
        decided
            .into_iter()
            .try_for_each(|(outcome, range)| self.decide(outcome, range))?;
        let mut named = outcomes.message_ids.iter();
        named.try_for_each(|(k, id)| self.name(*k, id.clone()))
    }

    fn name(&mut self, k: u64, id: MessageId) -> Result<(), String> {
        if self.header.schema_version < JOURNAL_SCHEMA_VERSION_NAMED {
            return Err("it names messages, which no journal of its version does".into());
        }
        let accepted = k < self.intended && self.ledger.outcome(k) == Outcome::Acknowledged;
        if !accepted || !self.named.insert(narrow(k)) {
            return Err(format!(
                "it names the message of order {k}, which was not accepted or has one already"
            ));
        }
        self.ledger.name(k, id);
        Ok(())
    }

    fn decide(&mut self, outcome: Outcome, range: Range<u64>) -> Result<(), String> {
        if range.end > self.intended {
            return Err(format!(
                "it decides order {}, which was not intended",
                range.end - 1
            ));
        }
        let bits = narrow(range.start)..narrow(range.end);
        if self.decided.range_cardinality(bits.clone()) > 0 {
            return Err(format!(
                "it decides orders {}-{}, and some were decided before",
                range.start,
                range.end - 1
            ));
        }
        if let Some(own) = &self.own
            && own.range_cardinality(bits.clone()) < range.end - range.start
        {
            let foreign = bits.clone().find(|k| !own.contains(*k));
            return Err(format!(
                "it decides order {}, which is another worker's",
                foreign.unwrap_or(bits.start)
            ));
        }
        self.decided.insert_range(bits);
        self.ledger.record(outcome, range);
        Ok(())
    }

    /// Intended orders without an outcome; of a shard, those of its own.
    fn undecided(&self) -> RoaringBitmap {
        let mut intended = RoaringBitmap::new();
        intended.insert_range(0..narrow(self.intended));
        if let Some(own) = &self.own {
            intended &= own;
        }
        intended - &self.decided
    }

    fn finish(mut self, torn_tail: bool) -> JournalContents {
        self.ledger
            .record_all(Outcome::Indeterminate, &self.undecided());
        self.ledger.compact();
        self.ledger.index();
        if !self.ended {
            self.ledger.leave_open(self.intended, self.own.as_ref());
        }
        JournalContents {
            header: self.header,
            ledger: self.ledger,
            ended: self.ended,
            torn_tail,
        }
    }
}

/// Ends were checked against the plan, which is at most `MAX_ORDERS`.
fn narrow(k: u64) -> u32 {
    u32::try_from(k).expect("a sequence number below 10^9")
}
