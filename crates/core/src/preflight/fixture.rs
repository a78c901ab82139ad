//! A target in which all is well, for tests.

use std::time::Duration;

use super::*;
use crate::records::ClockOffset;
use crate::scenario::{Overrides, Scenario, parse};

pub const DAY: Duration = Duration::from_secs(86_400);

/// 100 orders a second with a spike of 500, a tenth of them bad: 18,000 in all.
pub const SPIKE: &str = r#"
name = "spike"
question = "Does it hold?"
bad_orders = "10%"
target = "aws"
[[phase]]
name = "baseline"
rate = "100/s"
duration = "60s"
[[phase]]
name = "spike"
rate = "5x"
duration = "24s"
"#;

pub fn scenario(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("spike.toml", SPIKE, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

pub fn target(scenario: &Scenario) -> &AwsTarget {
    scenario.target.aws().expect("the scenario's target is AWS")
}

pub fn allowed() -> Known<Tags> {
    Known::Is(Tags::from([(
        ALLOWED_TAG.to_owned(),
        ALLOWED_VALUE.to_owned(),
    )]))
}

pub fn queue(name: &str, retention: Duration) -> QueueFacts {
    QueueFacts {
        name: name.into(),
        url: format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}"),
        arn: format!("arn:aws:sqs:us-east-1:123456789012:{name}"),
        visibility_timeout: Duration::from_secs(180),
        retention,
        delay: Duration::ZERO,
        redrive: None,
        messages: 0,
        fifo: false,
        fifo_settings: None,
        kms_key: None,
        policy: None,
        tags: allowed(),
    }
}

pub fn mapping() -> MappingFacts {
    MappingFacts {
        id: "one".into(),
        function_arn: "arn:aws:lambda:us-east-1:123456789012:function:lab-order-processor".into(),
        state: "Enabled".into(),
        batch_size: 10,
        batching_window: Duration::ZERO,
        partial_responses: true,
        maximum_concurrency: Some(100),
        pollers: None,
        filters: Vec::new(),
    }
}

pub fn function() -> FunctionFacts {
    FunctionFacts {
        name: "lab-order-processor".into(),
        arn: mapping().function_arn,
        timeout: Duration::from_secs(30),
        memory_mb: 128,
        arm: true,
        state: "Active".into(),
        reserved_concurrency: Known::Is(None),
        account_concurrency: Known::Is(1_000),
        table_variable: Some("orders".into()),
    }
}

pub fn table() -> TableFacts {
    TableFacts {
        name: "orders".into(),
        arn: "arn:aws:dynamodb:us-east-1:123456789012:table/orders".into(),
        status: "ACTIVE".into(),
        key: vec![["id", "N", "HASH"].map(str::to_owned)],
        capacity: CapacityFacts::OnDemand {
            warm_write_units: None,
            max_write_units: None,
        },
        items: 0,
        bytes: 0,
        has_rows: Known::Is(false),
        expires_by: Known::Is(None),
        tags: allowed(),
    }
}

/// Nothing is wrong here.
pub fn facts() -> Facts {
    let dead_letters = queue("orders-dl-queue", 14 * DAY);
    let orders = QueueFacts {
        redrive: Some(RedriveFacts {
            target_arn: dead_letters.arn.clone(),
            max_receive_count: 5,
        }),
        ..queue("orders-queue", 4 * DAY)
    };
    Facts {
        place: AccountFacts {
            account: Known::Is("123456789012".into()),
            caller: Known::Is("arn:aws:iam::123456789012:user/tester".into()),
            region: "us-east-1".into(),
            sqs_endpoint: "https://sqs.us-east-1.amazonaws.com".into(),
            dynamodb_endpoint: "https://dynamodb.us-east-1.amazonaws.com".into(),
            loopback: false,
            clock: Known::Is(ClockOffset {
                seconds: 0.2,
                uncertainty: 0.6,
            }),
        },
        orders_queue: Known::Is(orders),
        dead_letter_queue: Known::Is(dead_letters),
        table: Known::Is(table()),
        further_tables: Default::default(),
        letter_queues: Default::default(),
        further_queues: Default::default(),
        further_mappings: Default::default(),
        mappings: Known::Is(vec![mapping()]),
        function: Known::Is(function()),
        door: None,
        permissions: vec![Permission {
            action: "sqs:SendMessage".into(),
            resource: "orders-queue".into(),
            granted: Known::Is(true),
        }],
    }
}

/// The part that is known here.
pub fn known<T>(part: &mut Known<T>) -> &mut T {
    match part {
        Known::Is(part) => part,
        Known::Absent | Known::Unknown(_) => panic!("it is known in the fixture"),
    }
}
