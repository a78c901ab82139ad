//! The keys of the live view: in its mode the terminal sends ctrl-c as a key, not as a signal.
//!
//! Read here and not by crossterm: its `poll` (0.29.0) does not return any more, at a full processor, when the
//! terminal has been closed, and the run would never come to its verdict.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use crate::commands::interrupt::interrupt;

/// Where keys come from.
pub struct Keys(File);

impl Keys {
    /// Those of the terminal that the program was started on.
    ///
    /// # Errors
    /// When there is none.
    pub fn open() -> io::Result<Self> {
        let stdin = io::stdin();
        match stdin.is_terminal() {
            true => Ok(Self(stdin.as_fd().try_clone_to_owned()?.into())),
            false => File::open("/dev/tty").map(Self),
        }
    }

    /// Waits for `patience` or until a key is pressed, and does what the key asks for.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn obey(&mut self, patience: Duration) -> io::Result<()> {
        let mut waiting = libc::pollfd {
            fd: self.0.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: one descriptor, which is open as long as `self`.
        let ready = unsafe { libc::poll(&raw mut waiting, 1, patience) };
        if ready == -1 {
            let error = io::Error::last_os_error();
            // A signal, such as the one of a new size.
            return match error.kind() {
                io::ErrorKind::Interrupted => Ok(()),
                _ => Err(error),
            };
        }
        if waiting.revents & (libc::POLLHUP | libc::POLLERR | libc::POLLNVAL) != 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        if ready == 0 {
            return Ok(());
        }
        let mut keys = [0; 64];
        match self.0.read(&mut keys)? {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            count => {
                (0..presses(&keys[..count])).for_each(|_| interrupt());
                Ok(())
            }
        }
    }
}

/// How often what was read asks to stop. Arrows, function keys and the like are sequences that begin with escape.
fn presses(keys: &[u8]) -> usize {
    const CTRL_C: u8 = 3;
    match keys.first() {
        Some(b'\x1b') => 0,
        _ => {
            let asks = |key: &&u8| matches!(**key, b'q' | b'Q' | CTRL_C);
            keys.iter().filter(asks).count()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_and_ctrl_c_stop_and_their_neighbors_do_not() {
        let cases: [(&[u8], usize); 8] = [
            (b"q", 1),
            (b"Q", 1),
            (b"\x03", 1),
            (b"\x03\x03", 2),
            (b"c", 0),
            (b"\x11", 0),
            (b"\x1a", 0),
            (b"\x1bOq", 0),
        ];
        for (keys, count) in cases {
            assert_eq!(presses(keys), count, "{keys:?}");
        }
    }
}
