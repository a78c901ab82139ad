//! Reading the queues: counts and retention.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;

use super::{StoreError, Stores};
use crate::evidence::COUNT_MAX;
use crate::records::Counts;

/// The longest retention there is, 14 days (Amazon SQS API, "SetQueueAttributes").
const RETENTION_MAX_S: u64 = 1_209_600;

impl Stores {
    /// The counts of the orders queue and of the dead-letter queue.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn counts(&self) -> Result<(Counts, Counts), StoreError> {
        tokio::try_join!(
            self.counts_of(&self.target.orders_queue_url),
            self.counts_of(&self.target.dead_letter_queue_url)
        )
    }

    pub(super) async fn counts_of(&self, queue_url: &str) -> Result<Counts, StoreError> {
        let operation = "SQS GetQueueAttributes";
        let output = self
            .sqs
            .get_queue_attributes()
            .queue_url(queue_url)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesDelayed)
            .send()
            .await
            .map_err(StoreError::of(operation))?;
        let count = |name: QueueAttributeName| {
            output
                .attributes()
                .and_then(|attributes| message_count(attributes.get(&name)?))
                .ok_or_else(|| {
                    StoreError::new(
                        operation,
                        format!("{name} is missing in the reply, or is not a number of messages"),
                    )
                })
        };
        Ok(Counts {
            visible: count(QueueAttributeName::ApproximateNumberOfMessages)?,
            in_flight: count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)?,
            delayed: count(QueueAttributeName::ApproximateNumberOfMessagesDelayed)?,
        })
    }

    /// The shorter retention of the two queues.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn shortest_retention(&self) -> Result<Duration, StoreError> {
        let operation = "SQS GetQueueAttributes";
        let mut shortest = Duration::MAX;
        for queue_url in [
            &self.target.orders_queue_url,
            &self.target.dead_letter_queue_url,
        ] {
            let name = QueueAttributeName::MessageRetentionPeriod;
            let output = self
                .sqs
                .get_queue_attributes()
                .queue_url(queue_url)
                .attribute_names(name.clone())
                .send()
                .await
                .map_err(StoreError::of(operation))?;
            let seconds = output
                .attributes()
                .and_then(|attributes| number(attributes.get(&name)?))
                .filter(|seconds| *seconds <= RETENTION_MAX_S)
                .ok_or_else(|| {
                    StoreError::new(
                        operation,
                        "the retention is missing in the reply, or is more than 14 days",
                    )
                })?;
            shortest = shortest.min(Duration::from_secs(seconds));
        }
        Ok(shortest)
    }
}

/// How many messages a queue holds: no queue holds more than a report can tell.
fn message_count(text: &str) -> Option<u64> {
    number(text).filter(|count| *count <= COUNT_MAX)
}

/// A whole number as SQS writes it: digits and nothing else.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_digits_and_nothing_else() {
        for (text, count) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("+5", None),
            ("-1", None),
            ("1e3", None),
            ("1.0", None),
            (" 1", None),
            ("", None),
        ] {
            assert_eq!(number(text), count, "{text:?}");
        }
    }

    #[test]
    fn what_no_queue_holds_is_no_count_and_a_large_queue_is_one() {
        for (text, count) in [
            ("1000000000000", Some(COUNT_MAX)),
            ("1000000000001", None),
            ("18446744073709551615", None),
            ("0", Some(0)),
        ] {
            assert_eq!(message_count(text), count, "{text}");
        }
    }

    #[test]
    fn counts_beyond_a_number_are_never_none() {
        let counts = |visible, in_flight, delayed| Counts {
            visible,
            in_flight,
            delayed,
        };
        assert_eq!(counts(1 << 63, 1 << 63, 0).total(), u64::MAX, "not zero");
        assert_eq!(counts(u64::MAX, 0, 1).total(), u64::MAX);
        assert_eq!(counts(1, 2, 4).total(), 7);
    }
}
