//! What a scenario says of the pipeline, as the machines' settings.

use orderproof_core::scenario::{self, Scenario};
use orderproof_machines::mapping::{FunctionSettings, Mapping, MessageFilter, ServiceTime};
use orderproof_machines::table::TableCapacity;

/// The mapping's settings.
pub fn mapping(mapping: &scenario::Mapping) -> Mapping {
    let filter = |filter: &scenario::MessageFilter| MessageFilter {
        body: filter.body.clone(),
    };
    Mapping {
        batch_size: mapping.batch_size,
        batching_window: mapping.batching_window,
        starting_concurrency: mapping.starting_concurrency,
        added_concurrency_per_minute: mapping.added_concurrency_per_minute,
        maximum_concurrency: mapping.maximum_concurrency,
        back_off: mapping.back_off,
        report_batch_item_failures: mapping.report_batch_item_failures,
        filter: mapping.filter.as_ref().map(filter),
    }
}

/// The function's limits and times.
pub fn function(function: &scenario::Function) -> FunctionSettings {
    FunctionSettings {
        timeout: function.timeout,
        service_time: service_time(function.service_time),
        cold_start: service_time(function.cold_start),
        reserved_concurrency: function.reserved_concurrency,
    }
}

fn service_time(time: scenario::ServiceTime) -> ServiceTime {
    match time {
        scenario::ServiceTime::Constant(duration) => ServiceTime::Constant(duration),
        scenario::ServiceTime::Lognormal { p50, p99 } => ServiceTime::Lognormal { p50, p99 },
    }
}

/// The table's capacity.
pub fn capacity(capacity: scenario::TableCapacity) -> TableCapacity {
    match capacity {
        scenario::TableCapacity::Unlimited => TableCapacity::Unlimited,
        scenario::TableCapacity::OnDemand { warm_write_units } => {
            TableCapacity::OnDemand { warm_write_units }
        }
        scenario::TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        } => TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        },
    }
}

/// How many times faster than on AWS the scenario's time passes.
pub(crate) fn speed(scenario: &Scenario) -> f64 {
    scenario.time_scale
}
