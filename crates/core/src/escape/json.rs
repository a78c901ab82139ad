//! JSON on a terminal: the same value, with what cannot be seen written as escapes.

use std::borrow::Cow;
use std::fmt::Write;

use super::line::{ends_in_a_marker, is_unseen};

/// A JSON document that says the same and can be printed: within texts, what cannot be seen and what a CI runner obeys is
/// written as `\u` escapes.
pub fn json(document: &str) -> Cow<'_, str> {
    let is_fine = |c: char| c == '\n' || !is_unseen(c);
    if document.chars().all(is_fine) && !document.contains("##") {
        return Cow::Borrowed(document);
    }
    let mut out = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        match c {
            // Between texts there is no hash.
            '[' if ends_in_a_marker(&out) => out.push_str("\\u005b"),
            c if is_fine(c) => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    Cow::Owned(out)
}
