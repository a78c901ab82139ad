//! The same traps in the settings of the embedded pipeline, which a scenario states itself.

use std::time::Duration;

use super::{Context, delivery, fifo, mapping, queues};
use crate::load::LoadProfile;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::{
    AccountFacts, CapacityFacts, Facts, FifoFacts, FunctionFacts, Known, MappingFacts, QueueFacts,
    RedriveFacts, TableFacts,
};
use crate::preflight::load::Load;
use crate::scenario::{AwsTarget, Pipeline, Scenario, TableCapacity};

/// What would be a trap on AWS, and is imitated here: visibility, retention and concurrency. The table's capacity,
/// the receive count and partial responses are what scenarios are about, and are not held against them.
pub fn inspect_embedded(scenario: &Scenario) -> Vec<Check> {
    let target = AwsTarget::default();
    let facts = embedded_facts(scenario, &target);
    let context = Context {
        scenario,
        target: &target,
        facts: &facts,
        load: Load::of(scenario),
        forecast: None,
    };
    let mut checks = Vec::new();
    delivery::visibility(&context, &mut checks);
    fifo::inspect(&context, &mut checks);
    if let (Some(orders), Some(dead)) = (facts.orders_queue.get(), facts.dead_letter_queue.get()) {
        checks.push(queues::retention_order(orders, dead));
        checks.push(retention(scenario, orders, dead));
    }
    if let Some(function) = facts.function.get() {
        checks.push(mapping::function_concurrency(&context, function));
    }
    checks
}

/// An order may be kept from its send until its last receive.
fn retention(scenario: &Scenario, orders: &QueueFacts, dead: &QueueFacts) -> Check {
    let receives = scenario.pipeline.max_receive_count;
    let sending = LoadProfile::new(&scenario.phases).duration();
    let takes = sending
        + scenario
            .pipeline
            .visibility_timeout
            .saturating_mul(receives);
    let shortest = orders.retention.min(dead.retention);
    let told = format!("the shorter retention is {shortest:?} and the run may take {takes:?}");
    match takes < shortest {
        true => Check::well(Trap::Retention, told),
        false => Check::found(
            Trap::Retention,
            Weight::Void,
            format!(
                "{told}: orders may expire before anybody has looked, and no verdict could be given"
            ),
            "lengthen pipeline.orders_retention and pipeline.dead_letter_retention, or shorten the run",
        ),
    }
}

/// The embedded pipeline's settings as those of a target are read.
pub(in crate::preflight) fn embedded_facts(scenario: &Scenario, target: &AwsTarget) -> Facts {
    let pipeline = &scenario.pipeline;
    let queue = |name: &String, retention: Duration| QueueFacts {
        name: name.clone(),
        url: String::new(),
        arn: format!("arn:aws:sqs:embedded:000000000000:{name}"),
        visibility_timeout: pipeline.visibility_timeout,
        retention,
        delay: Duration::ZERO,
        redrive: None,
        messages: 0,
        fifo: pipeline.fifo,
        fifo_settings: pipeline.fifo.then(|| FifoFacts {
            content_based_deduplication: scenario.order.deduplication.is_none(),
            high_throughput: pipeline.high_throughput,
        }),
        kms_key: None,
        policy: None,
        tags: Known::Absent,
    };
    let names = &target.resources;
    let dead = queue(&names.dead_letter_queue, pipeline.dead_letter_retention);
    let orders = QueueFacts {
        redrive: pipeline.redrive_to.as_ref().map(|_| RedriveFacts {
            target_arn: dead.arn.clone(),
            max_receive_count: pipeline.max_receive_count,
        }),
        ..queue(&names.orders_queue, pipeline.orders_retention)
    };
    let function_arn = format!(
        "arn:aws:lambda:embedded:000000000000:function:{}",
        target.function
    );
    Facts {
        place: AccountFacts {
            account: Known::Absent,
            caller: Known::Absent,
            region: "embedded".into(),
            sqs_endpoint: String::new(),
            dynamodb_endpoint: String::new(),
            loopback: true,
            clock: Known::Absent,
        },
        orders_queue: Known::Is(orders),
        dead_letter_queue: Known::Is(dead),
        table: Known::Is(table_facts(pipeline)),
        further_tables: Default::default(),
        letter_queues: Default::default(),
        further_queues: Default::default(),
        further_mappings: Default::default(),
        mappings: Known::Is(vec![mapping_facts(pipeline, &function_arn)]),
        function: Known::Is(FunctionFacts {
            name: target.function.clone(),
            arn: function_arn,
            timeout: pipeline.function.timeout,
            memory_mb: scenario
                .processor
                .as_ref()
                .map_or(128, |processor| processor.memory_mb),
            arm: false,
            state: "Active".into(),
            reserved_concurrency: Known::Is(pipeline.function.reserved_concurrency),
            account_concurrency: Known::Absent,
            table_variable: None,
        }),
        door: None,
        permissions: Vec::new(),
    }
}

fn table_facts(pipeline: &Pipeline) -> TableFacts {
    TableFacts {
        name: "embedded".into(),
        arn: "arn:aws:dynamodb:embedded:000000000000:table/embedded".into(),
        status: "ACTIVE".into(),
        key: Vec::new(),
        capacity: match pipeline.table_capacity {
            TableCapacity::Provisioned {
                write_capacity_units,
                read_capacity_units,
            } => CapacityFacts::Provisioned {
                write_units: write_capacity_units.into(),
                read_units: read_capacity_units.unwrap_or(0).into(),
            },
            TableCapacity::OnDemand { .. } | TableCapacity::Unlimited => CapacityFacts::OnDemand {
                warm_write_units: None,
                max_write_units: None,
            },
        },
        items: 0,
        bytes: 0,
        has_rows: Known::Absent,
        expires_by: Known::Absent,
        tags: Known::Absent,
    }
}

fn mapping_facts(pipeline: &Pipeline, function_arn: &str) -> MappingFacts {
    let mapping = &pipeline.mapping;
    MappingFacts {
        id: "embedded".into(),
        function_arn: function_arn.to_owned(),
        state: "Enabled".into(),
        batch_size: mapping.batch_size.into(),
        batching_window: mapping.batching_window,
        partial_responses: mapping.report_batch_item_failures,
        maximum_concurrency: Some(mapping.maximum_concurrency),
        pollers: mapping
            .provisioned_pollers
            .map(|pollers| (pollers.minimum, pollers.maximum)),
        filters: Vec::new(),
    }
}
