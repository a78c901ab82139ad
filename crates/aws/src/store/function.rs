//! What a function that runs here, next to a target elsewhere, needs of it: its queue, and its table.

use std::time::Duration;

use aws_sdk_dynamodb::config::{Intercept, SharedInterceptor};
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_sqs::types::QueueAttributeName;

use super::clients::http_client;
use super::{StoreError, Target};

/// Names the table to the lab's function, as the lab does.
pub const TABLE_VARIABLE: &str = "DYNAMODB_ORDERS_TABLE";

/// A poll that takes longer is given up: far above the longest, which waits 20 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(60);

/// A write that takes longer is given up and tried again, as in the function on Lambda.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A queue's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSettings {
    /// Its ARN.
    pub arn: String,
    /// How long a message that was received stays hidden.
    pub visibility_timeout: Duration,
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .build()
}

/// A client that polls a target's queue; it retries as the SDK does by default.
pub fn polling_client(target: &Target) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(target.region.clone()))
        .endpoint_url(&target.sqs_endpoint)
        .credentials_provider(target.credentials.clone())
        .timeout_config(timeouts(POLL_TIMEOUT))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

/// The URL of a queue by its name.
///
/// # Errors
/// When there is none, or it cannot be read.
pub async fn queue_url(client: &aws_sdk_sqs::Client, name: &str) -> Result<String, StoreError> {
    let operation = "SQS GetQueueUrl";
    let output = client.get_queue_url().queue_name(name).send().await;
    let output = output.map_err(StoreError::of_named(operation, name))?;
    output
        .queue_url
        .ok_or_else(|| StoreError::new(operation, format!("no URL for {name}")))
}

/// The settings of the queue at this URL.
///
/// # Errors
/// When they cannot be read.
pub async fn queue_settings(
    client: &aws_sdk_sqs::Client,
    queue_url: &str,
) -> Result<QueueSettings, StoreError> {
    let operation = "SQS GetQueueAttributes";
    let output = client
        .get_queue_attributes()
        .queue_url(queue_url)
        .attribute_names(QueueAttributeName::QueueArn)
        .attribute_names(QueueAttributeName::VisibilityTimeout)
        .send()
        .await
        .map_err(StoreError::of_named(operation, queue_url))?;
    let attribute = |name: QueueAttributeName| {
        let value = output
            .attributes()
            .and_then(|attributes| attributes.get(&name));
        value.ok_or_else(|| StoreError::new(operation, format!("{name} is missing in the reply")))
    };
    let arn = attribute(QueueAttributeName::QueueArn)?.clone();
    let visibility = attribute(QueueAttributeName::VisibilityTimeout)?;
    let seconds = visibility.parse().map_err(|_| {
        StoreError::new(
            operation,
            format!("VisibilityTimeout {visibility} is no number"),
        )
    })?;
    Ok(QueueSettings {
        arn,
        visibility_timeout: Duration::from_secs(seconds),
    })
}

/// A client that writes to a target's tables as a function on Lambda does; `probe` sees every attempt.
pub fn writing_client(
    target: &Target,
    probe: impl Intercept + 'static,
) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(target.region.clone()))
        .endpoint_url(&target.dynamodb_endpoint)
        .credentials_provider(target.credentials.clone())
        .timeout_config(timeouts(WRITE_TIMEOUT))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client())
        .interceptor(SharedInterceptor::new(probe))
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}
