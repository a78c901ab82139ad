//! Whether rules agree with each other: a gate that no run can pass is a mistake.

use super::bound::reaches;
use super::{Bound, Condition, Counted, Rule, RuleProblem};
use crate::scenario::Metric;
use crate::verdict::Standing;

/// Every pair of rules that no run can keep together.
pub fn contradictions(rules: &[Rule]) -> Vec<RuleProblem> {
    let mut found = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        for earlier in &rules[..index] {
            if contradict(earlier, rule) || contradict(rule, earlier) {
                found.push(RuleProblem::new(
                    format!("`{}` and `{}` cannot both hold", earlier.text, rule.text),
                    "leave one of them out",
                ));
            }
        }
    }
    found
}

fn contradict(one: &Rule, other: &Rule) -> bool {
    if one.phase != other.phase {
        return false;
    }
    match (one.condition, other.condition) {
        (Condition::Keeps(gate), Condition::Count(Counted::Class(class), bound)) => {
            class.standing(gate) == Standing::Refused && !bound.holds(0)
        }
        (Condition::Count(one, a), Condition::Count(other, b)) => {
            one == other && !whole_agree(a, b)
        }
        (Condition::Duration(one, a), Condition::Duration(other, b)) => {
            let ordered = below(one, other);
            ordered && !reaches(a.lower(), b.upper())
        }
        (Condition::Span(one, a), Condition::Span(other, b)) => one == other && !a.agrees_with(&b),
        (Condition::Rate(one, a), Condition::Rate(other, b)) => one == other && !a.agrees_with(&b),
        (Condition::Share(one, a), Condition::Share(other, b)) => {
            one == other && !a.agrees_with(&b)
        }
        _ => false,
    }
}

fn whole_agree(a: Bound<u64>, b: Bound<u64>) -> bool {
    match (a.whole(), b.whole()) {
        (Some(a), Some(b)) => a.agrees_with(&b),
        _ => false,
    }
}

/// Whether `one` is never above `other`: a lower quantile of the same duration.
fn below(one: Metric, other: Metric) -> bool {
    match (one, other) {
        (Metric::ResponseTime(a), Metric::ResponseTime(b))
        | (Metric::ServiceTime(a), Metric::ServiceTime(b))
        | (Metric::ScheduleLag(a), Metric::ScheduleLag(b))
        | (Metric::EndToEnd(a), Metric::EndToEnd(b)) => a <= b,
        (Metric::Drain, Metric::Drain) => true,
        _ => false,
    }
}
