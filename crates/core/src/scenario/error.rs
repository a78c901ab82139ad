//! What is wrong with a scenario file: everything, at once.

use std::fmt;

use super::places::Position;
use super::without_userinfo;
use crate::escape::Shown;
use crate::order::Problem;

/// One rule a file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The key, from the file's top: `phase[1].rate`.
    pub key: String,
    /// What is wrong with it.
    pub rule: String,
    /// What to write instead.
    pub hint: String,
    /// The same with the name of its phase, or of what else has one, in place of an index: `phase "spike".rate`; or the
    /// option of the command line that gave it.
    pub called: Option<String>,
    /// Where the key stands in the file; of one that is missing, where the table begins that lacks it.
    pub place: Option<Position>,
}

/// A problem of the orders that a scenario describes.
pub(super) fn of_problem(problem: Problem) -> Violation {
    Violation::new(problem.key, problem.rule, problem.hint)
}

impl Violation {
    pub(super) fn new(
        key: impl Into<String>,
        rule: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let plain = |text: String| without_userinfo(&text).into_owned();
        Self {
            key: plain(key.into()),
            rule: plain(rule.into()),
            hint: hint.into(),
            called: None,
            place: None,
        }
    }
}

/// Every rule a scenario file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioErrors {
    /// The file's name, as given.
    pub file: String,
    /// What is wrong with it; never empty.
    pub violations: Vec<Violation>,
}

impl std::error::Error for ScenarioErrors {}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems = match self.violations.len() {
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        write!(
            f,
            "{} is not a valid scenario: {problems}",
            Shown(&self.file)
        )?;
        for violation in &self.violations {
            let Violation { rule, hint, .. } = violation;
            let key = violation.called.as_ref().unwrap_or(&violation.key);
            let [key, rule, hint] = [key, rule, hint].map(|text| Shown(text));
            let place = match violation.place {
                Some(Position { line, column }) => format!(" (line {line}, column {column})"),
                None => String::new(),
            };
            write!(f, "\n  {key}{place}: {rule}\n      {hint}")?;
        }
        Ok(())
    }
}
