//! `run --tui` in a build without it: refused before anything is sent.

use std::convert::Infallible;
use std::io;

use super::{Error, Output};
use crate::run::Watch;

/// A view that is never started.
pub struct LiveView(Infallible);

/// There is none here.
///
/// # Errors
/// Always: the build has no live view.
pub fn check_terminal(_: &Output) -> Result<(), Error> {
    Err(Error::usage(
        "--tui is not in this build: build it with the feature `tui`; without it, progress is shown in lines",
    ))
}

impl LiveView {
    /// There is none here.
    ///
    /// # Errors
    /// Always.
    pub fn start(_: Watch, _: Option<String>, _: bool) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
