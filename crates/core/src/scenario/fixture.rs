//! A small valid scenario for tests.

use crate::load::{Arrivals, Phase};
use crate::verdict::Gate;
use std::time::Duration;

use super::*;

/// 50/s for 2 s, uniform, 10% bad, strict, every setting at its usual value.
pub fn fixture() -> Scenario {
    Scenario {
        name: "fixture".into(),
        question: "Does it work?".into(),
        seed: 1,
        phases: vec![Phase {
            name: "baseline".into(),
            start_rate: 50.0,
            end_rate: 50.0,
            duration: Duration::from_secs(2),
            warm_up: false,
        }],
        arrivals: Arrivals::Uniform,
        bad_share: 0.1,
        sending: Sending {
            batch: 1,
            linger: Duration::ZERO,
            senders: 4,
            max_in_flight: 100,
            attempt_timeout: Duration::from_secs(5),
            sender: SenderKind::Http,
            to: Default::default(),
        },
        target: TargetSpec::Embedded,
        time_scale: 1.0,
        processor: None,
        processors: Default::default(),
        pipeline: Pipeline {
            orders_queue: "orders-queue".into(),
            dead_letter_queue: "orders-dl-queue".into(),
            visibility_timeout: Duration::from_secs(1),
            max_receive_count: 3,
            redrive_to: Some("orders-dl-queue".into()),
            orders_retention: Duration::from_secs(4 * 86_400),
            dead_letter_retention: Duration::from_secs(14 * 86_400),
            mapping: Mapping {
                maximum_concurrency: 1000,
                ..Mapping::default()
            },
            function: Function {
                processor: ProcessorKind::Orderproof,
                timeout: Duration::from_secs(1),
                service_time: ServiceTime::ZERO,
                cold_start: ServiceTime::ZERO,
                reserved_concurrency: None,
            },
            table_capacity: TableCapacity::on_demand(),
            fifo: false,
            services: None,
            high_throughput: false,
        },
        faults: Vec::new(),
        settle_deadline: Duration::from_secs(30),
        expect: Expectations {
            gate: Gate::Strict,
            max_unsent_share: 0.0,
            max_indeterminate: 0,
            max_schedule_lag_p99: Duration::from_millis(100),
            rules: Vec::new(),
        },
        order: super::orders::lab_order(),
    }
}
