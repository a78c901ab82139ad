//! A function's own words are a stranger's: they are kept as one printable line of bounded length.

/// The longest reason kept, in characters.
const REASON_MAX: usize = 300;

/// The first line of a stranger's text that says something, as it is kept of a failure.
pub(crate) fn reason(text: &str) -> String {
    let mut lines = text.lines().map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    printable(line, REASON_MAX)
}

/// A text without anything that a terminal would obey or that hides what stands there, cut at `most` characters.
pub(crate) fn printable(text: &str, most: usize) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        // Marks that turn or hide text.
        '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    };
    text.chars().map(shown).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_words_are_one_printable_line_of_bounded_length() {
        let cases = [
            ("KeyError: 'x'\n  at handler", "KeyError: 'x'"),
            ("\n \n\tno\tprice ", "no price"),
            (
                "\u{1b}[31mred\u{7}\u{202e}",
                "\u{fffd}[31mred\u{fffd}\u{fffd}",
            ),
            ("::error::\rgone", "::error::\u{fffd}gone"),
            ("", ""),
            ("größer", "größer"),
        ];
        for (text, expected) in cases {
            assert_eq!(reason(text), expected, "{text:?}");
        }
        assert_eq!(reason(&"ü".repeat(2_000)), "ü".repeat(REASON_MAX));
    }
}
