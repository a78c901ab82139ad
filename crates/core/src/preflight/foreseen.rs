//! What a forecast with a target's real settings says of a scenario's load. Whoever can play one hands it in: this crate
//! stands below the forecasts.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::results::figures::{counted, duration, orders};

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
    /// Orders that are lost.
    pub lost: u64,
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
                "{forecast}: {} throttled, from second {second} on{}",
                counted(self.throttled_writes, "write"),
                self.misplaced()
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
                "{forecast}: {} throttled, from second {second} on{}",
                counted(self.throttled_invocations, "invocation"),
                self.misplaced()
            ),
        }
    }

    /// Where orders end that should not.
    fn misplaced(&self) -> String {
        let counts = [
            (self.lost, "order", "lost"),
            (self.good_dead_lettered, "good order", "dead-lettered"),
        ];
        let some = counts.into_iter().filter(|(count, ..)| *count > 0);
        let told: Vec<_> = some
            .map(|(count, noun, what)| format!("{} {what}", counted(count, noun)))
            .collect();
        match told.is_empty() {
            true => "; no order lost, and no good one dead-lettered".into(),
            false => format!("; {}", told.join(", ")),
        }
    }

    fn told(&self) -> String {
        match &self.assumed {
            Some(assumed) => format!("forecast (function as in the scenario, {assumed})"),
            None => "forecast (function as in the scenario)".into(),
        }
    }
}
