//! The settings that a forecast can vary, by the scenario's own keys.

use std::time::Duration;

use orderproof_core::results::figures::thousands;
use orderproof_core::scenario::{Scenario, ServiceTime, TableCapacity};

use super::grid::values;
use crate::admit::CannotForecast;
use crate::model::Wall;

/// What can be looked for: the rate, and settings by their keys.
pub const SOUGHT: [&str; 15] = [
    "rate",
    "pipeline.table_capacity",
    "pipeline.visibility_timeout",
    "pipeline.max_receive_count",
    "pipeline.orders_retention",
    "pipeline.dead_letter_retention",
    "pipeline.mapping.starting_concurrency",
    "pipeline.mapping.added_concurrency_per_minute",
    "pipeline.mapping.maximum_concurrency",
    "pipeline.mapping.minimum_pollers",
    "pipeline.mapping.maximum_pollers",
    "pipeline.function.timeout",
    "pipeline.function.service_time",
    "pipeline.function.cold_start",
    "pipeline.function.reserved_concurrency",
];

/// The most of a pipeline that has no limit, as a scenario may write it.
const UNITS_MAX: u64 = 40_000;
const CONCURRENCY_MAX: u64 = 1_250;
const RESERVED_MAX: u64 = 100_000;
const RECEIVES_MAX: u64 = 1_000;
const VISIBILITY_MAX: Duration = Duration::from_secs(12 * 3_600);
const RETENTION: (Duration, Duration) = (
    Duration::from_secs(60),
    Duration::from_secs(14 * 24 * 3_600),
);
const TIMEOUT_MAX: Duration = Duration::from_secs(900);

/// AWS's advice: a visibility timeout of six times the function's.
const VISIBILITY_OF_TIMEOUTS: u32 = 6;

/// How a value of a setting is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Count,
    /// Write units of a provisioned table, beside its read units.
    Provisioned(Option<u32>),
    /// Write units that an on-demand table is warm for.
    OnDemand,
    /// So many times this.
    Duration(Duration),
    /// A median of so many times this, and a 99th percentile of so many times the median.
    Lognormal(Duration, f64),
}

/// A setting, and the values of it that are tried.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    /// The smallest value that passes is looked for; otherwise the largest.
    pub(super) smallest: bool,
    /// What is set, if that is a value that can be tried.
    pub(super) own: Option<u64>,
    /// What is set, in words.
    pub(super) own_text: String,
    /// The values that are tried, from the strictest to the most generous: upward, and of the function's times downward.
    pub(super) values: Vec<u64>,
    form: Form,
}

impl Setting {
    /// The setting that a key names.
    ///
    /// # Errors
    /// When it is not one that can be varied, or has no effect in this scenario.
    pub(super) fn of(key: &str, scenario: &Scenario) -> Result<Self, CannotForecast> {
        let Some(key) = SOUGHT.into_iter().find(|known| *known == key) else {
            let why = "a forecast cannot vary it";
            return Err(CannotForecast::of(key, why, one_of_these()));
        };
        without_effect(key, scenario)?;
        let pipeline = &scenario.pipeline;
        let (mapping, function) = (&pipeline.mapping, &pipeline.function);
        let as_written = |duration: Duration| duration.mul_f64(scenario.time_scale);
        let pollers = mapping.provisioned_pollers;
        let count = |own: u32, least, most| Self::counted(key, Some(own), least, most);
        Ok(match key {
            "pipeline.table_capacity" => Self::capacity(key, pipeline.table_capacity),
            "pipeline.visibility_timeout" => {
                let least = Duration::from_millis(100).mul_f64(scenario.time_scale);
                let own = as_written(pipeline.visibility_timeout);
                Self::lasting(key, own, (least, VISIBILITY_MAX))
            }
            "pipeline.max_receive_count" => count(pipeline.max_receive_count, 1, RECEIVES_MAX),
            "pipeline.orders_retention" => {
                Self::lasting(key, as_written(pipeline.orders_retention), RETENTION)
            }
            "pipeline.dead_letter_retention" => {
                Self::lasting(key, as_written(pipeline.dead_letter_retention), RETENTION)
            }
            "pipeline.mapping.starting_concurrency" => {
                let most = mapping.maximum_concurrency.into();
                count(mapping.starting_concurrency, 1, most)
            }
            "pipeline.mapping.added_concurrency_per_minute" => {
                let own = f64::from(mapping.added_concurrency_per_minute);
                count((own / scenario.time_scale).round() as u32, 0, 1_000)
            }
            "pipeline.mapping.maximum_concurrency" => {
                count(mapping.maximum_concurrency, 2, CONCURRENCY_MAX)
            }
            "pipeline.mapping.minimum_pollers" => {
                let (own, most) =
                    pollers.map_or((2, 200), |pollers| (pollers.minimum, pollers.maximum));
                count(own, 2, u64::from(most.min(200)))
            }
            "pipeline.mapping.maximum_pollers" => {
                count(pollers.map_or(200, |pollers| pollers.maximum), 2, 10_000)
            }
            "pipeline.function.timeout" => {
                let most = as_written(pipeline.visibility_timeout).min(TIMEOUT_MAX);
                let least = Duration::from_millis(1);
                Self::lasting(key, as_written(function.timeout), (least, most))
            }
            "pipeline.function.service_time" => {
                Self::taking(key, function.service_time, scenario.time_scale)
            }
            "pipeline.function.cold_start" => {
                Self::taking(key, function.cold_start, scenario.time_scale)
            }
            "pipeline.function.reserved_concurrency" => {
                Self::counted(key, function.reserved_concurrency, 1, RESERVED_MAX)
            }
            _ => {
                let instead = "look for it with find_rate".to_owned();
                return Err(CannotForecast::of(key, "it is not a setting", instead));
            }
        })
    }

    fn counted(key: &'static str, own: Option<u32>, least: u64, most: u64) -> Self {
        let own = own.map(u64::from);
        Self::new(key, own, (least, most), Form::Count)
    }

    fn capacity(key: &'static str, own: TableCapacity) -> Self {
        let (own, form) = match own {
            TableCapacity::Unlimited => (None, Form::Provisioned(None)),
            TableCapacity::OnDemand { warm_write_units } => {
                (Some(warm_write_units.into()), Form::OnDemand)
            }
            TableCapacity::Provisioned {
                write_capacity_units,
                read_capacity_units,
            } => (
                Some(write_capacity_units.into()),
                Form::Provisioned(read_capacity_units),
            ),
        };
        Self::new(key, own, (1, UNITS_MAX), form)
    }

    /// A duration of which the shortest is looked for, in whole seconds if it is set so.
    fn lasting(key: &'static str, own: Duration, (least, most): (Duration, Duration)) -> Self {
        let is_whole = own.as_secs() > 0 && own.subsec_nanos() == 0;
        let unit = match is_whole {
            true => Duration::from_secs(1),
            false => Duration::from_millis(1),
        };
        let bounds = (units(least, unit).max(1), units(most, unit));
        Self::new(key, Some(units(own, unit)), bounds, Form::Duration(unit))
    }

    /// A duration of which the longest is looked for; of a distribution with the same spread.
    fn taking(key: &'static str, own: ServiceTime, time_scale: f64) -> Self {
        let typical = own.typical().mul_f64(time_scale);
        let unit = match typical.as_micros().is_multiple_of(1_000) {
            true => Duration::from_millis(1),
            false => Duration::from_micros(1),
        };
        let form = match own {
            ServiceTime::Constant(_) => Form::Duration(unit),
            ServiceTime::Lognormal { p50, p99 } => {
                Form::Lognormal(unit, p99.as_secs_f64() / p50.as_secs_f64())
            }
        };
        let longest = match form {
            Form::Lognormal(_, spread) => TIMEOUT_MAX.div_f64(spread.max(1.0)),
            _ => TIMEOUT_MAX,
        };
        let bounds = (units(Duration::from_millis(1), unit), units(longest, unit));
        let own = Some(units(typical, unit)).filter(|own| *own > 0);
        let mut setting = Self::new(key, own, bounds, form);
        setting.smallest = false;
        setting.values.reverse();
        setting
    }

    fn new(key: &'static str, own: Option<u64>, bounds: (u64, u64), form: Form) -> Self {
        let (least, most) = bounds;
        let own = own.filter(|own| (least..=most).contains(own));
        let mut setting = Self {
            key,
            smallest: true,
            own,
            own_text: String::new(),
            values: values(least, most, own),
            form,
        };
        setting.own_text = match (own, key) {
            (Some(own), _) => setting.shown(own),
            (None, "pipeline.table_capacity") => "unlimited".into(),
            (None, "pipeline.function.reserved_concurrency") => "no limit".into(),
            (None, _) => "0 s".into(),
        };
        setting
    }

    /// A value as `--set` takes it.
    pub(super) fn assignment(&self, value: u64) -> String {
        format!("{}={}", self.key, self.written(value))
    }

    /// A value as a scenario has it, without quotes.
    pub(super) fn written(&self, value: u64) -> String {
        match self.form {
            Form::Count => value.to_string(),
            Form::Provisioned(None) => format!("{value} wcu"),
            Form::Provisioned(Some(reads)) => format!("{value} wcu, {reads} rcu"),
            Form::OnDemand => format!("on-demand, warm {value} wcu"),
            Form::Duration(unit) => lasts(value, unit),
            Form::Lognormal(unit, spread) => {
                let p99 = (value as f64 * spread).round() as u64;
                let (p50, p99) = (lasts(value, unit), lasts(p99.max(value), unit));
                format!("{{ p50 = \"{p50}\", p99 = \"{p99}\" }}")
            }
        }
    }

    /// A value as a sentence has it.
    pub(super) fn shown(&self, value: u64) -> String {
        match self.form {
            Form::Count => thousands(value),
            Form::Provisioned(_) => format!("{} wcu", thousands(value)),
            Form::OnDemand => format!("on-demand, warm {} wcu", thousands(value)),
            Form::Duration(_) | Form::Lognormal(..) => self.written(value),
        }
    }

    /// The wall that this setting moves.
    pub(super) fn wall(&self) -> Option<Wall> {
        let mut all = Wall::ALL.into_iter();
        all.find(|wall| cures(*wall).contains(&self.key))
    }

    /// A value at which the setting hardly stands in the way.
    pub(super) fn generous(&self, scenario: &Scenario) -> u64 {
        let last = self.values[self.values.len() - 1];
        match (self.key, self.form) {
            ("pipeline.visibility_timeout", Form::Duration(unit)) => {
                let timeout = scenario.pipeline.function.timeout;
                let advised = timeout.mul_f64(scenario.time_scale) * VISIBILITY_OF_TIMEOUTS;
                let advised = units(advised, unit).max(1);
                let more = self.own.unwrap_or(advised).saturating_mul(2);
                advised.max(more).min(last)
            }
            _ => last,
        }
    }
}

/// The settings that move a wall, the likelier first.
pub(super) fn cures(wall: Wall) -> &'static [&'static str] {
    match wall {
        Wall::WritesThrottled => &["pipeline.table_capacity"],
        Wall::MaximumConcurrency => &[
            "pipeline.mapping.maximum_concurrency",
            "pipeline.mapping.maximum_pollers",
        ],
        Wall::MappingConcurrency => &[
            "pipeline.mapping.starting_concurrency",
            "pipeline.mapping.added_concurrency_per_minute",
            "pipeline.mapping.minimum_pollers",
        ],
        Wall::InvocationsThrottled => &["pipeline.function.reserved_concurrency"],
        Wall::VisibilityTimeout => &["pipeline.visibility_timeout"],
        Wall::Retention => &["pipeline.orders_retention"],
        Wall::MaxReceiveCount => &["pipeline.max_receive_count"],
    }
}

/// What to look for instead of what cannot be varied.
pub(super) fn one_of_these() -> String {
    format!("look for one of these: {}", SOUGHT.join(", "))
}

/// Refuses a setting that has no effect here.
fn without_effect(key: &'static str, scenario: &Scenario) -> Result<(), CannotForecast> {
    let pipeline = &scenario.pipeline;
    let is_provisioned = pipeline.mapping.provisioned_pollers.is_some();
    let no = |why: &str, instead: &str| Err(CannotForecast::of(key, why, instead));
    match key {
        "pipeline.mapping.minimum_pollers" | "pipeline.mapping.maximum_pollers"
            if !is_provisioned =>
        {
            no(
                "the mapping is not in provisioned mode",
                "look for pipeline.mapping.maximum_concurrency, or set minimum_pollers and maximum_pollers",
            )
        }
        "pipeline.mapping.starting_concurrency"
        | "pipeline.mapping.added_concurrency_per_minute"
        | "pipeline.mapping.maximum_concurrency"
            if is_provisioned =>
        {
            no(
                "the mapping is in provisioned mode",
                "look for pipeline.mapping.minimum_pollers or pipeline.mapping.maximum_pollers",
            )
        }
        "pipeline.max_receive_count" | "pipeline.dead_letter_retention"
            if pipeline.redrive_to.is_none() =>
        {
            no(
                "there is no dead-letter queue: pipeline.redrive_to is \"none\"",
                "set pipeline.redrive_to",
            )
        }
        _ => Ok(()),
    }
}

fn units(duration: Duration, unit: Duration) -> u64 {
    let rounded = (duration.as_secs_f64() / unit.as_secs_f64()).round();
    rounded as u64
}

/// A duration as a scenario has it.
fn lasts(count: u64, unit: Duration) -> String {
    let us = u128::from(count) * unit.as_micros();
    let of = |each: u128, name: &str| format!("{}{name}", us / each);
    match us {
        us if us > 0 && us.is_multiple_of(3_600_000_000) => of(3_600_000_000, "h"),
        us if us >= 120_000_000 && us.is_multiple_of(60_000_000) => of(60_000_000, "m"),
        us if us.is_multiple_of(1_000_000) => of(1_000_000, "s"),
        us if us.is_multiple_of(1_000) => of(1_000, "ms"),
        _ => of(1, "us"),
    }
}
