//! A scenario of too many orders to play one by one: the same rules applied to counts of orders, slot of time by slot.
//!
//! Concurrency, environments, retries, times and table capacity are the very machines of `orderproof-machines`, asked for
//! many at once; the queue and what a function makes of its batches are counted here. What shares a slot is not told apart,
//! so all that is shorter than a slot is an average. How far that is off is stated by `tests.rs`.

mod arrivals;
mod calendar;
mod chance;
mod function;
mod line;
mod outcome;
mod piece;
mod poller;
mod tally;

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use orderproof_core::scenario::Scenario;
use orderproof_machines::mapping::{Concurrency, Environments, FunctionSettings, Gathering};
use orderproof_machines::table::Meter;
use orderproof_machines::time::{Nanos, nanos};

use crate::admit::rows_of_an_order;
use crate::learn::Failures;
use crate::model::Wall;
use crate::played::Played;
use crate::progress::{Progress, Start};
use crate::world::behavior_of;
use arrivals::Arriving;
use calendar::{Calendar, Event};
use chance::Chance;
use line::{Line, Passed};
use outcome::FunctionTraits;
use piece::{Piece, Written};
use poller::Gathered;
use tally::Tally;

/// The shortest slot.
const SLOT_LEAST: Nanos = 1_000_000;

/// The longest slot: beyond it, what an invocation takes would be shorter than a slot.
const SLOT_MOST: Nanos = 100_000_000;

/// Slots of load and wait together.
const SLOTS: Nanos = 1_000_000;

/// The longest load and wait that is played in cohorts.
pub(crate) const LONGEST: Duration = Duration::from_nanos(SLOTS * SLOT_MOST);

/// How long a slot of this scenario is.
pub(crate) fn slot(scenario: &Scenario) -> Duration {
    let length = scenario.schedule().profile().duration();
    let even = nanos(length.saturating_add(scenario.settle_deadline)).div_ceil(SLOTS);
    Duration::from_nanos(even.clamp(SLOT_LEAST, SLOT_MOST))
}

/// The pipeline.
struct Cohorts<'a> {
    scenario: &'a Scenario,
    seed: u64,
    speed: f64,
    /// Nanoseconds of a slot.
    slot: Nanos,
    /// The slot at hand.
    now: u64,
    origin: Instant,
    progress: &'a Progress,
    chance: Chance,
    arriving: Arriving,
    bad_share: f64,
    bytes: usize,
    traits: FunctionTraits,
    failures: Failures,
    rows: u64,
    delay: u64,
    visibility: Nanos,
    maximum_concurrency: u32,

    line: Line,
    calendar: Calendar,
    meter: Meter,
    environments: Environments,
    function: FunctionSettings,
    gathering: Gathering,
    gathered: Option<Gathered>,
    concurrency: Concurrency,
    /// Invocations of which the mapping does not know yet that they have ended.
    started: u64,
    /// Messages waited for an invocation to end at the end of the slot before.
    had_backlog: bool,
    /// The table had nothing left after the last writes.
    starved: bool,
    serial: u64,

    tally: Tally,
}

/// Plays a scenario that may be forecast. `is_any_bad` says whether its orders can be bad at all, `bytes` how long a message
/// is.
pub(crate) fn play(
    scenario: &Scenario,
    start: &Start,
    failures: Failures,
    (is_any_bad, bytes): (bool, usize),
) -> Played {
    Cohorts::new(scenario, start, failures, (is_any_bad, bytes)).play()
}

impl<'a> Cohorts<'a> {
    fn new(
        scenario: &'a Scenario,
        start: &'a Start,
        failures: Failures,
        (is_any_bad, bytes): (bool, usize),
    ) -> Self {
        let (pipeline, origin) = (&scenario.pipeline, start.origin);
        let (mapping, speed) = (&pipeline.mapping, scenario.time_scale);
        let function = pipeline.function.settings();
        let schedule = scenario.schedule();
        let slot = nanos(slot(scenario));
        let gathering = Gathering::new(mapping, false);
        let limit = pipeline.redrive_to.as_ref();
        let limit = limit.map(|_| pipeline.max_receive_count);
        let sending = &scenario.sending;
        Self {
            scenario,
            seed: scenario.seed,
            speed,
            slot,
            now: 0,
            origin,
            progress: &start.progress,
            chance: Chance::new(scenario.seed),
            arriving: Arriving::new(schedule, slot, (sending.batch, sending.linger)),
            bad_share: if is_any_bad { scenario.bad_share } else { 0.0 },
            bytes,
            traits: FunctionTraits {
                behavior: behavior_of(scenario),
                reports: mapping.report_batch_item_failures,
                refuses: failures.good_records,
            },
            failures,
            rows: rows_of_an_order(scenario) as u64,
            delay: nanos(scenario.order.delay.unwrap_or_default()).div_ceil(slot),
            visibility: nanos(pipeline.visibility_timeout),
            maximum_concurrency: mapping.maximum_concurrency.max(1),
            line: Line::new(
                gathering.first(),
                limit,
                nanos(pipeline.orders_retention).div_ceil(slot),
            ),
            calendar: Calendar::default(),
            meter: Meter::new("orders".into(), pipeline.table_capacity, speed, origin),
            environments: Environments::new(function.reserved_concurrency, speed, origin),
            function,
            gathering,
            gathered: None,
            concurrency: Concurrency::new(mapping),
            started: 0,
            had_backlog: false,
            starved: false,
            serial: 0,
            tally: Tally::new(scenario),
        }
    }

    /// When a slot begins.
    fn nanos_of(&self, slot: u64) -> Nanos {
        self.slot.saturating_mul(slot)
    }

    fn at(&self) -> Instant {
        self.origin + Duration::from_nanos(self.nanos_of(self.now))
    }

    /// Plays until everything is at an end, or until the deadline after the last send.
    fn play(mut self) -> Played {
        let patience = nanos(self.scenario.settle_deadline).div_ceil(self.slot);
        let mut last_send = 0;
        loop {
            self.look_until(self.nanos_of(self.now));
            // Neither what is sent nor what comes back is always first in its slot.
            if self.now.is_multiple_of(2) {
                self.take_events();
            }
            if !self.arriving.is_over() && self.send() {
                last_send = self.now;
            }
            self.go_on();
            self.wait_a_slot();
            let counts = self.line.counts();
            let at_rest = counts.total() == 0 && self.arriving.is_over();
            let now = self.nanos_of(self.now);
            match at_rest {
                true => _ = self.tally.empty_at.get_or_insert(now),
                false => self.tally.empty_at = None,
            }
            let Some(next) = self.next_slot() else {
                break;
            };
            if self.arriving.is_over() && next > last_send + patience {
                break;
            }
            self.now = next;
        }
        self.end(last_send)
    }

    /// The next slot in which anything happens.
    fn next_slot(&self) -> Option<u64> {
        let is_busy = !self.arriving.is_over()
            || self.gathered.is_some()
            || (self.line.counts().visible > 0 && self.has_room_or_grows());
        match is_busy {
            true => Some(self.now + 1),
            false => self.calendar.next().map(|slot| slot.max(self.now + 1)),
        }
    }

    fn has_room_or_grows(&self) -> bool {
        self.room() > 0 || self.concurrency.grows_in().is_some()
    }

    /// Invocations that may begin now.
    fn room(&self) -> u64 {
        u64::from(self.concurrency.limit()).saturating_sub(self.started)
    }

    /// Notes how things stand at the end of every second before `next`.
    fn look_until(&mut self, next: Nanos) {
        while self.tally.second_ends_at() <= next {
            let counts = self.line.counts();
            self.tally.look(counts, self.environments.running());
        }
    }

    /// Sends what is due in this slot; whether there was anything.
    fn send(&mut self) -> bool {
        let arrived = self.arriving.of(self.now, &mut self.chance);
        if arrived.orders == 0 {
            return false;
        }
        let bad = self.chance.strikes(arrived.orders, self.bad_share);
        let due = self.nanos_of(self.now);
        self.tally.sent(arrived.orders, bad, due);
        self.progress.sent(arrived.orders);
        let piece = Piece {
            sent: self.now,
            clusters: arrived.dispatches,
            bad,
            fresh: arrived.orders - bad,
            ..Piece::default()
        };
        match self.delay {
            0 => self.line.show(piece),
            delay => {
                self.line.delayed += piece.total();
                self.calendar.note(self.now + delay, Event::Due(piece));
            }
        }
        true
    }

    /// Everything that happens in this slot.
    fn go_on(&mut self) {
        loop {
            self.take_events();
            if !self.poll() {
                return;
            }
        }
    }

    fn take_events(&mut self) {
        while let Some(events) = self.calendar.take(self.now) {
            events.into_iter().for_each(|event| self.happens(event));
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Shown(piece) => {
                self.line.in_flight -= piece.total();
                self.show(piece);
            }
            Event::Due(piece) => {
                self.line.delayed -= piece.total();
                self.show(piece);
            }
            Event::Again(group) => self.begin(group),
            Event::Ended(group) => self.finish(group),
        }
    }

    fn show(&mut self, piece: Piece) {
        let now = self.nanos_of(self.now);
        match self.line.is_too_old(&piece, self.now) {
            true => self.tally.expired(&piece, true, now),
            false => self.line.show(piece),
        }
    }

    /// Notes what a receive has come upon.
    fn passed(&mut self, passed: Passed) {
        let now = self.nanos_of(self.now);
        for piece in &passed.expired {
            self.tally.expired(piece, true, now);
        }
        for piece in &passed.dead {
            self.tally.dead(piece, self.nanos_of(piece.sent), now);
            if self.traits.writes_again() {
                self.record(piece.stored, piece, piece.written);
            }
        }
    }

    /// Notes orders of a piece as stored in this slot, or at the end of what began there.
    fn record(&mut self, orders: u64, piece: &Piece, written: Written) {
        let due = self.nanos_of(piece.sent);
        let waited = self.nanos_of(written.began.saturating_sub(piece.sent)) + written.takes;
        let lasted = Duration::from_nanos(waited) + self.arriving.waited(piece.sent);
        let at = self.nanos_of(written.ended);
        self.tally.stored(orders, due, at, lasted);
    }

    /// Notes that messages wait, if they do, until the next slot.
    fn wait_a_slot(&mut self) {
        let waits = self.room() == 0 && self.line.messages() > 0;
        // What does not wait from one slot to the next is taken up in between.
        let waited = std::mem::replace(&mut self.had_backlog, waits) && waits;
        if !waits {
            return;
        }
        let wall = match self.concurrency.limit() >= self.maximum_concurrency {
            true => Wall::MaximumConcurrency,
            false => Wall::MappingConcurrency,
        };
        self.tally.meet(wall, self.nanos_of(self.now));
        if waited {
            self.concurrency.waited(Duration::from_nanos(self.slot));
        }
    }

    fn end(mut self, last_send: u64) -> Played {
        let now = self.nanos_of(self.now);
        self.look_until(now + 1_000_000_000);
        let calendar = std::mem::take(&mut self.calendar);
        for event in calendar.rest() {
            match event {
                Event::Shown(piece) | Event::Due(piece) => self.tally.left(&piece),
                // Their messages are counted where they are.
                Event::Ended(group) if group.overtaken => {}
                Event::Again(group) | Event::Ended(group) => {
                    group.pieces.iter().for_each(|piece| self.tally.left(piece));
                }
            }
        }
        let gathered = self.gathered.take().map(|gathered| gathered.pieces);
        for piece in self.line.rest().chain(gathered.into_iter().flatten()) {
            self.tally.left(&piece);
        }
        let kept = nanos(self.scenario.pipeline.dead_letter_retention);
        let last_send = self.slot.saturating_mul(last_send);
        self.tally.played(self.scenario, last_send, now, kept)
    }
}
