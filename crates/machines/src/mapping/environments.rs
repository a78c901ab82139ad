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
        self.add_up(now);
        if self.may_add < 1.0 {
            return Begin::Throttled;
        }
        self.may_add -= 1.0;
        self.running += 1;
        Begin::Cold
    }

    /// Begins up to so many invocations at `now`: how many are warm, and how many cold; the others are throttled.
    pub fn begin_many(&mut self, wanted: u64, now: Instant) -> (u64, u64) {
        let mut room = wanted.min(u64::from(self.running_max.saturating_sub(self.running)));
        let warm = room.min(u64::from(self.idle));
        room -= warm;
        if room > 0 {
            self.add_up(now);
        }
        let cold = room.min(self.may_add as u64);
        self.may_add -= cold as f64;
        // Both are bounded by figures of 32 bits.
        self.idle -= warm as u32;
        self.running += (warm + cold) as u32;
        (warm, cold)
    }

    /// Invocations running now; those that wait for room are none of them.
    pub fn running(&self) -> u32 {
        self.running
    }

    /// Notes how many environments may be added by now.
    fn add_up(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.as_of = self.as_of.max(now);
        self.may_add = (self.may_add + passed * self.added_per_second).min(ADDED_MAX);
    }

    /// Ends an invocation; its environment stays for the next, unless it is `lost` (a time-out or a
    /// crash).
    pub fn end(&mut self, lost: bool) {
        self.running = self.running.saturating_sub(1);
        if !lost {
            self.idle += 1;
        }
    }

    /// The same for so many invocations.
    pub fn end_many(&mut self, ended: u64, lost: bool) {
        // No more can end than run.
        let ended = ended.min(u64::from(self.running)) as u32;
        self.running -= ended;
        if !lost {
            self.idle += ended;
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
    fn many_at_once_are_as_many_one_after_the_other() {
        let start = Instant::now();
        let settings = [(None, 1.0), (Some(30), 1.0), (Some(1_500), 10.0)];
        for (reserved, speed) in settings {
            let mut one = Environments::new(reserved, speed, start);
            let mut all = one.clone();
            for (round, wanted) in [7, 0, 1_200, 40, 3_000, 5].into_iter().enumerate() {
                let now = start + Duration::from_millis(130 * round as u64);
                let begun = begin(&mut one, wanted, now);
                let count = |kind| begun.iter().filter(|begin| **begin == kind).count() as u64;
                let many = all.begin_many(u64::from(wanted), now);
                assert_eq!(many, (count(Begin::Warm), count(Begin::Cold)));
                let ended = u64::from(one.running() / 3);
                (0..ended).for_each(|_| one.end(round == 2));
                all.end_many(ended, round == 2);
                assert_eq!((one.running(), one.idle), (all.running(), all.idle));
            }
        }
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
