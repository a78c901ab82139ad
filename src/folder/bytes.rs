//! The bytes of a file that may come from anywhere, and what tells them from others.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::evidence::{FileDigest, hex};

/// Reads a regular file of at most `limit` bytes; no more than that is held in memory.
///
/// # Errors
/// When it is missing, no regular file, larger, or cannot be read.
pub fn read_within(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let found = std::fs::metadata(path)?;
    // A pipe or a device has no end.
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let too_large = || {
        io::Error::other(format!(
            "it is larger than the {limit} bytes that are read of such a file"
        ))
    };
    if found.len() > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(too_large()),
        false => Ok(bytes),
    }
}

/// The digest of the first `length` bytes of the file `name` in `folder`; of all of it without a length.
///
/// # Errors
/// When it is missing, is no regular file, cannot be read, or is shorter than `length`.
pub fn digest_of_file(folder: &Path, name: &str, length: Option<u64>) -> io::Result<FileDigest> {
    let path = folder.join(name);
    let found = std::fs::metadata(&path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut file = File::open(&path)?.take(length.unwrap_or(u64::MAX));
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&piece[..read]);
        bytes += read as u64;
    }
    if length.is_some_and(|length| bytes < length) {
        return Err(io::Error::other("it is shorter"));
    }
    Ok(FileDigest {
        name: name.to_owned(),
        bytes,
        sha256: hex(&hash.finalize()),
    })
}
