//! How much a table on demand takes: double its previous peak.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long ago a peak must have been for its double to be taken at once.
const GROWTH_WINDOW: Duration = Duration::from_secs(30 * 60);

/// The units a second a table on demand takes at once: what it was warmed to, or double the peak of
/// more than 30 minutes ago.
///
/// Source: Amazon DynamoDB developer guide, "On-demand capacity mode": a new table takes up to 4,000
/// writes a second, any table double its previous peak, and more than that within 30 minutes may be
/// throttled. How the table grows within the 30 minutes is not documented; here it does not.
#[derive(Debug, Clone)]
pub(super) struct PreviousPeak {
    warm: f64,
    window: Duration,
    second: Duration,
    settled: f64,
    /// When each second began that was higher than all later ones, and its units.
    recent: VecDeque<(Instant, f64)>,
}

impl PreviousPeak {
    /// A table that takes `warm` units a second without having taken any; time passes `speed` times
    /// faster.
    pub(super) fn new(warm: f64, speed: f64) -> Self {
        Self {
            warm,
            window: GROWTH_WINDOW.div_f64(speed),
            second: Duration::from_secs(1).div_f64(speed),
            settled: 0.0,
            recent: VecDeque::new(),
        }
    }

    /// The units a second it takes at `now`.
    pub(super) fn limit(&mut self, now: Instant) -> f64 {
        while let Some((began, units)) = self.recent.front().copied()
            && now.saturating_duration_since(began) >= self.window
        {
            self.settled = self.settled.max(units);
            self.recent.pop_front();
        }
        self.warm.max(2.0 * self.settled)
    }

    /// Notes that `units` were used at `now`.
    pub(super) fn used(&mut self, units: f64, now: Instant) {
        match self.recent.back_mut() {
            Some((began, sum)) if now.saturating_duration_since(*began) < self.second => {
                *sum += units;
            }
            _ => self.recent.push_back((now, units)),
        }
        // Only a second that no later one has reached can become the peak.
        while self.recent.len() > 1 {
            let last = self.recent[self.recent.len() - 1].1;
            if self.recent[self.recent.len() - 2].1 > last {
                break;
            }
            self.recent.remove(self.recent.len() - 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn use_for(peak: &mut PreviousPeak, start: Instant, seconds: u64, units: f64) {
        for second in 0..seconds {
            peak.used(units, start + Duration::from_secs(second));
        }
    }

    #[test]
    fn a_new_table_takes_what_it_is_warm_for_and_double_its_peak_half_an_hour_later() {
        let start = Instant::now();
        let after = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut peak = PreviousPeak::new(4_000.0, 1.0);
        assert_eq!(peak.limit(start), 4_000.0);
        use_for(&mut peak, start, 60, 3_000.0);
        assert_eq!(peak.limit(after(29)), 4_000.0, "not yet");
        assert_eq!(peak.limit(after(31)), 6_000.0, "double the peak");
        use_for(&mut peak, after(31), 60, 500.0);
        assert_eq!(
            peak.limit(after(90)),
            6_000.0,
            "a quiet hour takes nothing back"
        );
    }

    #[test]
    fn a_small_peak_changes_nothing() {
        let start = Instant::now();
        let mut peak = PreviousPeak::new(4_000.0, 1.0);
        use_for(&mut peak, start, 10, 1_999.0);
        assert_eq!(peak.limit(start + Duration::from_secs(3_600)), 4_000.0);
    }

    #[test]
    fn compressed_time_shortens_the_half_hour() {
        let start = Instant::now();
        let mut peak = PreviousPeak::new(4_000.0, 10.0);
        peak.used(300.0, start);
        peak.used(300.0, start + Duration::from_millis(99));
        peak.used(2_600.0, start + Duration::from_millis(100));
        assert_eq!(peak.limit(start + Duration::from_secs(179)), 4_000.0);
        assert_eq!(peak.limit(start + Duration::from_secs(181)), 5_200.0);
    }

    #[test]
    fn what_it_remembers_stays_small() {
        let start = Instant::now();
        let mut peak = PreviousPeak::new(4_000.0, 1.0);
        for second in 0..1_700_u32 {
            let units = f64::from(second % 100);
            peak.used(units, start + Duration::from_secs(u64::from(second)));
        }
        assert!(peak.recent.len() <= 200, "{}", peak.recent.len());
    }
}
