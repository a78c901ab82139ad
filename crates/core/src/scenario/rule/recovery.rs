//! Which phases a rule on `recovery` is about.

use std::time::Duration;

use crate::load::{LoadProfile, Phase};

/// So many seconds in a row, in which orders were due, must be no slower than the baseline.
pub const RECOVERED_SECONDS: u64 = 3;

/// The phase that is no slower than usual, by which multiples of a rate are meant, too.
const BASELINE: &str = "baseline";

/// The phases that `recovery` compares: the baseline, and the one from whose end on it counts. That is `phase`, or else
/// the one of the highest rate that is neither warm-up nor the baseline, the first of several.
///
/// # Errors
/// When there are no such phases, or too few seconds are left for orders to be due after them.
pub fn recovery_from(phases: &[Phase], phase: Option<&str>) -> Result<(usize, usize), String> {
    let named = |name: &str| phases.iter().position(|phase| phase.name == name);
    let baseline = named(BASELINE).ok_or(
        "recovery is measured against a phase named \"baseline\", and there is none".to_owned(),
    )?;
    let spike = match phase {
        Some(name) => named(name).ok_or(format!("there is no phase {name:?}"))?,
        None => highest(phases, baseline)
            .ok_or("there is no phase beside the baseline to recover from".to_owned())?,
    };
    if spike == baseline {
        return Err("the baseline does not recover from itself".into());
    }
    let profile = LoadProfile::new(phases);
    let (_, end) = profile.phase_span(spike);
    let left = profile.duration().saturating_sub(end);
    let least = Duration::from_secs(RECOVERED_SECONDS + 1);
    let name = &phases[spike].name;
    let orders = profile.integral(profile.duration()) - profile.integral(end);
    let due = match left.is_zero() {
        true => "no order is due".to_owned(),
        false => format!("orders are due for {left:?} only"),
    };
    match left < least || orders < RECOVERED_SECONDS as f64 {
        true => Err(format!(
            "{due} after {name:?}, and it takes {least:?} to see that it has recovered"
        )),
        false => Ok((baseline, spike)),
    }
}

fn highest(phases: &[Phase], baseline: usize) -> Option<usize> {
    let rate = |phase: &Phase| phase.start_rate.max(phase.end_rate);
    let mut highest: Option<usize> = None;
    for (index, phase) in phases.iter().enumerate() {
        let higher = highest.is_none_or(|known| rate(phase) > rate(&phases[known]));
        if !phase.warm_up && index != baseline && higher {
            highest = Some(index);
        }
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(of: &[(&str, f64, u64)]) -> Vec<Phase> {
        let phase = |&(name, rate, seconds): &(&str, f64, u64)| Phase {
            name: name.into(),
            start_rate: rate,
            end_rate: rate,
            duration: Duration::from_secs(seconds),
            warm_up: name == "warm-up",
        };
        of.iter().map(phase).collect()
    }

    #[test]
    fn it_counts_from_the_end_of_the_highest_phase_or_of_the_one_that_is_named() {
        let of = [
            ("warm-up", 900.0, 5),
            ("baseline", 100.0, 20),
            ("sale", 500.0, 30),
            ("second", 500.0, 30),
            ("after", 100.0, 10),
        ];
        let of = phases(&of);
        assert_eq!(recovery_from(&of, None), Ok((1, 2)));
        assert_eq!(recovery_from(&of, Some("second")), Ok((1, 3)));
        for (phase, why) in [
            (Some("after"), "after \"after\""),
            (Some("baseline"), "from itself"),
            (Some("spike"), "no phase \"spike\""),
        ] {
            let told = recovery_from(&of, phase).expect_err(why);
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn without_a_baseline_or_time_after_it_no_run_could_tell() {
        let spike_last = phases(&[("baseline", 1.0, 20), ("spike", 5.0, 30)]);
        assert!(recovery_from(&spike_last, None).is_err());
        let short = |seconds| {
            let of = [
                ("baseline", 9.0, 20),
                ("spike", 50.0, 30),
                ("recovery", 9.0, seconds),
            ];
            recovery_from(&phases(&of), None).is_ok()
        };
        assert!(!short(3));
        assert!(short(4), "a near miss");
        assert!(recovery_from(&phases(&[("spike", 5.0, 30), ("rest", 1.0, 30)]), None).is_err());
        assert!(recovery_from(&phases(&[("baseline", 5.0, 30)]), None).is_err());
    }
}
