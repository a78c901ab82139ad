//! The two queues: that they are there, where dead letters go, how long messages are kept, what is in
//! them.

use std::time::Duration;

use super::{Context, chain, days};
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::{Known, QueueFacts};
use crate::preflight::{Estimate, estimate};
use crate::results::figures::thousands;
use crate::scenario::DeadLetterUse;

/// Messages of one queue that SQS lets be hidden at a time.
const IN_FLIGHT_MAX: u64 = 120_000;
/// The longest a queue keeps a message.
const RETENTION_MAX: Duration = Duration::from_secs(14 * 86_400);

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    let facts = context.facts;
    let fifo = Some(context.scenario.pipeline.fifo);
    there(
        &facts.orders_queue,
        &context.target.resources.orders_queue,
        &facts.place.region,
        fifo,
        checks,
    );
    there(
        &facts.dead_letter_queue,
        &context.target.resources.dead_letter_queue,
        &facts.place.region,
        fifo,
        checks,
    );
    if let Some(orders) = facts.orders_queue.get() {
        checks.push(redrive(context, orders));
        empty(orders, checks);
        if !orders.delay.is_zero() {
            checks.push(delay(orders));
        }
    }
    if let (Some(orders), Some(dead)) = (facts.orders_queue.get(), facts.dead_letter_queue.get()) {
        checks.push(retention_order(orders, dead));
        let estimate = estimate(context.scenario, context.target, facts);
        checks.push(retention(orders, dead, &estimate));
    }
    if let Some(dead) = facts.dead_letter_queue.get() {
        checks.push(dead_letters(context, dead));
        checks.push(chain::inspect(context, dead));
    }
}

/// A message's age counts while it is held back: one that is held longer than it is kept is never received.
fn delay(orders: &QueueFacts) -> Check {
    let told = format!(
        "{} holds each message back for {:?}",
        orders.name, orders.delay
    );
    match orders.delay < orders.retention {
        true => Check::found(
            Trap::Delay,
            Weight::Caution,
            format!("{told}: every latency from queue to table has that in it"),
            "set DelaySeconds to 0 unless it is wanted",
        ),
        false => Check::found(
            Trap::Delay,
            Weight::Void,
            format!(
                "{told} and keeps it for {} only: every order expires before anybody can receive it",
                days(orders.retention)
            ),
            "set DelaySeconds to 0, or give the queue a retention far above it",
        ),
    }
}

/// A queue that is of the other kind than the scenario says.
fn other_kind(name: &str, queue: &QueueFacts) -> Check {
    let (means, cure) = match queue.fifo {
        true => (
            "is a FIFO queue, and the scenario's is a standard queue: what is sent twice it leaves out, and order groups \
             hold others up",
            "write [pipeline] queue = \"fifo\" and [order] group, or name a standard queue",
        ),
        false => (
            "is a standard queue, and the scenario's is a FIFO queue: it keeps no order, and takes what is sent twice twice",
            "name a FIFO queue, or leave out [pipeline] queue",
        ),
    };
    Check::found(Trap::Queues, Weight::Void, format!("{name} {means}"), cure)
}

/// `fifo` is whether it must be a FIFO queue, where that is said.
pub(super) fn there(
    queue: &Known<QueueFacts>,
    name: &str,
    region: &str,
    fifo: Option<bool>,
    checks: &mut Vec<Check>,
) {
    let check = match queue {
        Known::Absent => Check::found(
            Trap::Queues,
            Weight::Void,
            format!("there is no queue called {name} in {region}"),
            "create it (orderproof up, or deploy/), or name another one, or another --region",
        ),
        Known::Unknown(why) => Check::found(
            Trap::Queues,
            Weight::Void,
            format!("{name} could not be read: {why}"),
            "a run has to read its queues: mend that first",
        ),
        Known::Is(queue) if fifo.is_some_and(|fifo| fifo != queue.fifo) => other_kind(name, queue),
        Known::Is(queue) => {
            if let Some(key) = &queue.kms_key {
                checks.push(Check::found(
                    Trap::Encryption,
                    Weight::Caution,
                    format!("{name} is encrypted with {key}: senders and receivers need its kms permissions too"),
                    "allow kms:GenerateDataKey and kms:Decrypt, or use SQS's own key",
                ));
            }
            let kind = if queue.fifo { "FIFO" } else { "standard" };
            Check::well(Trap::Queues, format!("{name} is there, a {kind} queue"))
        }
    };
    checks.push(check);
}

fn redrive(context: &Context<'_>, orders: &QueueFacts) -> Check {
    let bad = context.load.bad;
    let Some(policy) = &orders.redrive else {
        let (weight, means) = match bad {
            0 => (
                Weight::Trap,
                "an order that cannot be processed comes back until its retention ends, and is gone then".to_owned(),
            ),
            bad => (
                Weight::Void,
                format!(
                    "about {} bad orders come back for {} and are gone then: the run never comes to rest",
                    thousands(bad),
                    days(orders.retention)
                ),
            ),
        };
        return Check::found(
            Trap::Redrive,
            weight,
            format!("{} has no redrive policy: {means}", orders.name),
            format!(
                "set its RedrivePolicy to {} with maxReceiveCount 5 or more",
                context.target.resources.dead_letter_queue
            ),
        );
    };
    let swept = context
        .facts
        .dead_letter_queue
        .get()
        .map(|queue| queue.arn.as_str());
    let name = policy.target_arn.rsplit(':').next().unwrap_or_default();
    let same = match swept {
        Some(arn) => arn == policy.target_arn,
        None => name == context.target.resources.dead_letter_queue,
    };
    if same {
        return Check::well(
            Trap::Redrive,
            format!("after {} receives to {name}", policy.max_receive_count),
        );
    }
    Check::found(
        Trap::Redrive,
        Weight::Void,
        format!(
            "dead letters go to {}, and {} is what would be swept: every dead-lettered order would look lost",
            policy.target_arn, context.target.resources.dead_letter_queue
        ),
        format!("name that queue (--dead-letter-queue {name}), or mend the redrive policy"),
    )
}

pub(super) fn retention_order(orders: &QueueFacts, dead: &QueueFacts) -> Check {
    let told = format!(
        "{} keeps {}, {} keeps {}",
        orders.name,
        days(orders.retention),
        dead.name,
        days(dead.retention)
    );
    if dead.retention > orders.retention {
        return Check::well(Trap::RetentionOrder, told);
    }
    if dead.fifo {
        // Source: Amazon SQS Developer Guide, "Setting-up dead-letter queue retention".
        let told =
            format!("{told}, and the age of a letter counts from its move into a FIFO queue");
        return Check::well(Trap::RetentionOrder, told);
    }
    Check::found(
        Trap::RetentionOrder,
        Weight::Trap,
        format!(
            "{told}: a dead letter's age counts from its first send, so one that waited long in {} expires \
             early, or at once, unseen",
            orders.name
        ),
        match orders.retention < RETENTION_MAX {
            true => format!("give {} a longer retention, 14 days say", dead.name),
            false => format!(
                "SQS keeps nothing beyond 14 days: shorten the retention of {}, to 4 days say",
                orders.name
            ),
        },
    )
}

fn retention(orders: &QueueFacts, dead: &QueueFacts, estimate: &Estimate) -> Check {
    let shortest = orders.retention.min(dead.retention);
    let takes = estimate.duration() + orders.delay;
    let told = format!(
        "the shorter one keeps messages for {} and the run takes about {:.0} s",
        days(shortest),
        takes.as_secs_f64()
    );
    match takes < shortest {
        true => Check::well(Trap::Retention, told),
        false => Check::found(
            Trap::Retention,
            Weight::Void,
            format!(
                "{told}: orders may expire before anybody has looked, and no verdict could be given"
            ),
            "give the queues a longer retention, or shorten the run",
        ),
    }
}

fn empty(orders: &QueueFacts, checks: &mut Vec<Check>) {
    checks.push(match orders.messages {
        0 => Check::well(Trap::QueueEmpty, format!("{} is empty", orders.name)),
        messages => Check::found(
            Trap::QueueEmpty,
            Weight::Trap,
            format!(
                "{} holds about {messages} messages already: they are processed before and among this run's \
                 orders, and somebody may be sending more, in which case there is never rest",
                orders.name
            ),
            "wait until it is empty, or use a queue of the run's own",
        ),
    });
}

fn dead_letters(context: &Context<'_>, dead: &QueueFacts) -> Check {
    let shared = context.target.dead_letters == DeadLetterUse::Shared;
    let hint = "give the run a dead-letter queue of its own and say so (--dead-letters own)";
    let coming = shared.then_some(context.load.bad);
    held(dead, coming, "bad orders", hint)
}

/// What a queue that is swept holds already, and whether that and what is `coming` can be hidden at one time; `None` is a queue
/// whose letters are deleted as they are read.
pub(super) fn held(dead: &QueueFacts, coming: Option<u64>, what: &str, hint: &str) -> Check {
    if let Some(coming) = coming
        && dead.messages.saturating_add(coming) > IN_FLIGHT_MAX
    {
        return Check::found(
            Trap::DeadLetters,
            Weight::Void,
            format!(
                "{} holds {} and about {coming} {what} are coming: SQS lets {IN_FLIGHT_MAX} messages of a \
                 queue be hidden at a time, so it cannot be swept without deleting",
                dead.name, dead.messages
            ),
            hint,
        );
    }
    match dead.messages {
        0 => Check::well(Trap::DeadLetters, format!("{} is empty", dead.name)),
        messages => Check::found(
            Trap::DeadLetters,
            Weight::Caution,
            format!(
                "{} holds about {messages} messages already: each is received once more by the sweep",
                dead.name
            ),
            "they are told apart by their order numbers; empty the queue if nobody needs them",
        ),
    }
}
