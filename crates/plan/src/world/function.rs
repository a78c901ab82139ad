//! The function behind the mapping: one batch from its invocation to what becomes of its messages.

use std::cmp::Reverse;
use std::fmt::Write;
use std::time::Duration;

use orderproof_machines::mapping::{BatchFate, Begin, Draws, Retries, Times, fate};
use orderproof_machines::table::{Side, hash_of_key};
use orderproof_machines::time::{Nanos, nanos};

use super::{Behavior, Invocation, Receipt, World};
use crate::model::Wall;

/// Keep draws of failures apart from those of times.
const WHOLE: u64 = 0x5748_4f4c_4500_0000;
const RECORD: u64 = 0x5245_434f_5244_0000;

impl World<'_> {
    /// Invokes the function with a batch.
    pub(crate) fn start(&mut self, batch: Vec<Receipt>) {
        self.started += 1;
        let invocation = Some(Invocation {
            batch,
            serial: self.serial,
            retries: None,
            within: None,
        });
        self.serial += 1;
        let slot = match self.free.pop() {
            Some(slot) => {
                self.invocations[slot] = invocation;
                slot
            }
            None => {
                self.invocations.push(invocation);
                self.invocations.len() - 1
            }
        };
        self.begin(slot);
    }

    /// Begins an invocation if there is room for it, or tries again later.
    fn begin(&mut self, slot: usize) {
        let (now, at) = (self.now, self.at());
        let begin = self.environments.begin(at);
        let invocation = self.invocations[slot].as_mut().expect("it is there");
        if begin == Begin::Throttled {
            self.log.throttled_invocation(now);
            let hidden = Duration::from_nanos(self.visibility);
            let (retries, speed) = (&mut invocation.retries, self.speed);
            let retries = retries.get_or_insert_with(|| Retries::new(hidden, speed, at));
            return match retries.next(at) {
                Some(pause) => self.later(nanos(pause), slot),
                None => self.finish(slot, None),
            };
        }
        self.log.running(self.environments.running());
        let times = Times::of(&self.function, self.seed, invocation.serial, begin);
        let within = times.are_within(self.function.timeout);
        invocation.within = Some(within);
        self.log.counts.cold_starts += u64::from(begin == Begin::Cold);
        let takes = times.cold_start + times.service_time.min(self.function.timeout);
        self.log.counts.busy += takes;
        self.later(nanos(takes), slot);
    }

    fn later(&mut self, pause: Nanos, slot: usize) {
        self.scheduled += 1;
        let at = self.now.saturating_add(pause);
        self.due.push(Reverse((at, self.scheduled, slot)));
    }

    /// What is due for an invocation: another attempt to begin, or the end.
    pub(super) fn go_on(&mut self, slot: usize) {
        let invocation = self.invocations[slot].as_ref().expect("it is there");
        let Some(within) = invocation.within else {
            return self.begin(slot);
        };
        let outcome = match within {
            true => self.run(slot),
            false => Err(()),
        };
        self.environments.end(!within);
        self.log.counts.invocations += 1;
        self.finish(slot, Some(outcome));
    }

    /// Runs the function: the serials of the records that it reports as failed, or an error.
    fn run(&mut self, slot: usize) -> Result<Vec<u64>, ()> {
        let invocation = self.invocations[slot].as_mut().expect("it is there");
        let (serial, batch) = (invocation.serial, std::mem::take(&mut invocation.batch));
        let outcome = match self.strikes(self.failures.invocations, WHOLE, serial) {
            true => Err(()),
            false => self.run_batch(&batch),
        };
        let invocation = self.invocations[slot].as_mut().expect("it is there");
        invocation.batch = batch;
        outcome
    }

    fn run_batch(&mut self, batch: &[Receipt]) -> Result<Vec<u64>, ()> {
        let mut failed = Vec::new();
        let is_alone = self.behavior == Behavior::UntilOneFails;
        if !is_alone {
            // What is wrong is found before anything is written.
            let bad = batch.iter().map(|one| one.serial);
            failed.extend(bad.filter(|serial| self.is_bad(*serial)));
        }
        let mut refused = failed.iter().copied().peekable();
        let mut throttled = Vec::new();
        for one in batch {
            if refused.next_if_eq(&one.serial).is_some() {
                continue;
            }
            let draw = one.serial ^ (u64::from(one.receive) << 40);
            let is_stored = (!is_alone || !self.is_bad(one.serial))
                && !self.strikes(self.failures.good_records, RECORD, draw)
                && self.write(one);
            if !is_stored {
                if is_alone {
                    return Err(());
                }
                throttled.push(one.serial);
            }
        }
        failed.extend(throttled);
        match self.behavior == Behavior::EachThenRaises && !failed.is_empty() {
            true => Err(()),
            false => Ok(failed),
        }
    }

    fn is_bad(&self, serial: u64) -> bool {
        self.bad[(serial - 1) as usize]
    }

    /// Whether a failure of this share strikes, by the seed.
    fn strikes(&self, share: f64, stream: u64, serial: u64) -> bool {
        let drawn = || Draws::of_invocation(self.seed ^ stream, serial).next();
        share > 0.0 && (drawn() >> 11) as f64 / ((1_u64 << 53) as f64) < share
    }

    /// Writes the rows of an order, unless the table throttles one.
    fn write(&mut self, one: &Receipt) -> bool {
        let k = one.serial - 1;
        if !self.meter.is_unlimited() {
            self.key.clear();
            write!(self.key, "{}", self.plan.id(k)).expect("a text takes all");
            let (at, key) = (self.at(), hash_of_key(&self.key));
            for _ in 0..self.rows {
                if let Err(throttled) = self.meter.take(Side::Write, 1.0, Some(key), at) {
                    self.log.throttled_write(&throttled.reason(), self.now);
                    return false;
                }
            }
        }
        // The lab's function writes a row again; all others leave the first.
        let is_last_kept = self.behavior == Behavior::UntilOneFails;
        self.log.stored(k, self.now, is_last_kept);
        if one.hidden_until <= self.now {
            self.log.meet(Wall::VisibilityTimeout, self.now);
        }
        true
    }

    /// Settles what becomes of an invocation's messages; no outcome is one that never began.
    fn finish(&mut self, slot: usize, outcome: Option<Result<Vec<u64>, ()>>) {
        let mut invocation = self.invocations[slot].take().expect("it is there");
        self.free.push(slot);
        let mut serials = std::mem::take(&mut self.serials);
        serials.clear();
        serials.extend(invocation.batch.iter().map(|one| one.serial));
        let failed = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        let fate = fate(failed.map(Vec::as_slice), &serials, self.reports);
        let badly = fate == BatchFate::AllReturn;
        self.log.counts.failed_invocations += u64::from(badly && outcome.is_some());
        self.advance();
        let returning = match fate {
            BatchFate::AllReturn => (0..serials.len()).collect(),
            BatchFate::AllDeleted => Vec::new(),
            BatchFate::SomeReturn(positions) => positions,
        };
        self.serials = serials;
        for (position, one) in invocation.batch.iter().enumerate() {
            let stays = returning.binary_search(&position).is_ok();
            if !stays && self.queue.is_latest(one.slot, one.serial, one.receive) {
                self.queue.remove(one.slot);
            }
        }
        self.ended_badly.push(badly);
        invocation.batch.clear();
        self.spare.push(invocation.batch);
    }
}
