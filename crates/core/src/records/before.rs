//! What the stores held before a run's first send, of its orders and of others.

use serde::{Deserialize, Serialize};

use super::{DeadLetter, Item};
use crate::order::{Id, MAX_ORDERS, OrderPlan, RowOwner, RunId, excerpt};

/// Ids, and keys of counters, that are named.
const FIRST_IDS: usize = 5;

/// What the tables held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RowsBefore {
    /// Rows read by the scan.
    pub read: u64,
    /// The scan reached the end of every table.
    pub whole_table: bool,
    /// Orders looked up by key, where it did not: every planned one, or none.
    pub looked_up: u64,
    /// Rows with an id of the run; the look ends with the first page that shows one.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<Id>,
    /// The row of another run that says it was stored last: its run and when, microseconds since the Unix epoch.
    pub latest_of_others: Option<(RunId, u64)>,
    /// Counters of the scenario's sums.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub counters: u64,
    /// The keys of the first few of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_counters: Vec<String>,
}

/// What the queues of letters held before the first send.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LettersBefore {
    /// Letters received, each once, and shown again.
    pub received: u64,
    /// Letters with an id of the run.
    pub of_the_run: u64,
    /// The first few of them.
    pub first_ids: Vec<Id>,
}

impl RowsBefore {
    /// Takes in rows of a table. Rows whose key the consumer links to another row's tell nothing; that other row does. Nor do
    /// rows under a message's id: no message of the run has one yet.
    pub fn take(&mut self, orders: &OrderPlan, table: &str, rows: &[Item]) {
        self.read += rows.len() as u64;
        for row in rows {
            match orders.owner_of_row(MAX_ORDERS, table, row) {
                RowOwner::Order { k, .. } => self.found(orders.id(k)),
                RowOwner::Phantom(id) => self.found(id),
                RowOwner::Foreign { run: Some(run), .. } => {
                    self.other(run, orders.row_stored_at_us(table, row));
                }
                RowOwner::Counter { key, .. } => {
                    self.counters += 1;
                    if self.first_counters.len() < FIRST_IDS {
                        self.first_counters.push(excerpt(&key));
                    }
                }
                RowOwner::Foreign { run: None, .. }
                | RowOwner::Linked { .. }
                | RowOwner::OfMessage { .. }
                | RowOwner::Unreadable(_) => {}
            }
        }
    }

    /// With what another table held; the whole of both was read if the whole of each was.
    pub fn and(mut self, other: Self) -> Self {
        self.read += other.read;
        self.whole_table &= other.whole_table;
        self.looked_up = self.looked_up.max(other.looked_up);
        self.of_the_run += other.of_the_run;
        self.counters += other.counters;
        let room = |taken: usize| FIRST_IDS.saturating_sub(taken);
        let ids = other.first_ids.into_iter().take(room(self.first_ids.len()));
        self.first_ids.extend(ids);
        let counters = room(self.first_counters.len());
        let counters = other.first_counters.into_iter().take(counters);
        self.first_counters.extend(counters);
        let latest = |latest: Option<(RunId, u64)>| latest.map(|(_, at)| at);
        if latest(other.latest_of_others) > latest(self.latest_of_others) {
            self.latest_of_others = other.latest_of_others;
        }
        self
    }

    /// Takes in that this id of the run is there.
    pub fn found(&mut self, id: Id) {
        self.of_the_run += 1;
        if self.first_ids.len() < FIRST_IDS {
            self.first_ids.push(id);
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
    /// Takes in letters of a queue; `None` is the pipeline's dead-letter queue.
    pub fn take(&mut self, orders: &OrderPlan, queue: Option<&str>, letters: &[DeadLetter]) {
        self.received += letters.len() as u64;
        for letter in letters {
            let owners = orders.owners_of_letter(MAX_ORDERS, queue, &letter.body);
            let Some(&k) = owners.orders.first() else {
                continue;
            };
            self.of_the_run += 1;
            if self.first_ids.len() < FIRST_IDS {
                self.first_ids.push(orders.id(k));
            }
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Model;
    use crate::order::spec::{Key, KeyAttribute, KeyType, Sum};
    use crate::records::Value;

    fn orders() -> OrderPlan {
        OrderPlan::lab(RunId::new(7).expect("in range"), 2026, 0.1)
    }

    fn row(number: u64, stored_at_us: Option<u64>) -> Item {
        let id = ("id".to_owned(), Value::N(number.to_string()));
        let stored_at = stored_at_us.map(|us| ("stored_at".to_owned(), Value::N(us.to_string())));
        std::iter::once(id).chain(stored_at).collect()
    }

    #[test]
    fn rows_of_the_run_are_found_among_its_neighbors_and_the_latest_of_others_is_kept() {
        let rows = vec![
            row(6_999_999_999, Some(5)),
            row(8_000_000_000, Some(9)),
            row(8_000_000_001, None),
            row(42, Some(100)),
            Item::new(),
        ];
        let mut seen = RowsBefore::default();
        seen.take(&orders(), "orders", &rows);
        assert_eq!(
            (seen.read, seen.of_the_run),
            (5, 0),
            "its neighbors are others"
        );
        assert_eq!(seen.latest_of_others, RunId::new(8).map(|run| (run, 9)));
        let own = [7_000_000_000, 7_999_999_999].map(|number| row(number, None));
        seen.take(&orders(), "orders", &own);
        assert_eq!(seen.of_the_run, 2);
        assert_eq!(
            seen.first_ids,
            [7_000_000_000, 7_999_999_999].map(Id::Number)
        );
        let mut elsewhere = RowsBefore::default();
        elsewhere.take(&orders(), "another", &own);
        assert_eq!(elsewhere.of_the_run, 0, "a table that no end names");
    }

    #[test]
    fn counters_of_another_run_are_in_nobodys_way() {
        let of = |key: &str| {
            let mut spec = crate::order::lab();
            let attribute = |name: &str| KeyAttribute {
                name: name.into(),
                kind: KeyType::S,
            };
            let totals = Key {
                partition: attribute("day"),
                sort: None,
            };
            spec.tables.insert("totals".into(), totals);
            spec.sums = vec![Sum {
                table: "totals".into(),
                key: [("day".to_owned(), key.to_owned())].into(),
                attribute: "sum".into(),
                of: None,
            }];
            let model = Model::new(spec).expect("valid orders");
            OrderPlan {
                model: model.into(),
                ..orders()
            }
        };
        let row = |day: &str| Item::from([("day".to_owned(), Value::S(day.into()))]);
        for (key, day, counters, why) in [
            ("{{run}}#friday", "7#friday", 1, "its own"),
            ("{{run}}#friday", "8#friday", 0, "of run 8"),
            ("{{run}}#friday", "friday", 0, "no counter"),
            ("friday", "friday", 1, "everybody's"),
        ] {
            let mut seen = RowsBefore::default();
            seen.take(&of(key), "totals", &[row(day)]);
            assert_eq!((seen.counters, seen.of_the_run), (counters, 0), "{why}");
        }
    }

    #[test]
    fn a_letter_is_of_the_run_however_its_number_is_spelled() {
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
            seen.take(&orders(), None, &[letter]);
            assert_eq!((seen.received, seen.of_the_run), (1, of_the_run), "{body}");
        }
    }
}
