//! Words on lines of a width, in their colors.

use std::borrow::Cow;
use std::fmt::Write;

use anstyle::Style;

/// A text in a color.
pub(super) struct Piece<'a> {
    pub text: Cow<'a, str>,
    pub style: Style,
}

/// Where the next word goes.
pub(super) struct Flow<'a> {
    out: &'a mut String,
    column: usize,
    indent: usize,
    width: usize,
    /// Nothing stands on the line yet.
    fresh: bool,
}

impl<'a> Flow<'a> {
    /// From `column` on; further lines begin at `indent`, and none is longer than `width` as long as its words allow.
    pub(super) fn new(out: &'a mut String, column: usize, indent: usize, width: usize) -> Self {
        Self {
            out,
            column,
            indent,
            width,
            fresh: true,
        }
    }

    /// Writes the pieces one after the other; a line breaks only at their spaces, never between two that touch.
    pub(super) fn pieces(&mut self, pieces: &[Piece<'_>]) {
        // The parts of a word, and how many spaces stand before it.
        let mut word: Vec<(&str, Style)> = Vec::new();
        let mut spaces = 0;
        for piece in pieces {
            let mut rest = piece.text.as_ref();
            while !rest.is_empty() {
                let blank = rest.len() - rest.trim_start_matches(' ').len();
                if blank > 0 {
                    self.word(&mut word, spaces);
                    spaces = if self.fresh { 0 } else { blank };
                    rest = &rest[blank..];
                    continue;
                }
                let end = rest.find(' ').unwrap_or(rest.len());
                word.push((&rest[..end], piece.style));
                rest = &rest[end..];
            }
        }
        self.word(&mut word, spaces);
    }

    fn word(&mut self, parts: &mut Vec<(&str, Style)>, spaces: usize) {
        if parts.is_empty() {
            return;
        }
        let length: usize = parts.iter().map(|(text, _)| text.chars().count()).sum();
        if !self.fresh && self.column + spaces + length > self.width {
            let _ = write!(self.out, "\n{:1$}", "", self.indent);
            self.column = self.indent;
        } else if !self.fresh {
            let _ = write!(self.out, "{:spaces$}", "");
            self.column += spaces;
        }
        for (text, style) in parts.drain(..) {
            let _ = write!(self.out, "{style}{text}{style:#}");
        }
        self.column += length;
        self.fresh = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flowed(texts: &[&str], from: usize, indent: usize, width: usize) -> String {
        let mut out = " ".repeat(from);
        let pieces: Vec<_> = texts
            .iter()
            .map(|&text| Piece {
                text: text.into(),
                style: Style::new(),
            })
            .collect();
        Flow::new(&mut out, from, indent, width).pieces(&pieces);
        out
    }

    #[test]
    fn lines_break_between_words_and_never_within_one() {
        for (texts, expected, why) in [
            (&["one two three"][..], "one two\n  three", "at a space"),
            (&["one  two"], "one  two", "spaces within a line stay"),
            (
                &["one ", "two", ", three"],
                "one two,\n  three",
                "pieces that touch stay together",
            ),
            (
                &["a-word-that-is-too-long b"],
                "a-word-that-is-too-long\n  b",
                "a word is never broken",
            ),
            (&["12345678"], "12345678", "exactly the width"),
        ] {
            assert_eq!(flowed(texts, 0, 2, 8), expected, "{why}");
        }
        assert_eq!(flowed(&["a b"], 6, 6, 7), "      a\n      b");
    }
}
