//! `run --dashboard`: a page on loopback that shows a run from before its first order to its verdict.
//!
//! `report::live` makes the page. Here are the checks of each request ([`guard`]), the words and charts of the moment
//! ([`standing`], [`charted`]), and the server that sends them ([`server`]). Charts are drawn once a second, and only while
//! a page is open.

mod charted;
mod feed;
mod guard;
mod live_state;
mod server;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::OnceLock;

use super::Error;
use crate::report::live::News;
use crate::run::{Outcome, Watch};
use server::Server;

/// A page of a run, once there is one.
pub struct Dashboard {
    listener: TcpListener,
    address: SocketAddr,
    server: OnceLock<Server>,
}

impl Dashboard {
    /// Takes the loopback port, or for 0 one that nobody has taken; none without a port.
    ///
    /// # Errors
    /// When something listens there already: said before anything is sent.
    pub fn open(port: Option<u16>) -> Result<Option<Self>, Error> {
        let Some(port) = port else {
            return Ok(None);
        };
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok(Self {
                listener,
                address,
                server: OnceLock::new(),
            })
        });
        taken.map(Some).map_err(|error| {
            Error::usage(format!(
                "--dashboard {port}: {error}; name another port, or 0 for any that is free"
            ))
        })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Shows a run, until it has ended.
    ///
    /// # Errors
    /// When the machine gives no thread or runtime.
    pub fn serve(&self, watch: Watch) -> std::io::Result<()> {
        let server = Server::start(self.listener.try_clone()?, watch)?;
        // One run has one page.
        let _ = self.server.set(server);
        Ok(())
    }

    /// Tells every page that is open how the run ended, and waits a moment until they know.
    pub fn ended(&self, outcome: Result<&Outcome, &Error>) {
        let Some(server) = self.server.get() else {
            return;
        };
        let news = match outcome {
            Ok(outcome) => {
                let folder = outcome.folder.display().to_string();
                News::judged(&outcome.report, &folder).unwrap_or_else(|error| {
                    let why = format!("{error}; the verdict is in {folder}");
                    News::without_verdict(&server.run(), &why)
                })
            }
            Err(error) => News::without_verdict(&server.run(), &error.to_string()),
        };
        server.end(&news);
    }
}
