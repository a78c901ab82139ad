//! A target in which all is well, and everything that can be wrong with one.

mod guard;
mod id_space;
mod traps;
mod traps_beyond;

use std::time::Duration;

use super::*;
use crate::records::ClockOffset;
use crate::scenario::{Overrides, Scenario, parse};

const DAY: Duration = Duration::from_secs(86_400);

/// 100 orders a second with a spike of 500, a tenth of them bad: 18,000 in all.
const SPIKE: &str = r#"
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

pub(super) fn scenario(set: &[&str]) -> Scenario {
    let overrides = Overrides {
        set: set.iter().map(|text| (*text).to_owned()).collect(),
        ..Overrides::default()
    };
    parse("spike.toml", SPIKE, &overrides).unwrap_or_else(|errors| panic!("{errors}"))
}

pub(super) fn target(scenario: &Scenario) -> &AwsTarget {
    scenario.target.aws().expect("the scenario's target is AWS")
}

fn allowed() -> Known<Tags> {
    Known::Is(Tags::from([(
        ALLOWED_TAG.to_owned(),
        ALLOWED_VALUE.to_owned(),
    )]))
}

fn queue(name: &str, retention: Duration) -> QueueFacts {
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
        kms_key: None,
        tags: allowed(),
    }
}

pub(super) fn mapping() -> MappingFacts {
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

fn function() -> FunctionFacts {
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

fn table() -> TableFacts {
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
pub(super) fn facts() -> Facts {
    let dead_letters = queue("orders-dl-queue", 14 * DAY);
    let orders = QueueFacts {
        redrive: Some(RedriveFacts {
            target_arn: dead_letters.arn.clone(),
            max_receive_count: 5,
        }),
        ..queue("orders-queue", 4 * DAY)
    };
    Facts {
        place: Place {
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
        mappings: Known::Is(vec![mapping()]),
        function: Known::Is(function()),
        permissions: vec![Permission {
            action: "sqs:SendMessage".into(),
            resource: "orders-queue".into(),
            granted: Known::Is(true),
        }],
    }
}

/// The part that is known here.
pub(super) fn known<T>(part: &mut Known<T>) -> &mut T {
    match part {
        Known::Is(part) => part,
        Known::Absent | Known::Unknown(_) => panic!("it is known in the fixture"),
    }
}

#[test]
fn what_a_run_costs_adds_up_and_takes_its_phases_and_its_rest() {
    let scenario = scenario(&[]);
    let estimate = estimate(&scenario, target(&scenario), &facts());
    assert_eq!(estimate.orders, 18_000);
    let sum: f64 = estimate.lines.iter().map(|line| line.usd).sum();
    assert!((estimate.usd - sum).abs() < 1e-12);
    let line = |what: &str| {
        let found = estimate.lines.iter().find(|line| line.what == what);
        found.unwrap_or_else(|| panic!("no line {what}"))
    };
    assert_eq!(line("SQS sends").count, 18_000.0);
    // 18,000 orders once, and 1,800 bad ones four times more.
    assert_eq!(line("Lambda invocations").count, 25_200.0);
    assert!((line("DynamoDB writes").usd - 0.01125).abs() < 1e-9);
    assert_eq!(estimate.sending, Duration::from_secs(84));
    // Five receives of a bad order 180 s apart, and counts that stay empty for as long.
    assert_eq!(estimate.settling, Duration::from_secs(5 * 180 + 180));
    assert!((0.03..0.1).contains(&estimate.usd), "{}", estimate.usd);
}

#[test]
fn a_clock_on_loopback_is_as_far_off_as_it_was_measured() {
    let scenario = scenario(&[]);
    let apart = |loopback: bool, clock: Known<ClockOffset>| {
        let mut facts = facts();
        facts.place.loopback = loopback;
        facts.place.clock = clock;
        Preflight::of(&scenario, target(&scenario), facts).clocks_apart()
    };
    let ahead = |seconds| {
        Known::Is(ClockOffset {
            seconds,
            uncertainty: 0.001,
        })
    };
    for loopback in [true, false] {
        assert_eq!(apart(loopback, ahead(2.7)), Duration::from_millis(2_701));
        assert_eq!(apart(loopback, ahead(-0.45)), Duration::from_millis(451));
        assert_eq!(apart(loopback, ahead(0.0)), Duration::from_millis(1));
        assert_eq!(apart(loopback, Known::Absent), UNKNOWN_CLOCK);
    }
}

#[test]
fn batches_make_sends_cheaper_and_a_local_processor_needs_no_lambda() {
    let count = |set: &[&str], what: &str| {
        let scenario = scenario(set);
        let estimate = estimate(&scenario, target(&scenario), &facts());
        let found = estimate.lines.into_iter().find(|line| line.what == what);
        found.map(|line| line.count)
    };
    assert_eq!(count(&["sending.batch=10"], "SQS sends"), Some(1_800.0));
    assert_eq!(
        count(&["target.processor=local"], "Lambda invocations"),
        None
    );
    assert!(count(&["target.processor=local"], "DynamoDB writes").is_some());
}

#[test]
fn an_estimate_grows_with_the_orders_and_with_what_is_there_already() {
    let usd = |set: &[&str], facts: &Facts| {
        let scenario = scenario(set);
        estimate(&scenario, target(&scenario), facts).usd
    };
    let well = facts();
    assert!(usd(&["phase.spike.rate=50x"], &well) > 5.0 * usd(&[], &well));
    let mut full = facts();
    known(&mut full.table).bytes = 10_000_000_000;
    assert!(usd(&[], &full) > usd(&[], &well) + 0.2);
}

#[test]
fn the_text_tells_the_gravest_first_and_breaks_its_lines() {
    let scenario = scenario(&[]);
    let mut facts = facts();
    known(&mut facts.orders_queue).redrive = None;
    facts.place.account = Known::Unknown("no network".into());
    let preflight = Preflight::of(&scenario, target(&scenario), facts);
    let text = render(&preflight, false);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("target   account unknown, us-east-1"),
        "{text}"
    );
    assert!(lines[4].starts_with("VOID       redrive policy"), "{text}");
    assert!(text.contains("a run would be refused"), "{text}");
    assert!(!text.contains('\u{1b}'), "no color");
    assert!(render(&preflight, true).contains('\u{1b}'));
    for line in &lines[4..] {
        assert!(line.chars().count() <= 112, "{line}");
    }
}
