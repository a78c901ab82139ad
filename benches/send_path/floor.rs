//! What a client without anything above its sockets costs: orders that are drawn beforehand, signed, written, and every entry
//! of their replies checked.
//!
//! As many connections as the client has that it is compared with, one request on its way on each, and one thread that sleeps
//! only when no reply is there: it takes whichever comes. A key is derived once, what the requests of a second have in common
//! is hashed once.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use md5::Md5;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use orderproof::drive::thread_cpu_time;
use orderproof::order::{EscapedText, OrderPlan};
use sha2::{Digest, Sha256};

/// Batches that are drawn, and sent again and again.
const BATCHES: u64 = 64;

/// CPU time that `orders` orders take.
pub fn measure(
    address: SocketAddr,
    connections: usize,
    plan: &OrderPlan,
    batch: u8,
    orders: u64,
) -> Duration {
    let mut floor = Floor::new(address, connections, plan, batch);
    floor.send(orders / 20);
    let before = thread_cpu_time();
    floor.send(orders);
    thread_cpu_time() - before
}

/// A message: as it is, and as it stands in JSON.
struct Message {
    plain: Vec<u8>,
    escaped: Vec<u8>,
}

struct Floor {
    poll: Poll,
    connections: Vec<Connection>,
    batches: Vec<Vec<Message>>,
    /// As in the `Host` header.
    host: String,
    key: Keyed,
    day: String,
    second: Second,
    body: Vec<u8>,
    request: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// The batch that is on its way.
    batch: usize,
    reply: Vec<u8>,
    /// Bytes of the reply that are there.
    filled: usize,
}

/// What the requests of a second have in common.
struct Second {
    at: u64,
    head: Vec<u8>,
    canonical: Sha256,
    to_sign: Keyed,
}

impl Floor {
    fn new(address: SocketAddr, connections: usize, plan: &OrderPlan, batch: u8) -> Self {
        let message = |k| {
            let mut text = EscapedText::default();
            plan.write_body(k, &mut text);
            Message {
                plain: text.plain().to_vec(),
                escaped: text.escaped().to_vec(),
            }
        };
        let batch = u64::from(batch);
        let batches = (0..BATCHES).map(|at| (at * batch..(at + 1) * batch).map(message).collect());
        let poll = Poll::new().expect("a poll");
        let connection = |which| {
            let stream = std::net::TcpStream::connect(address).expect("the stub");
            stream.set_nodelay(true).expect("a socket");
            stream.set_nonblocking(true).expect("a socket");
            let mut stream = TcpStream::from_std(stream);
            let registered =
                poll.registry()
                    .register(&mut stream, Token(which), Interest::READABLE);
            registered.expect("a socket");
            Connection {
                stream,
                batch: 0,
                reply: vec![0; 64 * 1024],
                filled: 0,
            }
        };
        let at = now();
        let day = date(at)[..8].to_owned();
        let parts = [&*day, "eu-west-1", "sqs", "aws4_request"];
        let key = parts.iter().fold(Keyed::new(b"AWS4secret"), |key, part| {
            Keyed::new(&key.mac(part.as_bytes()))
        });
        let host = address.to_string();
        Self {
            connections: (0..connections).map(connection).collect(),
            poll,
            batches: batches.collect(),
            second: Second::new(at, &day, &host, &key, batch > 1),
            host,
            key,
            day,
            body: Vec::new(),
            request: Vec::new(),
        }
    }

    fn send(&mut self, orders: u64) {
        let requests = orders / self.batches[0].len() as u64;
        let (mut sent, mut answered) = (0, 0);
        let events = &mut Events::with_capacity(self.connections.len());
        while sent < requests.min(self.connections.len() as u64) {
            self.send_next(sent as usize, &mut sent);
        }
        while answered < requests {
            self.poll.poll(events, None).expect("a poll");
            for which in events.iter().map(|event| event.token().0) {
                if !self.receive(which) {
                    continue;
                }
                answered += 1;
                if sent < requests {
                    self.send_next(which, &mut sent);
                }
            }
        }
    }

    fn send_next(&mut self, which: usize, sent: &mut u64) {
        let batch = (*sent % BATCHES) as usize;
        self.request(batch);
        let connection = &mut self.connections[which];
        (connection.batch, connection.filled) = (batch, 0);
        let written = connection
            .stream
            .write(&self.request)
            .expect("the stub reads");
        assert_eq!(written, self.request.len(), "a socket takes one request");
        *sent += 1;
    }

    /// Writes the request for a batch, signed.
    fn request(&mut self, batch: usize) {
        let at = now();
        let messages = &self.batches[batch];
        let is_batch = messages.len() > 1;
        if self.second.at != at {
            self.second = Second::new(at, &self.day, &self.host, &self.key, is_batch);
        }
        let body = &mut self.body;
        body.clear();
        body.extend_from_slice(b"{\"QueueUrl\":\"http://");
        body.extend_from_slice(self.host.as_bytes());
        body.extend_from_slice(b"/000000000000/orders-queue\"");
        body.extend_from_slice(if is_batch { b",\"Entries\":[" } else { b"" });
        for (index, message) in messages.iter().enumerate() {
            if is_batch {
                body.extend_from_slice(if index > 0 {
                    b",{\"Id\":\""
                } else {
                    b"{\"Id\":\""
                });
                body.push(b'0' + index as u8);
                body.push(b'"');
            }
            body.extend_from_slice(b",\"MessageBody\":\"");
            body.extend_from_slice(&message.escaped);
            body.extend_from_slice(b"\"}");
        }
        body.extend_from_slice(if is_batch { b"]}" } else { b"" });

        let digest = hex::<32, 64>(Sha256::digest(&*body).into());
        let canonical = self.second.canonical.clone().chain_update(digest);
        let canonical = hex::<32, 64>(canonical.finalize().into());
        let signature = hex::<32, 64>(self.second.to_sign.mac(&canonical));
        let request = &mut self.request;
        request.clear();
        request.extend_from_slice(&self.second.head);
        request.extend_from_slice(&signature);
        write!(request, "\r\ncontent-length: {}\r\n\r\n", body.len()).expect("memory");
        request.extend_from_slice(body);
    }

    /// Reads what is there of a reply, and once it is whole checks every entry of it: true then.
    fn receive(&mut self, which: usize) -> bool {
        let connection = &mut self.connections[which];
        let reply = &mut connection.reply;
        let body = loop {
            match connection.stream.read(&mut reply[connection.filled..]) {
                Ok(0) => panic!("the stub has closed a connection"),
                Ok(count) => connection.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) => panic!("{error}"),
            }
            if let Some(body) = body_of(&reply[..connection.filled]) {
                break body;
            }
        };
        assert!(reply.starts_with(b"HTTP/1.1 200 "));
        let messages = &self.batches[connection.batch];
        let mut rest = &reply[body..connection.filled];
        for (index, message) in messages.iter().enumerate() {
            if messages.len() > 1 {
                assert_eq!(text_after(&mut rest, b"\"Id\":\""), [b'0' + index as u8]);
            }
            assert!(!text_after(&mut rest, b"\"MessageId\":\"").is_empty());
            let told = text_after(&mut rest, b"\"MD5OfMessageBody\":\"");
            let digest: [u8; 16] = Md5::digest(&message.plain).into();
            assert_eq!(told, &hex::<16, 32>(digest));
        }
        true
    }
}

impl Second {
    fn new(at: u64, day: &str, host: &str, key: &Keyed, is_batch: bool) -> Self {
        let date = date(at);
        let operation = match is_batch {
            true => "AmazonSQS.SendMessageBatch",
            false => "AmazonSQS.SendMessage",
        };
        let scope = format!("{day}/eu-west-1/sqs/aws4_request");
        let names = "content-type;host;x-amz-date;x-amz-target";
        let kind = "application/x-amz-json-1.0";
        Self {
            at,
            head: format!(
                "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: {kind}\r\nx-amz-target: {operation}\r\n\
                x-amz-date: {date}\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, \
                SignedHeaders={names}, Signature="
            )
            .into(),
            canonical: Sha256::new().chain_update(format!(
                "POST\n/\n\ncontent-type:{kind}\nhost:{host}\nx-amz-date:{date}\nx-amz-target:{operation}\n\n{names}\n"
            )),
            to_sign: key.after(format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n").as_bytes()),
        }
    }
}

/// HMAC-SHA256 with its key in.
#[derive(Clone)]
struct Keyed {
    inner: Sha256,
    outer: Sha256,
}

impl Keyed {
    fn new(key: &[u8]) -> Self {
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self {
            inner: Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)),
            outer: Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)),
        }
    }

    /// The same with the beginning of the text in.
    fn after(&self, text: &[u8]) -> Self {
        let mut after = self.clone();
        after.inner.update(text);
        after
    }

    fn mac(&self, text: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(text).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

fn hex<const N: usize, const M: usize>(digest: [u8; N]) -> [u8; M] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; M];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
        pair.copy_from_slice(&[
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
    digits
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

/// `20261127T090000Z`.
fn date(second: u64) -> String {
    let instant = jiff::Timestamp::from_second(second as i64).expect("this year");
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Where the body begins, once all of it is there.
fn body_of(reply: &[u8]) -> Option<usize> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head.parse(reply).expect("a reply") else {
        return None;
    };
    let length = head
        .headers
        .iter()
        .find(|header| header.name == "content-length")?;
    let length: usize = std::str::from_utf8(length.value).ok()?.parse().ok()?;
    (reply.len() >= begin + length).then_some(begin)
}

/// The text that begins behind `name`; `rest` goes on behind it.
fn text_after<'a>(rest: &mut &'a [u8], name: &[u8]) -> &'a [u8] {
    let all = *rest;
    let at = all.windows(name.len()).position(|here| here == name);
    let begin = at.expect("the name is there") + name.len();
    let length = all[begin..].iter().position(|&byte| byte == b'"');
    let end = begin + length.expect("the text has an end");
    *rest = &all[end + 1..];
    &all[begin..end]
}
