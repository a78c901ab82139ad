//! HTTP/1.1 as far as the stub speaks it: the head of a request, and a reply.

use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::emulator::sqs::SqsErrorKind;

/// Bytes of a head at most.
pub(super) const HEAD_MAX: usize = 32 << 10;
/// Bytes of a body at most: twice what SQS takes, for what JSON adds.
pub(super) const BODY_MAX: usize = 4 << 20;
const HEADERS_MAX: usize = 64;
const JSON: &str = "application/x-amz-json-1.0";

/// What a request's head says, as ranges of the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub(super) length: usize,
    pub(super) body: usize,
    pub(super) get: bool,
    pub(super) path: Range<usize>,
    pub(super) host: Range<usize>,
    pub(super) target: Range<usize>,
    pub(super) has_origin: bool,
    pub(super) closes: bool,
    pub(super) waits: bool,
    pub(super) without_body: bool,
}

/// What the bytes so far are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parsed {
    Head(Head),
    /// Not a whole head yet.
    Partial,
    /// No request that is answered: a status, and why.
    Bad(u16, &'static str),
}

/// Reads the head at the beginning of `bytes`.
pub(super) fn head(bytes: &[u8]) -> Parsed {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() <= HEAD_MAX => return Parsed::Partial,
        Ok(httparse::Status::Partial) => return Parsed::Bad(431, "The head is too long."),
        Err(_) => return Parsed::Bad(400, "The request is not HTTP/1.1."),
    };
    let method = request.method.unwrap_or_default();
    let mut head = Head {
        length,
        get: method == "GET",
        path: within(bytes, request.path.unwrap_or_default().as_bytes()),
        closes: request.version == Some(0),
        without_body: method == "HEAD",
        ..Head::default()
    };
    let mut lengths = 0;
    for header in request.headers.iter() {
        let (name, value) = (header.name, header.value);
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-length") {
            lengths += 1;
            let text = std::str::from_utf8(value).unwrap_or_default();
            let number = text.bytes().all(|byte| byte.is_ascii_digit());
            match text.parse().ok().filter(|_| number) {
                Some(body) => head.body = body,
                None => return Parsed::Bad(400, "The Content-Length is not a number."),
            }
        } else if is("x-amz-target") {
            head.target = within(bytes, value);
        } else if is("host") {
            if !head.host.is_empty() {
                return Parsed::Bad(400, "There is more than one Host header.");
            }
            head.host = within(bytes, value);
        } else if is("origin") {
            head.has_origin = true;
        } else if is("connection") {
            head.closes |= value.eq_ignore_ascii_case(b"close");
        } else if is("expect") {
            head.waits = true;
        } else if is("transfer-encoding") {
            return Parsed::Bad(411, "Send the body whole, with a Content-Length.");
        }
    }
    if lengths > 1 {
        return Parsed::Bad(400, "There is more than one Content-Length header.");
    }
    if head.body > BODY_MAX {
        return Parsed::Bad(413, "The body is too long.");
    }
    Parsed::Head(head)
}

/// Where `part`, which lies in `whole`, lies in it.
fn within(whole: &[u8], part: &[u8]) -> Range<usize> {
    let from = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
    match part.is_empty() {
        true => 0..0,
        false => from..from + part.len(),
    }
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: &'static str,
    /// The code of the older protocol, by which SDKs know errors of SQS.
    pub(super) query_error: Option<&'static str>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// JSON as AWS's services send it.
    pub(super) fn json(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type: JSON,
            query_error: None,
            body,
        }
    }

    /// The same of a value.
    pub(super) fn value(value: &Value) -> Self {
        Self::json(200, value.to_string().into_bytes())
    }

    /// Text for people.
    pub(super) fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            content_type: "text/plain; charset=utf-8",
            ..Self::json(status, body.into())
        }
    }

    /// A refusal in the words of SQS.
    pub(super) fn refusal(kind: SqsErrorKind, message: &str) -> Self {
        let body = json!({"__type": kind.json_type(), "message": message});
        Self {
            status: 400,
            query_error: Some(kind.query_code()),
            ..Self::value(&body)
        }
    }

    /// A refusal in the words of DynamoDB.
    pub(super) fn invalid(message: &str) -> Self {
        let kind = "com.amazon.coral.validate#ValidationException";
        Self {
            status: 400,
            ..Self::value(&json!({"__type": kind, "message": message}))
        }
    }

    /// Appends it to `out`, dated.
    pub(super) fn write(&self, date: &mut DateHeader, closes: bool, out: &mut Vec<u8>) {
        let reason = match self.status {
            200 => "OK",
            _ => "Refused",
        };
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        let mut digits = [0; 20];
        put("HTTP/1.1 ");
        put(decimal(self.status.into(), &mut digits));
        put(" ");
        put(reason);
        put("\r\ncontent-type: ");
        put(self.content_type);
        put("\r\ndate: ");
        put(date.now());
        if let Some(code) = self.query_error {
            put("\r\nx-amzn-query-error: ");
            put(code);
            put(";Sender");
        }
        if closes {
            put("\r\nconnection: close");
        }
        put("\r\ncontent-length: ");
        put(decimal(self.body.len() as u64, &mut digits));
        put("\r\n\r\n");
        out.extend_from_slice(&self.body);
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(&digits[at..]).expect("digits")
}

/// The `Date` header, written once a second.
#[derive(Debug, Default)]
pub(super) struct DateHeader {
    second: u64,
    text: String,
}

impl DateHeader {
    fn now(&mut self) -> &str {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let second = now.map_or(0, |now| now.as_secs());
        if second != self.second || self.text.is_empty() {
            self.second = second;
            let now = jiff::Timestamp::from_second(second as i64).unwrap_or_default();
            self.text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text =
            b"POST /a HTTP/1.1\r\nHost: localhost:1\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n\
                     Content-Length: 12\r\n\r\n{\"a\": \"b\"}";
        let whole = text.len() - 10;
        for end in 0..whole {
            assert_eq!(head(&text[..end]), Parsed::Partial, "{end}");
        }
        let Parsed::Head(head) = head(text) else {
            panic!("a head")
        };
        assert_eq!((head.length, head.body), (whole, 12));
        let at = |range: Range<usize>| std::str::from_utf8(&text[range]).unwrap();
        assert_eq!(at(head.host), "localhost:1");
        assert_eq!(at(head.target), "AmazonSQS.SendMessage");
        assert_eq!(at(head.path), "/a");
        assert!(!head.closes && !head.has_origin && !head.get);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (headers, status) in [
            ("Content-Length: 1\r\nContent-Length: 2", 400),
            ("Content-Length: +1", 400),
            ("Content-Length: 1x", 400),
            ("Content-Length: 99999999999", 413),
            ("Transfer-Encoding: chunked", 411),
            ("Host: a\r\nHost: b", 400),
        ] {
            let text = format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n");
            let Parsed::Bad(found, _) = head(text.as_bytes()) else {
                panic!("{headers}: taken")
            };
            assert_eq!(found, status, "{headers}");
        }
        assert!(matches!(
            head(&vec![b'a'; HEAD_MAX + 1]),
            Parsed::Bad(431 | 400, _)
        ));
    }

    #[test]
    fn a_reply_says_its_length() {
        let mut out = Vec::new();
        let answer = Answer::refusal(SqsErrorKind::OverLimit, "full");
        answer.write(&mut DateHeader::default(), true, &mut out);
        let text = String::from_utf8(out).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
        for part in [
            "connection: close",
            "x-amzn-query-error: OverLimit;Sender",
            " GMT",
            &format!("content-length: {}", body.len()),
        ] {
            assert!(head.contains(part), "{part} in {head}");
        }
    }
}
