//! The traps that quote a forecast: by what it says, whatever the estimate would be.

use super::*;

fn weigh(forecast: &LoadForecast, trap: Trap) -> (Weight, String) {
    let scenario = scenario(&[]);
    let checks = inspect_foreseen(&scenario, target(&scenario), &facts(), Some(forecast));
    let check = checks.into_iter().find(|check| check.trap == trap);
    let check = check.expect("it is looked at");
    (check.weight, check.message)
}

#[test]
fn a_forecast_that_throttles_is_a_trap_and_one_that_does_not_is_none() {
    let throttles = LoadForecast {
        throttled_writes: 1,
        throttled_writes_from_s: Some(61),
        good_dead_lettered: 12,
        ..LoadForecast::default()
    };
    let (weight, message) = weigh(&throttles, Trap::TableCapacity);
    assert_eq!(weight, Weight::Trap);
    let said = "forecast (function as in the scenario): 1 write throttled, from second 61 on; 12 good orders dead-lettered";
    assert!(message.ends_with(said), "{message}");
    let (weight, message) = weigh(&LoadForecast::default(), Trap::TableCapacity);
    assert_eq!(weight, Weight::Well);
    assert!(message.ends_with(": no write is throttled"), "{message}");
}

#[test]
fn a_moment_at_the_maximum_is_no_trap_and_a_backlog_there_is_one() {
    let waits = |ms| LoadForecast {
        at_maximum_concurrency_from_s: Some(60),
        backlog_peak_orders: 800,
        backlog_peak_at_s: 84,
        oldest_age: Duration::from_millis(ms),
        ..LoadForecast::default()
    };
    let (weight, message) = weigh(&waits(1_001), Trap::MappingConcurrency);
    assert_eq!(weight, Weight::Trap);
    for part in ["from second 60 on", "800 orders at second 84"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(
        weigh(&waits(1_000), Trap::MappingConcurrency).0,
        Weight::Well
    );
    // Orders that wait for something else do not wait for the mapping.
    let elsewhere = LoadForecast {
        at_maximum_concurrency_from_s: None,
        ..waits(60_000)
    };
    assert_eq!(weigh(&elsewhere, Trap::MappingConcurrency).0, Weight::Well);
}
