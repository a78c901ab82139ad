//! The MD5 of each body of a batch, side by side: one message's steps wait for one another, those of twelve do not.

use md5::{Digest, Md5};
use wide::u32x4;

/// The MD5 of a message.
type Md5Digest = [u8; 16];

/// The MD5 of each message of a batch; where there is no message, any.
pub(super) type Md5Digests = [Md5Digest; LANES];

/// Messages that are hashed side by side: as many as a batch holds, in whole vectors.
const LANES: usize = 12;
/// Of fewer messages each is hashed by itself, in less time.
const MESSAGES_LEAST: usize = 4;
const BLOCK: usize = 64;

/// A word of each message.
type Words = [u32x4; LANES / 4];

/// The state before the first block. Source of it, of the constants and the steps: RFC 1321, 3.3 and 3.4.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// How far each of the four steps of a round turns its sum.
const TURNS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// What each step adds: 2^32 times the sine of its number, from 1 on, without its sign.
#[rustfmt::skip]
const SINES: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The MD5 of each of up to twelve messages.
///
/// # Panics
/// When there are more.
pub(super) fn md5s(messages: &[&[u8]]) -> Md5Digests {
    // Without optimization vectors take longer; what hashes one message is optimized in every build.
    if messages.len() >= MESSAGES_LEAST && !cfg!(debug_assertions) {
        return side_by_side(messages);
    }
    let mut digests = [[0; 16]; LANES];
    for (digest, message) in digests[..messages.len()].iter_mut().zip(messages) {
        *digest = Md5::digest(message).into();
    }
    digests
}

fn side_by_side(messages: &[&[u8]]) -> Md5Digests {
    let mut state = START.map(|word| [u32x4::splat(word); LANES / 4]);
    let blocks = messages.iter().map(|message| block_count(message));
    for index in 0..blocks.max().unwrap_or_default() {
        let mut words = [[0; LANES]; 16];
        // All bits of a message that has this block.
        let mut has_block = [0; LANES];
        for (lane, message) in messages.iter().enumerate() {
            if index < block_count(message) {
                has_block[lane] = u32::MAX;
                put_block(message, index, lane, &mut words);
            }
        }
        let after = compress(state, &words.map(vectors));
        // The others keep their digests.
        let has_block = vectors(has_block);
        for (word, after) in state.iter_mut().zip(after) {
            for ((word, after), has_block) in word.iter_mut().zip(after).zip(has_block) {
                *word = (after & has_block) | (*word & !has_block);
            }
        }
    }
    let mut digests = [[0; 16]; LANES];
    for (place, word) in state.iter().enumerate() {
        let lanes = word.iter().flat_map(|four| four.to_array());
        for (digest, word) in digests.iter_mut().zip(lanes) {
            digest[place * 4..][..4].copy_from_slice(&word.to_le_bytes());
        }
    }
    digests
}

/// A word of each message, as vectors.
#[inline(always)]
fn vectors(words: [u32; LANES]) -> Words {
    std::array::from_fn(|four| u32x4::new(std::array::from_fn(|lane| words[four * 4 + lane])))
}

/// Blocks of a message with the byte and the length that end it.
fn block_count(message: &[u8]) -> usize {
    (message.len() + 1 + 8).div_ceil(BLOCK)
}

/// Puts a block of a message, whose words are little-endian, into its lane.
fn put_block(message: &[u8], index: usize, lane: usize, words: &mut [[u32; LANES]; 16]) {
    let rest = message.get(index * BLOCK..).unwrap_or_default();
    let mut ending = [0; BLOCK];
    let block = rest.first_chunk::<BLOCK>().unwrap_or_else(|| {
        ending[..rest.len()].copy_from_slice(rest);
        // Unless the block before had room for this byte.
        if index * BLOCK <= message.len() {
            ending[rest.len()] = 0x80;
        }
        if index + 1 == block_count(message) {
            let bits = message.len() as u64 * 8;
            ending[BLOCK - 8..].copy_from_slice(&bits.to_le_bytes());
        }
        &ending
    });
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        word[lane] = u32::from_le_bytes(bytes.try_into().expect("four"));
    }
}

/// The state behind a block of each message.
fn compress(before: [Words; 4], words: &[Words; 16]) -> [Words; 4] {
    let mut state = before;
    round(
        0,
        |b, c, d| d ^ (b & (c ^ d)),
        |step| step,
        &mut state,
        words,
    );
    round(
        1,
        |b, c, d| c ^ (d & (b ^ c)),
        |step| 5 * step + 1,
        &mut state,
        words,
    );
    round(
        2,
        |b, c, d| b ^ c ^ d,
        |step| 3 * step + 5,
        &mut state,
        words,
    );
    round(
        3,
        |b, c, d| c ^ (b | !d),
        |step| 7 * step,
        &mut state,
        words,
    );
    for (word, before) in state.iter_mut().zip(before) {
        for (four, before) in word.iter_mut().zip(before) {
            *four += before;
        }
    }
    state
}

/// Sixteen steps, four at a time, so that each word of the state is itself again; `word` says which word a step takes.
#[inline(always)]
fn round(
    number: usize,
    mix: impl Fn(u32x4, u32x4, u32x4) -> u32x4 + Copy,
    word: impl Fn(usize) -> usize,
    [a, b, c, d]: &mut [Words; 4],
    words: &[Words; 16],
) {
    for quarter in 0..4 {
        let given = |of: usize| {
            let step = quarter * 4 + of;
            let sine = SINES[number * 16 + step];
            (&words[word(step) % 16], sine, TURNS[number][of])
        };
        advance(mix, a, [b, c, d], given(0));
        advance(mix, d, [a, b, c], given(1));
        advance(mix, c, [d, a, b], given(2));
        advance(mix, b, [c, d, a], given(3));
    }
}

/// One step of every message.
#[inline(always)]
fn advance(
    mix: impl Fn(u32x4, u32x4, u32x4) -> u32x4,
    a: &mut Words,
    [b, c, d]: [&Words; 3],
    (word, sine, turn): (&Words, u32, u32),
) {
    for at in 0..LANES / 4 {
        let sum = a[at] + mix(b[at], c[at], d[at]) + u32x4::splat(sine) + word[at];
        a[at] = ((sum << turn) | (sum >> (32 - turn))) + b[at];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn digests_are_those_of_rfc_1321() {
        let messages: [&[u8]; 5] = [
            b"",
            b"a",
            b"abc",
            b"message digest",
            b"abcdefghijklmnopqrstuvwxyz",
        ];
        let digits =
            side_by_side(&messages).map(|digest| format!("{:032x}", u128::from_be_bytes(digest)));
        assert_eq!(
            digits[..5],
            [
                "d41d8cd98f00b204e9800998ecf8427e",
                "0cc175b9c0f1b6a831c399e269772661",
                "900150983cd24fb0d6963f7d28e17f72",
                "f96b697d7cb7938d525a2f31aaf161d0",
                "c3fcd3d76192e4007dfb496cca67e13b",
            ]
        );
    }

    #[test]
    fn every_length_up_to_four_blocks_is_hashed_as_by_another_implementation() {
        let bytes: Vec<u8> = (0..300_u32).map(|at| (at * 7 % 251) as u8).collect();
        for length in 0..=260 {
            let lengths = [length, length / 2, 260 - length, length % 64, 55, 56, 119];
            let messages = lengths.map(|length| &bytes[..length]);
            for (digest, message) in side_by_side(&messages).iter().zip(messages) {
                assert_eq!(*digest, <Md5Digest>::from(Md5::digest(message)), "{length}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_messages_are_hashed_as_by_another_implementation(
            messages in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..1_200), 0..=LANES),
        ) {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            for (digest, message) in side_by_side(&messages).iter().zip(&messages) {
                prop_assert_eq!(*digest, <Md5Digest>::from(Md5::digest(message)));
            }
            let count = messages.len();
            prop_assert_eq!(&side_by_side(&messages)[..count], &md5s(&messages)[..count]);
        }
    }
}
