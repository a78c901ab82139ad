//! Values that are used and never kept: a function's own environment, and what stands before the `@` of a URL.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What stands for a value that is not kept, in files and on the terminal.
pub const NOT_KEPT: &str = "(not kept)";

/// A value that may be a password: whoever writes it down, as JSON or in an error, writes [`NOT_KEPT`].
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for the process that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_KEPT)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(NOT_KEPT)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl schemars::JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }

    fn inline_schema() -> bool {
        true
    }
}

/// `text` without what stands between `://` and `@` in its URLs.
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    if !text.contains('@') || !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | ',');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let url = &after[..after.find(ends).unwrap_or(after.len())];
        // A password may hold an unescaped slash or @: everything up to the last one goes.
        let userinfo = url.rfind('@').map_or(0, |at| at + 1);
        rest = &after[userinfo..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Arguments of a command without the userinfo of their URLs.
pub(super) fn serialize_arguments<S: Serializer>(
    arguments: &[String],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(arguments.iter().map(|argument| without_userinfo(argument)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_nowhere_and_read_from_older_files() {
        let secret = Secret::from("hunter2".to_owned());
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(format!("{secret:?}"), NOT_KEPT);
        assert_eq!(
            serde_json::to_string(&secret).expect("text"),
            "\"(not kept)\""
        );
        let old: Secret = serde_json::from_str("\"hunter2\"").expect("as 0.3.0 wrote it");
        assert_eq!(old, secret);
    }

    #[test]
    fn userinfo_is_taken_out_of_urls_and_nothing_else() {
        for (text, without) in [
            ("http://user:pw@host:1/x", "http://host:1/x"),
            (
                "at http://u:p@a, then https://v:q@b",
                "at http://a, then https://b",
            ),
            ("http://u:p/w@host", "http://host"),
            (
                "{endpoint_url=\"http://u:p@host\"}",
                "{endpoint_url=\"http://host\"}",
            ),
            (
                "http://host/a and me@example.com",
                "http://host/a and me@example.com",
            ),
            ("me@example.com", "me@example.com"),
            ("http://127.0.0.1:1", "http://127.0.0.1:1"),
        ] {
            assert_eq!(without_userinfo(text), without);
        }
    }
}
