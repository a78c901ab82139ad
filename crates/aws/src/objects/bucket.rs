//! The objects of one bucket.

use std::io;
use std::time::Duration;

use bytes::Bytes;

use super::listing::{Listed, Listing};
use crate::account::service::{Ask, CallError, ObjectReply, Service, WRITER, encoded};
use crate::scenario::AwsTarget;
use crate::store::{Session, StoreError};

/// How long one attempt at a request may take, and for how many bytes of a body a second more.
const ATTEMPT: Duration = Duration::from_secs(20);
const BYTES_A_SECOND: u64 = 1 << 20;
/// How much of an object is asked for at a time.
const PART: u64 = 32 << 20;
/// The largest object that is written at once: S3's own limit.
const WRITE_MAX: u64 = 5 << 30;
/// The most pages of a list.
const PAGES_MAX: usize = 1_000;
/// How often it is tried to find out who holds an object that should have been created, and how long between.
const ROUNDS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

const GET: &str = "S3 GetObject";
const PUT: &str = "S3 PutObject";
const LIST: &str = "S3 ListObjectsV2";
const DELETE: &str = "S3 DeleteObject";

/// A bucket, as the caller's credentials reach it.
pub struct Bucket {
    session: Session,
    name: String,
    endpoint: String,
    /// What comes before a key in the path: nothing where the bucket stands in the host's name.
    before: String,
    attempt: Duration,
    pause: Duration,
}

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Who created it, as the one that did told S3.
    pub writer: Option<String>,
}

impl Bucket {
    /// The bucket called `name`, where `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL` or the profile say that S3 is, or at AWS.
    /// Nothing is asked of it yet.
    ///
    /// # Errors
    /// When there is no region, or no way to credentials.
    pub async fn open(
        name: &str,
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<Self, StoreError> {
        let here = AwsTarget {
            region: region.map(str::to_owned),
            profile: profile.map(str::to_owned),
            ..AwsTarget::default()
        };
        let session = Session::open(&here).await?;
        Self::of(session, name).await
    }

    /// The same over a session that is there.
    pub(super) async fn of(session: Session, name: &str) -> Result<Self, StoreError> {
        let failed = |error: aws_sdk_sqs::error::BoxError| {
            StoreError::new("looking for the endpoint of S3", error.to_string())
        };
        let endpoint = Service::S3.endpoint(session.config()).await;
        let endpoint = endpoint.map_err(failed)?;
        let endpoint = endpoint.trim_end_matches('/');
        // A certificate of AWS covers one label before its own name, and what else answers like S3 may have no names.
        let at_aws = session.config().endpoint_url().is_none() && endpoint.contains(".amazonaws.");
        let (endpoint, before) = match endpoint.strip_prefix("https://") {
            Some(host) if at_aws && !name.contains('.') => {
                (format!("https://{name}.{host}"), String::new())
            }
            _ => (endpoint.to_owned(), format!("/{name}")),
        };
        Ok(Self {
            session,
            name: name.into(),
            endpoint,
            before,
            attempt: ATTEMPT,
            pause: PAUSE,
        })
    }

    /// With so long for an attempt, and such a pause before it is looked again who holds an object.
    #[cfg(test)]
    pub(super) fn with_times(self, attempt: Duration, pause: Duration) -> Self {
        Self {
            attempt,
            pause,
            ..self
        }
    }

    /// The object called `key`, if it is there.
    ///
    /// # Errors
    /// When it cannot be read, or has more than `max` bytes.
    pub async fn read(&self, key: &str, max: u64) -> Result<Option<Object>, StoreError> {
        let headers = vec![("range", format!("bytes=0-{max}"))];
        let ask = Ask::object("GET", self.path(key), headers, Bytes::new());
        let reply = match self.call(GET, ask, max).await {
            Ok(reply) => reply,
            Err(error) if is_code(&error, "NoSuchKey") => return Ok(None),
            // It is there, and empty.
            Err(error) if is_code(&error, "InvalidRange") => ObjectReply::default(),
            Err(error) => return Err(self.failed(GET, key)(error)),
        };
        if reply.body.len() as u64 > max {
            return Err(StoreError::new(
                GET,
                format!("{}: it has more than {max} bytes", self.shown(key)),
            ));
        }
        Ok(Some(Object {
            bytes: reply.body,
            writer: reply.writer,
        }))
    }

    /// Hands the content of a listed object to `take`, a part after the other.
    ///
    /// # Errors
    /// When it cannot be read, is another one by now, or comes to another length than the list says; when `take` fails.
    pub async fn fetch(
        &self,
        object: &Listed,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let wrong =
            |why: String| StoreError::new(GET, format!("{}: {why}", self.shown(&object.key)));
        let mut from = 0;
        while from < object.bytes {
            let length = PART.min(object.bytes - from);
            let headers = vec![
                ("range", format!("bytes={from}-{}", from + length - 1)),
                ("if-match", object.etag.clone()),
            ];
            let ask = Ask::object("GET", self.path(&object.key), headers, Bytes::new());
            let reply = self.call(GET, ask, length).await;
            let reply = reply.map_err(self.failed(GET, &object.key))?;
            if reply.etag.as_deref() != Some(object.etag.as_str()) {
                return Err(wrong("it was changed while it was read".into()));
            }
            let came = reply.body.len() as u64;
            if came != length {
                return Err(wrong(format!(
                    "the reply is cut short: {came} of {length} bytes from byte {from} on"
                )));
            }
            take(&reply.body).map_err(|error| wrong(error.to_string()))?;
            from += length;
        }
        Ok(())
    }

    /// Every object whose key begins with `prefix`.
    ///
    /// # Errors
    /// When the list cannot be read to its end.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let mut objects = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut path = match self.before.as_str() {
                "" => "/".to_owned(),
                before => before.to_owned(),
            };
            path += "?";
            if let Some(token) = &next {
                path += &format!("continuation-token={}&", encoded(token));
            }
            path += &format!("list-type=2&prefix={}", encoded(prefix));
            let ask = Ask::object("GET", path, Vec::new(), Bytes::new());
            let reply = self.call(LIST, ask, 0).await;
            let reply = reply.map_err(self.failed(LIST, prefix))?;
            let text = String::from_utf8_lossy(&reply.body);
            let page = Listing::read(&text).map_err(|error| {
                StoreError::new(LIST, format!("{}: {error}", self.shown(prefix)))
            })?;
            objects.extend(page.objects);
            next = page.next;
            if next.is_none() {
                return Ok(objects);
            }
        }
        Err(StoreError::new(
            LIST,
            format!("{}: the list does not end", self.shown(prefix)),
        ))
    }

    /// Writes an object, in the place of one that may be there.
    ///
    /// # Errors
    /// When it is not certain that it stands.
    pub async fn write(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.put(key, bytes, Vec::new())
            .await
            .map(drop)
            .map_err(self.failed(PUT, key))
    }

    /// Creates an object if there is none; false when another call created it. `writer` names this call and no other:
    /// when no reply tells what became of it, the object is read back, and whose name it carries has created it.
    ///
    /// # Errors
    /// When it is not certain who has; the object may stand all the same, under this name.
    pub async fn create(&self, key: &str, bytes: Bytes, writer: &str) -> Result<bool, StoreError> {
        let size = bytes.len() as u64;
        let mut last = None;
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(self.pause).await;
            }
            let headers = vec![
                ("if-none-match", "*".to_owned()),
                (WRITER, writer.to_owned()),
            ];
            let refused = match self.put(key, bytes.clone(), headers).await {
                Ok(_) => return Ok(true),
                Err(error) => error,
            };
            // A condition that did not hold may be this call's own doing, of an attempt that nobody answered; one that could not
            // be decided, another's who was at it at the same time.
            let of_condition = is_code(&refused, "PreconditionFailed")
                || is_code(&refused, "ConditionalRequestConflict")
                || matches!(status(&refused), Some(409 | 412));
            let error = self.failed(PUT, key)(refused);
            if !of_condition && !error.is_transient() {
                return Err(error);
            }
            match self.read(key, size.max(1 << 20)).await? {
                Some(found) => return Ok(found.writer.as_deref() == Some(writer)),
                None => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| StoreError::new(PUT, "it was not tried")))
    }

    /// Whether what is created is created once: some servers that answer like S3 know no conditions and overwrite. Tried out
    /// with an object called `key`, which is nobody else's and is taken away again.
    ///
    /// # Errors
    /// When it cannot be written, read or taken away.
    pub async fn keeps_conditions(&self, key: &str) -> Result<bool, StoreError> {
        let first = self.create(key, Bytes::from_static(b"1"), "first").await?;
        let second = self.create(key, Bytes::from_static(b"2"), "second");
        let second = second.await?;
        self.delete(key).await?;
        Ok(first && !second)
    }

    /// Takes an object away, if it is there.
    ///
    /// # Errors
    /// When it may be there still.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let ask = Ask::object("DELETE", self.path(key), Vec::new(), Bytes::new());
        match self.call(DELETE, ask, 0).await {
            Err(error) if !is_code(&error, "NoSuchKey") => Err(self.failed(DELETE, key)(error)),
            _ => Ok(()),
        }
    }

    async fn put(
        &self,
        key: &str,
        bytes: Bytes,
        headers: Vec<(&'static str, String)>,
    ) -> Result<ObjectReply, CallError> {
        let size = bytes.len() as u64;
        if size > WRITE_MAX {
            let why = format!(
                "{}: {size} bytes are more than S3 takes at once",
                self.shown(key)
            );
            return Err(CallError::construction_failure(why));
        }
        let ask = Ask::object("PUT", self.path(key), headers, bytes);
        self.call(PUT, ask, size).await
    }

    async fn call(
        &self,
        operation: &'static str,
        ask: Ask,
        bytes: u64,
    ) -> Result<ObjectReply, CallError> {
        let allowed = self.attempt + Duration::from_secs(bytes / BYTES_A_SECOND);
        let endpoint = self.endpoint.clone();
        Service::S3
            .call_object(&self.session, operation, endpoint, ask, allowed)
            .await
    }

    fn path(&self, key: &str) -> String {
        let parts: Vec<String> = key.split('/').map(encoded).collect();
        format!("{}/{}", self.before, parts.join("/"))
    }

    fn shown(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    fn failed(&self, operation: &'static str, key: &str) -> impl FnOnce(CallError) -> StoreError {
        let shown = self.shown(key);
        move |error| StoreError::of_named(operation, &shown)(error)
    }
}

fn status(error: &CallError) -> Option<u16> {
    error.as_service_error().map(|refusal| refusal.status)
}

fn is_code(error: &CallError, code: &str) -> bool {
    use aws_sdk_sqs::error::ProvideErrorMetadata;
    let refusal = error.as_service_error();
    refusal.is_some_and(|refusal| refusal.code() == Some(code))
}
