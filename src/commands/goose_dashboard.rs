//! Where Goose's own dashboard listens.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::Error;

/// The loopback address of `port`, or for 0 one that nobody has taken; none without a port.
///
/// # Errors
/// When something listens there already: said before anything is sent.
pub fn address(port: Option<u16>) -> Result<Option<SocketAddr>, Error> {
    let Some(port) = port else {
        return Ok(None);
    };
    if !cfg!(feature = "goose-dashboard") {
        return Err(Error::usage(
            "--goose-dashboard is not in this build: build it with the feature `goose-dashboard`",
        ));
    }
    // Goose binds it itself, later, and does not say which free one it took.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .and_then(|listener| listener.local_addr())
        .map(Some)
        .map_err(|error| {
            Error::usage(format!(
                "--goose-dashboard {port}: {error}; name another port, or 0 for any that is free"
            ))
        })
}

#[cfg(all(test, feature = "goose-dashboard"))]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_refused_and_a_free_one_is_not() {
        assert_eq!(address(None).unwrap(), None);
        let free = address(Some(0)).unwrap().unwrap();
        assert!(free.ip().is_loopback() && free.port() != 0);
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let refused = address(Some(port)).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("--goose-dashboard {port}"))
                && refused.contains("another port")
        );
    }
}
