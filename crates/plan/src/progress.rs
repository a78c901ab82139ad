//! The progress of a forecast. The thread that plays it writes it; the thread that shows it reads it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use orderproof_core::results::figures::{orders, thousands};

/// How far a forecast, or a search over forecasts, has got.
#[derive(Debug, Default)]
pub struct Progress {
    /// Orders of the present forecast that have been sent, and all of them, over its seeds.
    played: AtomicU64,
    planned: AtomicU64,
    /// What a search has tried last, and what came of it.
    tried: Mutex<Option<String>>,
}

impl Progress {
    /// The same in a line: `tried 4.5x: holds; played 12,000,000 of 51,751,000 orders`.
    pub fn words(&self) -> String {
        let planned = self.planned.load(Ordering::Relaxed);
        let played = self.played.load(Ordering::Relaxed).min(planned);
        let played = format!("played {} of {}", thousands(played), orders(planned));
        let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        match tried.as_deref() {
            Some(tried) => format!("tried {tried}; {played}"),
            None => played,
        }
    }

    /// A forecast of so many orders begins.
    pub(crate) fn begin(&self, orders: u64) {
        self.played.store(0, Ordering::Relaxed);
        self.planned.store(orders, Ordering::Relaxed);
    }

    /// So many more of them were sent.
    pub(crate) fn sent(&self, orders: u64) {
        self.played.fetch_add(orders, Ordering::Relaxed);
    }

    /// A search has tried something.
    pub(crate) fn tried(&self, what: String) {
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = Some(what);
    }
}

/// Where a forecast begins: any instant, of which only differences count, and where it notes how far it has got.
#[derive(Debug, Clone)]
pub struct Start {
    pub(crate) origin: Instant,
    pub(crate) progress: Arc<Progress>,
}

impl Start {
    /// A start whose progress is watched.
    pub fn watched(origin: Instant, progress: Arc<Progress>) -> Self {
        Self { origin, progress }
    }
}

impl From<Instant> for Start {
    /// A start that nobody watches.
    fn from(origin: Instant) -> Self {
        Self::watched(origin, Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use orderproof_core::scenario::{Overrides, parse};

    use super::*;
    use crate::{Failures, Mode, find_rate, forecast_in};

    fn start() -> (Start, Arc<Progress>) {
        let progress = Arc::new(Progress::default());
        (Start::watched(Instant::now(), progress.clone()), progress)
    }

    const FILE: &str = include_str!("../../../scenarios/default-table.toml");

    #[test]
    fn every_order_of_every_seed_is_counted_once_in_both_modes() {
        let scenario = parse("x.toml", FILE, &Overrides::default()).expect("valid");
        for mode in [Mode::Exact, Mode::Cohorts] {
            let (start, progress) = start();
            assert_eq!(progress.words(), "played 0 of 0 orders");
            let forecast = forecast_in(mode, &scenario, &[1, 2], start).expect("it can be");
            let all = 2 * forecast.planned_orders.max;
            let expected = format!("played {} of {}", thousands(all), orders(all));
            assert_eq!(progress.words(), expected, "{mode:?}");
        }
    }

    #[test]
    fn a_search_says_what_was_tried_last_and_what_came_of_it() {
        let reread = |set: &[String]| {
            let overrides = Overrides {
                set: set.to_vec(),
                ..Overrides::default()
            };
            parse("x.toml", FILE, &overrides)
        };
        let (start, progress) = start();
        let found = find_rate(&reread, &[1], start, Failures::default()).expect("it is found");
        assert!(found.fails_at.is_some());
        let words = progress.words();
        assert!(words.starts_with("tried "), "{words}");
        assert!(
            words.contains(": holds; ") || words.contains(": does not hold; "),
            "{words}"
        );
    }
}
