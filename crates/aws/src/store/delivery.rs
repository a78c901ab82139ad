//! How the orders queue really hands out its messages.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;

use super::{StoreError, Stores};

/// What SQS takes at most: 12 hours, and 1,000 receives (Amazon SQS API, "SetQueueAttributes").
const VISIBILITY_MAX_S: u64 = 43_200;
const RECEIVES_MAX: u32 = 1_000;

/// What decides how long a message can take to end somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// How long a received message is hidden.
    pub visibility_timeout: Duration,
    /// Receives before it moves to the dead-letter queue; `None` when it never does.
    pub max_receive_count: Option<u32>,
}

impl Stores {
    /// Reads it off the orders queue.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn delivery(&self) -> Result<Delivery, StoreError> {
        let operation = "SQS GetQueueAttributes";
        let output = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.target.orders_queue_url)
            .attribute_names(QueueAttributeName::VisibilityTimeout)
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await
            .map_err(StoreError::of(operation))?;
        let text = |name: QueueAttributeName| output.attributes()?.get(&name);
        let seconds =
            text(QueueAttributeName::VisibilityTimeout).and_then(|text| text.parse().ok());
        let seconds = seconds.filter(|seconds| *seconds <= VISIBILITY_MAX_S).ok_or_else(|| {
            StoreError::new(
                operation,
                format!("the visibility timeout is missing in the reply, or is more than {VISIBILITY_MAX_S} s"),
            )
        })?;
        Ok(Delivery {
            visibility_timeout: Duration::from_secs(seconds),
            max_receive_count: text(QueueAttributeName::RedrivePolicy)
                .and_then(|policy| max_receive_count(policy)),
        })
    }
}

/// A number or a text in the policy's JSON: AWS gives back what it was given.
pub(super) fn max_receive_count(policy: &str) -> Option<u32> {
    let policy: serde_json::Value = serde_json::from_str(policy).ok()?;
    let count = policy.get("maxReceiveCount")?;
    let count = match count.as_u64() {
        Some(count) => u32::try_from(count).ok(),
        None => count.as_str()?.parse().ok(),
    };
    count.filter(|count| (1..=RECEIVES_MAX).contains(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::site::Services;

    #[test]
    fn the_count_is_a_number_or_a_text() {
        for (policy, count) in [
            (r#"{"maxReceiveCount":3}"#, Some(3)),
            (r#"{"maxReceiveCount":"5"}"#, Some(5)),
            (r#"{"maxReceiveCount":"many"}"#, None),
            (r#"{"maxReceiveCount":1000}"#, Some(1_000)),
            (r#"{"maxReceiveCount":1001}"#, None),
            (r#"{"maxReceiveCount":4294967295}"#, None),
            (r#"{"maxReceiveCount":0}"#, None),
            ("{}", None),
            ("", None),
        ] {
            assert_eq!(max_receive_count(policy), count, "{policy}");
        }
    }

    #[tokio::test]
    async fn a_queue_without_a_redrive_policy_never_gives_up() {
        let services = Services::start().await;
        let delivery = services.stores().delivery().await.expect("it answers");
        assert_eq!(delivery.visibility_timeout, Duration::from_secs(30));
        assert_eq!(delivery.max_receive_count, None);
    }
}
