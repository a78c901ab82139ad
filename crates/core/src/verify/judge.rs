//! From classes and expectations to a verdict.

use crate::verdict::{Finding, Judgment, Severity, finding};
use std::time::Duration;

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::judge_content::{differences, ends_of, strangers};
use super::judge_order::out_of_order;
use super::rules::check_rule;
use super::sums::wrong_sums;
use super::{Observation, Reconciliation};
use crate::metrics::Histogram;
use crate::order::OrderPlan;
use crate::results::figures::thousands;
use crate::scenario::Expectations;
use crate::verdict::{Class, Standing};

/// How many ids a finding names.
const FIRST_IDS: usize = 5;

/// The measured durations of one phase, for performance rules.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseFigures {
    /// The phase's name.
    pub name: String,
    /// Reported apart; no rule applies unless it names the phase.
    pub warm_up: bool,
    /// `acked_at - intended_at` of acknowledged orders.
    pub response_time: Histogram,
    /// `acked_at - sent_at` of acknowledged orders.
    pub service_time: Histogram,
    /// `sent_at - due` of attempted orders, `due` being the instant their batch was to be sent.
    pub schedule_lag: Histogram,
    /// `stored_at - intended_at` of stored orders.
    pub end_to_end: Histogram,
}

/// Everything a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct JudgeInput<'a> {
    /// The orders that are judged.
    pub orders: &'a OrderPlan,
    /// What must hold.
    pub expect: &'a Expectations,
    /// Every planned order in its class.
    pub reconciliation: &'a Reconciliation,
    /// What was seen; `None` when that was never written down.
    pub observation: Option<&'a Observation>,
    /// The ledger was closed by the run that wrote it; otherwise the process died while sending.
    pub ledger_ended: bool,
    /// The measured durations; `None` when they were lost with the process.
    pub phases: Option<&'a [PhaseFigures]>,
    /// Sending was stopped by the user.
    pub interrupted: bool,
    /// The largest difference between the clocks behind the end-to-end latency.
    pub clock_skew_bound: Duration,
}

/// Judges a run: fail beats inconclusive beats pass, and what is missing is never a pass.
pub fn judge(input: &JudgeInput<'_>) -> Judgment {
    let mut findings = Vec::new();
    judge_start(input, &mut findings);
    judge_classes(input, &mut findings);
    judge_evidence(input, &mut findings);
    findings.extend(
        input
            .observation
            .into_iter()
            .flat_map(|seen| strangers(seen, input.orders)),
    );
    findings.extend(wrong_sums(input));
    findings.extend(out_of_order(input));
    judge_load(input, &mut findings);
    for rule in &input.expect.rules {
        findings.extend(check_rule(rule, input));
    }
    Judgment::of(findings)
}

/// Whether there was a function at all: of the evidence that is missing, the first.
fn judge_start(input: &JudgeInput<'_>, findings: &mut Vec<Finding>) {
    let quiescence = input.observation.map(|observation| &observation.quiescence);
    if let Some(why) = quiescence.and_then(|quiescence| quiescence.never_started.clone()) {
        findings.push(finding(
            Severity::MissingEvidence,
            "function_never_started",
            why,
        ));
    }
}

/// What each class means for the gate.
fn judge_classes(input: &JudgeInput<'_>, findings: &mut Vec<Finding>) {
    for class in Class::ALL.into_iter().rev() {
        let orders = input.reconciliation.count(class);
        let severity = match class.standing(input.expect.gate) {
            Standing::Refused => Severity::OrderFailure,
            Standing::Unproven => Severity::MissingEvidence,
            Standing::Accepted | Standing::Budgeted => continue,
        };
        if orders > 0 {
            findings.push(class_finding(input, class, severity));
        }
    }
    let unseen = input.reconciliation.count(Class::IndeterminateNeverSeen);
    if unseen > 0 {
        let within = unseen <= input.expect.max_indeterminate;
        let severity = if within {
            Severity::Note
        } else {
            Severity::MissingEvidence
        };
        findings.push(class_finding(
            input,
            Class::IndeterminateNeverSeen,
            severity,
        ));
    }
    if input.reconciliation.count(Class::Recovered) > 0 {
        findings.push(class_finding(input, Class::Recovered, Severity::Note));
    }
}

fn class_finding(input: &JudgeInput<'_>, class: Class, severity: Severity) -> Finding {
    let orders = input.reconciliation.count(class);
    let members = input.reconciliation.members.get(&class);
    let first_ids = match class {
        Class::Phantom => input
            .reconciliation
            .phantoms
            .iter()
            .take(FIRST_IDS)
            .cloned()
            .collect(),
        _ => members
            .into_iter()
            .flatten()
            .take(FIRST_IDS)
            .map(|k| input.orders.id(u64::from(k)))
            .collect(),
    };
    let are = if orders == 1 {
        "order is"
    } else {
        "orders are"
    };
    let name = class.as_str();
    let differences = match (class, members, input.observation) {
        (Class::Altered | Class::Overwritten, Some(members), Some(seen)) => {
            differences(input.orders, members, seen) + &bad_among(input.orders, members)
        }
        (Class::WrongEnd | Class::Incomplete, Some(members), Some(seen)) => {
            ends_of(input.orders, members, seen)
        }
        _ => String::new(),
    };
    let message = format!(
        "{orders} {are} {name}: {}{differences}",
        class.explanation_of(input.orders.model.door(), input.orders.model.spec())
    );
    Finding {
        orders,
        first_ids,
        ..finding(severity, class.as_str(), message)
    }
}

/// How many of these orders are bad: of those the content is the lesser matter.
fn bad_among(orders: &OrderPlan, members: &RoaringBitmap) -> String {
    let bad = members.iter().filter(|k| orders.is_bad(u64::from(*k)));
    match (bad.count() as u64, members.len()) {
        (0, _) => String::new(),
        (bad, all) if bad == all => "; bad orders, every one: they were to be refused".into(),
        (bad, _) => format!(
            "; {} of them are bad: they were to be refused",
            thousands(bad)
        ),
    }
}

/// Whether the generator offered the load it was asked for.
fn judge_load(input: &JudgeInput<'_>, findings: &mut Vec<Finding>) {
    let planned = input.reconciliation.planned;
    let rejected = input.reconciliation.count(Class::Rejected);
    let unsent = input.reconciliation.count(Class::Unsent);
    let taker = input.orders.model.door().taker();
    let mut missing = |code: &str, message: String| {
        findings.push(finding(Severity::MissingEvidence, code, message));
    };
    if input.interrupted && unsent > 0 {
        missing(
            "interrupted",
            format!("sending was interrupted with {unsent} orders unsent"),
        );
    }
    let unanswered = input.reconciliation.count(Class::IndeterminateNeverSeen);
    if planned == unsent + rejected + unanswered {
        missing(
            "nothing_sent",
            format!("no order was accepted by {taker}, so nothing was proved"),
        );
    }
    // Counts are whole: the millionth only takes up what a share loses in binary.
    if (rejected + unsent) as f64 > input.expect.max_unsent_share * planned as f64 + 1e-6 {
        missing(
            "load_not_offered",
            format!(
                "of {planned} planned orders {unsent} were never sent and {rejected} were refused by {taker}; \
                 at most {:.3}% may be (expect.max_unsent)",
                input.expect.max_unsent_share * 100.0
            ),
        );
    }
    let Some(phases) = input.phases else {
        missing(
            "send_record_missing",
            "what the sender measured was lost with its process: its load cannot be confirmed"
                .into(),
        );
        return;
    };
    let mut lag = Histogram::new();
    phases
        .iter()
        .filter(|phase| !phase.warm_up)
        .for_each(|phase| lag.merge(&phase.schedule_lag));
    let limit = input.expect.max_schedule_lag_p99;
    match lag.quantile(0.99) {
        None => missing(
            "schedule_lag_unknown",
            "no order outside warm-up has a measured schedule lag: the offered load cannot be confirmed"
                .into(),
        ),
        Some(p99) if p99 > limit => missing(
            "generator_too_late",
            format!(
                "the generator was late: schedule lag p99 {p99:?}, at most {limit:?} is allowed \
                 (expect.max_schedule_lag_p99); use a quieter machine, a larger batch or more senders"
            ),
        ),
        Some(_) => {}
    }
}

/// Whether everything was looked at.
fn judge_evidence(input: &JudgeInput<'_>, findings: &mut Vec<Finding>) {
    let mut missing = |code: &str, message: String| {
        findings.push(finding(Severity::MissingEvidence, code, message));
    };
    if !input.ledger_ended {
        missing(
            "ledger_unfinished",
            "the ledger was not closed: the process died or could no longer write while sending; orders \
             without an outcome in the file count as indeterminate".into(),
        );
    }
    let Some(observation) = input.observation else {
        missing(
            "observation_missing",
            "there is no observation of the table and the dead-letter queue: the run ended before it \
             could look".into(),
        );
        return;
    };
    let quiescence = &observation.quiescence;
    if !quiescence.reached && quiescence.never_started.is_none() {
        let evidence = &observation.quiescence.evidence;
        missing(
            "no_quiescence",
            format!("the pipeline did not come to rest: {evidence}"),
        );
    }
    if observation.unclaimed_messages > 0 {
        missing(
            "unclaimed_rows",
            format!(
                "rows stand under {} unknown message ids, and {} sends had no answer that gave one: whose rows they \
                 are, or whether anybody's, is not known",
                observation.unclaimed_messages,
                observation.may_claim.len()
            ),
        );
    }
    if let Some(door) = &observation.door
        && !door.drained
        && input.reconciliation.count(Class::Undecided) > 0
    {
        missing("door_not_drained", door.evidence.clone());
    }
    let sweeps = [
        ("scan_incomplete", "the table scan", &observation.scan),
        (
            "lookups_incomplete",
            "the look-up of missing orders",
            &observation.lookups,
        ),
        (
            "dead_letter_sweep_incomplete",
            "the dead-letter sweep",
            &observation.dead_letter_sweep,
        ),
    ];
    for (code, what, sweep) in sweeps {
        if !sweep.complete {
            let why = sweep.error.as_deref().unwrap_or("no reason was recorded");
            missing(code, format!("{what} did not reach its end: {why}"));
        }
    }
    if !observation.retention.holds() {
        missing(
            "retention",
            "messages may have expired during the run: the queues' retention is unknown or shorter than \
             the run".into(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RunId;

    #[test]
    fn of_altered_orders_those_are_counted_that_were_to_be_refused() {
        let orders = OrderPlan::lab(RunId::new(7).expect("a run id"), 1, 0.5);
        let first = |bad| {
            let found = (0..).find(|k: &u32| orders.is_bad(u64::from(*k)) == bad);
            found.expect("there is one")
        };
        let told = |members: &[u32]| bad_among(&orders, &members.iter().copied().collect());
        assert_eq!(told(&[first(false)]), "");
        assert!(told(&[first(true)]).contains("every one"));
        assert!(told(&[first(true), first(false)]).contains("1 of them are bad"));
    }
}
