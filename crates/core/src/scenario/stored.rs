//! What a resolved scenario must be wherever it comes from: one read from a folder has not been through the checks of a
//! scenario file, and must be schedulable all the same.

use std::time::Duration;

use super::Scenario;
use crate::load::LoadProfile;
use crate::order::MAX_ORDERS;

/// Phases of one scenario.
const PHASES_MAX: usize = 10_000;

/// The whole load profile.
const PROFILE_MAX: Duration = Duration::from_secs(400 * 86_400);

/// Orders per second, at any time scale.
const RATE_MAX: f64 = 1e12;

/// Whether a resolved scenario can be scheduled.
///
/// # Errors
/// What is wrong with it, a sentence.
pub fn check_resolved(scenario: &Scenario) -> Result<(), String> {
    let phases = &scenario.phases;
    if phases.is_empty() || phases.len() > PHASES_MAX {
        return Err(format!(
            "the scenario has {} phases, and takes 1 to {PHASES_MAX}",
            phases.len()
        ));
    }
    let mut left = PROFILE_MAX;
    for phase in phases {
        let rates = [phase.start_rate, phase.end_rate];
        if !rates.iter().all(|rate| (0.0..=RATE_MAX).contains(rate)) {
            return Err(format!(
                "the rates of phase {:?} are out of range",
                phase.name
            ));
        }
        left = match left.checked_sub(phase.duration) {
            Some(left) if !phase.duration.is_zero() => left,
            _ => {
                return Err(format!(
                    "the length of phase {:?} is out of range",
                    phase.name
                ));
            }
        };
    }
    let planned = LoadProfile::new(phases).count();
    if planned > MAX_ORDERS {
        return Err(format!(
            "the scenario plans {planned} orders, and a run holds at most {MAX_ORDERS}"
        ));
    }
    let shares = [scenario.bad_share, scenario.expect.max_unsent_share];
    let in_range = shares.iter().all(|share| (0.0..=1.0).contains(share));
    let is_scale = scenario.time_scale.is_finite() && scenario.time_scale > 0.0;
    if !(in_range && is_scale) {
        return Err("a share or the time scale of the scenario is out of range".into());
    }
    match scenario.model() {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.first().map_or_else(
            || "its orders cannot be".into(),
            |problem| format!("{}: {}", problem.key, problem.rule),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::fixture;

    #[test]
    fn what_cannot_be_scheduled_is_refused_and_every_fixture_is_not() {
        assert_eq!(check_resolved(&fixture()), Ok(()));
        type Change = fn(&mut Scenario);
        let changes: [(&str, Change); 9] = [
            ("no phase", |s| s.phases.clear()),
            ("too many phases", |s| {
                s.phases = vec![s.phases[0].clone(); PHASES_MAX + 1]
            }),
            ("a phase without length", |s| {
                s.phases[0].duration = Duration::ZERO
            }),
            ("a phase of ages", |s| s.phases[0].duration = Duration::MAX),
            ("many phases of ages", |s| {
                s.phases[0].duration = PROFILE_MAX;
                s.phases = vec![s.phases[0].clone(); 2];
            }),
            ("more orders than a run holds", |s| {
                s.phases[0].start_rate = 1e10
            }),
            ("a negative rate", |s| s.phases[0].end_rate = -1.0),
            ("a bad share beyond all", |s| s.bad_share = 1.5),
            ("no time scale", |s| s.time_scale = 0.0),
        ];
        for (what, change) in changes {
            let mut scenario = fixture();
            change(&mut scenario);
            assert!(check_resolved(&scenario).is_err(), "{what}");
        }
    }
}
