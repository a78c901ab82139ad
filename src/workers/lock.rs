//! Who may be at work in the folder of a run by several workers: one merge, or else those who read their parts for it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::error::Error;

/// Locked while somebody is at work in the folder: by a merge alone, by those who read a part together.
pub(super) const LOCK: &str = "merge.lock";

/// Takes the folder `dir` for a merge; it ends with what is returned, or with this process.
///
/// # Errors
/// [`Error::Refused`] when somebody else is at work there.
pub(super) fn for_merge(dir: &Path) -> Result<File, Error> {
    let (file, failed) = opened(dir)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        // Who reads a part lets others read, too.
        Err(TryLockError::WouldBlock) => Err(Error::refused(match file.try_lock_shared() {
            Ok(()) => format!(
                "{}: a worker is reading its part of the tables there (verify --worker): wait until it has ended",
                dir.display()
            ),
            Err(_) => another_merge(dir),
        })),
    }
}

/// Takes part in reading the tables into the folder `dir`: others may do so, too, and nobody merges meanwhile.
///
/// # Errors
/// [`Error::Refused`] when a merge is at work there.
pub(super) fn for_part(dir: &Path) -> Result<File, Error> {
    let (file, failed) = opened(dir)?;
    match file.try_lock_shared() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) => Err(failed(error)),
        Err(TryLockError::WouldBlock) => Err(Error::refused(another_merge(dir))),
    }
}

fn another_merge(dir: &Path) -> String {
    format!(
        "{}: another merge is at work there: wait until it has ended",
        dir.display()
    )
}

fn opened(dir: &Path) -> Result<(File, impl Fn(std::io::Error) -> Error), Error> {
    let path = dir.join(LOCK);
    let shown = path.display().to_string();
    let failed =
        move |error: std::io::Error| Error::internal(format!("{shown}: cannot be locked: {error}"));
    // Readable for a shared lock and writable for the other, as NFS wants a file to be that is locked.
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(&failed)?;
    Ok((file, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_is_alone_and_those_who_read_parts_are_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path();
        let refused = |taken: Result<File, Error>, told: &str| {
            let error = taken.expect_err("refused");
            assert_eq!(error.exit().code(), 6);
            assert!(error.to_string().contains(told), "{error}");
        };
        let one = for_part(dir).expect("nobody is there");
        let other = for_part(dir).expect("together");
        refused(for_merge(dir), "verify --worker");
        drop(one);
        refused(for_merge(dir), "verify --worker");
        drop(other);
        let merge = for_merge(dir).expect("nobody is there");
        refused(for_merge(dir), "another merge");
        refused(for_part(dir), "another merge");
        drop(merge);
        for_part(dir).expect("it has ended");
    }
}
