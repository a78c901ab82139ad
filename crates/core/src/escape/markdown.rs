//! Markdown as GitHub shows it: a text that is no markup.

use super::line;

/// Characters of one text at most.
const TEXT_MAX: usize = 1_000;

/// A text that stays in its line and its table cell, is no markup but code spans, and has an end.
pub fn cell(text: &str) -> String {
    let text = line(text);
    let mut out = String::with_capacity(text.len().min(TEXT_MAX) + 16);
    let mut within_code = false;
    let mut before = ' ';
    for c in text.chars().take(TEXT_MAX) {
        match c {
            // A run of them would have to be closed by as long a run.
            '`' if before == '`' => {}
            '`' => {
                within_code = !within_code;
                out.push(c);
            }
            '|' => out.push_str("\\|"),
            '<' if !within_code => out.push_str("&lt;"),
            '&' if !within_code => out.push_str("&amp;"),
            '*' | '~' if !within_code => out.extend(['\\', c]),
            '\\' => out.push_str("\\\\"),
            // Without these two there is no link and no picture.
            '(' | '[' if before == ']' => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    if within_code {
        out.push('`');
    }
    if text.chars().nth(TEXT_MAX).is_some() {
        out.push_str("... (cut here; run.json holds all of it)");
    }
    out
}

/// A name as a code span. Within it nothing is markup, and no entity is understood.
pub fn code(text: &str) -> String {
    cell(&format!("`{}`", text.replace(['`', '\\'], "'")))
}
