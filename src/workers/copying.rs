//! `copying/I`: worker I has sent its shard and copies it to where the workers meet, where that is not its own disk. It is not
//! missing before the time that it says is over.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::RunAt;
use crate::clock;
use crate::results::{file_name, to_json};

/// The folder of the marks.
pub(super) const COPYING: &str = "copying";
/// The longest that a worker is waited for that copies, whatever it says.
const LONGEST: Duration = Duration::from_secs(2 * 3_600);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Copying {
    since_unix_seconds: u64,
    /// It has given up by then.
    takes_seconds_max: u64,
}

impl Copying {
    /// How much longer it may take.
    fn left(self, now: SystemTime) -> Duration {
        let takes = Duration::from_secs(self.takes_seconds_max).min(LONGEST);
        let since =
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.since_unix_seconds));
        // Of a clock that is ahead: it has just begun.
        let age = since.map_or(takes, |since| now.duration_since(since).unwrap_or_default());
        takes.saturating_sub(age)
    }
}

/// The name of the mark of worker `index`.
pub(super) fn copying_name(index: u32) -> String {
    format!("{COPYING}/{index}")
}

/// The mark of a worker that copies from now on, for as long at most.
pub(super) fn mark(takes_max: Duration) -> Vec<u8> {
    let now = clock::wall().duration_since(SystemTime::UNIX_EPOCH);
    to_json(&Copying {
        since_unix_seconds: now.unwrap_or_default().as_secs(),
        takes_seconds_max: takes_max.as_secs(),
    })
}

/// Takes away the marks that an earlier copy of a place has left in `folder`: who copies by now, the place itself says.
///
/// # Errors
/// When they cannot be taken away.
pub(super) fn forget_marks(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(folder.join(COPYING)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Workers of `of` that copy their shards to `place`, so that their manifests are still to come, and how long that may take.
///
/// # Errors
/// When the place cannot be read. A mark that is damaged is none.
pub(super) fn copy_on(place: &dyn RunAt, of: u32) -> io::Result<Option<(Vec<u32>, Duration)>> {
    let marks = place.list(COPYING)?;
    let marks: Vec<u32> = (0..of)
        .filter(|index| marks.contains(&index.to_string()))
        .collect();
    if marks.is_empty() {
        return Ok(None);
    }
    let left = place.list(file_name::SHARDS)?;
    let (now, mut at_work, mut longest) = (clock::wall(), Vec::new(), Duration::ZERO);
    for index in marks {
        if left.contains(&format!("{index}/{}", file_name::MANIFEST)) {
            continue;
        }
        let mark = place.read(&copying_name(index))?;
        let mark: Option<Copying> = mark.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let still = mark.map_or(Duration::ZERO, |mark| mark.left(now));
        if !still.is_zero() {
            at_work.push(index);
            longest = longest.max(still);
        }
    }
    Ok((!at_work.is_empty()).then_some((at_work, longest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workers::Folder;

    #[test]
    fn who_copies_is_waited_for_until_its_manifest_or_its_time() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Folder::open(folder.path()).expect("a place");
        let write = |name: &str, bytes: &[u8]| place.replace(name, bytes).expect("written");
        let found = || copy_on(&place, 4).expect("told");
        assert_eq!(found(), None);
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        write(&copying_name(1), &mark(minutes(5)));
        write(&copying_name(3), &mark(minutes(9)));
        write(&copying_name(7), &mark(minutes(5)));
        let (workers, left) = found().expect("two of four");
        assert_eq!(workers, [1, 3]);
        assert!(left > minutes(8) && left <= minutes(9), "{left:?}");
        write("shards/3/manifest.json", b"{}");
        assert_eq!(found().expect("one").0, [1]);
        write(&copying_name(1), &mark(Duration::ZERO));
        assert_eq!(found(), None, "its time is over");
        write(&copying_name(1), b"{");
        assert_eq!(found(), None, "damaged");
    }

    #[test]
    fn marks_of_an_earlier_copy_are_forgotten_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        forget_marks(folder.path()).expect("there is none");
        let place = Folder::open(folder.path()).expect("a place");
        let long = mark(Duration::from_secs(600));
        place.replace(&copying_name(1), &long).expect("written");
        place.replace("plan.json", b"{}").expect("written");
        assert!(copy_on(&place, 4).expect("told").is_some());
        forget_marks(folder.path()).expect("taken away");
        assert_eq!(copy_on(&place, 4).expect("told"), None);
        assert!(place.read("plan.json").expect("read").is_some());
    }

    #[test]
    fn nobody_copies_for_longer_than_hours() {
        let begun = |ago: u64, takes: u64| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
            let copying = Copying {
                since_unix_seconds: 1_800_000_000 - ago,
                takes_seconds_max: takes,
            };
            copying.left(now).as_secs()
        };
        assert_eq!(begun(10, 60), 50);
        assert_eq!(begun(60, 60), 0);
        assert_eq!(begun(0, u64::MAX), 7_200);
    }
}
