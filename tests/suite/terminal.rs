//! A terminal of one's own for the program, and what it shows.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZero;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::program::wait_for;

/// A program on a terminal.
pub struct Terminal {
    /// None once it has been closed.
    keys: Option<File>,
    reader: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    /// Kept open, so that its modes can be read when the program has ended.
    inside: OwnedFd,
    screen: Arc<Mutex<vt100::Parser>>,
    child: Child,
}

/// Modes of a terminal that a full-screen program changes: input, output and local flags.
pub type Modes = (u64, u64, u64);

impl Terminal {
    /// Starts `command` on a terminal of `rows` and `columns`, its controlling one.
    pub fn start(mut command: Command, rows: u16, columns: u16) -> Self {
        let (keys, inside) = open(rows, columns);
        let stdio = || Stdio::from(inside.try_clone().expect("a descriptor"));
        command
            .env("TERM", "xterm-256color")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio());
        // SAFETY: both calls are safe between fork and exec.
        unsafe {
            command.pre_exec(|| {
                match libc::setsid() != -1 && libc::ioctl(0, libc::TIOCSCTTY, 0) != -1 {
                    true => Ok(()),
                    false => Err(std::io::Error::last_os_error()),
                }
            });
        }
        let child = command.spawn().expect("the program starts");
        drop(command);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(
            size(rows),
            size(columns),
            1_000,
        )));
        let closing = Arc::new(AtomicBool::new(false));
        let reader = {
            let (shown, seen) = (keys.try_clone().expect("a descriptor"), Arc::clone(&screen));
            let closing = Arc::clone(&closing);
            std::thread::spawn(move || keep_reading(shown, &seen, &closing))
        };
        Self {
            keys: Some(keys),
            reader: Some(reader),
            closing,
            inside,
            screen,
            child,
        }
    }

    /// What is on the screen, every blank a plain one.
    pub fn text(&self) -> String {
        let screen = self.screen.lock().expect("no panic");
        screen.screen().contents().replace('\u{a0}', " ")
    }

    /// Whether a full-screen program has the screen.
    pub fn is_taken(&self) -> bool {
        let screen = self.screen.lock().expect("no panic");
        screen.screen().alternate_screen()
    }

    /// Whether the cursor is to be seen.
    pub fn shows_cursor(&self) -> bool {
        !self.screen.lock().expect("no panic").screen().hide_cursor()
    }

    pub fn wait_for_text(&self, text: &str) {
        wait_for(text, || self.text().contains(text));
    }

    pub fn press(&self, keys: &str) {
        let mut terminal = self.keys.as_ref().expect("not closed");
        terminal.write_all(keys.as_bytes()).expect("keys");
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    pub fn resize(&self, rows: u16, columns: u16) {
        self.screen
            .lock()
            .expect("no panic")
            .screen_mut()
            .set_size(size(rows), size(columns));
        set_size(self.keys.as_ref().expect("not closed"), rows, columns);
        self.signal("-WINCH");
    }

    /// Closes the window: whoever is in it is hung up on.
    pub fn close(&mut self) {
        self.closing.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        self.keys = None;
    }

    pub fn modes(&self) -> Modes {
        // SAFETY: a plain structure that the call fills.
        let mut modes: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the descriptor is open, the pointer valid.
        let got = unsafe { libc::tcgetattr(self.inside.as_raw_fd(), &raw mut modes) };
        assert_eq!(got, 0, "{}", std::io::Error::last_os_error());
        (
            modes.c_iflag.into(),
            modes.c_oflag.into(),
            modes.c_lflag.into(),
        )
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_some()
    }

    /// Waits for the end of the program and of what it wrote.
    pub fn finish(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("the program ends");
        // What is on its way through the terminal.
        let mut before = String::new();
        wait_for("a screen at rest", || {
            std::thread::sleep(Duration::from_millis(100));
            let now = self.text();
            std::mem::replace(&mut before, now.clone()) == now
        });
        status
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.close();
    }
}

fn keep_reading(mut shown: File, seen: &Mutex<vt100::Parser>, closing: &AtomicBool) {
    let mut buffer = [0; 8_192];
    while !closing.load(Ordering::Acquire) {
        match shown.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => seen.lock().expect("no panic").process(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(5));
            }
            // Nobody has the other end any more.
            Err(_) => return,
        }
    }
}

/// Both ends of a new terminal; reading what is shown does not block.
fn open(rows: u16, columns: u16) -> (File, OwnedFd) {
    let (mut outside, mut inside) = (0, 0);
    let (name, modes, size) = (
        std::ptr::null_mut(),
        std::ptr::null_mut(),
        std::ptr::null_mut(),
    );
    // SAFETY: the descriptors are filled; name, modes and size are left out.
    let opened = unsafe { libc::openpty(&raw mut outside, &raw mut inside, name, modes, size) };
    assert_eq!(opened, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: both were just opened and belong to nobody else.
    let (outside, inside) = unsafe { (File::from_raw_fd(outside), OwnedFd::from_raw_fd(inside)) };
    for end in [outside.as_raw_fd(), inside.as_raw_fd()] {
        // SAFETY: the descriptor is open.
        unsafe { libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    // SAFETY: the descriptor is open.
    unsafe { libc::fcntl(outside.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
    set_size(&outside, rows, columns);
    (outside, inside)
}

fn size(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a size above 0")
}

fn set_size(terminal: &File, rows: u16, columns: u16) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the descriptor is open, the pointer valid.
    let set = unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}
