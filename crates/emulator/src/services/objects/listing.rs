//! Lists of buckets and of objects.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::store::Store;
use super::{escaped, written};
use crate::services::refusal::ServiceError;
use crate::services::time::Instant;

/// Keys and common prefixes in one page. Source: Amazon S3 API Reference, ListObjectsV2.
const KEYS_MAX: usize = 1_000;
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// All buckets.
pub(super) fn buckets(names: &[String], since: Instant) -> String {
    let mut xml = format!("{HEAD}<ListAllMyBucketsResult xmlns=\"{NAMESPACE}\"><Buckets>");
    for name in names {
        let _ = write!(
            xml,
            "<Bucket><Name>{}</Name><CreationDate>{}</CreationDate></Bucket>",
            escaped(name),
            since.iso()
        );
    }
    xml.push_str("</Buckets></ListAllMyBucketsResult>");
    xml
}

/// What is asked of a list, and the page that grows.
struct Page<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    most: usize,
    is_encoded: bool,
    contents: String,
    prefixes: Vec<String>,
    count: usize,
    /// The last key or common prefix that stands in the page.
    last: String,
    is_truncated: bool,
}

/// A page of a bucket's objects.
pub(super) fn page(
    store: &Store,
    bucket: &str,
    query: &BTreeMap<String, String>,
) -> Result<String, ServiceError> {
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let invalid = |message: &str| ServiceError::new("InvalidArgument", 400, message);
    let most = match query.get("max-keys") {
        Some(most) => most
            .parse()
            .map_err(|_| invalid("max-keys is no number."))?,
        None => KEYS_MAX,
    };
    let after = match query.get("continuation-token") {
        Some(token) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| invalid("The continuation token provided is incorrect"))?,
        None => text("start-after").to_owned(),
    };
    let mut page = Page {
        prefix: text("prefix"),
        delimiter: text("delimiter"),
        most: KEYS_MAX.min(most),
        is_encoded: text("encoding-type") == "url",
        contents: String::new(),
        prefixes: Vec::new(),
        count: 0,
        last: String::new(),
        is_truncated: false,
    };
    store.look(bucket, |objects| {
        let from = (Bound::Included(page.prefix.to_owned()), Bound::Unbounded);
        for (key, object) in objects.range::<String, _>(from) {
            let Some(rest) = key.strip_prefix(page.prefix) else {
                break;
            };
            let shared = match page.delimiter {
                "" => None,
                delimiter => rest.find(delimiter).map(|at| {
                    key[..page.prefix.len() + at + delimiter.len()].to_owned()
                }),
            };
            let told = shared.as_ref().unwrap_or(key);
            if *told <= after || page.prefixes.last() == Some(told) {
                continue;
            }
            if page.count >= page.most {
                page.is_truncated = page.most > 0;
                break;
            }
            page.count += 1;
            page.last = told.clone();
            match shared {
                Some(shared) => page.prefixes.push(shared),
                None => {
                    let _ = write!(
                        page.contents,
                        "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>\
                         <StorageClass>STANDARD</StorageClass></Contents>",
                        written(key, page.is_encoded),
                        object.modified.iso(),
                        escaped(&object.etag),
                        object.body.len()
                    );
                }
            }
        }
    });
    Ok(page.xml(bucket, query))
}

impl Page<'_> {
    fn xml(self, bucket: &str, query: &BTreeMap<String, String>) -> String {
        let encoded = self.is_encoded;
        let mut xml = format!(
            "{HEAD}<ListBucketResult xmlns=\"{NAMESPACE}\"><Name>{}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount>\
             <MaxKeys>{}</MaxKeys><IsTruncated>{}</IsTruncated>",
            escaped(bucket),
            written(self.prefix, encoded),
            self.count,
            self.most,
            self.is_truncated
        );
        if !self.delimiter.is_empty() {
            let _ = write!(
                xml,
                "<Delimiter>{}</Delimiter>",
                written(self.delimiter, encoded)
            );
        }
        if encoded {
            xml.push_str("<EncodingType>url</EncodingType>");
        }
        for (name, element) in [
            ("continuation-token", "ContinuationToken"),
            ("start-after", "StartAfter"),
        ] {
            if let Some(value) = query.get(name) {
                let value = written(value, encoded && name == "start-after");
                let _ = write!(xml, "<{element}>{value}</{element}>");
            }
        }
        if self.is_truncated {
            let token = URL_SAFE_NO_PAD.encode(&self.last);
            let _ = write!(
                xml,
                "<NextContinuationToken>{token}</NextContinuationToken>"
            );
        }
        xml.push_str(&self.contents);
        for prefix in &self.prefixes {
            let prefix = written(prefix, encoded);
            let _ = write!(
                xml,
                "<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>"
            );
        }
        xml.push_str("</ListBucketResult>");
        xml
    }
}
