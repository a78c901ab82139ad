//! Where workers meet, as `--run-at` says it.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::{Folder, Objects, RunAt};
use crate::error::Error;
use crate::objects::ObjectsAt;

/// Where workers meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MeetingPlace {
    /// A folder that all of them see.
    Folder(PathBuf),
    /// Objects of S3 whose names begin alike.
    Objects(ObjectsAt),
}

impl MeetingPlace {
    /// Reads `s3://bucket/prefix`, or else a path.
    ///
    /// # Errors
    /// What is wrong with it, as a fragment.
    pub fn parse(text: OsString) -> Result<Self, String> {
        match text.to_str() {
            Some(text) if text.starts_with(ObjectsAt::SCHEME) => {
                ObjectsAt::parse(text).map(Self::Objects)
            }
            Some(text) if text.contains("://") => Err(
                "workers meet in a folder that all of them see, or at s3://BUCKET/PREFIX".into(),
            ),
            _ => Ok(Self::Folder(text.into())),
        }
    }

    /// The place, to be written to; a folder is made if it is not there. `region` and `profile` are those with which S3 is
    /// asked, where they are given.
    ///
    /// # Errors
    /// A usage error when it cannot be reached.
    pub(in crate::workers) fn open(
        &self,
        region: Option<&str>,
        profile: Option<&str>,
    ) -> Result<Box<dyn RunAt + Send>, Error> {
        match self {
            Self::Folder(path) => match Folder::open(path) {
                Ok(folder) => Ok(Box::new(folder)),
                Err(error) => Err(Error::usage(format!(
                    "{}: {error}; name a folder that every worker can write to (--run-at)",
                    path.display()
                ))),
            },
            Self::Objects(at) => Ok(Box::new(Objects::open(at, region, profile)?)),
        }
    }
}

impl fmt::Display for MeetingPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Objects(at) => write!(f, "{at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_objects_and_nothing_else() {
        let parse = |text: &str| MeetingPlace::parse(text.into());
        for path in ["/shared/run", "run", "s3", "./s3:/x"] {
            assert_eq!(parse(path), Ok(MeetingPlace::Folder(path.into())));
        }
        let objects = parse("s3://runs/sale-1").expect("a place");
        assert!(matches!(objects, MeetingPlace::Objects(_)), "{objects}");
        assert_eq!(objects.to_string(), "s3://runs/sale-1");
        for wrong in ["gs://runs/sale-1", "https://host/run", "s3://runs"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
