//! An event bus and the rule whose target is the orders queue.

use std::time::Duration;

use serde_json::{Value, json};

use super::topic::encryption;
use super::{Taken, body_of, failures, policy};
use crate::order::Bus;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::door::{BusFacts, RuleFacts, TargetInput};
use crate::preflight::facts::{Known, QueueFacts};
use crate::preflight::traps::{Context, days};

/// For how long EventBridge tries where a target does not say it. Source: Amazon EventBridge User Guide, "Retry policy".
const USUAL_AGE: Duration = Duration::from_secs(86_400);

/// What the path of a raw order is.
const DETAIL: &str = "$.detail";

/// Of an event: what only EventBridge knows.
const NOT_KNOWN: [&str; 3] = ["id", "time", "version"];

pub(super) fn inspect(context: &Context<'_>, facts: &BusFacts, bus: &Bus, checks: &mut Vec<Check>) {
    let Some(queue) = context.facts.orders_queue.get() else {
        return;
    };
    let rules = match &facts.rules {
        Known::Is(rules) => rules,
        Known::Absent => return,
        Known::Unknown(why) => {
            checks.push(Check::unknown(Trap::Rule, why));
            return;
        }
    };
    let enabled: Vec<&RuleFacts> = rules.iter().filter(|rule| rule.enabled).collect();
    if enabled.is_empty() {
        let (told, cure) = match rules.first() {
            None => (
                format!("no rule of {} has {} as its target", facts.name, queue.name),
                "create a rule with the queue as its target",
            ),
            Some(rule) => (
                format!("the rule {} is disabled", rule.name),
                "enable the rule",
            ),
        };
        checks.push(Check::found(
            Trap::Rule,
            Weight::Void,
            format!("{told}: no order would reach the queue"),
            cure,
        ));
        return;
    }
    let mut taking = 0;
    for rule in &enabled {
        let taken = taken_by(context, facts, rule, bus);
        taking += u64::from(taken.no == 0 && taken.unsure == 0);
        // Of several rules each may be there for some of the orders.
        if enabled.len() == 1 || taken.yes > 0 || taken.unsure > 0 {
            checks.push(taken.check(&format!("the pattern of the rule {}", rule.name)));
            handed_on(context, rule, bus, queue, checks);
        }
    }
    several(&enabled, taking, checks);
    encryption(queue, checks);
}

fn taken_by(context: &Context<'_>, facts: &BusFacts, rule: &RuleFacts, bus: &Bus) -> Taken {
    let Some(pattern) = &rule.pattern else {
        // One that goes by the clock takes no event.
        return Taken {
            no: 1,
            ..Taken::default()
        };
    };
    let of_arn = |at: usize| facts.arn.split(':').nth(at).unwrap_or_default().to_owned();
    Taken::of(context, pattern, &NOT_KNOWN, |plan, k| {
        Some(json!({
            "source": bus.source,
            "detail-type": bus.detail_type,
            "detail": body_of(plan, k).unwrap_or(Value::Null),
            "resources": [],
            "region": of_arn(3),
            "account": of_arn(4),
        }))
    })
}

/// Whether each order arrives once.
fn several(enabled: &[&RuleFacts], taking: u64, checks: &mut Vec<Check>) {
    let names: Vec<&str> = enabled.iter().map(|rule| rule.name.as_str()).collect();
    let names = names.join(", ");
    if taking > 1 {
        checks.push(Check::found(
            Trap::Rule,
            Weight::Trap,
            format!("{taking} targets of rules ({names}) are the queue, and take every order: each arrives {taking} times"),
            "leave the queue one target of one rule",
        ));
    } else {
        checks.push(Check::well(
            Trap::Rule,
            format!("enabled, with the queue as its target: {names}"),
        ));
    }
}

fn handed_on(
    context: &Context<'_>,
    rule: &RuleFacts,
    bus: &Bus,
    queue: &QueueFacts,
    checks: &mut Vec<Check>,
) {
    checks.push(envelope(rule, bus));
    let age = rule.maximum_age.unwrap_or(USUAL_AGE);
    let tells = format!(
        "the rule {} tries for up to {} to hand an order on",
        rule.name,
        days(age)
    );
    checks.push(match age <= context.scenario.settle_deadline {
        true => Check::well(Trap::Retries, tells),
        false => Check::found(
            Trap::Retries,
            Weight::Caution,
            format!(
                "{tells}, and the run waits for {}: one that is not seen stays undecided, and is not called lost",
                days(context.scenario.settle_deadline)
            ),
            "look again later (orderproof verify --live), or set MaximumEventAgeInSeconds of the target to 60, or lengthen \
             settle.deadline",
        ),
    });
    failures(
        context,
        &format!("the target of the rule {}", rule.name),
        rule.failures.as_ref(),
        &format!("for {}", days(age)),
        checks,
    );
    match &rule.role {
        None => policy(context, queue, "events.amazonaws.com", &rule.arn, checks),
        Some(role) => checks.push(Check::unknown(
            Trap::QueuePolicy,
            &format!(
                "what the role {role}, as which the rule {} sends, may do",
                rule.name
            ),
        )),
    }
}

fn envelope(rule: &RuleFacts, bus: &Bus) -> Check {
    let name = &rule.name;
    let void = |told: String| {
        Check::found(
            Trap::Envelope,
            Weight::Void,
            format!(
                "{told}, and [sending] raw = {} says otherwise: no message could be matched to its order",
                bus.raw
            ),
            "for raw = true set the target's InputPath to $.detail; for raw = false leave out Input, InputPath and \
             InputTransformer",
        )
    };
    match (&rule.input, bus.raw) {
        (TargetInput::Event, false) => {
            Check::well(Trap::Envelope, format!("{name} hands on whole events"))
        }
        (TargetInput::Path(path), true) if path == DETAIL => {
            Check::well(Trap::Envelope, format!("{name} hands on {DETAIL} alone"))
        }
        (TargetInput::Transformed, _) => Check::unknown(
            Trap::Envelope,
            &format!("what the InputTransformer of {name} makes of an order"),
        ),
        (TargetInput::Event, true) => void(format!("{name} hands on whole events")),
        (TargetInput::Path(path), _) => void(format!("{name} hands on {path} alone")),
        (TargetInput::Constant, _) => void(format!("{name} hands on the same text for each event")),
    }
}
