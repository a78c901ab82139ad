//! A topic and the subscription of the orders queue.

use super::{Taken, attributes_of, body_of, failures, policy};
use crate::order::Topic;
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::door::{SubscriptionFacts, TopicFacts};
use crate::preflight::facts::{Known, QueueFacts};
use crate::preflight::traps::Context;

/// Keys of AWS's own, whose policies nobody can change. Source: Amazon SNS Developer Guide, "Enabling compatibility between
/// event sources from AWS services and encrypted topics" and "Configuring AWS KMS permissions for Amazon SQS".
const OWN_SQS_KEY: &str = "alias/aws/sqs";

pub(super) fn inspect(
    context: &Context<'_>,
    facts: &TopicFacts,
    topic: &Topic,
    checks: &mut Vec<Check>,
) {
    kind(context, facts, checks);
    if let Some(key) = &facts.kms_key {
        checks.push(Check::found(
            Trap::Encryption,
            Weight::Caution,
            format!(
                "the topic is encrypted with {key}: who publishes needs its kms permissions, too"
            ),
            "allow kms:GenerateDataKey and kms:Decrypt to the caller",
        ));
    }
    if facts.others > 0 {
        checks.push(Check::found(
            Trap::Subscription,
            Weight::Caution,
            format!(
                "the topic has {} other subscriptions: each gets every order of the run, too, where its filter policy \
                 takes it",
                facts.others
            ),
            "keep test orders from them by an attribute ([sending] mark) and a filter policy, or use a topic of the run's own",
        ));
    }
    let Some(queue) = context.facts.orders_queue.get() else {
        return;
    };
    match &facts.subscription {
        Known::Is(subscription) => subscribed(context, subscription, topic, queue, checks),
        Known::Absent => checks.push(Check::found(
            Trap::Subscription,
            Weight::Void,
            format!(
                "{} is not subscribed to {}: no order would reach it",
                queue.name, facts.arn
            ),
            format!("subscribe it: protocol sqs, endpoint {}", queue.arn),
        )),
        Known::Unknown(why) => checks.push(Check::unknown(Trap::Subscription, why)),
    }
    policy(context, queue, "sns.amazonaws.com", &facts.arn, checks);
    encryption(queue, checks);
}

/// Topic and queue are of one kind, and a FIFO topic gets the ids that it asks for.
fn kind(context: &Context<'_>, facts: &TopicFacts, checks: &mut Vec<Check>) {
    let named = context.scenario.order.deduplication.is_some();
    let (message, cure) = match (facts.fifo, context.scenario.pipeline.fifo) {
        (false, true) => (
            "the topic is a standard topic, to which a FIFO queue cannot be subscribed",
            "use a FIFO topic (its name ends in .fifo), or a standard queue",
        ),
        (true, false) => (
            "the topic is a FIFO topic, and refuses messages without a message group, which the orders of a standard queue \
             have not",
            "use a standard topic, or write [pipeline] queue = \"fifo\" and [order] group",
        ),
        (true, true) if !named && !facts.content_based_deduplication => (
            "the topic has ContentBasedDeduplication off, and [order] names no deduplication id: SNS refuses every order",
            "write [order] deduplication = \"{{id}}\", or switch ContentBasedDeduplication on",
        ),
        _ => return,
    };
    checks.push(Check::found(Trap::Fifo, Weight::Void, message, cure));
}

fn subscribed(
    context: &Context<'_>,
    subscription: &SubscriptionFacts,
    topic: &Topic,
    queue: &QueueFacts,
    checks: &mut Vec<Check>,
) {
    if subscription.pending {
        checks.push(Check::found(
            Trap::Subscription,
            Weight::Void,
            format!(
                "the subscription of {} is not confirmed: no order would reach it",
                queue.name
            ),
            "confirm it: ConfirmSubscription with the token that SNS has sent to the queue",
        ));
        return;
    }
    checks.push(Check::well(
        Trap::Subscription,
        format!(
            "{} is subscribed; SNS tries for up to 23 days to hand an order on, and one that is not seen is undecided until then",
            queue.name
        ),
    ));
    checks.push(envelope(subscription.raw, topic.raw));
    if let Some(filter) = &subscription.filter {
        let taken = Taken::of(context, filter, &[], |plan, k| {
            match subscription.filters_bodies {
                true => body_of(plan, k),
                false => Some(attributes_of(plan, k)),
            }
        });
        let looks_at = match subscription.filters_bodies {
            true => "bodies",
            false => "attributes",
        };
        checks.push(taken.check(&format!(
            "the filter policy of the subscription, which looks at {looks_at},"
        )));
    }
    failures(
        context,
        "the subscription",
        subscription.failures.as_ref(),
        "for 23 days",
        checks,
    );
}

fn envelope(is: bool, must: bool) -> Check {
    let told = match is {
        true => "RawMessageDelivery is on: orders arrive as they are sent",
        false => "RawMessageDelivery is off: orders arrive in SNS's envelope",
    };
    match is == must {
        true => Check::well(Trap::Envelope, told),
        false => Check::found(
            Trap::Envelope,
            Weight::Void,
            format!(
                "{told}, and [sending] raw = {must} says otherwise: no message could be matched to its order"
            ),
            format!("write [sending] raw = {is}, or change the subscription"),
        ),
    }
}

/// SNS has to encrypt with the queue's key.
pub(super) fn encryption(queue: &QueueFacts, checks: &mut Vec<Check>) {
    if queue
        .kms_key
        .as_deref()
        .is_some_and(|key| key.ends_with(OWN_SQS_KEY))
    {
        checks.push(Check::found(
            Trap::Encryption,
            Weight::Void,
            format!(
                "{} is encrypted with {OWN_SQS_KEY}, which no other service of AWS may use: nothing would arrive",
                queue.name
            ),
            "encrypt it with SQS's own encryption (SSE-SQS), or a key of your own whose policy allows the service",
        ));
    }
}
