//! The wall clock, which can be stepped: by an administrator, or by a fault that plays one.
//!
//! Durations never come from here but from the monotonic clock. What two wall-clock readings say of the
//! time between them is off by whatever the clock was stepped meanwhile; see [`step_between`].

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// How far faults have stepped the clock of this process, microseconds.
static STEPPED_US: AtomicI64 = AtomicI64::new(0);

/// The time now.
pub fn wall() -> SystemTime {
    let by_us = STEPPED_US.load(Ordering::Relaxed);
    let by = Duration::from_micros(by_us.unsigned_abs());
    let now = SystemTime::now();
    let stepped = match by_us < 0 {
        true => now.checked_sub(by),
        false => now.checked_add(by),
    };
    stepped.unwrap_or(now)
}

/// Steps the clock of this process, forward or back.
pub fn step(by: Duration, forward: bool) {
    let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    let by_us = if forward { by_us } else { -by_us };
    STEPPED_US.fetch_add(by_us, Ordering::Relaxed);
}

/// How far the wall clock has moved against the monotonic one since both were read: a step, or what it took
/// to read the two. The best of three readings, since a thread can be held up between them.
pub fn step_between(monotonic: Instant, at: SystemTime) -> Duration {
    let readings = [(); 3].map(|()| read_step(monotonic, at));
    readings.into_iter().min().unwrap_or_default()
}

fn read_step(monotonic: Instant, at: SystemTime) -> Duration {
    let (now, wall_now) = (Instant::now(), wall());
    let passed = now.saturating_duration_since(monotonic);
    let expected = at.checked_add(passed).unwrap_or(at);
    let ahead = wall_now.duration_since(expected);
    ahead.unwrap_or_else(|behind| behind.duration())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_shows_and_a_clock_left_alone_does_not() {
        let (monotonic, at) = (Instant::now(), wall());
        let hour = Duration::from_secs(3_600);
        let minute = Duration::from_secs(60);
        assert!(step_between(monotonic, at) < minute, "left alone");
        assert!(
            step_between(monotonic, at - hour) > hour - minute,
            "forward"
        );
        assert!(step_between(monotonic, at + hour) > hour - minute, "back");
    }
}
