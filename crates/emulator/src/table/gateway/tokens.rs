//! How much the database remembers of transactions: each may carry a token, and its answer is kept for ten minutes, so
//! that a repetition is answered alike.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer is kept, and a little more.
const KEPT: Duration = Duration::from_secs(11 * 60);
/// What is kept of a transaction beside what its answer may hold of its items, about.
const OVERHEAD: u64 = 256;
/// Bytes that may be kept.
const BYTES_MAX: u64 = 256 << 20;
/// Transactions are counted together that come within this time.
const STEP: Duration = Duration::from_secs(10);

/// The transactions that may be remembered: when, and how many bytes of them.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    steps: VecDeque<(Instant, u64)>,
    bytes: u64,
}

impl Tokens {
    /// Counts the transaction with this body if it has a token; false when no more can be remembered.
    pub(super) fn remember(&mut self, body: &[u8]) -> bool {
        let names = |name: &[u8]| body.windows(name.len()).any(|window| window == name);
        if !names(b"\"ClientRequestToken\"") {
            return true;
        }
        // Only an answer that was asked to tells of the items.
        let told = match names(b"\"Return") {
            true => body.len() as u64,
            false => 0,
        };
        self.remember_at(Instant::now(), told)
    }

    fn remember_at(&mut self, now: Instant, bytes: u64) -> bool {
        while let Some(&(at, bytes)) = self.steps.front()
            && now.saturating_duration_since(at) > KEPT + STEP
        {
            self.steps.pop_front();
            self.bytes -= bytes;
        }
        let bytes = bytes.min(64 << 10) + OVERHEAD;
        if self.bytes + bytes > BYTES_MAX {
            return false;
        }
        self.bytes += bytes;
        match self.steps.back_mut() {
            Some((at, of_step)) if now.saturating_duration_since(*at) < STEP => *of_step += bytes,
            _ => self.steps.push_back((now, bytes)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_a_token_is_remembered() {
        let mut tokens = Tokens::default();
        assert!(tokens.remember(br#"{"TransactItems":[]}"#) && tokens.bytes == 0);
        assert!(tokens.remember(br#"{"ClientRequestToken":"a"}"#));
        assert_eq!(tokens.bytes, OVERHEAD);
        let telling = br#"{"ClientRequestToken":"a","ReturnConsumedCapacity":"TOTAL"}"#;
        assert!(tokens.remember(telling));
        assert_eq!(tokens.bytes, 2 * OVERHEAD + telling.len() as u64);
    }

    #[test]
    fn what_is_remembered_has_an_end_and_is_forgotten_in_time() {
        let mut tokens = Tokens::default();
        let start = Instant::now();
        let each = (64 << 10) + OVERHEAD;
        for _ in 0..BYTES_MAX / each {
            assert!(tokens.remember_at(start, 1 << 20));
        }
        assert!(
            !tokens.remember_at(start + KEPT, 1 << 20),
            "not yet forgotten"
        );
        assert!(tokens.remember_at(start + KEPT + STEP + STEP, 1 << 20));
        assert_eq!((tokens.bytes, tokens.steps.len()), (each, 1));
    }
}
