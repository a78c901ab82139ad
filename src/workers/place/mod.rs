//! Where the workers of a run meet: a few operations on named files, of which one must be exclusive.

mod address;
mod folder;
mod objects;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use address::MeetingPlace;
pub use folder::Folder;
pub use objects::Objects;

/// The most that is read of a file through which workers meet.
const BYTES_MAX: u64 = 16 << 20;

/// A place that all workers of a run reach. Names are paths with `/` between their parts.
pub trait RunAt {
    /// Tries out what [`Self::create_if_absent`] rests on.
    ///
    /// # Errors
    /// When the place cannot be written; [`io::ErrorKind::Unsupported`] when it would let two create one file.
    fn try_out(&self) -> io::Result<()> {
        Ok(())
    }

    /// Writes a file that is not there yet, whole; false when it is there already, whoever made it.
    ///
    /// # Errors
    /// When it cannot be told or written.
    fn create_if_absent(&self, name: &str, bytes: &[u8]) -> io::Result<bool>;

    /// The content of a file; `None` when it is not there.
    ///
    /// # Errors
    /// When it cannot be told or read.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// The files below a folder, by their names from there on, in no order; none when it is not there.
    ///
    /// # Errors
    /// When it cannot be told.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Writes a file whole, in the place of one that may be there.
    ///
    /// # Errors
    /// When it cannot be written.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Takes a file away, if it is there.
    ///
    /// # Errors
    /// When it cannot be taken away.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// What errors call a file.
    fn shown(&self, name: &str) -> String;

    /// How long to wait between two looks at what others do here.
    fn look_every(&self) -> Duration {
        Duration::from_millis(100)
    }

    /// The folder on this machine in which worker `index` keeps its shard while it sends. Where it is not the place itself, it
    /// is made, and tried whether it can be written to.
    ///
    /// # Errors
    /// When there is no room for one.
    fn shard_folder(&self, index: u32) -> io::Result<PathBuf>;

    /// Takes such a folder away again, of a worker that has sent nothing.
    fn leave_shard_folder(&self, folder: &Path) {
        let _ = folder;
    }

    /// Puts the files called `names` of worker `index`, which are in its shard's `folder`, where others find them, in this
    /// order. One that cannot be written keeps none of the others back but the manifest. What may be written later is tried
    /// again for minutes; `told` hears of that.
    ///
    /// # Errors
    /// When one of them cannot be read or written; the others are there.
    fn hand_over(
        &self,
        index: u32,
        folder: &Path,
        names: &[&str],
        told: &dyn Fn(&str),
    ) -> io::Result<()> {
        let _ = (index, folder, names, told);
        Ok(())
    }
}
