//! The pipeline behind the stub, which answers whatever the stub does not.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes of a reply at most: no page of the pipeline behind is longer.
const REPLY_MAX: usize = 64 << 20;

/// One connection to the pipeline behind.
#[derive(Debug)]
pub(super) struct Behind {
    address: SocketAddr,
    stream: Option<TcpStream>,
}

/// A reply as it came: its status, its head, which ends with an empty line, and its body.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) status: u16,
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Raw {
    /// The same with another body.
    pub(super) fn with_body(mut self, body: Vec<u8>) -> Self {
        let head = String::from_utf8_lossy(&self.head);
        let lines = head.split("\r\n").filter(|line| !line.is_empty());
        let mut written = String::new();
        for line in lines {
            let is_length = line.to_ascii_lowercase().starts_with("content-length:");
            match is_length {
                true => written.push_str(&format!("content-length: {}\r\n", body.len())),
                false => written.push_str(&format!("{line}\r\n")),
            }
        }
        written.push_str("\r\n");
        self.head = written.into_bytes();
        self.body = body;
        self
    }
}

impl Behind {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// Hands a whole request on and gives the reply to it.
    ///
    /// # Errors
    /// When there is no reply, or none that says how long it is.
    pub(super) async fn ask(&mut self, request: &[u8], without_body: bool) -> io::Result<Raw> {
        if let Some(stream) = self.stream.take()
            && let Ok(raw) = self.exchange(stream, request, without_body).await
        {
            return Ok(raw);
        }
        // It may have closed the connection, which was idle.
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        self.exchange(stream, request, without_body).await
    }

    async fn exchange(
        &mut self,
        mut stream: TcpStream,
        request: &[u8],
        without_body: bool,
    ) -> io::Result<Raw> {
        stream.write_all(request).await?;
        let mut bytes = Vec::with_capacity(4 << 10);
        loop {
            if let Some((status, head, length, closes)) = reply_head(&bytes)? {
                let length = if without_body { 0 } else { length };
                if bytes.len() >= head + length {
                    let body = bytes.split_off(head);
                    if !closes {
                        self.stream = Some(stream);
                    }
                    return Ok(Raw {
                        status,
                        head: bytes,
                        body,
                    });
                }
            }
            if bytes.len() > REPLY_MAX || stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Status, bytes of the head and of the body, and whether the connection ends; `None` while the head is not whole.
fn reply_head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize, bool)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut reply = httparse::Response::new(&mut headers);
    let head = match reply.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(io::ErrorKind::InvalidData.into()),
    };
    let value = |name: &str| {
        let mut headers = reply.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok()
    };
    let length = value("content-length").and_then(|length| length.parse().ok());
    let length = length.ok_or(io::ErrorKind::InvalidData)?;
    let closes = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Ok(Some((reply.code.unwrap_or_default(), head, length, closes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_exchanged_with_its_length() {
        let raw = Raw {
            status: 200,
            head: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\n".to_vec(),
            body: b"{}".to_vec(),
        };
        let raw = raw.with_body(b"[1,2]".to_vec());
        assert_eq!(
            raw.head,
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\n"
        );
        assert_eq!(
            reply_head(&raw.head).unwrap(),
            Some((200, raw.head.len(), 5, false))
        );
    }

    #[test]
    fn a_reply_without_a_length_is_none() {
        assert!(reply_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(reply_head(b"nonsense\r\n\r\n").is_err());
        assert_eq!(reply_head(b"HTTP/1.1 200 OK\r\nContent-Le").unwrap(), None);
    }
}
