//! A dead-letter queue that has a redrive policy itself: each look is a receive, and after so many of them its letters
//! move on.

use std::collections::HashMap;

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::delivery::max_receive_count;
use super::{StoreError, Stores};

/// Where the letters of the dead-letter queue go when they have been received too often there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRedrive {
    /// The ARN of that queue.
    pub moves_to: String,
    /// Receives that a letter is given out for in the dead-letter queue.
    pub max_receive_count: u32,
    /// The orders queue, and the receives a letter from there has behind it.
    source: (String, u32),
}

impl LetterRedrive {
    /// The queue's name.
    pub fn name(&self) -> &str {
        self.moves_to.rsplit(':').next().unwrap_or_default()
    }

    /// How often a letter was received in the dead-letter queue, this time included. SQS counts on from queue to queue, so the
    /// receives in the orders queue come off; of another source they are not known, and none come off.
    pub(super) fn receives(
        &self,
        attributes: Option<&HashMap<MessageSystemAttributeName, String>>,
    ) -> Option<u32> {
        let attributes = attributes?;
        let count: u32 = attributes
            .get(&MessageSystemAttributeName::ApproximateReceiveCount)?
            .parse()
            .ok()?;
        let source = attributes.get(&MessageSystemAttributeName::DeadLetterQueueSourceArn);
        let before = match source {
            Some(source) if *source == self.source.0 => self.source.1,
            _ => 0,
        };
        Some(count.saturating_sub(before))
    }
}

impl Stores {
    /// The redrive policy of the dead-letter queue, which few have.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn letter_redrive(&self) -> Result<Option<LetterRedrive>, StoreError> {
        let (_, policy) = self.redrive_of(&self.target.dead_letter_queue_url).await?;
        let Some(policy) = policy else {
            return Ok(None);
        };
        let (arn, source) = self.redrive_of(&self.target.orders_queue_url).await?;
        let before = source.and_then(|policy| max_receive_count(&policy));
        let unreadable = || {
            StoreError::new(
                "SQS GetQueueAttributes",
                format!("the dead-letter queue's redrive policy {policy:?} cannot be read"),
            )
        };
        let moves_to = serde_json::from_str::<serde_json::Value>(&policy)
            .ok()
            .and_then(|policy| Some(policy.get("deadLetterTargetArn")?.as_str()?.to_owned()));
        Ok(Some(LetterRedrive {
            moves_to: moves_to.ok_or_else(unreadable)?,
            max_receive_count: max_receive_count(&policy).ok_or_else(unreadable)?,
            source: (arn, before.unwrap_or(0)),
        }))
    }

    /// A queue's ARN, which every queue has, and its redrive policy.
    async fn redrive_of(&self, queue_url: &str) -> Result<(String, Option<String>), StoreError> {
        let operation = "SQS GetQueueAttributes";
        let output = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue_url)
            .attribute_names(QueueAttributeName::QueueArn)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await
            .map_err(StoreError::of(operation))?;
        let mut attributes = output.attributes.unwrap_or_default();
        let arn = attributes
            .remove(&QueueAttributeName::QueueArn)
            .ok_or_else(|| StoreError::new(operation, "QueueArn is missing in the reply"))?;
        let policy = attributes.remove(&QueueAttributeName::RedrivePolicy);
        Ok((arn, policy.filter(|policy| !policy.is_empty())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receives_elsewhere_come_off_where_they_are_known() {
        let redrive = LetterRedrive {
            moves_to: "arn:aws:sqs:us-east-1:1:graveyard".into(),
            max_receive_count: 4,
            source: ("arn:aws:sqs:us-east-1:1:orders".into(), 3),
        };
        assert_eq!(redrive.name(), "graveyard");
        let attributes = |count: &str, source: Option<&str>| {
            let count = (
                MessageSystemAttributeName::ApproximateReceiveCount,
                count.to_owned(),
            );
            let source = source.map(|name| {
                let arn = format!("arn:aws:sqs:us-east-1:1:{name}");
                (MessageSystemAttributeName::DeadLetterQueueSourceArn, arn)
            });
            HashMap::from_iter([count].into_iter().chain(source))
        };
        for (count, source, receives, why) in [
            ("4", Some("orders"), Some(1), "its first receive here"),
            ("7", Some("orders"), Some(4), "its last"),
            (
                "4",
                Some("others"),
                Some(4),
                "who knows how many were there",
            ),
            ("1", None, Some(1), "sent here directly"),
            ("many", Some("orders"), None, "no number"),
        ] {
            let attributes = attributes(count, source);
            assert_eq!(redrive.receives(Some(&attributes)), receives, "{why}");
        }
        assert_eq!(redrive.receives(None), None, "nothing is told");
    }
}
