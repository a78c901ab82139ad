//! A file that is written whole or not at all.

use std::io::{self, BufWriter, IntoInnerError, Write};
use std::path::Path;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written: [`io::ErrorKind::AlreadyExists`].
    Keep,
    /// It is replaced; a reader sees the old one or the new one.
    Replace,
}

/// Writes what `write` gives: to a temporary name beside `path`, synced, then renamed.
///
/// # Errors
/// When the system refuses, a full disk say; nothing is left behind then.
pub fn write_whole(
    path: &Path,
    existing: Existing,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().filter(|path| !path.as_os_str().is_empty());
    let file = tempfile::Builder::new()
        .permissions(as_the_umask_says())
        .tempfile_in(folder.unwrap_or(Path::new(".")))
        .map_err(without_its_name)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    let file = out.into_inner().map_err(IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    let renamed = match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace => file.persist(path),
    };
    renamed.map(drop).map_err(|error| error.error)
}

/// An error about a temporary file names it, which means nothing to whoever named another.
fn without_its_name(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path ") {
        Some((what, _)) => io::Error::new(error.kind(), what.to_owned()),
        None => error,
    }
}

/// Temporary files are private; a report is as readable as the umask of its user says, as every other file.
fn as_the_umask_says() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}
