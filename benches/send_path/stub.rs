//! An SQS that takes everything, at the least cost: a thread a connection, bytes in, bytes out.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use md5::{Digest, Md5};
use orderproof::drive::thread_cpu_time;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::cores;

/// CPU time of the stub's threads, nanoseconds.
static CPU_NS: AtomicU64 = AtomicU64::new(0);

/// CPU time of all of the stub's threads, up to their last replies.
pub fn cpu_time() -> Duration {
    Duration::from_nanos(CPU_NS.load(Ordering::Relaxed))
}

/// Starts it on its core, plain or with TLS.
pub fn start(tls: Option<Arc<ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            let tls = tls.clone();
            std::thread::spawn(move || {
                cores::pin(cores::STUB);
                match tls {
                    None => serve(stream),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).expect("it was checked");
                        serve(StreamOwned::new(connection, stream));
                    }
                }
            });
        }
    });
    address
}

fn serve(mut stream: impl Read + Write) {
    let (mut bytes, mut filled) = (vec![0; 256 * 1024], 0);
    let (mut message, mut body, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let mut counted = Duration::ZERO;
    loop {
        match stream.read(&mut bytes[filled..]) {
            Ok(0) | Err(_) => return,
            Ok(count) => filled += count,
        }
        while let Some((head, whole)) = request(&bytes[..filled]) {
            reply(&bytes[head..whole], &mut message, &mut body);
            out.clear();
            out.extend_from_slice(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\n\
                x-amzn-requestid: 0d5bbd49-8dbf-5f3c-9d38-e1d6c5c4fd5e\r\ncontent-length: ",
            );
            write!(out, "{}\r\n\r\n", body.len()).expect("memory");
            out.extend_from_slice(&body);
            bytes.copy_within(whole..filled, 0);
            filled -= whole;
            if stream
                .write_all(&out)
                .and_then(|()| stream.flush())
                .is_err()
            {
                return;
            }
            let now = thread_cpu_time();
            let spent = u64::try_from((now - counted).as_nanos()).expect("a few minutes");
            counted = now;
            CPU_NS.fetch_add(spent, Ordering::Relaxed);
        }
    }
}

/// Where the head and the body of the first request end.
fn request(bytes: &[u8]) -> Option<(usize, usize)> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    const LENGTH: &[u8] = b"content-length: ";
    let at = bytes[..head]
        .windows(LENGTH.len())
        .position(|name| name == LENGTH)?;
    let digits = bytes[at + LENGTH.len()..head]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    (bytes.len() >= head + length).then_some((head, head + length))
}

/// Makes `body` the reply to a request's JSON, as the sender writes it.
fn reply(json: &[u8], message: &mut Vec<u8>, body: &mut Vec<u8>) {
    const BODY: &[u8] = b"\"MessageBody\":\"";
    const ENTRIES: &[u8] = b"\"Entries\":[";
    let is_batch = json.windows(ENTRIES.len()).any(|name| name == ENTRIES);
    body.clear();
    if is_batch {
        body.extend_from_slice(b"{\"Successful\":[");
    }
    let (mut rest, mut index) = (json, 0);
    while let Some(at) = rest.windows(BODY.len()).position(|name| name == BODY) {
        rest = unescape(&rest[at + BODY.len()..], message);
        let digest: [u8; 16] = Md5::digest(&*message).into();
        if index > 0 {
            body.push(b',');
        }
        body.push(b'{');
        if is_batch {
            write!(body, "\"Id\":\"{index}\",").expect("memory");
        }
        body.extend_from_slice(b"\"MessageId\":\"6a1f8c1e-91a7-4f9c-8f6a-0d1b5e3c2a7d\",");
        body.extend_from_slice(b"\"MD5OfMessageBody\":\"");
        for byte in digest {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            body.extend_from_slice(&[
                DIGITS[usize::from(byte >> 4)],
                DIGITS[usize::from(byte & 15)],
            ]);
        }
        body.extend_from_slice(b"\"}");
        index += 1;
    }
    if is_batch {
        body.extend_from_slice(b"]}");
    }
}

/// Makes `message` the JSON text that `json` begins with; what stands behind it.
fn unescape<'a>(mut json: &'a [u8], message: &mut Vec<u8>) -> &'a [u8] {
    message.clear();
    loop {
        let plain = json
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))
            .expect("a text has an end");
        message.extend_from_slice(&json[..plain]);
        match json[plain..] {
            [b'\\', quoted @ (b'"' | b'\\'), ..] => message.push(quoted),
            [b'\\', ..] => panic!("no such escape in these orders"),
            _ => return &json[plain + 1..],
        }
        json = &json[plain + 2..];
    }
}
