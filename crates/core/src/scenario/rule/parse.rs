//! From a text to a rule. What can never hold, or always does, is refused.

use std::time::Duration;

use super::words::{Word, look_up, suggestion};
use super::{Bound, Condition, Counted, Operator, Rule, RuleProblem};
use crate::scenario::Metric;
use crate::scenario::units::{
    DURATION_HINT, PERCENT_HINT, RateText, parse_duration, parse_percent, parse_rate,
};
use crate::verdict::{Class, Gate, Standing};

const GRAMMAR: &str = "write `WHAT OPERATOR LIMIT [for PHASE]`, such as \"end_to_end_p99 < 2s for spike\", \
     \"lost == 0\" or \"acknowledged_rate >= 900/s\"; operators: < <= == >= >";

/// Longer texts are no rules.
const MAX_RULE_BYTES: usize = 1_000;

/// Reads one rule.
///
/// # Errors
/// When it cannot be understood, can never hold or always does, whatever the run.
pub fn parse_gate_rule(text: &str) -> Result<Rule, RuleProblem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(RuleProblem::new("a rule is empty", GRAMMAR));
    }
    if text.len() > MAX_RULE_BYTES || text.chars().any(char::is_control) {
        let problem = "a rule is one line of at most 1,000 characters";
        return Err(RuleProblem::new(problem, GRAMMAR));
    }
    let gate = [Gate::Strict, Gate::Conserved].into_iter();
    if let Some(gate) = gate.into_iter().find(|gate| gate.as_str() == text) {
        return Ok(rule(text, Condition::Keeps(gate), None));
    }
    let (left, operator, right) = split(text)?;
    let (limit, phase) = match right.split_once(" for ") {
        Some((limit, phase)) => (limit.trim(), Some(phase.trim().to_owned())),
        None => (right.trim(), None),
    };
    if phase.as_deref() == Some("") {
        return Err(RuleProblem::new(
            format!("`{text}` names no phase"),
            "write `for spike`, or leave `for` out",
        ));
    }
    let condition = parse_condition(text, left.trim(), operator, limit)?;
    check_phase_makes_sense(text, condition, phase.as_deref())?;
    Ok(rule(text, condition, phase))
}

fn rule(text: &str, condition: Condition, phase: Option<String>) -> Rule {
    Rule {
        text: text.to_owned(),
        condition,
        phase,
        abort: false,
    }
}

/// The first operator and what is on either side of it.
fn split(text: &str) -> Result<(&str, Operator, &str), RuleProblem> {
    let first = text.find(['<', '>', '=']);
    let Some(at) = first else {
        let problem = format!("`{text}` has no operator");
        let named = text.split_whitespace().next().unwrap_or_default();
        return Err(match look_up(named) {
            Some(_) => RuleProblem::new(problem, GRAMMAR),
            None => RuleProblem::new(problem, format!("{}; {GRAMMAR}", suggestion(text))),
        });
    };
    let (left, rest) = text.split_at(at);
    let known = Operator::ALL
        .into_iter()
        .find_map(|operator| Some((operator, rest.strip_prefix(operator.as_str())?)));
    match known {
        Some((operator, right)) if !right.starts_with(['<', '>', '=']) && !left.ends_with('!') => {
            Ok((left, operator, right))
        }
        _ => Err(RuleProblem::new(
            format!("`{text}` has no operator that is known"),
            match meant(left.trim(), rest) {
                Some(meant) => format!("did you mean `{meant}`? The operators are < <= == >= >"),
                None => "the operators are < <= == >= >".into(),
            },
        )),
    }
}

/// What was meant by an operator of another language: `=` of a count is `==`, of what is measured `<=`.
fn meant(left: &str, rest: &str) -> Option<String> {
    let written = ["=<", "=>", "="].into_iter();
    let mut written = written.filter_map(|written| Some((written, rest.strip_prefix(written)?)));
    let (written, right) = written.next()?;
    let operator = match (written, look_up(left)?) {
        ("=<", _) => "<=",
        ("=>", _) => ">=",
        (_, Word::Count(_)) => "==",
        _ => "<=",
    };
    let right = right.trim();
    let plain = !left.ends_with('!') && !right.is_empty() && !right.starts_with(['<', '>', '=']);
    plain.then(|| format!("{left} {operator} {right}"))
}

fn parse_condition(
    text: &str,
    name: &str,
    operator: Operator,
    limit: &str,
) -> Result<Condition, RuleProblem> {
    let unknown = |name: &str| {
        let problem = format!("{name:?} is not a metric");
        RuleProblem::new(problem, suggestion(name))
    };
    if let Some(metric) = name.strip_suffix(" regression") {
        let metric = metric.trim();
        return match look_up(metric) {
            Some(Word::Duration(metric)) => regression(text, Some(metric), operator, limit),
            Some(_) => Err(RuleProblem::new(
                format!("`{text}`: {metric} is not compared with a baseline"),
                "name a duration, such as `end_to_end_p99 regression < 10%`",
            )),
            None => Err(unknown(metric)),
        };
    }
    match look_up(name).ok_or_else(|| unknown(name))? {
        Word::Count(counted) => {
            let limit = signed(text, operator, limit, "1,000 as 1000", |limit| {
                let digits = limit.replace('_', "");
                let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = digits.parse::<u64>().ok().filter(|_| whole);
                number.ok_or_else(|| format!("{limit:?} is not a whole number"))
            })?;
            let bound = Bound { operator, limit };
            refuse_what_never_passes(text, counted, &bound)?;
            Ok(Condition::Count(counted, bound))
        }
        Word::Duration(metric) => {
            let limit = signed(text, operator, limit, DURATION_HINT, parse_duration)?;
            measured(text, operator, "duration")?;
            Ok(Condition::Duration(metric, Bound { operator, limit }))
        }
        Word::Span(span) => {
            let limit = signed(text, operator, limit, DURATION_HINT, parse_duration)?;
            measured(text, operator, "duration")?;
            Ok(Condition::Span(span, Bound { operator, limit }))
        }
        Word::Share(share) => {
            let limit = signed(text, operator, limit, PERCENT_HINT, parse_percent)?;
            refuse_above_all(text, operator, limit)?;
            Ok(Condition::Share(share, Bound { operator, limit }))
        }
        Word::Rate(rate) => {
            let hint = "write a rate such as 900/s or 54000/min";
            let limit = signed(text, operator, limit, hint, |limit| {
                match parse_rate(limit)? {
                    RateText::Absolute(rate) => Ok(rate),
                    RateText::Multiple(_) => Err(format!("{limit:?} is a multiple of nothing")),
                }
            })?;
            measured(text, operator, "rate")?;
            Ok(Condition::Rate(rate, Bound { operator, limit }))
        }
        Word::Regression => regression(text, None, operator, limit),
    }
}

fn regression(
    text: &str,
    metric: Option<Metric>,
    operator: Operator,
    limit: &str,
) -> Result<Condition, RuleProblem> {
    let hint = "write a share such as 5%: `regression < 5%`";
    if operator.is_lower() || operator == Operator::Equal {
        let problem = format!("`{text}` asks for a regression");
        return Err(RuleProblem::new(problem, hint));
    }
    let limit = signed(text, operator, limit, hint, |limit| {
        let number = limit.strip_suffix('%').map(str::trim);
        let percent = number.and_then(|number| number.parse::<f64>().ok());
        let percent = percent.filter(|percent| percent.is_finite() && *percent >= 0.0);
        percent
            .map(|percent| percent / 100.0)
            .ok_or_else(|| format!("{limit:?} is not a share"))
    })?;
    Ok(Condition::Regression(metric, Bound { operator, limit }))
}

/// Reads a limit that may have a sign: nothing that rules limit is ever below zero.
fn signed<T: PartialOrd + Default + Copy>(
    text: &str,
    operator: Operator,
    limit: &str,
    hint: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, RuleProblem> {
    let (number, minus) = match limit.strip_prefix('-') {
        Some(number) => (number.trim(), true),
        None => (limit, false),
    };
    let value = parse(number)
        .map_err(|problem| RuleProblem::new(format!("`{text}`: {problem}"), hint.to_owned()))?;
    let zero = value == T::default();
    let below_zero = minus && !zero;
    let never = match below_zero {
        true => !operator.is_lower(),
        false => zero && operator == Operator::Below,
    };
    let always = match below_zero {
        true => operator.is_lower(),
        false => zero && operator == Operator::AtLeast,
    };
    if never {
        return Err(RuleProblem::new(
            format!("`{text}` can never hold: nothing here is below zero"),
            "write a limit that can be met, such as `== 0` of orders or `< 2s` of durations",
        ));
    }
    if always {
        return Err(RuleProblem::new(
            format!("`{text}` always holds: nothing here is below zero"),
            "a rule that cannot be broken checks nothing: leave it out or write another limit",
        ));
    }
    Ok(value)
}

/// No share is above all.
fn refuse_above_all(text: &str, operator: Operator, limit: f64) -> Result<(), RuleProblem> {
    match operator {
        Operator::AtMost if limit >= 1.0 => Err(RuleProblem::new(
            format!("`{text}` always holds: no share is above 100%"),
            "a rule that cannot be broken checks nothing: leave it out or write another limit",
        )),
        Operator::Above if limit >= 1.0 => Err(RuleProblem::new(
            format!("`{text}` can never hold: no share is above 100%"),
            "write a limit that can be met, such as `< 1%`",
        )),
        _ => Ok(()),
    }
}

/// What is measured is never exactly anything.
fn measured(text: &str, operator: Operator, what: &str) -> Result<(), RuleProblem> {
    match operator {
        Operator::Equal => Err(RuleProblem::new(
            format!("`{text}` can never be relied on: a {what} is never exactly its limit"),
            "write < or <= (or > or >=)",
        )),
        _ => Ok(()),
    }
}

/// A run with orders in some classes never passes, and the gate with it.
fn refuse_what_never_passes(
    text: &str,
    counted: Counted,
    bound: &Bound<u64>,
) -> Result<(), RuleProblem> {
    match counted {
        Counted::Class(class) => {
            refuse_failing_class(text, class.as_str(), class, Gate::Conserved, bound)
        }
        _ => Ok(()),
    }
}

/// The same for the classes that `gate` refuses; `name` is what the rule calls it.
pub(super) fn refuse_failing_class(
    text: &str,
    name: &str,
    class: Class,
    gate: Gate,
    bound: &Bound<u64>,
) -> Result<(), RuleProblem> {
    let fails = matches!(class.standing(gate), Standing::Refused | Standing::Unproven);
    match fails && !bound.holds(0) {
        true => Err(RuleProblem::new(
            format!(
                "`{text}` can never hold: a run with an order that is {name} does not pass, and no gate passes without \
                 its verdict"
            ),
            format!("write `{name} == 0`, or leave the rule out"),
        )),
        false => Ok(()),
    }
}

fn check_phase_makes_sense(
    text: &str,
    condition: Condition,
    phase: Option<&str>,
) -> Result<(), RuleProblem> {
    let whole = match (condition, phase) {
        (_, None) => return Ok(()),
        (Condition::Duration(Metric::Drain, _), _)
        | (Condition::Regression(Some(Metric::Drain), _), _) => {
            "drain follows the last phase and is measured for none"
        }
        (Condition::Count(counted, _), _) if !counted.is_of_seconds() => {
            "orders are counted over the whole run"
        }
        _ => return Ok(()),
    };
    Err(RuleProblem::new(
        format!("`{text}`: {whole}"),
        "leave out `for PHASE`",
    ))
}

impl Rule {
    /// Whether it takes a baseline.
    pub fn needs_baseline(&self) -> bool {
        matches!(self.condition, Condition::Regression(..))
    }

    /// A rule on a duration that histograms hold, or on the drain.
    pub fn on_duration(
        text: impl Into<String>,
        metric: Metric,
        bound: Bound<Duration>,
        phase: Option<&str>,
    ) -> Self {
        Self {
            text: text.into(),
            condition: Condition::Duration(metric, bound),
            phase: phase.map(str::to_owned),
            abort: false,
        }
    }

    /// What is measured and its limit, of a rule on a duration that histograms hold, or on the drain.
    pub fn duration(&self) -> Option<(Metric, Bound<Duration>)> {
        match self.condition {
            Condition::Duration(metric, bound) => Some((metric, bound)),
            _ => None,
        }
    }
}
