//! The function in cohorts: invocations that begin together, from their begin to what becomes of their messages.

use std::time::Duration;

use orderproof_machines::mapping::{Begin, Retries, ServiceTime, Times};
use orderproof_machines::table::Side;
use orderproof_machines::time::{Nanos, nanos};

use super::Cohorts;
use super::calendar::{Event, Group};
use super::outcome::{Attempt, Fates};
use super::piece::{Piece, Written};
use crate::model::Wall;

/// The most invocations of one slot whose times are drawn one by one; of more, each drawn time stands for several.
const DRAWN_MAX: u64 = 8;

/// Takes so many of a group's batches out of it, with their share of its messages.
fn part_of(group: &mut Group, batches: u64, chance: &mut super::chance::Chance) -> Vec<Piece> {
    if batches >= group.batches {
        group.batches = 0;
        return std::mem::take(&mut group.pieces);
    }
    let whole = group.batches;
    group.batches -= batches;
    let parts = group.pieces.iter_mut().map(|piece| {
        let count = chance.share(piece.total(), batches, whole);
        piece.take(count, chance)
    });
    let parts: Vec<Piece> = parts.filter(|piece| piece.total() > 0).collect();
    group.pieces.retain(|piece| piece.total() > 0);
    parts
}

impl Cohorts<'_> {
    /// Begins invocations as far as there is room for them; the others try again later.
    pub(super) fn begin(&mut self, mut group: Group) {
        let at = self.at();
        let (warm, cold) = self.environments.begin_many(group.batches, at);
        let throttled = group.batches - warm - cold;
        self.tally.running(self.environments.running());
        self.tally.counts.cold_starts += cold;
        for (count, begin) in [(warm, Begin::Warm), (cold, Begin::Cold)] {
            if count > 0 {
                let pieces = part_of(&mut group, count, &mut self.chance);
                let hidden_until = group.hidden_until;
                self.begun(count, pieces, hidden_until, begin);
            }
        }
        if throttled == 0 {
            return;
        }
        self.tally
            .throttled_invocations(throttled, self.nanos_of(self.now));
        let hidden = Duration::from_nanos(self.visibility);
        let speed = self.speed;
        let retries = group
            .retries
            .get_or_insert_with(|| Retries::new(hidden, speed, at));
        match retries.next(at) {
            Some(pause) => {
                let slots = nanos(pause).div_ceil(self.slot).max(1);
                self.calendar.note(self.now + slots, Event::Again(group));
            }
            None => {
                self.ended(group.batches, group.batches);
                for piece in std::mem::take(&mut group.pieces) {
                    self.come_back(piece, group.hidden_until);
                }
            }
        }
    }

    /// Invocations that have begun: as many times as need be told apart.
    fn begun(&mut self, count: u64, pieces: Vec<Piece>, hidden_until: Nanos, begin: Begin) {
        let is_drawn = |time| matches!(time, ServiceTime::Lognormal { .. });
        let drawn = is_drawn(self.function.service_time)
            || (begin == Begin::Cold && is_drawn(self.function.cold_start));
        let mut left = if drawn { count.min(DRAWN_MAX) } else { 1 };
        let mut whole = Group {
            batches: count,
            pieces,
            hidden_until,
            began: self.now,
            takes: 0,
            within: true,
            overtaken: false,
            retries: None,
        };
        while left > 0 && whole.batches > 0 {
            let batches = whole.batches.div_ceil(left);
            left -= 1;
            let pieces = part_of(&mut whole, batches, &mut self.chance);
            let times = Times::of(&self.function, self.seed, self.serial, begin);
            self.serial += 1;
            let takes = times.cold_start + times.service_time.min(self.function.timeout);
            self.tally.counts.busy +=
                takes.saturating_mul(u32::try_from(batches).unwrap_or(u32::MAX));
            self.schedule(Group {
                batches,
                pieces,
                takes: nanos(takes),
                within: times.are_within(self.function.timeout),
                retries: None,
                ..whole
            });
        }
    }

    /// Notes when invocations end: in whole slots that are right on average.
    fn schedule(&mut self, mut group: Group) {
        let (slots, rest) = (group.takes / self.slot, group.takes % self.slot);
        let share = rest as f64 / self.slot as f64;
        let later = self.chance.round(group.batches as f64 * share);
        let later = later.min(group.batches);
        let pieces = part_of(&mut group, later, &mut self.chance);
        let later = Group {
            batches: later,
            pieces,
            ..clone_without_pieces(&group)
        };
        for (group, slots) in [(later, slots + 1), (group, slots)] {
            if group.batches > 0 {
                self.ends_in(group, slots);
            }
        }
    }

    fn ends_in(&mut self, mut group: Group, slots: u64) {
        let ends = self.now + slots;
        if self.nanos_of(ends) > group.hidden_until {
            // Their messages come back before that. What these invocations will store is taken as stored there already.
            group.overtaken = true;
            let messages: u64 = group.pieces.iter().map(Piece::total).sum();
            let each = messages as f64 / group.batches as f64;
            for index in 0..group.pieces.len() {
                let piece = &mut group.pieces[index];
                let mut back = *piece;
                piece.fresh = match group.within {
                    true => self.traits.will_store(piece, each),
                    false => 0,
                };
                back.fresh -= piece.fresh;
                back.stored += piece.fresh;
                self.come_back(back, group.hidden_until);
            }
        }
        self.calendar.note(ends, Event::Ended(group));
    }

    /// Messages are visible again at `at`, or now if that is over.
    fn come_back(&mut self, piece: Piece, at: Nanos) {
        if piece.total() > 0 {
            let slot = at.div_ceil(self.slot).max(self.now);
            self.calendar.note(slot, Event::Shown(piece));
        }
    }

    /// The mapping learns that invocations have ended, some of them badly.
    fn ended(&mut self, batches: u64, badly: u64) {
        self.started -= batches;
        for _ in 0..badly {
            if !self.concurrency.back_off() {
                break;
            }
            self.tally.counts.backed_off += 1;
        }
    }

    /// Settles what becomes of ended invocations' messages.
    pub(super) fn finish(&mut self, mut group: Group) {
        let batches = group.batches;
        self.environments.end_many(batches, !group.within);
        self.tally.counts.invocations += batches;
        let failed = match group.within {
            true => self.chance.strikes(batches, self.failures.invocations),
            false => batches,
        };
        let mut badly = failed;
        let failing = part_of(&mut group, failed, &mut self.chance);
        if !group.overtaken {
            for piece in failing {
                self.come_back(piece, group.hidden_until);
            }
        }
        if group.batches > 0 {
            badly += self.run(&group);
        }
        self.tally.counts.failed_invocations += badly;
        self.ended(batches, badly);
    }

    /// Runs the function on the messages of a group; how many batches failed whole.
    fn run(&mut self, group: &Group) -> u64 {
        // All others, and batches that are the same as before, with a bad order in each: received twice, or more often.
        let kinds: [fn(&Piece) -> bool; 3] = [
            |piece| !piece.dirty,
            |piece| piece.dirty && piece.receives <= 2,
            |piece| piece.dirty && piece.receives > 2,
        ];
        let mixes = kinds.map(|is_of| {
            let mut pieces = group.pieces.iter().filter(|piece| is_of(piece));
            let first = pieces.next().copied().unwrap_or_default();
            pieces.fold(first, |sum, piece| sum.and(piece))
        });
        let clusters: f64 = mixes.iter().map(|mix| mix.clusters).sum();
        let mut batches = group.batches;
        let attempts = mixes.map(|mix| {
            if mix.total() == 0 {
                return Attempt::default();
            }
            let share = group.batches as f64 * (mix.clusters / clusters);
            let own = self.chance.round(share).clamp(1, batches.max(1));
            batches -= own.min(batches);
            self.traits.attempt(&mix, own, &mut self.chance)
        });
        let writes: u64 = attempts.iter().map(Attempt::writes).sum();
        let granted = self.write(writes);
        let mut failed = 0;
        let starved = std::mem::replace(&mut self.starved, granted < writes);
        for ((mut mix, attempt), is_of) in mixes.into_iter().zip(&attempts).zip(kinds) {
            if mix.total() == 0 {
                continue;
            }
            let own = self.chance.share(attempt.writes(), granted, writes.max(1));
            let mut fates = self
                .traits
                .fates(&mix, attempt, (own, starved), &mut self.chance);
            failed += fates.failed_batches;
            for piece in group.pieces.iter().filter(|piece| is_of(piece)) {
                let fates = fates.deal(piece, &mut mix, &mut self.chance);
                self.settle(piece, &fates, group);
            }
        }
        failed.min(group.batches)
    }

    /// Writes the rows of so many orders; of how many the table takes all.
    fn write(&mut self, orders: u64) -> u64 {
        if self.meter.is_unlimited() || orders == 0 {
            return orders;
        }
        let at = self.at();
        let (granted, refused) = self.meter.take_many(Side::Write, orders * self.rows, at);
        let now = self.nanos_of(self.now);
        for (throttled, count) in refused {
            let count = count.div_ceil(self.rows);
            self.tally.throttled_writes(&throttled.reason(), count, now);
        }
        granted / self.rows
    }

    fn settle(&mut self, piece: &Piece, fates: &Fates, group: &Group) {
        let now = self.nanos_of(self.now);
        let written = Written {
            began: group.began,
            ended: self.now,
            takes: group.takes,
        };
        if group.overtaken {
            // The message is no longer theirs.
            self.record(piece.fresh, piece, written);
            self.tally.meet(Wall::VisibilityTimeout, now);
            return;
        }
        match self.traits.writes_again() {
            // When an order is written for the last time is known when its message goes.
            true => self.record(fates.deleted_stored(), piece, written),
            false => self.record(fates.newly_stored(), piece, written),
        }
        self.tally.lost(fates.lost());
        self.line.in_flight -= fates.deleted();
        let is_too_old = self.line.is_too_old(piece, self.now);
        if is_too_old {
            let gone = Piece {
                fresh: 0,
                bad: 0,
                stored: fates.deleted(),
                ..*piece
            };
            self.tally.expired(&gone, false, now);
        }
        for mut back in fates.pieces(piece) {
            back.written = written;
            match is_too_old {
                true => {
                    self.line.in_flight -= back.total();
                    self.tally.expired(&back, true, now);
                }
                false => self.come_back(back, group.hidden_until),
            }
        }
    }
}

fn clone_without_pieces(group: &Group) -> Group {
    Group {
        pieces: Vec::new(),
        retries: None,
        ..*group
    }
}
