//! How far the pipeline fell behind, and when it had caught up.

use std::time::Duration;

use super::figures::{duration, orders, thousands};
use super::{RunReport, TimelineRow};

/// The largest backlog of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Orders acknowledged and not yet in a final place.
    pub peak: u64,
    /// The second at whose end there were so many.
    pub at_s: u64,
    /// The phase of that second; `drain` after the last.
    pub phase: String,
    /// What the queue counted then: messages that waited, and messages in flight (in work, or held back for a retry).
    pub queue: Option<(u64, u64)>,
    /// The largest backlog before that phase began.
    pub usual: u64,
    /// It was seen to be no larger than usual only after seconds nobody measured: when that came about is not known.
    pub caught_up_unseen: bool,
    /// From the end of that phase until the backlog was no larger than usual; zero when it was so within the phase,
    /// `None` when that was not seen.
    pub caught_up: Option<Duration>,
}

impl RunReport {
    /// The largest backlog; `None` when there was none at the end of any second, or when it was not measured.
    pub fn backlog(&self) -> Option<Backlog> {
        let known = |row: &TimelineRow| Some((row.time_s, row.backlog_orders?));
        let rows = self.timeline.iter();
        let counted = rows.filter_map(|row| Some((row, row.backlog_orders?)));
        let (row, peak) = counted
            .max_by_key(|&(row, orders)| (orders, std::cmp::Reverse(row.time_s)))
            .filter(|&(_, orders)| orders > 0)?;
        let mut phases = self.phases.iter();
        let phase = phases.find(|phase| phase.figures.name == row.phase);
        // After the last phase there is no other end to count from.
        let end = phase.map_or(Duration::from_secs(row.time_s.saturating_add(1)), |phase| {
            phase.end
        });
        let begin = phase.map_or(end, |phase| phase.start);
        let seconds = || self.timeline.iter().filter_map(known);
        let (usual, caught_up) = caught_up(seconds, row.time_s, (begin, end));
        let back = seconds().find(|&(second, orders)| second > row.time_s && orders <= usual);
        let caught_up_unseen = back.is_some_and(|(second, _)| {
            let mut rows = self.timeline.iter();
            let before = rows.find(|row| row.time_s.saturating_add(1) == second);
            before.is_none_or(|row| row.backlog_orders.is_none())
        });
        Some(Backlog {
            peak,
            at_s: row.time_s,
            phase: row.phase.clone(),
            queue: row.queue_visible_messages.zip(row.queue_in_flight_messages),
            usual,
            caught_up_unseen,
            caught_up: caught_up.filter(|_| !caught_up_unseen),
        })
    }

    /// The largest backlog in words; `None` when it was not measured.
    pub fn backlog_line(&self) -> Option<String> {
        // After the last send alone it says nothing of the load.
        let measured = |row: &TimelineRow| row.backlog_orders.is_some() && row.offered_orders > 0;
        let measured = self.timeline.iter().any(measured);
        match self.backlog() {
            Some(backlog) => Some(backlog.told()),
            None => measured.then(|| "none at the end of any second".into()),
        }
    }
}

/// The largest backlog before `begin`, and how long after `end` it was no larger again, once the second of the peak was
/// over. `seconds` gives seconds and the backlog at the end of each.
pub fn caught_up<I: Iterator<Item = (u64, u64)>>(
    seconds: impl Fn() -> I,
    peak_at_s: u64,
    (begin, end): (Duration, Duration),
) -> (u64, Option<Duration>) {
    let at = |second: u64| Duration::from_secs(second.saturating_add(1));
    let before = seconds().filter(|&(second, _)| at(second) <= begin);
    let usual = before.map(|(_, orders)| orders).max().unwrap_or(0);
    let caught_up = seconds()
        .find(|&(second, orders)| second > peak_at_s && orders <= usual)
        .map(|(second, _)| at(second).saturating_sub(end));
    (usual, caught_up)
}

impl Backlog {
    fn told(&self) -> String {
        let queue = match self.queue {
            Some((waiting, in_flight)) => format!(
                "; then {} waiting, {} in flight (in work or held for a retry)",
                thousands(waiting),
                thousands(in_flight)
            ),
            None => String::new(),
        };
        format!(
            "at most {}, at second {} in {}{queue}",
            orders(self.peak),
            self.at_s,
            self.phase
        )
    }

    /// When it was back to usual, in words; `None` when it came about while nobody looked.
    pub fn caught_up_line(&self) -> Option<String> {
        if self.caught_up_unseen {
            return None;
        }
        let usual = match self.usual {
            0 => "back to 0".into(),
            usual => format!("back to the usual (up to {})", thousands(usual)),
        };
        Some(match self.caught_up {
            None => format!("not seen {usual}"),
            Some(Duration::ZERO) => format!("{usual} before {} ended", self.phase),
            Some(after) => format!("{usual} {} after {} ended", duration(after), self.phase),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::{SPIKE, World};

    /// SPIKE with these backlogs: warm-up and baseline up to second 24, the spike from 25 to 54.
    fn with(backlog: impl Fn(u64) -> Option<u64>) -> RunReport {
        let mut report = World::new(&SPIKE).report();
        for row in &mut report.timeline {
            row.backlog_orders = backlog(row.time_s);
            row.queue_visible_messages = Some(3);
            row.queue_in_flight_messages = Some(597);
        }
        report
    }

    #[test]
    fn the_peak_names_its_phase_and_when_it_was_caught_up() {
        let report = with(|second| match second {
            0..25 => Some(100),
            30 => Some(600),
            25..60 => Some(500),
            60 => Some(101),
            _ => Some(80),
        });
        let backlog = report.backlog().expect("there was one");
        assert_eq!(
            (backlog.peak, backlog.at_s, &*backlog.phase),
            (600, 30, "spike")
        );
        assert_eq!(backlog.usual, 100);
        assert_eq!(
            backlog.caught_up,
            Some(Duration::from_secs(7)),
            "second 61, not 60"
        );
        assert_eq!(
            report.backlog_line().as_deref(),
            Some(
                "at most 600 orders, at second 30 in spike; then 3 waiting, 597 in flight (in work or held for a retry)"
            )
        );
        assert_eq!(
            backlog.caught_up_line().as_deref(),
            Some("back to the usual (up to 100) 7.00 s after spike ended")
        );
    }

    #[test]
    fn what_was_not_seen_is_not_claimed() {
        let never = with(|second| Some(if second < 25 { 0 } else { 9 }));
        let backlog = never.backlog().expect("there was one");
        assert_eq!(backlog.caught_up, None);
        assert_eq!(
            backlog.caught_up_line().as_deref(),
            Some("not seen back to 0")
        );
        // Nobody looked before it was 0: when it became so is not known.
        let late = with(|second| match second {
            0..25 | 62.. => Some(0),
            25..55 => Some(9),
            _ => None,
        });
        let backlog = late.backlog().expect("there was one");
        assert_eq!(backlog.caught_up, None);
        assert_eq!(backlog.caught_up_line(), None);
        let none = with(|_| Some(0));
        assert_eq!(none.backlog(), None);
        assert_eq!(
            none.backlog_line().as_deref(),
            Some("none at the end of any second")
        );
        assert_eq!(with(|_| None).backlog_line(), None, "not measured");
    }
}
