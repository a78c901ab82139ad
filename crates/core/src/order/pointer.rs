//! JSON pointers (RFC 6901), with `/` alone for the whole document and `{{at}}` for a place in a list.

use std::borrow::Cow;
use std::fmt;

/// What stands for the number of the element a row is of.
const AT: &str = "{{at}}";

/// Steps of one pointer.
const PARTS_MAX: usize = super::json::DEPTH_MAX as usize;

/// A place in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    parts: Vec<Part>,
}

/// One step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A field's name, or an element's number.
    Name(String),
    /// The element that a row is of.
    At,
}

impl Pointer {
    /// Reads a pointer: `/` is the whole document, `/lines/0/sku` the field `sku` of the first of `lines`; `~1` stands
    /// for `/` and `~0` for `~` within a name.
    ///
    /// # Errors
    /// What is wrong with it, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(format!(
                "`{}` is not a JSON pointer: begin it with `/`, as in `/lines/0/sku`; `/` alone is the whole order",
                super::excerpt(text)
            ));
        };
        let parts = match rest {
            "" => Vec::new(),
            rest => rest.split('/').map(part).collect::<Result<_, _>>()?,
        };
        if parts.len() > PARTS_MAX {
            return Err(format!("it has more than {PARTS_MAX} steps"));
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// What is left of it after so many steps.
    pub(super) fn from(&self, step: usize) -> Self {
        Self {
            text: self.text.clone(),
            parts: self.parts.iter().skip(step).cloned().collect(),
        }
    }

    /// Whether it is the whole document.
    pub fn is_whole(&self) -> bool {
        self.parts.is_empty()
    }

    /// The name of the field it is, where it is a field of the document itself.
    pub fn top_level(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Name(name)] => Some(name),
            _ => None,
        }
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Part {
    /// The field it names, `at` being the element a row is of.
    pub(super) fn name(&self, at: u32) -> Cow<'_, str> {
        match self {
            Self::Name(name) => Cow::Borrowed(name),
            Self::At => Cow::Owned(at.to_string()),
        }
    }

    /// The element it names: digits without zeros before them, as RFC 6901 has it.
    pub(super) fn index(&self, at: u32) -> Option<usize> {
        let name = match self {
            Self::At => return usize::try_from(at).ok(),
            Self::Name(name) => name,
        };
        let plain = name == "0" || !name.starts_with('0');
        let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        (plain && digits).then(|| name.parse().ok()).flatten()
    }
}

fn part(text: &str) -> Result<Part, String> {
    if text == AT {
        return Ok(Part::At);
    }
    let mut name = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '~' => match rest.next() {
                Some('0') => name.push('~'),
                Some('1') => name.push('/'),
                _ => {
                    return Err(format!(
                        "`~` in `{}` stands before neither 0 nor 1: write `~0` for `~` and `~1` for `/`",
                        super::excerpt(text)
                    ));
                }
            },
            c => name.push(c),
        }
    }
    Ok(Part::Name(name))
}

#[cfg(test)]
mod tests {
    use super::super::json::Json;
    use super::*;

    #[test]
    fn the_pointers_of_rfc_6901_find_what_they_must() {
        let text = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#;
        let document = Json::read(text).unwrap();
        let found = |pointer: &str| {
            let pointer = Pointer::parse(pointer).unwrap();
            document
                .at(&pointer, 1)
                .map(|value| value.text().to_owned())
        };
        for (pointer, expected) in [
            ("/", Some(text)),
            ("/foo", Some("[\"bar\", \"baz\"]")),
            ("/foo/0", Some("\"bar\"")),
            ("/foo/{{at}}", Some("\"baz\"")),
            ("/a~1b", Some("1")),
            ("/c%d", Some("2")),
            ("/e^f", Some("3")),
            ("/g|h", Some("4")),
            ("/i\\j", Some("5")),
            ("/k\"l", Some("6")),
            ("/ ", Some("7")),
            ("/m~0n", Some("8")),
            ("/foo/2", None),
            ("/foo/00", None),
            ("/foo/-", None),
            ("/foo/+1", None),
            ("/foo/0/x", None),
            ("/Foo", None),
            ("/foo/18446744073709551616", None),
        ] {
            assert_eq!(found(pointer).as_deref(), expected, "{pointer}");
        }
    }

    #[test]
    fn what_is_no_pointer_says_what_to_write() {
        for (text, part) in [
            ("", "begin it with `/`"),
            ("foo", "begin it with `/`"),
            ("/a~2", "write `~0`"),
            ("/a~", "write `~0`"),
            (&"/a".repeat(65), "more than 64 steps"),
        ] {
            let error = Pointer::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_found_twice() {
        let document = Json::read(r#"{"a": {"b": 1, "b": 2}, "a": {"b": 3}}"#).unwrap();
        let pointer = Pointer::parse("/a/b").unwrap();
        let found: Vec<_> = document
            .all_at(&pointer, 0)
            .iter()
            .map(|value| value.text())
            .collect();
        assert_eq!(found, ["1", "2", "3"]);
        assert_eq!(document.at(&pointer, 0).unwrap().text(), "1");
        assert_eq!(
            Pointer::parse("/order_number").unwrap().top_level(),
            Some("order_number")
        );
        assert_eq!(pointer.top_level(), None);
    }
}
