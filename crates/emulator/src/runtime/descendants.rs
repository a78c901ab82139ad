//! All that a function's process has started, wherever it has gone: a descendant may have a process group or a session
//! of its own, and its parent may have ended.
//!
//! `/proc` is searched. A process is a descendant when its parent is one, when it is in the process's group, when it was
//! started with the mark that the process was given among its variables, or when it writes to the process's output.
//! A process that has lost all three, parent, variables and output, is not found. Without `/proc` nothing is found, and
//! [`Descendants::stop`] returns false.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::DirEntryExt;
use std::time::Duration;

use libc::pid_t;
use uuid::Uuid;

/// The variable whose value no other process is given.
pub(super) const MARK: &str = "ORDERPROOF_ENVIRONMENT";

/// Searches in one stop. Each finds what was started before all that the one before it found had stopped.
const SEARCHES_MAX: u32 = 100;

/// How often, and after which pause, the variables of a process that shows none are read again: a process that turns
/// into another program shows none for a moment.
const LOOKS_AGAIN: u32 = 5;
const PAUSE: Duration = Duration::from_micros(200);

/// Asks whether a signal could be sent.
const NO_SIGNAL: libc::c_int = 0;

/// The flag of the kernel's own threads, `PF_KTHREAD`.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// A process that leads a group, and all its descendants.
#[derive(Debug)]
pub(super) struct Descendants {
    root: pid_t,
    /// When the process was started, in clock ticks since the boot; nothing if that could not be read.
    born: Option<u64>,
    mark: String,
    /// Its output, as links below `/proc` name it.
    output: Option<OsString>,
    /// Those outside its group, and when they were started: a number may come to name another process.
    away: HashMap<pid_t, u64>,
    /// Those known to be none, and the inode numbers of their folders in `/proc`. Descent does not change, so nobody
    /// is looked at twice.
    strangers: HashMap<pid_t, u64>,
}

/// What a search has found.
#[derive(Debug, Default)]
struct Found {
    /// Descendants outside the group that were not known.
    new: Vec<Stat>,
    /// The process itself was seen, so those it has started can be seen, too.
    root_seen: bool,
    /// One in the group takes no signals of ours.
    refused: bool,
}

/// Of a process, as `/proc/PID/stat` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    pid: pid_t,
    parent: pid_t,
    group: pid_t,
    has_ended: bool,
    flags: u64,
    born: u64,
}

/// Who a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Descendant,
    Stranger,
    /// It shows no variables.
    None,
}

/// A value for [`MARK`].
pub(super) fn new_mark() -> String {
    Uuid::new_v4().simple().to_string()
}

impl Descendants {
    /// Those of the process `root`, which leads a group, was given `mark` and writes to the pipe of this inode number.
    pub(super) fn of(root: pid_t, mark: String, output: Option<u64>) -> Self {
        Self {
            root,
            born: Stat::of(root).map(|stat| stat.born),
            mark: format!("{MARK}={mark}"),
            output: output.map(|inode| format!("pipe:[{inode}]").into()),
            away: HashMap::new(),
            strangers: HashMap::new(),
        }
    }

    /// Stops the process and all its descendants. True if, as far as can be known, none was left running.
    pub(super) fn stop(&mut self) -> bool {
        self.signal_group(libc::SIGSTOP);
        let stopped = self.signal_away(libc::SIGSTOP);
        match self.stop_the_others() {
            Ok(others) => stopped && others,
            Err(error) => {
                tracing::debug!(%error, pid = self.root, "descendants cannot be looked for");
                false
            }
        }
    }

    /// Has the process and all its descendants go on.
    pub(super) fn go_on(&mut self) {
        self.signal_group(libc::SIGCONT);
        self.signal_away(libc::SIGCONT);
    }

    /// Kills the process and all its descendants, stopped or not. The process may have ended.
    pub(super) fn kill(&mut self) {
        // What is stopped starts nothing that would be missed.
        self.signal_group(libc::SIGSTOP);
        self.signal_away(libc::SIGSTOP);
        if let Err(error) = self.stop_the_others() {
            tracing::debug!(%error, pid = self.root, "descendants cannot be looked for");
        }
        if !self.signal_away(libc::SIGKILL) {
            tracing::warn!(pid = self.root, "a descendant cannot be killed");
        }
        self.signal_group(libc::SIGKILL);
    }

    /// Stops the descendants outside the group that were not known, until a search finds no other: whether it has seen
    /// all there are, and all are stopped.
    fn stop_the_others(&mut self) -> io::Result<bool> {
        let mut stopped = true;
        for _ in 0..SEARCHES_MAX {
            let found = self.search()?;
            if found.new.is_empty() {
                return Ok(stopped && found.root_seen && !found.refused);
            }
            for stat in found.new {
                stopped &= send(stat.pid, libc::SIGSTOP);
                self.away.insert(stat.pid, stat.born);
            }
        }
        Ok(false)
    }

    /// Sends a signal to the group: whether there was one.
    fn signal_group(&self, signal: libc::c_int) -> bool {
        // SAFETY: a plain system call. The caller answers for the group's number.
        unsafe { libc::killpg(self.root, signal) == 0 }
    }

    /// Sends a signal to the known descendants outside the group: whether each got it, or has ended.
    fn signal_away(&mut self, signal: libc::c_int) -> bool {
        self.away
            .retain(|pid, born| Stat::of(*pid).is_some_and(|stat| stat.born == *born));
        let mut all = true;
        for pid in self.away.keys() {
            all &= send(*pid, signal);
        }
        all
    }

    /// Looks at every process that is not known.
    fn search(&mut self) -> io::Result<Found> {
        let born = self
            .born
            .ok_or_else(|| io::Error::other("/proc does not show the process"))?;
        let mut found = Found::default();
        let mut family: HashSet<pid_t> = self.away.keys().copied().collect();
        family.insert(self.root);
        let mut strangers = HashMap::with_capacity(self.strangers.len());
        let mut unknown = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<pid_t>().ok()) else {
                continue;
            };
            let inode = entry.ino();
            if self.strangers.get(&pid) == Some(&inode) {
                strangers.insert(pid, inode);
                continue;
            }
            let Some(stat) = Stat::of(pid) else { continue };
            if pid == self.root {
                found.root_seen = stat.born == born;
            } else if self.away.get(&pid) == Some(&stat.born) {
                // Known: the caller has signaled it already.
            } else if stat.group == self.root {
                family.insert(pid);
                found.refused |= !send(pid, NO_SIGNAL);
            } else if stat.born < born || stat.flags & KERNEL_THREAD != 0 {
                strangers.insert(pid, inode);
            } else {
                unknown.push((stat, inode));
            }
        }
        take_children(&mut family, &mut unknown, &mut found.new);
        let mut others = Vec::new();
        for look in 0..=LOOKS_AGAIN {
            let mut silent = Vec::new();
            for (stat, inode) in unknown {
                match self.sign_of(&stat) {
                    Sign::Descendant => {
                        family.insert(stat.pid);
                        found.new.push(stat);
                    }
                    Sign::Stranger => others.push((stat, inode)),
                    Sign::None => silent.push((stat, inode)),
                }
            }
            unknown = silent;
            if unknown.is_empty() || look == LOOKS_AGAIN {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        others.append(&mut unknown);
        take_children(&mut family, &mut others, &mut found.new);
        strangers.extend(others.into_iter().map(|(stat, inode)| (stat.pid, inode)));
        self.strangers = strangers;
        Ok(found)
    }

    /// What its variables and its output say of a process.
    fn sign_of(&self, stat: &Stat) -> Sign {
        if stat.has_ended {
            return Sign::Stranger;
        }
        let pid = stat.pid;
        let variables = fs::read(format!("/proc/{pid}/environ"));
        let shows_none = variables.as_ref().is_ok_and(Vec::is_empty);
        let mark = self.mark.as_bytes();
        let is_marked = |all: Vec<u8>| all.split(|byte| *byte == 0).any(|one| one == mark);
        let writes = |to: i32| {
            let link = fs::read_link(format!("/proc/{pid}/fd/{to}"));
            link.is_ok_and(|link| Some(link.as_os_str()) == self.output.as_deref())
        };
        match variables.is_ok_and(is_marked) || writes(1) || writes(2) {
            true => Sign::Descendant,
            false if shows_none => Sign::None,
            false => Sign::Stranger,
        }
    }
}

/// Moves those whose parent is of the family out of `unknown` into it, and their children, too.
fn take_children(family: &mut HashSet<pid_t>, unknown: &mut Vec<(Stat, u64)>, new: &mut Vec<Stat>) {
    loop {
        let before = unknown.len();
        unknown.retain(|(stat, _)| {
            let is_child = family.contains(&stat.parent);
            if is_child {
                family.insert(stat.pid);
                new.push(*stat);
            }
            !is_child
        });
        if unknown.len() == before {
            return;
        }
    }
}

/// Sends a signal to one process: whether it got it, or has ended.
fn send(pid: pid_t, signal: libc::c_int) -> bool {
    // SAFETY: a plain system call, on a process that was seen a moment ago.
    let sent = unsafe { libc::kill(pid, signal) } == 0;
    sent || io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

impl Stat {
    /// Of this process, if it is there and may be looked at.
    fn of(pid: pid_t) -> Option<Self> {
        // A line of numbers and a name of at most 64 bytes; one read gets it whole.
        let mut line = [0; 1_024];
        let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
        let bytes = file.read(&mut line).ok()?;
        Self::parse(pid, &line[..bytes])
    }

    /// See proc_pid_stat(5). The name, which may hold anything, ends at the last parenthesis.
    fn parse(pid: pid_t, line: &[u8]) -> Option<Self> {
        let name_end = line.iter().rposition(|byte| *byte == b')')?;
        let rest = std::str::from_utf8(line.get(name_end + 2..)?).ok()?;
        let mut fields = rest.split_ascii_whitespace();
        let has_ended = matches!(fields.next()?, "Z" | "X");
        let parent = fields.next()?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        let flags = fields.nth(3)?.parse().ok()?;
        let born = fields.nth(12)?.parse().ok()?;
        Some(Self {
            pid,
            parent,
            group,
            has_ended,
            flags,
            born,
        })
    }
}

#[cfg(test)]
#[path = "descendants_tests.rs"]
mod tests;
