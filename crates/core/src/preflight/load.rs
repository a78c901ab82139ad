//! What a scenario asks of a pipeline, in figures.

use std::time::Duration;

use super::footprint::Footprint;
use crate::scenario::Scenario;

/// What a scenario asks of a pipeline.
#[derive(Debug, Clone)]
pub(super) struct Load {
    /// Orders planned.
    pub(super) orders: u64,
    /// Of these, bad ones (expected).
    pub(super) bad: u64,
    /// The share of bad ones.
    pub(super) bad_share: f64,
    /// Orders a second at the highest.
    pub(super) peak: f64,
    /// How long it is driven.
    pub(super) duration: Duration,
    /// Orders due in each second.
    pub(super) arrivals_per_second: Vec<f64>,
    /// What orders leave.
    pub(super) footprint: Footprint,
}

impl Load {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let schedule = scenario.schedule();
        let profile = schedule.profile();
        let duration = profile.duration();
        let by = |second: u64| profile.integral(Duration::from_secs(second).min(duration));
        let seconds = duration.as_secs_f64().ceil() as u64;
        let orders = schedule.count();
        let rates = scenario
            .phases
            .iter()
            .flat_map(|phase| [phase.start_rate, phase.end_rate]);
        Self {
            orders,
            bad: (orders as f64 * scenario.bad_share).ceil() as u64,
            bad_share: scenario.bad_share,
            peak: rates.fold(0.0, f64::max),
            duration,
            footprint: Footprint::of(scenario),
            arrivals_per_second: (0..seconds)
                .map(|second| by(second + 1) - by(second))
                .collect(),
        }
    }
}
