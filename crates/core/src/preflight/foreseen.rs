//! What a forecast with a target's real settings says of a scenario's load. Whoever can play one hands it in: this crate
//! stands below the forecasts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::results::figures::{duration, orders, thousands};

/// What the pipeline, set as the target is, makes of the load by a forecast.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LoadForecast {
    /// What was taken for granted because the target does not tell it, in a fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// Writes that the table throttles.
    pub throttled_writes: u64,
    /// The second of the first of them.
    pub throttled_writes_from_s: Option<u64>,
    /// Invocations that are throttled.
    pub throttled_invocations: u64,
    /// The second of the first of them.
    pub throttled_invocations_from_s: Option<u64>,
    /// The second from which messages wait although the mapping runs as many invocations as it ever may.
    pub at_maximum_concurrency_from_s: Option<u64>,
    /// The largest backlog.
    pub backlog_peak_orders: u64,
    /// The second at whose end there is so much.
    pub backlog_peak_at_s: u64,
    /// The greatest age of an order that is stored only later.
    pub oldest_age: Duration,
    /// Good orders that end in the dead-letter queue.
    pub good_dead_lettered: u64,
}

/// An order that waits longer in all shows that a backlog grows: batches that fill and cold starts take less.
const WAITS: Duration = Duration::from_secs(1);

impl LoadForecast {
    /// Whether messages wait at the mapping's maximum for longer than a moment.
    pub(super) fn is_held_up(&self) -> bool {
        self.at_maximum_concurrency_from_s.is_some() && self.oldest_age > WAITS
    }

    /// What the table makes of the load.
    pub(super) fn of_the_table(&self) -> String {
        let forecast = self.told();
        match self.throttled_writes_from_s {
            None => format!("{forecast}: no write is throttled"),
            Some(second) => format!(
                "{forecast}: {} writes are throttled, from second {second} on{}",
                thousands(self.throttled_writes),
                self.dead_letters()
            ),
        }
    }

    /// What the mapping makes of it.
    pub(super) fn of_the_mapping(&self) -> String {
        let forecast = self.told();
        let backlog = format!(
            "the backlog is at most {} at second {}, and an order waits for {} at most",
            orders(self.backlog_peak_orders),
            self.backlog_peak_at_s,
            duration(self.oldest_age)
        );
        match self.at_maximum_concurrency_from_s {
            None => format!(
                "{forecast}: messages never wait for more invocations than it may start; {backlog}"
            ),
            Some(second) => format!(
                "{forecast}: messages wait at the mapping's maximum concurrency from second {second} on; {backlog}"
            ),
        }
    }

    /// What the function's own concurrency makes of it.
    pub(super) fn of_the_function(&self) -> String {
        let forecast = self.told();
        match self.throttled_invocations_from_s {
            None => format!("{forecast}: at this load no invocation is throttled"),
            Some(second) => format!(
                "{forecast}: {} invocations are throttled, from second {second} on{}",
                thousands(self.throttled_invocations),
                self.dead_letters()
            ),
        }
    }

    fn dead_letters(&self) -> String {
        match self.good_dead_lettered {
            0 => "; no good order is dead-lettered".into(),
            1 => "; 1 good order is dead-lettered".into(),
            orders => format!("; {} good orders are dead-lettered", thousands(orders)),
        }
    }

    fn told(&self) -> String {
        match &self.assumed {
            Some(assumed) => format!("forecast ({assumed})"),
            None => "forecast".into(),
        }
    }
}
