//! Lines that fit a terminal: it would break them within words.

use std::borrow::Cow;

/// A terminal that is narrower is taken for one of so many columns.
const WIDTH_MIN: usize = 40;

/// `text` with every line of more than `width` columns broken between words; what follows a break is indented below the
/// line's first word. A word longer than a line stays whole, and so do lines of JSON, which are there to be copied.
pub(super) fn fitted(text: &str, width: usize) -> Cow<'_, str> {
    let width = width.max(WIDTH_MIN);
    if text.lines().all(|line| columns(line) <= width) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        match columns(content) <= width || content.trim_start().starts_with(['{', '[']) {
            true => out.push_str(content),
            false => broken(content, width, &mut out),
        }
        out.push_str(&line[content.len()..]);
    }
    out.into()
}

fn broken(line: &str, width: usize, out: &mut String) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let mut column = 0;
    // A word, with the spaces that stand before it.
    for (index, word) in words(line).enumerate() {
        let length = columns(word);
        if index > 0 && column + length > width {
            let word = word.trim_start_matches(' ');
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent + 2));
            out.push_str(word);
            column = indent + 2 + columns(word);
        } else {
            out.push_str(word);
            column += length;
        }
    }
}

/// The words of a line, each with the spaces before it.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[spaces..]
            .find(' ')
            .map_or(rest.len(), |end| spaces + end);
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// Columns that a text takes: colors take none.
fn columns(text: &str) -> usize {
    let mut columns = 0;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' => drop(chars.by_ref().find(|char| char.is_ascii_alphabetic())),
            _ => columns += 1,
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_too_long_breaks_between_words() {
        let long = "  caution: the time-out is longer than the visibility timeout; use 12 s";
        let fitting = fitted(long, 40);
        assert_eq!(
            fitting,
            "  caution: the time-out is longer than\n    the visibility timeout; use 12 s"
        );
        assert!(fitting.lines().all(|line| line.len() <= 40));
        let exact = "x".repeat(20) + " " + &"y".repeat(19);
        assert_eq!(fitted(&exact, 40), exact, "exactly its width");
        assert_eq!(fitted(&exact, 3), exact, "no terminal is so narrow");
        let word = format!("{} {}\n", "w".repeat(50), "v".repeat(39));
        assert_eq!(fitted(&word, 40), word.replace(' ', "\n  "), "whole words");
    }

    #[test]
    fn json_and_colors_are_left_as_they_are() {
        let json = format!("  {{\"id\": \"{}\", \"more\": 1}}", "1 ".repeat(40));
        assert_eq!(fitted(&json, 40), json);
        let colored = format!("\u{1b}[1;31merror\u{1b}[0m: {}", "x".repeat(33));
        assert_eq!(fitted(&colored, 40), colored, "colors take no room");
        assert_eq!(
            fitted("\u{1b}[31ma\u{1b}[0m\n\n", 40),
            "\u{1b}[31ma\u{1b}[0m\n\n"
        );
    }
}
