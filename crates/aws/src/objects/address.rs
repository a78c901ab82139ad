//! `s3://bucket/prefix`, as people write it.

use std::fmt;

/// The longest prefix, bytes: names of up to 1,024 bytes are S3's limit, and some are appended.
const PREFIX_MAX: usize = 512;

/// A bucket, and what the names of objects in it begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectsAt {
    bucket: String,
    prefix: String,
}

impl ObjectsAt {
    /// What `text` begins with.
    pub const SCHEME: &'static str = "s3://";

    /// Reads `s3://bucket/prefix`. A slash at the end says nothing.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix(Self::SCHEME)
            .ok_or("it does not begin with s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if !is_bucket(bucket) {
            return Err(format!(
                "{bucket:?} is not a valid bucket name: 3 to 63 lower-case letters, digits, hyphens and dots"
            ));
        }
        if prefix.is_empty() {
            return Err(
                "it names no prefix: write s3://BUCKET/PREFIX, with a separate prefix for each run"
                    .into(),
            );
        }
        if prefix.len() > PREFIX_MAX || !is_plain_key(prefix) {
            return Err(format!(
                "{prefix:?} is not a valid prefix: letters, digits and - _ . = between single slashes, at most {PREFIX_MAX} \
                 bytes"
            ));
        }
        Ok(Self {
            bucket: bucket.into(),
            prefix: prefix.into(),
        })
    }

    /// The bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What comes before all names, without the slash between.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of the object called `name` here.
    pub fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }
}

impl fmt::Display for ObjectsAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", Self::SCHEME, self.bucket, self.prefix)
    }
}

fn is_bucket(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (3..=63).contains(&name.len())
        && name.chars().all(legal)
        && edge(name.chars().next())
        && edge(name.chars().last())
        && !name.contains("..")
}

/// Whether a key can be a path below a folder as it is: of plain letters, and without empty parts, `.` and `..`.
pub fn is_plain_key(key: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_.=".contains(c);
    let part = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(legal);
    key.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        for (text, bucket, prefix) in [
            ("s3://runs/sale-1", "runs", "sale-1"),
            ("s3://my.runs/a/b=c/d_1.2/", "my.runs", "a/b=c/d_1.2"),
        ] {
            let at = ObjectsAt::parse(text).expect(text);
            assert_eq!((at.bucket(), at.prefix()), (bucket, prefix), "{text}");
            assert_eq!(at.to_string(), text.trim_end_matches('/'));
            assert_eq!(at.key("ready/0"), format!("{prefix}/ready/0"));
        }
        for (text, why) in [
            ("/shared/run", "s3://"),
            ("s3://runs", "no prefix"),
            ("s3://runs/", "no prefix"),
            ("s3://Runs/a", "not a valid bucket name"),
            ("s3://ab/a", "not a valid bucket name"),
            ("s3://-runs/a", "not a valid bucket name"),
            ("s3://runs/a//b", "not a valid prefix"),
            ("s3://runs/../b", "not a valid prefix"),
            ("s3://runs/a b", "not a valid prefix"),
            ("s3://runs/a?x", "not a valid prefix"),
        ] {
            let told = ObjectsAt::parse(text).expect_err(text);
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
