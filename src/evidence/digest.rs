//! SHA-256 of files, read piece by piece.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What tells one content of a file from another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileDigest {
    /// The file's name in its folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, 64 hex digits.
    pub sha256: String,
}

/// The SHA-256 of some bytes, 64 hex digits.
pub fn digest_of_bytes(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The digest of the first `length` bytes of the file `name` in `folder`; of all of it without a length.
///
/// # Errors
/// When it is missing, is no regular file, cannot be read, or is shorter than `length`.
pub fn digest_of_file(folder: &Path, name: &str, length: Option<u64>) -> io::Result<FileDigest> {
    let path = folder.join(name);
    let found = std::fs::metadata(&path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
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

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
