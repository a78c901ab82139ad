//! A file that is written whole or not at all, and never over another.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::Error;
use crate::report::as_the_umask_says;

/// Writes what `write` gives to `path`, which must not be there yet.
///
/// # Errors
/// When it is there, or cannot be written: then nothing is.
pub fn write_new(
    path: &Path,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    written(path, write).map_err(|error| {
        let path = path.display();
        Error::usage(match error.kind() {
            io::ErrorKind::AlreadyExists => format!(
                "{path}: cannot write: it is there already and is not replaced; nothing is overwritten, name another file"
            ),
            _ => format!("{path}: cannot write: {error}; check the folder and its free space"),
        })
    })
}

fn written(path: &Path, write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::Builder::new()
        .permissions(as_the_umask_says())
        .tempfile_in(folder.unwrap_or(Path::new(".")))?;
    let mut buffered = BufWriter::new(file);
    write(&mut buffered)?;
    let file = buffered
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}
