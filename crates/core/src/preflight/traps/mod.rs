//! The traps: each looks at the facts with the scenario beside it and says what that means.

mod chain;
mod delivery;
mod door;
mod embedded;
mod fifo;
mod further;
mod mapping;
mod place;
mod queues;
mod table;

pub(super) use embedded::embedded_facts;
pub use embedded::inspect_embedded;

use std::time::Duration;

use super::check::Check;
use super::facts::{Facts, Known, MappingFacts, QueueFacts};
use super::foreseen::LoadForecast;
use super::load::Load;
use crate::order::{OrderPlan, RunId};
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario};

/// What every trap looks at.
pub(super) struct Context<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) target: &'a AwsTarget,
    pub(super) facts: &'a Facts,
    pub(super) load: Load,
    /// What a forecast with these settings says of the load, where one can be made.
    pub(super) forecast: Option<&'a LoadForecast>,
}

/// Looks at everything, in the order orders flow.
pub fn inspect(scenario: &Scenario, target: &AwsTarget, facts: &Facts) -> Vec<Check> {
    inspect_foreseen(scenario, target, facts, None)
}

/// The same with what a forecast says of the load.
pub fn inspect_foreseen(
    scenario: &Scenario,
    target: &AwsTarget,
    facts: &Facts,
    forecast: Option<&LoadForecast>,
) -> Vec<Check> {
    let context = Context {
        scenario,
        target,
        facts,
        load: Load::of(scenario),
        forecast,
    };
    let mut checks = Vec::new();
    place::inspect(&context, &mut checks);
    door::inspect(&context, &mut checks);
    queues::inspect(&context, &mut checks);
    further::inspect(&context, &mut checks);
    fifo::inspect(&context, &mut checks);
    delivery::inspect(&context, &mut checks);
    mapping::inspect(&context, &mut checks);
    table::inspect(&context, &mut checks);
    checks
}

/// A length of time as people say it.
fn days(period: Duration) -> String {
    let seconds = period.as_secs();
    match seconds {
        0..3_600 => format!("{seconds} s"),
        3_600..86_400 => format!("{:.1} h", seconds as f64 / 3_600.0),
        _ => format!("{:.1} d", seconds as f64 / 86_400.0),
    }
}

impl Context<'_> {
    /// The scenario's orders, of a run of no account.
    fn plan(&self) -> Option<OrderPlan> {
        Some(OrderPlan {
            run: RunId::new(1)?,
            seed: self.scenario.seed,
            bad_share: self.scenario.bad_share,
            model: self.scenario.model().ok()?,
            times: None,
        })
    }

    /// The function runs in this process, and mapping and function are the scenario's.
    fn is_local(&self) -> bool {
        self.target.processor == ProcessorPlace::Local
    }

    /// What consumes the queue is no function that could be looked at.
    fn is_external(&self) -> bool {
        self.target.processor == ProcessorPlace::External
    }

    /// A queue other than the orders queue, by what the scenario calls it.
    fn queue_called(&self, called: &str) -> Option<&Known<QueueFacts>> {
        self.facts.queue_called(called, self.scenario)
    }

    /// Its name at the target.
    fn name_of<'b>(&'b self, called: &'b str) -> &'b str {
        self.scenario.queue_name(called, &self.target.resources)
    }

    /// The function of this process that is fed from it.
    fn drains(&self, called: &str) -> Option<&str> {
        let functions = self.scenario.processors.iter();
        let mut fed = functions.filter(|(_, function)| function.queue == called);
        fed.next().map(|(name, _)| name.as_str())
    }

    /// The mappings that poll, if they are known.
    fn enabled_mappings(&self) -> Option<Vec<&MappingFacts>> {
        let mappings = self.facts.mappings.get()?;
        Some(
            mappings
                .iter()
                .filter(|mapping| mapping.is_enabled())
                .collect(),
        )
    }

    /// The mapping that feeds the function, if it is known.
    fn mapping(&self) -> Option<&MappingFacts> {
        let mappings = self.facts.mappings.get()?;
        let ours =
            |mapping: &&MappingFacts| !self.is_external() && mapping.feeds(&self.target.function);
        let enabled = mappings
            .iter()
            .filter(ours)
            .find(|mapping| mapping.is_enabled());
        enabled.or_else(|| mappings.iter().find(ours))
    }

    /// The function's time-out, wherever it runs.
    fn timeout(&self) -> Option<Duration> {
        match self.is_local() {
            true => Some(self.scenario.pipeline.function.timeout),
            false => self.facts.function.get().map(|function| function.timeout),
        }
    }

    /// How long the mapping gathers a batch, wherever it runs; a queue without a mapping gathers none.
    fn batching_window(&self) -> Option<Duration> {
        match (self.is_local(), self.facts.mappings.get()) {
            (true, _) => Some(self.scenario.pipeline.mapping.batching_window),
            (false, None) => None,
            (false, Some(_)) => Some(
                self.mapping()
                    .map_or(Duration::ZERO, |mapping| mapping.batching_window),
            ),
        }
    }

    /// Messages in one invocation at most, wherever it runs.
    fn batch_size(&self) -> Option<u32> {
        match self.is_local() {
            true => Some(u32::from(self.scenario.pipeline.mapping.batch_size)),
            false => self.mapping().map(|mapping| mapping.batch_size),
        }
    }
}

impl MappingFacts {
    fn is_enabled(&self) -> bool {
        matches!(
            self.state.as_str(),
            "Enabled" | "Enabling" | "Updating" | "Creating"
        )
    }

    /// Whether it feeds the function called `name`, in whatever version.
    fn feeds(&self, name: &str) -> bool {
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
        self.function_arn.split(':').nth(6) == Some(name)
    }
}
