//! A process in a group of its own: started, watched, stopped and killed with whatever it has started.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::net::unix::pipe;
use tokio::process::{Child, Command};

use super::config::Launch;
use super::descendants::{Descendants, MARK, new_mark};

/// A running process. Dropping it kills it with all its descendants and waits for its end.
///
/// The group keeps a ctrl-c in the terminal away from it: a run that is interrupted settles first.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    descendants: Descendants,
    ended: bool,
}

impl Process {
    /// Starts the command; what it prints comes out of the pipe.
    pub(super) fn spawn(
        launch: &Launch,
        api: SocketAddr,
        number: u32,
    ) -> io::Result<(Self, pipe::Receiver)> {
        let (output, input) = io::pipe()?;
        let output = File::from(OwnedFd::from(output));
        let inode = output.metadata().ok().map(|metadata| metadata.ino());
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        let mark = new_mark();
        // The command holds the pipe's other end: it must be gone when this returns.
        let child = Command::new(&launch.program)
            .args(&launch.config.command[1..])
            .current_dir(&launch.folder)
            .env_clear()
            .envs(launch.variables(api, number))
            .env(MARK, &mark)
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            .process_group(0)
            .spawn()?;
        let group = child.id().and_then(|id| libc::pid_t::try_from(id).ok());
        let group = group.ok_or_else(|| io::Error::other("the process has no id"))?;
        let process = Self {
            child,
            descendants: Descendants::of(group, mark, inode),
            ended: false,
        };
        Ok((process, output))
    }

    /// Waits until it has ended by itself; what it leaves behind is killed.
    pub(super) async fn exit(&mut self) -> String {
        let status = self.child.wait().await;
        self.end();
        shown(status)
    }

    /// Whether it has ended by itself; what it leaves behind is killed.
    pub(super) fn has_exited(&mut self) -> bool {
        let exited = !matches!(self.child.try_wait(), Ok(None));
        if exited {
            self.end();
        }
        exited
    }

    /// Kills it and all it has started, and waits for its end.
    pub(super) async fn kill(&mut self) {
        self.signal();
        if let Err(error) = self.child.wait().await {
            tracing::warn!(%error, "a function's process cannot be waited for");
        }
        self.ended = true;
    }

    /// Kills it and all it has started, stopped or not.
    pub(super) fn signal(&mut self) {
        // The group's number stays taken until the process has been waited for. Right after that `end` calls this
        // once more, for what the process has left behind, long before numbers come round to this one again.
        if !self.ended {
            self.descendants.kill();
        }
    }

    /// Stops it and all it has started. True if, as far as can be known, none was left running.
    pub(super) fn stop(&mut self) -> bool {
        self.ended || self.descendants.stop()
    }

    /// Has it and all it has started go on.
    pub(super) fn go_on(&mut self) {
        if !self.ended {
            self.descendants.go_on();
        }
    }

    fn end(&mut self) {
        self.signal();
        self.ended = true;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.signal();
        for _ in 0..1_000 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        tracing::warn!(pid = self.child.id(), "a killed process has not ended");
    }
}

fn shown(status: io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}
