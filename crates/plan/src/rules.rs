//! The scenario's gate and rules against what was played, as a run's are judged.

use std::time::Duration;

use orderproof_core::scenario::{Metric, Rule, Scenario};
use orderproof_core::verdict::{Class, Gate, Standing};
use orderproof_core::verify::{Durations, Quiescence, Standpoint};

use crate::model::{Outlook, Range, RuleForecast, micros_of};
use crate::played::Played;

/// What becomes of the gate.
pub(crate) fn gate_outlook(gate: Gate, plays: &[Played]) -> Outlook {
    let broken = plays.iter().map(|played| {
        let mut classes = played.classes.iter();
        classes.any(|(class, count)| *count > 0 && is_refused(*class, gate))
    });
    outlook(broken)
}

/// Whether orders of this class keep a run from passing.
pub(crate) fn is_refused(class: Class, gate: Gate) -> bool {
    matches!(class.standing(gate), Standing::Refused | Standing::Unproven)
}

/// What becomes of each rule.
pub(crate) fn rules(scenario: &Scenario, plays: &[Played]) -> Vec<RuleForecast> {
    let rules = scenario.expect.rules.iter();
    let rule = |rule: &Rule| {
        let forecast = rule.duration().filter(|(metric, _)| is_forecast(*metric));
        let Some((metric, bound)) = forecast else {
            return RuleForecast {
                rule: rule.text.clone(),
                outlook: Outlook::NotForecast,
                observed_us: None,
            };
        };
        let checked: Vec<_> = plays
            .iter()
            .map(|played| {
                let quiescence = quiescence(played);
                let durations = Durations {
                    phases: Some(played.phases.iter().map(|(_, figures)| figures).collect()),
                    quiescence: Some(&quiescence),
                    clock_skew_bound: Duration::ZERO,
                    untimed_rows: 0,
                };
                let phase = rule.phase.as_deref();
                durations.check(metric, phase, &bound)
            })
            .collect();
        let observed = checked.iter().map(|(figure, _)| {
            let figure = figure.as_ref();
            figure.map(|figure| micros_of(figure.measured))
        });
        let observed: Option<Vec<u64>> = observed.collect();
        RuleForecast {
            rule: rule.text.clone(),
            // What is not there to measure passes no rule.
            outlook: outlook(checked.iter().map(|(_, point)| *point != Standpoint::Holds)),
            observed_us: observed.and_then(Range::of),
        }
    };
    rules.map(rule).collect()
}

/// Response time, service time and schedule lag are the harness's and the network's. Rules on anything but durations are
/// not forecast.
fn is_forecast(metric: Metric) -> bool {
    match metric {
        Metric::EndToEnd(_) | Metric::Drain => true,
        Metric::ResponseTime(_) | Metric::ServiceTime(_) | Metric::ScheduleLag(_) => false,
    }
}

fn quiescence(played: &Played) -> Quiescence {
    Quiescence {
        reached: played.drain.is_some(),
        empty_samples: 0,
        drain: played.drain,
        evidence: String::new(),
        never_started: None,
    }
}

fn outlook(broken: impl Iterator<Item = bool>) -> Outlook {
    let broken: Vec<bool> = broken.collect();
    match (broken.contains(&true), broken.contains(&false)) {
        (true, true) => Outlook::Varies,
        (true, false) => Outlook::Broken,
        (false, _) => Outlook::Holds,
    }
}
