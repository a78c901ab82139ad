//! The operations on subscriptions.

use super::topics::named;
use super::{Done, attributes, page, required, texts};
use crate::doors::Doors;
use crate::doors::sns::error::SnsError;
use crate::doors::sns::registry::Listed;
use crate::doors::sns::{Subscription, arn};
use crate::query::form::Form;
use crate::query::xml::{element, leaf};

pub(super) fn subscribe(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let topic = named(form)?;
    let protocol = required(form, "Protocol")?;
    if protocol != "sqs" {
        return Err(SnsError::parameter(format!(
            "Protocol Reason: the embedded SNS delivers to SQS queues only (sqs), not by {}",
            protocol.escape_debug()
        )));
    }
    let queue = arn::queue("Endpoint", required(form, "Endpoint")?)?;
    let mut subscription = Subscription::to_queue(queue);
    for (name, value) in texts(form, "Attributes") {
        subscription.set(&name, &value)?;
    }
    let subscribed = doors.subscribe(topic, subscription)?;
    let mut xml = String::new();
    leaf(&mut xml, "SubscriptionArn", &subscribed);
    Ok(Some(xml))
}

pub(super) fn unsubscribe(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    doors.unsubscribe(required(form, "SubscriptionArn")?)?;
    Ok(None)
}

pub(super) fn list(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    listed(doors, form, &doors.subscriptions(None)?)
}

pub(super) fn list_by_topic(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    listed(doors, form, &doors.subscriptions(Some(named(form)?))?)
}

fn listed(doors: &Doors, form: &Form, all: &[Listed]) -> Result<Done, SnsError> {
    let (all, next) = page(form, all)?;
    let mut xml = String::new();
    element(&mut xml, "Subscriptions", |xml| {
        for one in all {
            element(xml, "member", |xml| {
                leaf(xml, "SubscriptionArn", &one.arn);
                leaf(xml, "Owner", &doors.site().account_id);
                leaf(xml, "Protocol", "sqs");
                leaf(xml, "Endpoint", &one.endpoint);
                leaf(xml, "TopicArn", &one.topic_arn);
            });
        }
    });
    if let Some(next) = next {
        leaf(&mut xml, "NextToken", &next);
    }
    Ok(Some(xml))
}

pub(super) fn get_attributes(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let arn = required(form, "SubscriptionArn")?;
    let site = doors.site();
    let (mut all, queue) = doors.with_subscription(arn, |subscription| {
        Ok((
            subscription.described(site),
            site.queue_arn(&subscription.queue),
        ))
    })?;
    let topic = arn.rsplit_once(':').map_or("", |(topic, _)| topic);
    for (name, value) in [
        ("SubscriptionArn", arn),
        ("TopicArn", topic),
        ("Owner", &site.account_id),
        ("Protocol", "sqs"),
        ("Endpoint", &queue),
        ("PendingConfirmation", "false"),
        ("ConfirmationWasAuthenticated", "true"),
    ] {
        all.insert(name.to_owned(), value.to_owned());
    }
    Ok(Some(attributes(&all)))
}

pub(super) fn set_attributes(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let arn = required(form, "SubscriptionArn")?;
    let name = required(form, "AttributeName")?;
    let value = form.text("AttributeValue").unwrap_or_default();
    doors.with_subscription(arn, |subscription| {
        let mut changed = subscription.clone();
        changed.set(name, value)?;
        changed.settle()?;
        *subscription = changed;
        Ok(())
    })?;
    Ok(None)
}
