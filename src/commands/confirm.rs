//! Asking before something is sent or deleted where it cannot be taken back.

use std::io::{BufRead, IsTerminal, stdin};

use super::{CommandError, Output};

/// What is to be confirmed.
#[derive(Debug, Clone)]
pub struct Question {
    /// What is about to happen, and where, a fact a line.
    pub facts: Vec<String>,
    /// What has to be typed to agree: something of the facts, so that they are read.
    pub word: String,
}

/// Shows the facts and asks, unless `yes` was given on the command line.
///
/// # Errors
/// [`CommandError::Refused`] when nobody agrees, or nobody is there to be asked.
pub fn confirm(question: &Question, yes: bool, output: &Output) -> Result<(), CommandError> {
    question.facts.iter().for_each(|fact| output.note(fact));
    if yes {
        return Ok(());
    }
    let present = stdin().is_terminal() && output.stderr_is_terminal();
    ask(question, present, &mut stdin().lock(), |line| {
        output.note(line)
    })
}

fn ask(
    question: &Question,
    present: bool,
    answers: &mut impl BufRead,
    tell: impl Fn(&str),
) -> Result<(), CommandError> {
    if !present {
        return Err(CommandError::refused(
            "nobody is here to confirm this; give --yes if it is meant",
        ));
    }
    tell(&format!(
        "type {} to go on, anything else to stop:",
        question.word
    ));
    let mut answer = String::new();
    let read = answers.read_line(&mut answer);
    match read.is_ok() && answer.trim() == question.word {
        true => Ok(()),
        false => Err(CommandError::refused("not confirmed, so nothing was done")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_itself_typed_by_somebody_confirms() {
        let question = Question {
            facts: Vec::new(),
            word: "123456789012".into(),
        };
        for (present, typed, agreed, why) in [
            (true, "123456789012\n", true, "the word"),
            (true, "  123456789012 \r\n", true, "with blanks around it"),
            (true, "yes\n", false, "another word"),
            (true, "12345678901\n", false, "a part of it"),
            (true, "\n", false, "nothing"),
            (true, "", false, "the end of input"),
            (false, "123456789012\n", false, "piped in, nobody is there"),
        ] {
            let answer = ask(&question, present, &mut typed.as_bytes(), |_| {});
            assert_eq!(answer.is_ok(), agreed, "{why}");
            if let Err(error) = answer {
                assert!(matches!(error, CommandError::Refused(_)), "{why}");
            }
        }
    }
}
