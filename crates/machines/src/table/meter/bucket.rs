//! Units that refill with time, up to a maximum.

use std::time::Instant;

/// Capacity units in hand. It may owe: what an operation turned out to cost more than was known
/// before it is charged afterwards.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    units_per_second: f64,
    units_max: f64,
    units: f64,
    filled_at: Instant,
}

impl Bucket {
    /// A full bucket that keeps what `seconds_kept` seconds give.
    pub(super) fn full(units_per_second: f64, seconds_kept: f64, now: Instant) -> Self {
        let units_max = units_per_second * seconds_kept;
        Self {
            units_per_second,
            units_max,
            units: units_max,
            filled_at: now,
        }
    }

    /// Changes how fast it refills, and how much it keeps, from `now` on; a full one stays full.
    pub(super) fn set_rate(&mut self, units_per_second: f64, seconds_kept: f64, now: Instant) {
        self.fill(now);
        let is_full = self.units >= self.units_max;
        self.units_per_second = units_per_second;
        self.units_max = units_per_second * seconds_kept;
        self.units = match is_full {
            true => self.units_max,
            false => self.units.min(self.units_max),
        };
    }

    /// Whether `units` are there at `now`. More than the bucket can ever hold are there when it is full.
    pub(super) fn has(&mut self, units: f64, now: Instant) -> bool {
        self.fill(now);
        self.units >= units.min(self.units_max)
    }

    /// How many single units are there at `now`, one after the other.
    pub(super) fn whole(&mut self, now: Instant) -> u64 {
        self.fill(now);
        match self.units_max {
            // What never fits is granted when full.
            most if most < 1.0 => u64::from(self.units >= most),
            _ => self.units.max(0.0) as u64,
        }
    }

    /// Takes `units`, whether they are there or not; negative ones are given back.
    pub(super) fn charge(&mut self, units: f64) {
        self.units = (self.units - units).min(self.units_max);
    }

    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.filled_at = self.filled_at.max(now);
        self.units = (self.units + passed * self.units_per_second).min(self.units_max);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn take(bucket: &mut Bucket, units: f64, now: Instant) -> bool {
        let granted = bucket.has(units, now);
        if granted {
            bucket.charge(units);
        }
        granted
    }

    #[test]
    fn a_burst_is_spent_and_then_the_rate_holds() {
        let start = Instant::now();
        let mut bucket = Bucket::full(5.0, 300.0, start);
        let burst = (0..2_000).filter(|_| take(&mut bucket, 1.0, start)).count();
        assert_eq!(burst, 1_500);
        for second in 1..=10 {
            let now = start + Duration::from_secs(second);
            let granted = (0..20).filter(|_| take(&mut bucket, 1.0, now)).count();
            assert_eq!(granted, 5, "second {second}");
        }
    }

    #[test]
    fn a_long_rest_refills_the_burst_and_no_more() {
        let start = Instant::now();
        let mut bucket = Bucket::full(5.0, 300.0, start);
        while take(&mut bucket, 1.0, start) {}
        let rested = start + Duration::from_secs(86_400);
        let granted = (0..5_000).filter(|_| take(&mut bucket, 1.0, rested));
        assert_eq!(granted.count(), 1_500);
    }

    #[test]
    fn a_debt_is_worked_off_and_a_clock_that_goes_back_gives_nothing() {
        let start = Instant::now();
        let later = start + Duration::from_secs(10);
        let mut bucket = Bucket::full(10.0, 1.0, later);
        bucket.charge(15.0);
        assert!(!bucket.has(1.0, start));
        assert!(!bucket.has(1.0, later), "five are owed");
        assert!(!bucket.has(1.0, later + Duration::from_millis(500)), "paid");
        assert!(bucket.has(1.0, later + Duration::from_millis(600)));
    }

    #[test]
    fn what_never_fits_is_granted_when_full() {
        let start = Instant::now();
        let mut bucket = Bucket::full(10.0, 1.0, start);
        assert!(
            take(&mut bucket, 400.0, start),
            "a large item still goes in"
        );
        assert!(!take(&mut bucket, 1.0, start + Duration::from_secs(38)));
        assert!(take(&mut bucket, 1.0, start + Duration::from_secs(40)));
    }
}
