//! What the tests of this room share: a configuration, and a client that plays the runtime.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::CommandConfig;

/// A function of this command that is given up soon.
pub(crate) fn config(command: &[&str]) -> CommandConfig {
    CommandConfig {
        command: command.iter().map(|part| (*part).to_owned()).collect(),
        working_dir: None,
        handler: "handler.handler".into(),
        environment: BTreeMap::new(),
        function_name: "lab-order-processor".into(),
        region: "us-east-1".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(5),
        init_timeout: Duration::from_secs(5),
        logs: None,
        endpoint_url: None,
        credentials: None,
        max_environments: 4,
        freeze: true,
    }
}

/// An answer of the Runtime API.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// A header as it was written; its name is given as the documentation writes it.
    pub(crate) fn header(&self, name: &str) -> &str {
        let start = format!("{name}: ");
        let mut lines = self.head.lines();
        let line = lines.find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {name} in {}", self.head))
    }
}

/// A runtime that writes its requests by hand.
pub(crate) struct Runtime(pub(crate) TcpStream);

impl Runtime {
    pub(crate) async fn connect(api: SocketAddr) -> Self {
        Self(TcpStream::connect(api).await.unwrap())
    }

    /// Sends a request below the API's root, and does not wait for its answer.
    pub(crate) async fn send(&mut self, verb: &str, path: &str, headers: &str, body: &[u8]) {
        let length = body.len();
        let head = format!(
            "{verb} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        self.0.write_all(head.as_bytes()).await.unwrap();
        self.0.write_all(body).await.unwrap();
    }

    /// The next answer.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut read = Vec::new();
        let head_bytes = loop {
            read.push(self.0.read_u8().await.unwrap());
            if read.ends_with(b"\r\n\r\n") {
                break read.len();
            }
        };
        let head = String::from_utf8(read[..head_bytes].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut reply = Reply {
            status,
            head,
            body: String::new(),
        };
        let mut body = vec![0; reply.header("Content-Length").parse().unwrap()];
        self.0.read_exact(&mut body).await.unwrap();
        reply.body = String::from_utf8(body).unwrap();
        reply
    }

    /// One request and its answer.
    pub(crate) async fn ask(&mut self, verb: &str, path: &str, body: &[u8]) -> Reply {
        self.send(verb, path, "", body).await;
        self.reply().await
    }

    /// Asks for an invocation and waits for it: its request id and event.
    pub(crate) async fn next(&mut self) -> (String, String) {
        let reply = self.ask("GET", "invocation/next", b"").await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let id = reply.header("Lambda-Runtime-Aws-Request-Id").to_owned();
        (id, reply.body)
    }
}
