//! The dead-letter queue of the stub: the letters by number, without their bodies, shown and hidden as SQS does.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::order::RunId;

/// A dead letter: whose, and the number its message id is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) run: RunId,
    pub(super) k: u32,
    pub(super) receives: u16,
    pub(super) serial: u64,
}

/// All letters.
#[derive(Debug, Default)]
pub(super) struct Letters {
    shown: VecDeque<Letter>,
    hidden: HashMap<u64, (Letter, Instant)>,
    /// The hidden ones by when they are shown again, and handle.
    until: BTreeMap<(Instant, u64), ()>,
    next_handle: u64,
}

impl Letters {
    pub(super) fn put(&mut self, letter: Letter) {
        self.shown.push_back(letter);
    }

    /// Up to `most` letters with their handles, hidden from now on for so long.
    pub(super) fn receive(
        &mut self,
        most: usize,
        hidden_for: Duration,
        now: Instant,
    ) -> Vec<(u64, Letter)> {
        self.show_expired(now);
        let mut given = Vec::new();
        while given.len() < most
            && let Some(mut letter) = self.shown.pop_front()
        {
            letter.receives = letter.receives.saturating_add(1);
            self.next_handle += 1;
            self.hide(self.next_handle, letter, now + hidden_for);
            given.push((self.next_handle, letter));
        }
        given
    }

    /// Hides the letter of this handle for so long from now, or shows it; whether there is one.
    pub(super) fn change(&mut self, handle: u64, hidden_for: Duration, now: Instant) -> bool {
        self.show_expired(now);
        let Some(letter) = self.take(handle) else {
            return false;
        };
        match hidden_for.is_zero() {
            true => self.shown.push_back(letter),
            false => self.hide(handle, letter, now + hidden_for),
        }
        true
    }

    /// Deletes the letter of this handle; whether there was one.
    pub(super) fn delete(&mut self, handle: u64, now: Instant) -> bool {
        self.show_expired(now);
        self.take(handle).is_some()
    }

    /// How many are shown, and how many hidden.
    pub(super) fn counts(&mut self, now: Instant) -> (usize, usize) {
        self.show_expired(now);
        (self.shown.len(), self.hidden.len())
    }

    fn hide(&mut self, handle: u64, letter: Letter, until: Instant) {
        self.hidden.insert(handle, (letter, until));
        self.until.insert((until, handle), ());
    }

    fn take(&mut self, handle: u64) -> Option<Letter> {
        let (letter, until) = self.hidden.remove(&handle)?;
        self.until.remove(&(until, handle));
        Some(letter)
    }

    fn show_expired(&mut self, now: Instant) {
        while let Some((&(until, handle), ())) = self.until.first_key_value()
            && until <= now
        {
            let letter = self.take(handle);
            self.shown.extend(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(count: u32) -> Letters {
        let mut letters = Letters::default();
        for k in 0..count {
            letters.put(Letter {
                run: RunId::new(1).unwrap(),
                k,
                receives: 0,
                serial: u64::from(k),
            });
        }
        letters
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_letter_is_hidden_until_its_time_or_until_it_is_shown() {
        let (mut letters, now) = (letters(12), Instant::now());
        let first = letters.receive(10, MINUTE, now);
        assert_eq!(first.len(), 10);
        assert_eq!(letters.counts(now), (2, 10));
        assert_eq!(letters.receive(10, MINUTE, now).len(), 2);
        assert!(letters.receive(10, MINUTE, now).is_empty());
        assert!(letters.change(first[3].0, Duration::ZERO, now));
        let again = letters.receive(10, 2 * MINUTE, now);
        assert_eq!((again[0].1.k, again[0].1.receives), (3, 2));
        assert!(
            !letters.change(first[3].0, MINUTE, now),
            "a handle of an earlier receive"
        );
        assert_eq!(letters.counts(now + MINUTE), (11, 1));
    }

    #[test]
    fn a_deleted_letter_is_gone_and_one_that_was_shown_again_is_not() {
        let (mut letters, now) = (letters(2), Instant::now());
        let given = letters.receive(2, MINUTE, now);
        assert!(letters.delete(given[0].0, now));
        assert!(!letters.delete(given[0].0, now));
        assert!(!letters.delete(given[1].0, now + MINUTE), "too late");
        assert_eq!(letters.counts(now + MINUTE), (1, 0));
    }
}
