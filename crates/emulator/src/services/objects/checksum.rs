//! Checksums that clients send with a body, held against it and given back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{HeaderMap, HeaderName};
use md5::{Digest, Md5};
use sha2::Sha256;

use super::chunked::Sent;
use crate::services::refusal::ServiceError;

const PREFIX: &str = "x-amz-checksum-";
/// Reflected, as tables are built from them.
const CRC32C: u64 = 0x82f6_3b78;
const CRC64NVME: u64 = 0x9a6c_9329_ac4b_c9b5;

/// A checksum of an object that its client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checksum {
    algorithm: &'static str,
    /// In base64.
    pub(super) value: String,
}

impl Checksum {
    /// The checksum among headers and trailers, if there is one, once it and `Content-MD5` were held against the body.
    pub(super) fn of(headers: &HeaderMap, sent: &Sent) -> Result<Option<Self>, ServiceError> {
        let md5 = headers
            .get("content-md5")
            .and_then(|value| value.to_str().ok());
        if md5.is_some_and(|md5| md5 != STANDARD.encode(Md5::digest(&sent.body))) {
            let message = "The Content-MD5 you specified did not match what we received.";
            return Err(ServiceError::new("BadDigest", 400, message));
        }
        let in_head = headers.iter().filter_map(|(name, value)| {
            Some((name.as_str().strip_prefix(PREFIX)?, value.to_str().ok()?))
        });
        let behind = sent
            .trailers
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value.as_str())));
        let Some((name, value)) = in_head.chain(behind).find(|(name, _)| *name != "type") else {
            return Ok(None);
        };
        let Some((algorithm, is)) = computed(name, &sent.body) else {
            let message = format!(
                "The checksum {name:?} is not served here: use CRC32, CRC32C, CRC64NVME or SHA256."
            );
            return Err(ServiceError::new("NotImplemented", 501, message));
        };
        match is == value {
            true => Ok(Some(Self {
                algorithm,
                value: is,
            })),
            false => {
                let message = format!(
                    "The {} you specified did not match the calculated checksum.",
                    algorithm.to_ascii_uppercase()
                );
                Err(ServiceError::new("BadDigest", 400, message))
            }
        }
    }

    /// The header it stands in.
    pub(super) fn header(&self) -> HeaderName {
        let name = format!("{PREFIX}{}", self.algorithm);
        HeaderName::try_from(name).unwrap_or_else(|_| unreachable!("four names in lower case"))
    }
}

fn computed(name: &str, body: &[u8]) -> Option<(&'static str, String)> {
    Some(match name {
        "crc32" => (
            "crc32",
            STANDARD.encode(crc32fast::hash(body).to_be_bytes()),
        ),
        "crc32c" => {
            let crc = crc(CRC32C, u64::from(u32::MAX), body) as u32;
            ("crc32c", STANDARD.encode(crc.to_be_bytes()))
        }
        "crc64nvme" => {
            let crc = crc(CRC64NVME, u64::MAX, body);
            ("crc64nvme", STANDARD.encode(crc.to_be_bytes()))
        }
        "sha256" => ("sha256", STANDARD.encode(Sha256::digest(body))),
        _ => return None,
    })
}

/// A reflected CRC whose register begins and ends inverted.
fn crc(polynomial: u64, ones: u64, body: &[u8]) -> u64 {
    let mut table = [0_u64; 256];
    for (index, entry) in table.iter_mut().enumerate() {
        *entry = (0..8).fold(index as u64, |crc, _| {
            (crc >> 1) ^ (if crc & 1 == 1 { polynomial } else { 0 })
        });
    }
    let crc = body.iter().fold(ones, |crc, byte| {
        (crc >> 8) ^ table[usize::from(crc as u8 ^ byte)]
    });
    crc ^ ones
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue: of `123456789`.
    #[test]
    fn checksums_are_those_of_the_catalogue() {
        let digits = b"123456789";
        assert_eq!(crc(CRC32C, u64::from(u32::MAX), digits), 0xe306_9283);
        assert_eq!(crc(CRC64NVME, u64::MAX, digits), 0xae8b_1486_0a79_9888);
        let crc32 = STANDARD.encode(0xcbf4_3926_u32.to_be_bytes());
        assert_eq!(computed("crc32", digits), Some(("crc32", crc32)));
        assert_eq!(computed("sha1", digits), None);
    }
}
