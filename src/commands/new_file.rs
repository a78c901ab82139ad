//! A file that a command writes: whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use super::Error;
use crate::folder::{Existing, remedy, write_whole};

/// Writes what `write` gives to `path`, which must not be there yet.
///
/// # Errors
/// When it is there, or cannot be written: then nothing is.
pub fn write_new(
    path: &Path,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let written = match path.exists() {
        true => Err(io::ErrorKind::AlreadyExists.into()),
        false => write_whole(path, Existing::Keep, write),
    };
    written.map_err(|error| {
        let is_folder = path.is_dir();
        let path = path.display();
        Error::usage(match error.kind() {
            io::ErrorKind::AlreadyExists if is_folder => {
                format!("{path}: cannot write: it is a folder; name a file in it")
            }
            io::ErrorKind::AlreadyExists => format!(
                "{path}: cannot write: the file exists, and nothing is overwritten; name another file"
            ),
            _ => format!("{path}: cannot write: {error}; {}", remedy(&error, "name another file")),
        })
    })
}

/// Writes `bytes` to `path`, over the file that may be there.
///
/// # Errors
/// When it cannot be written: then the old file stays.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let written = write_whole(path, Existing::Replace, |out| out.write_all(bytes));
    written.map_err(cannot_write(path))
}

/// The error of a file that cannot be written.
pub fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.display().to_string();
    move |error| {
        Error::internal(format!(
            "{path}: cannot write: {error}; {}",
            remedy(&error, "name another file")
        ))
    }
}
