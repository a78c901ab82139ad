//! Mapping and function: that they are there, and how many invocations run at one time.

use super::Context;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::{FunctionFacts, Known, MappingFacts};
use crate::preflight::foreseen::LoadForecast;

/// Concurrent invocations a mapping starts with, and its most (AWS Lambda, "Using Lambda with Amazon
/// SQS").
const STARTING: u32 = 5;
const MAPPING_MAX: u32 = 1_250;
/// Concurrent invocations of one poller in provisioned mode.
const PER_POLLER: u32 = 10;
/// What AWS takes for a mapping's `MaximumConcurrency` (Lambda API Reference, `ScalingConfig`).
const SETTABLE_MIN: u32 = 2;
const SETTABLE_MAX: u32 = 1_000;
/// An invocation must be able to take this long at the peak, or the mapping is what holds orders up.
const SHORT_INVOCATION_S: f64 = 0.1;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    if context.is_local() {
        checks.push(here(context));
        return;
    }
    if context.is_external() {
        checks.push(external(context));
        return;
    }
    there(context, checks);
    if let Some(mapping) = context.mapping() {
        checks.push(filters(mapping));
        checks.push(mapping_concurrency(context, mapping));
    }
    match &context.facts.function {
        Known::Absent => checks.push(Check::found(
            Trap::Function,
            Weight::Void,
            format!("there is no function called {}", context.target.function),
            "deploy it (deploy/), name another one (--function), or run it here (--processor local)",
        )),
        Known::Unknown(why) => {
            checks.push(Check::unknown(Trap::Function, why));
            checks.push(Check::unknown(Trap::FunctionConcurrency, why));
        }
        Known::Is(function) => {
            checks.push(writes_here(context, function));
            checks.push(function_concurrency(context, function));
        }
    }
}

/// Mapping and function run in this process; nobody else may poll the queue.
fn here(context: &Context<'_>) -> Check {
    let others = context.enabled_mappings().unwrap_or_default();
    let others: Vec<&str> = others
        .iter()
        .map(|mapping| mapping.function_arn.as_str())
        .collect();
    match others.is_empty() {
        true => Check::well(
            Trap::Mapping,
            "mapping and function run in this process, as the scenario describes them",
        ),
        false => Check::found(
            Trap::Mapping,
            Weight::Trap,
            format!(
                "{} also feeds {}: each order goes there or to the function in this process",
                context.target.resources.orders_queue,
                others.join(", ")
            ),
            "disable the mapping, or leave --processor local out",
        ),
    }
}

/// Something else consumes the queue; a mapping beside it takes orders from it.
fn external(context: &Context<'_>) -> Check {
    let queue = &context.target.resources.orders_queue;
    let others = context.enabled_mappings().unwrap_or_default();
    let others: Vec<&str> = others
        .iter()
        .map(|mapping| mapping.function_arn.as_str())
        .collect();
    match others.is_empty() {
        true => Check::well(
            Trap::Mapping,
            format!(
                "what consumes {queue} is not looked at, as processor = \"external\" says: that it runs shows in the \
                 orders alone"
            ),
        ),
        false => Check::found(
            Trap::Mapping,
            Weight::Trap,
            format!(
                "{queue} feeds {}, and processor = \"external\" says that something else consumes it: each order goes to \
                 one of them",
                others.join(", ")
            ),
            "disable the mapping, or write processor = \"lambda\" and the function's name under [target]",
        ),
    }
}

fn there(context: &Context<'_>, checks: &mut Vec<Check>) {
    let queue = &context.target.resources.orders_queue;
    let function = &context.target.function;
    if let Known::Unknown(why) = &context.facts.mappings {
        for trap in [
            Trap::Mapping,
            Trap::PartialResponses,
            Trap::Filter,
            Trap::MappingConcurrency,
        ] {
            checks.push(Check::unknown(trap, why));
        }
        return;
    }
    let enabled = context.enabled_mappings().unwrap_or_default();
    let ours = context.mapping();
    checks.push(match ours {
        None => Check::found(
            Trap::Mapping,
            Weight::Void,
            format!("no event source mapping feeds {queue} to {function}: nobody would process the orders"),
            "create the mapping (deploy/), or process here (--processor local)",
        ),
        Some(mapping) if !mapping.is_enabled() => Check::found(
            Trap::Mapping,
            Weight::Void,
            format!("the mapping of {queue} to {function} is {}: nobody would process the orders", mapping.state),
            "enable it",
        ),
        Some(mapping) => Check::well(
            Trap::Mapping,
            format!("{queue} feeds {function}, {} at a time", mapping.batch_size),
        ),
    });
    let others: Vec<&str> = enabled
        .iter()
        .filter(|mapping| ours.is_none_or(|ours| ours.id != mapping.id))
        .map(|mapping| mapping.function_arn.as_str())
        .collect();
    if !others.is_empty() {
        checks.push(Check::found(
            Trap::Mapping,
            Weight::Trap,
            format!(
                "{queue} also feeds {}: each order goes to one of them only",
                others.join(", ")
            ),
            "disable the other mapping, or use a queue of the run's own",
        ));
    }
}

fn filters(mapping: &MappingFacts) -> Check {
    match mapping.filters.as_slice() {
        [] => Check::well(Trap::Filter, "no filter criteria"),
        filters => Check::found(
            Trap::Filter,
            Weight::Trap,
            format!(
                "the mapping has filter criteria ({}): a message that matches none is deleted without an \
                 invocation and without a trace",
                filters.join(" | ")
            ),
            "remove the filter criteria, or make sure that every order matches",
        ),
    }
}

/// Invocations at one time that the mapping allows.
fn allowed_by(mapping: &MappingFacts) -> u32 {
    match (mapping.pollers, mapping.maximum_concurrency) {
        (Some((_, most)), _) => most.saturating_mul(PER_POLLER),
        (None, Some(most)) => most,
        (None, None) => MAPPING_MAX,
    }
}

fn mapping_concurrency(context: &Context<'_>, mapping: &MappingFacts) -> Check {
    let most = allowed_by(mapping);
    if let Some(forecast) = context.forecast {
        let told = format!(
            "at most {most} invocations at one time, {} in a batch; {}",
            mapping.batch_size,
            forecast.of_the_mapping()
        );
        return match forecast.is_held_up() {
            false => Check::well(Trap::MappingConcurrency, told),
            true => Check::found(Trap::MappingConcurrency, Weight::Trap, told, raise(mapping)),
        };
    }
    let peak = context.load.peak;
    let invocations = peak / f64::from(mapping.batch_size.max(1));
    let may_take = f64::from(most) / invocations.max(f64::MIN_POSITIVE);
    let told = format!(
        "at {peak:.0} orders a second and {} in a batch, {most} invocations at one time keep up if one takes \
         less than {may_take:.2} s",
        mapping.batch_size
    );
    let needs = context
        .scenario
        .pipeline
        .function
        .service_time
        .typical()
        .as_secs_f64();
    match may_take >= needs.max(SHORT_INVOCATION_S) {
        true => Check::well(Trap::MappingConcurrency, told),
        false => Check::found(
            Trap::MappingConcurrency,
            Weight::Trap,
            format!("{told}: a backlog grows throughout the peak"),
            raise(mapping),
        ),
    }
}

/// What lets the mapping start more.
fn raise(mapping: &MappingFacts) -> &'static str {
    match (mapping.pollers, mapping.maximum_concurrency) {
        (Some(_), _) => "raise MaximumPollers, or the batch size",
        (None, Some(most)) if most < SETTABLE_MAX => "raise MaximumConcurrency, or the batch size",
        _ => "raise the batch size, or use provisioned pollers",
    }
}

pub(super) fn function_concurrency(context: &Context<'_>, function: &FunctionFacts) -> Check {
    let wanted = context.mapping().map_or(STARTING, allowed_by);
    let told = |reserved: u32, whose: &str| {
        let forecast = context.forecast.map(LoadForecast::of_the_function);
        let forecast = forecast.map_or_else(String::new, |told| format!("; {told}"));
        format!(
            "{whose} {reserved} invocations at one time and the mapping may start {wanted}: the rest is throttled, \
             and each throttled batch uses up a receive of its orders{forecast}"
        )
    };
    match (
        &function.reserved_concurrency,
        &function.account_concurrency,
    ) {
        (Known::Is(Some(0)), _) => Check::found(
            Trap::FunctionConcurrency,
            Weight::Void,
            "reserved concurrency is 0: the function is switched off",
            "raise or remove its reserved concurrency",
        ),
        (Known::Is(Some(reserved)), _) if *reserved < wanted => Check::found(
            Trap::FunctionConcurrency,
            Weight::Trap,
            told(*reserved, "the function is reserved"),
            within_reserved(*reserved),
        ),
        (Known::Is(None), Known::Is(account)) if *account < wanted => Check::found(
            Trap::FunctionConcurrency,
            Weight::Trap,
            told(*account, "all functions of the account share"),
            match *account > SETTABLE_MIN {
                true => {
                    "set the mapping's MaximumConcurrency well below that, or ask for a higher quota"
                }
                false => "ask for a higher quota",
            },
        ),
        (Known::Unknown(why), _) => Check::unknown(Trap::FunctionConcurrency, why),
        (Known::Is(None), Known::Unknown(why)) => Check::unknown(Trap::FunctionConcurrency, why),
        (Known::Is(Some(reserved)), _) => Check::well(
            Trap::FunctionConcurrency,
            format!("{reserved} invocations at one time are kept for the function"),
        ),
        _ => Check::well(
            Trap::FunctionConcurrency,
            "no reserved concurrency stands in the way",
        ),
    }
}

/// How the mapping can be kept within what is reserved, by what AWS takes.
fn within_reserved(reserved: u32) -> String {
    match reserved >= SETTABLE_MIN {
        true => format!(
            "set the mapping's MaximumConcurrency to {} or less",
            reserved.min(SETTABLE_MAX)
        ),
        false => format!(
            "reserve {SETTABLE_MIN} or more for the function and set the mapping's MaximumConcurrency to no more than \
             that: AWS takes {SETTABLE_MIN} to {SETTABLE_MAX}"
        ),
    }
}

fn writes_here(context: &Context<'_>, function: &FunctionFacts) -> Check {
    let table = &context.target.resources.table;
    match &function.table_variable {
        _ if !matches!(function.state.as_str(), "Active" | "Inactive" | "") => Check::found(
            Trap::Function,
            Weight::Void,
            format!(
                "{} is {}: it cannot be invoked",
                function.name, function.state
            ),
            "wait until it is Active, or deploy it again",
        ),
        Some(named) if named != table => Check::found(
            Trap::Function,
            Weight::Void,
            format!(
                "{} writes to the table {named} (DYNAMODB_ORDERS_TABLE), and {table} is what would be read: \
                 every order would look lost",
                function.name
            ),
            format!("name that table (--table {named}), or set the variable"),
        ),
        Some(_) => Check::well(
            Trap::Function,
            format!("{} writes to {table}", function.name),
        ),
        None => Check::well(
            Trap::Function,
            format!(
                "{} is there; it names no table in DYNAMODB_ORDERS_TABLE",
                function.name
            ),
        ),
    }
}
