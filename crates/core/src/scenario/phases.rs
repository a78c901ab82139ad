//! The `[[phase]]` tables: rates, multiples of the baseline, ramps.

use std::time::Duration;

use super::Violation;
use super::asked::Problems;
use super::section::Section;
use super::units::{DURATION_HINT, RATE_HINT, RateText, parse_duration, parse_rate};
use crate::load::{LoadProfile, Phase};
use crate::order::MAX_ORDERS;

/// The phase whose rate multiples refer to.
pub(super) const BASELINE: &str = "baseline";

/// Orders per second beyond which a rate is taken for a slip of the pen.
const MAX_RATE: f64 = 1_000_000.0;

/// A phase as written, its own values checked.
struct Written {
    key: String,
    name: String,
    rate: RateText,
    ramp_to: Option<RateText>,
    duration: Duration,
    warm_up: bool,
}

/// Reads every phase and works out the multiples. Returns no phases when one of them is unreadable.
pub(super) fn read_phases(file: &mut Section<'_>, problems: &Problems) -> Vec<Phase> {
    let sections = file.sections("phase");
    if sections.is_empty() {
        file.problem(
            "phase",
            "a scenario needs at least one phase",
            "write a table [[phase]] with name, rate and duration",
        );
        return Vec::new();
    }
    let count = sections.len();
    let written: Vec<_> = sections.into_iter().filter_map(read_phase).collect();
    if written.len() < count {
        return Vec::new();
    }
    check_names(&written, problems);
    let baseline = baseline_rate(&written, problems);
    let phases: Vec<_> = written
        .iter()
        .filter_map(|phase| resolve(phase, baseline, problems))
        .collect();
    if phases.len() < count {
        return Vec::new();
    }
    check_count(&phases, problems);
    phases
}

fn read_phase(mut section: Section<'_>) -> Option<Written> {
    let key = section.path().to_owned();
    let name = section.text(
        "name",
        "write a name such as \"spike\"",
        |text| match text.trim() {
            "" => Err("must not be empty".into()),
            "drain" => Err("\"drain\" is the name of what follows the last phase".into()),
            name => Ok(name.to_owned()),
        },
    );
    let rate = section.text("rate", RATE_HINT, parse_rate);
    let ramp_to = section.text("ramp_to", RATE_HINT, parse_rate);
    let duration = section.text("duration", DURATION_HINT, |text| {
        match parse_duration(text)? {
            Duration::ZERO => Err("must be longer than zero".into()),
            duration => Ok(duration),
        }
    });
    let warm_up = section.boolean("warm_up", false);
    for (required, hint) in [
        ("name", "write a name such as \"spike\""),
        ("rate", RATE_HINT),
        ("duration", DURATION_HINT),
    ] {
        if section.value(required).is_none() {
            section.problem(required, "is missing", hint);
        }
    }
    section.finish();
    Some(Written {
        key,
        name: name?,
        rate: rate?,
        ramp_to,
        duration: duration?,
        warm_up,
    })
}

fn report(problems: &Problems, key: String, rule: String, hint: &str) {
    problems.borrow_mut().push(Violation::new(key, rule, hint));
}

fn check_names(phases: &[Written], problems: &Problems) {
    for (index, phase) in phases.iter().enumerate() {
        if phases[..index]
            .iter()
            .any(|earlier| earlier.name == phase.name)
        {
            let rule = format!("{:?} is the name of an earlier phase", phase.name);
            report(
                problems,
                format!("{}.name", phase.key),
                rule,
                "give every phase a name of its own",
            );
        }
    }
}

/// The rate multiples refer to, if any phase needs one and there is one.
fn baseline_rate(phases: &[Written], problems: &Problems) -> Option<f64> {
    let baseline = phases.iter().find(|phase| phase.name == BASELINE);
    match baseline.map(|phase| (phase.rate, phase.ramp_to)) {
        Some((RateText::Absolute(rate), None)) => return Some(rate),
        Some(_) => {
            let key = baseline.map(|phase| phase.key.clone()).unwrap_or_default();
            let rule = "the baseline's rate must be absolute and constant".into();
            report(
                problems,
                format!("{key}.rate"),
                rule,
                "write a rate such as \"200/s\" and no ramp_to",
            );
        }
        None => {
            let relative = |rate: &RateText| matches!(rate, RateText::Multiple(_));
            for phase in phases {
                if relative(&phase.rate) || phase.ramp_to.as_ref().is_some_and(relative) {
                    let rule = "is a multiple, and there is no phase named \"baseline\"".into();
                    report(
                        problems,
                        format!("{}.rate", phase.key),
                        rule,
                        "name one phase baseline, or write an absolute rate such as \"1000/s\"",
                    );
                }
            }
        }
    }
    None
}

fn resolve(phase: &Written, baseline: Option<f64>, problems: &Problems) -> Option<Phase> {
    let absolute = |rate| match rate {
        RateText::Absolute(rate) => Some(rate),
        RateText::Multiple(times) => baseline.map(|rate| rate * times),
    };
    let start_rate = absolute(phase.rate)?;
    let end_rate = match phase.ramp_to {
        Some(rate) => absolute(rate)?,
        None => start_rate,
    };
    let peak = start_rate.max(end_rate);
    if peak > MAX_RATE {
        let rule = format!("{peak}/s is beyond the {MAX_RATE}/s one generator can be asked for");
        report(problems, format!("{}.rate", phase.key), rule, RATE_HINT);
    }
    Some(Phase {
        name: phase.name.clone(),
        start_rate,
        end_rate,
        duration: phase.duration,
        warm_up: phase.warm_up,
    })
}

fn check_count(phases: &[Phase], problems: &Problems) {
    let count = LoadProfile::new(phases).count();
    if count == 0 {
        report(
            problems,
            "phase".into(),
            "no order is due in any phase".into(),
            "raise a rate or a duration: a run that sends nothing proves nothing",
        );
    } else if count > MAX_ORDERS {
        report(
            problems,
            "phase".into(),
            format!("{count} orders are more than the {MAX_ORDERS} of one run"),
            "lower a rate or a duration",
        );
    }
}
