//! Comparisons of whole reports.

use std::time::Duration;

use super::*;
use crate::exit::Exit;
use crate::metrics::Histogram;
use crate::results::fixture::{SPIKE, World};
use crate::scenario::Metric;
use crate::verdict::{Class, Gate, Verdict};

fn spike() -> RunReport {
    World::new(&SPIKE).report()
}

fn compared(base: &RunReport, candidate: &RunReport) -> Comparison {
    compare(
        std::slice::from_ref(base),
        std::slice::from_ref(candidate),
        Options::default(),
    )
    .expect("comparable")
}

#[test]
fn a_run_and_itself_are_unchanged_down_to_every_figure() {
    let run = spike();
    let comparison = compared(&run, &run);
    assert!(!comparison.changes.is_empty());
    for change in &comparison.changes {
        // The simulated seconds hold no service time.
        if change.samples.0 > 0 {
            assert_eq!(
                (change.call, change.change, change.effect),
                (ChangeVerdict::Unchanged, Some(0.0), Some(0.0)),
                "{change:?}"
            );
        } else {
            let figures = (change.base_us, change.candidate_us, change.change);
            assert_eq!(figures, (None, None, None), "{change:?}");
            assert_eq!(change.call, ChangeVerdict::NotEnoughData, "{change:?}");
        }
    }
    assert_eq!(comparison.exit(), Exit::Success);
    assert!(
        comparison
            .classes
            .iter()
            .all(|class| class.call == ChangeVerdict::Unchanged)
    );
}

#[test]
fn runs_that_were_asked_for_different_things_are_refused_with_the_field() {
    type Change = fn(&mut RunReport);
    let cases: [(Change, &str); 6] = [
        (
            |run| run.scenario.phases[2].end_rate *= 2.0,
            "phases[2].end_rate",
        ),
        (|run| run.scenario.bad_share = 0.2, "bad_share"),
        (|run| run.scenario.sending.batch = 10, "sending.batch"),
        (|run| run.scenario.time_scale = 10.0, "time_scale"),
        (
            |run| run.scenario.expect.gate = Gate::Conserved,
            "expect.gate",
        ),
        (
            |run| {
                run.scenario.target = crate::scenario::TargetSpec::Aws(Box::default());
            },
            "target",
        ),
    ];
    for (change, field) in cases {
        let mut other = spike();
        change(&mut other);
        let refused = compare(&[spike()], &[other], Options::default()).expect_err(field);
        assert_eq!(refused.0.len(), 1, "{refused}");
        assert_eq!(refused.0[0].field, field);
        assert!(refused.to_string().contains("not comparable"), "{refused}");
    }
}

#[test]
fn what_one_compares_may_differ_and_is_told() {
    let mut other = spike();
    other.scenario.pipeline.visibility_timeout = Duration::from_secs(77);
    other.scenario.seed += 1;
    let comparison = compared(&spike(), &other);
    let fields: Vec<_> = comparison
        .differs
        .iter()
        .map(|difference| difference.field.as_str())
        .collect();
    assert_eq!(fields, ["pipeline.visibility_timeout", "seed"]);
}

#[test]
fn more_lost_orders_are_a_regression_whatever_the_durations_say() {
    let (mut worse, mut better) = (spike(), spike());
    worse.classes.insert(Class::Lost, 3);
    worse.verdict = Verdict::Fail;
    better.classes.insert(Class::Lost, 0);
    let comparison = compared(&better, &worse);
    assert_eq!(comparison.exit(), Exit::OrderFailure);
    let swapped = compared(&worse, &better);
    assert_eq!(swapped.exit(), Exit::Success);
    let lost = swapped
        .classes
        .iter()
        .find(|class| class.class == Class::Lost)
        .unwrap();
    assert_eq!(lost.call, ChangeVerdict::Improved);
    // What only counts against a budget is judged by the run's own verdict.
    let mut refused = spike();
    refused.classes.insert(Class::Rejected, 13);
    assert_eq!(compared(&spike(), &refused).exit(), Exit::Success);
    // More stored orders are no regression.
    let mut more = spike();
    more.classes.insert(Class::Stored, 99_999_999);
    let stored = |base: &RunReport, candidate: &RunReport| {
        let comparison = compared(base, candidate);
        assert_eq!(comparison.exit(), Exit::Success);
        let mut classes = comparison.classes.into_iter();
        classes
            .find(|class| class.class == Class::Stored)
            .unwrap()
            .call
    };
    assert_eq!(stored(&spike(), &more), ChangeVerdict::More);
    assert_eq!(stored(&more, &spike()), ChangeVerdict::Fewer);
    assert!(swapped.orders_improved() && !comparison.orders_improved());
}

#[test]
fn a_run_that_proved_nothing_is_no_basis() {
    for change in [
        |run: &mut RunReport| run.verdict = Verdict::Inconclusive,
        |run: &mut RunReport| run.interrupted = true,
    ] {
        let mut half = spike();
        change(&mut half);
        assert_eq!(compared(&spike(), &half).exit(), Exit::Inconclusive);
        assert_eq!(compared(&half, &spike()).exit(), Exit::Inconclusive);
    }
}

#[test]
fn a_report_without_seconds_has_not_enough_data_and_does_not_pass_for_unchanged() {
    let mut old = spike();
    old.intervals.clear();
    let comparison = compared(&spike(), &old);
    assert!(
        comparison
            .changes
            .iter()
            .all(|change| change.call == ChangeVerdict::NotEnoughData)
    );
    assert_eq!(comparison.judged, 0);
}

#[test]
fn a_comparison_reads_back_from_json() {
    let mut worse = spike();
    worse.classes.insert(Class::Lost, 3);
    let comparison = compared(&spike(), &worse);
    let json = serde_json::to_string(&comparison).unwrap();
    assert_eq!(
        serde_json::from_str::<Comparison>(&json).unwrap(),
        comparison
    );
}

/// The same run, its end-to-end latencies three times as long, or exactly the same.
fn slower(times: u64, lag_p99_us: u64) -> RunReport {
    let mut run = spike();
    for interval in &mut run.intervals {
        let mut slower = Histogram::coarse();
        for (us, count) in interval.end_to_end.buckets() {
            for _ in 0..count {
                slower.record(Duration::from_micros(us * times));
            }
        }
        interval.end_to_end = slower;
    }
    for phase in &mut run.phases {
        phase.schedule_lag_us.p99_us = Some(lag_p99_us);
    }
    run
}

#[test]
fn runs_that_were_sent_late_are_too_noisy_to_tell_and_the_cause_is_named() {
    let calls = |candidate: &RunReport| {
        let comparison = compared(&slower(20, 1_000), candidate);
        let wanted = |change: &MetricChange| change.metric == Metric::EndToEnd(0.99);
        let change = comparison.changes.into_iter().find(wanted).unwrap();
        (change.call, change.why)
    };
    let cause = "schedule lag p99 1.20 s: changes up to 3.60 s are noise; run again on a machine that is less busy";
    assert_eq!(
        calls(&slower(60, 1_200_000)),
        (ChangeVerdict::TooNoisy, Some(cause.into()))
    );
    // Near misses: sent in time, and equal however late.
    assert_eq!(calls(&slower(60, 1_000)).0, ChangeVerdict::Regressed);
    assert_eq!(calls(&slower(20, 1_200_000)).0, ChangeVerdict::Unchanged);
}
