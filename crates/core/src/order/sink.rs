//! Where templates are written: to a text, or to the bytes of a message.

/// What texts can be appended to.
pub trait Sink {
    /// Appends a text.
    fn put(&mut self, text: &str);
}

impl Sink for String {
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

/// Appends `text` as it stands between the quotes of a JSON text.
pub fn put_escaped(text: &str, out: &mut impl Sink) {
    // Without a branch for each byte, since most texts need no escape.
    let needs_one = |byte: u8| byte < 0x20 || matches!(byte, b'"' | b'\\' | 0x7f);
    if !text.bytes().fold(false, |any, byte| any | needs_one(byte)) {
        return out.put(text);
    }
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 | 0x7f => "",
            _ => continue,
        };
        out.put(&text[plain..at]);
        match short {
            "" => out.put(&format!("\\u{byte:04x}")),
            short => out.put(short),
        }
        plain = at + 1;
    }
    out.put(&text[plain..]);
}

/// Appends `text` as a JSON text, with its quotes.
pub fn put_quoted(text: &str, out: &mut impl Sink) {
    out.put("\"");
    put_escaped(text, out);
    out.put("\"");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(text in any::<String>()) {
            let mut out = String::new();
            put_quoted(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).ok(), Some(text));
        }
    }
}
