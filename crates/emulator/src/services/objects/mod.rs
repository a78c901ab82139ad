//! S3: small objects are put, read, listed and deleted, by path or by the bucket's own host name.

mod checksum;
mod chunked;
mod listing;
mod place;
mod store;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};

use self::checksum::Checksum;
use self::place::ObjectAddress;
use self::store::{Object, Store};
use super::called::Protocol;
use super::refusal::{Replied, ServiceError, escaped, reply};
use super::settings::{Advice, Missing};
use super::time::now;
use crate::http::service::Asked;

/// Bytes of a key. Source: Amazon S3 User Guide, "Naming Amazon S3 objects".
const KEY_MAX: usize = 1_024;
/// Bytes of what is kept of an object's headers. Source: the same, "Working with object metadata": 2 KB of the user's own,
/// in headers of 8 KB.
const HEADERS_MAX: usize = 8 << 10;

/// Headers of a put that are given back with the object.
const KEPT: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LANGUAGE,
    header::EXPIRES,
];
const OWN_PREFIX: &str = "x-amz-meta-";
const CHECKSUM_MODE: &str = "x-amz-checksum-mode";
const ENCRYPTION: HeaderName = HeaderName::from_static("x-amz-server-side-encryption");

/// Headers that ask a read for something that is not served.
const NOT_READ: [HeaderName; 5] = [
    header::RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// The buckets and what is in them.
pub(super) struct Objects {
    store: Store,
    advice: Advice,
}

impl Objects {
    pub(super) fn new(buckets: BTreeSet<String>, bytes_max: u64, advice: Advice) -> Self {
        Self {
            store: Store::new(buckets, bytes_max),
            advice,
        }
    }

    /// Whether a request that nobody signed is for a bucket: one that it calls by the bucket's host name, or that begins
    /// with its name and is of a method that no other service has.
    pub(super) fn are_meant(&self, asked: &Asked<'_>) -> bool {
        if asked.scope.is_some() || !asked.target.is_empty() || asked.form.is_some() {
            return asked.scope == Some("s3");
        }
        let place = ObjectAddress::of(asked, &self.store);
        let is_known = place
            .bucket
            .as_deref()
            .is_some_and(|bucket| self.store.has(bucket));
        is_known && (place.by_host || *asked.method != Method::POST)
    }

    /// What S3 calls the operation.
    pub(super) fn operation<'a>(&self, asked: &Asked<'a>) -> Cow<'a, str> {
        ObjectAddress::of(asked, &self.store).operation(asked)
    }

    /// The reply; none to an operation that is not served.
    pub(super) fn answer(
        &self,
        operation: &str,
        asked: &Asked<'_>,
        body: &Bytes,
    ) -> Option<Replied> {
        let place = ObjectAddress::of(asked, &self.store);
        let (bucket, key) = (place.bucket.as_deref(), place.key.as_deref());
        let answer = || match (operation, bucket, key) {
            ("ListBuckets", ..) => Ok(xml(listing::buckets(&self.store.buckets(), now()))),
            (_, Some(bucket), _) if !self.store.has(bucket) => {
                let advice = (self.advice)(&Missing::Bucket(bucket));
                let message = format!("The specified bucket does not exist. {advice}");
                Err(ServiceError::new("NoSuchBucket", 404, message).for_want())
            }
            ("HeadBucket", ..) => Ok(reply(Protocol::RestXml, Bytes::new())),
            ("ListObjectsV2", Some(bucket), _) => {
                let page = listing::page(&self.store, bucket, &place.query)?;
                Ok(xml(page))
            }
            ("PutObject", Some(bucket), Some(key)) => self.put(bucket, key, asked.headers, body),
            ("GetObject" | "HeadObject", Some(bucket), Some(key)) => {
                self.get(bucket, key, asked.headers)
            }
            ("DeleteObject", Some(bucket), Some(key)) => {
                self.store.delete(bucket, key);
                let mut response = reply(Protocol::RestXml, Bytes::new());
                *response.status_mut() = StatusCode::NO_CONTENT;
                response.headers_mut().remove(header::CONTENT_TYPE);
                Ok(response)
            }
            _ => unreachable!("only what is served gets here"),
        };
        let is_served = matches!(
            operation,
            "ListBuckets"
                | "HeadBucket"
                | "ListObjectsV2"
                | "PutObject"
                | "GetObject"
                | "HeadObject"
                | "DeleteObject"
        );
        is_served.then(answer)
    }

    fn put(&self, bucket: &str, key: &str, headers: &HeaderMap, body: &Bytes) -> Replied {
        if key.len() > KEY_MAX {
            return Err(ServiceError::new(
                "KeyTooLongError",
                400,
                "Your key is too long",
            ));
        }
        let sent = chunked::decoded(headers, body)?;
        let checksum = Checksum::of(headers, &sent)?;
        let object = Object::new(sent.body, kept(headers)?, checksum, now());
        let (etag, checksum) = (object.etag.clone(), object.checksum.clone());
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        self.store.put(
            (bucket, key),
            object,
            (text(header::IF_MATCH), text(header::IF_NONE_MATCH)),
        )?;
        let mut response = reply(Protocol::RestXml, Bytes::new());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        insert(headers, header::ETAG, &etag);
        headers.insert(ENCRYPTION, HeaderValue::from_static("AES256"));
        if let Some(checksum) = checksum {
            insert(headers, checksum.header(), &checksum.value);
        }
        Ok(response)
    }

    /// The object with its headers; of a `HEAD` the body goes unsent.
    fn get(&self, bucket: &str, key: &str, asked: &HeaderMap) -> Replied {
        if let Some(name) = NOT_READ.iter().find(|name| asked.contains_key(*name)) {
            let message =
                format!("A read with the header {name} is not served here: read the object whole.");
            return Err(ServiceError::new("NotImplemented", 501, message));
        }
        let Some(object) = self.store.get(bucket, key) else {
            let message =
                format!("The specified key does not exist. The bucket has no object {key:?}.");
            return Err(ServiceError::new("NoSuchKey", 404, message));
        };
        let mut response = reply(Protocol::RestXml, object.body.clone());
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        for (name, value) in &object.headers {
            headers.append(name, value.clone());
        }
        insert(headers, header::ETAG, &object.etag);
        insert(headers, header::LAST_MODIFIED, &object.modified.http());
        headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(ENCRYPTION, HeaderValue::from_static("AES256"));
        if asked.contains_key(CHECKSUM_MODE)
            && let Some(checksum) = &object.checksum
        {
            insert(headers, checksum.header(), &checksum.value);
            let kind = HeaderName::from_static("x-amz-checksum-type");
            headers.insert(kind, HeaderValue::from_static("FULL_OBJECT"));
        }
        Ok(response)
    }
}

fn xml(body: String) -> Response<Full<Bytes>> {
    reply(Protocol::RestXml, body.into())
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The headers that are given back with the object.
fn kept(headers: &HeaderMap) -> Result<Vec<(HeaderName, HeaderValue)>, ServiceError> {
    let is_kept = |name: &HeaderName| KEPT.contains(name) || name.as_str().starts_with(OWN_PREFIX);
    let kept = headers.iter().filter(|(name, _)| is_kept(name));
    let mut kept: Vec<_> = kept
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if !headers.contains_key(header::CONTENT_TYPE) {
        let usual = HeaderValue::from_static("binary/octet-stream");
        kept.push((header::CONTENT_TYPE, usual));
    }
    let encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let encodings = encodings
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let own: Vec<_> = encodings
        .map(str::trim)
        .filter(|one| *one != "aws-chunked" && !one.is_empty())
        .collect();
    if let (false, Ok(own)) = (own.is_empty(), HeaderValue::from_str(&own.join(","))) {
        kept.push((header::CONTENT_ENCODING, own));
    }
    let size: usize = kept
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    match size > HEADERS_MAX {
        true => Err(ServiceError::new(
            "MetadataTooLarge",
            400,
            format!("Your metadata headers exceed {HEADERS_MAX} bytes."),
        )),
        false => Ok(kept),
    }
}

/// A key as XML has it, percent-encoded where that was asked for.
fn written(key: &str, is_encoded: bool) -> String {
    match is_encoded {
        true => percent_encoding::utf8_percent_encode(key, place::NOT_IN_URLS).to_string(),
        false => escaped(key),
    }
}
