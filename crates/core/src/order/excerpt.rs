//! Texts from outside, as evidence may quote them: short, and without a character that a terminal obeys.

/// Characters of an excerpt, the mark of what was left out included.
const CHARACTERS_MAX: usize = 64;

/// The beginning of `text` with control characters and other invisible ones spelled out. Of an excerpt it
/// gives the same excerpt.
pub fn excerpt(text: &str) -> String {
    let mut out = String::new();
    let mut count = 0;
    for c in text.chars() {
        let shown = shown(c);
        let length = shown.chars().count();
        if count + length > CHARACTERS_MAX {
            let keep = CHARACTERS_MAX - 1;
            out = out.chars().take(keep).collect();
            out.push('…');
            return out;
        }
        out.push_str(&shown);
        count += length;
    }
    out
}

/// Quotes and backslashes stand for themselves: an excerpt is for reading, not for parsing.
fn shown(c: char) -> String {
    match c {
        '"' | '\'' | '\\' => c.to_string(),
        c => c.escape_debug().collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        assert_eq!(excerpt("\"zTV\" is 5 €"), "\"zTV\" is 5 €");
        assert_eq!(excerpt("\u{1b}[31m\r\n\0"), "\\u{1b}[31m\\r\\n\\0");
        assert_eq!(excerpt("a\u{202e}b\u{feff}"), "a\\u{202e}b\\u{feff}");
        assert_eq!(excerpt(&"x".repeat(64)), "x".repeat(64), "just fits");
        let cut = excerpt(&"x".repeat(65));
        assert_eq!(cut, format!("{}…", "x".repeat(63)));
    }

    proptest! {
        #[test]
        fn an_excerpt_is_short_visible_and_its_own_excerpt(text in any::<String>()) {
            let short = excerpt(&text);
            prop_assert!(short.chars().count() <= CHARACTERS_MAX);
            prop_assert!(!short.chars().any(char::is_control));
            prop_assert_eq!(excerpt(&short), short);
        }
    }
}
