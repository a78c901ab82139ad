//! The long polls of a queue far away.

use std::sync::Arc;

use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::MessageSystemAttributeName;
use tokio::time::sleep;

use super::demand::{Brought, Demand};
use super::message::RemoteMessage;
use crate::emulator::mapping::Mapping;

/// The longest poll SQS allows, seconds.
const WAIT_S: i32 = 20;

/// The most messages of one poll.
const PER_POLL: u16 = 10;

/// What every poll needs.
pub(super) struct Polls {
    client: aws_sdk_sqs::Client,
    url: String,
    /// Messages a poll asks for: never more than an invocation takes.
    most: u16,
    demand: Arc<Demand>,
    found: flume::Sender<Vec<RemoteMessage>>,
}

impl Polls {
    pub(super) fn new(
        client: aws_sdk_sqs::Client,
        url: &str,
        mapping: &Mapping,
        demand: Arc<Demand>,
        found: flume::Sender<Vec<RemoteMessage>>,
    ) -> Self {
        Self {
            client,
            url: url.to_owned(),
            most: mapping.batch_size.min(PER_POLL),
            demand,
            found,
        }
    }

    /// One poll after the other, as there is demand, until nobody takes what they bring.
    pub(super) async fn run(self: Arc<Self>) {
        loop {
            self.demand.claim().await;
            match self.poll().await {
                Ok(messages) => {
                    self.demand.ended(self.brought(messages.len()));
                    if !messages.is_empty() && self.found.send_async(messages).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    let pause = self.demand.failed();
                    let pause_s = pause.as_secs();
                    tracing::warn!(%error, pause_s, "the mapping cannot receive");
                    sleep(pause).await;
                    self.demand.recovered();
                }
            }
        }
    }

    /// Failed polls are tried again by the SDK first, as far as that makes sense.
    async fn poll(&self) -> Result<Vec<RemoteMessage>, String> {
        let reply = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(self.most.into())
            .wait_time_seconds(WAIT_S)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map_err(|error| DisplayErrorContext(&error).to_string())?;
        let messages = reply.messages.unwrap_or_default();
        let received = messages.len();
        let messages: Vec<_> = messages
            .into_iter()
            .filter_map(RemoteMessage::new)
            .collect();
        if messages.len() < received {
            let unnamed = received - messages.len();
            tracing::warn!(unnamed, "messages without an id or a handle cannot be used");
        }
        Ok(messages)
    }

    fn brought(&self, messages: usize) -> Brought {
        match messages {
            0 => Brought::Nothing,
            few if few < usize::from(self.most) => Brought::Some,
            _ => Brought::All,
        }
    }
}
