//! A report's verdict in a word and in a sentence.

use super::RunReport;
use super::figures::orders;
use crate::results::figures::thousands;
use crate::verdict::{Class, Gate, Severity, Standing, Verdict};
use crate::verify::OUT_OF_ORDER;

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
    let unexplained = report
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::OrderFailure);
    let failures = report.findings.iter();
    let mut failures = failures.filter(|finding| finding.severity == Severity::OrderFailure);
    let out_of_order = failures.next().filter(|first| first.code == OUT_OF_ORDER);
    match (report.verdict, failing) {
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
        (Verdict::Fail, 0) => {
            format!("{gate}: all orders are accounted for, but a performance rule is broken")
        }
        (Verdict::Fail, failing) => {
            let lost = report.classes.get(&Class::Lost);
            format!(
                "{gate}: {} of {planned} lost, altered or misplaced; {} lost",
                thousands(failing),
                lost.map_or("not counted how many".into(), |&lost| thousands(lost))
            )
        }
        (Verdict::Inconclusive, _) => format!("{gate}: evidence is missing: {first}"),
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
}
