//! What can be forecast, and what is assumed where it is.

use std::time::Duration;

use orderproof_core::order::spec::{DEAD_LETTER, STORED};
use orderproof_core::results::figures::thousands;
use orderproof_core::scenario::{Scenario, ServiceTime, TargetSpec};

use crate::cohorts;
use crate::forecast::mode_of;
use crate::model::Mode;

/// Orders that are played one by one at most; more are played in cohorts.
pub const EXACT_ORDERS_MAX: u64 = 10_000_000;

/// Orders that are played at all: as many as a run may have.
pub const ORDERS_MAX: u64 = 1_000_000_000;

/// The longest time that is played, the wait for the pipeline's rest included: some 130 bytes are kept for each
/// second.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// Why a scenario cannot be forecast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}; {instead}")]
pub struct CannotForecast {
    /// The key of the scenario.
    pub key: String,
    /// Why not.
    pub why: String,
    /// What to do instead.
    pub instead: String,
}

impl CannotForecast {
    pub(crate) fn of(
        key: impl Into<String>,
        why: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self {
            key: key.into(),
            why: why.into(),
            instead: instead.into(),
        }
    }
}

/// Refuses what the machines do not play.
///
/// # Errors
/// Naming the first key that stands in the way.
pub fn check(scenario: &Scenario) -> Result<(), CannotForecast> {
    const RUN_IT: &str = "run the scenario instead";
    let pipeline = &scenario.pipeline;
    let no = |key: &str, why: &str, instead: &str| Err(CannotForecast::of(key, why, instead));
    if scenario.target != TargetSpec::Embedded {
        return no(
            "target",
            "a forecast plays the settings that the scenario has under [pipeline], not those of a target elsewhere",
            "write --target embedded to forecast the pipeline as the scenario describes it",
        );
    }
    if let Some(fault) = scenario.faults.first() {
        let why = format!("faults such as {} are not forecast", fault.kind.as_str());
        return no("fault", &why, "remove the faults, or run the scenario");
    }
    if !scenario.sending.to.is_queue() {
        return no(
            "sending.to",
            "topics, buses and servers in front of the queue are not forecast",
            RUN_IT,
        );
    }
    if pipeline.fifo {
        return no("pipeline.queue", "FIFO queues are not forecast yet", RUN_IT);
    }
    if let Some(to) = &pipeline.redrive_to
        && *to != pipeline.dead_letter_queue
    {
        return no(
            "pipeline.redrive_to",
            "dead letters that go to another queue than the pipeline's are not forecast",
            RUN_IT,
        );
    }
    if let Some(name) = scenario.processors.keys().next() {
        let key = format!("processors.{name}");
        let why = "functions behind further queues are not forecast";
        return Err(CannotForecast::of(key, why, RUN_IT));
    }
    if scenario.processor.is_some() && pipeline.function.service_time == ServiceTime::ZERO {
        return no(
            "processor",
            "how long a function of your own takes is not known",
            "write it as pipeline.function.service_time, such as { p50 = \"40ms\", p99 = \"300ms\" }",
        );
    }
    check_orders(scenario)
}

fn check_orders(scenario: &Scenario) -> Result<(), CannotForecast> {
    let order = &scenario.order;
    if let Some(kind) = order.bad.iter().find(|kind| kind.end != DEAD_LETTER) {
        let why = format!(
            "bad orders ({}) that end elsewhere than in the dead-letter queue are not forecast",
            kind.name
        );
        return Err(CannotForecast::of(
            "bad.end",
            why,
            "run the scenario instead",
        ));
    }
    if order.good_ends.iter().any(|end| end != STORED) {
        return Err(CannotForecast::of(
            "good_ends",
            "good orders of several ends are not forecast",
            "run the scenario instead",
        ));
    }
    let planned = scenario.schedule().count();
    if planned > ORDERS_MAX {
        return Err(CannotForecast::of(
            "phase",
            format!(
                "{} orders are more than the {} that are played",
                thousands(planned),
                thousands(ORDERS_MAX)
            ),
            "shorten it with --duration, or lower the rate with --rate",
        ));
    }
    check_mode(scenario, mode_of(scenario))
}

/// Refuses what is not played in this mode: a filter in cohorts, a load and a wait that take longer.
pub(crate) fn check_mode(scenario: &Scenario, mode: Mode) -> Result<(), CannotForecast> {
    let (longest, of_what) = match mode {
        Mode::Exact => (LONGEST, String::new()),
        Mode::Cohorts => {
            let exact = thousands(EXACT_ORDERS_MAX);
            let of_what = format!(" in cohorts, in which more than {exact} orders are played");
            (cohorts::LONGEST, of_what)
        }
    };
    if mode == Mode::Cohorts && scenario.pipeline.mapping.filter.is_some() {
        return Err(CannotForecast::of(
            "pipeline.mapping.filter",
            format!("filters are not forecast{of_what}"),
            "remove it, or shorten the scenario with --duration",
        ));
    }
    let length = scenario.schedule().profile().duration();
    let length = length.saturating_add(scenario.settle_deadline);
    if length > longest {
        let hours = |duration: Duration| duration.as_secs().div_ceil(3_600);
        return Err(CannotForecast::of(
            "phase",
            format!(
                "its load and settle.deadline take {} hours together, and {} are played at most{of_what}",
                hours(length),
                longest.as_secs() / 3_600,
            ),
            "shorten it with --duration; with time_scale all of it passes faster",
        ));
    }
    Ok(())
}

/// Rows a good order leaves, as far as the scenario says; at least one.
pub(crate) fn rows_of_an_order(scenario: &Scenario) -> usize {
    let stored = scenario.order.ends.get(STORED);
    stored.map_or(1, |end| end.rows.len()).max(1)
}

/// What the forecast takes for granted, a sentence each.
pub(crate) fn assumptions(scenario: &Scenario) -> Vec<String> {
    let mut all = Vec::new();
    match (&scenario.processor, scenario.pipeline.function.service_time) {
        (None, ServiceTime::ZERO) => all.push(
            "the function takes no time: pipeline.function.service_time is not set".to_owned(),
        ),
        (None, _) => {}
        (Some(_), _) => {
            all.push("the function takes pipeline.function.service_time for each batch".to_owned());
            all.push(match scenario.pipeline.mapping.report_batch_item_failures {
                true => "it reports each bad order and each throttled write in its batch response, and stores the others".to_owned(),
                false => "it raises an error for a batch with a bad order or a throttled write, after storing the others".to_owned(),
            });
            all.push(format!(
                "it writes {} of at most 1 KiB for each good order",
                match rows_of_an_order(scenario) {
                    1 => "one row".to_owned(),
                    rows => format!("{rows} rows"),
                }
            ));
        }
    }
    all
}
