//! A stored histogram, taken apart within bounds: a text of eighty characters can ask for gigabytes of counts.
//!
//! What this program writes has two or three significant digits and counts up to an hour. What claims more is refused
//! before a count is allocated, and so is what would take more memory than [`within_memory`] leaves to a whole file.

use std::cell::Cell;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;

/// The longest text: a histogram of three digits with every count different.
const TEXT_MAX: usize = 512 << 10;
/// The same, inflated.
const PLAIN_MAX: u64 = 256 << 10;
/// What the plain form begins with.
const HEADER_BYTES: usize = 40;
/// The cookies of the V2 format, deflated and plain.
const DEFLATED: u32 = 0x1c84_9314;
const PLAIN: u32 = 0x1c84_9313;
/// What an hour of microseconds is rounded up to in buckets.
const HIGHEST_US: u64 = u32::MAX as u64;

/// Memory that the histograms of any file may take, bytes, and per byte of the file: of real ones a byte stands for
/// about thirty.
const MEMORY_FLOOR: u64 = 64 << 20;
const MEMORY_PER_BYTE: u64 = 64;
const MEMORY_MAX: u64 = 512 << 20;

thread_local! {
    /// What the file that is being read may still take; without a file each histogram stands for itself.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Reads a file of `file_bytes`, whose histograms may take so much memory together and no more.
pub fn within_memory<T>(file_bytes: usize, read: impl FnOnce() -> T) -> T {
    let allowed = MEMORY_FLOOR + MEMORY_PER_BYTE * file_bytes as u64;
    let before = LEFT.replace(Some(allowed.min(MEMORY_MAX)));
    let result = read();
    LEFT.set(before);
    result
}

/// The plain form of a stored histogram, if it is one that this program could have written.
///
/// # Errors
/// What is wrong with it.
pub(super) fn inflate(text: &str) -> Result<Vec<u8>, String> {
    if text.len() > TEXT_MAX {
        return Err(format!("it is longer than {TEXT_MAX} characters"));
    }
    let bytes = BASE64.decode(text).map_err(|error| error.to_string())?;
    let (head, deflated) = bytes.split_at_checked(8).ok_or("it is cut short")?;
    if u32_at(head, 0) != DEFLATED || u32_at(head, 4) as usize != deflated.len() {
        return Err("it is not deflated HDR V2".into());
    }
    let mut plain = Vec::new();
    ZlibDecoder::new(deflated)
        .take(PLAIN_MAX + 1)
        .read_to_end(&mut plain)
        .map_err(|error| error.to_string())?;
    if plain.len() as u64 > PLAIN_MAX || plain.len() < HEADER_BYTES {
        return Err("it is cut short or longer than any".into());
    }
    check_header(&plain)?;
    Ok(plain)
}

fn check_header(plain: &[u8]) -> Result<(), String> {
    let counts = &plain[HEADER_BYTES..];
    let (digits, low, high) = (u32_at(plain, 12), u64_at(plain, 16), u64_at(plain, 24));
    if u32_at(plain, 0) != PLAIN || u32_at(plain, 4) as usize != counts.len() {
        return Err("it is not HDR V2".into());
    }
    if !(1..=3).contains(&digits) || low != 1 || !(2..=HIGHEST_US).contains(&high) {
        return Err(format!(
            "its range is {low} to {high} us in {digits} digits, and this program counts from 1 us to an hour in 2 or 3"
        ));
    }
    // The one number whose opposite does not fit in 64 bits.
    if counts.windows(9).any(|nine| nine == [0xff; 9]) {
        return Err("it skips more counts than there are".into());
    }
    let needed = 8 * slots(digits, high);
    LEFT.with(|left| match left.get() {
        None => Ok(()),
        Some(there) if needed <= there => {
            left.set(Some(there - needed));
            Ok(())
        }
        Some(_) => Err("the histograms of this file take more memory than any run's".into()),
    })
}

/// How many counts a histogram of these digits up to `high` holds.
fn slots(digits: u32, high: u64) -> u64 {
    let sub_buckets = (2 * 10_u64.pow(digits)).next_power_of_two();
    let (mut buckets, mut untracked) = (1, sub_buckets);
    while untracked <= high {
        untracked <<= 1;
        buckets += 1;
    }
    (buckets + 1) * sub_buckets / 2
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Duration;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;
    use crate::metrics::Histogram;

    /// A stored histogram as somebody else might write one.
    fn crafted(digits: u32, low: u64, high: u64, claimed: u32, counts: &[u8]) -> String {
        let mut plain = Vec::new();
        for number in [PLAIN, claimed, 0, digits] {
            plain.extend(number.to_be_bytes());
        }
        plain.extend(low.to_be_bytes());
        plain.extend(high.to_be_bytes());
        plain.extend(1.0_f64.to_be_bytes());
        plain.extend(counts);
        let mut deflater = ZlibEncoder::new(Vec::new(), Compression::best());
        deflater.write_all(&plain).unwrap();
        let deflated = deflater.finish().unwrap();
        let mut bytes = DEFLATED.to_be_bytes().to_vec();
        bytes.extend((deflated.len() as u32).to_be_bytes());
        bytes.extend(deflated);
        BASE64.encode(bytes)
    }

    #[test]
    fn what_asks_for_more_than_any_run_is_refused_before_it_is_allocated() {
        let read = |text: String| Histogram::try_from(text).map(|histogram| histogram.count());
        assert_eq!(
            read(crafted(3, 1, HIGHEST_US, 2, &[1, 2])).unwrap(),
            1,
            "a near miss"
        );
        let refused = [
            ("five digits", crafted(5, 1, HIGHEST_US, 2, &[1, 2])),
            ("four digits", crafted(4, 1, HIGHEST_US, 2, &[1, 2])),
            ("no digits", crafted(0, 1, HIGHEST_US, 2, &[1, 2])),
            ("a range of 2^62", crafted(3, 1, 1 << 62, 2, &[1, 2])),
            (
                "just beyond an hour",
                crafted(3, 1, HIGHEST_US + 1, 2, &[1, 2]),
            ),
            ("from nothing on", crafted(3, 0, HIGHEST_US, 2, &[1, 2])),
            ("a range without width", crafted(3, 1, 1, 2, &[1, 2])),
            (
                "four gigabytes of counts",
                crafted(3, 1, HIGHEST_US, u32::MAX, &[1, 2]),
            ),
            (
                "more counts than it says",
                crafted(3, 1, HIGHEST_US, 1, &[1, 2]),
            ),
            (
                "zeros that inflate",
                crafted(3, 1, HIGHEST_US, 1 << 24, &[0; 1 << 24]),
            ),
            ("a skip of 2^63", crafted(3, 1, HIGHEST_US, 9, &[0xff; 9])),
            (
                "a count of 2^62",
                crafted(
                    3,
                    1,
                    HIGHEST_US,
                    9,
                    &[0xfe, 255, 255, 255, 255, 255, 255, 255, 0x7f],
                ),
            ),
            ("a long text", "A".repeat(TEXT_MAX + 4)),
            ("no text", String::new()),
            (
                "eight bytes",
                BASE64.encode([0x1c, 0x84, 0x93, 0x14, 0, 0, 0, 0]),
            ),
        ];
        for (what, text) in refused {
            assert!(read(text).is_err(), "{what}");
        }
    }

    #[test]
    fn a_file_holds_so_many_histograms_and_no_more() {
        let text = crafted(3, 1, HIGHEST_US, 2, &[1, 2]);
        let each = 8 * slots(3, HIGHEST_US);
        let fitting = MEMORY_FLOOR / each;
        let read = |count: u64| {
            within_memory(0, || {
                (0..count).all(|_| Histogram::try_from(text.clone()).is_ok())
            })
        };
        assert!(read(fitting));
        assert!(!read(fitting + 1));
        assert!(read(fitting), "each file has its own");
    }

    #[test]
    fn the_memory_reckoned_is_the_memory_taken() {
        for (digits, us) in [
            (3, 1),
            (3, 2_047),
            (3, 2_048),
            (3, 3_600_000_000),
            (2, 70_000),
        ] {
            let mut histogram = if digits == 3 {
                Histogram::new()
            } else {
                Histogram::coarse()
            };
            histogram.record(Duration::from_micros(us));
            let plain = inflate(&String::from(histogram.clone())).unwrap();
            assert_eq!(
                slots(digits, u64_at(&plain, 24)),
                histogram.slots(),
                "{digits} {us}"
            );
        }
    }
}
