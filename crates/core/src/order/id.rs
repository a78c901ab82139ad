//! Order numbers: the run and the sequence number in one integer below 2^53.

use serde::{Deserialize, Serialize};

/// Orders one run can plan: sequence numbers are `0..MAX_ORDERS`.
pub const MAX_ORDERS: u64 = 1_000_000_000;

/// The number that marks the orders of one run, `1..=9_007_198`.
///
/// The upper bound keeps every order number below 2^53, so that a JSON reader in any language keeps
/// it exact.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(try_from = "u32", into = "u32")]
#[schemars(extend("minimum" = 1, "maximum" = RunId::MAX))]
pub struct RunId(u32);

impl RunId {
    /// The largest run id.
    pub const MAX: u32 = 9_007_198;

    /// The run id `number`, or `None` outside `1..=RunId::MAX`.
    pub fn new(number: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&number).then_some(Self(number))
    }

    /// The number itself.
    pub fn get(self) -> u32 {
        self.0
    }

    /// The number of order `k`, where ids are numbers: `run * 1_000_000_000 + k`.
    ///
    /// The digits stay readable: `1234567000000042` is order 42 of run 1234567.
    ///
    /// # Panics
    /// When `k` is not below [`MAX_ORDERS`]; schedules are bounded by it.
    pub fn number(self, k: u64) -> u64 {
        assert!(k < MAX_ORDERS, "order {k} is beyond a run's {MAX_ORDERS}");
        u64::from(self.0) * MAX_ORDERS + k
    }

    /// The run in whose id space `number` lies, if it is one's.
    pub fn of_number(number: u64) -> Option<Self> {
        Self::new(u32::try_from(number / MAX_ORDERS).ok()?)
    }

    /// The sequence number, if `number` lies in the id space of this run.
    pub fn sequence_of(self, number: u64) -> Option<u64> {
        (number / MAX_ORDERS == u64::from(self.0)).then_some(number % MAX_ORDERS)
    }
}

impl TryFrom<u32> for RunId {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("run id {number} is not within 1..={}", Self::MAX))
    }
}

impl From<RunId> for u32 {
    fn from(run: RunId) -> Self {
        run.0
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_order_number_stays_exact_in_a_double() {
        let run = RunId::new(RunId::MAX).unwrap();
        let largest = run.number(MAX_ORDERS - 1);
        assert!(largest < 1 << 53);
        assert_eq!(largest as f64 as u64, largest);
    }

    #[test]
    fn a_sequence_is_found_only_in_its_own_run() {
        let run = RunId::new(7).unwrap();
        let other = RunId::new(8).unwrap();
        let id = run.number(42);
        assert_eq!(run.sequence_of(id), Some(42));
        assert_eq!(other.sequence_of(id), None);
        assert_eq!(run.sequence_of(42), None);
        assert_eq!(RunId::of_number(id), Some(run));
        for nobodys in [42, MAX_ORDERS - 1, u64::MAX] {
            assert_eq!(RunId::of_number(nobodys), None);
        }
    }

    #[test]
    fn run_ids_outside_the_range_are_refused() {
        assert_eq!(RunId::new(0), None);
        assert_eq!(RunId::new(RunId::MAX + 1), None);
    }
}
