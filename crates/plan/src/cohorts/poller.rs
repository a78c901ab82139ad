//! The mapping's loop in cohorts: it takes batches as long as there is room, as `crate::poller` does one by one.

use std::time::Duration;

use orderproof_machines::time::{Nanos, nanos};

use super::Cohorts;
use super::calendar::Group;
use super::line::Passed;
use super::piece::Piece;

/// A batch that waits for more until its window closes.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) pieces: Vec<Piece>,
    closes_at: Nanos,
    received_at: Nanos,
}

impl Cohorts<'_> {
    /// Takes what may be taken now; whether anything was, so that there may be more.
    pub(super) fn poll(&mut self) -> bool {
        match self.gathering.window() {
            Duration::ZERO => self.poll_at_once(),
            window => self.gather(nanos(window)),
        }
    }

    fn poll_at_once(&mut self) -> bool {
        let room = self.room();
        if room == 0 || self.line.counts().visible == 0 {
            return false;
        }
        let mut passed = Passed::default();
        let typical = nanos(self.function.service_time.typical()).max(1);
        let in_a_slot = room as f64 * (self.slot as f64 / typical as f64);
        let taken = self
            .line
            .take((room, in_a_slot), self.now, &mut passed, &mut self.chance);
        self.passed(passed);
        if taken.batches == 0 {
            return false;
        }
        self.invoke(taken.batches, taken.pieces, self.nanos_of(self.now));
        true
    }

    fn invoke(&mut self, batches: u64, pieces: Vec<Piece>, received_at: Nanos) {
        self.started += batches;
        self.begin(Group {
            batches,
            pieces,
            hidden_until: received_at.saturating_add(self.visibility),
            began: self.now,
            takes: 0,
            within: true,
            overtaken: false,
            retries: None,
        });
    }

    /// Gathers one batch after the other, as there is one poller; full ones at once.
    fn gather(&mut self, window: Nanos) -> bool {
        let now = self.nanos_of(self.now);
        let mut passed = Passed::default();
        let mut gathered = match self.gathered.take() {
            Some(gathered) => gathered,
            None if self.room() == 0 || self.line.messages() == 0 => {
                // A receive comes upon what is used up even so.
                if self.room() > 0 {
                    self.line
                        .take_messages(1, self.now, &mut passed, &mut self.chance);
                    self.passed(passed);
                }
                return false;
            }
            None => Gathered {
                pieces: Vec::new(),
                closes_at: now + window,
                received_at: now,
            },
        };
        let count = |pieces: &[Piece]| pieces.iter().map(Piece::total).sum::<u64>();
        let mut held = count(&gathered.pieces);
        while let Some(more) = self
            .gathering
            .more(held as usize, self.bytes.saturating_mul(held as usize))
        {
            let came =
                self.line
                    .take_messages(more as u64, self.now, &mut passed, &mut self.chance);
            if came.is_empty() {
                break;
            }
            gathered.pieces.extend(came);
            held = count(&gathered.pieces);
        }
        self.passed(passed);
        if held == 0 {
            return false;
        }
        let is_full = self
            .gathering
            .more(held as usize, self.bytes.saturating_mul(held as usize))
            .is_none();
        if !is_full && now < gathered.closes_at {
            self.gathered = Some(gathered);
            return false;
        }
        for piece in &mut gathered.pieces {
            piece.clusters = piece.total() as f64 / held as f64;
            piece.dirty = false;
        }
        self.invoke(1, gathered.pieces, gathered.received_at);
        true
    }
}
