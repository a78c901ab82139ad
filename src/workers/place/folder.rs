//! A folder that all workers see.

use std::io;
use std::path::{Path, PathBuf};

use super::{BYTES_MAX, RunAt};
use crate::folder::{Existing, read_within, write_whole};
use crate::results::file_name;

/// How deep files lie below a folder in which workers meet.
const DEPTH_MAX: u32 = 4;

/// A folder that all workers see: NFS, a volume of Kubernetes, a disk that the nodes of Slurm share.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The same as it is, there or not.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    fn write(&self, name: &str, existing: Existing, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        write_whole(&path, existing, |out| out.write_all(bytes))
    }
}

impl RunAt for Folder {
    fn create_if_absent(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        match self.write(name, Existing::Keep, bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match read_within(&self.path.join(name), BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        collect(&self.path.join(folder), "", DEPTH_MAX, &mut names)?;
        Ok(names)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(name, Existing::Replace, bytes)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn shown(&self, name: &str) -> String {
        self.path.join(name).display().to_string()
    }

    fn shard_folder(&self, index: u32) -> io::Result<PathBuf> {
        Ok(self.path.join(file_name::of_shard(index, "")))
    }
}

/// The files below `folder`, each after `within`.
fn collect(folder: &Path, within: &str, depth: u32, names: &mut Vec<String>) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true if depth > 0 => collect(&entry.path(), &format!("{name}/"), depth - 1, names)?,
            true => {}
            false => names.push(name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_who_create_a_file_at_once_one_does() {
        let folder = tempfile::tempdir().expect("a folder");
        for round in 0..20 {
            let name = format!("claims/{round}");
            let place = Folder::open(folder.path()).expect("a place");
            let barrier = std::sync::Barrier::new(8);
            let made: usize = std::thread::scope(|scope| {
                let claim = |index: u8| {
                    barrier.wait();
                    place.create_if_absent(&name, &[index]).expect("an answer")
                };
                let claims: Vec<_> = (0..8)
                    .map(|index| scope.spawn(move || claim(index)))
                    .collect();
                let made = claims
                    .into_iter()
                    .map(|claim| claim.join().expect("no panic"));
                made.filter(|made| *made).count()
            });
            assert_eq!(made, 1, "round {round}");
            assert_eq!(place.read(&name).expect("read").expect("there").len(), 1);
        }
    }

    #[test]
    fn what_is_not_there_is_no_error_and_what_cannot_be_read_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        assert_eq!(place.read("go").expect("told"), None);
        assert_eq!(place.list("ready").expect("told"), Vec::<String>::new());
        place.remove("go").expect("nothing to take away");
        place.replace("ready/3", b"1").expect("written");
        place.replace("ready/3", b"2").expect("written again");
        assert_eq!(place.list("ready").expect("told"), ["3"]);
        place.replace("shards/0/sent.json", b"1").expect("written");
        assert_eq!(place.list("shards").expect("told"), ["0/sent.json"]);
        assert_eq!(place.read("ready/3").expect("told"), Some(b"2".to_vec()));
        assert!(place.read("ready").is_err(), "a folder is not a file");
    }
}
