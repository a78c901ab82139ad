//! Objects of S3 as the place in which workers meet, and from which a merge takes what they left.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{BYTES_MAX, RunAt};
use crate::error::Error;
use crate::folder::{Existing, write_whole};
use crate::objects::{Bucket, Listed, ObjectsAt, is_plain_key};
use crate::results::file_name;
use crate::workers::merge::LOCK as MERGE_LOCK;

/// What tries out conditional writes begins with.
const PROBE: &str = "probe-";
/// The most that is written to one object from a file, as it is held in memory meanwhile.
const FILE_MAX: u64 = 4 << 30;

/// Whether workers write this before a merge: it stays as it is, with the name of the call that created it.
fn is_of_workers(name: &str) -> bool {
    ["shards/", "ready/", "refused/", "shard-"]
        .iter()
        .any(|start| name.starts_with(start))
        || [file_name::PLAN, file_name::GO].contains(&name)
}

/// Objects whose names begin with one prefix.
pub struct Objects {
    at: ObjectsAt,
    bucket: Bucket,
    runtime: Runtime,
}

impl Objects {
    /// The place at `at`, which is asked nothing yet.
    ///
    /// # Errors
    /// A usage error when there is no region or no way to credentials.
    pub fn open(
        at: &ObjectsAt,
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        let bucket = runtime.block_on(Bucket::open(at.bucket(), region, profile));
        Ok(Self {
            at: at.clone(),
            bucket: bucket.map_err(|error| Error::usage(format!("{at}: {error}")))?,
            runtime,
        })
    }

    /// Copies what is there into `folder`, each file whole, in the place of what an earlier copy left.
    ///
    /// # Errors
    /// When something cannot be read, is changed meanwhile, or has no name that a file can have.
    pub fn download(&self, folder: &Path) -> io::Result<()> {
        for (name, object) in self.all()? {
            let path = folder.join(&name);
            if let Some(within) = path.parent() {
                std::fs::create_dir_all(within)?;
            }
            write_whole(&path, Existing::Replace, |out| {
                let fetched = self.bucket.fetch(&object, |bytes| out.write_all(bytes));
                self.runtime.block_on(fetched).map_err(io::Error::other)
            })?;
        }
        Ok(())
    }

    /// Copies the files of `folder`, and of the folders in it, but those that workers have left there; what is called
    /// `last` after all others. What another merge has left is replaced.
    ///
    /// # Errors
    /// When one of them cannot be read or written.
    pub fn upload(&self, folder: &Path, last: &str) -> io::Result<()> {
        let there = self.all()?;
        let mut names = super::Folder::at(folder).list("")?;
        let is_there = |name: &str| there.iter().any(|(other, _)| other == name);
        // Under a seal nothing changes.
        let replaces = |name: &str| !is_there(last) && !is_of_workers(name);
        let is_new = |name: &str| !is_there(name) || replaces(name);
        names.retain(|name| is_plain_key(name) && name != MERGE_LOCK && is_new(name));
        names.sort_unstable_by_key(|name| (name == last, name.clone()));
        names
            .iter()
            .try_for_each(|name| self.write_file(name, &folder.join(name)))
    }

    /// Everything that is there, by its name.
    fn all(&self) -> io::Result<Vec<(String, Listed)>> {
        let prefix = self.at.key("");
        let listed = self.runtime.block_on(self.bucket.list(&prefix));
        let mut all = Vec::new();
        for object in listed.map_err(io::Error::other)? {
            let name = object.key.strip_prefix(&prefix).unwrap_or_default();
            // Consoles mark folders with such objects.
            if object.key.ends_with('/') || name.starts_with(PROBE) {
                continue;
            }
            if !is_plain_key(name) {
                return Err(io::Error::other(format!(
                    "{}: {name:?} was not written by a worker: give each run a prefix of its own",
                    self.at
                )));
            }
            all.push((name.to_owned(), object));
        }
        Ok(all)
    }

    fn write_file(&self, name: &str, path: &Path) -> io::Result<()> {
        let bytes = crate::folder::read_within(path, FILE_MAX)?;
        let key = self.at.key(name);
        let writing = self.bucket.write(&key, bytes.into());
        self.runtime.block_on(writing).map_err(io::Error::other)
    }
}

impl RunAt for Objects {
    fn try_out(&self) -> io::Result<()> {
        let key = self.at.key(&format!("{PROBE}{}", Uuid::new_v4()));
        let keeps = self.runtime.block_on(self.bucket.keeps_conditions(&key));
        match keeps.map_err(io::Error::other)? {
            true => Ok(()),
            false => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "it ignores If-None-Match: a second write replaced an object that was to be created, so that no \
                 claim would hold there",
            )),
        }
    }

    fn create_if_absent(&self, name: &str, bytes: &[u8]) -> io::Result<bool> {
        let (key, bytes) = (self.at.key(name), bytes.to_vec().into());
        // No two calls have one name, so that the object tells which of them has created it.
        let writer = Uuid::new_v4().to_string();
        let creating = self.bucket.create(&key, bytes, &writer);
        self.runtime.block_on(creating).map_err(io::Error::other)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let key = self.at.key(name);
        let read = self.runtime.block_on(self.bucket.read(&key, BYTES_MAX));
        let read = read.map_err(io::Error::other)?;
        Ok(read.map(|object| object.bytes))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let within = format!("{folder}/");
        let prefix = self.at.key(&within);
        let listed = self.runtime.block_on(self.bucket.list(&prefix));
        let listed = listed.map_err(io::Error::other)?;
        let names = listed.iter().filter_map(|object| {
            let name = object.key.strip_prefix(&prefix)?;
            is_plain_key(name).then(|| name.to_owned())
        });
        Ok(names.collect())
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let key = self.at.key(name);
        let writing = self.bucket.write(&key, bytes.to_vec().into());
        self.runtime.block_on(writing).map_err(io::Error::other)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let key = self.at.key(name);
        let removing = self.bucket.delete(&key);
        self.runtime.block_on(removing).map_err(io::Error::other)
    }

    fn shown(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    fn look_every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn shard_folder(&self, index: u32) -> io::Result<PathBuf> {
        let name = format!("orderproof-shard-{index}-{}", Uuid::new_v4());
        let within = std::env::temp_dir();
        std::fs::create_dir_all(&within)?;
        Ok(within.join(name))
    }

    /// The folder is taken away once all of it is there, its manifest last.
    fn hand_over(&self, index: u32, folder: &Path, names: &[&str]) -> io::Result<()> {
        for name in names {
            self.write_file(&file_name::of_shard(index, name), &folder.join(name))?;
        }
        if names.last() == Some(&file_name::MANIFEST)
            && let Err(error) = std::fs::remove_dir_all(folder)
        {
            tracing::debug!(%error, path = %folder.display(), "the copy stays");
        }
        Ok(())
    }
}
