//! What the rows' own instants prove of the clock that wrote them.
//!
//! No row is stored before its order was due, and none after it was read. One that says so was written by a clock that
//! is off by at least as much; and if one clock wrote all rows, no row is further off than the others allow.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::DURATION_MAX;

/// How far the clock that wrote `stored_at` can be from the harness's, by the rows alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowClock {
    /// Rows stored, as they tell, before their order was due: impossible readings.
    pub early_rows: u64,
    /// Rows stored, as they tell, after they were read: impossible readings as well.
    pub late_rows: u64,
    /// By how much that clock is behind at least, microseconds; below zero as long as no row was early.
    pub behind_at_least_us: i64,
    /// By how much it is behind at most; below zero when a row was late, and it is ahead.
    pub behind_at_most_us: i64,
    /// By how much any one row can be off at most, if each was written by a clock of its own.
    pub any_row_at_most_us: i64,
}

impl RowClock {
    /// A row stored, as it tells, at `stored_us`, whose order was due at `due_us` and that was read at `read_us`:
    /// microseconds since the run's start.
    pub(super) fn of(stored_us: i64, due_us: i64, read_us: i64) -> Self {
        let behind_at_least_us = due_us.saturating_sub(stored_us);
        let behind_at_most_us = read_us.saturating_sub(stored_us);
        Self {
            early_rows: u64::from(behind_at_least_us > 0),
            late_rows: u64::from(behind_at_most_us < 0),
            behind_at_least_us,
            behind_at_most_us,
            any_row_at_most_us: behind_at_most_us.max(behind_at_least_us.saturating_neg()),
        }
    }

    /// Takes in one more.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            early_rows: self.early_rows + other.early_rows,
            late_rows: self.late_rows + other.late_rows,
            behind_at_least_us: self.behind_at_least_us.max(other.behind_at_least_us),
            behind_at_most_us: self.behind_at_most_us.min(other.behind_at_most_us),
            any_row_at_most_us: self.any_row_at_most_us.max(other.any_row_at_most_us),
        }
    }

    /// By how much the earliest row was early.
    pub fn early_by(&self) -> Duration {
        micros(self.behind_at_least_us)
    }

    /// By how much the latest row was late.
    pub fn late_by(&self) -> Duration {
        micros(self.behind_at_most_us.saturating_neg())
    }

    /// How far the clocks may be apart, `measured` being what was measured otherwise. As long as the rows agree with
    /// that, it holds; once they refute it, the rows alone bound the clock that wrote them.
    pub fn apart(&self, measured: Duration) -> Duration {
        let measured_us = i64::try_from(measured.as_micros()).unwrap_or(i64::MAX);
        let (least, most) = (self.behind_at_least_us, self.behind_at_most_us);
        if least <= measured_us && most >= measured_us.saturating_neg() {
            return measured;
        }
        let one_clock = least <= most;
        let by_the_rows = match one_clock {
            true => micros(least.saturating_abs().max(most.saturating_abs())),
            false => micros(self.any_row_at_most_us),
        };
        // Beyond every run's time axis one bound is as good as another.
        measured.max(by_the_rows.min(DURATION_MAX))
    }
}

/// Nothing below zero.
fn micros(us: i64) -> Duration {
    Duration::from_micros(u64::try_from(us).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Orders due every second and stored 3 s later, by a clock `ahead_ms` ahead; all read at 10 s.
    fn rows(ahead_ms: i64, took_ms: i64) -> RowClock {
        let row = |k: i64| {
            let due = k * 1_000 * MS;
            RowClock::of(due + (took_ms + ahead_ms) * MS, due, 10_000 * MS)
        };
        (1..5).map(row).fold(row(0), RowClock::and)
    }

    #[test]
    fn rows_that_agree_with_the_measured_clocks_change_nothing() {
        for (ahead_ms, took_ms, measured, why) in [
            (0, 5, ms(0), "one clock"),
            (-4, 5, ms(0), "behind, and no row shows it"),
            (-200, 5, ms(200), "behind, as was measured"),
            (5_000, 5, ms(0), "ahead, and no row shows it"),
        ] {
            let seen = rows(ahead_ms, took_ms);
            assert_eq!(seen.apart(measured), measured, "{why}");
        }
    }

    #[test]
    fn an_observation_with_impossible_readings_widens_the_measured_bound() {
        let observed = |row_clock| crate::verify::Observation {
            row_clock,
            ..Default::default()
        };
        let early = rows(-400, 5);
        assert_eq!(
            observed(Some(early)).clocks_apart(ms(1)),
            early.apart(ms(1))
        );
        assert!(observed(Some(early)).clocks_apart(ms(1)) > ms(395));
        assert_eq!(observed(Some(rows(0, 5))).clocks_apart(ms(1)), ms(1));
        assert_eq!(observed(None).clocks_apart(ms(1)), ms(1));
    }

    #[test]
    fn an_impossible_reading_bounds_the_clock_by_the_rows_themselves() {
        // Stored 400 ms early by the clock; the last one at 4.005 s was read at 10 s.
        let seen = rows(-400, 5);
        assert_eq!((seen.early_rows, seen.late_rows), (5, 0));
        assert_eq!(seen.early_by(), ms(395));
        assert_eq!(seen.apart(Duration::ZERO), ms(10_000 - 3_605));
        assert_eq!(
            seen.apart(ms(394)),
            ms(10_000 - 3_605),
            "more than was measured"
        );
        assert_eq!(seen.apart(ms(395)), ms(395), "no more than was measured");
        assert_eq!(
            seen.apart(seen.apart(ms(0))),
            seen.apart(ms(0)),
            "and no further"
        );
        // Ahead by a minute: no row can have taken less than nothing.
        let seen = rows(60_000, 5);
        assert_eq!((seen.early_rows, seen.late_rows), (0, 5));
        assert_eq!(seen.late_by(), ms(54_005));
        assert_eq!(seen.apart(Duration::ZERO), ms(60_005));
    }

    #[test]
    fn two_clocks_that_wrote_rows_leave_what_each_row_allows() {
        // One row an hour behind, the others right.
        let hour = RowClock::of(-3_600_000 * MS, 0, 10_000 * MS);
        let seen = rows(0, 5).and(hour);
        assert!(seen.behind_at_least_us > seen.behind_at_most_us);
        assert_eq!(seen.apart(Duration::ZERO), ms(3_610_000));
        let absurd = RowClock::of(i64::MAX, 0, 0).and(RowClock::of(i64::MIN, 0, 0));
        assert_eq!(absurd.early_rows + absurd.late_rows, 2);
        assert_eq!(absurd.apart(Duration::ZERO), DURATION_MAX);
    }
}
