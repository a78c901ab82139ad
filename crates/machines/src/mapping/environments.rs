//! Execution environments: which invocation finds a warm one, which waits for a cold one, which none.

use std::time::{Duration, Instant};

/// Environments a function may add every 10 s (AWS Lambda developer guide, "Understanding Lambda function
/// scaling").
const ADDED_MAX: f64 = 1_000.0;
const ADDED_EVERY: Duration = Duration::from_secs(10);

/// How an invocation begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// In an environment that has run before.
    Warm,
    /// In a new one.
    Cold,
    /// Not at all: there is no room.
    Throttled,
}

/// The execution environments of one function. Idle ones are kept: when AWS takes them away is not
/// documented.
#[derive(Debug, Clone)]
pub struct Environments {
    idle: u32,
    running: u32,
    running_max: u32,
    added_per_second: f64,
    may_add: f64,
    as_of: Instant,
}

impl Environments {
    /// None yet. At most `reserved` run at one time, if that is set; time passes `speed` times faster.
    pub fn new(reserved: Option<u32>, speed: f64, now: Instant) -> Self {
        Self {
            idle: 0,
            running: 0,
            running_max: reserved.unwrap_or(u32::MAX),
            added_per_second: ADDED_MAX / ADDED_EVERY.as_secs_f64() * speed,
            may_add: ADDED_MAX,
            as_of: now,
        }
    }

    /// Begins an invocation at `now`.
    pub fn begin(&mut self, now: Instant) -> Begin {
        if self.running >= self.running_max {
            return Begin::Throttled;
        }
        if self.idle > 0 {
            self.idle -= 1;
            self.running += 1;
            return Begin::Warm;
        }
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.as_of = self.as_of.max(now);
        self.may_add = (self.may_add + passed * self.added_per_second).min(ADDED_MAX);
        if self.may_add < 1.0 {
            return Begin::Throttled;
        }
        self.may_add -= 1.0;
        self.running += 1;
        Begin::Cold
    }

    /// Invocations running now; those that wait for room are none of them.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Ends an invocation; its environment stays for the next, unless it is `lost` (a time-out or a
    /// crash).
    pub fn end(&mut self, lost: bool) {
        self.running = self.running.saturating_sub(1);
        if !lost {
            self.idle += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(environments: &mut Environments, times: u32, now: Instant) -> Vec<Begin> {
        (0..times).map(|_| environments.begin(now)).collect()
    }

    #[test]
    fn the_first_is_cold_and_the_next_is_warm() {
        let now = Instant::now();
        let mut environments = Environments::new(None, 1.0, now);
        assert_eq!(environments.begin(now), Begin::Cold);
        assert_eq!(environments.begin(now), Begin::Cold, "the first still runs");
        environments.end(false);
        assert_eq!(environments.begin(now), Begin::Warm);
        environments.end(true);
        assert_eq!(environments.begin(now), Begin::Cold, "it was lost");
    }

    #[test]
    fn reserved_concurrency_throttles_and_room_comes_back() {
        let now = Instant::now();
        let mut environments = Environments::new(Some(2), 1.0, now);
        let begun = begin(&mut environments, 3, now);
        assert_eq!(begun, [Begin::Cold, Begin::Cold, Begin::Throttled]);
        environments.end(false);
        assert_eq!(environments.begin(now), Begin::Warm);
        assert_eq!(
            environments.begin(now),
            Begin::Throttled,
            "a warm one counts"
        );
    }

    #[test]
    fn a_thousand_are_added_every_ten_seconds() {
        let start = Instant::now();
        let cold = |begun: &[Begin]| begun.iter().filter(|begin| **begin == Begin::Cold).count();
        for (speed, second) in [(1.0, 1.0), (10.0, 0.1)] {
            let mut environments = Environments::new(None, speed, start);
            assert_eq!(cold(&begin(&mut environments, 1_500, start)), 1_000);
            let later = start + Duration::from_secs_f64(second);
            assert_eq!(cold(&begin(&mut environments, 1_500, later)), 100);
        }
    }
}
