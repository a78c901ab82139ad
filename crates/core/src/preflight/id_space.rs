//! Whether a run's order numbers are its own: what the stores held of them before its first send.

use serde::{Deserialize, Serialize};

use super::check::{Check, Trap, Weight};
use crate::order::{Id, RunId};
use crate::records::{LettersBefore, RowsBefore};
use crate::results::figures::thousands;

/// A row of another run that is younger than this, in a pipeline that is not idle, is of a run that goes on, microseconds.
const RECENT_US: u64 = 60_000_000;

/// What was found of a run's order numbers before its first send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdSpace {
    /// The run.
    pub run: RunId,
    /// Its id was given with `--run-id`; otherwise it was drawn at random.
    pub asked: bool,
    /// Messages the orders queue counted at last, whatever their state.
    pub queued: u64,
    /// Messages the dead-letter queue counted.
    pub dead_letters: u64,
    /// What the table held.
    pub rows: RowsBefore,
    /// What the dead-letter queue held; `None` when its letters were not received: there were none, or the id is random.
    pub letters: Option<LettersBefore>,
    /// Why the look broke off, with an id drawn at random; `None` when it did not. The other figures say nothing then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// When the look was taken, microseconds since the Unix epoch.
    pub taken_at_us: u64,
}

impl IdSpace {
    /// Of a random `run`, when the stores could not be read: `why`.
    pub fn unread(run: RunId, why: String, taken_at_us: u64) -> Self {
        Self {
            run,
            asked: false,
            queued: 0,
            dead_letters: 0,
            rows: RowsBefore::default(),
            letters: None,
            unread: Some(why),
            taken_at_us,
        }
    }

    /// Something in the stores carries an order number of the run.
    pub fn is_taken(&self) -> bool {
        let letters = self.letters.as_ref();
        self.rows.of_the_run > 0 || letters.is_some_and(|letters| letters.of_the_run > 0)
    }

    /// Queues and table held nothing at all.
    pub fn stores_were_empty(&self) -> bool {
        let rows = &self.rows;
        self.unread.is_none()
            && rows.whole_table
            && rows.read == 0
            && self.queued == 0
            && self.dead_letters == 0
    }

    /// What that means.
    pub fn checks(&self) -> Vec<Check> {
        if let Some(why) = &self.unread {
            return vec![self.broke_off(why)];
        }
        let mut checks = Vec::new();
        let run = self.run;
        let mut void = |message: String, cure: &str| {
            checks.push(Check::found(Trap::RunId, Weight::Void, message, cure));
        };
        if self.rows.of_the_run > 0 {
            void(
                format!(
                    "the table holds rows with order numbers of run {run} ({}): an earlier run had this id, and its rows \
                     would pass for this run's",
                    ids(&self.rows.first_ids)
                ),
                "leave --run-id out, give an unused one, or remove the rows (orderproof clean FOLDER of that run)",
            );
        }
        if let Some(letters) = self.letters.as_ref().filter(|found| found.of_the_run > 0) {
            void(
                format!(
                    "the dead-letter queue holds {} letters with order numbers of run {run} ({}): an earlier run had this \
                     id, and its letters would pass for this run's",
                    letters.of_the_run,
                    ids(&letters.first_ids)
                ),
                "leave --run-id out, give an unused one, or remove the letters (orderproof clean FOLDER of that run)",
            );
        }
        if self.rows.counters > 0 {
            void(
                format!(
                    "the table holds counters of this scenario's sums ({}): what this run adds to them cannot be told from \
                     what was there",
                    self.rows.first_counters.join(", ")
                ),
                "remove them, or put {{run}} into their key so that each run has counters of its own",
            );
        }
        if self.asked && self.queued > 0 {
            void(
                format!(
                    "the orders queue still counts {} messages, and they may be orders of an earlier run {run}: whose they \
                     are cannot be seen without taking them",
                    thousands(self.queued)
                ),
                "wait until the queue is empty, or leave --run-id out: the id of a run is then a new one",
            );
        }
        if checks.is_empty() {
            checks.push(Check::well(Trap::RunId, self.proof()));
        }
        checks.extend(self.another_run());
        checks
    }

    /// Nothing is proved; that another run had the id is as rare as two equal draws.
    fn broke_off(&self, why: &str) -> Check {
        Check::found(
            Trap::RunId,
            Weight::Trap,
            format!(
                "whether the stores hold orders of an earlier run {} is unknown: {why}; the id was drawn from {} at random",
                self.run,
                thousands(u64::from(RunId::MAX))
            ),
            "make the stores answer before the run: the verdict needs the same answers after it",
        )
    }

    /// What was proved, in words.
    fn proof(&self) -> String {
        let rows = match self.rows.whole_table {
            true => format!(
                "all {} rows of the table were read",
                thousands(self.rows.read)
            ),
            false => format!(
                "each of the {} planned order numbers was looked up by key",
                thousands(self.rows.looked_up)
            ),
        };
        let letters = match (&self.letters, self.dead_letters) {
            (Some(letters), _) => {
                format!("{} dead letters were received", thousands(letters.received))
            }
            (None, 0) => "the dead-letter queue counted none".into(),
            (None, dead) => format!(
                "{} dead letters were not received: the id was drawn from {} at random",
                thousands(dead),
                thousands(u64::from(RunId::MAX))
            ),
        };
        let run = self.run;
        format!("nothing carries an order number of run {run}: {rows}, {letters}")
    }

    /// Another run seems to be going on: the queue is not empty, and rows of it are young.
    fn another_run(&self) -> Option<Check> {
        let (other, stored_at_us) = self.rows.latest_of_others?;
        let young = self.taken_at_us.abs_diff(stored_at_us) < RECENT_US;
        (young && self.queued > 0).then(|| {
            Check::found(
                Trap::RunId,
                Weight::Trap,
                format!(
                    "another run seems to be going on: the orders queue counts {} messages, and a row of run {other} is less \
                     than a minute old; the two share queue, function and table, and neither's figures are its own",
                    thousands(self.queued)
                ),
                "wait until it has ended, or give each run stores of its own",
            )
        })
    }
}

fn ids(first: &[Id]) -> String {
    let ids: Vec<String> = first.iter().map(Id::to_string).collect();
    ids.join(", ")
}
