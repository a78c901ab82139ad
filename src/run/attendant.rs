//! Who confirms and hears remarks while a run is prepared and driven: a person at a terminal, or nobody.

use std::any::Any;

use super::Watch;
use crate::error::Error;

/// What is to be confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// What will be done, where, and at what cost: shown line by line, also under `--yes`.
    pub facts: &'a [String],
    /// What has to be typed: something only who has read the facts types, such as the account's number.
    pub word: &'a str,
    /// `--yes` was given.
    pub yes: bool,
    /// Why it is refused when there is no terminal, and what to write then.
    pub unasked: &'a str,
}

/// The usual reason: what is asked about is not on loopback.
pub const OFF_LOOPBACK: &str =
    "this is not on loopback and there is no terminal to confirm it on: give --yes if it is meant";

/// Who is there while something is done at a target.
pub trait Attendant {
    /// Takes a remark of one line.
    fn note(&self, line: &str);

    /// Agrees to what is asked, or does not.
    ///
    /// # Errors
    /// [`Error::Refused`] when nobody agrees.
    fn confirm(&self, question: Question<'_>) -> Result<(), Error>;

    /// A run begins. What is returned lives until its last look at the stores.
    ///
    /// # Errors
    /// When it cannot be shown as it should be: nothing is sent then.
    fn watch(&self, watch: Watch) -> Result<Box<dyn Any>, Error>;
}

/// Nobody: remarks go to the log, and only what was agreed to beforehand is done.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unattended;

impl Attendant for Unattended {
    fn note(&self, line: &str) {
        tracing::info!("{line}");
    }

    fn confirm(&self, question: Question<'_>) -> Result<(), Error> {
        match question.yes {
            true => Ok(()),
            false => Err(Error::refused(question.unasked)),
        }
    }

    fn watch(&self, _: Watch) -> Result<Box<dyn Any>, Error> {
        Ok(Box::new(()))
    }
}
