//! Where templates are written: to a text, to bytes, or to a message's body and its escaped form at once.

/// What texts can be appended to.
pub trait Sink {
    /// Appends a text.
    fn put(&mut self, text: &str);

    /// Appends a text whose escaped form is known.
    fn put_literal(&mut self, literal: &Literal) {
        self.put(&literal.text);
    }
}

/// A text of a template, escaped once, when the template is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    pub(super) text: String,
    escaped: String,
}

impl Literal {
    pub(super) fn new(text: &str) -> Self {
        let mut escaped = String::new();
        put_escaped(text, &mut escaped);
        Self {
            text: text.to_owned(),
            escaped,
        }
    }
}

/// Texts, and beside them the same as they stand between the quotes of a JSON text: what a request carries.
#[derive(Debug, Clone, Default)]
pub struct EscapedText {
    plain: Vec<u8>,
    escaped: Vec<u8>,
}

impl EscapedText {
    /// Bytes of what was appended, and of its escaped form.
    pub fn lengths(&self) -> [usize; 2] {
        [self.plain.len(), self.escaped.len()]
    }

    /// What was appended.
    pub fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The same, escaped.
    pub fn escaped(&self) -> &[u8] {
        &self.escaped
    }

    /// Takes back what was appended since it had these lengths.
    pub fn truncate(&mut self, [plain, escaped]: [usize; 2]) {
        self.plain.truncate(plain);
        self.escaped.truncate(escaped);
    }
}

impl Sink for EscapedText {
    fn put(&mut self, text: &str) {
        self.plain.put(text);
        put_escaped(text, &mut self.escaped);
    }

    fn put_literal(&mut self, literal: &Literal) {
        self.plain.put(&literal.text);
        self.escaped.put(&literal.escaped);
    }
}

/// Holds what is appended against a text, without memory of its own.
#[derive(Debug, Clone)]
pub(super) struct Matching<'t> {
    rest: &'t [u8],
    differs: bool,
}

impl<'t> Matching<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            rest: text.as_bytes(),
            differs: false,
        }
    }

    /// Whether what was appended is the text, whole.
    pub(super) fn is_whole(&self) -> bool {
        !self.differs && self.rest.is_empty()
    }
}

impl Sink for Matching<'_> {
    fn put(&mut self, text: &str) {
        match self.rest.strip_prefix(text.as_bytes()) {
            Some(rest) => self.rest = rest,
            None => self.differs = true,
        }
    }
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

        #[test]
        fn both_forms_hold_the_same_text(parts in proptest::collection::vec(any::<String>(), 0..5)) {
            let mut both = EscapedText::default();
            for (at, part) in parts.iter().enumerate() {
                match at % 2 {
                    0 => both.put(part),
                    _ => both.put_literal(&Literal::new(part)),
                }
            }
            let whole = parts.concat();
            let json = format!("\"{}\"", std::str::from_utf8(both.escaped()).unwrap());
            prop_assert_eq!(both.plain(), whole.as_bytes());
            prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(whole));
        }
    }
}
