//! The mapping's loop: it takes batches and starts invocations as long as there is room, as the emulator's does.

use orderproof_machines::time::{Nanos, nanos};

use crate::world::{Receipt, World};

/// Where the loop stands.
#[derive(Debug)]
pub(crate) enum Poller {
    /// As many invocations run as may.
    Full {
        since: Nanos,
        had_backlog: bool,
        grows_at: Option<Nanos>,
    },
    /// It waits for a first message.
    Receiving,
    /// It waits for more, until the batching window closes.
    Gathering {
        batch: Vec<Receipt>,
        closes_at: Nanos,
    },
}

impl Poller {
    /// Whether a message that becomes visible concerns it.
    pub(crate) fn wants_messages(&self) -> bool {
        !matches!(self, Self::Full { .. })
    }

    /// When it goes on even if nothing else happens.
    pub(crate) fn wakes_at(&self) -> Option<Nanos> {
        match self {
            Self::Full { grows_at, .. } => *grows_at,
            Self::Receiving => None,
            Self::Gathering { closes_at, .. } => Some(*closes_at),
        }
    }
}

impl World<'_> {
    /// Goes as far as it can at this instant.
    pub(crate) fn poll(&mut self) {
        while self.step() {}
    }

    /// One step; whether there may be another.
    fn step(&mut self) -> bool {
        match std::mem::replace(&mut self.poller, Poller::Receiving) {
            Poller::Full {
                since,
                had_backlog,
                grows_at,
            } => {
                let grows = grows_at.is_some_and(|at| at <= self.now);
                if !grows && self.ended_badly.is_empty() {
                    self.poller = Poller::Full {
                        since,
                        had_backlog,
                        grows_at,
                    };
                    return false;
                }
                if had_backlog && self.has_backlog() {
                    let waited = std::time::Duration::from_nanos(self.now - since);
                    self.concurrency.waited(waited);
                }
                self.find_room();
                true
            }
            Poller::Receiving => {
                let mut batch = self.new_batch();
                if self.receive(self.gathering.first(), &mut batch) == 0 {
                    self.spare.push(batch);
                    return false;
                }
                if batch.is_empty() {
                    // The filter has let none through.
                    self.spare.push(batch);
                    return true;
                }
                let window = self.gathering.window();
                match window.is_zero() {
                    true => self.invoke(batch),
                    false => {
                        let closes_at = self.now + nanos(window);
                        self.poller = Poller::Gathering { batch, closes_at };
                    }
                }
                true
            }
            Poller::Gathering {
                mut batch,
                closes_at,
            } => {
                let bytes = self.bytes_of(batch.len());
                let more = self.gathering.more(batch.len(), bytes);
                match more.filter(|_| self.now < closes_at) {
                    None => self.invoke(batch),
                    Some(most) => {
                        let came = self.receive(most, &mut batch);
                        self.poller = Poller::Gathering { batch, closes_at };
                        return came > 0;
                    }
                }
                true
            }
        }
    }

    fn invoke(&mut self, batch: Vec<Receipt>) {
        self.start(batch);
        self.find_room();
    }

    /// Receives next if another invocation may run, and waits otherwise.
    fn find_room(&mut self) {
        for badly in self.ended_badly.drain(..) {
            self.started -= 1;
            if badly && self.concurrency.back_off() {
                self.log.counts.backed_off += 1;
            }
        }
        if self.started < self.concurrency.limit() as usize {
            self.poller = Poller::Receiving;
            return;
        }
        let had_backlog = self.has_backlog();
        if had_backlog {
            self.is_held_up();
        }
        let grows_in = self.concurrency.grows_in();
        self.poller = Poller::Full {
            since: self.now,
            had_backlog,
            grows_at: grows_in.map(|growth| self.now + nanos(growth)),
        };
    }
}
