//! A dead-letter queue that has a dead-letter queue itself: looking at its letters moves them on.

use super::Context;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::facts::QueueFacts;
use crate::results::figures::thousands;

/// Every look at a letter is a receive, and the redrive policy counts them.
pub(super) fn inspect(context: &Context<'_>, dead: &QueueFacts) -> Check {
    let Some(policy) = &dead.redrive else {
        return Check::well(
            Trap::DeadLetterRedrive,
            format!("{} has no redrive policy of its own", dead.name),
        );
    };
    let looks = match policy.max_receive_count {
        1 => "1 look".to_owned(),
        count => format!("{} looks", thousands(count.into())),
    };
    let next = policy.target_arn.rsplit(':').next().unwrap_or_default();
    let orders = context.facts.orders_queue.get();
    let back = match orders.is_some_and(|orders| orders.arn == policy.target_arn) {
        true => ", where it is processed once more",
        false => ", where nobody looks for it",
    };
    Check::found(
        Trap::DeadLetterRedrive,
        Weight::Trap,
        format!(
            "{} has a redrive policy of its own, to {next} after {} receives: each look at a letter is a receive, so \
             at most {looks} at it are left, and the next one moves it to {next}{back}",
            dead.name, policy.max_receive_count
        ),
        format!(
            "remove the redrive policy of {}, or raise its maxReceiveCount (SQS takes up to 1,000)",
            dead.name
        ),
    )
}
