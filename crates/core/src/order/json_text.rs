//! Where the values of a JSON text stand, so that single ones can be replaced and the rest stays as it was written.
//!
//! In a template a placeholder may stand for a value.

use std::ops::Range;

use super::mistake::Mistake;

/// How deep values may lie.
const DEPTH_MAX: u32 = 128;

/// The values of a JSON text.
#[derive(Debug)]
pub(crate) struct Tree {
    pub root: Node,
}

/// One value.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug)]
pub(crate) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text,
    /// A number, true, false or null.
    Plain,
    /// A placeholder.
    Placeholder,
}

/// A member of an object.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name, without escapes.
    pub name: String,
    /// Where its name begins.
    pub start: usize,
    /// Its value.
    pub value: Node,
}

impl Tree {
    /// Of a template.
    ///
    /// # Errors
    /// When it is not JSON with placeholders for values.
    pub fn of_template(text: &str) -> Result<Self, Mistake> {
        Self::read(text, true)
    }

    /// Of a text that holds no placeholders.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn of_text(text: &str) -> Result<Self, Mistake> {
        Self::read(text, false)
    }

    fn read(text: &str, placeholders: bool) -> Result<Self, Mistake> {
        let mut reader = Reader {
            text,
            at: 0,
            placeholders,
        };
        let root = reader.value(0)?;
        reader.skip_space();
        match reader.at == text.len() {
            true => Ok(Self { root }),
            false => Err(reader.wrong("nothing more")),
        }
    }

    /// The value at a JSON pointer; `/` and the empty one are all of it.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        steps(pointer)?
            .iter()
            .try_fold(&self.root, |node, step| node.child(step))
    }

    /// What to cut out so that the value at a JSON pointer is gone: with its name and one comma.
    pub fn cut_at(&self, pointer: &str) -> Option<Range<usize>> {
        let steps = steps(pointer)?;
        let (last, parents) = steps.split_last()?;
        let parent = parents
            .iter()
            .try_fold(&self.root, |node, step| node.child(step))?;
        let spans: Vec<Range<usize>> = match &parent.kind {
            Kind::Object(members) => members.iter().map(|m| m.start..m.value.span.end).collect(),
            Kind::Array(items) => items.iter().map(|item| item.span.clone()).collect(),
            _ => return None,
        };
        let at = parent.position(last)?;
        // From the one before, so that the comma between them goes too; the first one up to the next.
        Some(match (at.checked_sub(1), spans.get(at + 1)) {
            (Some(before), _) => spans[before].end..spans[at].end,
            (None, Some(next)) => spans[at].start..next.start,
            (None, None) => spans[at].clone(),
        })
    }
}

impl Node {
    fn child(&self, step: &str) -> Option<&Self> {
        let at = self.position(step)?;
        match &self.kind {
            Kind::Object(members) => members.get(at).map(|member| &member.value),
            Kind::Array(items) => items.get(at),
            _ => None,
        }
    }

    /// The place of a member or an element; of names that stand twice the last, as most readers take it.
    fn position(&self, step: &str) -> Option<usize> {
        match &self.kind {
            Kind::Object(members) => members.iter().rposition(|member| member.name == step),
            Kind::Array(items) => {
                let is_index = step == "0" || !step.starts_with('0');
                let at = step.parse::<usize>().ok().filter(|_| is_index)?;
                (at < items.len()).then_some(at)
            }
            _ => None,
        }
    }

    /// Calls `each` with every value within and its JSON pointer.
    pub fn walk(&self, pointer: &str, each: &mut impl FnMut(&str, &Self)) {
        each(pointer, self);
        match &self.kind {
            Kind::Object(members) => {
                for member in members {
                    let name = member.name.replace('~', "~0").replace('/', "~1");
                    member.value.walk(&format!("{pointer}/{name}"), each);
                }
            }
            Kind::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.walk(&format!("{pointer}/{at}"), each);
                }
            }
            _ => {}
        }
    }
}

/// The steps of a JSON pointer; `/` is all of a document, as the empty pointer. Source: RFC 6901.
pub(crate) fn steps(pointer: &str) -> Option<Vec<String>> {
    if matches!(pointer, "" | "/") {
        return Some(Vec::new());
    }
    let plain = |step: &str| step.replace("~1", "/").replace("~0", "~");
    Some(pointer.strip_prefix('/')?.split('/').map(plain).collect())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    placeholders: bool,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn wrong(&self, expected: &str) -> Mistake {
        let near: String = self.rest().chars().take(16).collect();
        let found = match near.as_str() {
            "" => "it ends".to_owned(),
            near => format!("{near:?} stands"),
        };
        Mistake::new(
            format!(
                "is not JSON: {found} at byte {} where {expected} must",
                self.at
            ),
            "write JSON; a placeholder may stand for a whole value, or within quotes",
        )
    }

    fn value(&mut self, depth: u32) -> Result<Node, Mistake> {
        if depth > DEPTH_MAX {
            return Err(self.wrong(&format!("no more than {DEPTH_MAX} levels")));
        }
        self.skip_space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') if self.placeholders && self.rest().starts_with("{{") => {
                self.placeholder()?
            }
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => {
                self.text()?;
                Kind::Text
            }
            _ => self.plain()?,
        };
        Ok(Node {
            span: start..self.at,
            kind,
        })
    }

    fn placeholder(&mut self) -> Result<Kind, Mistake> {
        match self.rest().find("}}") {
            Some(length) => self.at += length + 2,
            None => return Err(self.wrong("a placeholder that is closed")),
        }
        Ok(Kind::Placeholder)
    }

    fn object(&mut self, depth: u32) -> Result<Kind, Mistake> {
        self.at += 1;
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Kind::Object(members));
        }
        loop {
            self.skip_space();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a name in quotes"));
            }
            let name = self.text()?;
            if !self.take(b':') {
                return Err(self.wrong("a colon"));
            }
            let value = self.value(depth + 1)?;
            members.push(Member { name, start, value });
            if self.take(b'}') {
                return Ok(Kind::Object(members));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or `}`"));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Result<Kind, Mistake> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Kind::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(b']') {
                return Ok(Kind::Array(items));
            }
            if !self.take(b',') {
                return Err(self.wrong("a comma or `]`"));
            }
        }
    }

    fn text(&mut self) -> Result<String, Mistake> {
        let start = self.at;
        let mut escaped = false;
        for (offset, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let quoted = &self.text[start..=start + offset];
                    let Ok(text) = serde_json::from_str(quoted) else {
                        break;
                    };
                    self.at = start + offset + 1;
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(self.wrong("a text in quotes"))
    }

    fn plain(&mut self) -> Result<Kind, Mistake> {
        let ends = |c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace();
        let length = self.rest().find(ends).unwrap_or(self.rest().len());
        let plain = &self.rest()[..length];
        match serde_json::from_str::<serde_json::Value>(plain) {
            Ok(_) => {
                self.at += length;
                Ok(Kind::Plain)
            }
            Err(_) => Err(self.wrong("a value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str =
        r#"{"a": {{x}}, "b": {"c/d": [1, "{{y}} \" }", {{z}}], "e": null}, "f": true}"#;

    #[track_caller]
    fn text_at(pointer: &str) -> Option<&'static str> {
        let tree = Tree::of_template(BODY).expect("a template");
        tree.at(pointer).map(|node| &BODY[node.span.clone()])
    }

    #[test]
    fn every_value_is_found_where_it_stands() {
        assert_eq!(text_at("/a"), Some("{{x}}"));
        assert_eq!(text_at("/b/c~1d/0"), Some("1"));
        assert_eq!(text_at("/b/c~1d/1"), Some(r#""{{y}} \" }""#));
        assert_eq!(text_at("/b/c~1d/2"), Some("{{z}}"));
        assert_eq!(text_at("/f"), Some("true"));
        assert_eq!(text_at("/"), Some(BODY));
        for nothing in ["/g", "/b/c~1d/3", "/b/c~1d/01", "/a/x", "b", "/b/"] {
            assert_eq!(text_at(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_cut_out_leaves_json() {
        let without = |text: &str, pointer: &str| {
            let tree = Tree::of_text(text).expect("JSON");
            let span = tree.cut_at(pointer)?;
            let mut left = text.to_owned();
            left.replace_range(span, "");
            serde_json::from_str::<serde_json::Value>(&left).expect("still JSON");
            Some(left)
        };
        let text = r#"{ "a" : 1 , "b": [1, 2],"c":{"d":3} }"#;
        for (pointer, left) in [
            ("/a", r#"{ "b": [1, 2],"c":{"d":3} }"#),
            ("/b", r#"{ "a" : 1,"c":{"d":3} }"#),
            ("/c", r#"{ "a" : 1 , "b": [1, 2] }"#),
            ("/c/d", r#"{ "a" : 1 , "b": [1, 2],"c":{} }"#),
            ("/b/0", r#"{ "a" : 1 , "b": [2],"c":{"d":3} }"#),
            ("/b/1", r#"{ "a" : 1 , "b": [1],"c":{"d":3} }"#),
        ] {
            assert_eq!(without(text, pointer).as_deref(), Some(left), "{pointer}");
        }
        assert_eq!(without(text, "/d"), None);
        assert_eq!(without(text, "/"), None);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_goes_wrong() {
        for (text, at) in [
            (r#"{"a": }"#, "byte 6"),
            (r#"{"a" 1}"#, "a colon"),
            (r#"{"a": 1"#, "it ends"),
            (r#"{"a": {{x}}5}"#, "a comma"),
            (r#"{a: 1}"#, "a name in quotes"),
            (r#"{"a": 1,}"#, "a name in quotes"),
            (r#"[1 2]"#, "a comma"),
            (r#"{"a": "x}"#, "a text in quotes"),
            (r#"{"a": 01}"#, "a value"),
            (r#"{"a": {{x}"#, "closed"),
            ("{} {}", "nothing more"),
            ("", "it ends"),
        ] {
            let rule = Tree::of_template(text).expect_err(text).rule;
            assert!(rule.contains(at), "{text}: {rule}");
        }
        assert!(Tree::of_text(r#"{"a": {{x}}}"#).is_err(), "no template");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Tree::of_text(&deep).is_err());
    }
}
