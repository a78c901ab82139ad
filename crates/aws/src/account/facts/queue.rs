//! A queue's settings, counts and tags.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesError;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Deserialize;

use super::{missing_or_unknown, why};
use crate::preflight::{FifoFacts, Known, QueueFacts, RedriveFacts};
use crate::store::{ResponseProbe, Session};

/// Reads the queue called `name`.
pub(in crate::account) async fn read(
    session: &Session,
    name: &str,
    probe: &ResponseProbe,
) -> Known<QueueFacts> {
    let sqs = session.sqs();
    let found = sqs.get_queue_url().queue_name(name).customize();
    let url = match found.interceptor(probe.clone()).send().await {
        Ok(found) => found.queue_url.unwrap_or_default(),
        Err(error) => {
            return missing_or_unknown(&error, GetQueueUrlError::is_queue_does_not_exist);
        }
    };
    let attributes = sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(QueueAttributeName::All);
    let tags = sqs.list_queue_tags().queue_url(&url);
    let (attributes, tags) = tokio::join!(attributes.send(), tags.send());
    let attributes = match attributes {
        Ok(found) => found.attributes.unwrap_or_default(),
        // The URL of a queue that was deleted is still given for up to a minute.
        Err(error) => {
            return missing_or_unknown(&error, GetQueueAttributesError::is_queue_does_not_exist);
        }
    };
    let tags = match tags {
        Ok(found) => Known::Is(found.tags.unwrap_or_default().into_iter().collect()),
        Err(error) => Known::Unknown(format!("ListQueueTags: {}", why(&error))),
    };
    match read_attributes(&attributes) {
        Ok(facts) => Known::Is(QueueFacts {
            name: name.to_owned(),
            url,
            tags,
            ..facts
        }),
        Err(missing) => Known::Unknown(format!("GetQueueAttributes: {missing}")),
    }
}

/// The messages that the queue counts now, whatever their state, approximately.
pub(super) async fn messages(sqs: &aws_sdk_sqs::Client, url: &str) -> Result<u64, String> {
    use QueueAttributeName as Name;
    let names = vec![
        Name::ApproximateNumberOfMessages,
        Name::ApproximateNumberOfMessagesNotVisible,
        Name::ApproximateNumberOfMessagesDelayed,
    ];
    let asked = sqs.get_queue_attributes().queue_url(url);
    let asked = asked.set_attribute_names(Some(names)).send().await;
    let found = asked.map_err(|error| format!("GetQueueAttributes: {}", why(&error)))?;
    let counts = read_messages(&found.attributes.unwrap_or_default());
    counts.map_err(|missing| format!("GetQueueAttributes: {missing}"))
}

fn read_messages(attributes: &HashMap<QueueAttributeName, String>) -> Result<u64, String> {
    use QueueAttributeName as Name;
    let count = |name| number(attributes, name);
    let (visible, hidden) = (
        count(Name::ApproximateNumberOfMessages)?,
        count(Name::ApproximateNumberOfMessagesNotVisible)?,
    );
    let delayed = count(Name::ApproximateNumberOfMessagesDelayed)?;
    Ok(visible.saturating_add(hidden).saturating_add(delayed))
}

fn number(
    attributes: &HashMap<QueueAttributeName, String>,
    name: QueueAttributeName,
) -> Result<u64, String> {
    let value = attributes.get(&name);
    let value = value.and_then(|value| value.parse::<u64>().ok());
    value.ok_or_else(|| format!("{name} is missing in the reply"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    dead_letter_target_arn: String,
    max_receive_count: Count,
}

/// AWS takes a number and a text alike, and gives back what it was given.
#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    Number(u32),
    Text(String),
}

fn read_attributes(attributes: &HashMap<QueueAttributeName, String>) -> Result<QueueFacts, String> {
    let text = |name: &QueueAttributeName| attributes.get(name).map(String::as_str);
    let seconds = |name| number(attributes, name).map(Duration::from_secs);
    let redrive = match text(&QueueAttributeName::RedrivePolicy) {
        None | Some("") => None,
        Some(policy) => Some(read_policy(policy)?),
    };
    let on = |name: &QueueAttributeName| text(name).is_some_and(|value| value == "true");
    let is = |name: QueueAttributeName, value: &str| text(&name) == Some(value);
    Ok(QueueFacts {
        name: String::new(),
        url: String::new(),
        arn: text(&QueueAttributeName::QueueArn)
            .unwrap_or_default()
            .to_owned(),
        visibility_timeout: seconds(QueueAttributeName::VisibilityTimeout)?,
        retention: seconds(QueueAttributeName::MessageRetentionPeriod)?,
        delay: seconds(QueueAttributeName::DelaySeconds).unwrap_or_default(),
        redrive,
        messages: read_messages(attributes)?,
        fifo: on(&QueueAttributeName::FifoQueue),
        fifo_settings: on(&QueueAttributeName::FifoQueue).then(|| FifoFacts {
            content_based_deduplication: on(&QueueAttributeName::ContentBasedDeduplication),
            high_throughput: is(QueueAttributeName::DeduplicationScope, "messageGroup")
                && is(QueueAttributeName::FifoThroughputLimit, "perMessageGroupId"),
        }),
        kms_key: text(&QueueAttributeName::KmsMasterKeyId)
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
        policy: text(&QueueAttributeName::Policy)
            .filter(|policy| !policy.is_empty())
            .map(str::to_owned),
        tags: Known::Absent,
    })
}

fn read_policy(text: &str) -> Result<RedriveFacts, String> {
    let wrong = || format!("the redrive policy {text} cannot be read");
    let policy: Policy = serde_json::from_str(text).map_err(|_| wrong())?;
    let max_receive_count = match policy.max_receive_count {
        Count::Number(count) => count,
        Count::Text(count) => count.parse().map_err(|_| wrong())?,
    };
    Ok(RedriveFacts {
        target_arn: policy.dead_letter_target_arn,
        max_receive_count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_is_read_with_its_count_as_number_or_text() {
        for count in ["3", "\"3\""] {
            let text = format!(
                "{{\"deadLetterTargetArn\":\"arn:aws:sqs:r:1:d\",\"maxReceiveCount\":{count}}}"
            );
            let policy = read_policy(&text).unwrap();
            assert_eq!(
                (policy.target_arn.as_str(), policy.max_receive_count),
                ("arn:aws:sqs:r:1:d", 3)
            );
        }
        for text in [
            "{}",
            "[]",
            "x",
            r#"{"deadLetterTargetArn":"a","maxReceiveCount":"three"}"#,
        ] {
            assert!(read_policy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_reply_without_its_counts_is_no_empty_queue() {
        let all = [
            (QueueAttributeName::VisibilityTimeout, "30"),
            (QueueAttributeName::MessageRetentionPeriod, "345600"),
            (QueueAttributeName::ApproximateNumberOfMessages, "1"),
            (
                QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
                "2",
            ),
            (QueueAttributeName::ApproximateNumberOfMessagesDelayed, "4"),
        ];
        let of = |without: Option<&QueueAttributeName>| {
            let kept = all.iter().filter(|(name, _)| Some(name) != without);
            kept.map(|(name, value)| (name.clone(), (*value).to_owned()))
                .collect::<HashMap<_, _>>()
        };
        assert_eq!(read_attributes(&of(None)).unwrap().messages, 7);
        for (name, _) in &all {
            assert!(read_attributes(&of(Some(name))).is_err(), "{name}");
        }
    }
}
