//! How many invocations may run at one time, and how that grows.

use std::time::Duration;

use super::settings::Mapping;

const MINUTE: Duration = Duration::from_secs(60);

/// The limit on concurrent invocations: it starts low and grows, evenly, with the time that messages
/// wait for it.
///
/// Each invocation that fails or is throttled takes back one that was added. That AWS does so gradually
/// is documented ("Backoff strategy for failed invocations"), how fast is not; nor is when it takes
/// concurrency back that is no longer needed, which here it does not.
#[derive(Debug, Clone)]
pub struct Concurrency {
    backs_off: bool,
    starting: u32,
    added_per_minute: u32,
    maximum: u32,
    backlogged: Duration,
}

impl Concurrency {
    /// The limit of a mapping of a FIFO queue: its maximum, from the start. The message groups bound what runs, as each
    /// has one batch in flight at a time ("whichever is lower", AWS Lambda, "Configuring scaling behavior for SQS event
    /// source mappings", which names no ramp for them).
    pub fn of_fifo(mapping: &Mapping) -> Self {
        Self {
            starting: mapping.maximum_concurrency.max(1),
            ..Self::new(mapping)
        }
    }

    /// The limit a mapping starts with; at least one invocation can always run.
    pub fn new(mapping: &Mapping) -> Self {
        Self {
            backs_off: mapping.back_off,
            starting: mapping.starting_concurrency.max(1),
            added_per_minute: mapping.added_concurrency_per_minute,
            maximum: mapping.maximum_concurrency.max(1),
            backlogged: Duration::ZERO,
        }
    }

    /// Invocations that may run at one time now.
    pub fn limit(&self) -> u32 {
        u32::try_from(self.added())
            .unwrap_or(u32::MAX)
            .saturating_add(self.starting)
            .min(self.maximum)
    }

    /// Notes that messages waited for an invocation to end for `waited`.
    pub fn waited(&mut self, waited: Duration) {
        self.backlogged = self.backlogged.saturating_add(waited);
    }

    /// Takes back one that was added, as an invocation has failed or been throttled; whether there was
    /// one.
    pub fn back_off(&mut self) -> bool {
        let added = self.limit().saturating_sub(self.starting);
        if !self.backs_off || added == 0 || self.added_per_minute == 0 {
            return false;
        }
        // The least waiting that gives one less.
        let nanos = MINUTE.as_nanos() * u128::from(added - 1);
        let nanos = nanos.div_ceil(u128::from(self.added_per_minute));
        self.backlogged = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        true
    }

    /// How much longer messages must wait before the limit grows by one; `None` if it never does.
    pub fn grows_in(&self) -> Option<Duration> {
        if self.added_per_minute == 0 || self.limit() == self.maximum {
            return None;
        }
        let next = MINUTE.as_nanos() * (self.added() + 1);
        let next = next.div_ceil(u128::from(self.added_per_minute));
        let left = next.saturating_sub(self.backlogged.as_nanos());
        Some(Duration::from_nanos(
            u64::try_from(left).unwrap_or(u64::MAX),
        ))
    }

    fn added(&self) -> u128 {
        self.backlogged.as_nanos() * u128::from(self.added_per_minute) / MINUTE.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_at_five_adds_300_a_minute_of_backlog_and_ends_at_the_maximum() {
        let mut concurrency = Concurrency::new(&Mapping::default());
        let cases = [
            (0, 5, "at first"),
            (199, 5, "not yet"),
            (1, 6, "one more every 200 ms"),
            (29_800, 155, "half a minute"),
            (30_000, 305, "a minute"),
            (3_600_000, 1_250, "an hour"),
        ];
        for (waited_ms, limit, why) in cases {
            concurrency.waited(Duration::from_millis(waited_ms));
            assert_eq!(concurrency.limit(), limit, "{why}");
        }
        assert_eq!(concurrency.grows_in(), None);
    }

    #[test]
    fn waiting_as_long_as_it_says_adds_exactly_one() {
        for added_concurrency_per_minute in [1, 7, 300, 1_000] {
            let mut concurrency = Concurrency::new(&Mapping {
                added_concurrency_per_minute,
                ..Mapping::default()
            });
            for more in 1..50 {
                let wait = concurrency.grows_in().unwrap();
                concurrency.waited(wait - Duration::from_nanos(1));
                assert_eq!(concurrency.limit(), 4 + more);
                concurrency.waited(Duration::from_nanos(1));
                assert_eq!(concurrency.limit(), 5 + more);
            }
        }
    }

    #[test]
    fn failures_take_back_what_was_added_and_never_the_start() {
        let mut concurrency = Concurrency::new(&Mapping::default());
        assert!(!concurrency.back_off(), "nothing was added");
        concurrency.waited(Duration::from_secs(2));
        assert_eq!(concurrency.limit(), 15);
        for limit in (5..15).rev() {
            assert!(concurrency.back_off());
            assert_eq!(concurrency.limit(), limit);
        }
        assert!(!concurrency.back_off());
        concurrency.waited(concurrency.grows_in().unwrap());
        assert_eq!(concurrency.limit(), 6, "and it grows again");
    }

    #[test]
    fn at_the_maximum_one_failure_is_felt_at_once() {
        let mut concurrency = Concurrency::new(&Mapping {
            maximum_concurrency: 50,
            ..Mapping::default()
        });
        concurrency.waited(Duration::from_secs(3_600));
        assert_eq!(concurrency.limit(), 50);
        assert!(concurrency.back_off());
        assert_eq!(concurrency.limit(), 49);
    }

    #[test]
    fn without_back_off_failures_change_nothing() {
        let mut concurrency = Concurrency::new(&Mapping {
            back_off: false,
            ..Mapping::default()
        });
        concurrency.waited(Duration::from_secs(2));
        assert!(!concurrency.back_off());
        assert_eq!(concurrency.limit(), 15);
    }

    #[test]
    fn a_fifo_queues_maximum_holds_from_the_start_and_failures_take_nothing() {
        let mut concurrency = Concurrency::of_fifo(&Mapping {
            maximum_concurrency: 50,
            ..Mapping::default()
        });
        assert_eq!(concurrency.limit(), 50);
        assert_eq!(concurrency.grows_in(), None);
        assert!(!concurrency.back_off());
    }

    #[test]
    fn a_maximum_below_the_start_holds_and_no_growth_is_none() {
        let low = Mapping {
            maximum_concurrency: 2,
            ..Mapping::default()
        };
        assert_eq!(Concurrency::new(&low).limit(), 2);
        assert_eq!(Concurrency::new(&low).grows_in(), None);
        let still = Mapping {
            added_concurrency_per_minute: 0,
            ..Mapping::default()
        };
        assert_eq!(Concurrency::new(&still).grows_in(), None);
    }
}
