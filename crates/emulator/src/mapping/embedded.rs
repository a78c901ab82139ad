//! The mapping on a queue of this process.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;
use tokio::time::sleep;

use super::event::record_of;
use super::queue::{Delivery, MessageQueue};
use crate::sqs::{Action, ReceiveOptions, ReceivedMessage, SqsEngine, SqsErrorKind, is_fifo};

/// The pause after a receive the queue has refused.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// The pause before looking again for a queue that is not there yet.
const PAUSE_WITHOUT_QUEUE: Duration = Duration::from_millis(100);

/// A queue of the embedded engine. One that does not exist is waited for.
#[derive(Clone)]
pub struct EngineQueue {
    engine: SqsEngine,
    name: Arc<str>,
}

impl EngineQueue {
    /// The queue of this name.
    pub fn new(engine: SqsEngine, name: &str) -> Self {
        Self {
            engine,
            name: name.into(),
        }
    }
}

impl Delivery for ReceivedMessage {
    fn message_id(&self) -> &str {
        &self.message_id
    }

    fn body(&self) -> &str {
        &self.body
    }

    fn record(&self) -> SqsMessage {
        record_of(self)
    }
}

impl MessageQueue for EngineQueue {
    type Message = ReceivedMessage;

    async fn receive(&self, most: usize, wait: Duration, _room: usize) -> Vec<ReceivedMessage> {
        let options = ReceiveOptions {
            max_messages: most,
            visibility_timeout: None,
            wait: Some(wait),
        };
        self.engine.admitted(&self.name, Action::Receive).await;
        match self.engine.receive(&self.name, options).await {
            Ok(messages) => messages,
            Err(error) if error.kind == SqsErrorKind::QueueDoesNotExist => {
                sleep(PAUSE_WITHOUT_QUEUE).await;
                Vec::new()
            }
            Err(error) => {
                tracing::error!(%error, "the mapping cannot receive");
                sleep(PAUSE_AFTER_ERROR).await;
                Vec::new()
            }
        }
    }

    async fn delete(&self, batch: &[ReceivedMessage], returning: &[usize]) -> u64 {
        self.engine.admitted(&self.name, Action::Delete).await;
        let mut failed = 0;
        for (position, message) in batch.iter().enumerate() {
            if returning.binary_search(&position).is_err()
                && let Err(error) = self.engine.delete(&self.name, &message.receipt_handle)
            {
                tracing::error!(%error, "a processed message could not be deleted");
                failed += 1;
            }
        }
        failed
    }

    fn has_backlog(&self) -> bool {
        self.engine
            .counts(&self.name)
            .is_ok_and(|counts| counts.visible > 0)
    }

    fn is_fifo(&self) -> bool {
        is_fifo(&self.name)
    }

    fn visibility_timeout(&self) -> Duration {
        self.engine
            .visibility_timeout(&self.name)
            .unwrap_or_default()
    }
}
