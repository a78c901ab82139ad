//! A look at queues and table beside the program, with the SDK.

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;

/// Somebody else's look at the stores.
pub struct Stores {
    pub sqs: aws_sdk_sqs::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub runtime: tokio::runtime::Runtime,
}

impl Stores {
    pub fn at(endpoint: &str) -> Self {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let http = aws_smithy_http_client::Builder::new().build_http();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(credentials.clone())
            .http_client(http.clone());
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(credentials)
            .http_client(http);
        Self {
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
        }
    }

    pub fn queues(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.sqs.list_queues().send());
        let urls = listed.expect("queues").queue_urls.unwrap_or_default();
        let names = urls.iter().filter_map(|url| url.rsplit('/').next());
        let mut names: Vec<_> = names.map(String::from).collect();
        names.sort();
        names
    }

    pub fn tables(&self) -> Vec<String> {
        let listed = self.runtime.block_on(self.dynamodb.list_tables().send());
        listed.expect("tables").table_names.unwrap_or_default()
    }

    pub fn url(&self, queue: &str) -> String {
        let found = self.sqs.get_queue_url().queue_name(queue);
        let found = self.runtime.block_on(found.send()).expect("a queue");
        found.queue_url.expect("with a URL")
    }

    pub fn attribute(&self, queue: &str, name: &QueueAttributeName) -> String {
        let asked = self
            .sqs
            .get_queue_attributes()
            .queue_url(self.url(queue))
            .attribute_names(QueueAttributeName::All);
        let found = self.runtime.block_on(asked.send()).expect("a queue");
        let value = found.attributes.expect("attributes").remove(name);
        value.unwrap_or_default()
    }

    pub fn untag(&self, queue: &str, key: &str) {
        let untag = self
            .sqs
            .untag_queue()
            .queue_url(self.url(queue))
            .tag_keys(key);
        self.runtime.block_on(untag.send()).expect("a queue");
    }

    pub fn tag_queue(&self, queue: &str, key: &str, value: &str) {
        let tag = self.sqs.tag_queue().queue_url(self.url(queue));
        let tag = tag.tags(key, value).send();
        self.runtime.block_on(tag).expect("a queue");
    }

    pub fn tag_table(&self, table: &str, key: &str, value: &str) {
        let described = self.dynamodb.describe_table().table_name(table).send();
        let described = self.runtime.block_on(described).expect("a table").table;
        let tag = aws_sdk_dynamodb::types::Tag::builder()
            .key(key)
            .value(value);
        let tag = self
            .dynamodb
            .tag_resource()
            .resource_arn(described.and_then(|table| table.table_arn).expect("an ARN"))
            .tags(tag.build().expect("complete"));
        self.runtime.block_on(tag.send()).expect("a table");
    }

    pub fn set(&self, queue: &str, name: QueueAttributeName, value: &str) {
        let set = self.sqs.set_queue_attributes().queue_url(self.url(queue));
        let set = set.attributes(name, value).send();
        self.runtime.block_on(set).expect("a queue");
    }

    /// Takes a message and hides it for a minute.
    pub fn hold(&self, queue: &str) {
        let receive = self.sqs.receive_message().queue_url(self.url(queue));
        let receive = receive.visibility_timeout(60).send();
        let received = self.runtime.block_on(receive).expect("a queue");
        assert_eq!(received.messages().len(), 1);
    }

    pub fn send(&self, queue: &str, body: &str) {
        let send = self
            .sqs
            .send_message()
            .queue_url(self.url(queue))
            .message_body(body);
        self.runtime.block_on(send.send()).expect("a queue");
    }

    pub fn put(&self, number: u64) {
        let put = self
            .dynamodb
            .put_item()
            .table_name("orders")
            .item("id", AttributeValue::N(number.to_string()))
            .item("order_details", AttributeValue::S("{}".into()));
        self.runtime.block_on(put.send()).expect("a table");
    }

    /// Puts a row; values are written as their type and what they hold, `S:text`.
    pub fn put_in(&self, table: &str, row: &[(&str, String)]) {
        let value = |value: &str| match value.split_at(2) {
            ("N:", number) => AttributeValue::N(number.into()),
            (_, text) => AttributeValue::S(text.into()),
        };
        let put = self.dynamodb.put_item().table_name(table);
        let put = row
            .iter()
            .fold(put, |put, (name, text)| put.item(*name, value(text)));
        self.runtime.block_on(put.send()).expect("a table");
    }

    pub fn count(&self, table: &str) -> i32 {
        let scan = self.dynamodb.scan().table_name(table);
        self.runtime.block_on(scan.send()).expect("a table").count()
    }

    pub fn rows(&self) -> Vec<u64> {
        let scan = self.dynamodb.scan().table_name("orders");
        let rows = self.runtime.block_on(scan.send()).expect("a table").items;
        let mut ids: Vec<u64> = rows
            .unwrap_or_default()
            .iter()
            .map(|row| row["id"].as_n().expect("a number").parse().expect("whole"))
            .collect();
        ids.sort_unstable();
        ids
    }
}
