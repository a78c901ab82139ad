//! What is noted of a play in cohorts, and added up at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::Class;
use orderproof_core::verify::PhaseFigures;
use orderproof_machines::queue::QueueCounts;
use orderproof_machines::time::Nanos;

use super::piece::Piece;
use crate::model::{Second, Wall};
use crate::played::{Counts, Played, SECOND, empty_phases, oldest_age};

/// Dead letters by the second in which they were sent: bad orders, good ones that are not stored, stored ones.
type Letters = BTreeMap<u64, [u64; 3]>;

#[derive(Debug)]
pub(super) struct Tally {
    phases: Vec<(u64, PhaseFigures)>,
    phase_ends: Vec<Nanos>,
    planned: u64,
    bad: u64,
    stored: u64,
    lost: u64,
    undecided: u64,
    expired: u64,
    letters: Letters,
    pub(super) empty_at: Option<Nanos>,
    pub(super) counts: Counts,
    seconds: Vec<Second>,
    /// The second that goes on.
    second: Second,
    /// When the oldest order was due of those stored in each second.
    oldest: Vec<Option<Nanos>>,
    walls: BTreeMap<Wall, Nanos>,
}

impl Tally {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let schedule = scenario.schedule();
        let profile = schedule.profile();
        let ends = (0..scenario.phases.len())
            .map(|phase| orderproof_machines::time::nanos(profile.phase_span(phase).1));
        Self {
            phases: empty_phases(scenario),
            phase_ends: ends.collect(),
            planned: schedule.count(),
            bad: 0,
            stored: 0,
            lost: 0,
            undecided: 0,
            expired: 0,
            letters: Letters::new(),
            empty_at: None,
            counts: Counts::default(),
            seconds: Vec::new(),
            second: Second::default(),
            oldest: Vec::new(),
            walls: BTreeMap::new(),
        }
    }

    fn phase_at(&mut self, at: Nanos) -> &mut (u64, PhaseFigures) {
        let phase = self.phase_ends.partition_point(|end| *end <= at);
        let last = self.phases.len() - 1;
        &mut self.phases[phase.min(last)]
    }

    pub(super) fn second_ends_at(&self) -> Nanos {
        (self.seconds.len() as Nanos + 1) * SECOND
    }

    /// Ends a second, in which so much is left.
    pub(super) fn look(&mut self, counts: QueueCounts, running: u32) {
        let mut second = std::mem::take(&mut self.second);
        second.time_s = self.seconds.len() as u64;
        second.queue_visible_messages = counts.visible + counts.delayed;
        second.queue_in_flight_messages = counts.in_flight;
        self.seconds.push(second);
        self.oldest.resize(self.seconds.len(), None);
        self.second.max_concurrent_invocations = running;
    }

    /// Orders were sent that were due at `due`, of which some are bad.
    pub(super) fn sent(&mut self, orders: u64, bad: u64, due: Nanos) {
        self.second.scheduled_orders += orders;
        self.bad += bad;
        self.phase_at(due).0 += orders;
    }

    /// Orders that were due at `due` were stored at `at`, `lasted` later.
    pub(super) fn stored(&mut self, orders: u64, due: Nanos, at: Nanos, lasted: Duration) {
        if orders == 0 {
            return;
        }
        self.stored += orders;
        let second = (at / SECOND) as usize;
        match self.seconds.get_mut(second) {
            Some(over) => over.stored_orders += orders,
            None => self.second.stored_orders += orders,
        }
        let figures = &mut self.phase_at(due).1;
        figures.end_to_end.record_many(lasted, orders);
        if self.oldest.len() <= second {
            self.oldest.resize(second + 1, None);
        }
        let oldest = &mut self.oldest[second];
        *oldest = Some(oldest.map_or(due, |oldest| oldest.min(due)));
    }

    pub(super) fn dead(&mut self, piece: &Piece, due: Nanos, now: Nanos) {
        self.second.dead_lettered_orders += piece.bad + piece.fresh;
        if piece.good() > 0 {
            self.meet(Wall::MaxReceiveCount, now);
        }
        let letters = self.letters.entry(due / SECOND).or_default();
        for (sum, more) in letters
            .iter_mut()
            .zip([piece.bad, piece.fresh, piece.stored])
        {
            *sum += more;
        }
    }

    /// Messages were too old; `is_lost` unless their orders are in work.
    pub(super) fn expired(&mut self, piece: &Piece, is_lost: bool, now: Nanos) {
        self.expired += piece.total();
        if is_lost {
            self.lost(piece.bad + piece.fresh);
        }
        if piece.total() > 0 {
            self.meet(Wall::Retention, now);
        }
    }

    /// Orders whose messages are gone, and which are nowhere.
    pub(super) fn lost(&mut self, orders: u64) {
        self.lost += orders;
    }

    /// Orders whose messages are still queued at the end.
    pub(super) fn left(&mut self, piece: &Piece) {
        self.undecided += piece.bad + piece.fresh;
    }

    pub(super) fn running(&mut self, running: u32) {
        for most in [
            &mut self.counts.max_concurrency,
            &mut self.second.max_concurrent_invocations,
        ] {
            *most = (*most).max(running);
        }
    }

    pub(super) fn throttled_invocations(&mut self, count: u64, now: Nanos) {
        self.counts.throttled_invocations += count;
        if count > 0 {
            self.meet(Wall::InvocationsThrottled, now);
        }
    }

    pub(super) fn throttled_writes(&mut self, reason: &str, count: u64, now: Nanos) {
        self.counts.throttled_writes += count;
        self.second.throttled_writes += count;
        *self
            .counts
            .throttling_reasons
            .entry(reason.to_owned())
            .or_default() += count;
        self.meet(Wall::WritesThrottled, now);
    }

    pub(super) fn meet(&mut self, wall: Wall, now: Nanos) {
        self.walls.entry(wall).or_insert(now);
    }

    /// The play as a whole. `letters_kept` is how long the dead-letter queue keeps messages.
    pub(super) fn played(
        self,
        scenario: &Scenario,
        last_send: Nanos,
        now: Nanos,
        letters_kept: Nanos,
    ) -> Played {
        let (mut kept, mut expired) = ([0_u64; 3], [0_u64; 3]);
        for (second, counts) in &self.letters {
            let is_expired = (second * SECOND).saturating_add(letters_kept) <= now;
            let sums = if is_expired { &mut expired } else { &mut kept };
            for (sum, more) in sums.iter_mut().zip(counts) {
                *sum += more;
            }
        }
        let classes = [
            (Class::Stored, self.stored.saturating_sub(kept[2])),
            (Class::DeadLetteredByDesign, kept[0]),
            (Class::GoodOrderDeadLettered, kept[1]),
            (Class::StoredAndDeadLettered, kept[2]),
            (Class::Lost, self.lost + expired[0] + expired[1]),
            (Class::Undecided, self.undecided),
        ];
        let mut played = Played {
            planned: self.planned,
            bad: self.bad,
            classes: classes
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            expired: self.expired,
            expired_dead_letters: expired.iter().sum(),
            phases: self.phases,
            drain: self
                .empty_at
                .map(|at| Duration::from_nanos(at.saturating_sub(last_send))),
            backlog_peak: 0,
            backlog_peak_at_s: 0,
            catch_up: None,
            oldest_age: oldest_age(&self.oldest),
            counts: self.counts,
            timeline: self.seconds,
            walls: self.walls,
        };
        played.fall_behind(scenario);
        played
    }
}
