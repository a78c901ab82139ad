//! What the tests of the embedded pipeline share: SDK clients for loopback, and settings to start from.

use std::net::SocketAddr;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;

use crate::fault::FaultPlan;
use crate::load::Arrivals;
use crate::order::OrderPlan;
use crate::scenario::{
    Expectations, Fault, Function, Mapping, Pipeline, ProcessorKind, Scenario, SenderKind, Sending,
    ServiceTime, TableCapacity,
};
use crate::verdict::Gate;

/// An unmodified SDK client for a table served at `address`.
pub(crate) fn dynamodb_client(address: SocketAddr) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("embedded", "embedded", None, None, "test"))
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// An unmodified SDK client for the queues served at `endpoint`.
pub(crate) fn sqs_client(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("embedded", "embedded", None, None, "test"))
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// The mapping AWS gives a standard queue.
pub(crate) fn mapping() -> Mapping {
    Mapping {
        batch_size: 10,
        batching_window: Duration::ZERO,
        starting_concurrency: 5,
        added_concurrency_per_minute: 300,
        maximum_concurrency: 1_250,
        provisioned_pollers: None,
        back_off: true,
        report_batch_item_failures: true,
        filter: None,
    }
}

/// A scenario whose pipeline gives a message up within a fraction of a second.
pub(crate) fn scenario() -> Scenario {
    Scenario {
        target: crate::scenario::TargetSpec::Embedded,
        time_scale: 1.0,
        processor: None,
        processors: Default::default(),
        name: "test".into(),
        question: "does the embedded pipeline work?".into(),
        seed: 2026,
        phases: Vec::new(),
        arrivals: Arrivals::Uniform,
        bad_share: 0.1,
        sending: Sending {
            batch: 10,
            linger: Duration::ZERO,
            senders: 1,
            max_in_flight: 1_000,
            attempt_timeout: Duration::from_secs(5),
            sender: SenderKind::Http,
            to: Default::default(),
        },
        pipeline: Pipeline {
            orders_queue: "orders-queue".into(),
            dead_letter_queue: "orders-dl-queue".into(),
            visibility_timeout: Duration::from_millis(400),
            max_receive_count: 2,
            redrive_to: Some("orders-dl-queue".into()),
            orders_retention: Duration::from_secs(4 * 86_400),
            dead_letter_retention: Duration::from_secs(14 * 86_400),
            mapping: mapping(),
            function: Function {
                processor: ProcessorKind::Orderproof,
                timeout: Duration::from_secs(10),
                service_time: ServiceTime::ZERO,
                cold_start: ServiceTime::ZERO,
                reserved_concurrency: None,
            },
            table_capacity: TableCapacity::on_demand(),
            fifo: false,
            services: None,
            high_throughput: false,
        },
        order: crate::scenario::lab_order(),
        faults: Vec::new(),
        settle_deadline: Duration::from_secs(10),
        expect: Expectations {
            gate: Gate::Strict,
            max_unsent_share: 0.0,
            max_indeterminate: 0,
            max_schedule_lag_p99: Duration::from_millis(2),
            rules: Vec::new(),
        },
    }
}

/// A plan of these faults for the orders `0..planned`.
pub(crate) fn faulty(faults: &[Fault], orders: OrderPlan, planned: u64) -> FaultPlan {
    let scenario = Scenario {
        faults: faults.to_vec(),
        ..scenario()
    };
    FaultPlan::new(&scenario, orders, planned).expect("so many orders can be struck")
}
