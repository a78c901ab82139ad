//! One run at a time on the same stores: a lock on this machine, which ends with the process that holds it.
//!
//! It is a file for each queue and for the table in the user's runtime folder, locked as long as the run goes on.
//! It says nothing of runs of other users or machines: those show in what the stores hold.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::scenario::is_loopback;
use crate::store::{TableAt, Target};

/// The stores of a target, held until this is dropped.
#[derive(Debug)]
pub struct StoresLock {
    _files: Vec<File>,
}

impl StoresLock {
    /// Takes the stores of `target` for what is going on in `what`, such as a run's folder.
    ///
    /// # Errors
    /// [`Error::Refused`] when another run or look of this user is at work there.
    pub fn take(target: &Target, what: &str) -> Result<Self, Error> {
        let folder = folder().map_err(|error| {
            Error::internal(format!(
                "the folder of locks cannot be made: {error}; set TMPDIR to a folder of your own"
            ))
        })?;
        Self::take_in(&folder, &stores_of(target), what)
    }

    fn take_in(folder: &Path, stores: &[String], what: &str) -> Result<Self, Error> {
        let mut files = Vec::new();
        for store in stores {
            let path = folder.join(file_name(store));
            let failed = |error: io::Error| {
                Error::internal(format!("{}: cannot be locked: {error}", path.display()))
            };
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(taken(store, &mut file)),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            note(&mut file, what).map_err(failed)?;
            files.push(file);
        }
        Ok(Self { _files: files })
    }
}

/// Who is there, for whom it is refused.
fn note(file: &mut File, what: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    write!(file, "process {}, {what}", std::process::id())
}

fn taken(store: &str, file: &mut File) -> Error {
    let mut holder = String::new();
    let known = file.read_to_string(&mut holder).is_ok() && !holder.is_empty();
    let holder = if known { &holder } else { "another process" };
    Error::refused(format!(
        "nothing was sent: {holder} is at work at {store}, and two would take each other's messages: wait until it has \
         ended, or give each run stores of its own"
    ))
}

fn file_name(store: &str) -> String {
    let digest = Sha256::digest(store.as_bytes());
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{hex}.lock")
}

/// What each of the stores is called, the same for everyone who reaches it. On loopback one port is one server, whatever the
/// address is called.
fn stores_of(target: &Target) -> Vec<String> {
    let place = |endpoint: &str| match is_loopback(endpoint) {
        true => {
            let port = endpoint.trim_end_matches('/').rsplit(':').next();
            format!("loopback:{}", port.unwrap_or_default())
        }
        false => endpoint.to_owned(),
    };
    // A queue's URL ends in account and name.
    let queue = |url: &str| {
        let path: Vec<&str> = url.trim_end_matches('/').rsplit('/').take(2).collect();
        let name = path.into_iter().rev().collect::<Vec<_>>().join("/");
        format!(
            "{} {} queue {name}",
            place(&target.sqs_endpoint),
            target.region
        )
    };
    let account = target
        .orders_queue_url
        .trim_end_matches('/')
        .rsplit('/')
        .nth(1);
    let table = |table: &TableAt| {
        format!(
            "{} {} account {} table {}",
            place(&target.dynamodb_endpoint),
            target.region,
            account.unwrap_or_default(),
            table.name
        )
    };
    let queues = [&target.orders_queue_url, &target.dead_letter_queue_url];
    let queues = queues.into_iter().map(|url| queue(url));
    queues.chain(target.tables.iter().map(table)).collect()
}

/// A folder that is this user's alone.
fn folder() -> io::Result<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    if let Some(runtime) = runtime.filter(|runtime| runtime.is_dir())
        && let Ok(folder) = private(&runtime.join("orderproof"))
    {
        return Ok(folder);
    }
    // Whose files are made here is who we are.
    let user = tempfile::tempfile()?.metadata()?.uid();
    private(&std::env::temp_dir().join(format!("orderproof-{user}")))
}

/// Makes the folder, if it is not there, and makes sure that nobody else can write to it.
fn private(path: &Path) -> io::Result<PathBuf> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = path.symlink_metadata()?;
    let ours = tempfile::tempfile_in(path)?.metadata()?.uid();
    match found.is_dir() && found.uid() == ours && found.mode() & 0o022 == 0 {
        true => Ok(path.to_owned()),
        false => Err(io::Error::other(format!(
            "{} is not a folder of this user alone",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_taken_by_one_at_a_time_and_given_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let stores = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        let take = |names: &[&str]| StoresLock::take_in(folder.path(), &stores(names), "reports/a");
        let first = take(&["queue a", "table a"]).expect("nobody is there");
        let second = take(&["queue b", "table a"]).expect_err("one of the two is taken");
        assert_eq!(second.exit().code(), 6);
        let told = second.to_string();
        for part in ["table a", "reports/a", &std::process::id().to_string()] {
            assert!(told.contains(part), "{part} in {told}");
        }
        let other = take(&["queue b", "table b"]).expect("other stores");
        drop(first);
        take(&["queue a", "table a"]).expect("given back");
        drop(other);
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_not_used() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let open = folder.path().join("open");
        std::fs::create_dir(&open).expect("a folder");
        std::fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).expect("ours");
        assert!(private(&open).is_err());
        assert!(private(&folder.path().join("new")).is_ok());
    }
}
