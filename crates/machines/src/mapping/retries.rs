//! When a throttled invocation is tried again.

use std::time::{Duration, Instant};

/// The first and the longest pause before a throttled invocation is tried again. That AWS tries again
/// until the visibility timeout ends is documented, how often is not.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// The pauses of one invocation that finds no room.
#[derive(Debug, Clone)]
pub struct Retries {
    pause: Duration,
    longest: Duration,
    gives_up_at: Instant,
}

impl Retries {
    /// Of an invocation that was throttled first at `now` and whose messages stay hidden for `hidden`; time passes `speed`
    /// times faster than on AWS.
    pub fn new(hidden: Duration, speed: f64, now: Instant) -> Self {
        Self {
            pause: RETRY_FIRST.div_f64(speed),
            longest: RETRY_LONGEST.div_f64(speed),
            gives_up_at: now + hidden,
        }
    }

    /// How long to wait at `now` before the next attempt; none when the messages are visible again by then.
    pub fn next(&mut self, now: Instant) -> Option<Duration> {
        let pause = self.pause;
        self.pause = (pause * 2).min(self.longest);
        (now + pause < self.gives_up_at).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_until_the_messages_are_visible_again() {
        let start = Instant::now();
        let mut retries = Retries::new(Duration::from_secs(20), 1.0, start);
        let mut now = start;
        let mut pauses = Vec::new();
        while let Some(pause) = retries.next(now) {
            now += pause;
            pauses.push(pause.as_millis());
        }
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        let mut faster = Retries::new(Duration::from_secs(2), 10.0, start);
        assert_eq!(faster.next(start), Some(Duration::from_millis(10)));
    }
}
