//! A topic and the subscription of the orders queue, as SNS answers. Source: Amazon SNS API Reference.

use std::collections::BTreeMap;

use aws_sdk_sqs::error::ProvideErrorMetadata;
use serde::Deserialize;

use super::failures;
use crate::account::facts::permissions::proof;
use crate::account::facts::{missing_or_unknown, why};
use crate::account::service::{Ask, CallError, Service};
use crate::preflight::{Known, QueueFacts, SubscriptionFacts, TopicFacts};
use crate::store::{Session, topic_beside};
use crate::xml::{self, Read};

/// Pages of subscriptions at most, of 100 each.
const PAGES_MAX: usize = 100;
/// In the place of an ARN, of a subscription that is not confirmed.
const PENDING: &str = "PendingConfirmation";

pub(super) async fn read(session: &Session, name: &str, queue: &QueueFacts) -> Known<TopicFacts> {
    let arn = match name.starts_with("arn:") {
        true => Some(name.to_owned()),
        false => topic_beside(&queue.arn, name),
    };
    let Some(arn) = arn else {
        return Known::Unknown(format!("{} is not a queue's ARN", queue.arn));
    };
    let read = ask(session, "GetTopicAttributes", &[("TopicArn", &arn)]).await;
    let attributes = match read {
        Ok(text) => match xml::attributes(&text, "GetTopicAttributes") {
            Ok(attributes) => attributes,
            Err(error) => return Known::Unknown(format!("GetTopicAttributes: {error}")),
        },
        Err(error) => return missing_or_unknown(&error, |error| error.code() == Some("NotFound")),
    };
    if !attributes.contains_key("TopicArn") {
        return Known::Unknown("GetTopicAttributes: the reply has no TopicArn".into());
    }
    let on = |name: &str| attributes.get(name).is_some_and(|value| value == "true");
    let (fifo, content_based_deduplication) = (on("FifoTopic"), on("ContentBasedDeduplication"));
    let (subscription, others) = match subscriptions(session, &arn, queue).await {
        Ok((Some(own), others)) => (subscription(session, own, queue).await, others),
        Ok((None, others)) => (Known::Absent, others),
        Err(why) => (Known::Unknown(why), 0),
    };
    Known::Is(TopicFacts {
        kms_key: text(&attributes, "KmsMasterKeyId"),
        arn,
        fifo,
        content_based_deduplication,
        subscription,
        others,
    })
}

fn text(attributes: &BTreeMap<String, String>, name: &str) -> Option<String> {
    let text = attributes.get(name).filter(|text| !text.is_empty());
    text.cloned()
}

async fn ask(
    session: &Session,
    operation: &'static str,
    fields: &[(&str, &str)],
) -> Result<String, CallError> {
    let mut all = vec![("Action", operation), ("Version", "2010-03-31")];
    all.extend_from_slice(fields);
    Service::SNS
        .call_xml(session, operation, Ask::form(&all))
        .await
}

/// The ARN of the queue's own subscription, and how many others there are.
async fn subscriptions(
    session: &Session,
    topic: &str,
    queue: &QueueFacts,
) -> Result<(Option<String>, u64), String> {
    const OPERATION: &str = "ListSubscriptionsByTopic";
    let (mut own, mut others, mut next) = (None, 0, String::new());
    for _ in 0..PAGES_MAX {
        let mut fields = vec![("TopicArn", topic)];
        if !next.is_empty() {
            fields.push(("NextToken", &next));
        }
        let page = ask(session, OPERATION, &fields).await;
        let page = page.map_err(|error| format!("{OPERATION}: {}", why(&error)))?;
        let further = xml::each(&page, OPERATION, "Subscriptions", |member| -> Read<()> {
            let [arn, protocol, endpoint] =
                xml::texts(member, ["SubscriptionArn", "Protocol", "Endpoint"])?;
            let is_own =
                protocol.as_deref() == Some("sqs") && endpoint.as_ref() == Some(&queue.arn);
            match is_own {
                true => own = Some(arn.unwrap_or_default()),
                false => others += 1,
            }
            Ok(())
        });
        match further.map_err(|error| format!("{OPERATION}: {error}"))? {
            Some(further) => next = further,
            None => return Ok((own, others)),
        }
    }
    Err(format!(
        "{OPERATION}: it names further pages after {PAGES_MAX}"
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Redrive {
    dead_letter_target_arn: String,
}

async fn subscription(
    session: &Session,
    arn: String,
    queue: &QueueFacts,
) -> Known<SubscriptionFacts> {
    const OPERATION: &str = "GetSubscriptionAttributes";
    if arn == PENDING {
        return Known::Is(SubscriptionFacts {
            arn,
            pending: true,
            raw: false,
            filter: None,
            filters_bodies: false,
            failures: None,
        });
    }
    let read = match ask(session, OPERATION, &[("SubscriptionArn", &arn)]).await {
        Ok(text) => xml::attributes(&text, OPERATION).map_err(|error| error.to_string()),
        Err(error) => Err(why(&error)),
    };
    let attributes = match read {
        Ok(attributes) => attributes,
        Err(why) => return Known::Unknown(format!("{OPERATION}: {why}")),
    };
    if !attributes.contains_key("SubscriptionArn") {
        return Known::Unknown(format!("{OPERATION}: the reply has no SubscriptionArn"));
    }
    let is = |name: &str, value: &str| attributes.get(name).is_some_and(|found| found == value);
    let failures = match text(&attributes, "RedrivePolicy") {
        None => None,
        Some(policy) => match serde_json::from_str::<Redrive>(&policy) {
            Ok(redrive) => Some(failures(session, &redrive.dead_letter_target_arn, queue).await),
            Err(_) => return Known::Unknown(format!("the redrive policy {policy} cannot be read")),
        },
    };
    Known::Is(SubscriptionFacts {
        arn,
        pending: is("PendingConfirmation", "true"),
        raw: is("RawMessageDelivery", "true"),
        filter: text(&attributes, "FilterPolicy").filter(|policy| policy.trim() != "{}"),
        filters_bodies: is("FilterPolicyScope", "MessageBody"),
        failures,
    })
}

/// Two entries of one id: nothing of such a batch is published.
pub(in crate::account::facts) async fn may_publish(
    session: &Session,
    topic: &TopicFacts,
) -> Known<bool> {
    let of_entry = |at: usize, name: &str| format!("PublishBatchRequestEntries.member.{at}.{name}");
    let mut entries = Vec::new();
    for at in [1, 2] {
        entries.push((of_entry(at, "Id"), "same"));
        entries.push((of_entry(at, "Message"), "preflight"));
        if topic.fifo {
            entries.push((of_entry(at, "MessageGroupId"), "preflight"));
            entries.push((of_entry(at, "MessageDeduplicationId"), "preflight"));
        }
    }
    let mut fields = vec![("TopicArn", topic.arn.as_str())];
    fields.extend(entries.iter().map(|(name, value)| (name.as_str(), *value)));
    proof(ask(session, "PublishBatch", &fields).await)
}
