//! What a scenario says of the pipeline, as the emulator's configuration.

use crate::emulator::mapping::{self, FunctionSettings};
use crate::emulator::sqs::{FifoAttributes, QueueAttributes, Redrive, is_fifo};
use crate::emulator::table;
use crate::order::spec::OrderSpec;
use crate::scenario::{Function, Mapping, MessageFilter, Pipeline, ServiceTime, TableCapacity};

/// The mapping's settings.
pub(super) fn mapping(mapping: &Mapping) -> mapping::Mapping {
    let filter = |filter: &MessageFilter| mapping::MessageFilter {
        body: filter.body.clone(),
    };
    mapping::Mapping {
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
pub(super) fn function(function: &Function) -> FunctionSettings {
    FunctionSettings {
        timeout: function.timeout,
        service_time: service_time(function.service_time),
        cold_start: service_time(function.cold_start),
        reserved_concurrency: function.reserved_concurrency,
    }
}

fn service_time(time: ServiceTime) -> mapping::ServiceTime {
    match time {
        ServiceTime::Constant(duration) => mapping::ServiceTime::Constant(duration),
        ServiceTime::Lognormal { p50, p99 } => mapping::ServiceTime::Lognormal { p50, p99 },
    }
}

/// The table's capacity.
pub(super) fn capacity(capacity: TableCapacity) -> table::TableCapacity {
    match capacity {
        TableCapacity::Unlimited => table::TableCapacity::Unlimited,
        TableCapacity::OnDemand { warm_write_units } => {
            table::TableCapacity::OnDemand { warm_write_units }
        }
        TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        } => table::TableCapacity::Provisioned {
            write_capacity_units,
            read_capacity_units,
        },
    }
}

/// The attributes of the orders queue. Of a FIFO queue messages without a deduplication id of their own are known by
/// their content.
pub(super) fn orders_queue(pipeline: &Pipeline, order: &OrderSpec) -> QueueAttributes {
    let redrive = |dead_letter_queue: &String| Redrive {
        dead_letter_queue: dead_letter_queue.clone(),
        max_receive_count: pipeline.max_receive_count,
    };
    QueueAttributes {
        visibility_timeout: pipeline.visibility_timeout,
        retention: pipeline.orders_retention,
        redrive: pipeline.redrive_to.as_ref().map(redrive),
        fifo: pipeline.fifo.then(|| FifoAttributes {
            content_based_deduplication: order.deduplication.is_none(),
            ..fifo(pipeline)
        }),
        ..QueueAttributes::default()
    }
}

fn fifo(pipeline: &Pipeline) -> FifoAttributes {
    match pipeline.high_throughput {
        true => FifoAttributes::high_throughput(),
        false => FifoAttributes::default(),
    }
}

/// The attributes of a queue of this name for dead letters, or for what functions send: a FIFO queue, if its name says so.
pub(super) fn dead_letter_queue(name: &str, pipeline: &Pipeline) -> QueueAttributes {
    QueueAttributes {
        retention: pipeline.dead_letter_retention,
        fifo: is_fifo(name).then(|| FifoAttributes {
            content_based_deduplication: true,
            ..fifo(pipeline)
        }),
        ..QueueAttributes::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::emulator::runtime;
    use crate::scenario;

    #[test]
    fn a_scenario_refuses_the_variables_that_the_emulator_refuses() {
        let refused: BTreeSet<_> = scenario::RESERVED_VARIABLES.into();
        assert_eq!(refused, runtime::RESERVED_VARIABLES.into());
    }
}
