//! What the buckets hold, in memory, within a limit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use md5::{Digest, Md5};

use super::checksum::Checksum;
use crate::services::refusal::ServiceError;
use crate::services::time::Instant;

/// What an object takes beside its body, its key and its headers.
const OBJECT_BYTES: u64 = 256;

/// An object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) body: Bytes,
    /// The MD5 of its body, in quotes.
    pub(super) etag: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) checksum: Option<Checksum>,
    pub(super) modified: Instant,
}

impl Object {
    pub(super) fn new(
        body: Bytes,
        headers: Vec<(HeaderName, HeaderValue)>,
        checksum: Option<Checksum>,
        modified: Instant,
    ) -> Self {
        let mut etag = String::with_capacity(34);
        etag.push('"');
        for byte in Md5::digest(&body) {
            etag.push_str(&format!("{byte:02x}"));
        }
        etag.push('"');
        Self {
            body,
            etag,
            headers,
            checksum,
            modified,
        }
    }

    fn bytes(&self, key: &str) -> u64 {
        let headers = self.headers.iter();
        let headers: usize = headers
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        (self.body.len() + key.len() + headers) as u64 + OBJECT_BYTES
    }
}

/// Buckets, none of which comes or goes.
pub(super) struct Store {
    names: BTreeSet<String>,
    bytes_max: u64,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    buckets: BTreeMap<String, BTreeMap<String, Arc<Object>>>,
    bytes: u64,
}

impl Store {
    pub(super) fn new(names: BTreeSet<String>, bytes_max: u64) -> Self {
        Self {
            names,
            bytes_max,
            held: Mutex::default(),
        }
    }

    pub(super) fn has(&self, bucket: &str) -> bool {
        self.names.contains(bucket)
    }

    pub(super) fn buckets(&self) -> Vec<String> {
        self.names.iter().cloned().collect()
    }

    /// The bucket whose name stands before the rest of a host's.
    pub(super) fn first_of(&self, host: &str) -> Option<String> {
        let before = |name: &&String| {
            let rest = host.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.names
            .iter()
            .filter(before)
            .max_by_key(|name| name.len())
            .cloned()
    }

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        self.lock().buckets.get(bucket)?.get(key).cloned()
    }

    /// Keeps an object, if what is there is as `if_match` and `if_none_match` say.
    pub(super) fn put(
        &self,
        (bucket, key): (&str, &str),
        object: Object,
        (if_match, if_none_match): (Option<&str>, Option<&str>),
    ) -> Result<(), ServiceError> {
        let mut held = self.lock();
        let held = &mut *held;
        let objects = held.buckets.entry(bucket.to_owned()).or_default();
        let before = objects.get(key);
        let failed = || {
            let message = "At least one of the pre-conditions you specified did not hold";
            Err(ServiceError::new("PreconditionFailed", 412, message))
        };
        match (if_none_match, if_match, before) {
            (Some("*"), _, Some(_)) => return failed(),
            (None, Some(wanted), Some(before)) if *wanted != *before.etag => return failed(),
            (None, Some(_), None) => {
                let message = "The specified key does not exist.";
                return Err(ServiceError::new("NoSuchKey", 404, message));
            }
            (None, ..) | (Some("*"), None, _) => {}
            (Some(_), ..) => {
                let message = "A put takes If-Match, or If-None-Match with `*`.";
                return Err(ServiceError::new("NotImplemented", 501, message));
            }
        }
        let less = before.map_or(0, |before| before.bytes(key));
        let bytes = held.bytes - less + object.bytes(key);
        if bytes > self.bytes_max {
            let message = format!(
                "The objects of all buckets take the {} bytes that are kept here at most; delete some.",
                self.bytes_max
            );
            return Err(ServiceError::new("InvalidRequest", 400, message));
        }
        objects.insert(key.to_owned(), Arc::new(object));
        held.bytes = bytes;
        Ok(())
    }

    pub(super) fn delete(&self, bucket: &str, key: &str) {
        let mut held = self.lock();
        let there = held
            .buckets
            .get_mut(bucket)
            .and_then(|objects| objects.remove(key));
        held.bytes -= there.map_or(0, |object| object.bytes(key));
    }

    /// What `look` makes of a bucket's objects, in the order of their keys.
    pub(super) fn look<T>(
        &self,
        bucket: &str,
        look: impl FnOnce(&BTreeMap<String, Arc<Object>>) -> T,
    ) -> T {
        look(self.lock().buckets.get(bucket).unwrap_or(&BTreeMap::new()))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
