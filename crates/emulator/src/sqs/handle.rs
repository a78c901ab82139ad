//! Message ids and receipt handles: short texts made from counters, without allocation.
//!
//! A message id looks like a UUID and is a function of the message's serial number. A receipt
//! handle names the queue, the message and one of its receives, and carries a check, so that a
//! handle that never was is told from one that is out of date.

use std::fmt;
use std::ops::Deref;

/// ASCII text of a fixed length, kept in place.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct InlineText<const N: usize>([u8; N]);

/// A message's id: unique, and shaped like a UUID.
pub type MessageId = InlineText<36>;

/// What a receive gives to delete the message with.
pub type ReceiptHandle = InlineText<48>;

/// An MD5 digest in hexadecimal.
pub type Md5Text = InlineText<32>;

impl<const N: usize> Deref for InlineText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII is written into it")
    }
}

impl<const N: usize> fmt::Display for InlineText<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self)
    }
}

impl<const N: usize> fmt::Debug for InlineText<N> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, out)
    }
}

/// Which receive of which message a handle stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Receipt {
    pub(super) queue: u32,
    pub(super) slot: u32,
    pub(super) serial: u64,
    pub(super) receive: u32,
}

/// Writes ids and handles, and reads handles back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scribe {
    seed: u64,
}

impl Scribe {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The id of the message with this serial number, shaped like a version 4 UUID.
    pub(crate) fn message_id(self, serial: u64) -> MessageId {
        let (version, variant) = (0x4000, 0x8000_0000_0000_0000);
        let high = (self.seed & !0xf000) | version;
        // An odd multiplier permutes the numbers below 2^62: ids differ while serials do.
        let scattered = serial.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = (scattered & 0x3fff_ffff_ffff_ffff) | variant;
        let mut digits = [0; 32];
        write_hex(&mut digits[..16], high);
        write_hex(&mut digits[16..], low);
        let mut text = [b'-'; 36];
        for (to, from) in [
            (0, 0..8),
            (9, 8..12),
            (14, 12..16),
            (19, 16..20),
            (24, 20..32),
        ] {
            text[to..to + from.len()].copy_from_slice(&digits[from]);
        }
        InlineText(text)
    }

    pub(super) fn handle(self, receipt: Receipt) -> ReceiptHandle {
        let mut text = [0; 48];
        let (place, serial, receive) = self.words(receipt);
        write_hex(&mut text[..16], place);
        write_hex(&mut text[16..32], serial);
        write_hex(&mut text[32..], receive);
        InlineText(text)
    }

    /// The receipt a handle stands for; none if this engine never wrote it.
    pub(super) fn read(self, handle: &str) -> Option<Receipt> {
        let text: &[u8; 48] = handle.as_bytes().try_into().ok()?;
        let place = read_hex(&text[..16])?;
        let receive = read_hex(&text[32..])?;
        let receipt = Receipt {
            queue: (place >> 32) as u32,
            slot: place as u32,
            serial: read_hex(&text[16..32])?,
            receive: (receive >> 32) as u32,
        };
        (self.words(receipt).2 == receive).then_some(receipt)
    }

    /// The handle's three words, the last one the receive and the check.
    fn words(self, receipt: Receipt) -> (u64, u64, u64) {
        let place = u64::from(receipt.queue) << 32 | u64::from(receipt.slot);
        let receive = u64::from(receipt.receive) << 32;
        let mut check = self.seed ^ place;
        for word in [receipt.serial, receive] {
            check = (check ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
            check ^= check >> 32;
        }
        (place, receipt.serial, receive | (check & 0xffff_ffff))
    }
}

/// A digest as lower-case hexadecimal.
pub(super) fn md5_text(digest: [u8; 16]) -> Md5Text {
    let mut text = [0; 32];
    let digest = u128::from_be_bytes(digest);
    write_hex(&mut text[..16], (digest >> 64) as u64);
    write_hex(&mut text[16..], digest as u64);
    InlineText(text)
}

fn write_hex(text: &mut [u8], word: u64) {
    for (place, digit) in text.iter_mut().enumerate() {
        let nibble = (word >> (60 - 4 * place)) & 0xf;
        *digit = b"0123456789abcdef"[nibble as usize];
    }
}

fn read_hex(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0, |word, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(word << 4 | u64::from(nibble))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_back_and_a_forged_one_does_not() {
        let scribe = Scribe::new(0x1234_5678_9abc_def0);
        let receipt = Receipt {
            queue: 7,
            slot: 4_000_000_000,
            serial: 1 << 60,
            receive: 3,
        };
        let handle = scribe.handle(receipt);
        assert_eq!(scribe.read(&handle), Some(receipt));
        let later = scribe.handle(Receipt {
            receive: 4,
            ..receipt
        });
        assert_ne!(handle, later);
        assert_eq!(scribe.read("not-a-handle"), None);
        assert_eq!(scribe.read(&"0".repeat(48)), None);
        assert_eq!(Scribe::new(1).read(&handle), None);
    }

    #[test]
    fn ids_look_like_uuids_and_differ() {
        let scribe = Scribe::new(u64::MAX);
        let ids: std::collections::HashSet<_> = (0..10_000)
            .map(|serial| scribe.message_id(serial))
            .collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let uuid = uuid::Uuid::parse_str(&id).expect("shaped like a UUID");
            assert_eq!(uuid.get_version_num(), 4);
            assert_eq!(uuid.get_variant(), uuid::Variant::RFC4122);
        }
    }
}
