//! What the tests share: SDK clients for loopback.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_http_client::Builder;

use super::sqs::Site;

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

/// Somewhere queues might be served.
pub(crate) fn site() -> Site {
    Site::local(SocketAddr::from(([127, 0, 0, 1], 9324)))
}
