//! What the pipeline's tests share: SDK clients for a loopback port.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;

/// An unmodified SDK client for a table served at `address`.
pub(crate) fn dynamodb_client(address: SocketAddr) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(Credentials::new("embedded", "embedded", None, None, "test"))
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

/// The mapping AWS gives a standard queue.
pub(crate) fn mapping() -> crate::scenario::Mapping {
    crate::scenario::Mapping {
        batch_size: 10,
        batching_window: std::time::Duration::ZERO,
        starting_concurrency: 5,
        added_concurrency_per_minute: 300,
        maximum_concurrency: 1_250,
        report_batch_item_failures: true,
    }
}
