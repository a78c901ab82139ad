//! XML 1.0, which has no place for most control characters, not even escaped.

/// A text of an element or an attribute, line by line without what XML 1.0 has no place for and what cannot be seen; the
/// writer of the document escapes its markup.
pub fn xml(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(super::line).collect();
    lines.join("\n")
}
