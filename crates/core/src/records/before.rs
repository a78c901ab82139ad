//! What the stores held before a run's first send, of its order numbers and of others.

use serde::{Deserialize, Serialize};

use super::{DeadLetter, Row};
use crate::order::{OrderId, RunId, order_numbers};

/// Order numbers that are named.
const FIRST_IDS: usize = 5;

/// What the table held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowsBefore {
    /// Rows read by the scan.
    pub read: u64,
    /// The scan reached the table's end.
    pub whole_table: bool,
    /// Order numbers looked up by key, where it did not: every planned one, or none.
    pub looked_up: u64,
    /// Rows with an order number of the run; the look ends with the first page that shows one.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<u64>,
    /// The row of another run that says it was stored last: its run and when, microseconds since the Unix epoch.
    pub latest_of_others: Option<(RunId, u64)>,
}

/// What the dead-letter queue held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LettersBefore {
    /// Letters received, each once, and shown again.
    pub received: u64,
    /// Letters with an order number of the run.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<u64>,
}

impl RowsBefore {
    /// Takes in rows of the table.
    pub fn take(&mut self, run: RunId, rows: &[Row]) {
        self.read += rows.len() as u64;
        for row in rows {
            let Some(number) = row.order_number else {
                continue;
            };
            match OrderId::run_of(number) {
                Some(found) if found == run => self.found(number),
                Some(other) => self.other(other, row.stored_at_us),
                None => {}
            }
        }
    }

    /// With what another table held; the whole of both was read if the whole of each was.
    pub fn and(mut self, other: Self) -> Self {
        self.read += other.read;
        self.whole_table &= other.whole_table;
        self.looked_up = self.looked_up.max(other.looked_up);
        self.of_the_run += other.of_the_run;
        let room = FIRST_IDS.saturating_sub(self.first_ids.len());
        self.first_ids.extend(other.first_ids.iter().take(room));
        let latest = |seen: &Self| seen.latest_of_others.map(|(_, at)| at);
        if latest(&other) > latest(&self) {
            self.latest_of_others = other.latest_of_others;
        }
        self
    }

    /// Takes in that this order number of the run is there.
    pub fn found(&mut self, number: u64) {
        self.of_the_run += 1;
        if self.first_ids.len() < FIRST_IDS {
            self.first_ids.push(number);
        }
    }

    fn other(&mut self, run: RunId, stored_at_us: Option<u64>) {
        let latest = self.latest_of_others.map(|(_, at)| at);
        if stored_at_us > latest {
            self.latest_of_others = stored_at_us.map(|at| (run, at));
        }
    }
}

impl LettersBefore {
    /// Takes in letters of the dead-letter queue.
    pub fn take(&mut self, run: RunId, letters: &[DeadLetter]) {
        self.received += letters.len() as u64;
        let of_the_run = |number: &u64| OrderId::sequence_in(run, *number).is_some();
        for letter in letters {
            let number = order_numbers(&letter.body).into_iter().find(of_the_run);
            let Some(number) = number else {
                continue;
            };
            self.of_the_run += 1;
            if self.first_ids.len() < FIRST_IDS {
                self.first_ids.push(number);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, stored_at_us: Option<u64>) -> Row {
        Row {
            order_number: Some(number),
            stored_at_us,
            ..Row::default()
        }
    }

    #[test]
    fn rows_of_the_run_are_found_among_its_neighbors_and_the_latest_of_others_is_kept() {
        let run = RunId::new(7).expect("in range");
        let rows = vec![
            row(6_999_999_999, Some(5)),
            row(8_000_000_000, Some(9)),
            row(8_000_000_001, None),
            row(42, Some(100)),
            Row::default(),
        ];
        let mut seen = RowsBefore::default();
        seen.take(run, &rows);
        assert_eq!(
            (seen.read, seen.of_the_run),
            (5, 0),
            "its neighbors are others"
        );
        assert_eq!(seen.latest_of_others, RunId::new(8).map(|run| (run, 9)));
        let own = [7_000_000_000, 7_999_999_999].map(|number| row(number, None));
        seen.take(run, &own);
        assert_eq!(seen.of_the_run, 2);
        assert_eq!(seen.first_ids, [7_000_000_000, 7_999_999_999]);
    }

    #[test]
    fn a_letter_is_of_the_run_however_its_number_is_spelled() {
        let run = RunId::new(7).expect("in range");
        for (body, of_the_run) in [
            (r#"{"order_number": 7000000001}"#, 1),
            (r#"{"order_number": 7000000001.0}"#, 1),
            (r#"{"order_number": "7000000001"}"#, 1),
            (r#"{"order_number": 7000000001, "order_number": 5}"#, 1),
            (r#"{"order_number": 8000000001}"#, 0),
            (r#"{"order_number": -7000000001}"#, 0),
            (r#"{"order_number": 7000000001.5}"#, 0),
            ("no order", 0),
        ] {
            let mut seen = LettersBefore::default();
            let letter = DeadLetter {
                body: body.into(),
                message_id: "m".into(),
            };
            seen.take(run, &[letter]);
            assert_eq!((seen.received, seen.of_the_run), (1, of_the_run), "{body}");
        }
    }
}
