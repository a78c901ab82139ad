//! What one play was: noted while it goes on, and added up at its end.

use std::collections::BTreeMap;
use std::time::Duration;

use orderproof_core::metrics::Histogram;
use orderproof_core::results::caught_up;
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::Class;
use orderproof_core::verify::PhaseFigures;
use orderproof_machines::queue::QueueCounts;
use orderproof_machines::time::Nanos;

use crate::model::{Second, Wall};

pub(crate) const SECOND: Nanos = 1_000_000_000;

/// The instant of what has not happened.
const NEVER: Nanos = Nanos::MAX;

/// What is counted of the function and the mapping.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) invocations: u64,
    /// What they lasted in all.
    pub(crate) busy: Duration,
    pub(crate) failed_invocations: u64,
    pub(crate) cold_starts: u64,
    pub(crate) backed_off: u64,
    pub(crate) throttled_invocations: u64,
    pub(crate) throttled_writes: u64,
    pub(crate) throttling_reasons: BTreeMap<String, u64>,
    pub(crate) max_concurrency: u32,
}

/// What is noted while a scenario is played.
#[derive(Debug)]
pub(crate) struct Log {
    /// When each order was stored.
    stored_at: Vec<Nanos>,
    /// Orders and when they were dead-lettered.
    dead: Vec<(u64, Nanos)>,
    /// Messages that the orders queue did not keep long enough.
    expired: u64,
    /// Since when the queue is empty for good.
    pub(crate) empty_at: Option<Nanos>,
    pub(crate) counts: Counts,
    seconds: Vec<Second>,
    /// The second that goes on.
    second: Second,
    /// When each wall was met first.
    walls: BTreeMap<Wall, Nanos>,
}

impl Log {
    pub(crate) fn new(orders: u64) -> Self {
        Self {
            stored_at: vec![NEVER; usize::try_from(orders).expect("bounded")],
            dead: Vec::new(),
            expired: 0,
            empty_at: None,
            counts: Counts::default(),
            seconds: Vec::new(),
            second: Second::default(),
            walls: BTreeMap::new(),
        }
    }

    /// When the second that goes on ends.
    pub(crate) fn second_ends_at(&self) -> Nanos {
        (self.seconds.len() as Nanos + 1) * SECOND
    }

    /// Ends a second, in which so much is left.
    pub(crate) fn look(&mut self, counts: QueueCounts, running: u32) {
        let mut second = std::mem::take(&mut self.second);
        second.time_s = self.seconds.len() as u64;
        second.queue_visible_messages = counts.visible + counts.delayed;
        second.queue_in_flight_messages = counts.in_flight;
        self.seconds.push(second);
        self.second.max_concurrent_invocations = running;
    }

    pub(crate) fn sent(&mut self) {
        self.second.scheduled_orders += 1;
    }

    pub(crate) fn stored(&mut self, k: u64, now: Nanos, is_last_kept: bool) {
        let at = &mut self.stored_at[k as usize];
        if *at == NEVER || is_last_kept {
            *at = now;
        }
    }

    pub(crate) fn dead(&mut self, k: u64, now: Nanos) {
        self.dead.push((k, now));
    }

    pub(crate) fn running(&mut self, running: u32) {
        for most in [
            &mut self.counts.max_concurrency,
            &mut self.second.max_concurrent_invocations,
        ] {
            *most = (*most).max(running);
        }
    }

    pub(crate) fn throttled_invocation(&mut self, now: Nanos) {
        self.counts.throttled_invocations += 1;
        self.meet(Wall::InvocationsThrottled, now);
    }

    pub(crate) fn throttled_write(&mut self, reason: &str, now: Nanos) {
        self.counts.throttled_writes += 1;
        self.second.throttled_writes += 1;
        match self.counts.throttling_reasons.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(self.counts.throttling_reasons.insert(reason.to_owned(), 1)),
        }
        self.meet(Wall::WritesThrottled, now);
    }

    /// Messages were too old at `now`.
    pub(crate) fn expired(&mut self, messages: u64, now: Nanos) {
        self.expired += messages;
        if messages > 0 {
            self.meet(Wall::Retention, now);
        }
    }

    /// Notes that something got in the way of an order.
    pub(crate) fn meet(&mut self, wall: Wall, now: Nanos) {
        self.walls.entry(wall).or_insert(now);
    }
}

/// One play of a scenario.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    pub(crate) planned: u64,
    pub(crate) bad: u64,
    pub(crate) classes: BTreeMap<Class, u64>,
    pub(crate) expired: u64,
    pub(crate) expired_dead_letters: u64,
    /// Phase by phase: orders due, and their durations.
    pub(crate) phases: Vec<(u64, PhaseFigures)>,
    pub(crate) drain: Option<Duration>,
    pub(crate) backlog_peak: u64,
    pub(crate) backlog_peak_at_s: u64,
    pub(crate) catch_up: Option<Duration>,
    pub(crate) oldest_age: Duration,
    pub(crate) counts: Counts,
    pub(crate) timeline: Vec<Second>,
    pub(crate) walls: BTreeMap<Wall, Nanos>,
}

/// Where the messages of orders are at the end.
pub(crate) struct Left<'a> {
    /// Orders in the dead-letter queue.
    pub(crate) letters: &'a [u64],
    /// Dead letters that it did not keep long enough.
    pub(crate) expired_dead_letters: u64,
    /// Orders that are still in the orders queue.
    pub(crate) queued: &'a [u64],
}

const IS_DEAD: u8 = 1;
const IS_QUEUED: u8 = 2;

impl Played {
    pub(crate) fn new(
        scenario: &Scenario,
        bad: &[bool],
        log: Log,
        last_send: Nanos,
        left: &Left<'_>,
    ) -> Self {
        let mut flags = vec![0_u8; log.stored_at.len()];
        for (orders, flag) in [(left.letters, IS_DEAD), (left.queued, IS_QUEUED)] {
            orders.iter().for_each(|k| flags[*k as usize] |= flag);
        }
        let mut played = Self {
            planned: log.stored_at.len() as u64,
            bad: 0,
            classes: BTreeMap::new(),
            expired: log.expired,
            expired_dead_letters: left.expired_dead_letters,
            phases: empty_phases(scenario),
            drain: log
                .empty_at
                .map(|at| Duration::from_nanos(at.saturating_sub(last_send))),
            backlog_peak: 0,
            backlog_peak_at_s: 0,
            catch_up: None,
            oldest_age: Duration::ZERO,
            counts: log.counts,
            timeline: log.seconds,
            walls: log.walls,
        };
        let mut oldest = vec![None::<Nanos>; played.timeline.len()];
        let schedule = scenario.schedule();
        let profile = schedule.profile();
        for (k, due) in schedule.iter_from(0) {
            let stored_at = Some(log.stored_at[k as usize]).filter(|at| *at != NEVER);
            let bad = bad[k as usize];
            played.bad += u64::from(bad);
            let class = class(bad, stored_at.is_some(), flags[k as usize]);
            *played.classes.entry(class).or_default() += 1;
            let (orders, figures) = &mut played.phases[profile.phase_at(due)];
            *orders += 1;
            if let Some(at) = stored_at {
                let at = Duration::from_nanos(at);
                figures.end_to_end.record(at.saturating_sub(due));
                let second = at.as_secs() as usize;
                if let Some(second) = played.timeline.get_mut(second) {
                    second.stored_orders += 1;
                }
                if let Some(oldest) = oldest.get_mut(second) {
                    let due = due.as_nanos() as Nanos;
                    *oldest = Some(oldest.map_or(due, |oldest| oldest.min(due)));
                }
            }
        }
        for (k, at) in log.dead {
            if log.stored_at[k as usize] == NEVER
                && let Some(second) = played.timeline.get_mut((at / SECOND) as usize)
            {
                second.dead_lettered_orders += 1;
            }
        }
        played.fall_behind(scenario);
        played.oldest_age = oldest_age(&oldest);
        played
    }

    /// Works out the backlog.
    pub(crate) fn fall_behind(&mut self, scenario: &Scenario) {
        let mut backlog = 0_u64;
        for second in &mut self.timeline {
            backlog += second.scheduled_orders;
            let ended = second.stored_orders + second.dead_lettered_orders;
            backlog = backlog.saturating_sub(ended);
            second.backlog_orders = backlog;
        }
        let rows = || {
            let rows = self.timeline.iter();
            rows.map(|row| (row.time_s, row.backlog_orders))
        };
        let peak = rows().max_by_key(|&(second, orders)| (orders, std::cmp::Reverse(second)));
        let Some((at_s, peak)) = peak.filter(|(_, orders)| *orders > 0) else {
            return;
        };
        let schedule = scenario.schedule();
        let profile = schedule.profile();
        let start = Duration::from_secs(at_s);
        // After the last phase there is no other end to count from.
        let span = match start < profile.duration() {
            true => profile.phase_span(profile.phase_at(start)),
            false => (Duration::from_secs(at_s + 1), Duration::from_secs(at_s + 1)),
        };
        (self.backlog_peak, self.backlog_peak_at_s) = (peak, at_s);
        self.catch_up = caught_up(rows, at_s, span).1;
    }
}

/// Phase by phase: no orders yet, and no durations.
pub(crate) fn empty_phases(scenario: &Scenario) -> Vec<(u64, PhaseFigures)> {
    let phases = scenario.phases.iter().map(|phase| {
        let figures = PhaseFigures {
            name: phase.name.clone(),
            warm_up: phase.warm_up,
            response_time: Histogram::new(),
            service_time: Histogram::new(),
            schedule_lag: Histogram::new(),
            end_to_end: Histogram::new(),
        };
        (0, figures)
    });
    phases.collect()
}

fn class(bad: bool, stored: bool, flags: u8) -> Class {
    let dead = flags & IS_DEAD != 0;
    match (bad, stored, dead) {
        (false, true, false) => Class::Stored,
        (false, true, true) | (true, true, true) => Class::StoredAndDeadLettered,
        (false, false, true) => Class::GoodOrderDeadLettered,
        (true, false, true) => Class::DeadLetteredByDesign,
        (true, true, false) => Class::BadOrderStored,
        (_, false, false) if flags & IS_QUEUED != 0 => Class::Undecided,
        (_, false, false) => Class::Lost,
    }
}

/// The greatest age, at the end of a second, of the oldest order that is stored only later.
pub(crate) fn oldest_age(stored: &[Option<Nanos>]) -> Duration {
    let (mut oldest, mut greatest) = (None::<Nanos>, 0);
    for (second, due) in stored.iter().enumerate().rev() {
        // What is stored in a later second waits at the end of this one.
        let end = (second as Nanos + 1) * SECOND;
        if let Some(oldest) = oldest {
            greatest = greatest.max(end.saturating_sub(oldest));
        }
        oldest = [oldest, *due].into_iter().flatten().min();
    }
    Duration::from_nanos(greatest)
}
