//! From receive to dead letter: visibility, receive count, partial responses.

use std::time::Duration;

use super::Context;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::QueueFacts;

/// What AWS advises for `maxReceiveCount` at least (AWS Lambda, "Using Lambda with Amazon SQS").
const ADVISED_RECEIVES: u32 = 5;
/// Visibility against the function's time-out (the same page).
const ADVISED_VISIBILITY: u32 = 6;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    receive_count(context, checks);
    visibility(context, checks);
    partial_responses(context, checks);
}

fn receive_count(context: &Context<'_>, checks: &mut Vec<Check>) {
    let Some(orders) = context.facts.orders_queue.get() else {
        return;
    };
    let Some(count) = orders
        .redrive
        .as_ref()
        .map(|redrive| redrive.max_receive_count)
    else {
        return;
    };
    let patience = orders.visibility_timeout * count;
    // Without a visibility timeout nothing is known of how long that takes.
    let within = match patience.is_zero() {
        true => String::new(),
        false => format!(", for about {patience:?} in all,"),
    };
    let told = format!(
        "maxReceiveCount is {count}: a good order that is throttled or fails {count} times{within} ends in the dead-letter queue"
    );
    checks.push(match count >= ADVISED_RECEIVES {
        true => Check::well(Trap::ReceiveCount, told),
        false => Check::found(
            Trap::ReceiveCount,
            Weight::Trap,
            told,
            format!("AWS advises {ADVISED_RECEIVES} or more: throttling of table or function burns receives"),
        ),
    });
}

pub(super) fn visibility(context: &Context<'_>, checks: &mut Vec<Check>) {
    let Some(orders) = context.facts.orders_queue.get() else {
        return;
    };
    let visibility = orders.visibility_timeout;
    if context.is_external() {
        checks.push(Check::well(
            Trap::Visibility,
            format!(
                "messages are hidden for {visibility:?}: what consumes them, which is not looked at, must have deleted \
                 each by then, or it is handed out again"
            ),
        ));
        return;
    }
    let Some(timeout) = context.timeout() else {
        checks.push(Check::unknown(
            Trap::Visibility,
            "the function's time-out is not known",
        ));
        return;
    };
    let Some(window) = context.batching_window() else {
        checks.push(Check::unknown(
            Trap::Visibility,
            "the mapping's batching window is not known",
        ));
        return;
    };
    checks.push(visible_long_enough(&Delivery {
        queue: orders,
        timeout,
        window,
    }));
}

/// From a queue to a function.
pub(super) struct Delivery<'a> {
    pub(super) queue: &'a QueueFacts,
    /// An invocation that takes longer has failed.
    pub(super) timeout: Duration,
    /// How long the mapping gathers a batch.
    pub(super) window: Duration,
}

/// Whether a message stays hidden while it is processed.
pub(super) fn visible_long_enough(delivery: &Delivery<'_>) -> Check {
    let Delivery {
        queue,
        timeout,
        window,
    } = *delivery;
    let visibility = queue.visibility_timeout;
    let gathered = match window.is_zero() {
        true => String::new(),
        false => format!(", after the mapping has gathered a batch for up to {window:?}"),
    };
    let hidden = match visibility.is_zero() {
        true => "messages are not hidden at all".to_owned(),
        false => format!("messages are hidden for {visibility:?}"),
    };
    let told = format!("{hidden} and an invocation may take {timeout:?}{gathered}");
    let advised = timeout * ADVISED_VISIBILITY + window;
    if visibility < timeout + window {
        Check::found(
            Trap::Visibility,
            Weight::Trap,
            format!(
                "{told}: an order that is still being processed is handed out again, processed twice, and its \
                 receives are used up"
            ),
            format!(
                "set the visibility timeout to {advised:?} or more: 6 times the function's time-out, plus the batching \
                 window"
            ),
        )
    } else if visibility < advised {
        Check::found(
            Trap::Visibility,
            Weight::Caution,
            format!(
                "{told}: less than 6 times the time-out plus the batching window, which leave room for throttled \
                 invocations to be tried again"
            ),
            format!("set the visibility timeout to {advised:?} or more"),
        )
    } else {
        Check::well(Trap::Visibility, told)
    }
}

/// The share of batches of `size` that hold at least one bad order, and of the good orders in those.
fn good_beside_bad(bad_share: f64, size: u32) -> f64 {
    1.0 - (1.0 - bad_share).powi(size.saturating_sub(1) as i32)
}

fn partial_responses(context: &Context<'_>, checks: &mut Vec<Check>) {
    let on = match context.is_local() {
        true => Some(context.scenario.pipeline.mapping.report_batch_item_failures),
        false => context.mapping().map(|mapping| mapping.partial_responses),
    };
    let (Some(on), Some(size)) = (on, context.batch_size()) else {
        return;
    };
    let told = format!(
        "ReportBatchItemFailures is {}",
        if on { "on" } else { "off" }
    );
    if on {
        checks.push(Check::well(Trap::PartialResponses, told));
        return;
    }
    let beside = good_beside_bad(context.load.bad_share, size);
    checks.push(Check::found(
        Trap::PartialResponses,
        Weight::Trap,
        format!(
            "{told}: a function that answers which orders failed is not heard, and they are deleted without a \
             trace; one that fails the whole batch takes the good orders along: with full batches of {size}, \
             {:.0}% of the good orders share one with a bad order at each receive",
            beside * 100.0
        ),
        "set FunctionResponseTypes to ReportBatchItemFailures",
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_orders_share_their_batch_with_bad_ones_as_chance_has_it() {
        for (share, size, expected) in [
            (0.1, 10, 0.6126),
            (0.1, 1, 0.0),
            (0.0, 10, 0.0),
            (1.0, 2, 1.0),
        ] {
            assert!(
                (good_beside_bad(share, size) - expected).abs() < 1e-4,
                "{share} {size}"
            );
        }
    }
}
