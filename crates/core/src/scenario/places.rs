//! Where in a file a key stands: its line and its column.

use toml::de::{DeTable, DeValue};

/// A place in a text, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Position {
    /// Of the byte at `offset`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let mut end = offset.min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let before = &text[..end];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: 1 + before.matches('\n').count(),
            column: 1 + before[line_start..].chars().count(),
        }
    }
}

/// Finds keys in one file.
pub(super) struct Places<'t> {
    text: &'t str,
    table: Option<DeTable<'t>>,
}

impl<'t> Places<'t> {
    pub fn new(text: &'t str) -> Self {
        let table = DeTable::parse(text).ok();
        Self {
            text,
            table: table.map(toml::Spanned::into_inner),
        }
    }

    /// Where a key stands, given by its path: `phase[1].rate`. Of what is missing, where the table stands that lacks it;
    /// `None` for what is at the file's top, or not in it at all.
    pub fn of(&self, path: &str) -> Option<Position> {
        let mut table = self.table.as_ref()?;
        let mut item: Option<&DeValue<'_>> = None;
        let mut found = None;
        for step in steps(path)? {
            let (span, value) = match (&step, item) {
                (Step::Name(name), None) => {
                    let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name)
                    else {
                        break;
                    };
                    (key.span(), value.get_ref())
                }
                (Step::Index(index), Some(DeValue::Array(items))) => match items.get(*index) {
                    Some(value) => (value.span(), value.get_ref()),
                    None => break,
                },
                _ => break,
            };
            found = Some(span.start);
            match value {
                DeValue::Table(inner) => {
                    table = inner;
                    item = None;
                }
                other => item = Some(other),
            }
        }
        found.map(|offset| Position::of(self.text, offset))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

/// The steps of a path; `None` when it is none.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
        } else if rest.starts_with('"') {
            let mut reader = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            steps.push(Step::Name(reader.next()?.ok()?));
            rest = &rest[reader.byte_offset()..];
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            steps.push(Step::Name(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = \"x\"\n\n[[phase]]\nrate = \"1/s\"\n[[phase]]\n  rate = \"é\"\n\
[bad.set]\n\"/a.b\" = { \"c\\\"d\" = 1, \"é\" = 2, z = [1, { y = 2 }] }\n";

    #[track_caller]
    fn at(path: &str) -> Option<(usize, usize)> {
        let place = Places::new(TEXT).of(path)?;
        Some((place.line, place.column))
    }

    #[test]
    fn keys_are_found_where_they_stand() {
        assert_eq!(at("name"), Some((1, 1)));
        assert_eq!(at("phase[0].rate"), Some((4, 1)));
        assert_eq!(at("phase[1].rate"), Some((6, 3)));
        assert_eq!(at("bad.set.\"/a.b\""), Some((8, 1)));
        assert_eq!(at("bad.set.\"/a.b\".\"c\\\"d\""), Some((8, 12)));
        assert_eq!(at("bad.set.\"/a.b\".\"é\""), Some((8, 24)));
        assert_eq!(at("bad.set.\"/a.b\".z[1].y"), Some((8, 43)));
    }

    #[test]
    fn what_is_missing_is_where_it_is_missed() {
        assert_eq!(at("phase[1].duration"), Some((5, 1)));
        assert_eq!(at("bad.set.\"/a.b\".x"), Some((8, 1)));
        assert_eq!(at("question"), None);
        assert_eq!(at("--set phase.x"), None);
        assert_eq!(at("phase[7]"), Some((3, 3)));
        assert_eq!(at("a[x]"), None);
    }
}
