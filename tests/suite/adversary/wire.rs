//! HTTP/1.1 as far as the proxy needs it: a message read whole, and the ways of handing one over, whole or not.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// A longer head is nobody's here.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A request or a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The first line, without its end.
    pub first: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// How a reply is handed over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Delivery {
    Whole,
    /// In chunks of a few bytes, with an extension and a trailer.
    Chunked,
    /// A few bytes at a time.
    Trickle,
    /// As HTTP/1.0 does: no length, the connection's end is the body's.
    Http10,
    /// After `100 Continue` and `103 Early Hints`.
    Interim,
    /// The connection ends within the head.
    CutHead,
    /// The connection ends within the body.
    CutBody,
    /// The same under HTTP/1.0, where nothing tells.
    Http10Cut,
    /// The body is whole, and the last chunk is missing.
    ChunkCut,
    /// The connection is closed without a reply.
    Close,
    /// It is reset.
    Reset,
}

impl Message {
    /// A reply with a JSON body.
    pub fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let kind = ("content-type".into(), "application/x-amz-json-1.0".into());
        Self {
            first: format!("HTTP/1.1 {status} Status"),
            headers: vec![kind],
            body: body.into(),
        }
    }

    pub fn status(&self) -> u16 {
        let status = self.first.split(' ').nth(1);
        status.and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn remove(&mut self, name: &str) {
        self.headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
    }

    /// The next message; `None` at the connection's end.
    pub async fn read(stream: &mut BufReader<TcpStream>) -> Result<Option<Self>> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(None);
            }
            if head.len() > HEAD_BYTES_MAX {
                return Err(Error::new(ErrorKind::InvalidData, "a head without end"));
            }
        }
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default().to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
            .collect();
        let mut message = Self {
            first,
            headers,
            body: Vec::new(),
        };
        let length = message.header("content-length").unwrap_or("0").parse();
        let length: usize = length.map_err(|_| Error::new(ErrorKind::InvalidData, "no length"))?;
        message.body = vec![0; length];
        stream.read_exact(&mut message.body).await?;
        Ok(Some(message))
    }

    /// Head and body with the body's own length.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head(&[("content-length", &self.body.len().to_string())]);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    fn head(&self, further: &[(&str, &str)]) -> Vec<u8> {
        let framing = ["content-length", "transfer-encoding"];
        let mut head = format!("{}\r\n", self.first);
        for (key, value) in &self.headers {
            if !framing.iter().any(|name| key.eq_ignore_ascii_case(name)) {
                head.push_str(&format!("{key}: {value}\r\n"));
            }
        }
        for (key, value) in further {
            head.push_str(&format!("{key}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Hands this reply over; whether the connection can go on.
    pub async fn deliver(&self, how: Delivery, client: &mut TcpStream) -> Result<bool> {
        match how {
            Delivery::Whole => client.write_all(&self.bytes()).await?,
            Delivery::Chunked | Delivery::ChunkCut => {
                client.write_all(&self.chunks()).await?;
                if how == Delivery::ChunkCut {
                    return Ok(false);
                }
                client.write_all(b"0\r\nx-trailer: x\r\n\r\n").await?;
            }
            Delivery::Trickle => {
                let bytes = self.bytes();
                for part in bytes.chunks(bytes.len().div_ceil(8).max(1)) {
                    client.write_all(part).await?;
                    sleep(Duration::from_millis(2)).await;
                }
            }
            Delivery::Http10 | Delivery::Http10Cut => {
                let mut old = self.clone();
                old.first = old.first.replace("HTTP/1.1", "HTTP/1.0");
                let length = match how {
                    Delivery::Http10 => self.body.len(),
                    _ => self.body.len() / 2,
                };
                client.write_all(&old.head(&[])).await?;
                client.write_all(&self.body[..length]).await?;
                return Ok(false);
            }
            Delivery::Interim => {
                let hints =
                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
                client.write_all(hints.as_bytes()).await?;
                client.write_all(&self.bytes()).await?;
            }
            Delivery::CutHead => {
                client.write_all(&self.bytes()[..10]).await?;
                return Ok(false);
            }
            Delivery::CutBody => {
                let bytes = self.bytes();
                let cut = bytes.len() - self.body.len().div_ceil(2);
                client.write_all(&bytes[..cut]).await?;
                return Ok(false);
            }
            Delivery::Close => return Ok(false),
            Delivery::Reset => {
                client.set_zero_linger()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn chunks(&self) -> Vec<u8> {
        let mut bytes = self.head(&[("transfer-encoding", "chunked")]);
        for chunk in self.body.chunks(37) {
            bytes.extend_from_slice(format!("{:x};ext=1\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }
}

/// One connection to the pipeline, made anew when it has ended.
pub struct Upstream {
    address: std::net::SocketAddr,
    connection: Option<BufReader<TcpStream>>,
}

impl Upstream {
    pub fn new(address: std::net::SocketAddr) -> Self {
        Self {
            address,
            connection: None,
        }
    }

    /// The pipeline's reply; `None` if it ended the connection instead.
    pub async fn ask(&mut self, request: &Message) -> Result<Option<Message>> {
        let mut connection = match self.connection.take() {
            Some(open) => open,
            None => {
                let stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
                BufReader::new(stream)
            }
        };
        let written = connection.get_mut().write_all(&request.bytes()).await;
        // A reset connection is a fault of the pipeline's own, and its client's business.
        let reply = match written {
            Ok(()) => Message::read(&mut connection).await.unwrap_or(None),
            Err(_) => None,
        };
        if reply.is_some() {
            self.connection = Some(connection);
        }
        Ok(reply)
    }
}
