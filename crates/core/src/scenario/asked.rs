//! What a scenario's reader asks a file for: every key, what it is, what to write, what is meant without it.
//!
//! Noted by [`super::section`] where each key is read, so that it cannot say anything else than the reader does.

use std::cell::{Ref, RefCell, RefMut};
use std::time::Duration;

use toml::Value;

use super::Violation;

/// What a key takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A duration within bounds.
    Duration {
        /// The shortest.
        least: Duration,
        /// The longest.
        most: Duration,
    },
    /// A whole number within bounds.
    Integer {
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// A share in percent.
    Share,
    /// `true` or `false`.
    Boolean,
    /// One of these texts, in quotes.
    Choice(Vec<String>),
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A table.
    Table,
    /// Tables, each under a head of its own.
    Tables,
    /// What else its hint says.
    Value,
}

/// A key that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// From the file's top: `phase[1].rate`.
    pub(super) path: String,
    /// What it takes.
    pub(super) kind: Kind,
    /// What to write, as errors say it.
    pub(super) hint: String,
    /// What is meant without it, as a file writes it, where the reader says so at once.
    pub(super) default: Option<String>,
    /// What the file has.
    pub(super) value: Option<Value>,
}

/// Collects the violations found while a file is read and, on request, the keys that are read.
pub(super) struct Problems {
    found: RefCell<Vec<Violation>>,
    asked: Option<RefCell<Vec<Asked>>>,
}

impl Problems {
    pub(super) fn new(found: Vec<Violation>) -> Self {
        Self {
            found: RefCell::new(found),
            asked: None,
        }
    }

    /// The same, and every key that is asked for is noted.
    pub(super) fn noting() -> Self {
        Self {
            asked: Some(RefCell::default()),
            ..Self::new(Vec::new())
        }
    }

    pub(super) fn borrow(&self) -> Ref<'_, Vec<Violation>> {
        self.found.borrow()
    }

    pub(super) fn borrow_mut(&self) -> RefMut<'_, Vec<Violation>> {
        self.found.borrow_mut()
    }

    /// What was found.
    pub(super) fn into_inner(self) -> Vec<Violation> {
        self.found.into_inner()
    }

    /// The keys that were asked for, each as often as it was.
    pub(super) fn into_asked(self) -> Vec<Asked> {
        self.asked.map(RefCell::into_inner).unwrap_or_default()
    }

    pub(super) fn ask(
        &self,
        path: impl FnOnce() -> String,
        kind: Kind,
        hint: &str,
        default: Option<String>,
        value: Option<&Value>,
    ) {
        let Some(asked) = &self.asked else { return };
        asked.borrow_mut().push(Asked {
            path: path(),
            kind,
            hint: hint.to_owned(),
            default,
            value: value.cloned(),
        });
    }
}

/// A duration in the largest unit that takes it whole.
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.is_zero() => "0s".into(),
        _ if duration.subsec_nanos() > 0 || seconds < 60 => {
            format!("{duration:?}").replace('µ', "u")
        }
        _ if seconds.is_multiple_of(3_600) => format!("{}h", seconds / 3_600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}
