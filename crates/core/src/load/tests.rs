//! The laws of the load profile, the schedule and the dispatches.

use std::time::Duration;

use proptest::prelude::*;

use super::{Arrivals, LoadProfile, Phase, Schedule};

fn phase(start_rate: f64, end_rate: f64, millis: u64) -> Phase {
    Phase {
        name: "p".into(),
        start_rate,
        end_rate,
        duration: Duration::from_millis(millis),
        warm_up: false,
    }
}

fn schedule(phases: Vec<Phase>, arrivals: Arrivals, seed: u64) -> Schedule {
    Schedule::new(&phases, arrivals, seed)
}

fn phases() -> impl Strategy<Value = Vec<Phase>> {
    let one = (0u32..500, 0u32..500, 1u64..5_000)
        .prop_map(|(start, end, millis)| phase(f64::from(start), f64::from(end), millis));
    proptest::collection::vec(one, 1..5)
}

#[test]
fn five_times_the_baseline_is_five_times_the_orders() {
    let profile = LoadProfile::new(&[phase(200.0, 200.0, 10_000), phase(1_000.0, 1_000.0, 10_000)]);
    assert_eq!(profile.count(), 12_000);
    assert_eq!(profile.inverse(2_000.0), Duration::from_secs(10));
    assert_eq!(profile.rate(Duration::from_secs(9)), 200.0);
    assert_eq!(profile.rate(Duration::from_secs(10)), 1_000.0);
    assert_eq!(profile.rate(Duration::from_secs(20)), 0.0);
    assert_eq!(profile.phase_at(Duration::from_secs(10)), 1);
    assert_eq!(profile.phase_at(Duration::from_secs(99)), 1);
}

#[test]
fn a_ramp_from_zero_and_a_pause_are_walked_through() {
    let profile = LoadProfile::new(&[
        phase(0.0, 100.0, 2_000),
        phase(0.0, 0.0, 5_000),
        phase(10.0, 10.0, 1_000),
    ]);
    assert_eq!(profile.count(), 110);
    assert_eq!(
        profile.inverse(25.0),
        Duration::from_secs(1),
        "a quarter of the triangle at half its time"
    );
    assert_eq!(
        profile.inverse(100.0),
        Duration::from_secs(7),
        "nothing is due in the pause"
    );
}

#[test]
fn the_first_uniform_order_is_due_at_the_start_and_the_others_evenly() {
    let schedule = schedule(vec![phase(200.0, 200.0, 1_000)], Arrivals::Uniform, 1);
    assert_eq!(schedule.due(0), Duration::ZERO);
    assert_eq!(schedule.due(1), Duration::from_millis(5));
    assert_eq!(schedule.due(199), Duration::from_millis(995));
}

#[test]
fn poisson_gaps_have_the_mean_and_the_spread_of_an_exponential() {
    let schedule = schedule(vec![phase(1_000.0, 1_000.0, 50_000)], Arrivals::Poisson, 7);
    let due: Vec<f64> = schedule
        .iter_from(0)
        .map(|(_, due)| due.as_secs_f64() * 1e3)
        .collect();
    let gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
    assert!((mean - 1.0).abs() < 0.01, "mean gap {mean} ms");
    assert!((variance - 1.0).abs() < 0.05, "variance {variance} ms2");
    let long = gaps.iter().filter(|&&gap| gap > 3.0).count() as f64 / gaps.len() as f64;
    assert!(
        (long - (-3.0f64).exp()).abs() < 0.005,
        "{long} of the gaps beyond 3 means"
    );
}

proptest! {
    #[test]
    fn the_inverse_undoes_the_integral(phases in phases(), share in 0.0f64..1.0) {
        let profile = LoadProfile::new(&phases);
        let at = profile.duration().mul_f64(share);
        let orders = profile.integral(at);
        prop_assert!((profile.integral(profile.inverse(orders)) - orders).abs() < 1e-3);
        let total: f64 = phases.iter().map(|p| (p.start_rate + p.end_rate) / 2.0 * p.duration.as_secs_f64()).sum();
        prop_assert_eq!(profile.count(), total.round() as u64);
    }

    #[test]
    fn arrivals_are_in_order_inside_the_profile_and_found_again_alone(
        phases in phases(), poisson: bool, seed: u64, pick in 0.0f64..1.0,
    ) {
        let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Uniform };
        let schedule = schedule(phases, arrivals, seed);
        let all: Vec<_> = schedule.iter_from(0).collect();
        prop_assert_eq!(all.len() as u64, schedule.count());
        prop_assert!(all.windows(2).all(|pair| pair[0].1 <= pair[1].1));
        prop_assert!(all.iter().all(|&(_, due)| due <= schedule.profile().duration()));
        if let Some(&(k, due)) = all.get((all.len() as f64 * pick) as usize) {
            prop_assert_eq!(schedule.due(k), due);
            let mut arriving = schedule.iter_from(0);
            prop_assert_eq!((arriving.due(k), arriving.due(0)), (due, all[0].1));
        }
    }

    #[test]
    fn dispatches_hold_every_order_once_and_keep_to_the_linger(
        phases in phases(), poisson: bool, seed: u64, batch in 1u8..=10, linger_ms in 0u64..50,
    ) {
        let arrivals = if poisson { Arrivals::Poisson } else { Arrivals::Uniform };
        let schedule = schedule(phases, arrivals, seed);
        let linger = Duration::from_millis(linger_ms);
        let due: Vec<_> = schedule.iter_from(0).map(|(_, due)| due).collect();
        let mut next = 0;
        let mut before = Duration::ZERO;
        for dispatch in schedule.dispatches(batch, linger) {
            prop_assert_eq!(dispatch.first, next);
            prop_assert!((1..=batch).contains(&dispatch.count));
            prop_assert!(dispatch.due >= before);
            prop_assert_eq!(dispatch.first_due, due[next as usize]);
            prop_assert!(dispatch.due <= dispatch.first_due + linger);
            for k in dispatch.orders() {
                prop_assert!(due[k as usize] <= dispatch.due);
            }
            before = dispatch.due;
            next = dispatch.orders().end;
        }
        prop_assert_eq!(next, schedule.count());
    }
}
