//! The server as an unmodified `aws-sdk-sqs` client sees it, over real loopback sockets.

mod errors;
mod hangups;
mod moves;
mod query;
mod queues;
mod receiving;
mod sending;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::{Client, Config};
use tokio::net::TcpListener;

use crate::Gateway;
use crate::sqs::{Site, SqsEngine};

/// A server on a port of its own, which ends with the test's runtime, and a client of it.
struct Served {
    engine: SqsEngine,
    site: Site,
    client: Client,
}

impl Served {
    async fn start() -> Self {
        let engine = SqsEngine::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let site = Site::local(address);
        let never = std::future::pending();
        let front = Gateway::new(engine.clone(), site.clone(), None);
        tokio::spawn(front.serve(listener, never));
        let client = client_of(&site);
        Self {
            engine,
            site,
            client,
        }
    }

    /// Creates a queue and gives its URL.
    async fn queue(&self, name: &str) -> String {
        let created = self.client.create_queue().queue_name(name).send().await;
        let created = created.expect("a good queue");
        created.queue_url.expect("with a URL")
    }

    async fn send(&self, url: &str, body: &str) {
        let sent = self.client.send_message().queue_url(url).message_body(body);
        sent.send().await.expect("a good message");
    }

    async fn receive(&self, url: &str) -> Vec<aws_sdk_sqs::types::Message> {
        let receive = self.client.receive_message().queue_url(url);
        let received = receive.max_number_of_messages(10).send().await;
        received
            .expect("a good receive")
            .messages
            .unwrap_or_default()
    }
}

/// A client as its users build it, which does not retry.
fn client_of(site: &Site) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&site.base_url)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "tests"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The error's code, as the SDK understood it.
fn code<O: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<O, SdkError<E>>,
) -> String {
    let error = result.expect_err("refused");
    error.code().unwrap_or("none").to_owned()
}
