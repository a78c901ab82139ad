//! Signature Version 4 of one sender's requests. What the requests of a day and of a second have in common is made once.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request".

use std::time::SystemTime;

use aws_credential_types::Credentials;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{HeaderValue, InvalidHeaderValue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::endpoint::Endpoint;
use super::hex::{Hex, hex};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is the same in all requests to an endpoint.
pub(super) struct CredentialScope {
    region: String,
    /// The name of the service in signatures.
    service: &'static str,
    host: String,
    /// The path as the request has it.
    request_path: String,
    /// The path as the signature has it.
    path: String,
}

impl CredentialScope {
    pub(super) fn new(endpoint: &Endpoint, region: &str, service: &'static str) -> Self {
        Self {
            region: region.to_owned(),
            service,
            host: endpoint.authority.clone(),
            request_path: endpoint.path.clone(),
            path: canonical_path(&endpoint.path),
        }
    }
}

/// Signs the requests of one sender.
#[derive(Default)]
pub(super) struct Signer {
    key: Option<Box<Key>>,
}

/// A key that is derived from a secret for one day, and what its requests of one second have in common.
struct Key {
    credentials: Credentials,
    day: String,
    scope: String,
    hmac: Hmac<Sha256>,
    second: u64,
    date: String,
    /// Of each operation that was asked for in this second.
    prepared: SmallVec<[Prepared; 2]>,
}

/// The request to one operation in one second, up to what depends on its body.
struct Prepared {
    content_type: &'static str,
    operation: Option<&'static str>,
    /// The head of the request up to the signature.
    head: Vec<u8>,
    /// Has read the canonical request up to the digest of its body.
    canonical: Sha256,
    /// Has read what is signed up to the digest of the canonical request.
    to_sign: Hmac<Sha256>,
}

/// Between the signature and the length of the body.
const LENGTH: &[u8] = b"\r\ncontent-length: ";
/// Behind the length.
const END: &[u8] = b"\r\n\r\n";
const DIGITS_MAX: usize = 20;
const SIGNATURE: usize = 64;

impl Signer {
    /// Makes `out` a signed `POST` request of `now`: the head is written before the body, which `write` appends. The request
    /// begins where this says.
    ///
    /// # Errors
    /// When the credentials hold what a header cannot.
    pub(super) fn write_signed(
        &mut self,
        place: &CredentialScope,
        (content_type, operation): (&'static str, Option<&'static str>),
        credentials: &Credentials,
        now: SystemTime,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<usize, InvalidHeaderValue> {
        let key = Key::at(&mut self.key, place, credentials, now);
        let prepared = key.prepared(place, content_type, operation)?;
        // The head ends where the body begins, whatever the number of digits between.
        let room = prepared.head.len() + SIGNATURE + LENGTH.len() + DIGITS_MAX + END.len();
        out.clear();
        out.resize(room, 0);
        write(out);
        let (head, body) = out.split_at_mut(room);
        let mut digits = itoa::Buffer::new();
        let signature = prepared.signature(body);
        let parts = [
            END,
            digits.format(body.len()).as_bytes(),
            LENGTH,
            signature.as_bytes(),
            &prepared.head,
        ];
        let begin = parts.iter().fold(room, |end, part| {
            let begin = end - part.len();
            head[begin..end].copy_from_slice(part);
            begin
        });
        Ok(begin)
    }
}

impl Prepared {
    fn new(
        place: &CredentialScope,
        key: &Key,
        content_type: &'static str,
        operation: Option<&'static str>,
    ) -> Result<Self, InvalidHeaderValue> {
        let token = key.credentials.session_token();
        let names = match (token, operation) {
            (None, None) => "content-type;host;x-amz-date",
            (None, Some(_)) => "content-type;host;x-amz-date;x-amz-target",
            (Some(_), None) => "content-type;host;x-amz-date;x-amz-security-token",
            (Some(_), Some(_)) => "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        };
        let (host, date, scope) = (&*place.host, &*key.date, &*key.scope);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature=",
            key.credentials.access_key_id()
        );
        let headers = [
            ("host", Some(host)),
            ("content-type", Some(content_type)),
            ("x-amz-target", operation),
            ("x-amz-date", Some(date)),
            ("x-amz-security-token", token),
            ("authorization", Some(&*authorization)),
        ];
        let mut head = format!("POST {} HTTP/1.1", place.request_path).into_bytes();
        for (name, value) in headers {
            let Some(value) = value else { continue };
            head.extend_from_slice(format!("\r\n{name}: ").as_bytes());
            head.extend_from_slice(HeaderValue::from_str(value)?.as_bytes());
        }
        let mut canonical = Sha256::new();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| canonical.update(part));
        put(&["POST\n", &place.path, "\n\ncontent-type:", content_type]);
        put(&["\nhost:", host, "\nx-amz-date:", date, "\n"]);
        if let Some(token) = token {
            put(&["x-amz-security-token:", token, "\n"]);
        }
        if let Some(operation) = operation {
            put(&["x-amz-target:", operation, "\n"]);
        }
        put(&["\n", names, "\n"]);
        let mut to_sign = key.hmac.clone();
        for part in [ALGORITHM, "\n", date, "\n", scope, "\n"] {
            to_sign.update(part.as_bytes());
        }
        Ok(Self {
            content_type,
            operation,
            head,
            canonical,
            to_sign,
        })
    }

    fn signature(&self, body: &[u8]) -> Hex {
        let body = hex(Sha256::digest(body).into());
        let canonical = self.canonical.clone().chain_update(body.as_bytes());
        let canonical = hex(canonical.finalize().into());
        hex(mac(self.to_sign.clone(), canonical.as_bytes()))
    }
}

impl Key {
    /// The key for these credentials at `now`: the last one where it still holds.
    fn at<'k>(
        last: &'k mut Option<Box<Self>>,
        place: &CredentialScope,
        credentials: &Credentials,
        now: SystemTime,
    ) -> &'k mut Self {
        let second = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let same = |key: &Self| is_same(&key.credentials, credentials);
        let key = match last.take().filter(|key| same(key)) {
            Some(key) if key.second == second => key,
            held => {
                let date = date_of(second);
                match held.filter(|key| date.starts_with(&key.day)) {
                    Some(mut key) => {
                        (key.second, key.date) = (second, date);
                        key.prepared.clear();
                        key
                    }
                    None => Box::new(Self::derived(place, credentials, second, date)),
                }
            }
        };
        last.insert(key)
    }

    fn derived(
        place: &CredentialScope,
        credentials: &Credentials,
        second: u64,
        date: String,
    ) -> Self {
        let day = date[..8].to_owned();
        let secret = format!("AWS4{}", credentials.secret_access_key());
        let parts = [&*day, &*place.region, place.service, "aws4_request"];
        let hmac = parts.iter().fold(keyed(secret.as_bytes()), |key, part| {
            keyed(&mac(key, part.as_bytes()))
        });
        Self {
            credentials: credentials.clone(),
            scope: parts.join("/"),
            day,
            hmac,
            second,
            date,
            prepared: SmallVec::new(),
        }
    }

    fn prepared(
        &mut self,
        place: &CredentialScope,
        content_type: &'static str,
        operation: Option<&'static str>,
    ) -> Result<&Prepared, InvalidHeaderValue> {
        let is_it = |it: &Prepared| (it.content_type, it.operation) == (content_type, operation);
        let at = match self.prepared.iter().position(is_it) {
            Some(at) => at,
            None => {
                let prepared = Prepared::new(place, self, content_type, operation)?;
                self.prepared.push(prepared);
                self.prepared.len() - 1
            }
        };
        Ok(&self.prepared[at])
    }
}

fn is_same(one: &Credentials, other: &Credentials) -> bool {
    one.access_key_id() == other.access_key_id()
        && one.secret_access_key() == other.secret_access_key()
        && one.session_token() == other.session_token()
}

/// `20261127T090000Z`.
fn date_of(second: u64) -> String {
    let second = i64::try_from(second).unwrap_or(i64::MAX);
    let instant = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    instant.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("an HMAC takes a key of any length")
}

fn mac(mut hmac: Hmac<Sha256>, text: &[u8]) -> [u8; 32] {
    hmac.update(text);
    hmac.finalize().into_bytes().into()
}

/// A path without empty, `.` and `..` segments, and percent-encoded once more than the request has it: as every service but
/// S3 reads it.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::new();
    for segment in segments {
        canonical.push('/');
        for byte in segment.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    canonical.push(byte.into());
                }
                other => canonical.push_str(&format!("%{other:02X}")),
            }
        }
    }
    // A path that ends in `.` or `..` names a folder, and so does an empty one.
    if canonical.is_empty() || path.ends_with("/") || path.ends_with("/.") || path.ends_with("/..")
    {
        canonical.push('/');
    }
    canonical
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
