//! A run's folder: made once, never overwritten, every file whole or not there.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::remedy::remedy;
use super::whole_file::{Existing, write_whole};

/// Why a run's folder or one of its files cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// There is something in it already.
    #[error(
        "{0}: the folder is not empty, and a run is never overwritten; name another one with --output-dir"
    )]
    Taken(PathBuf),
    /// The system refuses.
    #[error(
        "{path}: cannot write: {source}; {}",
        remedy(source, "name another folder with --output-dir")
    )]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The link to the newest run's folder, beside the runs' folders.
pub const LATEST: &str = "latest";

/// The folder of one run.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    /// Files that are there are written anew.
    renews: bool,
}

impl RunFolder {
    /// Takes the folder away again as long as there is nothing in it.
    pub fn discard_empty(&self) {
        if let Err(error) = std::fs::remove_dir(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "the folder stays");
        }
    }

    /// Makes `<parent>/<utc>-<scenario>`; a second run within the second gets a suffix.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn create(parent: &Path, utc: Timestamp, scenario: &str) -> Result<Self, FolderError> {
        let stamp = utc.strftime("%Y%m%dT%H%M%SZ");
        std::fs::create_dir_all(parent).map_err(failed(parent))?;
        let mut attempt = 1;
        loop {
            let name = match attempt {
                1 => format!("{stamp}-{scenario}"),
                _ => format!("{stamp}-{scenario}-{attempt}"),
            };
            let path = parent.join(name);
            match std::fs::create_dir(&path) {
                Ok(()) => {
                    return Ok(Self {
                        path,
                        renews: false,
                    });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => attempt += 1,
                Err(error) => return Err(failed(&path)(error)),
            }
        }
    }

    /// Points the link `latest` beside the folder to it, for scripts. What stands there and is no link stays.
    ///
    /// # Errors
    /// When the link cannot be made; nothing depends on it.
    pub fn link_as_latest(&self) -> std::io::Result<()> {
        let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name()) else {
            return Ok(());
        };
        let link = parent.join(LATEST);
        if let Ok(there) = std::fs::symlink_metadata(&link)
            && !there.is_symlink()
        {
            return Ok(());
        }
        // Another run may do the same: whoever renames last has it, and there is one at any time.
        let made = parent.join(format!(".{LATEST}-{}", std::process::id()));
        let _ = std::fs::remove_file(&made);
        std::os::unix::fs::symlink(name, &made)?;
        std::fs::rename(&made, &link)
    }

    /// Makes exactly `path`, which must not be there yet or be empty.
    ///
    /// # Errors
    /// When there is something in it, or it cannot be made.
    pub fn create_exactly(path: &Path) -> Result<Self, FolderError> {
        std::fs::create_dir_all(path).map_err(failed(path))?;
        let mut entries = std::fs::read_dir(path).map_err(failed(path))?;
        match entries.next() {
            Some(_) => Err(FolderError::Taken(path.to_owned())),
            None => Ok(Self {
                path: path.to_owned(),
                renews: false,
            }),
        }
    }

    /// The folder of a run that is there already.
    pub fn existing(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            renews: false,
        }
    }

    /// The same of a run whose end was begun and not reached, so that it has no seal: what was written of it is written
    /// anew.
    pub fn renewed(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            renews: true,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Takes a file away that was written here.
    pub fn remove(&self, name: &str) {
        if let Err(error) = std::fs::remove_file(self.file(name)) {
            tracing::debug!(%error, name, "the file stays");
        }
    }

    /// Writes a file whole: to a temporary name, synced, then renamed; never over another file, unless it is
    /// [renewed](Self::renewed). A folder in its name is made.
    ///
    /// # Errors
    /// When the system refuses, a full disk say; nothing is left behind then.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FolderError> {
        let path = self.file(name);
        if let Some(within) = path.parent() {
            std::fs::create_dir_all(within).map_err(failed(within))?;
        }
        let existing = match self.renews {
            true => Existing::Replace,
            false => Existing::Keep,
        };
        write_whole(&path, existing, |out| out.write_all(bytes)).map_err(failed(&path))
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::Write { path, source }
}
