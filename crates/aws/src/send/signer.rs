//! Signature Version 4 of one sender's requests. What the requests of a day and of a second have in common is made once.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request".

use std::time::SystemTime;

use aws_credential_types::Credentials;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{HeaderValue, InvalidHeaderValue};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::endpoint::Endpoint;
use super::hex::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is the same in all requests to an endpoint.
pub(super) struct CredentialScope {
    region: String,
    /// The name of the service in signatures.
    service: &'static str,
    host: String,
    /// The path as the signature has it.
    path: String,
}

impl CredentialScope {
    pub(super) fn new(endpoint: &Endpoint, region: &str, service: &'static str) -> Self {
        Self {
            region: region.to_owned(),
            service,
            host: endpoint.authority.clone(),
            path: canonical_path(&endpoint.path),
        }
    }
}

/// What a request says of itself before it is signed.
pub(super) struct Unsigned<'r> {
    pub(super) content_type: &'static str,
    /// `X-Amz-Target`, where the protocol has it.
    pub(super) operation: Option<&'static str>,
    pub(super) body: &'r [u8],
}

/// The headers that sign a request.
pub(super) struct Signature {
    pub(super) authorization: HeaderValue,
    pub(super) date: HeaderValue,
    pub(super) token: Option<HeaderValue>,
}

/// Signs the requests of one sender.
#[derive(Default)]
pub(super) struct Signer {
    key: Option<Box<Key>>,
    text: String,
}

/// A key that is derived from a secret for one day, and the second it was last used in.
struct Key {
    credentials: Credentials,
    day: String,
    scope: String,
    hmac: Hmac<Sha256>,
    second: u64,
    date: String,
}

impl Signer {
    /// Signs a `POST` request at `now`.
    ///
    /// # Errors
    /// When the credentials hold what a header cannot.
    pub(super) fn sign(
        &mut self,
        place: &CredentialScope,
        request: &Unsigned<'_>,
        credentials: &Credentials,
        now: SystemTime,
    ) -> Result<Signature, InvalidHeaderValue> {
        let key = Key::at(&mut self.key, place, credentials, now);
        let token = credentials.session_token();
        let names = match (token, request.operation) {
            (None, None) => "content-type;host;x-amz-date",
            (None, Some(_)) => "content-type;host;x-amz-date;x-amz-target",
            (Some(_), None) => "content-type;host;x-amz-date;x-amz-security-token",
            (Some(_), Some(_)) => "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        };
        let text = &mut self.text;
        text.clear();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        put(&[
            "POST\n",
            &place.path,
            "\n\ncontent-type:",
            request.content_type,
        ]);
        put(&["\nhost:", &place.host, "\nx-amz-date:", &key.date, "\n"]);
        if let Some(token) = token {
            put(&["x-amz-security-token:", token, "\n"]);
        }
        if let Some(operation) = request.operation {
            put(&["x-amz-target:", operation, "\n"]);
        }
        let body = hex(Sha256::digest(request.body).into());
        put(&["\n", names, "\n", body.as_str()]);
        let canonical = hex(Sha256::digest(&*text).into());

        text.clear();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        put(&[
            ALGORITHM,
            "\n",
            &key.date,
            "\n",
            &key.scope,
            "\n",
            canonical.as_str(),
        ]);
        let signature = hex(mac(key.hmac.clone(), text));

        text.clear();
        let mut put = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        put(&[
            ALGORITHM,
            " Credential=",
            credentials.access_key_id(),
            "/",
            &key.scope,
        ]);
        put(&[
            ", SignedHeaders=",
            names,
            ", Signature=",
            signature.as_str(),
        ]);
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text)?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Signature {
            authorization: secret(text)?,
            date: HeaderValue::from_str(&key.date)?,
            token: token.map(secret).transpose()?,
        })
    }
}

impl Key {
    /// The key for these credentials at `now`: the last one where it still holds.
    fn at<'k>(
        last: &'k mut Option<Box<Self>>,
        place: &CredentialScope,
        credentials: &Credentials,
        now: SystemTime,
    ) -> &'k Self {
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
        let hmac = parts
            .iter()
            .fold(keyed(secret.as_bytes()), |key, part| keyed(&mac(key, part)));
        Self {
            credentials: credentials.clone(),
            scope: parts.join("/"),
            day,
            hmac,
            second,
            date,
        }
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

fn mac(mut hmac: Hmac<Sha256>, text: &str) -> [u8; 32] {
    hmac.update(text.as_bytes());
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
