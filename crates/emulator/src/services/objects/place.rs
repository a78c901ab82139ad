//! Which bucket and key a request is for, and what it does with them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str};

use super::store::Store;
use crate::http::called;
use crate::http::service::Asked;

/// What is percent-encoded in keys: all but what URLs leave alone, and slashes.
pub(super) const NOT_IN_URLS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

/// Parts of a query that change nothing of what is asked: names of operations, signatures (those of version 2 are written
/// out), and how a page is listed.
const PLAIN: [&str; 12] = [
    "x-id",
    "AWSAccessKeyId",
    "Signature",
    "Expires",
    "list-type",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "encoding-type",
    "fetch-owner",
];

/// Where a request leads.
#[derive(Debug)]
pub(super) struct ObjectAddress {
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) query: BTreeMap<String, String>,
    /// The bucket stands in the host's name, and the path is the key.
    pub(super) by_host: bool,
}

impl ObjectAddress {
    pub(super) fn of(asked: &Asked<'_>, store: &Store) -> Self {
        let path = asked.uri.path();
        let path = path.strip_prefix('/').unwrap_or(path);
        let in_host = bucket_in_host(called(asked.headers), store);
        let by_host = in_host.is_some();
        let (bucket, key) = match (in_host, path.split_once('/')) {
            (Some(bucket), _) => (Some(bucket), path),
            (None, Some((bucket, key))) => (Some(decoded(bucket)), key),
            (None, None) => (Some(decoded(path)), ""),
        };
        let query = asked.uri.query().unwrap_or_default();
        Self {
            bucket: bucket.filter(|bucket| !bucket.is_empty()),
            key: Some(decoded(key)).filter(|key| !key.is_empty()),
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            by_host,
        }
    }

    /// What S3 calls the operation; method and what it is asked of where that is not one of those served.
    pub(super) fn operation<'a>(&self, asked: &Asked<'a>) -> Cow<'a, str> {
        let is_plain =
            |name: &&String| PLAIN.contains(&name.as_str()) || name.starts_with("X-Amz-");
        let other = self.query.keys().find(|name| !is_plain(name));
        let copies = asked.headers.contains_key("x-amz-copy-source");
        let method = asked.method;
        let of = match (&self.bucket, &self.key) {
            (_, Some(_)) => "an object",
            (Some(_), None) => "a bucket",
            (None, None) => "all buckets",
        };
        let named = match (other.map(String::as_str), method, of) {
            (Some("delete"), &Method::POST, "a bucket") => "DeleteObjects",
            (Some("uploads"), &Method::POST, "an object") => "CreateMultipartUpload",
            (Some("uploadId"), &Method::PUT, "an object") => "UploadPart",
            (Some("location"), &Method::GET, "a bucket") => "GetBucketLocation",
            (Some(other), ..) => return format!("{method} {of}?{other}").into(),
            (None, &Method::PUT, "an object") if copies => "CopyObject",
            (None, &Method::PUT, "an object") => "PutObject",
            (None, &Method::GET, "an object") => "GetObject",
            (None, &Method::HEAD, "an object") => "HeadObject",
            (None, &Method::DELETE, "an object") => "DeleteObject",
            (None, &Method::GET, "a bucket") => {
                match self.query.get("list-type").map(String::as_str) {
                    Some("2") => "ListObjectsV2",
                    _ => "ListObjects",
                }
            }
            (None, &Method::HEAD, "a bucket") => "HeadBucket",
            (None, &Method::PUT, "a bucket") => "CreateBucket",
            (None, &Method::DELETE, "a bucket") => "DeleteBucket",
            (None, &Method::GET, "all buckets") => "ListBuckets",
            (None, ..) => return format!("{method} {of}").into(),
        };
        named.into()
    }
}

/// `photos` of `photos.localhost:9324` and `photos.s3.us-east-1.localhost`: a known bucket before any host, or any
/// before `localhost`.
fn bucket_in_host(called: &str, store: &Store) -> Option<String> {
    let host = called.rsplit_once(':').map_or(called, |(host, _)| host);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if let Some(bucket) = store.first_of(&host) {
        return Some(bucket);
    }
    let below = host.strip_suffix(".localhost")?;
    let bucket = match below.split_once(".s3") {
        Some((bucket, rest)) if rest.is_empty() || rest.starts_with('.') => bucket,
        _ if below == "s3" || below.starts_with("s3.") => return None,
        _ => below,
    };
    Some(bucket.to_owned())
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
