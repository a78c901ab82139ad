//! How often each operation was called, and refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::words::printable;

/// The most operations that are counted by name; names come from outside.
const OPERATIONS_MAX: usize = 64;
/// The longest name, and the longest refusal, in characters.
const NAME_MAX: usize = 100;
const WANTING_MAX: usize = 400;

/// How often an operation was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceCount {
    /// As signatures name it, such as `states`.
    pub service: String,
    /// Such as `StartExecution`.
    pub operation: String,
    /// Calls, refused ones included.
    pub calls: u64,
    /// Those that were refused.
    pub refused: u64,
    /// What the first one said that was refused for want of something the settings could name.
    pub wanting: Option<String>,
}

/// The calls of services beside queues and tables.
#[derive(Debug, Default)]
pub struct ServiceCalls(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_operation: BTreeMap<(String, String), Count>,
    wanting_operations: u32,
}

#[derive(Debug, Default)]
struct Count {
    calls: u64,
    refused: u64,
    /// Which operation this was among those that were wanting, and what was said.
    first: Option<(u32, String)>,
}

impl ServiceCalls {
    /// Counts a call of an operation of a service: whether it was refused, and what it said that it wanted.
    pub fn count(&self, (service, operation): (&str, &str), refused: bool, wanting: Option<&str>) {
        let mut key = (printable(service, NAME_MAX), printable(operation, NAME_MAX));
        let mut counts = self.lock();
        let counts = &mut *counts;
        let is_new = !counts.by_operation.contains_key(&key);
        if is_new && counts.by_operation.len() >= OPERATIONS_MAX {
            key = ("others".into(), "others".into());
        }
        let count = counts.by_operation.entry(key).or_default();
        count.calls += 1;
        count.refused += u64::from(refused);
        if let (Some(wanting), None) = (wanting, &count.first) {
            counts.wanting_operations += 1;
            count.first = Some((counts.wanting_operations, printable(wanting, WANTING_MAX)));
        }
    }

    /// What was called so far: first what was refused for want of something, in the
    /// order in which that began.
    pub fn counts(&self) -> Vec<ServiceCount> {
        let counts = self.lock();
        let mut sorted: Vec<_> = counts.by_operation.iter().collect();
        sorted.sort_by_key(|(_, count)| count.first.as_ref().map_or(u32::MAX, |(at, _)| *at));
        let told = sorted
            .into_iter()
            .map(|((service, operation), count)| ServiceCount {
                service: service.clone(),
                operation: operation.clone(),
                calls: count.calls,
                refused: count.refused,
                wanting: count.first.as_ref().map(|(_, wanting)| wanting.clone()),
            });
        told.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_wanting_first_comes_first_and_names_are_bounded() {
        let calls = ServiceCalls::default();
        calls.count(("ses", "SendEmail"), true, None);
        calls.count(("states", "StartExecution"), false, None);
        calls.count(
            ("states", "StartExecution"),
            true,
            Some("no\u{1b}[31m machine"),
        );
        calls.count(("kms", "Decrypt"), true, Some("not served"));
        calls.count(("states", "StartExecution"), true, Some("something else"));
        let counts = calls.counts();
        let told: Vec<_> = counts
            .iter()
            .map(|count| (&*count.operation, count.calls, count.refused))
            .collect();
        let expected = [
            ("StartExecution", 3, 2),
            ("Decrypt", 1, 1),
            ("SendEmail", 1, 1),
        ];
        assert_eq!(told, expected);
        assert_eq!(counts[0].wanting.as_deref(), Some("no\u{fffd}[31m machine"));
        for at in 0..2 * OPERATIONS_MAX {
            calls.count(("s3", &format!("GET /{at}")), false, None);
        }
        let counts = calls.counts();
        assert_eq!(counts.len(), OPERATIONS_MAX + 1);
        let sum: u64 = counts.iter().map(|count| count.calls).sum();
        assert_eq!(sum, 5 + 2 * OPERATIONS_MAX as u64);
    }
}
