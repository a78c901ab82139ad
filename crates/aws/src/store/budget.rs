//! The read budget: capacity units a second that reading the table may take.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// A bucket that fills by so many units a second, up to one second's worth. What is read is paid for in
/// advance by estimate, and put right once it is known.
#[derive(Debug)]
pub(super) struct ReadBudget(Option<Mutex<Bucket>>);

#[derive(Debug)]
struct Bucket {
    units_per_second: f64,
    left: f64,
    as_of: Instant,
}

impl ReadBudget {
    /// So many units a second; `None` is no limit.
    pub(super) fn new(units_per_second: Option<u32>) -> Self {
        Self(units_per_second.map(|units| {
            let units_per_second = f64::from(units);
            Mutex::new(Bucket {
                units_per_second,
                left: units_per_second,
                as_of: Instant::now(),
            })
        }))
    }

    /// Waits until `estimate` units may be read.
    pub(super) async fn take(&self, estimate: f64) {
        let wait = self.with(|bucket| bucket.take(estimate, Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            sleep(wait).await;
        }
    }

    /// What was read took `more` units more than was estimated; less if negative.
    pub(super) fn correct(&self, more: f64) {
        self.with(|bucket| bucket.left -= more);
    }

    fn with<T>(&self, change: impl FnOnce(&mut Bucket) -> T) -> Option<T> {
        let bucket = self.0.as_ref()?;
        Some(change(
            &mut bucket.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

impl Bucket {
    /// Takes `units`, into debt if need be, and says how long to wait until the debt is paid.
    fn take(&mut self, units: f64, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.as_of).as_secs_f64();
        self.as_of = now;
        self.left = (self.left + passed * self.units_per_second).min(self.units_per_second);
        self.left -= units;
        Duration::try_from_secs_f64((-self.left / self.units_per_second).max(0.0))
            .unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_is_free_and_the_rest_waits_its_turn() {
        let budget = ReadBudget::new(Some(100));
        let began = Instant::now();
        for (units, waited, why) in [
            (60.0, 0.0, "what is saved is free"),
            (40.0, 0.0, "to the last"),
            (50.0, 0.5, "half a second's worth"),
            (100.0, 1.5, "and a second more"),
        ] {
            budget.take(units).await;
            let passed = began.elapsed().as_secs_f64();
            assert!((passed - waited).abs() < 0.01, "{why}: {passed}");
        }
        budget.correct(-100.0);
        budget.take(100.0).await;
        let passed = began.elapsed().as_secs_f64();
        assert!(
            (passed - 1.5).abs() < 0.01,
            "an estimate too high is given back: {passed}"
        );
        budget.correct(100.0);
        budget.take(1.0).await;
        assert!(
            began.elapsed().as_secs_f64() > 2.4,
            "one too low is paid later"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn over_a_minute_many_readers_stay_within_the_budget() {
        let budget = std::sync::Arc::new(ReadBudget::new(Some(50)));
        let mut readers = tokio::task::JoinSet::new();
        for reader in 1..=4 {
            let budget = std::sync::Arc::clone(&budget);
            readers.spawn(async move {
                let mut read = 0.0;
                while let Ok(()) = tokio::time::timeout(Duration::from_secs(60), async {
                    budget.take(f64::from(reader)).await;
                })
                .await
                {
                    read += f64::from(reader);
                    if read >= 750.0 {
                        break;
                    }
                }
                read
            });
        }
        let began = Instant::now();
        let mut total = 0.0;
        while let Some(read) = readers.join_next().await {
            total += read.expect("no reader panics");
        }
        let took = began.elapsed().as_secs_f64();
        assert!(total <= 50.0 * (took + 1.0) + 10.0, "{total} in {took} s");
        assert!(
            total >= 50.0 * took - 10.0,
            "and uses it: {total} in {took} s"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn no_limit_is_no_wait() {
        let budget = ReadBudget::new(None);
        let began = Instant::now();
        budget.take(1e12).await;
        budget.correct(1e12);
        budget.take(1e12).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }
}
