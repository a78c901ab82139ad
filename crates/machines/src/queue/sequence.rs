//! The numbers that messages of a FIFO queue get in the order in which they arrive.

use std::fmt;

/// Where AWS's numbers are at present; the first number here.
const FIRST: u128 = 18_849_496_460_467_696_128;
/// From one number to the next: they are not consecutive.
const STEP: u128 = 256;

/// A message's place in its FIFO queue: 20 digits, larger than those of all messages before it. AWS documents 128 bits,
/// rising within a group and not consecutive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber(
    /// The number-th message of its queue.
    pub u64,
);

impl fmt::Display for SequenceNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", FIRST + u128::from(self.0) * STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_twenty_digits_and_rise_as_texts_too() {
        let numbers = [0, 1, 2, 1 << 40].map(|place| SequenceNumber(place).to_string());
        assert!(numbers.iter().all(|number| number.len() == 20));
        assert!(numbers.is_sorted());
        assert_eq!(numbers[0], "18849496460467696128");
    }
}
