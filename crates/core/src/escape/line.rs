//! The base of every format: a text on one line, of which everything can be seen and nothing is a command.

use std::borrow::Cow;
use std::fmt;

/// A text from elsewhere as it is shown: [`line()`] of it, at the width and alignment asked for.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&line(self.0))
    }
}

/// The text on one line. Control characters become their pictures (U+2400 and on), other characters that cannot be
/// seen or that turn the direction of reading become U+FFFD. Where the text could be a command to a CI runner
/// (`::error::` at the start of a word, `##[error]`, `##vso[` anywhere) a space takes its force. What has been shown
/// once stays as it is.
pub fn line(text: &str) -> Cow<'_, str> {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain && !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let c = visible(c);
        if c == '[' && ends_in_a_marker(&out) {
            out.push(' ');
        }
        out.push(c);
        if c == ':' && before.is_whitespace() && rest.peek() == Some(&':') {
            out.push(' ');
            before = ' ';
        } else {
            before = c;
        }
    }
    Cow::Owned(out)
}

/// The character itself, or what stands for it where it cannot be seen.
pub(super) fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => {
            char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        '\u{7f}' => '\u{2421}',
        c if is_unseen(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Whether a reader cannot see the character, or reads others elsewhere than they stand because of it.
pub(super) fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            // Zero-width characters and the marks of direction.
            | '\u{200b}'..='\u{200f}'
            // Separators of lines and paragraphs, embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Invisible operators, isolates and deprecated formats.
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            // Tags: letters that nobody sees.
            | '\u{e0000}'..='\u{e007f}')
}

/// Whether a bracket after this would make a marker of it: `##[`, `##vso[`, `##teamcity[`.
pub(super) fn ends_in_a_marker(text: &str) -> bool {
    let word = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    word.ends_with("##")
}
