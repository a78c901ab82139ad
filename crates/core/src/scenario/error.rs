//! What is wrong with a scenario file: everything, at once.

use std::fmt;

use super::without_userinfo;
use crate::escape::Shown;

/// One rule a file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The key, from the file's top: `phase[1].rate`.
    pub key: String,
    /// What is wrong with it.
    pub rule: String,
    /// What to write instead.
    pub hint: String,
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
        for Violation { key, rule, hint } in &self.violations {
            let [key, rule, hint] = [key, rule, hint].map(|text| Shown(text));
            write!(f, "\n  {key}: {rule}\n      {hint}")?;
        }
        Ok(())
    }
}
