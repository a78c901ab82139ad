//! What a forecast says: the document that `orderproof plan --json` prints.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use orderproof_core::preflight::CostLine;
use orderproof_core::results::figures::{micros, orders};
use orderproof_core::scenario::Scenario;
use orderproof_core::verdict::{Class, Gate};

use crate::learn::Learned;
use crate::rules::is_refused;

/// A figure over the seeds that were played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range<T> {
    /// The least.
    pub min: T,
    /// The most.
    pub max: T,
}

impl<T: PartialOrd + Copy> Range<T> {
    /// That of these; `None` of none.
    pub fn of(all: impl IntoIterator<Item = T>) -> Option<Self> {
        let mut all = all.into_iter();
        let first = all.next()?;
        let start = Self {
            min: first,
            max: first,
        };
        Some(all.fold(start, |range, one| Self {
            min: if one < range.min { one } else { range.min },
            max: if one > range.max { one } else { range.max },
        }))
    }
}

/// How a scenario is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Order by order.
    #[default]
    Exact,
    /// The same rules applied to counts of the orders of one slot of time.
    Cohorts,
}

/// What became of a rule, or of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outlook {
    /// It holds with every seed.
    Holds,
    /// It is broken with some seeds and holds with others.
    Varies,
    /// It is broken with every seed.
    Broken,
    /// It is about the harness or the network, of which nothing is forecast.
    NotForecast,
}

/// A rule of the scenario and what the forecast says of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleForecast {
    /// As written.
    pub rule: String,
    /// What became of it.
    pub outlook: Outlook,
    /// What it is about, seconds; absent when it is not forecast or nothing was there to measure.
    pub observed_us: Option<Range<u64>>,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseForecast {
    /// Its name.
    pub name: String,
    /// Rules that name no phase leave it out.
    pub warm_up: bool,
    /// Orders due in it.
    pub orders: Range<u64>,
    /// Those of them that are stored.
    pub stored: Range<u64>,
    /// Median time from the instant an order is due until it is stored, seconds; absent when none is stored.
    pub end_to_end_p50_us: Option<Range<u64>>,
    /// Its 95th percentile.
    pub end_to_end_p95_us: Option<Range<u64>>,
    /// Its 99th percentile.
    pub end_to_end_p99_us: Option<Range<u64>>,
}

/// Below this, microseconds, a forecast says nothing of a duration: there a run measures the machine.
pub const KNOWN_FROM_US: u64 = 50_000;

/// Something that gets in the way of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// Messages wait although the mapping runs as many invocations as it may at that time.
    MappingConcurrency,
    /// The same at `maximum_concurrency`: it grows no more.
    MaximumConcurrency,
    /// The function has no room: reserved concurrency, or new environments.
    InvocationsThrottled,
    /// The table has no capacity.
    WritesThrottled,
    /// Messages come back while they are in work.
    VisibilityTimeout,
    /// Messages are older than the queue keeps them.
    Retention,
    /// A good order has used up its receives.
    MaxReceiveCount,
}

impl Wall {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::MappingConcurrency,
        Self::MaximumConcurrency,
        Self::InvocationsThrottled,
        Self::WritesThrottled,
        Self::VisibilityTimeout,
        Self::Retention,
        Self::MaxReceiveCount,
    ];

    /// What happens there, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::MappingConcurrency => "messages wait for the mapping's concurrency to grow",
            Self::MaximumConcurrency => "messages wait at the mapping's maximum concurrency",
            Self::InvocationsThrottled => "the function has no room: invocations are throttled",
            Self::WritesThrottled => "the table throttles writes",
            Self::VisibilityTimeout => "messages become visible again while they are in work",
            Self::Retention => "messages are older than the queue keeps them",
            Self::MaxReceiveCount => "good orders use up their receives",
        }
    }
}

/// A wall, and when the first order met it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WallForecast {
    /// Which.
    pub wall: Wall,
    /// Microseconds since the start, in the seed in which it was met first.
    pub first_at_us: u64,
}

impl WallForecast {
    /// The second in which it was met first.
    pub fn second(&self) -> u64 {
        self.first_at_us / 1_000_000
    }

    /// The same in words.
    pub fn words(&self) -> String {
        format!("{} from second {}", self.wall.words(), self.second())
    }
}

/// Whole microseconds.
pub(crate) fn micros_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One second of the first seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct Second {
    /// Seconds since the start.
    pub time_s: u64,
    /// Orders due in it.
    pub scheduled_orders: u64,
    /// Orders stored in it.
    pub stored_orders: u64,
    /// Orders that were dead-lettered in it.
    pub dead_lettered_orders: u64,
    /// Sent and not yet in a final place, at its end.
    pub backlog_orders: u64,
    /// Messages that wait, at its end.
    pub queue_visible_messages: u64,
    /// Messages in flight, at its end.
    pub queue_in_flight_messages: u64,
    /// The most invocations at one time.
    pub max_concurrent_invocations: u32,
    /// Writes the table throttled.
    pub throttled_writes: u64,
}

/// A forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forecast {
    /// The version of this document.
    pub schema_version: u32,
    /// Always `forecast`.
    pub kind: String,
    /// Always false: no order was sent.
    pub evidence: bool,
    /// The same in a sentence.
    pub notice: String,
    /// What the model does not know.
    pub not_known: String,
    /// What it takes for granted in this scenario.
    pub assumptions: Vec<String>,
    /// What was taken from a finished run, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// The scenario's name.
    pub scenario: String,
    /// Its digest, as a run of it has one.
    pub scenario_digest: String,
    /// How it was played.
    #[serde(default)]
    pub mode: Mode,
    /// How long a slot of time is whose orders are played together, microseconds; absent of orders played one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_us: Option<u64>,
    /// The seeds that were played.
    pub seeds: Vec<u64>,
    /// How many times faster than the scenario's file says everything passes; all times here pass so, too.
    pub time_scale: f64,
    /// Orders.
    pub planned_orders: Range<u64>,
    /// Those of them that the pipeline is to refuse.
    pub bad_orders: Range<u64>,
    /// What becomes of the orders; classes without any are left out.
    pub classes: BTreeMap<Class, Range<u64>>,
    /// Messages that the orders queue does not keep long enough.
    pub expired_messages: Range<u64>,
    /// Dead letters that the dead-letter queue does not keep long enough.
    pub expired_dead_letters: Range<u64>,
    /// Orders that are neither lost nor at an end at the scenario's `settle.deadline`.
    pub undrained_orders: Range<u64>,
    /// The largest backlog.
    pub backlog_peak_orders: Range<u64>,
    /// The second at whose end there is so much.
    pub backlog_peak_at_s: Range<u64>,
    /// From the end of the phase of the peak until the backlog is no larger than before it; absent when that is not seen.
    pub catch_up_us: Option<Range<u64>>,
    /// The greatest age of the oldest order that is stored only later.
    pub oldest_age_us: Range<u64>,
    /// From the last send to the empty queue; absent when it is not empty at the deadline.
    pub drain_us: Option<Range<u64>>,
    /// The phases.
    pub phases: Vec<PhaseForecast>,
    /// Invocations of the function.
    pub invocations: Range<u64>,
    /// Those that fail whole.
    pub failed_invocations: Range<u64>,
    /// Execution environments that are started.
    pub cold_starts: Range<u64>,
    /// The most invocations at one time.
    pub max_concurrency: Range<u64>,
    /// Times the mapping takes back concurrency it had added.
    pub backed_off: Range<u64>,
    /// Invocations that are throttled.
    pub throttled_invocations: Range<u64>,
    /// Writes that the table throttles.
    pub throttled_writes: Range<u64>,
    /// The same by AWS's `ThrottlingReasons`.
    pub throttling_reasons: BTreeMap<String, Range<u64>>,
    /// What a run of it would cost on AWS by estimate, US dollars.
    pub cost_usd: Range<f64>,
    /// For what, with the first seed.
    pub cost: Vec<CostLine>,
    /// The scenario's gate.
    pub gate: Gate,
    /// What becomes of it.
    pub gate_outlook: Outlook,
    /// The scenario's rules.
    pub rules: Vec<RuleForecast>,
    /// What gets in the way, the first first.
    pub walls: Vec<WallForecast>,
    /// The seconds of the first seed.
    pub timeline: Vec<Second>,
    /// The scenario as resolved, without what was learned.
    pub resolved: Scenario,
}

/// The version of a forecast's document.
pub const FORECAST_SCHEMA_VERSION: u32 = 1;

impl Forecast {
    /// What is wrong with a document that was read, beyond its type.
    ///
    /// # Errors
    /// In a sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.kind != "forecast" || self.evidence {
            return Err("it is not a forecast".into());
        }
        if self.schema_version != FORECAST_SCHEMA_VERSION {
            return Err(format!(
                "schema version {}, this program reads version {FORECAST_SCHEMA_VERSION}",
                self.schema_version
            ));
        }
        let phases = self.phases.iter();
        let phases = phases.flat_map(|phase| [phase.end_to_end_p50_us, phase.end_to_end_p99_us]);
        let ranges = self.classes.values().copied().map(Some);
        let mut all = phases.chain(ranges).chain([
            Some(self.planned_orders),
            Some(self.backlog_peak_orders),
            self.drain_us,
        ]);
        match all.any(|range| range.is_some_and(|range| range.min > range.max)) {
            true => Err("a range ends before it begins".into()),
            false => Ok(()),
        }
    }

    /// What breaks, a sentence each: classes that the gate refuses, then rules.
    pub fn broken(&self) -> Vec<String> {
        let classes = self
            .classes
            .iter()
            .filter(|(class, _)| is_refused(**class, self.gate));
        let classes = classes.map(|(class, range)| {
            let share = 100.0 * range.max as f64 / self.planned_orders.max.max(1) as f64;
            format!("{} {} ({share:.1}%)", orders(range.max), class.as_str())
        });
        let rules = self.rules.iter();
        let rules = rules.filter(|rule| matches!(rule.outlook, Outlook::Broken | Outlook::Varies));
        let rules = rules.map(|rule| match rule.observed_us {
            Some(observed) => format!("rule `{}` is broken: {}", rule.rule, micros(observed.max)),
            None => format!(
                "rule `{}` cannot be kept: there would be nothing to measure",
                rule.rule
            ),
        });
        classes.chain(rules).collect()
    }

    /// The rules that a forecast says nothing of.
    pub fn not_forecast(&self) -> Vec<String> {
        let rules = self.rules.iter();
        let left_out = rules.filter(|rule| rule.outlook == Outlook::NotForecast);
        left_out.map(|rule| rule.rule.clone()).collect()
    }

    /// Whether the gate and every rule that is forecast hold with every seed.
    pub fn holds(&self) -> bool {
        let rules = self.rules.iter().map(|rule| rule.outlook);
        rules
            .chain([self.gate_outlook])
            .all(|outlook| matches!(outlook, Outlook::Holds | Outlook::NotForecast))
    }
}
