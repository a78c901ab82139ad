//! An SQS of the tests: records what it is sent and answers as it is told to, well or badly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::order::Door;
use crate::scenario::{SenderKind, Sending};
use crate::store::{DoorAt, TableAt, Target};

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    /// Request line, then headers, as sent.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Recorded {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The message bodies in it.
    pub(crate) fn messages(&self) -> Vec<String> {
        let json: Value = serde_json::from_slice(&self.body).unwrap();
        let text = |value: &Value| value["MessageBody"].as_str().unwrap().to_owned();
        match json["Entries"].as_array() {
            Some(entries) => entries.iter().map(text).collect(),
            None => vec![text(&json)],
        }
    }

    /// The JSON SQS answers with when it takes everything.
    pub(crate) fn good_reply(&self) -> Value {
        let success = |(index, body): (usize, String)| json!({"Id": index.to_string(), "MessageId": format!("m{index}"), "MD5OfMessageBody": md5(&body)});
        let messages = self.messages().into_iter().enumerate();
        let mut entries: Vec<Value> = messages.map(success).collect();
        match self.header("x-amz-target") {
            Some("AmazonSQS.SendMessage") => entries.remove(0),
            _ => json!({"Successful": entries}),
        }
    }
}

/// What the stub does with a request it has read.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// The reply SQS gives when it takes everything.
    Good,
    /// A status and a body.
    Reply(u16, String),
    /// These bytes, then the connection is closed.
    Raw(&'static str),
    /// A good reply after which the connection is closed without having said so.
    GoodThenClose,
    /// A good reply, this much later.
    Late(Duration),
    /// Nothing, ever.
    Silence,
}

pub(crate) fn md5(body: &str) -> String {
    let digest: [u8; 16] = Md5::digest(body.as_bytes()).into();
    digest.map(|byte| format!("{byte:02x}")).concat()
}

type Script = Arc<dyn Fn(&Recorded) -> Answer + Send + Sync>;

/// A running stub.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    connections: Arc<Mutex<usize>>,
}

impl Stub {
    /// Answers every request as `script` says, until the runtime ends.
    pub(crate) async fn start(
        script: impl Fn(&Recorded) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let stub = Self {
            address: listener.local_addr().unwrap(),
            recorded: Arc::default(),
            connections: Arc::default(),
        };
        let script: Script = Arc::new(script);
        let recorded = Arc::clone(&stub.recorded);
        let connections = Arc::clone(&stub.connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&recorded)));
            }
        });
        stub
    }

    /// The requests so far.
    pub(crate) fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    pub(crate) fn target(&self) -> Target {
        target(&format!("http://{}", self.address))
    }
}

pub(crate) fn target(endpoint: &str) -> Target {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("token".into()), None, "test");
    Target {
        sqs_endpoint: endpoint.into(),
        dynamodb_endpoint: endpoint.into(),
        region: "eu-west-1".into(),
        credentials: SharedCredentialsProvider::new(credentials),
        orders_queue_url: format!("{endpoint}/000000000000/orders-queue"),
        dead_letter_queue_url: format!("{endpoint}/000000000000/orders-dl-queue"),
        tables: TableAt::all(&crate::order::lab().tables),
        letter_queues: Vec::new(),
        door: DoorAt::Queue,
        exact_counts: true,
        read: Default::default(),
    }
}

pub(crate) fn sending(sender: SenderKind, attempt_timeout: Duration) -> Sending {
    Sending {
        batch: 10,
        linger: Duration::ZERO,
        senders: 4,
        max_in_flight: 1_000,
        attempt_timeout,
        sender,
        to: Door::Sqs,
    }
}

async fn serve(mut stream: TcpStream, script: Script, recorded: Arc<Mutex<Vec<Recorded>>>) {
    let mut bytes = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut bytes).await {
        recorded.lock().unwrap().push(request.clone());
        let answer = script(&request);
        let good = || response(200, &request.good_reply().to_string());
        let (reply, close) = match &answer {
            Answer::Good => (good(), false),
            Answer::Late(after) => {
                tokio::time::sleep(*after).await;
                (good(), false)
            }
            Answer::GoodThenClose => (good(), true),
            Answer::Reply(status, body) => (response(*status, body), false),
            Answer::Raw(raw) => ((*raw).to_owned(), true),
            Answer::Silence => std::future::pending().await,
        };
        if stream.write_all(reply.as_bytes()).await.is_err() || close {
            return;
        }
    }
}

fn response(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Recorded> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut request = Recorded {
                head,
                body: Vec::new(),
            };
            let length: usize = request.header("content-length").unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                request.body = bytes[end + 4..end + 4 + length].to_vec();
                bytes.drain(..end + 4 + length);
                return Some(request);
            }
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
}
