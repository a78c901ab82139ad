//! Whether a rule can be kept by runs of one scenario, and what it says in that scenario's time.

use std::time::Duration;

use super::counted::Reach;
use super::parse::refuse_failing_class;
use super::{Bound, Condition, Counted, Rule, RuleProblem, Span, recovery_from};
use crate::load::{LoadProfile, Phase};
use crate::scenario::{Metric, Scenario};
use crate::verdict::Class;

/// The longest duration that histograms tell apart.
const LONGEST: Duration = Duration::from_secs(3_600);

impl Rule {
    /// The rule in the time of `scenario`, which may be compressed.
    ///
    /// # Errors
    /// When it names a phase that is not there or has no orders, or no run of the scenario could break
    /// or keep it.
    pub fn fit(&self, scenario: &Scenario) -> Result<Self, RuleProblem> {
        let mut rule = self.clone();
        rule.compress(scenario.time_scale);
        rule.check(scenario)?;
        if let Condition::Duration(metric, bound) = &rule.condition {
            check_length(&self.text, *metric, bound)?;
        }
        Ok(rule)
    }

    /// Whether a run of `scenario` could break it and keep it.
    ///
    /// # Errors
    /// When none could.
    pub(in crate::scenario) fn check(&self, scenario: &Scenario) -> Result<(), RuleProblem> {
        self.check_is_measured(scenario)?;
        let phases = &scenario.phases;
        if let Some(name) = &self.phase {
            check_phase(name, phases).map_err(|problem| {
                RuleProblem::new(
                    format!("`{}`: {problem}", self.text),
                    "name one of the scenario's phases, or leave `for PHASE` out",
                )
            })?;
        }
        match &self.condition {
            Condition::Count(counted, bound) => {
                let class = match counted {
                    Counted::Class(class) => Some(*class),
                    Counted::Misplaced => Some(Class::GoodOrderDeadLettered),
                    _ => None,
                };
                if let Some(class) = class {
                    let name = counted.name();
                    refuse_failing_class(&self.text, name, class, scenario.expect.gate, bound)?;
                }
                check_count(&self.text, *counted, bound, scenario.schedule().count())
            }
            Condition::Span(Span::Recovery, _) => recovery_from(phases, self.phase.as_deref())
                .map(drop)
                .map_err(|problem| {
                    RuleProblem::new(
                        format!("`{}` cannot be measured: {problem}", self.text),
                        "write a [[phase]] named \"baseline\" and one after the spike, or leave the rule out",
                    )
                }),
            _ => Ok(()),
        }
    }

    /// Its limit as a run meets it that is played `speed` times faster, and a text that says so.
    pub(in crate::scenario) fn compress(&mut self, speed: f64) {
        if speed == 1.0 {
            return;
        }
        let here = match &mut self.condition {
            Condition::Duration(_, bound) | Condition::Span(_, bound) => {
                bound.limit = bound.limit.div_f64(speed);
                format!("{:?}", bound.limit)
            }
            Condition::Rate(_, bound) => {
                bound.limit *= speed;
                format!("{:.1}/s", bound.limit)
            }
            _ => return,
        };
        self.text = format!("{} (time_scale {speed}: {here} here)", self.text);
    }
}

/// Whether there is a phase `name` in which orders are due.
pub(in crate::scenario) fn check_phase(name: &str, phases: &[Phase]) -> Result<(), String> {
    let Some(index) = phases.iter().position(|phase| phase.name == name) else {
        let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
        return Err(format!(
            "there is no phase {name:?}, only {}",
            names.join(", ")
        ));
    };
    let profile = LoadProfile::new(phases);
    let (start, end) = profile.phase_span(index);
    match profile.integral(end) - profile.integral(start) < 1.0 {
        true => Err(format!("no order is due in the phase {name:?}")),
        false => Ok(()),
    }
}

/// No more orders can be in a class than are planned. That a rule is too loose for a small scenario is let be: one
/// file of rules serves several.
fn check_count(
    text: &str,
    counted: Counted,
    bound: &Bound<u64>,
    planned: u64,
) -> Result<(), RuleProblem> {
    let (least, most) = match counted.reach() {
        Reach::Planned => (planned, planned),
        Reach::UpToPlanned => (0, planned),
        Reach::Any => return Ok(()),
    };
    let whole = bound.whole();
    let possible = whole.is_some_and(|whole| {
        let within = Bound {
            operator: super::Operator::AtMost,
            limit: most,
        };
        let above = Bound {
            operator: super::Operator::AtLeast,
            limit: least,
        };
        whole.agrees_with(&within) && whole.agrees_with(&above)
    });
    match possible {
        true => Ok(()),
        false => Err(RuleProblem::new(
            format!("`{text}` can never hold: the scenario plans {planned} orders"),
            "write a limit that a run of this scenario can meet",
        )),
    }
}

/// Durations beyond an hour count as an hour: they must not be held against more.
fn check_length(text: &str, metric: Metric, bound: &Bound<Duration>) -> Result<(), RuleProblem> {
    match metric != Metric::Drain && bound.limit >= LONGEST {
        true => Err(RuleProblem::new(
            format!(
                "`{text}` cannot be measured: durations of an hour and more are counted as an hour"
            ),
            "write a limit below 1h",
        )),
        false => Ok(()),
    }
}
