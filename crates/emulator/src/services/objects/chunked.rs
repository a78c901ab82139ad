//! Bodies as they are sent: plain, or in chunks of their own (`aws-chunked`) with trailers behind them.

use bytes::{Bytes, BytesMut};
use hyper::header::{CONTENT_ENCODING, HeaderMap};

use crate::services::refusal::ServiceError;

/// A body, and the headers that came behind it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) body: Bytes,
    /// Names in lower case.
    pub(super) trailers: Vec<(String, String)>,
}

/// The body within the body. Source: Amazon S3 API Reference, "Transferring payload in multiple chunks"; signatures are
/// not looked at.
pub(super) fn decoded(headers: &HeaderMap, body: &Bytes) -> Result<Sent, ServiceError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_streamed =
        text("x-amz-content-sha256").is_some_and(|value| value.starts_with("STREAMING-"));
    let encoding = text(CONTENT_ENCODING.as_str()).unwrap_or_default();
    if !is_streamed && !encoding.split(',').any(|one| one.trim() == "aws-chunked") {
        return Ok(Sent {
            body: body.clone(),
            trailers: Vec::new(),
        });
    }
    let sent = dechunked(body).ok_or_else(|| {
        incomplete("The body is not in chunks as aws-chunked has them, or ends within one.")
    })?;
    let told: Option<usize> =
        text("x-amz-decoded-content-length").and_then(|length| length.parse().ok());
    match told {
        Some(length) if sent.body.len() != length => Err(incomplete(
            "You did not provide the number of bytes specified by the x-amz-decoded-content-length HTTP header.",
        )),
        _ => Ok(sent),
    }
}

fn incomplete(message: &str) -> ServiceError {
    ServiceError::new("IncompleteBody", 400, message)
}

fn dechunked(body: &[u8]) -> Option<Sent> {
    let mut rest = body;
    let mut whole = BytesMut::new();
    loop {
        let (line, after) = line(rest)?;
        // The chunk's signature may follow its length.
        let length = line.split(';').next()?.trim();
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(Sent {
                body: whole.freeze(),
                trailers: trailers(after)?,
            });
        }
        whole.extend_from_slice(after.get(..length)?);
        rest = after.get(length..)?.strip_prefix(b"\r\n")?;
    }
}

fn trailers(mut rest: &[u8]) -> Option<Vec<(String, String)>> {
    let mut trailers = Vec::new();
    while !rest.is_empty() {
        let (one, after) = line(rest)?;
        if one.is_empty() {
            break;
        }
        let (name, value) = one.split_once(':')?;
        trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        rest = after;
    }
    Some(trailers)
}

/// A line without its end, and what follows.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|two| two == b"\r\n")?;
    let line = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((line, &bytes[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_put_together_and_trailers_read() {
        let signed = "3;chunk-signature=00\r\nabc\r\n2;chunk-signature=01\r\n\r\n\r\n0;chunk-signature=02\r\n\r\n";
        for (text, body, trailers) in [
            (
                "3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n",
                "abc",
                1,
            ),
            ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0),
            ("0\r\n\r\n", "", 0),
            ("0\r\n", "", 0),
            (signed, "abc\r\n", 0),
        ] {
            let sent = dechunked(text.as_bytes()).expect("chunks");
            assert_eq!(
                (&*sent.body, sent.trailers.len()),
                (body.as_bytes(), trailers)
            );
        }
        for broken in [
            "",
            "abc",
            "3\r\nab",
            "3\r\nabc",
            "3\r\nabcd\r\n0\r\n",
            "z\r\n",
            "ffffffffffffffff\r\na",
            "0\r\nx",
        ] {
            assert_eq!(dechunked(broken.as_bytes()), None, "{broken:?}");
        }
    }
}
