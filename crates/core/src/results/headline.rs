//! A report's verdict in a word and in a sentence.

use super::RunReport;
use super::figures::orders;
use crate::results::figures::thousands;
use crate::verdict::{Class, Gate, Severity, Standing, Verdict};
use crate::verify::{OUT_OF_ORDER, is_about_a_rule};

/// The verdict as a word of its own.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "INCONCLUSIVE",
    }
}

/// The verdict in a sentence.
pub fn headline(report: &RunReport) -> String {
    let gate = report.gate.as_str();
    let planned = orders(report.orders.planned);
    let failing: u64 = report
        .classes
        .iter()
        .filter(|(class, _)| class.standing(report.gate) == Standing::Refused)
        .map(|(_, count)| count)
        .sum();
    let first = report
        .findings
        .first()
        .map_or("", |finding| finding.message.as_str());
    // A failure of orders in no class: of what the pipeline made beside them.
    let unexplained = report.findings.iter().any(|finding| {
        finding.severity == Severity::OrderFailure && !is_about_a_rule(&finding.code)
    });
    let mut findings = report.findings.iter();
    let missing = findings.any(|finding| finding.severity == Severity::MissingEvidence);
    let failures = report.findings.iter();
    let mut failures = failures.filter(|finding| finding.severity == Severity::OrderFailure);
    let out_of_order = failures.next().filter(|first| first.code == OUT_OF_ORDER);
    let by_rule = report.findings.iter().any(|finding| {
        finding.severity == Severity::OrderFailure && is_about_a_rule(&finding.code)
    });
    match (report.verdict, failing) {
        (Verdict::Fail, 0) if by_rule => {
            format!("{gate}: {}, about where orders ended", broken(report))
        }
        (Verdict::Pass, _) => {
            let place = match report.gate {
                Gate::Strict => "in the right place, once, unaltered",
                Gate::Conserved => "in the table or in the dead-letter queue",
            };
            format!("{gate}: every one of {planned} is accounted for {place}; 0 lost")
        }
        (Verdict::Fail, 0) if out_of_order.is_some() => format!(
            "{gate}: every order is in its place, and {} of {planned} were processed out of order within their message groups",
            thousands(out_of_order.map_or(0, |found| found.orders))
        ),
        (Verdict::Fail, 0) if unexplained => {
            format!("{gate}: the stores hold rows or dead letters that no order explains")
        }
        (Verdict::Fail, 0) if missing => format!(
            "{gate}: {}; no order is known to be lost or out of place, and evidence is missing",
            broken(report)
        ),
        (Verdict::Fail, 0) => format!(
            "{gate}: every order is in its place, but {}",
            broken(report)
        ),
        (Verdict::Fail, failing) => format!("{gate}: {}", wrong(report, failing)),
        (Verdict::Inconclusive, _) => format!("{gate}: evidence is missing: {first}"),
    }
}

/// How many of the run's rules are broken.
fn broken(report: &RunReport) -> String {
    let findings = report.findings.iter();
    let broken = findings
        .filter(|finding| {
            finding.severity == Severity::PerformanceFailure || is_about_a_rule(&finding.code)
        })
        .filter(|finding| finding.severity != Severity::MissingEvidence)
        .count();
    match (broken, report.scenario.expect.rules.len()) {
        (1, 0..=1) => "its rule is broken".into(),
        (1, all) => format!("1 of {all} rules is broken"),
        (broken, all) => format!("{broken} of {all} rules are broken"),
    }
}

/// What is wrong with how many orders; whether any is lost is always said.
fn wrong(report: &RunReport, failing: u64) -> String {
    let mut kinds: Vec<(&str, u64)> = Vec::new();
    for class in Class::ALL.into_iter().rev() {
        let count = report.classes.get(&class).copied().unwrap_or_default();
        let refused = class.standing(report.gate) == Standing::Refused;
        let Some(wrong) = class.wrong().filter(|_| refused && count > 0) else {
            continue;
        };
        match kinds.iter_mut().find(|(known, _)| *known == wrong) {
            Some((_, orders)) => *orders = orders.saturating_add(count),
            None => kinds.push((wrong, count)),
        }
    }
    let lost = match report.classes.get(&Class::Lost) {
        None => " (how many are lost was not counted)",
        Some(0) => " (0 lost)",
        Some(_) => "",
    };
    let planned = orders(report.orders.planned);
    let failing = thousands(failing);
    match kinds.as_slice() {
        [(wrong, _)] => format!("{failing} of {planned} {wrong}{lost}"),
        kinds => {
            let kinds = kinds.iter();
            let kinds: Vec<_> = kinds
                .map(|(wrong, count)| format!("{} {wrong}", thousands(*count)))
                .collect();
            format!(
                "{failing} of {planned} went wrong: {}{lost}",
                kinds.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::{SPIKE, World};
    use crate::verdict::{Finding, finding};

    #[test]
    fn a_failure_of_order_alone_is_told_as_such() {
        let told = |code: &str| {
            let mut report = World::new(&SPIKE).report();
            report.verdict = Verdict::Fail;
            report.findings = vec![Finding {
                orders: 3,
                ..finding(Severity::OrderFailure, code, String::new())
            }];
            headline(&report)
        };
        let found = told(OUT_OF_ORDER);
        let words = "were processed out of order within their message groups";
        assert!(
            found.contains(" 3 of ") && found.ends_with(words),
            "{found}"
        );
        assert!(told("foreign_rows").ends_with("that no order explains"));
    }

    #[test]
    fn a_broken_rule_says_nothing_of_orders_that_nobody_has_seen() {
        let mut report = World::new(&SPIKE).report();
        report.verdict = Verdict::Fail;
        let broken = finding(Severity::PerformanceFailure, "rule_broken", String::new());
        report.findings = vec![broken];
        let told = headline(&report);
        assert!(told.contains("every order is in its place, but its rule is broken"));
        let missing = finding(Severity::MissingEvidence, "load_not_offered", String::new());
        report.findings.push(missing);
        let told = headline(&report);
        assert!(
            told.contains("its rule is broken; no order is known to be lost"),
            "{told}"
        );
    }

    #[test]
    fn a_rule_on_where_orders_end_is_not_one_beside_orders_that_are_in_their_place() {
        let mut report = World::new(&SPIKE).report();
        report.verdict = Verdict::Fail;
        let broken = finding(Severity::OrderFailure, "rule_broken", String::new());
        report.findings = vec![broken];
        let told = headline(&report);
        assert!(
            told.ends_with("its rule is broken, about where orders ended"),
            "{told}"
        );
    }

    #[test]
    fn the_numbers_of_a_failure_agree_with_each_other() {
        let told = |classes: &[(Class, u64)]| {
            let mut report = World::new(&SPIKE).report();
            report.verdict = Verdict::Fail;
            report.classes.extend(classes.iter().copied());
            headline(&report)
        };
        use Class::{Altered, GoodOrderDeadLettered, Lost, StoredAndDeadLettered};
        let misplaced = [
            (GoodOrderDeadLettered, 4_000),
            (StoredAndDeadLettered, 4_238),
        ];
        for (classes, expected) in [
            (
                &misplaced[..],
                "8,238 of 40,000 orders in the wrong place (0 lost)",
            ),
            (&[(Lost, 11)], "11 of 40,000 orders lost"),
            (
                &[(Lost, 11), misplaced[0], (Altered, 1)],
                "4,012 of 40,000 orders went wrong: 11 lost, 1 altered, 4,000 in the wrong place",
            ),
            (
                &[(Altered, 1), misplaced[0]],
                "4,001 of 40,000 orders went wrong: 1 altered, 4,000 in the wrong place (0 lost)",
            ),
        ] {
            assert_eq!(told(classes), format!("strict: {expected}"));
        }
    }

    #[test]
    fn every_class_that_a_gate_refuses_says_what_is_wrong() {
        for class in Class::ALL {
            let refused = class.standing(Gate::Strict) == Standing::Refused;
            assert_eq!(class.wrong().is_some(), refused, "{class:?}");
        }
    }
}
