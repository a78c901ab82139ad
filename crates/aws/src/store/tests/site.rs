//! Queues and a table of their own for one test.

use std::net::Ipv4Addr;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::Intercept;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::emulator::Gateway;
use crate::emulator::sqs::{QueueAttributes, SendEntry, Site, SqsEngine};
use crate::emulator::table::{KeyKind, TableCapacity, TableServer, Tables, key};
use crate::store::{Stores, TableAt, Target, writing_client};

pub(crate) const DETAILS: &str = r#"{"num_items": 1}"#;

/// Nobody looks at the attempts.
#[derive(Debug)]
struct Unseen;

impl Intercept for Unseen {
    fn name(&self) -> &'static str {
        "unseen"
    }
}

/// Queues `orders` and `dead` on the test's own runtime, table `orders` on threads.
pub(crate) struct Services {
    pub(crate) engine: SqsEngine,
    pub(crate) target: Target,
    _server: TableServer,
}

impl Services {
    pub(crate) async fn start() -> Self {
        let engine = SqsEngine::new();
        for queue in ["orders", "dead"] {
            let attributes = QueueAttributes::default();
            engine.create_queue(queue, attributes).unwrap();
        }
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        let unlimited = TableCapacity::Unlimited;
        tables
            .create("orders", &key("id", KeyKind::N), unlimited)
            .unwrap();
        let server = TableServer::start(tables.database()).unwrap();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.unwrap();
        let site = Site::local(listener.local_addr().unwrap());
        let credentials = Credentials::new("embedded", "embedded", None, None, "test");
        let target = Target {
            sqs_endpoint: site.base_url.clone(),
            dynamodb_endpoint: format!("http://{}", server.address()),
            region: site.region.clone(),
            credentials: SharedCredentialsProvider::new(credentials),
            orders_queue_url: site.queue_url("orders"),
            dead_letter_queue_url: site.queue_url("dead"),
            tables: TableAt::all(&crate::order::lab().tables),
            letter_queues: Vec::new(),
            door: crate::store::DoorAt::Queue,
            exact_counts: true,
            read: Default::default(),
        };
        let front = Gateway::new(engine.clone(), site, None);
        tokio::spawn(front.serve(listener, std::future::pending()));
        Self {
            engine,
            target,
            _server: server,
        }
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores::new(&self.target)
    }

    /// The stores of a target changed a little.
    pub(crate) fn stores_of(&self, change: impl FnOnce(&mut Target)) -> Stores {
        let mut target = self.target.clone();
        change(&mut target);
        Stores::new(&target)
    }

    /// A client that writes to the table.
    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        writing_client(&self.target, Unseen)
    }

    /// Rows that hold [`DETAILS`].
    pub(crate) async fn put(&self, ids: impl Iterator<Item = u64>) {
        self.put_rows(ids.map(|id| (id, DETAILS.to_owned()))).await;
    }

    /// Rows of these numbers and details.
    pub(crate) async fn put_rows(&self, rows: impl Iterator<Item = (u64, String)>) {
        let dynamodb = self.dynamodb();
        for (id, details) in rows {
            let text = |value: u64| AttributeValue::N(value.to_string());
            let put = dynamodb.put_item().table_name("orders");
            let put = put
                .item("id", text(id))
                .item("order_details", AttributeValue::S(details))
                .item("stored_at", text(1))
                .item("received_at", text(1))
                .item("receive_count", text(2));
            put.send().await.unwrap();
        }
    }

    pub(crate) fn send(&self, queue: &str, bodies: impl Iterator<Item = String>) {
        for body in bodies {
            self.engine.send(queue, SendEntry::new(body)).unwrap();
        }
    }
}
