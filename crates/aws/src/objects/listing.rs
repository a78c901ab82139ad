//! A page of the list of a bucket's objects.

use crate::xml::{Read, of_root, once, texts, wrong};

/// An object, as a list of them says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its whole key.
    pub key: String,
    /// Its length.
    pub bytes: u64,
    /// Its version, as S3 calls it.
    pub etag: String,
}

/// A page of a list.
pub(super) struct Listing {
    pub(super) objects: Vec<Listed>,
    /// The token with which the next page is asked for.
    pub(super) next: Option<String>,
}

impl Listing {
    /// Reads S3's reply to ListObjectsV2. A list that is cut short is none.
    pub(super) fn read(text: &str) -> Read<Self> {
        let (mut next, mut truncated) = (None, None);
        let mut objects = Vec::new();
        of_root(text, "ListBucketResult", |tag| {
            match tag.start_el().local() {
                "IsTruncated" => once(&mut truncated, tag)?,
                "NextContinuationToken" => once(&mut next, tag)?,
                "Contents" => {
                    let [key, size, etag] = texts(tag, ["Key", "Size", "ETag"])?;
                    let bytes = size.and_then(|size| size.parse().ok());
                    match (key, bytes, etag) {
                        (Some(key), Some(bytes), Some(etag)) => {
                            objects.push(Listed { key, bytes, etag });
                        }
                        _ => return wrong("an object without its key, size or version"),
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        match (truncated.as_deref(), next) {
            (Some("false"), _) => Ok(Self {
                objects,
                next: None,
            }),
            (Some("true"), Some(next)) if !next.is_empty() => Ok(Self {
                objects,
                next: Some(next),
            }),
            _ => wrong("it does not tell whether there is more"),
        }
    }
}
