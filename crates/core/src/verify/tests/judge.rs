//! Every finding with a case that trips it and a near miss that does not.

use std::time::Duration;

use super::world::complete;
use crate::metrics::Histogram;
use crate::order::{Id, OrderPlan, RunId};
use crate::scenario::{Bound, Expectations, Metric, Operator, Rule};
use crate::verdict::{Class, Gate, Judgment, Severity, Verdict};
use crate::verify::{JudgeInput, Observation, PhaseFigures, Reconciliation, judge};

/// Small, because a histogram keeps durations exact to the microsecond only up to 2 ms.
const TICK: Duration = Duration::from_micros(100);

/// A run of 1,000 good orders of which nothing bad is known; each case changes one thing or two.
pub(super) struct Case {
    pub(super) expect: Expectations,
    pub(super) counts: Vec<(Class, u32)>,
    pub(super) phantoms: Vec<u64>,
    pub(super) observation: Option<Observation>,
    pub(super) ledger_ended: bool,
    pub(super) phases: Option<Vec<PhaseFigures>>,
    pub(super) interrupted: bool,
    pub(super) clock_skew_bound: Duration,
}

fn phase(name: &str, warm_up: bool, took: Duration) -> PhaseFigures {
    let mut histogram = Histogram::new();
    histogram.record(took);
    PhaseFigures {
        name: name.into(),
        warm_up,
        response_time: histogram.clone(),
        service_time: histogram.clone(),
        schedule_lag: histogram.clone(),
        end_to_end: histogram,
    }
}

fn sound() -> Case {
    Case {
        expect: Expectations {
            gate: Gate::Strict,
            max_unsent_share: 0.0,
            max_indeterminate: 0,
            max_schedule_lag_p99: 20 * TICK,
            rules: Vec::new(),
        },
        counts: Vec::new(),
        phantoms: Vec::new(),
        observation: Some(complete()),
        ledger_ended: true,
        phases: Some(vec![
            phase("warm-up", true, 10 * TICK),
            phase("spike", false, 10 * TICK),
        ]),
        interrupted: false,
        clock_skew_bound: Duration::ZERO,
    }
}

impl Case {
    pub(super) fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut case = sound();
        change(&mut case);
        case
    }

    pub(super) fn of(counts: &[(Class, u32)]) -> Self {
        Self::with(|case| case.counts = counts.to_vec())
    }

    pub(super) fn observing(change: impl FnOnce(&mut Observation)) -> Self {
        Self::with(|case| change(case.observation.as_mut().unwrap()))
    }

    fn rule(metric: Metric, inclusive: bool, limit: Duration, phase: Option<&str>) -> Self {
        Self::with(|case| {
            let operator = match inclusive {
                true => Operator::AtMost,
                false => Operator::Below,
            };
            let bound = Bound { operator, limit };
            case.expect.rules = vec![Rule::on_duration("the rule", metric, bound, phase)];
        })
    }

    pub(super) fn judge(&self) -> Judgment {
        self.judge_of(&OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1))
    }

    pub(super) fn judge_of(&self, orders: &OrderPlan) -> Judgment {
        let mut next = 0;
        let mut members: std::collections::BTreeMap<Class, roaring::RoaringBitmap> =
            Default::default();
        for &(class, count) in &self.counts {
            members.insert(class, (next..next + count).collect());
            next += count;
        }
        members
            .entry(Class::Stored)
            .or_default()
            .insert_range(next..1_000);
        judge(&JudgeInput {
            orders,
            expect: &self.expect,
            reconciliation: &Reconciliation {
                planned: 1_000,
                members,
                phantoms: self.phantoms.iter().copied().map(Id::Number).collect(),
            },
            observation: self.observation.as_ref(),
            ledger_ended: self.ledger_ended,
            phases: self.phases.as_deref(),
            interrupted: self.interrupted,
            clock_skew_bound: self.clock_skew_bound,
        })
    }

    /// Verdict and codes, notes left out.
    pub(super) fn reasons(&self) -> (Verdict, Vec<String>) {
        let judgment = self.judge();
        let findings = judgment.findings.into_iter();
        let reasons = findings.filter(|finding| finding.severity != Severity::Note);
        (
            judgment.verdict,
            reasons.map(|finding| finding.code).collect(),
        )
    }
}

#[track_caller]
pub(super) fn check(case: &Case, verdict: Verdict, codes: &[&str], why: &str) {
    let (found, reasons) = case.reasons();
    assert_eq!(reasons, codes, "{why}");
    assert_eq!(found, verdict, "{why}");
}

#[track_caller]
pub(super) fn passes(case: &Case, why: &str) {
    check(case, Verdict::Pass, &[], why);
}

#[track_caller]
pub(super) fn inconclusive(case: &Case, code: &str, why: &str) {
    check(case, Verdict::Inconclusive, &[code], why);
}

#[test]
fn each_class_has_its_verdict_under_each_gate() {
    use Verdict::{Fail, Inconclusive, Pass};
    for (class, strict, conserved) in [
        (Class::Stored, Pass, Pass),
        (Class::DeadLetteredByDesign, Pass, Pass),
        (Class::Recovered, Pass, Pass),
        (Class::StoredAndDeadLettered, Fail, Pass),
        (Class::GoodOrderDeadLettered, Fail, Pass),
        (Class::BadOrderStored, Fail, Pass),
        (Class::IndeterminateNeverSeen, Inconclusive, Inconclusive),
        (Class::Rejected, Inconclusive, Inconclusive),
        (Class::Unsent, Inconclusive, Inconclusive),
        (Class::Undecided, Inconclusive, Inconclusive),
        (Class::Ghost, Fail, Fail),
        (Class::Altered, Fail, Fail),
        (Class::Overwritten, Fail, Fail),
        (Class::Phantom, Fail, Fail),
        (Class::Lost, Fail, Fail),
    ] {
        for (gate, verdict) in [(Gate::Strict, strict), (Gate::Conserved, conserved)] {
            let case = Case::with(|case| {
                case.expect.gate = gate;
                match class {
                    Class::Phantom => case.phantoms = vec![7_000_001_000],
                    _ => case.counts = vec![(class, 1)],
                }
            });
            let judgment = case.judge();
            assert_eq!(judgment.verdict, verdict, "{class:?} under {gate:?}");
            if verdict == Fail {
                let codes: Vec<_> = judgment.findings.iter().map(|f| &f.code[..]).collect();
                assert_eq!(codes, [class.as_str()], "{class:?} under {gate:?}");
            }
        }
    }
}

#[test]
fn a_run_in_which_nothing_was_accepted_proves_nothing() {
    let generous = |counts: &[(Class, u32)]| {
        Case::with(|case| {
            case.expect.max_unsent_share = 1.0;
            case.expect.max_indeterminate = 1_000;
            case.counts = counts.to_vec();
        })
    };
    let nothing = [
        (&[(Class::Unsent, 1_000)][..], "nothing was attempted"),
        (&[(Class::Rejected, 1_000)], "all of it was refused"),
        (
            &[(Class::IndeterminateNeverSeen, 1_000)],
            "nothing was answered",
        ),
        (
            &[
                (Class::Unsent, 300),
                (Class::Rejected, 300),
                (Class::IndeterminateNeverSeen, 400),
            ],
            "a third of each",
        ),
    ];
    for (counts, why) in nothing {
        inconclusive(&generous(counts), "nothing_sent", why);
    }
    passes(&generous(&[(Class::Unsent, 999)]), "one order was");
    passes(&generous(&[(Class::Rejected, 999)]), "one was accepted");
}

#[test]
fn budgets_hold_at_their_limit_and_not_beyond() {
    let load = |share: f64, unsent: u32, rejected: u32| {
        Case::with(|case| {
            case.expect.max_unsent_share = share;
            case.counts = vec![(Class::Unsent, unsent), (Class::Rejected, rejected)];
        })
    };
    let code = "load_not_offered";
    passes(&load(0.01, 10, 0), "1% unsent");
    inconclusive(&load(0.01, 11, 0), code, "1.1% unsent");
    passes(&load(0.01, 5, 5), "1% unsent and refused");
    inconclusive(&load(0.01, 5, 6), code, "1.1% unsent and refused");
    inconclusive(&load(0.0, 1, 0), code, "one unsent and no budget");
    passes(
        &load(0.009999999, 10, 0),
        "a millionth of an order is rounding",
    );
    inconclusive(&load(0.00999999, 10, 0), code, "ten millionths are not");
    for tenth in 1..999u32 {
        // Read as a scenario reads it, 2.8% of 1,000 is a little below 28.
        let share = f64::from(tenth) / 10.0 / 100.0;
        passes(&load(share, tenth, 0), "at the limit");
        inconclusive(&load(share, tenth + 1, 0), code, "beyond it");
    }

    let unanswered = |budget: u64, seen: u32| {
        Case::with(|case| {
            case.expect.max_indeterminate = budget;
            case.counts = vec![(Class::IndeterminateNeverSeen, seen)];
        })
    };
    passes(&unanswered(3, 3), "as many as may be");
    let code = "indeterminate_never_seen";
    inconclusive(&unanswered(3, 4), code, "one more");
    let noted = unanswered(3, 3).judge().findings;
    assert_eq!(noted[0].severity, Severity::Note, "and they are mentioned");
}

#[test]
fn an_interruption_counts_when_it_left_orders_unsent() {
    let interrupted = |unsent: u32| {
        Case::with(|case| {
            case.expect.max_unsent_share = 0.5;
            case.interrupted = true;
            case.counts = vec![(Class::Unsent, unsent)];
        })
    };
    inconclusive(&interrupted(1), "interrupted", "one order unsent");
    passes(&interrupted(0), "all had been sent");
}

#[test]
fn each_missing_piece_of_evidence_is_named() {
    passes(&sound(), "everything is there");
    let ended = Case::with(|case| case.ledger_ended = false);
    inconclusive(&ended, "ledger_unfinished", "the process died");
    let blind = Case::with(|case| case.observation = None);
    inconclusive(&blind, "observation_missing", "nobody looked");
    let unmeasured = Case::with(|case| case.phases = None);
    inconclusive(&unmeasured, "send_record_missing", "figures lost");
    for (code, take) in [
        (
            "no_quiescence",
            (|o| o.quiescence.reached = false) as fn(&mut Observation),
        ),
        ("function_never_started", |o| {
            o.quiescence.reached = false;
            o.quiescence.never_started = Some("no process".into());
        }),
        ("scan_incomplete", |o| o.scan.complete = false),
        ("lookups_incomplete", |o| o.lookups.complete = false),
        ("dead_letter_sweep_incomplete", |o| {
            o.dead_letter_sweep.complete = false
        }),
        ("retention", |o| o.retention.shortest = None),
        ("retention", |o| o.retention.age = Duration::from_secs(100)),
    ] {
        inconclusive(&Case::observing(take), code, code);
    }
}

#[test]
fn a_late_generator_cannot_claim_its_load() {
    let late = |warm_up: Duration, spike: Duration| {
        Case::with(|case| {
            case.phases = Some(vec![
                phase("warm-up", true, warm_up),
                phase("spike", false, spike),
            ]);
        })
    };
    let code = "generator_too_late";
    passes(&late(10 * TICK, 20 * TICK), "as late as may be");
    inconclusive(&late(10 * TICK, 21 * TICK), code, "later");
    passes(&late(500 * TICK, 10 * TICK), "late in the warm-up alone");
    let warm_up_only = Case::with(|case| {
        case.phases = Some(vec![phase("warm-up", true, 10 * TICK)]);
    });
    let code = "schedule_lag_unknown";
    inconclusive(&warm_up_only, code, "nothing measured outside the warm-up");
    let none = Case::with(|case| case.phases = Some(Vec::new()));
    inconclusive(&none, code, "no phase measured");
}

#[test]
fn each_metric_has_its_rule_held_broken_and_without_figures() {
    type Take = fn(&mut PhaseFigures);
    let metrics: [(Metric, Take); 4] = [
        (Metric::ResponseTime(0.99), |p| {
            p.response_time = Histogram::new()
        }),
        (Metric::ServiceTime(0.5), |p| {
            p.service_time = Histogram::new()
        }),
        (Metric::ScheduleLag(1.0), |p| {
            p.schedule_lag = Histogram::new()
        }),
        (Metric::EndToEnd(0.999), |p| p.end_to_end = Histogram::new()),
    ];
    for (metric, take) in metrics {
        let rule = |inclusive, limit| Case::rule(metric, inclusive, limit, None);
        let broken = |case: &Case, why| check(case, Verdict::Fail, &["rule_broken"], why);
        passes(&rule(false, 11 * TICK), "10 ticks are below 11");
        passes(&rule(true, 10 * TICK), "10 ticks are at most 10");
        broken(&rule(false, 10 * TICK), "10 ticks are not below 10");
        broken(&rule(true, 9 * TICK), "10 ticks are more than 9");
        let mut empty = rule(true, Duration::from_secs(1));
        empty.phases.as_mut().unwrap().iter_mut().for_each(take);
        let (verdict, codes) = empty.reasons();
        assert_eq!(
            verdict,
            Verdict::Inconclusive,
            "{metric:?} without a sample"
        );
        assert!(
            codes.contains(&"rule_without_figures".into()),
            "{metric:?}: {codes:?}"
        );
        let mut lost = rule(true, Duration::from_secs(1));
        lost.phases = None;
        let expected = ["send_record_missing", "rule_without_figures"];
        check(&lost, Verdict::Inconclusive, &expected, "figures lost");
    }
}

#[test]
fn a_rule_looks_at_its_phase_or_at_all_but_the_warm_up() {
    let rule = |phase| Case::rule(Metric::ResponseTime(1.0), true, 10 * TICK, phase);
    let slow_warm_up = |mut case: Case| {
        case.phases.as_mut().unwrap()[0] = phase("warm-up", true, 90 * TICK);
        case
    };
    let broken = ["rule_broken"];
    passes(&slow_warm_up(rule(None)), "a warm-up is no concern");
    passes(&slow_warm_up(rule(Some("spike"))), "of another phase");
    let named = slow_warm_up(rule(Some("warm-up")));
    check(&named, Verdict::Fail, &broken, "unless it is named");
    inconclusive(&rule(Some("sale")), "rule_without_figures", "no such phase");
}

#[test]
fn a_drain_is_measured_only_by_quiescence() {
    let rule = |limit| Case::rule(Metric::Drain, false, Duration::from_secs(limit), None);
    passes(&rule(3), "2 s is below 3 s");
    check(
        &rule(2),
        Verdict::Fail,
        &["rule_broken"],
        "2 s is not below 2 s",
    );
    let mut unknown = rule(3);
    unknown.observation.as_mut().unwrap().quiescence.drain = None;
    inconclusive(&unknown, "rule_without_figures", "no figure");
    let mut restless = rule(3);
    restless.observation.as_mut().unwrap().quiescence.reached = false;
    let expected = ["no_quiescence", "rule_without_figures"];
    check(&restless, Verdict::Inconclusive, &expected, "not at rest");
}

#[test]
fn clocks_that_differ_by_more_than_winto_measured_prove_no_latency() {
    let skewed = |metric, skew| {
        let mut case = Case::rule(metric, true, 100 * TICK, None);
        case.clock_skew_bound = skew;
        case
    };
    let end_to_end = Metric::EndToEnd(0.99);
    passes(&skewed(end_to_end, 9 * TICK), "less than what was measured");
    passes(
        &skewed(end_to_end, 10 * TICK),
        "no more than what was measured",
    );
    let code = "rule_without_figures";
    let apart = skewed(end_to_end, 11 * TICK);
    inconclusive(&apart, code, "more than that");
    let judgment = apart.judge();
    let message = &judgment.findings[0].message;
    // A bound, which also stands for clocks that nobody measured.
    assert!(
        message.contains("may differ by") && message.contains("more than it measured"),
        "{message}"
    );
    passes(&skewed(Metric::ResponseTime(0.99), 11 * TICK), "one clock");
    // A tenth of the limit: what was measured and that much more is far below it all the same.
    let mut far = skewed(end_to_end, 11 * TICK);
    let limited = |far: &mut Case, limit| {
        let operator = Operator::AtMost;
        let bound = Bound { operator, limit };
        far.expect.rules = vec![Rule::on_duration("the rule", end_to_end, bound, None)];
    };
    limited(&mut far, 110 * TICK);
    passes(&far, "the limit is ten times as far");
    limited(&mut far, 109 * TICK);
    inconclusive(&far, code, "it is not");
}

#[test]
fn what_a_rule_found_is_said_as_figures_are() {
    let said = |skew| {
        let mut case = Case::rule(Metric::EndToEnd(0.99), true, 9 * TICK, None);
        case.clock_skew_bound = skew;
        let findings = case.judge().findings.into_iter();
        let mut findings = findings.filter(|finding| finding.severity != Severity::Note);
        findings.next().expect("a finding").message
    };
    let broken = said(Duration::ZERO);
    assert!(broken.ends_with("is broken: measured 1.00 ms"), "{broken}");
    let undecided = said(4 * TICK);
    let both = "measured 1.00 ms, and the clocks behind it differ by up to 400 µs";
    assert!(undecided.ends_with(both), "{undecided}");
}

#[test]
fn a_rule_is_decided_only_by_what_holds_at_both_ends_of_the_skew() {
    // 10 ticks were measured; the clocks differ by up to 4.
    let limited = |metric, limit| {
        let mut case = Case::rule(metric, true, limit, None);
        case.clock_skew_bound = 4 * TICK;
        case
    };
    let end_to_end = Metric::EndToEnd(0.99);
    let undecided = "rule_without_figures";
    passes(&limited(end_to_end, 15 * TICK), "it held at worst");
    inconclusive(&limited(end_to_end, 13 * TICK), undecided, "at best only");
    inconclusive(&limited(end_to_end, 10 * TICK), undecided, "just measured");
    inconclusive(&limited(end_to_end, 7 * TICK), undecided, "perhaps not");
    check(
        &limited(end_to_end, 5 * TICK),
        Verdict::Fail,
        &["rule_broken"],
        "it did not hold even at best",
    );
    passes(&limited(Metric::ServiceTime(0.99), 10 * TICK), "one clock");
}

#[test]
fn rows_without_a_time_leave_an_end_to_end_rule_unproven() {
    let untimed = |metric, limit, rows| {
        let mut case = Case::rule(metric, true, limit, None);
        case.observation.as_mut().unwrap().untimed_rows = rows;
        case
    };
    let end_to_end = Metric::EndToEnd(0.99);
    passes(
        &untimed(end_to_end, 100 * TICK, 0),
        "every row has its time",
    );
    let code = "rule_without_figures";
    inconclusive(&untimed(end_to_end, 100 * TICK, 1), code, "one has none");
    let broken = untimed(end_to_end, 5 * TICK, 1);
    check(
        &broken,
        Verdict::Fail,
        &["rule_broken"],
        "the others break it",
    );
    passes(
        &untimed(Metric::ServiceTime(0.99), 100 * TICK, 1),
        "no row needed",
    );
}

#[test]
fn fail_beats_inconclusive_beats_pass_and_the_gravest_comes_first() {
    let mut case = Case::rule(Metric::ServiceTime(0.5), true, TICK, None);
    case.ledger_ended = false;
    case.counts = vec![(Class::Recovered, 1), (Class::Lost, 7), (Class::Ghost, 1)];
    let judgment = case.judge();
    let found: Vec<_> = judgment
        .findings
        .iter()
        .map(|f| (f.severity, &f.code[..]))
        .collect();
    let expected = [
        (Severity::OrderFailure, "lost"),
        (Severity::OrderFailure, "ghost"),
        (Severity::PerformanceFailure, "rule_broken"),
        (Severity::MissingEvidence, "ledger_unfinished"),
        (Severity::Note, "recovered"),
    ];
    assert_eq!(found, expected);
    assert_eq!(judgment.verdict, Verdict::Fail);
    case.counts.clear();
    assert_eq!(case.judge().verdict, Verdict::Fail, "for the rule alone");
    case.expect.rules.clear();
    assert_eq!(case.judge().verdict, Verdict::Inconclusive);
    case.ledger_ended = true;
    assert_eq!(case.judge().verdict, Verdict::Pass);
}

#[test]
fn findings_name_the_first_five_order_numbers() {
    let case = Case::of(&[(Class::Altered, 2), (Class::Lost, 7)]);
    let findings = case.judge().findings;
    assert_eq!(findings[0].orders, 7);
    assert_eq!(
        findings[0].first_ids,
        (7_000_000_002..7_000_000_007)
            .map(Id::Number)
            .collect::<Vec<_>>()
    );
    assert_eq!(
        findings[1].first_ids,
        [7_000_000_000, 7_000_000_001].map(Id::Number)
    );
    let case = Case::with(|case| case.phantoms = (7_000_002_000..7_000_002_006).collect());
    let findings = case.judge().findings;
    assert_eq!(findings[0].orders, 6);
    let five: Vec<_> = case.phantoms[..5].iter().copied().map(Id::Number).collect();
    assert_eq!(findings[0].first_ids, five);
    assert!(findings[0].message.starts_with("6 orders are phantom"));
}
