//! Adding up what was measured, by phase and by second.

use std::collections::BTreeMap;
use std::time::Duration;

use super::work::Work;
use crate::ledger::Outcome;
use crate::load::LoadProfile;
use crate::metrics::Histogram;
use crate::results::{PhaseSends, SecondSends, SendRecord};
use crate::send::SendReply;

/// Different reasons kept apart; what comes from outside must not grow without bound.
const REASONS_MAX: usize = 64;

/// A [`SendRecord`] in the making; several are merged into one.
#[derive(Debug)]
pub(super) struct Tally {
    /// The end of each phase but the last, which has none.
    phase_ends: Vec<Duration>,
    record: SendRecord,
}

impl Tally {
    /// Nothing yet, of a run with `phases` phases.
    pub(super) fn new(profile: &LoadProfile, phases: usize) -> Self {
        let inner = phases.saturating_sub(1);
        Self {
            phase_ends: (0..inner)
                .map(|index| profile.phase_span(index).1)
                .collect(),
            record: SendRecord {
                phases: vec![PhaseSends::default(); phases],
                ..SendRecord::default()
            },
        }
    }

    /// The phase an order due at `at` belongs to, as `LoadProfile::phase_at` has it.
    fn phase(&mut self, at: Duration) -> &mut PhaseSends {
        let index = self.phase_ends.iter().take_while(|&&end| end <= at).count();
        &mut self.record.phases[index]
    }

    fn second(&mut self, at: Duration) -> &mut SecondSends {
        let index = usize::try_from(at.as_secs()).expect("runs end within 2^32 seconds");
        while self.record.seconds.len() <= index {
            self.record.seconds.push(SecondSends {
                response_time: Histogram::coarse(),
                service_time: Histogram::coarse(),
                ..SecondSends::default()
            });
        }
        &mut self.record.seconds[index]
    }

    /// The orders of `work` have fallen due.
    pub(super) fn scheduled(&mut self, work: &Work) {
        for &intended_at in work.intended_at() {
            self.phase(intended_at).scheduled += 1;
            self.second(intended_at).scheduled += 1;
        }
    }

    /// The orders of `work` will not be sent, as was found at `at`.
    pub(super) fn unsent(&mut self, work: &Work, at: Duration) {
        self.second(at).unsent += u64::from(work.dispatch.count);
    }

    /// An order was not sent, for this reason.
    pub(super) fn withheld(&mut self, reason: &str) {
        count(&mut self.record.errors, &format!("unsent: {reason}"), 1);
    }

    /// The orders of `work` were sent and answered, or given up.
    pub(super) fn settled(
        &mut self,
        work: &Work,
        sent_at: Duration,
        acked_at: Duration,
        reply: &SendReply,
    ) {
        let lag = sent_at.saturating_sub(work.dispatch.due);
        let service_time = acked_at.saturating_sub(sent_at);
        let second = self.second(sent_at);
        second.offered += u64::from(work.dispatch.count);
        second.schedule_lag_max = second.schedule_lag_max.max(lag);
        for (&intended_at, entry) in work.intended_at().iter().zip(&reply.entries) {
            let phase = self.phase(intended_at);
            phase.attempted += 1;
            phase.schedule_lag.record(lag);
            match entry.outcome {
                Outcome::Acknowledged => {
                    let response_time = acked_at.saturating_sub(intended_at);
                    phase.acknowledged += 1;
                    phase.response_time.record(response_time);
                    phase.service_time.record(service_time);
                    self.second(acked_at).acknowledged += 1;
                    let due = self.second(intended_at);
                    due.response_time.record(response_time);
                    due.service_time.record(service_time);
                }
                Outcome::Rejected => self.second(acked_at).rejected += 1,
                Outcome::Indeterminate | Outcome::Unsent => {
                    self.second(acked_at).indeterminate += 1;
                }
            }
            if let Some(reason) = &entry.reason {
                count(&mut self.record.errors, &label(entry.outcome, reason), 1);
            }
        }
        self.record.last_reply_at = self.record.last_reply_at.max(acked_at);
    }

    /// Adds everything `other` counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.record.phases.iter_mut().zip(&other.record.phases) {
            mine.scheduled += theirs.scheduled;
            mine.attempted += theirs.attempted;
            mine.acknowledged += theirs.acknowledged;
            mine.response_time.merge(&theirs.response_time);
            mine.service_time.merge(&theirs.service_time);
            mine.schedule_lag.merge(&theirs.schedule_lag);
        }
        for (at, theirs) in other.record.seconds.iter().enumerate() {
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
        for (reason, orders) in &other.record.errors {
            count(&mut self.record.errors, reason, *orders);
        }
        self.record.last_reply_at = self.record.last_reply_at.max(other.record.last_reply_at);
    }

    /// The record so far.
    pub(super) fn into_record(self) -> SendRecord {
        self.record
    }
}

fn label(outcome: Outcome, reason: &str) -> String {
    match outcome {
        Outcome::Rejected => format!("rejected: {reason}"),
        _ => format!("indeterminate: {reason}"),
    }
}

fn count(errors: &mut BTreeMap<String, u64>, reason: &str, orders: u64) {
    let known = errors.contains_key(reason) || errors.len() < REASONS_MAX;
    let key = if known { reason } else { "further reasons" };
    *errors.entry(key.to_owned()).or_default() += orders;
}
