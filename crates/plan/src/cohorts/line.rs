//! The orders queue in cohorts: what is visible, in the order in which it became so, and how much of it a mapping takes.
//!
//! The rules are those of `orderproof_machines::queue`: messages received too often are moved when a receive comes to them,
//! those that are too old go, and at most so many are in flight.

use std::collections::VecDeque;

use orderproof_machines::queue::{IN_FLIGHT_MAX, QueueCounts};

use super::chance::Chance;
use super::piece::Piece;

/// Messages per batch that are the same but for rounding.
const SAME: f64 = 1e-6;

/// The visible messages, and how many others there are.
#[derive(Debug)]
pub(super) struct Line {
    visible: VecDeque<Piece>,
    /// Visible messages that a receive may still give.
    messages: u64,
    /// Visible messages that have used up their receives.
    used_up: u64,
    /// Batches that the visible messages are if each instant's are received by themselves.
    batches: f64,
    pub(super) in_flight: u64,
    pub(super) delayed: u64,
    /// Messages of one receive.
    first: u64,
    limit: Option<u32>,
    /// Slots for which messages are kept.
    kept: u64,
}

/// What a mapping has taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batches: u64,
    pub(super) pieces: Vec<Piece>,
}

/// What a receive has come upon and does not give.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Messages received too often.
    pub(super) dead: Vec<Piece>,
    /// Messages that are too old.
    pub(super) expired: Vec<Piece>,
}

impl Line {
    pub(super) fn new(first: usize, limit: Option<u32>, kept: u64) -> Self {
        Self {
            visible: VecDeque::new(),
            messages: 0,
            used_up: 0,
            batches: 0.0,
            in_flight: 0,
            delayed: 0,
            first: (first as u64).max(1),
            limit,
            kept,
        }
    }

    pub(super) fn counts(&self) -> QueueCounts {
        QueueCounts {
            visible: self.messages + self.used_up,
            in_flight: self.in_flight,
            delayed: self.delayed,
        }
    }

    /// Messages that a receive may give.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    fn is_used_up(&self, piece: &Piece) -> bool {
        self.limit.is_some_and(|limit| piece.receives >= limit)
    }

    /// Whether messages of this slot are gone by `now`.
    pub(super) fn is_too_old(&self, piece: &Piece, now: u64) -> bool {
        piece.sent.saturating_add(self.kept) <= now
    }

    /// Batches of a piece of which each instant's messages are received by themselves.
    fn own(&self, piece: &Piece) -> f64 {
        piece.clusters * (piece.each() / self.first as f64 - SAME).ceil().max(1.0)
    }

    /// Messages become visible.
    pub(super) fn show(&mut self, piece: Piece) {
        if piece.total() == 0 {
            return;
        }
        match self.is_used_up(&piece) {
            true => self.used_up += piece.total(),
            false => {
                self.messages += piece.total();
                self.batches += self.own(&piece);
            }
        }
        self.visible.push_back(piece);
    }

    fn pop(&mut self) -> Option<Piece> {
        let piece = self.visible.pop_front()?;
        self.forget(&piece);
        Some(piece)
    }

    fn forget(&mut self, piece: &Piece) {
        match self.is_used_up(piece) {
            true => self.used_up -= piece.total(),
            false => {
                self.messages -= piece.total();
                self.batches = match self.messages {
                    0 => 0.0,
                    _ => (self.batches - self.own(piece)).max(0.0),
                };
            }
        }
    }

    /// Takes what stands first and is too old, or has been received too often.
    fn pass(&mut self, now: u64, passed: &mut Passed) {
        while let Some(piece) = self.visible.front().copied() {
            if self.is_too_old(&piece, now) {
                passed.expired.extend(self.pop());
            } else if self.is_used_up(&piece) {
                passed.dead.extend(self.pop());
            } else {
                return;
            }
        }
    }

    /// Takes up to `room` batches; of one instant each where there is room for that in a slot, or as full as need be. In a
    /// slot there is room for `in_a_slot` batches, one after the other.
    pub(super) fn take(
        &mut self,
        (room, in_a_slot): (u64, f64),
        now: u64,
        passed: &mut Passed,
        chance: &mut Chance,
    ) -> Taken {
        self.pass(now, passed);
        if self.messages == 0 || room == 0 {
            return Taken::default();
        }
        let by_themselves = self.batches <= in_a_slot.max(room as f64);
        // Of batches by themselves as many as begin now.
        let now_begin = (room as f64 / self.batches).min(1.0);
        let full = self.messages.div_ceil(self.first);
        let batches = match by_themselves {
            true if now_begin < 1.0 => room,
            true => chance.round(self.batches).max(full),
            false => room.min(self.messages),
        };
        let wanted = match by_themselves {
            true => (self.messages as f64 * now_begin).ceil() as u64,
            false if full <= room => self.messages,
            false => room * self.first,
        };
        let most = (IN_FLIGHT_MAX as u64).saturating_sub(self.in_flight);
        let mut taken = self.take_messages(wanted.min(most), now, passed, chance);
        let came: u64 = taken.iter().map(Piece::total).sum();
        if came == 0 {
            return Taken::default();
        }
        let batches = match came == wanted {
            true => batches,
            false => batches.min(came.div_ceil(self.first)).max(1),
        };
        let each = came as f64 / batches as f64;
        for piece in &mut taken {
            let whole = match by_themselves {
                true => piece.each() <= self.first as f64 + SAME,
                false => (piece.each() - each).abs() <= SAME,
            };
            // Only what is received again in the very same batches is known to share them with a bad order.
            piece.dirty &= whole;
            piece.clusters = match by_themselves {
                true => self.own(piece),
                false => piece.total() as f64 / each,
            };
        }
        Taken {
            batches,
            pieces: taken,
        }
    }

    /// Takes up to so many messages from the front, as one more receive of each.
    pub(super) fn take_messages(
        &mut self,
        wanted: u64,
        now: u64,
        passed: &mut Passed,
        chance: &mut Chance,
    ) -> Vec<Piece> {
        let (mut taken, mut left) = (Vec::new(), wanted);
        while left > 0 {
            self.pass(now, passed);
            let Some(mut piece) = self.pop() else {
                break;
            };
            let mut part = piece.take(left, chance);
            left -= part.total();
            if piece.total() > 0 {
                // The rest stays where it was.
                self.messages += piece.total();
                self.batches += self.own(&piece);
                self.visible.push_front(piece);
            }
            part.receives += 1;
            self.in_flight += part.total();
            taken.push(part);
        }
        taken
    }

    /// What is visible still.
    pub(super) fn rest(self) -> impl Iterator<Item = Piece> {
        self.visible.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(sent: u64, fresh: u64, clusters: f64) -> Piece {
        Piece {
            sent,
            clusters,
            fresh,
            ..Piece::default()
        }
    }

    fn take(line: &mut Line, room: u64, now: u64) -> (Taken, Passed) {
        let (mut passed, mut chance) = (Passed::default(), Chance::new(7));
        let taken = line.take((room, 0.0), now, &mut passed, &mut chance);
        (taken, passed)
    }

    #[test]
    fn batches_are_of_one_instant_while_there_is_room_and_full_otherwise() {
        // Messages, instants, room; batches and messages taken.
        let cases = [
            (60, 60.0, 100, (60, 60), "each by itself"),
            (60, 6.0, 100, (6, 60), "ten at each instant"),
            (
                60,
                2.0,
                100,
                (6, 60),
                "thirty at each instant are three batches",
            ),
            (60, 60.0, 20, (20, 60), "three in each batch"),
            (60, 60.0, 6, (6, 60), "full"),
            (60, 60.0, 4, (4, 40), "and no more than there is room for"),
            (7, 7.0, 0, (0, 0), "no room"),
        ];
        for (messages, instants, room, expected, why) in cases {
            let mut line = Line::new(10, Some(3), 1_000);
            line.show(piece(0, messages, instants));
            let (taken, _) = take(&mut line, room, 0);
            let came: u64 = taken.pieces.iter().map(Piece::total).sum();
            assert_eq!((taken.batches, came), expected, "{why}");
            let clusters: f64 = taken.pieces.iter().map(|piece| piece.clusters).sum();
            assert!((clusters - taken.batches as f64).abs() < 1e-6, "{why}");
            let counts = line.counts();
            assert_eq!((counts.in_flight, counts.visible), (came, messages - came));
        }
    }

    #[test]
    fn what_was_received_too_often_or_is_too_old_is_passed_over() {
        let mut line = Line::new(10, Some(3), 100);
        line.show(piece(0, 5, 5.0));
        line.show(Piece {
            receives: 3,
            ..piece(60, 7, 7.0)
        });
        line.show(piece(70, 9, 9.0));
        assert_eq!(line.messages(), 14);
        let (taken, passed) = take(&mut line, 50, 100);
        assert_eq!(passed.expired[0].total(), 5);
        assert_eq!(passed.dead[0].total(), 7);
        assert_eq!((taken.batches, taken.pieces[0].receives), (9, 1));
        assert_eq!(line.counts().visible, 0);
        // One slot earlier the first are not too old.
        let mut line = Line::new(10, Some(3), 100);
        line.show(piece(0, 5, 5.0));
        let (taken, passed) = take(&mut line, 50, 99);
        assert!(passed.expired.is_empty() && taken.batches == 5);
    }

    #[test]
    fn batches_stay_dirty_only_if_they_are_the_same_batches() {
        let dirty = |clusters| Piece {
            dirty: true,
            bad: 6,
            ..piece(0, 54, clusters)
        };
        for (clusters, room, expected) in [
            (6.0, 100, true),
            (6.0, 6, true),
            (10.0, 100, true),
            (10.0, 6, false),
            (3.0, 100, false),
        ] {
            let mut line = Line::new(10, Some(3), 1_000);
            line.show(dirty(clusters));
            let (taken, _) = take(&mut line, room, 0);
            assert_eq!(taken.pieces[0].dirty, expected, "{clusters} {room}");
        }
    }

    #[test]
    fn no_more_are_in_flight_than_a_queue_allows() {
        let mut line = Line::new(10, None, u64::MAX);
        line.show(piece(0, 500_000, 500_000.0));
        let (taken, _) = take(&mut line, 1_000_000, 0);
        let came: u64 = taken.pieces.iter().map(Piece::total).sum();
        assert_eq!(came, IN_FLIGHT_MAX as u64);
        assert_eq!(take(&mut line, 1_000_000, 0).0.batches, 0);
    }
}
