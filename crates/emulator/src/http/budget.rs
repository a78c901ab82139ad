//! One budget for the bytes of requests and replies that are on their way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

/// Bytes of each body that count for nothing: those of all connections together are bounded by their number, and large
/// bodies cannot crowd out small ones.
pub(super) const FREE_BYTES: u64 = 64 << 10;

/// How many bytes all bodies of a server may take at one time, above [`FREE_BYTES`] each.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: u64,
    taken: AtomicU64,
}

/// What one body has taken; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    budget: Budget,
    bytes: u64,
    counted: u64,
}

impl Budget {
    pub(crate) fn new(most: u64) -> Self {
        Self(Arc::new(Inner {
            most,
            taken: AtomicU64::new(0),
        }))
    }

    /// Nothing yet.
    pub(crate) fn hold(&self) -> Held {
        Held {
            budget: self.clone(),
            bytes: 0,
            counted: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Takes so many bytes more; false, and nothing taken, when there is no room for them.
    pub(crate) fn take(&mut self, bytes: u64) -> bool {
        let counted = (self.bytes + bytes).saturating_sub(FREE_BYTES);
        let more = counted - self.counted;
        if more > 0 {
            let Inner { most, taken } = &*self.budget.0;
            let within = |taken: u64| taken.checked_add(more).filter(|sum| sum <= most);
            if taken
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, within)
                .is_err()
            {
                return false;
            }
        }
        self.bytes += bytes;
        self.counted = counted;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget
            .0
            .taken
            .fetch_sub(self.counted, Ordering::Relaxed);
    }
}

/// Bytes that are counted for as long as anyone has them.
struct Counted {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// `bytes`, counted until they have been written or dropped; none when there is no room for them.
pub(super) fn counted(bytes: Bytes, budget: &Budget) -> Option<Bytes> {
    let mut held = budget.hold();
    held.take(bytes.len() as u64)
        .then(|| Bytes::from_owner(Counted { bytes, _held: held }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_the_free_bytes_counts_until_it_is_dropped() {
        let budget = Budget::new(100);
        let mut small = budget.hold();
        assert!(small.take(FREE_BYTES) && budget.taken() == 0);
        assert!(small.take(60) && budget.taken() == 60);
        let mut other = budget.hold();
        assert!(!other.take(FREE_BYTES + 41), "one more than is left");
        assert!(other.take(FREE_BYTES + 40), "and just what is left");
        assert!(!small.take(1));
        drop(small);
        assert_eq!(budget.taken(), 40);
        let bytes = counted(Bytes::from(vec![7; FREE_BYTES as usize + 60]), &budget).unwrap();
        let part = bytes.slice(5..6);
        drop((other, bytes));
        assert_eq!(budget.taken(), 60, "a part keeps the whole");
        drop(part);
        assert_eq!(budget.taken(), 0);
    }
}
