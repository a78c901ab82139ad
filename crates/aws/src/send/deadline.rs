//! Time limits of one attempt after another, by one timer.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is used again for each attempt. It stays set to the end of an earlier one, and is set anew when it has gone
/// off: to set it for each attempt would take longer than to write a request.
#[derive(Default)]
pub(super) struct Deadline {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// What `attempt` comes to, unless it takes longer than `limit`.
    pub(super) async fn within<T>(
        &mut self,
        limit: Duration,
        attempt: impl Future<Output = T>,
    ) -> Option<T> {
        let end = Instant::now() + limit;
        let mut attempt = pin!(attempt);
        poll_fn(|cx| {
            if let Poll::Ready(done) = attempt.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
            if timer.deadline() > end {
                timer.as_mut().reset(end);
            }
            while timer.as_mut().poll(cx).is_ready() {
                if timer.deadline() >= end {
                    return Poll::Ready(None);
                }
                timer.as_mut().reset(end);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn an_attempt_ends_at_its_own_limit_whatever_the_timer_was_set_to() {
        let mut deadline = Deadline::default();
        for (limit_ms, takes_ms, is_in_time) in [
            (1_000, 0, true),
            (1_000, 400, true),
            (1_000, 999, true),
            // The timer goes off within this one, for an earlier one.
            (1_000, 999, true),
            (1_000, 1_001, false),
            (1_000, 999, true),
            (50, 60, false),
            (50, 40, true),
            (5_000, 4_000, true),
        ] {
            let (limit, takes) = (
                Duration::from_millis(limit_ms),
                Duration::from_millis(takes_ms),
            );
            let begin = Instant::now();
            let done = deadline.within(limit, sleep(takes)).await;
            assert_eq!(done.is_some(), is_in_time, "{limit_ms} {takes_ms}");
            assert_eq!(begin.elapsed(), takes.min(limit), "{limit_ms} {takes_ms}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_ends_is_given_up_time_after_time() {
        let mut deadline = Deadline::default();
        let begin = Instant::now();
        for _ in 0..3 {
            assert_eq!(deadline.within(LIMIT, pending::<()>()).await, None);
        }
        assert_eq!(begin.elapsed(), 3 * LIMIT);
    }
}
