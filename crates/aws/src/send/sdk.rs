//! The same sends through the AWS SDK, to compare with: retries off, MD5 checked here.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{
    BehaviorVersion, Builder, Region, SharedHttpClient, StalledStreamProtectionConfig,
};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use aws_smithy_http_client::tls;

use super::carried::Carried;
use super::reply::{EntryOutcome, SendReply, accepted, failed_entry, refused};
use super::{Batch, Sender};
use crate::order::MessageAttribute;
use crate::scenario::Sending;
use crate::store::Target;

/// Sends through the SDK's client, whose connections it shares with its clones.
#[derive(Clone)]
pub struct SdkSender {
    client: Client,
    queue_url: String,
}

impl SdkSender {
    pub(super) fn new(target: &Target, sending: &Sending) -> Self {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(target.region.clone()))
            .endpoint_url(&target.sqs_endpoint)
            .credentials_provider(target.credentials.clone())
            .http_client(http_client());
        Self::with(config, sending.attempt_timeout, &target.orders_queue_url)
    }

    /// Sends to the queue at `queue_url`, with region, credentials and endpoint as the SDK finds them in
    /// the environment: what a function on Lambda has.
    pub async fn from_environment(queue_url: &str, attempt_timeout: Duration) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .load()
            .await;
        let config = aws_sdk_sqs::config::Builder::from(&config);
        Self::with(config, attempt_timeout, queue_url)
    }

    fn with(config: Builder, attempt_timeout: Duration, queue_url: &str) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(attempt_timeout)
            .operation_attempt_timeout(attempt_timeout)
            .operation_timeout(attempt_timeout + Duration::from_secs(1))
            .build();
        let config = config
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self {
            client: Client::from_conf(config),
            queue_url: queue_url.to_owned(),
        }
    }

    async fn send_single(&self, batch: &Batch) -> SendReply {
        let request = self.client.send_message().queue_url(&self.queue_url);
        let mut request = request.message_body(text(batch, 0));
        if let Some(carried) = batch.carried(0) {
            request = request
                .set_message_attributes(attributes(carried))
                .set_message_group_id(carried.group.clone())
                .set_message_deduplication_id(carried.deduplication.clone())
                .set_delay_seconds(carried.delay_seconds());
        }
        match request.send().await {
            Ok(output) => {
                let md5 = output.md5_of_message_body().unwrap_or_default();
                let told = (md5, output.md5_of_message_attributes());
                let message_id = output.message_id().unwrap_or_default();
                SendReply::all(batch, Some(200), accepted(batch, 0, message_id, told))
            }
            Err(error) => failed(batch, &error),
        }
    }

    async fn send_many(&self, batch: &Batch) -> SendReply {
        let entries = (0..batch.len()).map(|index| {
            let mut entry = SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(text(batch, index));
            if let Some(carried) = batch.carried(index) {
                entry = entry
                    .set_message_attributes(attributes(carried))
                    .set_message_group_id(carried.group.clone())
                    .set_message_deduplication_id(carried.deduplication.clone())
                    .set_delay_seconds(carried.delay_seconds());
            }
            entry.build().expect("an id and a body")
        });
        let request = self.client.send_message_batch().queue_url(&self.queue_url);
        match request.set_entries(Some(entries.collect())).send().await {
            Ok(output) => each_entry(batch, &output),
            Err(error) => failed(batch, &error),
        }
    }
}

impl Sender for SdkSender {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        match batch.len() {
            1 => self.send_single(batch).await,
            _ => self.send_many(batch).await,
        }
    }
}

fn http_client() -> SharedHttpClient {
    let crypto = tls::rustls_provider::CryptoMode::AwsLc;
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(crypto))
        .build_https()
}

fn attributes(carried: &Carried) -> Option<HashMap<String, MessageAttributeValue>> {
    let attribute = |MessageAttribute { name, value }: &MessageAttribute| {
        let of_type = MessageAttributeValue::builder().data_type(value.data_type());
        let value = of_type.string_value(value.text()).build();
        (name.clone(), value.expect("a type"))
    };
    let attributes = || carried.attributes.iter().map(attribute).collect();
    (!carried.attributes.is_empty()).then(attributes)
}

fn text(batch: &Batch, index: usize) -> String {
    String::from_utf8(batch.body(index).to_vec()).expect("bodies are text")
}

/// The same rules as for replies read here.
fn each_entry(batch: &Batch, output: &SendMessageBatchOutput) -> SendReply {
    let entries = (0..batch.len()).map(|index| {
        let id = index.to_string();
        let successes = output.successful().iter().filter(|entry| entry.id() == id);
        let failures = output.failed().iter().filter(|entry| entry.id() == id);
        let mut said = successes
            .map(|entry| {
                let told = (
                    entry.md5_of_message_body(),
                    entry.md5_of_message_attributes(),
                );
                accepted(batch, index, entry.message_id(), told)
            })
            .chain(failures.map(|entry| failed_entry(entry.code(), entry.sender_fault())));
        match (said.next(), said.next()) {
            (Some(entry), None) => entry,
            (None, _) => EntryOutcome::indeterminate("not named in the reply"),
            (Some(_), Some(_)) => EntryOutcome::indeterminate("named twice in the reply"),
        }
    });
    SendReply {
        entries: entries.collect(),
        status: Some(200),
    }
}

/// The SDK does not tell whether a failed dispatch wrote anything, so such orders stay
/// indeterminate where our own connection knows better.
fn failed<E: ProvideErrorMetadata>(batch: &Batch, error: &SdkError<E>) -> SendReply {
    let status = error.raw_response().map(|reply| reply.status().as_u16());
    let entry = match error {
        SdkError::ConstructionFailure(_) => EntryOutcome::rejected("not sent: cannot build"),
        SdkError::TimeoutError(_) => EntryOutcome::indeterminate("no reply in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            EntryOutcome::indeterminate("no reply in time")
        }
        SdkError::ServiceError(service) => match (status, service.err().code()) {
            (Some(status @ 400..=499), Some(code)) if status != 408 => refused(code),
            (status, _) => unclear(status),
        },
        SdkError::ResponseError(_) => EntryOutcome::indeterminate("unreadable reply"),
        _ => EntryOutcome::indeterminate("connection lost"),
    };
    SendReply::all(batch, status, entry)
}

fn unclear(status: Option<u16>) -> EntryOutcome {
    EntryOutcome::indeterminate(match status {
        Some(status @ 400..=499) if status != 408 => {
            format!("reply {status} without an error of SQS")
        }
        Some(status) if status != 200 => format!("reply {status}"),
        _ => "unreadable reply".into(),
    })
}
