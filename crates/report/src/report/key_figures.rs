//! The figures that are asked for first, in boxes beside the verdict.

use super::evidence;
use crate::document::Fact;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::{duration, micros, thousands};
use orderproof_core::verdict::Class;

/// What a page shows at once.
pub(super) fn facts(report: &RunReport) -> Vec<Fact> {
    let unknown = || "\u{2013}".to_owned();
    let measured = report.phases.iter().filter(|phase| !phase.figures.warm_up);
    let worst = measured
        .filter_map(|phase| Some((phase.end_to_end_us.measured()?.p99_us?, phase)))
        .max_by_key(|(p99_us, _)| *p99_us);
    let phase = worst.map(|(_, phase)| &phase.figures.name);
    let in_phase =
        |us: u64| phase.map_or_else(unknown, |phase| format!("{} in {phase}", micros(us)));
    let p95 = worst.and_then(|(_, phase)| phase.end_to_end_us.p95_of(&phase.figures.end_to_end));
    let (p95, worst) = (p95.map(in_phase), worst.map(|(p99_us, _)| in_phase(p99_us)));
    let lost = report.class_tally(Class::Lost).exact();
    let misplaced = Class::ALL.into_iter().filter(|class| class.is_misplaced());
    let mut counts = misplaced.map(|class| report.class_tally(class).exact());
    let misplaced = counts.try_fold(0_u64, |sum, count| Some(sum.saturating_add(count?)));
    let backlog = report.backlog();
    let peak = backlog
        .as_ref()
        .map(|backlog| format!("{} in {}", thousands(backlog.peak), backlog.phase));
    let caught_up = backlog.and_then(|backlog| backlog.caught_up).map(duration);
    [
        ("orders planned", thousands(report.orders.planned)),
        ("acknowledged", thousands(report.orders.acknowledged)),
        ("lost", lost.map_or_else(unknown, thousands)),
        (
            "in the wrong place",
            misplaced.map_or_else(unknown, thousands),
        ),
        ("end-to-end p95", p95.unwrap_or_else(unknown)),
        ("worst end-to-end p99", worst.unwrap_or_else(unknown)),
        ("largest backlog", peak.unwrap_or_else(unknown)),
        ("time to catch up", caught_up.unwrap_or_else(unknown)),
        ("drained in", evidence::drained(&report.quiescence, "")),
    ]
    .into()
}
