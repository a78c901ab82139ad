//! What a FIFO queue adds: deduplication, quotas on calls, and groups in which a bad order takes others along.

use std::collections::HashMap;

use super::Context;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::{FifoFacts, QueueFacts};
use crate::results::figures::thousands;
use crate::scenario::{DeadLetterUse, ProcessorKind, TargetSpec};

/// Calls of one action in a second: of a FIFO queue, and with high throughput of each message group. Source: Amazon SQS
/// Developer Guide, "Amazon SQS message quotas".
const CALLS_MAX: f64 = 300.0;
/// Messages that one call takes or gives.
const PER_CALL: f64 = 10.0;
/// Letters of a group that can be hidden at a time: one receive takes as many, and blocks the group.
const LETTERS_OF_A_GROUP: u64 = 10;
/// Orders that are looked at for their groups.
const LOOKED_AT: u64 = 2_000;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    let Some(queue) = context.facts.orders_queue.get() else {
        return;
    };
    let Some(settings) = queue
        .fifo_settings
        .filter(|_| context.scenario.pipeline.fifo)
    else {
        return;
    };
    let before = checks.len();
    let groups = Groups::of(context);
    deduplication(context, queue, settings, checks);
    throughput(context, settings, checks);
    quota(context, queue, settings, &groups, checks);
    if checks.len() == before {
        let told = match settings.high_throughput {
            true => "high throughput: deduplication and quotas for each message group",
            false => "the quotas of the whole queue are above the planned rate",
        };
        checks.push(Check::well(Trap::Fifo, format!("{}: {told}", queue.name)));
    }
    followers(context, queue, &groups, checks);
    let shared = context.target.dead_letters == DeadLetterUse::Shared;
    if shared && groups.are_shared && context.load.bad > LETTERS_OF_A_GROUP {
        let name = &context.target.resources.dead_letter_queue;
        let hint = "give the run a dead-letter queue of its own and say so (--dead-letters own)";
        checks.push(first_ten(name, hint));
    }
}

/// What a sweep sees of a FIFO queue whose letters it leaves there.
pub(super) fn first_ten(name: &str, hint: &str) -> Check {
    Check::found(
        Trap::Fifo,
        Weight::Caution,
        format!(
            "{name} is a FIFO queue: of each message group it gives out the first {LETTERS_OF_A_GROUP} letters until they \
             are deleted, and a sweep deletes none: with more there is no verdict"
        ),
        hint,
    )
}

/// Messages without a deduplication id are refused unless the queue makes one of their content.
fn deduplication(
    context: &Context<'_>,
    queue: &QueueFacts,
    settings: FifoFacts,
    checks: &mut Vec<Check>,
) {
    if context.scenario.order.deduplication.is_some() || settings.content_based_deduplication {
        return;
    }
    checks.push(Check::found(
        Trap::Fifo,
        Weight::Void,
        format!(
            "{} has ContentBasedDeduplication off, and [order] names no deduplication id: SQS refuses every order",
            queue.name
        ),
        "write [order] deduplication = \"{{id}}\", or switch ContentBasedDeduplication on",
    ));
}

/// The queue's throughput is the one that the scenario says.
fn throughput(context: &Context<'_>, settings: FifoFacts, checks: &mut Vec<Check>) {
    let (is, must) = match (
        settings.high_throughput,
        context.scenario.pipeline.high_throughput,
    ) {
        (true, false) => ("has high throughput", "leaves it out"),
        (false, true) => ("has no high throughput", "asks for it"),
        _ => return,
    };
    checks.push(Check::found(
        Trap::Fifo,
        Weight::Caution,
        format!("the queue {is}, and [pipeline] high_throughput {must}: what the embedded pipeline shows is another queue"),
        "set DeduplicationScope to messageGroup and FifoThroughputLimit to perMessageGroupId for high throughput, \
         or change the scenario",
    ));
}

/// The planned rate in calls against the quota.
fn quota(
    context: &Context<'_>,
    queue: &QueueFacts,
    settings: FifoFacts,
    groups: &Groups,
    checks: &mut Vec<Check>,
) {
    let scale = context.scenario.time_scale;
    let rate = context.load.peak / scale;
    let sending = &context.scenario.sending;
    let filled = 1.0 + context.load.peak * sending.linger.as_secs_f64();
    let sends = rate / f64::from(sending.batch).min(filled).max(1.0);
    let whole = |calls: f64| thousands(calls.ceil() as u64);
    if settings.high_throughput {
        let calls = sends.min(rate * groups.busiest);
        if groups.busiest > 0.0 && calls > CALLS_MAX {
            checks.push(Check::found(
                Trap::Fifo,
                Weight::Trap,
                format!(
                    "at {} orders/s the busiest message group gets about {} sends a second, and SQS takes 300 for a group: \
                     the rest is refused",
                    whole(rate),
                    whole(calls)
                ),
                "spread the orders over more groups ([order] group), or send larger batches",
            ));
        }
        return;
    }
    let size = context.batch_size().map(f64::from);
    let receives = size.map_or(0.0, |size| rate / size.clamp(1.0, PER_CALL));
    for (action, calls, means) in [
        ("sends", sends, "the rest is refused"),
        (
            "receives",
            receives,
            "the queue is emptied more slowly than it fills",
        ),
    ] {
        if calls > CALLS_MAX {
            checks.push(Check::found(
                Trap::Fifo,
                Weight::Trap,
                format!(
                    "at {} orders/s {} gets {} {action} a second, and SQS takes 300 of a FIFO queue without high throughput: \
                     {means}",
                    whole(rate),
                    queue.name,
                    whole(calls)
                ),
                "switch high throughput on ([pipeline] high_throughput = true), or use batches of ten",
            ));
        }
    }
}

/// Good orders that are received with a bad one of their group come back with it, and are dead-lettered with it.
fn followers(context: &Context<'_>, queue: &QueueFacts, groups: &Groups, checks: &mut Vec<Check>) {
    let (Some(size), Some(redrive)) = (context.batch_size(), &queue.redrive) else {
        return;
    };
    if context.load.bad == 0 || !groups.are_shared {
        return;
    }
    if size <= 1 {
        checks.push(Check::well(
            Trap::GroupFollowers,
            "batch_size is 1: the orders behind a bad one wait in the queue and share none of its receives",
        ));
        return;
    }
    let scenario = context.scenario;
    let is_built_in = scenario.target == TargetSpec::Embedded
        && scenario.processor.is_none()
        && scenario.pipeline.function.processor == ProcessorKind::Orderproof;
    if is_built_in {
        checks.push(Check::well(
            Trap::GroupFollowers,
            "the built-in processor goes on behind an order that can never succeed",
        ));
        return;
    }
    checks.push(Check::found(
        Trap::GroupFollowers,
        Weight::Trap,
        format!(
            "up to {} orders behind a bad one in its message group are received with it; a function that fails the batch, \
             or returns them unprocessed to keep the order as AWS advises, lets them share its {} receives, and they \
             are dead-lettered with it",
            size - 1,
            redrive.max_receive_count
        ),
        "set the mapping's batch_size to 1, or let the function put orders aside that can never succeed and report \
         them as done",
    ));
}

/// How the first orders of the scenario fall into groups.
struct Groups {
    /// The share of the orders that the largest has.
    busiest: f64,
    /// Some hold more than one order.
    are_shared: bool,
}

impl Groups {
    fn of(context: &Context<'_>) -> Self {
        let mut groups: HashMap<String, u64> = HashMap::new();
        let looked_at = context.load.orders.min(LOOKED_AT);
        if let Some(plan) = context.plan() {
            for group in (0..looked_at).filter_map(|k| plan.group(k)) {
                *groups.entry(group).or_default() += 1;
            }
        }
        let busiest = groups.values().copied().max().unwrap_or(0);
        Self {
            busiest: busiest as f64 / looked_at.max(1) as f64,
            are_shared: busiest > 1,
        }
    }
}
