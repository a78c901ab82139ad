//! A terminal, and the log of a CI job: the last wall before what the commands print.

use std::borrow::Cow;

use super::line::{ends_in_a_marker, is_unseen, visible};

/// A text of several lines without what a terminal obeys, but its line ends and, with `color`, colors; no line of it is a
/// command to a CI runner.
pub fn terminal(text: &str, color: bool) -> Cow<'_, str> {
    if text.split('\n').all(is_harmless) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<_> = text.split('\n').map(|line| one_line(line, color)).collect();
    Cow::Owned(lines.join("\n"))
}

fn is_harmless(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !line.trim_start().starts_with("::")
        && !line.contains("##")
}

fn one_line(line: &str, color: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    // Until something other than blanks and colors has been written.
    let mut at_start = true;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let paint = match color {
            true => color_sequence(rest),
            false => 0,
        };
        if paint > 0 {
            out.push_str(&rest[..paint]);
            rest = &rest[paint..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match visible(c) {
            '[' if ends_in_a_marker(&out) => out.push_str(" ["),
            ':' if at_start && rest.starts_with(':') => out.push_str(": "),
            c => out.push(c),
        }
        at_start &= c.is_whitespace() || c == ':' || is_unseen(c);
    }
    out
}

/// Bytes of the color that this begins with (`ESC [ 1 ; 31 m`), 0 if it begins with something else.
fn color_sequence(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let numbers = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    match numbers.starts_with('m') && numbers.len() < rest.len() {
        true => text.len() - numbers.len() + 1,
        false => 0,
    }
}
