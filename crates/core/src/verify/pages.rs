//! Rows and letters, taken in by the page.
//!
//! Nearly all are byte for byte what their orders leave. These are first compared, one after the other, and then noted: what
//! is noted lies far apart in memory, and a processor fetches it for many orders at once when nothing stands between them.

use std::time::Duration;

use super::Collector;
use crate::order::{RowSays, Slot};
use crate::records::{DeadLetter, Item};

/// Rows that are compared before they are noted.
const TOGETHER: usize = 256;

/// What a page holds, and which of its rows or letters take more than to be compared. Kept for its memory.
#[derive(Default)]
pub(super) struct Page {
    said: Vec<RowSays>,
    /// Orders of letters.
    sent: Vec<u32>,
    other: Vec<usize>,
}

impl Page {
    fn clear(&mut self) {
        self.said.clear();
        self.sent.clear();
        self.other.clear();
    }
}

impl Collector {
    /// What is taken in from now on was read at `at`, since the run's start, or before.
    pub fn read_at(&mut self, at: Duration) {
        self.timing.read_at = Some(at);
    }

    /// Takes rows of a table in. A row seen twice (by scan and look-up, or twice by either) counts once, and its content is
    /// compared each time.
    pub fn rows(&mut self, table: &str, rows: &[Item]) {
        self.page(table, rows, Self::other_row);
    }

    /// Takes one row in, as [`Self::rows`] does.
    pub fn row(&mut self, table: &str, row: &Item) {
        self.rows(table, std::slice::from_ref(row));
    }

    /// Takes rows of a further scan in, which a scan before may have shown: what is of no order of this run was counted then.
    pub fn rows_again(&mut self, table: &str, rows: &[Item]) {
        self.page(table, rows, Self::other_row_again);
    }

    fn page(&mut self, table: &str, rows: &[Item], other: fn(&mut Self, &str, &Item)) {
        let mut page = std::mem::take(&mut self.page);
        for rows in rows.chunks(TOGETHER) {
            page.clear();
            let slot = self.compare(table, rows, &mut page);
            self.note(&mut page, slot);
            page.other
                .iter()
                .for_each(|&at| other(self, table, &rows[at]));
        }
        self.page = page;
    }

    /// Finds out what those of the rows say that are byte for byte what their orders leave, all in the same slot, and which
    /// are others.
    fn compare(&self, table: &str, rows: &[Item], page: &mut Page) -> Slot {
        let is_simple = !self.has_made_up && self.ordered_by.is_none() && self.links.are_none();
        let just_so = self.plan.just_so(self.planned, table);
        let Some(just_so) = just_so.filter(|_| is_simple) else {
            page.other.extend(0..rows.len());
            return Slot::default();
        };
        for (at, row) in rows.iter().enumerate() {
            match just_so.says(row) {
                Some(says) => page.said.push(says),
                None => page.other.push(at),
            }
        }
        just_so.slot()
    }

    /// Takes in what rows say that are byte for byte what their orders leave.
    fn note(&mut self, page: &mut Page, slot: Slot) {
        page.said
            .retain(|says| self.as_planned(says.k as u32, slot, 0));
        if self.timed_by == Some(slot.leaf) {
            for says in &page.said {
                self.timing.row(says.k as u32, says.stored_at_us);
            }
        }
        if self.counted_by == Some(slot.leaf) {
            for says in &page.said {
                self.receives(says.receives);
            }
        }
    }

    /// Takes letters in; `queue` is `None` for the pipeline's dead-letter queue.
    pub fn dead_letters(&mut self, queue: Option<&str>, letters: &[DeadLetter]) {
        let mut page = std::mem::take(&mut self.page);
        for letters in letters.chunks(TOGETHER) {
            page.clear();
            let slot = self.compare_letters(queue, letters, &mut page);
            for &k in &page.sent {
                self.letters.copy(k);
                self.as_planned(k, slot, 0);
            }
            page.other
                .iter()
                .for_each(|&at| self.other_letter(queue, &letters[at]));
        }
        self.page = page;
    }

    /// Finds out which of the letters are byte for byte what their orders were sent as, all in the same slot, and which are
    /// others.
    fn compare_letters(
        &self,
        queue: Option<&str>,
        letters: &[DeadLetter],
        page: &mut Page,
    ) -> Slot {
        let is_simple = queue.is_none() && self.letters.are_known_by_bodies();
        let just_sent = self.plan.just_sent(self.planned);
        let Some(just_sent) = just_sent.filter(|_| is_simple) else {
            page.other.extend(0..letters.len());
            return Slot::default();
        };
        for (at, letter) in letters.iter().enumerate() {
            match just_sent.order(&letter.body) {
                Some(k) => page.sent.push(k as u32),
                None => page.other.push(at),
            }
        }
        just_sent.slot()
    }

    /// Takes one letter in, as [`Self::dead_letters`] does.
    pub fn dead_letter(&mut self, queue: Option<&str>, letter: &DeadLetter) {
        self.dead_letters(queue, std::slice::from_ref(letter));
    }
}
