//! Failed invocations, counted by their reasons.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::words::reason;

/// Reasons told apart at most; what is beyond counts for its kind alone.
const REASONS_MAX: usize = 32;

/// Longer messages are not kept.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What an invocation that brought its whole batch back ended in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The function raised an error.
    Error,
    /// It took longer than its time-out.
    TimedOut,
    /// It answered with what is no batch response, or with one that names no message of its batch.
    InvalidResponse,
    /// No process came up for it.
    FailedStart,
    /// Its process ended while it worked.
    Crashed,
    /// There was no room for it until its messages were visible again. Not among the invocations counted.
    Throttled,
}

/// How often invocations failed for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCount {
    /// What they ended in.
    pub kind: FailureKind,
    /// The first of their reasons in full: error type and first line of the message, say. Reasons that differ
    /// only in numbers count as one. Absent for failures beyond the number of reasons that are kept apart.
    pub reason: Option<String>,
    /// How many.
    pub count: u64,
    /// How many of these had no message in their batch that the function is to refuse; absent when that is not
    /// known.
    pub unexpected: Option<u64>,
    /// The body of the message that the first of them most likely failed for: one that the function is to refuse, or else
    /// the first of its batch. Absent where that was not told, or was too long to be kept.
    pub first_message: Option<String>,
    /// The file that the process of the first of them wrote to, in the folder of the function's logs; absent where it
    /// wrote none.
    pub log: Option<String>,
}

/// Why an invocation failed whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What it ended in.
    pub kind: FailureKind,
    /// The reason: one printable line of bounded length.
    pub reason: String,
    /// The body of the message that it most likely failed for.
    pub message: Option<String>,
    /// The file that its process wrote to.
    pub log: Option<String>,
}

impl Failure {
    /// A failure for a reason in anybody's words, of which the first line is kept.
    pub fn new(kind: FailureKind, why: &str) -> Self {
        Self {
            kind,
            reason: reason(why),
            message: None,
            log: None,
        }
    }

    /// The same, with the body of the message that it most likely failed for; one that is too long is not kept.
    #[must_use]
    pub fn at_message(mut self, body: &str) -> Self {
        self.message = (body.len() <= MESSAGE_BYTES_MAX).then(|| body.to_owned());
        self
    }

    /// The same, with the file that its process wrote to.
    #[must_use]
    pub fn logged_in(mut self, file: Option<String>) -> Self {
        self.log = file;
        self
    }
}

/// An error of the function.
impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self::new(FailureKind::Error, &error)
    }
}

/// The failures of one function so far.
#[derive(Debug, Default)]
pub struct Failures(Mutex<BTreeMap<(FailureKind, Option<String>), Counted>>);

#[derive(Debug, Default)]
struct Counted {
    /// The first reason in full.
    reason: Option<String>,
    count: u64,
    unexpected: Option<u64>,
    message: Option<String>,
    log: Option<String>,
}

impl Failures {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(FailureKind, Option<String>), Counted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one; `was_expected` says whether its batch held a message that the function is to refuse, if that is
    /// known.
    pub fn add(&self, failure: &Failure, was_expected: Option<bool>) {
        let mut counted = self.lock();
        let mut key = (failure.kind, Some(without_numbers(&failure.reason)));
        if !counted.contains_key(&key) && counted.len() >= REASONS_MAX {
            key.1 = None;
        }
        let shown = key.1.is_some().then(|| failure.reason.clone());
        let entry = counted.entry(key).or_insert_with(|| Counted {
            reason: shown,
            count: 0,
            unexpected: Some(0),
            message: failure.message.clone(),
            log: failure.log.clone(),
        });
        entry.count += 1;
        entry.unexpected = match (entry.unexpected, was_expected) {
            (Some(count), Some(expected)) => Some(count + u64::from(!expected)),
            _ => None,
        };
    }

    /// All of them, the commonest first.
    pub fn counts(&self) -> Vec<FailureCount> {
        let counted = self.lock();
        let mut counts: Vec<_> = counted
            .iter()
            .map(|((kind, _), counted)| FailureCount {
                kind: *kind,
                reason: counted.reason.clone(),
                count: counted.count,
                unexpected: counted.unexpected,
                first_message: counted.message.clone(),
                log: counted.log.clone(),
            })
            .collect();
        counts.sort_by_key(|failure| std::cmp::Reverse(failure.count));
        counts
    }
}

/// A reason with every number and hexadecimal id in it alike: errors that name their order are one kind.
fn without_numbers(reason: &str) -> String {
    let mut out = String::with_capacity(reason.len());
    let mut word = String::new();
    let end = |word: &mut String, out: &mut String| {
        match word.contains(|c: char| c.is_ascii_digit()) {
            true => out.push('#'),
            false => out.push_str(word),
        }
        word.clear();
    };
    for c in reason.chars() {
        if c.is_ascii_hexdigit() || (c == '-' && !word.is_empty()) {
            word.push(c);
        } else {
            end(&mut word, &mut out);
            out.push(c);
        }
    }
    end(&mut word, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(why: &str) -> Failure {
        Failure::new(FailureKind::Error, why)
    }

    #[test]
    fn reasons_that_differ_in_numbers_only_are_one_and_others_are_not() {
        let failures = Failures::default();
        for k in 0..1_000 {
            failures.add(
                &error(&format!("KeyError: order {k} has no price")),
                Some(k % 10 == 0),
            );
        }
        failures.add(&error("KeyError: no price"), Some(true));
        let late = Failure::new(FailureKind::TimedOut, "KeyError: order 1 has no price");
        failures.add(&late, Some(true));
        let id = "550e8400-e29b-41d4-a716-446655440000";
        failures.add(&error(&format!("message {id} is late")), Some(true));
        failures.add(&error("message 0 is late"), Some(true));
        let told: Vec<_> = failures
            .counts()
            .into_iter()
            .map(|counted| {
                (
                    counted.kind,
                    counted.reason.unwrap(),
                    counted.count,
                    counted.unexpected,
                )
            })
            .collect();
        let late = format!("message {id} is late");
        assert_eq!(
            told,
            [
                (
                    FailureKind::Error,
                    "KeyError: order 0 has no price".into(),
                    1_000,
                    Some(900)
                ),
                (FailureKind::Error, late, 2, Some(0)),
                (FailureKind::Error, "KeyError: no price".into(), 1, Some(0)),
                (
                    FailureKind::TimedOut,
                    "KeyError: order 1 has no price".into(),
                    1,
                    Some(0)
                ),
            ]
        );
    }

    #[test]
    fn the_first_failure_of_a_reason_names_its_message_and_its_log() {
        let failures = Failures::default();
        let at = |body: &str, file: &str| {
            error("KeyError: no price")
                .at_message(body)
                .logged_in(Some(file.into()))
        };
        failures.add(&at("first", "environment-0002.log"), None);
        failures.add(&at("second", "environment-0001.log"), None);
        let long = "x".repeat(MESSAGE_BYTES_MAX + 1);
        failures.add(&error("TypeError").at_message(&long), None);
        let counts = failures.counts();
        assert_eq!(counts[0].first_message.as_deref(), Some("first"));
        assert_eq!(counts[0].log.as_deref(), Some("environment-0002.log"));
        assert_eq!((&counts[1].first_message, &counts[1].log), (&None, &None));
    }

    #[test]
    fn a_function_that_invents_reasons_is_counted_whole_in_bounded_room() {
        let failures = Failures::default();
        let word = |k: u32| -> String {
            let letters = (0..6).map(|place| (b'g' + (k >> (4 * place) & 15) as u8) as char);
            letters.collect()
        };
        for k in 0..5_000 {
            failures.add(&error(&word(k)), None);
            failures.add(&Failure::new(FailureKind::Crashed, &word(k)), None);
        }
        let counts = failures.counts();
        assert_eq!(counts.len(), REASONS_MAX + 2);
        for kind in [FailureKind::Error, FailureKind::Crashed] {
            let of_kind = counts.iter().filter(|counted| counted.kind == kind);
            assert_eq!(of_kind.map(|counted| counted.count).sum::<u64>(), 5_000);
        }
        assert!(
            counts[0].reason.is_none(),
            "most are beyond what is told apart"
        );
        assert!(counts.iter().all(|counted| counted.unexpected.is_none()));
    }

    #[test]
    fn numbers_and_ids_are_taken_out_and_words_are_not() {
        let cases = [
            ("order 17: bad", "order #: bad"),
            ("10.5 and -3", "#.# and -#"),
            ("id 1f0-2b end", "id # end"),
            ("a bad face", "a bad face"),
        ];
        for (reason, expected) in cases {
            assert_eq!(without_numbers(reason), expected, "{reason}");
        }
    }
}
