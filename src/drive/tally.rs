//! Adding up what was measured, by phase and by second.

use std::time::Duration;

use super::work::Work;
use crate::ledger::Outcome;
use crate::load::LoadProfile;
use crate::results::{PhaseSends, SecondSends, SendRecord};
use crate::send::SendReply;

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

    /// Nothing, of no phase.
    pub(super) fn none() -> Self {
        Self {
            phase_ends: Vec::new(),
            record: SendRecord::default(),
        }
    }

    /// The phase an order due at `at` belongs to, as `LoadProfile::phase_at` has it.
    fn phase(&mut self, at: Duration) -> &mut PhaseSends {
        let index = self.phase_ends.iter().take_while(|&&end| end <= at).count();
        &mut self.record.phases[index]
    }

    fn second(&mut self, at: Duration) -> &mut SecondSends {
        self.record.second(at)
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
        self.record.count_error(&format!("unsent: {reason}"), 1);
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
                self.record.count_error(&label(entry.outcome, reason), 1);
            }
        }
        self.record.last_reply_at = self.record.last_reply_at.max(acked_at);
    }

    /// Adds everything `other` counted.
    pub(super) fn merge(&mut self, other: &Self) {
        self.record.merge(&other.record);
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
