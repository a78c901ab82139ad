//! The confirmation before anything is done to what is not on loopback, or sent to where a file says.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use super::{Error, Output, screen};
use crate::escape::Shown;
use crate::run::Question;

/// Shows the facts on standard error and asks, unless `--yes` was given.
///
/// # Errors
/// [`Error::Refused`] when another word is typed, or nobody is there to type one.
pub fn confirm(question: Question<'_>, output: &Output) -> Result<(), Error> {
    if screen::says_objects() {
        // A program reads this: it cannot type.
        let mut shown = Vec::new();
        let answer = ask(question, None, &mut shown);
        String::from_utf8_lossy(&shown)
            .lines()
            .for_each(|fact| screen::say("note", fact));
        return answer;
    }
    let terminal = stdin().is_terminal() && output.stderr_is_terminal();
    let mut typed = stdin().lock();
    let typed = terminal.then_some(&mut typed as &mut dyn BufRead);
    ask(question, typed, &mut stderr())
}

/// The same of any reader, which is absent when there is no terminal.
fn ask(
    question: Question<'_>,
    typed: Option<&mut dyn BufRead>,
    shown: &mut dyn Write,
) -> Result<(), Error> {
    for fact in question.facts {
        // Who cannot be shown the facts cannot confirm them; `--yes` needs nobody to look.
        let written = writeln!(shown, "{}", Shown(fact));
        if written.is_err() && !question.yes {
            return Err(Error::refused(
                "not confirmed: the facts cannot be shown on standard error",
            ));
        }
    }
    if question.yes {
        return Ok(());
    }
    let Some(typed) = typed else {
        return Err(Error::refused(question.unasked));
    };
    let mut line = String::new();
    let asked =
        write!(shown, "Type {} to go on: ", Shown(question.word)).and_then(|()| shown.flush());
    let read = asked.and_then(|()| typed.read_line(&mut line));
    match read {
        Ok(_) if line.trim() == question.word => Ok(()),
        Ok(_) => Err(Error::refused(format!(
            "not confirmed: {} was not typed",
            question.word
        ))),
        Err(error) => Err(Error::refused(format!("no answer could be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::OFF_LOOPBACK;

    fn asked(yes: bool, typed: Option<&str>) -> (Result<(), Error>, String) {
        let facts = [
            "account 123456789012".to_owned(),
            "region eu-west-1".to_owned(),
        ];
        let question = Question {
            facts: &facts,
            word: "123456789012",
            yes,
            unasked: OFF_LOOPBACK,
        };
        let mut shown = Vec::new();
        let mut bytes = typed.unwrap_or_default().as_bytes();
        let reader = typed.is_some().then_some(&mut bytes as &mut dyn BufRead);
        let answer = ask(question, reader, &mut shown);
        (answer, String::from_utf8(shown).expect("text"))
    }

    #[test]
    fn only_the_word_itself_or_yes_confirms() {
        let cases = [
            (true, None, true, "--yes without a terminal"),
            (true, Some("no\n"), true, "--yes asks nobody"),
            (false, Some("123456789012\n"), true, "the word"),
            (
                false,
                Some(" 123456789012 "),
                true,
                "blanks and no end of line",
            ),
            (false, None, false, "nobody is there"),
            (false, Some(""), false, "the end of the input"),
            (false, Some("\n"), false, "an empty line"),
            (false, Some("yes\n"), false, "another word"),
            (false, Some("12345678901\n"), false, "not all of it"),
            (false, Some("no\n123456789012\n"), false, "the second line"),
        ];
        for (yes, typed, confirmed, why) in cases {
            let (answer, shown) = asked(yes, typed);
            assert_eq!(answer.is_ok(), confirmed, "{why}");
            assert!(
                shown.starts_with("account 123456789012\nregion eu-west-1\n"),
                "{why}"
            );
            if let Err(error) = answer {
                assert_eq!(error.exit().code(), 6, "{why}");
            }
        }
    }

    #[test]
    fn what_cannot_be_shown_is_not_confirmed() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let facts = ["account 1".to_owned()];
        let question = Question {
            facts: &facts,
            word: "1",
            yes: false,
            unasked: OFF_LOOPBACK,
        };
        let answer = ask(question, Some(&mut "1\n".as_bytes()), &mut Closed);
        assert!(answer.is_err());
    }
}
