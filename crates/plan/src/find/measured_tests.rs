//! Runs whose limits are known, held against what the search makes of them.

use orderproof_core::results::fixture::{SPIKE, World};
use orderproof_core::scenario::{Overrides, parse};
use orderproof_core::verdict::finding;

use super::*;

fn scenario() -> Scenario {
    let file = include_str!("../../../../scenarios/baseline.toml");
    parse("baseline.toml", file, &Overrides::default()).expect("a scenario")
}

fn step(multiple: f64, standing: StepVerdict) -> MeasuredStep {
    let exit = match standing {
        StepVerdict::Holds => Exit::Success,
        StepVerdict::PipelineLimit => Exit::PerformanceFailure,
        StepVerdict::GeneratorLimit | StepVerdict::Undecided => Exit::Inconclusive,
    };
    MeasuredStep {
        multiple,
        rate_per_s: multiple * 10.0,
        offered_per_s: Some(multiple * 9.0),
        reasons: vec!["a reason".into()],
        verdict: Verdict::Pass,
        exit_code: exit.code(),
        headline: String::new(),
        interrupted: false,
        planned_orders: 100,
        schedule_lag_p99_us: None,
        backlog_peak_orders: None,
        drain_us: None,
        folder: String::new(),
        standing,
    }
}

/// A pipeline that holds up to `pipeline` and a generator that offers up to `generator`, multiples of the baseline.
fn search(limits: SearchLimits, pipeline: f64, generator: f64) -> MeasuredRate {
    let search = RateSearch::of(&scenario(), limits).expect("it has a baseline");
    search.search(
        || Duration::ZERO,
        |_, multiple| {
            let standing = match (multiple > generator, multiple > pipeline) {
                (true, _) => StepVerdict::GeneratorLimit,
                (false, true) => StepVerdict::PipelineLimit,
                (false, false) => StepVerdict::Holds,
            };
            Ok(step(multiple, standing))
        },
    )
}

fn usual() -> SearchLimits {
    SearchLimits::default()
}

#[test]
fn the_pipelines_limit_is_found_within_a_tenth() {
    let found = search(usual(), 7.7, 1_000.0);
    let (holds, fails) = (
        found.holds_at.expect("it holds"),
        found.fails_at.expect("it fails"),
    );
    assert!(
        holds <= 7.7 && fails > 7.7 && fails - holds <= 0.77,
        "{found:#?}"
    );
    assert_eq!(found.limit, Some(StepVerdict::PipelineLimit));
    assert_eq!(
        (found.exit(), found.ended.as_deref()),
        (Exit::Success, None)
    );
    assert!(
        found.answer.contains("the pipeline does not: a reason"),
        "{}",
        found.answer
    );
}

#[test]
fn the_generators_limit_is_never_the_pipelines() {
    let found = search(usual(), 1_000.0, 7.7);
    assert_eq!(found.limit, Some(StepVerdict::GeneratorLimit));
    assert_eq!(found.exit(), Exit::Inconclusive);
    let start = "the load generator could not offer more than 7.";
    assert!(found.answer.starts_with(start), "{}", found.answer);
    assert!(
        found.answer.contains("the pipeline held until there"),
        "{}",
        found.answer
    );
    // Above the pipeline's limit it is in nobody's way.
    let found = search(usual(), 7.7, 12.0);
    assert_eq!(found.limit, Some(StepVerdict::PipelineLimit), "{found:#?}");
    let none = search(usual(), 1_000.0, 0.5);
    assert_eq!((none.holds_at, none.exit()), (None, Exit::Inconclusive));
    assert!(
        none.answer.contains("nothing is known of the pipeline"),
        "{}",
        none.answer
    );
}

#[test]
fn a_scenario_that_does_not_hold_at_its_own_rate_ends_as_its_run() {
    let found = search(usual(), 0.5, 1_000.0);
    assert_eq!((found.holds_at, found.steps.len()), (None, 1));
    assert_eq!(found.exit(), Exit::PerformanceFailure);
    assert!(
        found.answer.starts_with("the pipeline does not hold at 1x"),
        "{}",
        found.answer
    );
}

#[test]
fn what_bounds_a_search_is_said_and_without_a_limit_it_is_no_success() {
    let limits = SearchLimits {
        steps: 3,
        ..usual()
    };
    let found = search(limits, 1_000.0, 10_000.0);
    assert_eq!((found.holds_at, found.steps.len()), (Some(4.0), 3));
    assert_eq!(found.exit(), Exit::Inconclusive);
    assert!(
        found.answer.contains("3 runs were made, as many as may be"),
        "{}",
        found.answer
    );
    let limits = SearchLimits {
        up_to: Some(3.0),
        ..usual()
    };
    let found = search(limits, 1_000.0, 10_000.0);
    assert_eq!(
        (found.holds_at, found.exit()),
        (Some(3.0), Exit::Inconclusive)
    );
    assert!(
        found
            .answer
            .contains("the highest rate that was to be tried"),
        "{}",
        found.answer
    );
    // Coarser than it should be, and a limit all the same.
    let limits = SearchLimits {
        steps: 5,
        ..usual()
    };
    let found = search(limits, 7.7, 1_000.0);
    assert_eq!((found.holds_at, found.fails_at), (Some(6.0), Some(8.0)));
    assert_eq!(found.exit(), Exit::Success);
    let time = RateSearch::of(&scenario(), usual()).expect("it has a baseline");
    let found = time.search(
        || Duration::from_secs(3_600),
        |_, multiple| Ok(step(multiple, StepVerdict::Holds)),
    );
    assert_eq!(found.steps.len(), 1);
    assert!(found.answer.contains("its time was up"), "{}", found.answer);
    let too_low = SearchLimits {
        up_to: Some(0.5),
        ..usual()
    };
    assert!(RateSearch::of(&scenario(), too_low).is_err());
}

#[test]
fn what_cannot_be_decided_or_is_interrupted_ends_the_search_with_what_was_found() {
    let search = RateSearch::of(&scenario(), usual()).expect("it has a baseline");
    let at_4 = |standing: StepVerdict, interrupted: bool| {
        search.search(
            || Duration::ZERO,
            move |_, multiple| {
                let mut step = match multiple < 4.0 {
                    true => step(multiple, StepVerdict::Holds),
                    false => step(multiple, standing.clone()),
                };
                step.interrupted = interrupted && multiple >= 4.0;
                Ok(step)
            },
        )
    };
    let found = at_4(StepVerdict::Undecided, false);
    assert_eq!((found.holds_at, found.fails_at), (Some(2.0), None));
    assert_eq!(found.exit(), Exit::Inconclusive);
    assert!(
        found.answer.contains("nothing was decided: a reason"),
        "{}",
        found.answer
    );
    let found = at_4(StepVerdict::Undecided, true);
    assert_eq!(
        (found.holds_at, found.exit()),
        (Some(2.0), Exit::Interrupted)
    );
    assert!(found.answer.contains("interrupted"), "{}", found.answer);
}

#[test]
fn the_dearest_search_is_what_is_asked_for() {
    let limits = SearchLimits {
        steps: 6,
        up_to: Some(5.0),
        ..usual()
    };
    let search = RateSearch::of(&scenario(), limits).expect("it has a baseline");
    assert_eq!(search.at_most(), [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]);
}

fn judged(change: impl Fn(&mut RunReport)) -> StepVerdict {
    let mut report = World::new(&SPIKE).report();
    change(&mut report);
    standing(&report).0
}

fn adds(report: &mut RunReport, severity: Severity, code: &str) {
    report.findings.push(finding(severity, code, "why".into()));
    report.verdict = match severity {
        Severity::OrderFailure | Severity::PerformanceFailure => Verdict::Fail,
        _ if report.verdict == Verdict::Fail => Verdict::Fail,
        _ => Verdict::Inconclusive,
    };
}

#[test]
fn each_run_says_whose_limit_it_met() {
    use Severity::{MissingEvidence, OrderFailure, PerformanceFailure};
    let clean = |report: &mut RunReport| {
        report.findings.clear();
        report.verdict = Verdict::Pass;
    };
    let with = |findings: &'static [(Severity, &'static str)], at_rest: bool| {
        judged(move |report| {
            clean(report);
            report.quiescence.reached = at_rest;
            for (severity, code) in findings {
                adds(report, *severity, code);
            }
        })
    };
    assert_eq!(with(&[], true), StepVerdict::Holds);
    assert_eq!(
        with(&[(OrderFailure, "lost")], true),
        StepVerdict::PipelineLimit
    );
    assert_eq!(
        with(&[(PerformanceFailure, "rule_broken")], true),
        StepVerdict::PipelineLimit
    );
    // Whatever else is wrong: a late generator says nothing of the pipeline.
    let late = (MissingEvidence, "generator_too_late");
    for more in [
        &[(MissingEvidence, "generator_too_late")][..],
        &[
            (PerformanceFailure, "rule_broken"),
            (MissingEvidence, "generator_too_late"),
        ],
        &[
            (OrderFailure, "lost"),
            (MissingEvidence, "generator_too_late"),
        ],
    ] {
        assert!(more.contains(&late));
        let standing = judged(|report| {
            clean(report);
            for (severity, code) in more {
                adds(report, *severity, code);
            }
        });
        assert_eq!(standing, StepVerdict::GeneratorLimit, "{more:?}");
    }
    let unsent = |unsent: u64, aborted: bool| {
        judged(move |report| {
            clean(report);
            report.orders.unsent = unsent;
            if unsent > 0 {
                adds(report, MissingEvidence, "load_not_offered");
            }
            if aborted {
                adds(report, PerformanceFailure, "rule_broken");
                adds(report, Severity::Note, "sending_aborted");
            }
        })
    };
    assert_eq!(unsent(1, false), StepVerdict::GeneratorLimit);
    assert_eq!(unsent(0, false), StepVerdict::Holds);
    assert_eq!(
        unsent(1_000, true),
        StepVerdict::PipelineLimit,
        "a rule has ended it"
    );
    // Not at rest at the deadline is the pipeline's; a scan that did not end is nobody's.
    let not_at_rest = [
        (MissingEvidence, "no_quiescence"),
        (MissingEvidence, "undecided"),
    ];
    let standing = judged(|report| {
        clean(report);
        report.quiescence.reached = false;
        not_at_rest
            .iter()
            .for_each(|(severity, code)| adds(report, *severity, code));
    });
    assert_eq!(standing, StepVerdict::PipelineLimit);
    assert_eq!(
        with(
            &[
                (MissingEvidence, "no_quiescence"),
                (MissingEvidence, "scan_incomplete")
            ],
            false
        ),
        StepVerdict::Undecided
    );
    assert_eq!(
        with(&[(MissingEvidence, "evidence_incomplete")], true),
        StepVerdict::Undecided
    );
    assert_eq!(
        judged(|report| report.interrupted = true),
        StepVerdict::Undecided
    );
}
