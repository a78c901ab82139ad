//! A set of orders as a bit each, for orders that come one by one and in no order: the place of a bit follows from its order
//! alone, where a compressed set looks for it among the others.

use roaring::RoaringBitmap;

/// Orders, most of which will be in it sooner or later. Memory that no bit was set in is not touched.
#[derive(Default)]
pub(super) struct Plane {
    bits: Vec<u8>,
    count: u64,
}

impl Plane {
    /// Without an order, with room for the first `planned`.
    pub(super) fn new(planned: u64) -> Self {
        let bytes = usize::try_from(planned.div_ceil(8)).unwrap_or_default();
        Self {
            bits: vec![0; bytes],
            count: 0,
        }
    }

    /// Whether order `k` is in it.
    pub(super) fn contains(&self, k: u32) -> bool {
        let (byte, bit) = place_of(k);
        self.bits.get(byte).is_some_and(|bits| bits & bit != 0)
    }

    /// Puts order `k` in; whether it was not there before.
    pub(super) fn insert(&mut self, k: u32) -> bool {
        let (byte, bit) = place_of(k);
        if byte >= self.bits.len() {
            self.bits.resize(byte + 1, 0);
        }
        let bits = &mut self.bits[byte];
        let is_new = *bits & bit == 0;
        *bits |= bit;
        self.count += u64::from(is_new);
        is_new
    }

    /// How many orders are in it.
    pub(super) fn len(&self) -> u64 {
        self.count
    }

    /// Whether none is.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The same as a compressed set.
    pub(super) fn set(&self) -> RoaringBitmap {
        match self.is_empty() {
            true => RoaringBitmap::new(),
            false => RoaringBitmap::from_lsb0_bytes(0, &self.bits),
        }
    }
}

/// The byte of an order and its bit there.
fn place_of(k: u32) -> (usize, u8) {
    ((k / 8) as usize, 1 << (k % 8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_compressed_set_holds(
            orders in proptest::collection::vec(0..200_000_u32, 0..300),
            runs in proptest::collection::vec((0..200_000_u32, 0..9_000_u32), 0..4),
            planned in 0..200_000_u64,
        ) {
            let (mut plane, mut set) = (Plane::new(planned), RoaringBitmap::new());
            let runs = runs.into_iter().flat_map(|(first, length)| first..first + length);
            for k in orders.iter().copied().chain(runs) {
                prop_assert_eq!(plane.contains(k), set.contains(k));
                prop_assert_eq!(plane.insert(k), set.insert(k));
                prop_assert!(plane.contains(k));
            }
            prop_assert_eq!(plane.len(), set.len());
            prop_assert_eq!(plane.is_empty(), set.is_empty());
            prop_assert!(!plane.contains(u32::MAX));
            prop_assert_eq!(plane.set(), set);
        }
    }
}
