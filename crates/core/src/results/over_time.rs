//! What the seconds of a run tell together: the figures of rules that no histogram holds.

use std::time::Duration;

use super::figures::{counted, duration, micros, thousands};
use super::workers::{WORKERS_APART, workers_apart};
use super::{RunReport, Tally, TimelineRow};
use crate::scenario::{OrderRate, RECOVERED_SECONDS, recovery_from};
use crate::verdict::Class;

/// How long a run took to recover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recovery {
    /// So long after the end of the phase.
    In {
        /// From the end of the phase to the begin of the first second.
        after: Duration,
        /// The largest p99 of a second of the baseline, microseconds.
        usual_us: u64,
    },
    /// Not within so long after it; the run ended before.
    NotWithin {
        /// From the end of the phase to the end of the last second that was slower.
        seen: Duration,
        /// The largest p99 of a second of the baseline, microseconds.
        usual_us: u64,
    },
    /// It is not known, and why.
    Unknown(String),
}

/// Seconds of two clocks are the same ones only as far as the clocks agree.
const SECONDS_APART: Duration = Duration::from_millis(250);

/// A count of orders a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerSecond {
    /// How many orders.
    pub orders: u64,
    /// In so many seconds.
    pub seconds: f64,
}

impl RunReport {
    /// Orders in the wrong place, and not lost.
    pub fn misplaced_tally(&self) -> Tally {
        let classes = Class::ALL.into_iter().filter(|class| class.is_misplaced());
        let mut all = Tally::whole(0);
        for tally in classes.map(|class| self.class_tally(class)) {
            let add = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
            all.at_least = match (all.at_least, tally.at_least) {
                (None, known) | (known, None) => known,
                (one, other) => add(one, other),
            };
            all.at_most = add(all.at_most, tally.at_most);
            all.why = all.why.or(tally.why);
        }
        all
    }

    /// The most orders acknowledged and not in a final place at the end of a second, in `phase` or in any.
    pub fn peak_backlog_tally(&self, phase: Option<&str>) -> Tally {
        if let Err(why) = self.seconds_agree() {
            return Tally::unknown(why);
        }
        let measured = self.most(phase, |row| row.backlog_orders, "the backlog");
        let count = |class| self.classes.get(&class).copied().unwrap_or_default();
        // What was taken off for rows and letters of orders that had not been acknowledged, or for both of one order.
        let strangers = [
            self.seen_unacknowledged(),
            self.foreign_dead_letters.unwrap_or_default(),
            self.extra_dead_letter_copies.unwrap_or_default(),
            count(Class::Phantom),
            count(Class::StoredTwice),
        ];
        let strangers = strangers.into_iter().fold(0, u64::saturating_add);
        // Which of these a count of the dead-letter queue holds at a moment is not known.
        let both = count(Class::StoredAndDeadLettered);
        let off = strangers.saturating_add(both);
        if off == 0 {
            return measured;
        }
        let why = format!(
            "{} or letters may have been taken off that belong to none of these orders, or twice",
            counted(off, "row")
        );
        Tally {
            at_least: measured.at_least.map(|least| least.saturating_sub(both)),
            at_most: measured.at_most.map(|most| most.saturating_add(off)),
            why: measured.why.or(Some(why)),
        }
    }

    /// Orders that were found somewhere although nobody had acknowledged them.
    fn seen_unacknowledged(&self) -> u64 {
        let nowhere = [
            Class::IndeterminateNeverSeen,
            Class::Rejected,
            Class::Unsent,
        ];
        let nowhere = nowhere.map(|class| self.classes.get(&class).copied().unwrap_or_default());
        let nowhere = nowhere.into_iter().fold(0, u64::saturating_add);
        let orders = &self.orders;
        let unacknowledged = orders.planned.saturating_sub(orders.acknowledged);
        unacknowledged.saturating_sub(nowhere)
    }

    /// How far the clocks behind end-to-end times may be apart, by what was measured and by the rows themselves.
    pub fn clocks_apart(&self) -> Duration {
        let measured = Duration::from_micros(self.clock_skew_bound_us);
        self.row_clock.map_or(measured, |seen| seen.apart(measured))
    }

    /// Why the seconds in which rows were stored are not those in which orders were sent, if so.
    fn seconds_agree(&self) -> Result<(), String> {
        self.workers_agree()?;
        let apart = self.clocks_apart();
        match apart >= SECONDS_APART {
            true => Err(format!(
                "it is counted by the second, and the clocks behind it may differ by {}",
                duration(apart)
            )),
            false => Ok(()),
        }
    }

    /// Why the seconds and phases of one worker are not those of another, if so.
    fn workers_agree(&self) -> Result<(), String> {
        let apart = workers_apart(&self.workers);
        match apart > WORKERS_APART {
            true => Err(format!(
                "the clocks of two workers may be {} apart, so that their seconds are not the same: synchronize them",
                duration(apart)
            )),
            false => Ok(()),
        }
    }

    /// The most messages that waited in the queue at the end of a second, in `phase` or in any.
    pub fn waiting_tally(&self, phase: Option<&str>) -> Tally {
        if let Err(why) = self.workers_agree() {
            return Tally::unknown(why);
        }
        self.most(phase, |row| row.queue_visible_messages, "the queue")
    }

    /// The most messages that were in the dead-letter queue at the end of a second.
    pub fn dead_letters_tally(&self) -> Tally {
        let mut in_all = 0_u64;
        let grown = self.timeline.iter().map(|row| {
            in_all = in_all.saturating_add(row.dead_lettered_orders?);
            Some(in_all)
        });
        let counted = self.largest(grown.zip(&self.timeline), "the dead-letter queue");
        let read = self.dead_letter_sweep.items;
        match counted.at_most {
            Some(most) if most < read => Tally {
                at_most: Some(read),
                why: Some(format!(
                    "the queue's own counts say {}, and {} were read from it",
                    thousands(most),
                    thousands(read)
                )),
                ..counted
            },
            _ => counted,
        }
    }

    fn most(
        &self,
        phase: Option<&str>,
        pick: fn(&TimelineRow) -> Option<u64>,
        what: &str,
    ) -> Tally {
        let wanted = |row: &&TimelineRow| phase.is_none_or(|phase| row.phase == phase);
        let rows = self.timeline.iter().filter(wanted);
        self.largest(rows.map(|row| (pick(row), row)), what)
    }

    /// The largest of these; where one is not known, no more than the orders that had been sent by then.
    fn largest<'a>(
        &'a self,
        rows: impl Iterator<Item = (Option<u64>, &'a TimelineRow)>,
        what: &str,
    ) -> Tally {
        let (mut known, mut at_most, mut unknown, mut seconds) = (None, 0, 0_u64, 0_u64);
        for (value, row) in rows {
            seconds += 1;
            known = known.max(value);
            if value.is_none() {
                unknown += 1;
            }
            at_most = at_most.max(value.unwrap_or_else(|| self.sent_by(row.time_s)));
        }
        match (seconds, unknown) {
            (0, _) => Tally::unknown("no second of it was measured"),
            (_, 0) => Tally::whole(at_most),
            (_, unknown) => Tally {
                at_least: known,
                at_most: Some(at_most),
                why: Some(format!(
                    "{what} was not measured in {}",
                    counted(unknown, "second")
                )),
            },
        }
    }

    /// Orders that may have reached the pipeline by the end of a second.
    fn sent_by(&self, second: u64) -> u64 {
        let rows = self.timeline.iter().take_while(|row| row.time_s <= second);
        rows.map(|row| {
            row.acknowledged_orders
                .saturating_add(row.indeterminate_orders)
        })
        .fold(0, u64::saturating_add)
    }

    /// The age of the oldest order that was still to be stored at the end of a second, in `phase` or in any; zero where
    /// none was. Of orders that were stored in the end.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn oldest_age(&self, phase: Option<&str>) -> Result<Duration, String> {
        self.all_rows_timed()?;
        if self.timeline.iter().all(|row| row.stored_orders == Some(0)) {
            return Err("no order was stored".into());
        }
        let wanted = |row: &&TimelineRow| phase.is_none_or(|phase| row.phase == phase);
        let ages = self.timeline.iter().filter(wanted);
        let oldest = ages.map(|row| row.oldest_age_ms.unwrap_or(0)).max();
        let oldest = oldest.ok_or("no second of it was measured")?;
        Ok(Duration::from_millis(oldest))
    }

    /// Why what rows tell of their instants is not the whole truth, if so.
    fn all_rows_timed(&self) -> Result<(), String> {
        let told = self.timeline.iter().any(|row| row.stored_orders.is_some());
        match self.untimed_rows.unwrap_or_default() {
            _ if !self.scan.complete => Err("the table was not read to its end".into()),
            0 if told => Ok(()),
            0 => Err("no row tells when it was stored".into()),
            rows => Err(format!(
                "{} not tell when they were stored",
                match rows {
                    1 => "1 row does".into(),
                    rows => format!("{} do", counted(rows, "row")),
                }
            )),
        }
    }

    /// Orders a second in `phase`, or in every phase that is no warm-up: offered and acknowledged ones by the phase they
    /// were due in, stored ones by the whole seconds of the phase in which they were stored.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn per_second(&self, rate: OrderRate, phase: Option<&str>) -> Result<PerSecond, String> {
        self.workers_agree()?;
        let wanted = self.phases.iter().filter(|seen| match phase {
            Some(name) => seen.figures.name == name,
            None => !seen.figures.warm_up,
        });
        let mut all = PerSecond {
            orders: 0,
            seconds: 0.0,
        };
        for seen in wanted {
            let (orders, length) = match rate {
                OrderRate::Offered => (seen.attempted, seen.end.saturating_sub(seen.start)),
                OrderRate::Acknowledged => (seen.acknowledged, seen.end.saturating_sub(seen.start)),
                OrderRate::Stored => {
                    self.all_rows_timed()?;
                    self.seconds_agree()?;
                    let within = self.whole_seconds(seen.start, seen.end);
                    let stored = within.clone().filter_map(|row| row.stored_orders);
                    let stored = stored.fold(0, u64::saturating_add);
                    (stored, Duration::from_secs(within.count() as u64))
                }
            };
            all.orders = all.orders.saturating_add(orders);
            all.seconds += length.as_secs_f64();
        }
        match all.seconds > 0.0 {
            true => Ok(all),
            false => Err("no phase was measured".into()),
        }
    }

    /// The rows of the seconds that lie within `from` and `to`.
    fn whole_seconds(
        &self,
        from: Duration,
        to: Duration,
    ) -> impl Iterator<Item = &TimelineRow> + Clone {
        self.timeline.iter().filter(move |row| {
            let start = Duration::from_secs(row.time_s);
            start >= from && start.saturating_add(Duration::from_secs(1)) <= to
        })
    }

    /// Of the orders handed to the network in `phase`, or in every phase that is no warm-up, how many were not
    /// acknowledged; `None` when none was.
    pub fn send_errors_of(&self, phase: Option<&str>) -> Option<(u64, u64)> {
        let wanted = self.phases.iter().filter(|seen| match phase {
            Some(name) => seen.figures.name == name,
            None => !seen.figures.warm_up,
        });
        let (mut failed, mut attempted) = (0_u64, 0_u64);
        for seen in wanted {
            attempted = attempted.saturating_add(seen.attempted);
            failed = failed.saturating_add(seen.attempted.saturating_sub(seen.acknowledged));
        }
        (attempted > 0).then_some((failed, attempted))
    }

    /// How long after the end of `phase`, or of the phase of the highest rate, the end-to-end latency was back at that of
    /// the baseline: to the begin of the first of three seconds in a row, in each of which the p99 of the orders due was
    /// no larger than in the slowest second of the baseline.
    pub fn recovery(&self, phase: Option<&str>) -> Recovery {
        let phases = &self.scenario.phases;
        let found = recovery_from(phases, phase);
        let times = self.all_rows_timed().and_then(|()| self.seconds_agree());
        let (baseline, spike) = match (found, times) {
            (Ok(found), Ok(())) => found,
            (Err(why), _) | (_, Err(why)) => return Recovery::Unknown(why),
        };
        let span = |index: usize| self.phases.get(index).map(|phase| (phase.start, phase.end));
        let Some(((from, to), (_, end))) = span(baseline).zip(span(spike)) else {
            return Recovery::Unknown("the phase was not measured".into());
        };
        let usual = self
            .whole_seconds(from, to)
            .filter_map(|row| row.end_to_end_p99_us);
        let Some(usual_us) = usual.max() else {
            return Recovery::Unknown("no latency of the baseline was measured".into());
        };
        let last = Duration::from_secs(u64::MAX);
        let after: Vec<_> = self
            .whole_seconds(end, last)
            .filter_map(|row| Some((row.time_s, row.end_to_end_p99_us?)))
            .collect();
        let since = |second: u64| Duration::from_secs(second).saturating_sub(end);
        let mut windows = after.windows(RECOVERED_SECONDS as usize);
        let recovered = windows.find(|seconds| seconds.iter().all(|(_, us)| *us <= usual_us));
        // Seconds at the end that were no slower may be the first of three.
        let slow = after.iter().rev().find(|(_, us)| *us > usual_us);
        match (recovered, slow) {
            (Some(seconds), _) => Recovery::In {
                after: since(seconds[0].0),
                usual_us,
            },
            (None, Some((second, _))) => Recovery::NotWithin {
                seen: since(second.saturating_add(1)),
                usual_us,
            },
            (None, None) => Recovery::Unknown(
                "the latencies of fewer than three seconds after the phase were measured".into(),
            ),
        }
    }
}

impl Recovery {
    /// In words; nothing where it is not known.
    pub fn told(&self) -> String {
        let usual = |us: u64| format!("the baseline's seconds: p99 up to {}", micros(us));
        match self {
            Self::In { after, usual_us } if after.is_zero() => {
                format!("0 s ({})", usual(*usual_us))
            }
            Self::In { after, usual_us } => format!("{} ({})", duration(*after), usual(*usual_us)),
            Self::NotWithin { seen, usual_us } => {
                format!("not within {} ({})", duration(*seen), usual(*usual_us))
            }
            Self::Unknown(_) => String::new(),
        }
    }
}

#[cfg(test)]
#[path = "over_time_tests.rs"]
mod tests;
