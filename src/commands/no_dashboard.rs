//! `run --dashboard` in a build without it: refused before anything is sent.

use std::convert::Infallible;

use super::Error;
use crate::run::{Outcome, Watch};

/// A page that is never served.
pub struct Dashboard(Infallible);

impl Dashboard {
    /// There is none here.
    ///
    /// # Errors
    /// When one is asked for.
    pub fn open(port: Option<u16>) -> Result<Option<Self>, Error> {
        match port {
            None => Ok(None),
            Some(_) => Err(Error::usage(
                "--dashboard is not in this build: build it with the feature `dashboard`",
            )),
        }
    }

    /// There is none here.
    pub fn url(&self) -> String {
        match self.0 {}
    }

    /// There is none here.
    ///
    /// # Errors
    /// Never.
    pub fn serve(&self, _: Watch) -> std::io::Result<()> {
        match self.0 {}
    }

    /// There is none here.
    pub fn ended(&self, _: Result<&Outcome, &Error>) {
        match self.0 {}
    }
}
