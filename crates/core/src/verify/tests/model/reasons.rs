//! The reference's reasons for a verdict: gates, budgets, missing evidence, performance rules.

use std::collections::BTreeMap;

use super::reference::{Books, OrderState, Tallies, rank};
use super::world::{Ending, FIRST, Measured, RuleOfWorld, World};
use crate::ledger::Outcome;
use crate::scenario::Metric;
use crate::verdict::{Class, Gate, Severity};

/// Reasons by severity and code, each with the order numbers it concerns.
type Reasons = BTreeMap<(u8, String), Vec<u64>>;

/// What one order of `class` is a reason for.
fn charge(class: Class, gate: Gate, too_many_unanswered: bool) -> Option<(Severity, &'static str)> {
    use Severity::{MissingEvidence, Note, OrderFailure};
    let misplaced = |code| (gate == Gate::Strict).then_some((OrderFailure, code));
    match class {
        Class::Stored | Class::DeadLetteredByDesign | Class::Rejected | Class::Unsent => None,
        Class::Recovered => Some((Note, "recovered")),
        Class::StoredAndDeadLettered => misplaced("stored_and_dead_lettered"),
        Class::GoodOrderDeadLettered => misplaced("good_order_dead_lettered"),
        Class::BadOrderStored => misplaced("bad_order_stored"),
        Class::IndeterminateNeverSeen if too_many_unanswered => {
            Some((MissingEvidence, "indeterminate_never_seen"))
        }
        Class::IndeterminateNeverSeen => Some((Note, "indeterminate_never_seen")),
        Class::Undecided => Some((MissingEvidence, "undecided")),
        Class::Ghost => Some((OrderFailure, "ghost")),
        Class::Altered => Some((OrderFailure, "altered")),
        Class::Overwritten => Some((OrderFailure, "overwritten")),
        Class::Phantom => Some((OrderFailure, "phantom")),
        Class::Lost => Some((OrderFailure, "lost")),
        Class::EndedByDesign => None,
        Class::StoredTwice => misplaced("stored_twice"),
        Class::WrongEnd => misplaced("wrong_end"),
        Class::Incomplete => Some((OrderFailure, "incomplete")),
    }
}

/// Every reason for the verdict.
pub(super) fn reasons(world: &World, books: &Books, classes: &BTreeMap<u64, Class>) -> Reasons {
    let mut reasons = Reasons::new();
    let mut say = |severity: Severity, code: &str, number: Option<u64>| {
        let reason = reasons.entry((rank(severity), code.to_owned()));
        reason.or_default().extend(number);
    };
    let count = |class: Class| classes.values().filter(|found| **found == class).count() as u64;
    let unanswered = count(Class::IndeterminateNeverSeen);
    let too_many_unanswered = unanswered > world.expected.max_indeterminate;
    let planned = classes.iter().map(|(k, &class)| (FIRST + k, class));
    let unplanned = books
        .phantoms
        .iter()
        .map(|&number| (number, Class::Phantom));
    for (number, class) in planned.chain(unplanned) {
        if let Some((severity, code)) = charge(class, world.expected.gate, too_many_unanswered) {
            say(severity, code, Some(number));
        }
    }
    let idle = count(Class::Unsent) + count(Class::Rejected);
    if world.interrupted && count(Class::Unsent) > 0 {
        say(Severity::MissingEvidence, "interrupted", None);
    }
    if idle * 100 > world.expected.max_unsent_percent * world.planned {
        say(Severity::MissingEvidence, "load_not_offered", None);
    }
    let reached_sqs = |order: &OrderState| {
        order.outcome == Outcome::Acknowledged || order.rows > 0 || order.letters > 0
    };
    if !books.orders.values().any(reached_sqs) {
        say(Severity::MissingEvidence, "nothing_sent", None);
    }
    let drained = world.looked.as_ref().and_then(|looked| looked.drained);
    if drained == Some(false) && count(Class::Undecided) > 0 {
        say(Severity::MissingEvidence, "door_not_drained", None);
    }
    for gap in gaps(world) {
        say(Severity::MissingEvidence, gap, None);
    }
    let tallies = &books.tallies;
    if tallies.unreadable > 0 {
        say(Severity::MissingEvidence, "unreadable_keys", None);
    }
    let made_by_the_pipeline = match world.own_stores {
        true => Severity::OrderFailure,
        false => Severity::Note,
    };
    if tallies.foreign_rows > 0 {
        say(made_by_the_pipeline, "foreign_rows", None);
    }
    if tallies.foreign_letters > 0 {
        say(made_by_the_pipeline, "foreign_dead_letters", None);
    }
    for rule in &world.expected.rules {
        if let Some((severity, code)) = broken(rule, world, &books.tallies) {
            say(severity, code, None);
        }
    }
    reasons
}

/// The pieces of evidence that are missing.
fn gaps(world: &World) -> Vec<&'static str> {
    let mut gaps = Vec::new();
    if world.sent.ending != Ending::Orderly {
        gaps.push("ledger_unfinished");
    }
    match &world.measured {
        None => gaps.push("send_record_missing"),
        Some([_, spike]) => match quantile(&spike.lag, 0.99) {
            None => gaps.push("schedule_lag_unknown"),
            Some(lag_us) if lag_us > world.expected.max_lag_us => gaps.push("generator_too_late"),
            Some(_) => {}
        },
    }
    let Some(looked) = &world.looked else {
        gaps.push("observation_missing");
        return gaps;
    };
    for (there, gap) in [
        (looked.at_rest, "no_quiescence"),
        (looked.scanned, "scan_incomplete"),
        (looked.looked_up, "lookups_incomplete"),
        (looked.swept, "dead_letter_sweep_incomplete"),
    ] {
        if !there {
            gaps.push(gap);
        }
    }
    if looked.retention_s.is_none() || looked.retention_s <= Some(looked.age_s) {
        gaps.push("retention");
    }
    gaps
}

/// What a rule has to say.
fn broken(
    rule: &RuleOfWorld,
    world: &World,
    tallies: &Tallies,
) -> Option<(Severity, &'static str)> {
    const UNKNOWN: Option<(Severity, &str)> =
        Some((Severity::MissingEvidence, "rule_without_figures"));
    let across = |pick: fn(&Measured) -> &Vec<u64>, share: f64| -> Option<u64> {
        let [warm_up, spike] = world.measured.as_ref()?;
        match rule.phase {
            None | Some("spike") => quantile(pick(spike), share),
            Some("warm-up") => quantile(pick(warm_up), share),
            Some(_) => None,
        }
    };
    let mut two_clocks = false;
    let measured_us = match rule.metric {
        Metric::ResponseTime(share) => across(|phase| &phase.response, share),
        Metric::ServiceTime(share) => across(|phase| &phase.service, share),
        Metric::ScheduleLag(share) => across(|phase| &phase.lag, share),
        Metric::EndToEnd(share) => {
            two_clocks = true;
            across(|phase| &phase.end_to_end, share)
        }
        Metric::Drain => match &world.looked {
            Some(looked) if looked.at_rest => Some(looked.drain_us),
            _ => None,
        },
    };
    let Some(measured_us) = measured_us else {
        return UNKNOWN;
    };
    if two_clocks && world.skew_us > 0 {
        return UNKNOWN;
    }
    if measured_us > rule.limit_us || (measured_us == rule.limit_us && !rule.inclusive) {
        return Some((Severity::PerformanceFailure, "rule_broken"));
    }
    if two_clocks && tallies.untimed > 0 {
        return UNKNOWN;
    }
    None
}

/// The smallest value that at least `share` of all do not exceed.
fn quantile(values: &[u64], share: f64) -> Option<u64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let enough = |value: &&u64| {
        let below = sorted.iter().filter(|other| other <= value).count();
        below as f64 / sorted.len() as f64 >= share
    };
    sorted.iter().find(enough).copied()
}
