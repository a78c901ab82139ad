//! A forecast with the settings that were read of a target, in place of those that the scenario has under `[pipeline]`.

use std::time::{Duration, Instant};

use orderproof_core::preflight::{
    CapacityFacts, Facts, FunctionFacts, Known, LoadForecast, MappingFacts, QueueFacts,
};
use orderproof_core::scenario::{
    AwsTarget, Pipeline, ProcessorPlace, ProvisionedPollers, Scenario, ServiceTime, TableCapacity,
    TargetSpec,
};
use orderproof_core::verdict::Class;

use crate::admit::CannotForecast;
use crate::forecast::forecast;
use crate::model::{Forecast, Wall};

/// Orders that are played before a run at most: a few seconds of work.
const ORDERS_MAX: u64 = 1_000_000;

/// What an invocation is taken to last when the scenario does not say it. AWS does not tell.
const INVOCATION: Duration = Duration::from_millis(100);

/// The shortest visibility timeout that is played: AWS counts in seconds, and with none messages come back at once.
const VISIBILITY_MIN: Duration = Duration::from_secs(1);

/// Of one poller in provisioned mode: concurrent invocations, and those that are added a minute.
const PER_POLLER: u32 = 10;
const ADDED_BY_POLLERS: u32 = 1_000;

/// Write units of a new table on demand.
const NEW_ON_DEMAND: u64 = 4_000;

/// What a forecast says of the load at a target whose settings are `facts`, played with the scenario's own seed.
///
/// # Errors
/// When the scenario has something that is not forecast, when a setting could not be read, or when there are more orders
/// than are played before a run.
pub fn load_forecast(
    scenario: &Scenario,
    target: &AwsTarget,
    facts: &Facts,
    origin: Instant,
) -> Result<LoadForecast, CannotForecast> {
    let planned = scenario.schedule().count();
    if planned > ORDERS_MAX {
        return Err(CannotForecast::of(
            "phase",
            format!("{planned} orders are more than the {ORDERS_MAX} that are played before a run"),
            "forecast the pipeline with `orderproof plan`",
        ));
    }
    let (real, assumed) = with_settings_of(scenario, target, facts)?;
    let played = forecast(&real, &[real.seed], origin)?;
    Ok(of(&played, assumed))
}

/// The scenario with the target's settings, for the embedded pipeline, and what had to be assumed.
fn with_settings_of(
    scenario: &Scenario,
    target: &AwsTarget,
    facts: &Facts,
) -> Result<(Scenario, Option<String>), CannotForecast> {
    let mut real = Scenario {
        target: TargetSpec::Embedded,
        ..scenario.clone()
    };
    let pipeline = &mut real.pipeline;
    let orders = read("the orders queue", &facts.orders_queue)?;
    let dead = read("the dead-letter queue", &facts.dead_letter_queue)?;
    queues(pipeline, orders, dead);
    let table = read("the table", &facts.table)?;
    pipeline.table_capacity = capacity(table.capacity);
    let assumed = match target.processor {
        ProcessorPlace::Local => None,
        ProcessorPlace::External => {
            return Err(not_read(
                "processor",
                "what consumes the queue is not known",
            ));
        }
        ProcessorPlace::Lambda => {
            let mappings = read("the mapping", &facts.mappings)?;
            let function = read("the function", &facts.function)?;
            let [mapping] = mappings.as_slice() else {
                return Err(not_read("mapping", "the queue does not feed one function"));
            };
            lambda(pipeline, mapping, function)?;
            assume_time(pipeline)
        }
    };
    playable(&real.pipeline)?;
    Ok((real, assumed))
}

/// Refuses settings that a scenario's file may not have, and with which nothing would ever end.
fn playable(pipeline: &Pipeline) -> Result<(), CannotForecast> {
    let mapping = &pipeline.mapping;
    let least = [
        u32::from(mapping.batch_size),
        mapping.maximum_concurrency,
        mapping.starting_concurrency,
        pipeline.max_receive_count,
    ];
    if least.contains(&0) {
        return Err(not_read("mapping", "a setting of 0 is not played"));
    }
    if pipeline.visibility_timeout < VISIBILITY_MIN {
        return Err(not_read(
            "the orders queue",
            "a visibility timeout below a second is not played",
        ));
    }
    Ok(())
}

fn queues(pipeline: &mut Pipeline, orders: &QueueFacts, dead: &QueueFacts) {
    pipeline.visibility_timeout = orders.visibility_timeout;
    pipeline.orders_retention = orders.retention;
    pipeline.dead_letter_retention = dead.retention;
    if let Some(redrive) = &orders.redrive {
        pipeline.max_receive_count = redrive.max_receive_count;
    }
}

fn capacity(facts: CapacityFacts) -> TableCapacity {
    let units = |units: u64| u32::try_from(units).unwrap_or(u32::MAX);
    match facts {
        CapacityFacts::OnDemand {
            warm_write_units,
            max_write_units,
        } => {
            let warm = warm_write_units.unwrap_or(NEW_ON_DEMAND);
            let warm = max_write_units.map_or(warm, |most| most.min(warm));
            TableCapacity::OnDemand {
                warm_write_units: units(warm),
            }
        }
        CapacityFacts::Provisioned {
            write_units,
            read_units,
        } => TableCapacity::Provisioned {
            write_capacity_units: units(write_units),
            read_capacity_units: Some(units(read_units)),
        },
    }
}

fn lambda(
    pipeline: &mut Pipeline,
    mapping: &MappingFacts,
    function: &FunctionFacts,
) -> Result<(), CannotForecast> {
    if !mapping.filters.is_empty() {
        return Err(not_read("mapping", "filter criteria are not forecast"));
    }
    let set = &mut pipeline.mapping;
    let usual = orderproof_core::scenario::Mapping::default();
    set.batch_size = u16::try_from(mapping.batch_size).unwrap_or(u16::MAX);
    set.batching_window = mapping.batching_window;
    set.report_batch_item_failures = mapping.partial_responses;
    set.starting_concurrency = usual.starting_concurrency;
    set.added_concurrency_per_minute = usual.added_concurrency_per_minute;
    set.maximum_concurrency = usual.maximum_concurrency;
    set.provisioned_pollers = None;
    if let Some((minimum, maximum)) = mapping.pollers {
        set.provisioned_pollers = Some(ProvisionedPollers { minimum, maximum });
        set.starting_concurrency = minimum.saturating_mul(PER_POLLER);
        set.added_concurrency_per_minute = ADDED_BY_POLLERS;
        set.maximum_concurrency = maximum.saturating_mul(PER_POLLER);
    }
    if let Some(maximum) = mapping.maximum_concurrency {
        set.maximum_concurrency = maximum;
        set.starting_concurrency = set.starting_concurrency.min(maximum);
    }
    pipeline.function.timeout = function.timeout;
    let reserved = function.reserved_concurrency.get().copied().flatten();
    let account = function.account_concurrency.get().copied();
    pipeline.function.reserved_concurrency = match (reserved, account) {
        (Some(0), _) => return Err(not_read("function", "it is switched off")),
        (Some(reserved), _) => Some(reserved),
        (None, account) => account,
    };
    Ok(())
}

/// The time of an invocation where the scenario does not say it.
fn assume_time(pipeline: &mut Pipeline) -> Option<String> {
    if pipeline.function.service_time != ServiceTime::ZERO {
        return None;
    }
    pipeline.function.service_time = ServiceTime::Constant(INVOCATION);
    Some(format!(
        "its invocations taken to last {} ms",
        INVOCATION.as_millis()
    ))
}

fn read<'a, T>(what: &str, known: &'a Known<T>) -> Result<&'a T, CannotForecast> {
    known
        .get()
        .ok_or_else(|| not_read(what, "it could not be read"))
}

fn not_read(key: &str, why: &str) -> CannotForecast {
    CannotForecast::of(key, why, "forecast the pipeline with `orderproof plan`")
}

fn of(played: &Forecast, assumed: Option<String>) -> LoadForecast {
    let from = |wall: Wall| {
        let mut walls = played.walls.iter();
        let met = walls.find(|met| met.wall == wall);
        met.map(|met| met.second())
    };
    let good = played.classes.get(&Class::GoodOrderDeadLettered);
    LoadForecast {
        assumed,
        throttled_writes: played.throttled_writes.max,
        throttled_writes_from_s: from(Wall::WritesThrottled),
        throttled_invocations: played.throttled_invocations.max,
        throttled_invocations_from_s: from(Wall::InvocationsThrottled),
        at_maximum_concurrency_from_s: from(Wall::MaximumConcurrency),
        backlog_peak_orders: played.backlog_peak_orders.max,
        backlog_peak_at_s: played.backlog_peak_at_s.max,
        oldest_age: Duration::from_micros(played.oldest_age_us.max),
        lost: played.classes.get(&Class::Lost).map_or(0, |lost| lost.max),
        good_dead_lettered: good.map_or(0, |good| good.max),
    }
}

#[cfg(test)]
#[path = "real_tests.rs"]
mod tests;
