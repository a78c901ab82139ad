//! An endpoint under check, as its users reach it, and what a check has made there.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName as Name};
use aws_smithy_http_client::Builder;

use super::answer::{good, some};

/// Queues and tables of one check at one endpoint; its names are nobody else's.
pub struct Peer {
    sqs: Option<aws_sdk_sqs::Client>,
    dynamodb: Option<aws_sdk_dynamodb::Client>,
    doors: Option<String>,
    prefix: String,
    queues: Mutex<Vec<String>>,
    tables: Mutex<Vec<String>>,
}

/// Where a peer's services are, none for a service it has not, and how many checks it stands at a time.
#[derive(Debug, Clone)]
pub struct Endpoints {
    pub at_a_time: usize,
    /// How long a check may take.
    pub limit: Duration,
    pub sqs: Option<String>,
    pub dynamodb: Option<String>,
    /// Of SNS and EventBridge.
    pub doors: Option<String>,
}

impl Peer {
    pub fn new(endpoints: &Endpoints, prefix: String) -> Self {
        Self {
            sqs: endpoints.sqs.as_deref().map(sqs_client),
            dynamodb: endpoints.dynamodb.as_deref().map(dynamodb_client),
            doors: endpoints.doors.clone(),
            prefix,
            queues: Mutex::default(),
            tables: Mutex::default(),
        }
    }

    /// The same endpoint for another check.
    pub fn for_check(&self, number: usize) -> Self {
        Self {
            sqs: self.sqs.clone(),
            dynamodb: self.dynamodb.clone(),
            doors: self.doors.clone(),
            prefix: format!("{}-{number}", self.prefix),
            queues: Mutex::default(),
            tables: Mutex::default(),
        }
    }

    pub fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs
            .as_ref()
            .expect("checks run where their service is")
    }

    pub fn dynamodb(&self) -> &aws_sdk_dynamodb::Client {
        let client = self.dynamodb.as_ref();
        client.expect("checks run where their service is")
    }

    /// The endpoint of SNS and EventBridge.
    pub fn doors(&self) -> &str {
        let endpoint = self.doors.as_deref();
        endpoint.expect("checks run where their service is")
    }

    /// A name that begins as no other check's does.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    pub async fn queue(&self, name: &str) -> Result<String, String> {
        self.queue_with(name, &[]).await
    }

    /// A new queue's URL.
    pub async fn queue_with(
        &self,
        name: &str,
        attributes: &[(Name, &str)],
    ) -> Result<String, String> {
        let mut create = self.sqs().create_queue().queue_name(self.name(name));
        for (name, value) in attributes {
            create = create.attributes(name.clone(), *value);
        }
        let created = good("CreateQueue", create.send().await)?;
        let url = some("QueueUrl", created.queue_url)?;
        self.queues.lock().unwrap().push(url.clone());
        Ok(url)
    }

    /// A queue whose messages are received so often, and its dead-letter queue.
    pub async fn with_dead_letters(
        &self,
        max_receive_count: u32,
    ) -> Result<(String, String), String> {
        let dead = self.queue("dead").await?;
        let policy = redrive_policy(&self.arn(&dead).await?, &max_receive_count.to_string());
        let source = [(Name::RedrivePolicy, policy.as_str())];
        Ok((self.queue_with("source", &source).await?, dead))
    }

    /// A dead-letter queue with these dead letters, and the queue they came from.
    pub async fn with_buried(&self, bodies: &[&str]) -> Result<(String, String), String> {
        let (source, dead) = self.with_dead_letters(1).await?;
        for body in bodies {
            self.send(&source, body).await?;
        }
        for _ in 0..2 + bodies.len() / 5 {
            self.receive(&source, 10, Some(0), 0).await?;
        }
        let [visible, ..] = self.counts(&dead).await?;
        match visible == bodies.len() as u64 {
            true => Ok((source, dead)),
            false => Err(format!(
                "dead letters: expected {}, seen {visible}",
                bodies.len()
            )),
        }
    }

    pub async fn attributes(&self, url: &str) -> Result<HashMap<Name, String>, String> {
        let get = self.sqs().get_queue_attributes().queue_url(url);
        let got = good(
            "GetQueueAttributes",
            get.attribute_names(Name::All).send().await,
        )?;
        some("Attributes", got.attributes)
    }

    pub async fn arn(&self, url: &str) -> Result<String, String> {
        let mut attributes = self.attributes(url).await?;
        some("QueueArn", attributes.remove(&Name::QueueArn))
    }

    /// Visible, in flight, delayed.
    pub async fn counts(&self, url: &str) -> Result<[u64; 3], String> {
        let attributes = self.attributes(url).await?;
        let mut counts = [0; 3];
        for (count, name) in counts.iter_mut().zip([
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ]) {
            let text = some(name.as_str(), attributes.get(&name))?;
            *count = text
                .parse()
                .map_err(|_| format!("{name}: expected a number"))?;
        }
        Ok(counts)
    }

    pub async fn send(&self, url: &str, body: &str) -> Result<String, String> {
        let send = self.sqs().send_message().queue_url(url).message_body(body);
        some(
            "MessageId",
            good("SendMessage", send.send().await)?.message_id,
        )
    }

    /// Receives with all system attributes.
    pub async fn receive(
        &self,
        url: &str,
        most: i32,
        visibility_s: Option<i32>,
        wait_s: i32,
    ) -> Result<Vec<Message>, String> {
        let receive = self.sqs().receive_message().queue_url(url);
        let receive = receive
            .max_number_of_messages(most)
            .set_visibility_timeout(visibility_s)
            .wait_time_seconds(wait_s)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All");
        let received = good("ReceiveMessage", receive.send().await)?;
        Ok(received.messages.unwrap_or_default())
    }

    /// One message, which is there.
    pub async fn receive_one(
        &self,
        url: &str,
        visibility_s: Option<i32>,
    ) -> Result<Message, String> {
        let messages = self.receive(url, 1, visibility_s, 2).await?;
        some("a message received", messages.into_iter().next())
    }

    /// Remembers a table to delete at the end.
    pub fn owns_table(&self, name: &str) {
        self.tables.lock().unwrap().push(name.to_owned());
    }

    /// Deletes what the check has made; whether it succeeds is no concern of the check.
    pub async fn clean_up(&self) {
        let queues = std::mem::take(&mut *self.queues.lock().unwrap());
        for url in queues {
            let _ = self.sqs().delete_queue().queue_url(url).send().await;
        }
        let tables = std::mem::take(&mut *self.tables.lock().unwrap());
        for table in tables {
            let _ = self
                .dynamodb()
                .delete_table()
                .table_name(table)
                .send()
                .await;
        }
    }
}

pub fn redrive_policy(arn: &str, max_receive_count: &str) -> String {
    format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":{max_receive_count}}}"#)
}

pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

pub fn body(message: &Message) -> &str {
    message.body().unwrap_or_default()
}

pub fn handle(message: &Message) -> &str {
    message.receipt_handle().unwrap_or_default()
}

/// A system attribute's value; empty when it is not there.
pub fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> &'a str {
    let attributes = message.attributes();
    let value = attributes.and_then(|attributes| attributes.get(name));
    value.map_or("", String::as_str)
}

fn sqs_client(endpoint: &str) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("fidelity", "dummy", None, None, "suite"))
        .retry_config(RetryConfig::disabled())
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

fn dynamodb_client(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("fidelity", "dummy", None, None, "suite"))
        .retry_config(RetryConfig::disabled())
        .http_client(Builder::new().build_http())
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}
