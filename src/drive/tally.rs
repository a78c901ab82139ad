//! Adding up what was measured, by phase and by second.

use std::time::Duration;

use super::work::Work;
use crate::ledger::Outcome;
use crate::load::LoadProfile;
use crate::results::{PhaseSends, SecondSends, SendRecord};
use crate::send::{EntryOutcome, SendReply};

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

    fn phase(&mut self, at: Duration) -> &mut PhaseSends {
        &mut self.record.phases[phase_index(&self.phase_ends, at)]
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
        let Self { phase_ends, record } = self;
        let second = record.second(sent_at);
        second.offered += u64::from(work.dispatch.count);
        second.schedule_lag_max = second.schedule_lag_max.max(lag);
        let mut entries = &reply.entries[..];
        // What all orders of a phase and a second have in common is counted at once.
        let place = |at: Duration| (phase_index(phase_ends, at), at.as_secs());
        for due in work.intended_at().chunk_by(|&a, &b| place(a) == place(b)) {
            let (of_these, rest) = entries.split_at(due.len().min(entries.len()));
            entries = rest;
            let is_acknowledged = |entry: &EntryOutcome| entry.outcome == Outcome::Acknowledged;
            let acknowledged = of_these
                .iter()
                .filter(|entry| is_acknowledged(entry))
                .count() as u64;
            let response_times = due
                .iter()
                .zip(of_these)
                .filter(|(_, entry)| is_acknowledged(entry))
                .map(|(&due, _)| acked_at.saturating_sub(due));
            let phase = &mut record.phases[place(due[0]).0];
            phase.attempted += of_these.len() as u64;
            phase.acknowledged += acknowledged;
            phase.schedule_lag.record_many(lag, of_these.len() as u64);
            phase.service_time.record_many(service_time, acknowledged);
            response_times
                .clone()
                .for_each(|time| phase.response_time.record(time));
            let second = record.second(due[0]);
            second.service_time.record_many(service_time, acknowledged);
            response_times.for_each(|time| second.response_time.record(time));
        }
        let second = record.second(acked_at);
        for entry in &reply.entries {
            match entry.outcome {
                Outcome::Acknowledged => second.acknowledged += 1,
                Outcome::Rejected => second.rejected += 1,
                Outcome::Indeterminate | Outcome::Unsent => second.indeterminate += 1,
            }
        }
        for entry in &reply.entries {
            if let Some(reason) = &entry.reason {
                record.count_error(&label(entry.outcome, reason), 1);
            }
        }
        record.last_reply_at = record.last_reply_at.max(acked_at);
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

/// The phase an order due at `at` belongs to, as `LoadProfile::phase_at` has it.
fn phase_index(phase_ends: &[Duration], at: Duration) -> usize {
    phase_ends.iter().take_while(|&&end| end <= at).count()
}

fn label(outcome: Outcome, reason: &str) -> String {
    match outcome {
        Outcome::Rejected => format!("rejected: {reason}"),
        _ => format!("indeterminate: {reason}"),
    }
}
