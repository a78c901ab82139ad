//! Objects of S3 as the place in which workers meet, and from which a merge takes what they left.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{BYTES_MAX, RunAt};
use crate::error::Error;
use crate::folder::{Existing, write_whole};
use crate::objects::{Bucket, Listed, ObjectsAt, is_plain_key};
use crate::results::file_name;
use crate::store::StoreError;
use crate::workers::OneMerge;
use crate::workers::abort::ABORT;
use crate::workers::copying::{COPYING, copying_name, forget_marks, mark};
use crate::workers::lock::LOCK as MERGE_LOCK;
use crate::workers::one_merge::CLAIMS;

/// What tries out conditional writes begins with.
const PROBE: &str = "probe-";
/// The most that is written to one object from a file, as it is held in memory meanwhile.
const FILE_MAX: u64 = 4 << 30;
/// How long it is tried to write the files that are needed, and the pauses between two tries.
const TRIED: Duration = Duration::from_secs(300);
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];
/// How many bytes a second are written at least, and what a file takes beside that.
const BYTES_A_SECOND: u64 = 256 << 10;
const FILE_TAKES: Duration = Duration::from_secs(60);
/// What a worker's folder must have room for before it claims its shard, bytes.
const ROOM: usize = 1 << 20;

/// Whether workers write this before a merge: it stays as it is, with the name of the call that created it.
fn is_of_workers(name: &str) -> bool {
    ["shards/", "ready/", "refused/", "shard-", "copying/"]
        .iter()
        .any(|start| name.starts_with(start))
        || [file_name::PLAN, file_name::GO, ABORT].contains(&name)
}

/// Whether it says which merge is at work.
fn is_claim(name: &str) -> bool {
    name.strip_prefix(CLAIMS)
        .is_some_and(|rest| rest.starts_with('/'))
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

    /// Copies what is there into `folder`, each file whole, in the place of what an earlier copy left. What may be read later
    /// is tried again for minutes; `told` hears of that.
    ///
    /// # Errors
    /// When something cannot be read, is changed meanwhile, or has no name that a file can have.
    pub fn download(&self, folder: &Path, told: &dyn Fn(&str)) -> io::Result<()> {
        forget_marks(folder)?;
        let again = || (Instant::now() + TRIED, PAUSES, is_for_a_while);
        for (name, object) in patiently(again(), told, || self.all())? {
            let path = folder.join(&name);
            if let Some(within) = path.parent() {
                std::fs::create_dir_all(within)?;
            }
            patiently(again(), told, || {
                write_whole(&path, Existing::Replace, |out| {
                    let fetched = self.bucket.fetch(&object, |bytes| out.write_all(bytes));
                    self.runtime.block_on(fetched).map_err(io::Error::other)
                })
            })?;
        }
        Ok(())
    }

    /// Copies the files of `folder`, and of the folders in it, but those that workers have left there; what is called
    /// `last` after all others, if nobody else has. What another merge has left is replaced, as long as the claim of this one,
    /// `merge`, is held. What may be written later is tried again for minutes; `told` hears of that.
    ///
    /// # Errors
    /// When one of them cannot be read or written; when the claim is not held, or another merge came to its end.
    pub fn upload(
        &self,
        folder: &Path,
        last: &str,
        merge: Option<&OneMerge>,
        told: &dyn Fn(&str),
    ) -> io::Result<()> {
        let there = self.all()?;
        let mut names = super::Folder::at(folder).list("")?;
        let is_there = |name: &str| there.iter().any(|(other, _)| other == name);
        // Under a seal nothing changes.
        let replaces = |name: &str| !is_there(last) && !is_of_workers(name);
        let is_new = |name: &str| !is_there(name) || replaces(name);
        names.retain(|name| is_plain_key(name) && name != MERGE_LOCK && is_new(name));
        names.sort_unstable_by_key(|name| (name == last, name.clone()));
        let until = Instant::now() + TRIED;
        for name in &names {
            merge.map_or(Ok(()), |merge| merge.is_held(self))?;
            let path = folder.join(name);
            if name != last {
                let may_write = || merge.is_none_or(OneMerge::is_renewed);
                self.write_file(name, &path, (until, &may_write), told)?;
            } else if !self.create_if_absent(name, &crate::folder::read_within(&path, FILE_MAX)?)? {
                return Err(io::Error::other(format!(
                    "{}: another merge has come to its end meanwhile",
                    self.shown(name)
                )));
            }
        }
        Ok(())
    }

    /// Everything that is there, by its name.
    fn all(&self) -> io::Result<Vec<(String, Listed)>> {
        let prefix = self.at.key("");
        let listed = self.runtime.block_on(self.bucket.list(&prefix));
        let mut all = Vec::new();
        for object in listed.map_err(io::Error::other)? {
            let name = object.key.strip_prefix(&prefix).unwrap_or_default();
            // Consoles mark folders with such objects.
            if object.key.ends_with('/') || name.starts_with(PROBE) || is_claim(name) {
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

    /// Writes a file; what is refused for a while is tried again until `until`, as long as it may be written.
    fn write_file(
        &self,
        name: &str,
        path: &Path,
        (until, may_write): (Instant, &dyn Fn() -> bool),
        told: &dyn Fn(&str),
    ) -> io::Result<()> {
        let bytes = crate::folder::read_within(path, FILE_MAX);
        let bytes = bytes.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        })?;
        let bytes = bytes::Bytes::from(bytes);
        let key = self.at.key(name);
        let again = (until, PAUSES, |error: &StoreError| {
            may_write() && error.is_transient()
        });
        let written = patiently(again, told, || {
            let writing = self.bucket.write(&key, bytes.clone());
            self.runtime.block_on(writing)
        });
        written.map_err(io::Error::other)
    }
}

/// Tries again what failed for a while, as the last of three says, with pauses that grow from the first to the other, until
/// the time is over.
fn patiently<T, E: std::fmt::Display>(
    (until, pauses, for_a_while): (Instant, [Duration; 2], impl Fn(&E) -> bool),
    told: &dyn Fn(&str),
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let [mut pause, longest] = pauses;
    loop {
        let error = match attempt() {
            Err(error) if for_a_while(&error) && Instant::now() + pause < until => error,
            ended => return ended,
        };
        let left = until.saturating_duration_since(Instant::now()).as_secs();
        told(&format!(
            "{error}: tried again in {pause:?}, for {left} s at most"
        ));
        std::thread::sleep(pause);
        // It may not any more be tried.
        if !for_a_while(&error) {
            return Err(error);
        }
        pause = (pause * 2).min(longest);
    }
}

/// Whether what failed may succeed later: S3 or the way to it did, and no disk.
fn is_for_a_while(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(StoreError::is_transient)
}

/// Makes a folder for the shard of worker `index` in `within`, and tries whether there is room.
fn room_in(within: &Path, index: u32) -> io::Result<PathBuf> {
    let path = within.join(format!("orderproof-shard-{index}-{}", Uuid::new_v4()));
    let probe = path.join("probe");
    let tried = std::fs::create_dir_all(&path)
        .and_then(|()| write_whole(&probe, Existing::Keep, |out| out.write_all(&vec![0; ROOM])))
        .and_then(|()| std::fs::remove_file(&probe));
    match tried {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = std::fs::remove_dir_all(&path);
            let told = format!(
                "{}: {error}; set TMPDIR to a folder with room for what the worker sends",
                within.display()
            );
            Err(io::Error::new(error.kind(), told))
        }
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
        room_in(&std::env::temp_dir(), index)
    }

    fn leave_shard_folder(&self, folder: &Path) {
        if let Err(error) = std::fs::remove_dir(folder) {
            tracing::debug!(%error, path = %folder.display(), "the folder stays");
        }
    }

    /// While it lasts a mark says so. The folder is taken away once all of it is there, its manifest last.
    fn hand_over(
        &self,
        index: u32,
        folder: &Path,
        names: &[&str],
        told: &dyn Fn(&str),
    ) -> io::Result<()> {
        let size = |name: &&str| std::fs::metadata(folder.join(name)).map_or(0, |file| file.len());
        let bytes: u64 = names.iter().map(size).sum();
        let takes = FILE_TAKES * u32::try_from(names.len()).unwrap_or(u32::MAX)
            + Duration::from_secs(bytes / BYTES_A_SECOND)
            + TRIED;
        let name = copying_name(index);
        if let Err(error) = self.replace(&name, &mark(takes)) {
            tracing::debug!(%error, "a merge may not wait for the copy");
        }
        let until = Instant::now() + TRIED;
        let mut first_failure = None;
        for name in names {
            if first_failure.is_some() && *name == file_name::MANIFEST {
                break;
            }
            let there = file_name::of_shard(index, name);
            let written = self.write_file(&there, &folder.join(name), (until, &|| true), told);
            first_failure = first_failure.or(written.err());
        }
        let is_whole = first_failure.is_none() && names.last() == Some(&file_name::MANIFEST);
        if is_whole {
            if let Err(error) = std::fs::remove_dir_all(folder) {
                tracing::debug!(%error, path = %folder.display(), "the copy stays");
            }
        } else if let Err(error) = self.remove(&name) {
            // Nothing comes any more.
            tracing::debug!(%error, folder = COPYING, "the mark stays");
        }
        first_failure.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_written_to_is_found_out_and_one_that_can_is_made() {
        // Nobody makes a folder there.
        let error = room_in(Path::new("/proc"), 3).expect_err("no room");
        assert!(error.to_string().contains("set TMPDIR"), "{error}");
        let within = tempfile::tempdir().expect("a folder");
        let room = room_in(within.path(), 3).expect("room");
        let entries = std::fs::read_dir(&room).expect("a folder");
        assert_eq!(entries.count(), 0, "nothing stays in it");
    }

    #[tokio::test]
    async fn what_the_way_to_a_service_failed_at_is_for_a_while_and_a_full_disk_is_not() {
        let services = crate::testing::site::Services::start().await;
        let nowhere =
            services.stores_of(|target| target.sqs_endpoint = "http://127.0.0.1:1".into());
        let error = nowhere.counts().await.expect_err("nobody listens there");
        assert!(is_for_a_while(&io::Error::other(error)));
        let wrong = StoreError::new("S3 GetObject", "it was changed while it was read");
        assert!(!is_for_a_while(&io::Error::other(wrong)));
        assert!(!is_for_a_while(&io::ErrorKind::StorageFull.into()));
    }

    /// How often it was tried, how often that was told, and whether it succeeded at last.
    fn tried(failures: u32, error: &str, within: Duration) -> (u32, usize, bool) {
        let (mut tries, told) = (0, std::cell::RefCell::new(Vec::new()));
        let pauses = [Duration::from_millis(1), Duration::from_millis(4)];
        let for_a_while = |error: &String| error == "no answer";
        let tell = |line: &str| told.borrow_mut().push(line.to_owned());
        let again = (Instant::now() + within, pauses, for_a_while);
        let written = patiently(again, &tell, || {
            tries += 1;
            match tries > failures {
                true => Ok(()),
                false => Err(error.to_owned()),
            }
        });
        let told = told.into_inner();
        assert!(told.iter().all(|line| line.contains("tried again in")));
        (tries, told.len(), written.is_ok())
    }

    #[test]
    fn what_fails_for_a_while_is_tried_again_until_its_time_is_over_and_nothing_else_is() {
        let (minute, nothing) = (Duration::from_secs(60), Duration::ZERO);
        assert_eq!(tried(4, "no answer", minute), (5, 4, true));
        assert_eq!(tried(4, "no answer", nothing), (1, 0, false));
        assert_eq!(tried(4, "it is too long", minute), (1, 0, false));
    }
}
