//! What the drive measured of its own sending.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::metrics::Histogram;

/// What the drive measured of its own sending; the outcomes themselves are in the ledger.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRecord {
    /// One entry a phase, by the phase an order is due in.
    pub phases: Vec<PhaseSends>,
    /// One entry a second since the run's start.
    pub seconds: Vec<SecondSends>,
    /// Why sends were rejected or stayed indeterminate, with how many orders each.
    pub errors: BTreeMap<String, u64>,
    /// From the run's start to the last reply (or given-up send).
    pub last_reply_at: Duration,
    /// Sending was stopped before the last planned order was due.
    pub interrupted: bool,
    /// CPU time of this process's sending threads, where it can be told.
    pub cpu_time: Duration,
    /// The rule that ended the sending, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aborted: Option<Aborted>,
}

impl SendRecord {
    /// Different reasons kept apart; what comes from outside must not grow without bound.
    pub const REASONS_MAX: usize = 64;

    /// Adds orders that were not accepted for this reason; the reasons beyond [`SendRecord::REASONS_MAX`] become one.
    pub fn count_error(&mut self, reason: &str, orders: u64) {
        let known = self.errors.contains_key(reason) || self.errors.len() < Self::REASONS_MAX;
        let key = if known { reason } else { "further reasons" };
        let sum = self.errors.entry(key.to_owned()).or_default();
        *sum = sum.saturating_add(orders);
    }

    /// The second `at` lies in; those before it are there, too.
    pub fn second(&mut self, at: Duration) -> &mut SecondSends {
        let index = usize::try_from(at.as_secs()).expect("runs end within 2^32 seconds");
        while self.seconds.len() <= index {
            self.seconds.push(SecondSends {
                response_time: Histogram::coarse(),
                service_time: Histogram::coarse(),
                ..SecondSends::default()
            });
        }
        &mut self.seconds[index]
    }

    /// Adds everything that `other` measured of other orders of the same run, in whatever order records are added.
    pub fn merge(&mut self, other: &Self) {
        if self.phases.len() < other.phases.len() {
            self.phases
                .resize_with(other.phases.len(), PhaseSends::default);
        }
        for (mine, theirs) in self.phases.iter_mut().zip(&other.phases) {
            mine.scheduled += theirs.scheduled;
            mine.attempted += theirs.attempted;
            mine.acknowledged += theirs.acknowledged;
            mine.response_time.merge(&theirs.response_time);
            mine.service_time.merge(&theirs.service_time);
            mine.schedule_lag.merge(&theirs.schedule_lag);
        }
        for (at, theirs) in other.seconds.iter().enumerate() {
            let mine = self.second(Duration::from_secs(at as u64));
            mine.scheduled += theirs.scheduled;
            mine.offered += theirs.offered;
            mine.acknowledged += theirs.acknowledged;
            mine.rejected += theirs.rejected;
            mine.indeterminate += theirs.indeterminate;
            mine.unsent += theirs.unsent;
            mine.response_time.merge(&theirs.response_time);
            mine.service_time.merge(&theirs.service_time);
            mine.schedule_lag_max = mine.schedule_lag_max.max(theirs.schedule_lag_max);
        }
        for (reason, orders) in &other.errors {
            self.count_error(reason, *orders);
        }
        self.last_reply_at = self.last_reply_at.max(other.last_reply_at);
        self.interrupted |= other.interrupted;
        self.cpu_time += other.cpu_time;
        let aborted = [self.aborted.take(), other.aborted.clone()];
        self.aborted = aborted
            .into_iter()
            .flatten()
            .min_by_key(|aborted| aborted.at);
    }
}

/// A rule that was surely broken while orders were sent, and ended that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aborted {
    /// The rule, as written.
    pub rule: String,
    /// When that was known, since the run's start.
    pub at: Duration,
}

/// The sends of one phase.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseSends {
    /// Orders due in it.
    pub scheduled: u64,
    /// Orders handed to the network.
    pub attempted: u64,
    /// Orders SQS accepted.
    pub acknowledged: u64,
    /// `acked_at - intended_at` of acknowledged orders.
    pub response_time: Histogram,
    /// `acked_at - sent_at` of acknowledged orders.
    pub service_time: Histogram,
    /// `sent_at - due` of attempted orders, `due` being the instant their batch was to be sent.
    pub schedule_lag: Histogram,
}

/// The sends of one second.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondSends {
    /// Orders due in it.
    pub scheduled: u64,
    /// Orders handed to the network in it.
    pub offered: u64,
    /// Orders acknowledged in it.
    pub acknowledged: u64,
    /// Orders rejected in it.
    pub rejected: u64,
    /// Orders whose sending stayed without a known outcome, by the second in which it was given up.
    pub indeterminate: u64,
    /// Orders counted unsent in it.
    pub unsent: u64,
    /// Response time of the orders due in it (coarse).
    pub response_time: Histogram,
    /// Their service time (coarse).
    #[serde(default = "Histogram::coarse")]
    pub service_time: Histogram,
    /// Largest schedule lag of the orders sent in it.
    pub schedule_lag_max: Duration,
}
