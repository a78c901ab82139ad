//! The orders of one request, with their bodies.

use std::ops::Range;

use md5::{Digest, Md5};

use crate::order::OrderPlan;

/// The most orders SQS takes in one request.
pub const BATCH_MAX: usize = 10;

/// The orders of one request and their message bodies, in buffers that are used again and again.
#[derive(Debug, Default)]
pub struct Batch {
    first: u64,
    bodies: Vec<u8>,
    ends: Vec<usize>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes this the batch of `orders`.
    ///
    /// # Panics
    /// When these are more than [`BATCH_MAX`]; scenarios are bounded by it.
    pub fn fill(&mut self, plan: &OrderPlan, orders: Range<u64>) {
        self.first = orders.start;
        self.bodies.clear();
        self.ends.clear();
        for k in orders {
            plan.write_body(k, &mut self.bodies);
            self.ends.push(self.bodies.len());
        }
        assert!(self.ends.len() <= BATCH_MAX, "SQS takes {BATCH_MAX} orders");
    }

    /// How many orders it holds.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The sequence numbers of its orders.
    pub fn orders(&self) -> Range<u64> {
        self.first..self.first + self.ends.len() as u64
    }

    /// The message body of its order at `index`.
    ///
    /// # Panics
    /// When there is none.
    pub fn body(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bodies[start..self.ends[index]]
    }

    /// The message bodies in order.
    pub fn bodies(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|index| self.body(index))
    }

    /// Whether `hex` is the MD5 of the body at `index`, as SQS writes it.
    pub(super) fn md5_matches(&self, index: usize, hex: &str) -> bool {
        let digest: [u8; 16] = Md5::digest(self.body(index)).into();
        let nibble = |value: u8| char::from_digit(u32::from(value), 16);
        let expected = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        hex.len() == 32 && expected.map(nibble).eq(hex.chars().map(Some))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::RunId;

    #[test]
    fn a_batch_holds_the_plans_bodies_and_knows_their_md5() {
        let plan = OrderPlan::lab(RunId::new(7).unwrap(), 1, 0.5);
        let mut batch = Batch::new();
        batch.fill(&plan, 90..100);
        batch.fill(&plan, 5..8);
        assert_eq!((batch.len(), batch.orders()), (3, 5..8));
        for (k, body) in batch.orders().zip(batch.bodies()) {
            let mut expected = Vec::new();
            plan.write_body(k, &mut expected);
            assert_eq!(body, expected);
        }
        let hex = |body: &[u8]| {
            let digest: [u8; 16] = Md5::digest(body).into();
            digest.map(|byte| format!("{byte:02x}")).concat()
        };
        let right = hex(batch.body(1));
        assert!(batch.md5_matches(1, &right));
        assert!(!batch.md5_matches(0, &right), "another order's");
        assert!(!batch.md5_matches(1, &right[..31]), "one digit short");
        assert!(!batch.md5_matches(1, ""), "none");
    }
}
