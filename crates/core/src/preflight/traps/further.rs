//! The queues beside the orders queue: those in which orders end, those that functions send to, and those that functions
//! are fed from, the dead-letter queue among them.

use super::delivery::Delivery;
use super::{Context, chain, days, delivery, fifo, queues};
use crate::order::spec::DEAD_LETTER;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::estimate;
use crate::preflight::facts::{Known, QueueFacts};
use crate::results::figures::counted;
use crate::scenario::QueueProcessor;

/// Messages in one invocation at most, behind a FIFO queue (AWS Lambda, "Using Lambda with Amazon SQS").
const FIFO_BATCH_MAX: u16 = 10;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    let facts = context.facts;
    for (called, queue) in &facts.letter_queues {
        letters(context, called, queue, checks);
    }
    for (called, queue) in &facts.further_queues {
        beside(context, called, queue, checks);
    }
    for (name, function) in &context.scenario.processors {
        drained(context, name, function, checks);
    }
    for called in facts.further_mappings.keys() {
        checks.extend(fed_elsewhere(context, called));
    }
}

/// A queue in which orders end: they are read there.
fn letters(
    context: &Context<'_>,
    called: &str,
    queue: &Known<QueueFacts>,
    checks: &mut Vec<Check>,
) {
    let name = context.target.resources.queue_name(called);
    queues::there(queue, name, &context.facts.place.region, None, checks);
    let Some(queue) = queue.get() else {
        return;
    };
    checks.push(chain::inspect(context, queue));
    let takes = estimate(context.scenario, context.target, context.facts).duration();
    if queue.retention <= takes {
        checks.push(Check::found(
            Trap::Retention,
            Weight::Void,
            format!(
                "{name} keeps messages for {} and the run takes about {:.0} s: letters may expire before anybody has \
                 looked, and no verdict could be given",
                days(queue.retention),
                takes.as_secs_f64()
            ),
            format!("give {name} a longer retention, or shorten the run"),
        ));
    }
    if !queue.delay.is_zero() {
        checks.push(Check::found(
            Trap::Delay,
            Weight::Trap,
            format!(
                "{name} holds each message back for {:?}: a letter that is sent near the end is not seen, and there is \
                 no verdict",
                queue.delay
            ),
            format!("set DelaySeconds of {name} to 0"),
        ));
    }
    let load = &context.load;
    let coming = (load.orders as f64 * load.footprint.letters).ceil() as u64;
    let hint = "give the run a queue of its own for them";
    checks.push(queues::held(queue, Some(coming), "letters", hint));
    if queue.fifo {
        let hint = "let the function send them to a standard queue, or each in a group of its own";
        checks.push(fifo::first_ten(name, hint));
    }
}

/// A queue that nobody reads here, or a function of this process alone.
fn beside(context: &Context<'_>, called: &str, queue: &Known<QueueFacts>, checks: &mut Vec<Check>) {
    let name = context.target.resources.queue_name(called);
    let is_drained = context.drains(called).is_some();
    match queue {
        // The caller needs nothing of a queue that its function alone sends to.
        Known::Unknown(why) if !is_drained => {
            checks.push(Check::unknown(Trap::Queues, &format!("{name}: {why}")));
        }
        queue => queues::there(queue, name, &context.facts.place.region, None, checks),
    }
    if let Some(queue) = queue
        .get()
        .filter(|queue| is_drained && queue.redrive.is_none())
    {
        checks.push(Check::found(
            Trap::Redrive,
            Weight::Caution,
            format!(
                "{name} has no redrive policy: a message that its function fails on comes back for {}",
                days(queue.retention)
            ),
            "set its RedrivePolicy, unless the function never fails",
        ));
    }
}

/// A queue that a function of this process is fed from.
fn drained(context: &Context<'_>, name: &str, function: &QueueProcessor, checks: &mut Vec<Check>) {
    let called = function.queue.as_str();
    let Some(queue) = context.queue_called(called).and_then(Known::get) else {
        return;
    };
    let mapping = &function.mapping;
    if queue.fifo && (mapping.batch_size > FIFO_BATCH_MAX || !mapping.batching_window.is_zero()) {
        checks.push(Check::found(
            Trap::Mapping,
            Weight::Void,
            format!(
                "{} is a FIFO queue, and AWS refuses its mapping to processors.{name}: batches of {FIFO_BATCH_MAX} at \
                 most, and no batching window",
                queue.name
            ),
            format!("write [processors.{name}.mapping] batch_size = {FIFO_BATCH_MAX}, and leave out batching_window"),
        ));
    }
    let delivery = Delivery {
        queue,
        timeout: function.timeout,
        window: mapping.batching_window,
    };
    let mut visibility = delivery::visible_long_enough(&delivery);
    let of_it = format!("{}, which feeds processors.{name}: ", queue.name);
    visibility.message.insert_str(0, &of_it);
    checks.push(visibility);
    if queue.messages > 0 {
        checks.push(Check::found(
            Trap::QueueEmpty,
            Weight::Trap,
            format!(
                "{} holds about {} already, and processors.{name} takes and deletes them, whosever they are",
                queue.name,
                counted(queue.messages, "message")
            ),
            "empty it, or use a queue of the run's own",
        ));
    }
}

/// Something of the account takes messages from a queue that is read here, or drained by a function of this process.
fn fed_elsewhere(context: &Context<'_>, called: &str) -> Option<Check> {
    let mappings = context.facts.further_mappings.get(called)?;
    let name = context.name_of(called);
    let function = context.drains(called);
    let mappings = match mappings {
        Known::Is(mappings) => mappings,
        Known::Absent => return None,
        // An endpoint on this machine may have no Lambda at all.
        Known::Unknown(_) if context.facts.place.loopback => return None,
        Known::Unknown(why) => {
            let told = format!("what {name} feeds: {why}");
            return Some(Check::unknown(Trap::Mapping, &told));
        }
    };
    let enabled = mappings.iter().filter(|mapping| mapping.is_enabled());
    let others: Vec<&str> = enabled
        .map(|mapping| mapping.function_arn.as_str())
        .collect();
    if others.is_empty() {
        return None;
    }
    let others = others.join(", ");
    let is_dead_letters = called == context.scenario.pipeline.dead_letter_queue;
    let (weight, means, cure) = match function {
        Some(function) => (
            Weight::Trap,
            format!("each message goes there or to processors.{function} in this process"),
            "disable the mapping, or leave the function out of the scenario",
        ),
        None if is_dead_letters && !ends_in_dead_letters(context) => (
            Weight::Caution,
            "good orders that are dead-lettered by mistake go there and look lost".to_owned(),
            "disable the mapping for the run if those orders must be accounted for",
        ),
        None => (
            Weight::Trap,
            "it takes letters away before they are looked at, and their orders look lost"
                .to_owned(),
            "disable the mapping for the run, or say what its function leaves ([[ends.NAME.rows]])",
        ),
    };
    Some(Check::found(
        Trap::Mapping,
        weight,
        format!("{name} feeds {others}: {means}"),
        cure,
    ))
}

/// Whether some bad orders belong into the dead-letter queue.
fn ends_in_dead_letters(context: &Context<'_>) -> bool {
    let kinds = &context.scenario.order.bad;
    context.load.bad > 0 && kinds.iter().any(|kind| kind.end == DEAD_LETTER)
}
