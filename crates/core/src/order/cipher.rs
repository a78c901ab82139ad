//! A small keyed permutation, so that ids of one run do not look like a sequence and can be told from anybody else's.
//!
//! A Feistel network over two halves of equal length: whatever its round function, it can be run backwards. It keeps no
//! secret: its key is fixed, and everybody can read it here.

/// Of each round: the first hexadecimal digits of pi's fraction.
const KEYS: [u64; 6] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
];

/// A permutation of the numbers below 2^(2 * half).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher {
    /// Bits of a half, up to 63.
    half: u32,
}

impl Cipher {
    /// The permutation of numbers of `bits` bits, an even number up to 126.
    pub const fn of_bits(bits: u32) -> Self {
        Self { half: bits / 2 }
    }

    /// What `plain` becomes.
    pub fn encipher(self, plain: u128) -> u128 {
        let (mut left, mut right) = self.halves(plain);
        for key in KEYS {
            (left, right) = (right, left ^ self.mixed(right, key));
        }
        self.whole(left, right)
    }

    /// What becomes `enciphered`.
    pub fn decipher(self, enciphered: u128) -> u128 {
        let (mut left, mut right) = self.halves(enciphered);
        for key in KEYS.into_iter().rev() {
            (left, right) = (right ^ self.mixed(left, key), left);
        }
        self.whole(left, right)
    }

    fn mask(self) -> u64 {
        (1 << self.half) - 1
    }

    fn halves(self, whole: u128) -> (u64, u64) {
        let mask = u128::from(self.mask());
        (((whole >> self.half) & mask) as u64, (whole & mask) as u64)
    }

    fn whole(self, left: u64, right: u64) -> u128 {
        u128::from(left) << self.half | u128::from(right)
    }

    /// The finalizer of MurmurHash3 in the variant of `SplitMix64`.
    fn mixed(self, half: u64, key: u64) -> u64 {
        let mut z = half.wrapping_add(key);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) & self.mask()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_enciphered_is_deciphered(plain in any::<u128>(), half in 20_u32..=63) {
            let cipher = Cipher::of_bits(2 * half);
            let plain = plain & ((1 << (2 * half)) - 1);
            let enciphered = cipher.encipher(plain);
            prop_assert!(enciphered < 1 << (2 * half));
            prop_assert_eq!(cipher.decipher(enciphered), plain);
        }
    }

    #[test]
    fn neighbors_differ_in_about_half_of_their_bits() {
        let cipher = Cipher::of_bits(122);
        let flipped: u32 = (0..1_000_u128)
            .map(|n| (cipher.encipher(n) ^ cipher.encipher(n + 1)).count_ones())
            .sum();
        assert!((58_000..64_000).contains(&flipped), "{flipped} of 122,000");
    }
}
