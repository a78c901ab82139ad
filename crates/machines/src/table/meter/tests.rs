//! What the meters grant and refuse, in tables of instants.

use std::time::{Duration, Instant};

use super::*;

const ARN: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/orders";

fn meter(capacity: TableCapacity, speed: f64, now: Instant) -> Meter {
    Meter::new(ARN.into(), capacity, speed, now)
}

fn provisioned(writes: u32, reads: Option<u32>) -> TableCapacity {
    TableCapacity::Provisioned {
        write_capacity_units: writes,
        read_capacity_units: reads,
    }
}

fn on_demand() -> TableCapacity {
    TableCapacity::OnDemand {
        warm_write_units: 4_000,
    }
}

/// How many of `asked` writes of one unit to different keys are granted at `now`.
fn writes(meter: &mut Meter, asked: u64, now: Instant) -> usize {
    (0..asked)
        .filter(|key| meter.take(Side::Write, 1.0, Some(*key), now).is_ok())
        .count()
}

fn refusal(meter: &mut Meter, side: Side, key: u64, now: Instant) -> Throttled {
    let refused = meter.take(side, 1.0, Some(key), now);
    refused.expect_err("nothing is left")
}

#[test]
fn the_labs_table_bursts_1500_writes_and_then_takes_five_a_second() {
    let start = Instant::now();
    let mut meter = meter(provisioned(5, Some(5)), 1.0, start);
    // One partition takes 1,000 a second, so the burst takes two.
    assert_eq!(writes(&mut meter, 2_000, start), 1_000);
    let refused = refusal(&mut meter, Side::Write, 1, start);
    assert_eq!(refused.reason(), "TableWriteKeyRangeThroughputExceeded");
    let second = start + Duration::from_secs(1);
    assert_eq!(writes(&mut meter, 2_000, second), 505, "500 and five more");
    let refused = refusal(&mut meter, Side::Write, 1, second);
    assert_eq!(refused.reason(), "TableWriteProvisionedThroughputExceeded");
    assert_eq!(refused.code(), "ProvisionedThroughputExceededException");
    assert_eq!(refused.resource, ARN);
    let third = second + Duration::from_secs(1);
    assert_eq!(writes(&mut meter, 2_000, third), 5);
}

#[test]
fn a_larger_table_has_more_partitions_and_a_burst_takes_each_of_them() {
    let start = Instant::now();
    for (capacity, expected) in [
        (provisioned(1_000, None), 1_000),
        (provisioned(2_500, None), 3_000),
        (provisioned(1_000, Some(3_000)), 2_000),
    ] {
        let mut meter = meter(capacity, 1.0, start);
        assert_eq!(writes(&mut meter, 20_000, start), expected, "{capacity:?}");
    }
}

#[test]
fn reads_are_metered_apart_from_writes_and_only_when_given() {
    let start = Instant::now();
    let mut both = meter(provisioned(5, Some(1)), 1.0, start);
    assert!(both.take(Side::Read, 300.0, None, start).is_ok());
    let refused = refusal(&mut both, Side::Read, 1, start);
    assert_eq!(refused.reason(), "TableReadProvisionedThroughputExceeded");
    assert!(both.take(Side::Write, 1.0, Some(1), start).is_ok());
    let mut writes_only = meter(provisioned(5, None), 1.0, start);
    assert!(writes_only.take(Side::Read, 1e9, None, start).is_ok());
}

#[test]
fn a_new_table_on_demand_takes_4000_writes_a_second_and_a_hot_key_1000() {
    let start = Instant::now();
    let mut spread = meter(on_demand(), 1.0, start);
    assert_eq!(writes(&mut spread, 10_000, start), 4_000);
    let refused = refusal(&mut spread, Side::Write, 1, start);
    assert_eq!(refused.reason(), "TableWriteKeyRangeThroughputExceeded");
    assert_eq!(refused.code(), "ThrottlingException");
    let mut hot = meter(on_demand(), 1.0, start);
    let granted = (0..10_000)
        .filter(|_| hot.take(Side::Write, 1.0, Some(7), start).is_ok())
        .count();
    assert_eq!(granted, 1_000);
}

#[test]
fn double_the_previous_peak_is_taken_half_an_hour_later_up_to_the_accounts_quota() {
    let start = Instant::now();
    let mut meter = meter(on_demand(), 1.0, start);
    let mut limit = 4_000;
    for expected in [8_000, 16_000, 32_000, 40_000, 40_000] {
        let busy = start + Duration::from_secs(60) * limit;
        assert_eq!(writes(&mut meter, u64::from(limit), busy), limit as usize);
        let later = busy + Duration::from_secs(31 * 60);
        let granted = writes(&mut meter, 100_000, later);
        assert_eq!(granted, expected as usize);
        limit = expected;
    }
    let now = start + Duration::from_secs(60) * 50_000;
    writes(&mut meter, 100_000, now);
    let refused = refusal(&mut meter, Side::Write, 1, now);
    assert_eq!(refused.reason(), "TableWriteAccountLimitExceeded");
}

#[test]
fn time_that_passes_ten_times_faster_gives_ten_times_the_units_and_the_same_burst() {
    let start = Instant::now();
    let mut meter = meter(provisioned(100, None), 10.0, start);
    // A partition takes 1,000 in a tenth of a second.
    let burst: usize = (0..100)
        .map(|tenth| {
            writes(
                &mut meter,
                2_000,
                start + Duration::from_millis(100 * tenth),
            )
        })
        .sum();
    let given = 30_000 + 99 * 100;
    assert!((given - 1..=given).contains(&burst), "{burst}");
}

#[test]
fn a_table_on_demand_takes_ten_times_as_much_when_time_passes_ten_times_faster() {
    let start = Instant::now();
    let mut fast = meter(on_demand(), 10.0, start);
    for tenth in 0..3 {
        let now = start + Duration::from_millis(100 * tenth);
        assert_eq!(writes(&mut fast, 10_000, now), 4_000, "tenth {tenth}");
    }
}

#[test]
fn what_turns_out_to_cost_more_is_owed() {
    let start = Instant::now();
    let mut meter = meter(provisioned(1, Some(1)), 1.0, start);
    assert!(meter.take(Side::Read, 0.5, None, start).is_ok());
    meter.charge(Side::Read, 399.5, None, start);
    assert!(meter.take(Side::Read, 0.5, None, start).is_err());
    let later = |seconds| start + Duration::from_secs(seconds);
    assert!(
        meter.take(Side::Read, 0.5, None, later(100)).is_err(),
        "100 owed, 100 paid"
    );
    assert!(meter.take(Side::Read, 0.5, None, later(101)).is_ok());
}

#[test]
fn an_unlimited_table_says_so() {
    let now = Instant::now();
    assert!(meter(TableCapacity::Unlimited, 1.0, now).is_unlimited());
    assert!(!meter(on_demand(), 1.0, now).is_unlimited());
    assert!(!meter(provisioned(1, None), 1.0, now).is_unlimited());
}

#[test]
fn the_error_is_the_one_sdks_know() {
    let now = Instant::now();
    let mut meter = meter(provisioned(1, None), 1.0, now);
    writes(&mut meter, 300, now);
    let json = refusal(&mut meter, Side::Write, 1, now).to_json();
    assert_eq!(
        json["__type"],
        "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
    );
    assert_eq!(json["ThrottlingReasons"][0]["resource"], ARN);
}
