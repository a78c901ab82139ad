//! How a run stands, in the words of its page.

use std::time::Duration;

use crate::report::live::LiveState;
use crate::results::figures::{duration, thousands};
use crate::run::live::{Queues, Spread, Stage, View, countdown};

/// The words for `view`.
pub(super) fn standing(view: &View) -> LiveState {
    let whole = view.profile.duration().as_secs_f64();
    let passed = match view.stage {
        Stage::Starting => 0.0,
        Stage::Sending => (view.now.at.as_secs_f64() / whole).clamp(0.0, 1.0),
        Stage::Settling { .. } | Stage::Reading { .. } => 1.0,
    };
    let left = view.stage.left_max();
    LiveState {
        stage: stage(view),
        sentence: sentence(view),
        left: left.map(|left| format!("It waits for at most {} more.", countdown(left))),
        about: format!("{} on {}, {}", view.scenario, view.target, view.folder),
        passed,
        facts: facts(view),
        seconds_a_point: view.history.seconds_a_sample(),
    }
}

fn stage(view: &View) -> &'static str {
    match view.stage {
        Stage::Starting => "Starting",
        Stage::Sending => "Sending",
        Stage::Settling { .. } => "Settling",
        Stage::Reading { .. } => "Reading the stores",
    }
}

fn sentence(view: &View) -> String {
    let words = match &view.stage {
        Stage::Starting => "Nothing was sent yet.".to_owned(),
        Stage::Sending => match view.current_phase() {
            None => "Waiting for the last replies.".to_owned(),
            Some(index) => format!(
                "Phase {}, {} of {}: {} orders/s planned, {:.0} s of {:.0} s.",
                view.phases[index].name,
                index + 1,
                view.phases.len(),
                thousands(view.profile.rate(view.now.at).round() as u64),
                view.now.at.as_secs_f64(),
                view.profile.duration().as_secs_f64(),
            ),
        },
        Stage::Settling { words, .. } | Stage::Reading { words, .. } => format!("{words}."),
    };
    match view.stopping {
        true => format!("Interrupted, nothing more is sent. {words}"),
        false => words,
    }
}

fn facts(view: &View) -> Vec<(&'static str, String)> {
    let now = &view.now;
    let of_queues = |count: fn(&Queues) -> u64| {
        let queues = now.queues.as_ref();
        queues.map_or_else(String::new, |queues| thousands(count(queues)))
    };
    let latest = view.latest.unwrap_or_default();
    let worst = view.worst_lag.max(now.lag);
    let mut facts = vec![
        (
            "acknowledged",
            format!(
                "{} of {}",
                thousands(now.acknowledged),
                thousands(view.planned)
            ),
        ),
        ("~stored", of_queues(|queues| queues.probably_stored)),
        ("waiting in the queue", of_queues(|queues| queues.waiting)),
        ("in work or retrying", of_queues(|queues| queues.in_flight)),
        ("dead letters", of_queues(|queues| queues.dead_letters)),
        ("response time p50, p99", spread(latest.response_time)),
        ("end-to-end p50, p99", spread(latest.end_to_end)),
        (
            "worst schedule lag",
            worst.map_or_else(String::new, duration),
        ),
    ];
    let troubles = [
        ("rejected", now.rejected),
        ("indeterminate", now.indeterminate),
        ("unsent", now.unsent),
    ];
    let troubles = troubles.into_iter().filter(|(_, count)| *count > 0);
    facts.extend(troubles.map(|(name, count)| (name, thousands(count))));
    facts
}

fn spread(spread: Option<Spread>) -> String {
    let both = |spread: Spread| {
        [spread.p50, spread.p99]
            .map(|each: Duration| duration(each))
            .join(", ")
    };
    spread.map_or_else(String::new, both)
}
