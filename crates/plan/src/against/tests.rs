//! A forecast held against runs that are off by a known measure, and against runs of something else.

use std::time::{Duration, Instant};

use orderproof_core::results::fixture::World;
use orderproof_core::results::{PipelineCounters, RunReport};
use orderproof_core::verdict::Class;

use super::*;
use crate::{Forecast, forecast};

const PHASES: [(&str, f64, u64, bool); 2] =
    [("baseline", 50.0, 4, false), ("spike", 200.0, 4, false)];

const TOLERANCE: Tolerance = Tolerance {
    share: 0.1,
    floor: Duration::from_millis(1),
};

fn both() -> (Forecast, RunReport) {
    let report = World::new(&PHASES).report();
    let seeds = [1, 2, 3];
    let forecast = forecast(&report.scenario, &seeds, Instant::now()).expect("it can be");
    (forecast, report)
}

fn agreement(against: &Against, figure: &str) -> Agreement {
    let mut figures = against.figures.iter();
    let found = figures.find(|one| one.figure == figure);
    found
        .unwrap_or_else(|| panic!("no {figure}: {against:#?}"))
        .agreement
}

#[test]
fn a_class_that_the_run_did_not_count_is_not_zero() {
    let (mut forecast, mut report) = both();
    let none = Range { min: 0, max: 0 };
    forecast.classes.insert(Class::Lost, none);
    let lost = |report: &RunReport| {
        let against = against(&forecast, report, TOLERANCE).expect("the same scenario");
        agreement(&against, "lost")
    };
    report.classes.insert(Class::Lost, 0);
    assert_eq!(lost(&report), Agreement::Within);
    report.classes.remove(&Class::Lost);
    assert_eq!(lost(&report), Agreement::NotMeasured);
}

#[test]
fn each_figure_is_within_near_or_outside_its_range_or_not_measured() {
    let (mut forecast, mut report) = both();
    forecast
        .classes
        .insert(Class::Stored, Range { min: 880, max: 910 });
    forecast.drain_us = Some(Range {
        min: 3_000_000,
        max: 3_100_000,
    });
    report.quiescence.drain = Some(Duration::from_micros(3_100_000));
    let stored = |report: &mut RunReport, count| report.classes.insert(Class::Stored, count);
    for (count, expected) in [
        (910, Agreement::Within),
        (911, Agreement::Near),
        (1_001, Agreement::Near),
        (1_002, Agreement::Outside),
        (792, Agreement::Near),
        (791, Agreement::Outside),
    ] {
        stored(&mut report, count);
        let against = against(&forecast, &report, TOLERANCE).expect("the same scenario");
        assert_eq!(agreement(&against, "stored"), expected, "{count}");
        let is_named = against.answer.contains(" outside: stored");
        assert_eq!(
            is_named,
            expected == Agreement::Outside,
            "{}",
            against.answer
        );
        assert_eq!(agreement(&against, "drain"), Agreement::Within);
        // The emulator's own counters are not there, so nothing is said of them.
        assert_eq!(agreement(&against, "invocations"), Agreement::NotMeasured);
        assert_eq!(
            agreement(&against, "end-to-end p99, spike"),
            Agreement::TooShort
        );
        assert!(!against.evidence);
    }
    report.quiescence.reached = false;
    let unsettled = against(&forecast, &report, TOLERANCE).expect("the same scenario");
    assert_eq!(agreement(&unsettled, "drain"), Agreement::NotMeasured);
}

#[test]
fn orders_may_be_off_by_five_and_other_counts_by_one() {
    let (mut forecast, mut report) = both();
    let four = Range { min: 4, max: 4 };
    (forecast.throttled_writes, forecast.cold_starts) = (Range { min: 0, max: 0 }, four);
    forecast.max_concurrency = four;
    for (counted, writes, starts) in [
        (0, Agreement::Within, Agreement::Outside),
        (1, Agreement::Near, Agreement::Outside),
        (2, Agreement::Outside, Agreement::Outside),
        (3, Agreement::Outside, Agreement::Near),
        (4, Agreement::Outside, Agreement::Within),
        (5, Agreement::Outside, Agreement::Near),
        (6, Agreement::Outside, Agreement::Outside),
    ] {
        report.pipeline = Some(PipelineCounters {
            throttled_writes: counted,
            cold_starts: counted,
            max_concurrency: counted as u32,
            ..PipelineCounters::default()
        });
        let against = against(&forecast, &report, TOLERANCE).expect("the same scenario");
        for (figure, expected) in [
            ("throttled writes", writes),
            ("cold starts", starts),
            ("concurrency at most", starts),
        ] {
            assert_eq!(agreement(&against, figure), expected, "{figure}: {counted}");
        }
    }
    // Five orders may be lost where none was forecast.
    report.classes.insert(Class::Lost, 5);
    let with_lost = against(&forecast, &report, TOLERANCE).expect("the same scenario");
    assert_eq!(agreement(&with_lost, "lost"), Agreement::Near);
    // A class that only the run has is outside of a forecast of none.
    report.classes.insert(Class::Lost, 6);
    let with_lost = against(&forecast, &report, TOLERANCE).expect("the same scenario");
    assert_eq!(agreement(&with_lost, "lost"), Agreement::Outside);
}

#[test]
fn nothing_on_both_sides_and_what_the_seed_decides_are_not_counted_as_agreement() {
    let (mut forecast, mut report) = both();
    forecast.throttled_writes = Range { min: 0, max: 0 };
    forecast.cold_starts = Range { min: 4, max: 4 };
    report.pipeline = Some(PipelineCounters {
        cold_starts: 4,
        ..PipelineCounters::default()
    });
    forecast.bad_orders = Range {
        min: report.bad_orders,
        max: report.bad_orders,
    };
    report.scenario.seed = 2;
    let counts = |forecast: &Forecast, report: &RunReport, figure: &str| {
        let against = against(forecast, report, TOLERANCE).expect("the same scenario");
        let within = against.figures.iter();
        let within = within.filter(|one| one.counts && one.agreement == Agreement::Within);
        let told = format!("{} of ", within.count());
        assert!(against.answer.starts_with(&told), "{}", against.answer);
        let mut figures = against.figures.into_iter();
        let found = figures
            .find(|one| one.figure == figure)
            .expect("it is there");
        assert_eq!(found.agreement, Agreement::Within, "{figure}");
        found.counts
    };
    assert!(!counts(&forecast, &report, "throttled writes"));
    assert!(!counts(&forecast, &report, "orders planned"));
    assert!(
        counts(&forecast, &report, "cold starts"),
        "four on both sides"
    );
    report.bad_orders = 7;
    forecast.bad_orders = Range { min: 7, max: 7 };
    assert!(
        !counts(&forecast, &report, "bad orders"),
        "of the same seed"
    );
    report.scenario.seed = 9;
    assert!(counts(&forecast, &report, "bad orders"), "of another");
}

#[test]
fn a_run_of_another_scenario_is_refused_by_the_key_that_differs() {
    let (forecast, report) = both();
    let mut other = report.clone();
    other.scenario.pipeline.max_receive_count += 1;
    let refused = against(&forecast, &other, TOLERANCE)
        .expect_err("they differ")
        .to_string();
    assert!(
        refused.contains("pipeline.max_receive_count: forecast 3, run 4"),
        "{refused}"
    );
    assert!(
        !refused.contains("pipeline.visibility_timeout"),
        "{refused}"
    );
    // Near misses: another seed, other words, other senders and other rules are no other pipeline.
    let mut same = report.clone();
    same.scenario.seed += 1;
    same.scenario.question = "What else?".into();
    same.scenario.sending.senders += 1;
    same.scenario.expect.rules.clear();
    assert!(against(&forecast, &same, TOLERANCE).is_ok());
    let mut stopped = report;
    stopped.interrupted = true;
    let refused = against(&forecast, &stopped, TOLERANCE);
    assert_eq!(refused, Err(NotOfThisRun::Interrupted));
}

#[test]
fn a_document_that_is_no_forecast_is_not_taken_for_one() {
    let (forecast, _) = both();
    assert_eq!(forecast.check(), Ok(()));
    let broken: [fn(&mut Forecast); 4] = [
        |forecast| forecast.kind = "run".into(),
        |forecast| forecast.evidence = true,
        |forecast| forecast.schema_version = 9,
        |forecast| forecast.planned_orders = Range { min: 2, max: 1 },
    ];
    for (index, break_it) in broken.into_iter().enumerate() {
        let mut forecast = forecast.clone();
        break_it(&mut forecast);
        assert!(forecast.check().is_err(), "{index}");
    }
}
