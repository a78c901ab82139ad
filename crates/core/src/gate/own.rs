//! The rules of a run's own scenario, as its verdict stands to them: what its report shows first.

use super::evaluate::{durations, evaluate};
use super::rules::of_scenario;
use super::{Check, GateInput, RuleStanding};
use crate::results::RunReport;
use crate::scenario::Rule;
use crate::verdict::{Finding, Severity};
use crate::verify::{Standpoint, is_about_a_rule};

/// Each rule of the run's scenario, with its limit, what was observed, and how the run was judged by it.
pub fn own_rules(report: &RunReport) -> Vec<Check> {
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    let rules = report.scenario.expect.rules.iter();
    rules
        .map(|rule| {
            let check = evaluate(&of_scenario(rule), &input);
            let (standing, why) = judged(report, rule);
            Check {
                standing,
                note: why.or(check.note),
                ..check
            }
        })
        .collect()
}

/// What the run's judge said of a rule: nothing of one that holds. Where its figures say otherwise, nothing is known.
fn judged(report: &RunReport, rule: &Rule) -> (RuleStanding, Option<String>) {
    let named = format!("rule `{}` ", rule.text);
    let about =
        |finding: &&Finding| is_about_a_rule(&finding.code) && finding.message.starts_with(&named);
    let input = GateInput {
        report,
        rejudged: None,
        baseline: None,
    };
    let (_, standpoint) =
        durations(&input).check(rule.metric, rule.phase.as_deref(), &rule.bound());
    let unknown = |why: &str| (RuleStanding::Missing, Some(why.to_owned()));
    match (report.findings.iter().find(about), standpoint) {
        (Some(finding), Standpoint::Broken) if finding.severity == Severity::PerformanceFailure => {
            (RuleStanding::Failed, None)
        }
        (Some(finding), _) if finding.severity == Severity::MissingEvidence => {
            let why = finding.message.split_once(": ").map(|(_, why)| why);
            unknown(why.unwrap_or(&finding.message))
        }
        (None, Standpoint::Holds) => (RuleStanding::Ok, None),
        (None, Standpoint::Unknown(why)) => unknown(&why),
        (Some(_), _) | (None, Standpoint::Broken) => {
            unknown("the report's figures and its findings do not agree")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::{SPIKE, World};
    use crate::scenario::Overrides;
    use crate::verdict::finding;

    /// A run with these rules, judged by them.
    fn judged_by(rules: &[&str], findings: &[(Severity, &str)]) -> Vec<Check> {
        let mut report = World::new(&SPIKE).report();
        report.scenario.expect.rules = rules.iter().map(|text| parsed(text)).collect();
        report.findings = findings
            .iter()
            .map(|(severity, message)| finding(*severity, "rule_broken", (*message).into()))
            .collect();
        own_rules(&report)
    }

    fn parsed(text: &str) -> Rule {
        let file = format!(
            "name = \"x\"\nquestion = \"Does it?\"\n[[phase]]\nname = \"spike\"\nrate = \"10/s\"\nduration = \"2s\"\n\
             [expect]\nrules = [\"{text}\"]\n"
        );
        let scenario = crate::scenario::parse("x.toml", &file, &Overrides::default());
        scenario.expect("a scenario").expect.rules.remove(0)
    }

    #[test]
    fn a_rule_stands_as_the_run_was_judged_by_it() {
        let (kept, broken) = ("response_time_p99 < 100ms for spike", "drain < 6s");
        let finding = "rule `drain < 6s` is broken: measured 6.2s";
        let checks = judged_by(&[kept, broken], &[(Severity::PerformanceFailure, finding)]);
        let told = |check: &Check| {
            (
                check.standing,
                check.what.clone(),
                check.limit.clone(),
                check.observed.clone(),
                check.phase.clone(),
            )
        };
        assert_eq!(
            told(&checks[0]),
            (
                RuleStanding::Ok,
                "response_time_p99".into(),
                "< 100 ms".into(),
                "1.28 ms (30,000 orders)".into(),
                "spike".into()
            )
        );
        assert_eq!(
            told(&checks[1]),
            (
                RuleStanding::Failed,
                "drain".into(),
                "< 6 s".into(),
                "6.20 s".into(),
                String::new()
            )
        );
    }

    #[test]
    fn what_figures_and_findings_do_not_say_together_is_undecided() {
        let missing = "rule `drain < 9s` cannot be checked: nothing was measured";
        let cases = [
            ("drain < 6s", None, "do not agree"),
            ("drain < 9s", Some(missing), "nothing was measured"),
        ];
        for (rule, finding, why) in cases {
            let findings: Vec<_> = finding
                .map(|finding| (Severity::MissingEvidence, finding))
                .into_iter()
                .collect();
            let check = judged_by(&[rule], &findings).remove(0);
            assert_eq!(check.standing, RuleStanding::Missing, "{rule}");
            assert!(check.note.is_some_and(|note| note.contains(why)), "{rule}");
        }
        // The same finding about another rule says nothing of this one.
        let check = judged_by(&["drain < 7s"], &[(Severity::MissingEvidence, missing)]);
        assert_eq!(check[0].standing, RuleStanding::Ok);
    }

    #[test]
    fn a_limit_in_compressed_time_is_given_by_both_clocks() {
        let mut report = World::new(&SPIKE).report();
        report.scenario.time_scale = 10.0;
        let mut rule = parsed("drain < 70s");
        rule.limit /= 10;
        report.scenario.expect.rules = vec![rule];
        let check = own_rules(&report).remove(0);
        assert_eq!(check.limit, "< 7 s (70 s in the scenario)");
        assert_eq!(check.observed, "6.20 s");
    }
}
