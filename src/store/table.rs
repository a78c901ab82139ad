//! Rows, and one more look-up of each missing order.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::{StoreError, Stores};
use crate::order::{Decimal, excerpt};
use crate::records::{OddKey, Row, attribute};

/// Keys in one `BatchGetItem`.
pub const KEYS_PER_LOOKUP: usize = 100;

const LOOKUP: &str = "DynamoDB BatchGetItem";

/// How often keys that a `BatchGetItem` leaves unprocessed are asked for.
const LOOKUP_ROUNDS: u32 = 10;

type Item = HashMap<String, AttributeValue>;

/// A row out of what the SDK gives, as far as it can be read.
pub(super) fn read_row(item: &Item) -> Row {
    let (order_number, odd_key) = match key(item) {
        Ok(number) => (Some(number), None),
        Err(odd) => (None, Some(odd)),
    };
    let (order_details, odd_details) = match item.get(attribute::ORDER_DETAILS) {
        Some(AttributeValue::S(text)) => (Some(text.clone()), None),
        Some(other) => (None, Some(kind(other))),
        None => (None, None),
    };
    Row {
        order_number,
        odd_key,
        order_details,
        odd_details,
        stored_at_us: number(item, attribute::STORED_AT),
        receive_count: number(item, attribute::RECEIVE_COUNT),
    }
}

/// A whole number as DynamoDB may spell it: nearly always plain digits.
fn whole(text: &str) -> Option<u64> {
    let plain = text.parse().ok();
    plain.or_else(|| Decimal::parse(text)?.as_u64())
}

fn number(item: &Item, name: &str) -> Option<u64> {
    whole(item.get(name)?.as_n().ok()?)
}

fn key(item: &Item) -> Result<u64, OddKey> {
    let unreadable = |what: String| OddKey::Unreadable(format!("`{}` is {what}", attribute::ID));
    match item.get(attribute::ID) {
        Some(AttributeValue::N(text)) => whole(text).ok_or_else(|| match Decimal::parse(text) {
            Some(_) => OddKey::Number(excerpt(text)),
            None => unreadable(format!("\"{}\", which is no number", excerpt(text))),
        }),
        Some(AttributeValue::S(text)) => {
            Err(unreadable(format!("a text (S), \"{}\"", excerpt(text))))
        }
        Some(other) => Err(unreadable(kind(other))),
        None => Err(unreadable("missing".into())),
    }
}

/// What type a value has, in words.
fn kind(value: &AttributeValue) -> String {
    let kind = match value {
        AttributeValue::S(_) => "a text (S)",
        AttributeValue::N(_) => "a number (N)",
        AttributeValue::B(_) => "binary (B)",
        AttributeValue::Bool(_) => "a truth value (BOOL)",
        AttributeValue::Null(_) => "null (NULL)",
        AttributeValue::M(_) => "a map (M)",
        AttributeValue::L(_) => "a list (L)",
        AttributeValue::Ss(_) => "a set of texts (SS)",
        AttributeValue::Ns(_) => "a set of numbers (NS)",
        AttributeValue::Bs(_) => "a set of binaries (BS)",
        _ => "of a type this program does not know",
    };
    kind.to_owned()
}

/// The orders of one look-up that have not been answered.
struct Open(BTreeSet<u64>);

impl Open {
    fn keys(&self) -> Result<KeysAndAttributes, StoreError> {
        let key = |number: &u64| {
            let id = AttributeValue::N(number.to_string());
            HashMap::from([(attribute::ID.to_owned(), id)])
        };
        KeysAndAttributes::builder()
            .set_keys(Some(self.0.iter().map(key).collect()))
            .consistent_read(true)
            .build()
            .map_err(StoreError::of(LOOKUP))
    }

    /// Takes in a reply: each of its rows is one that was asked for and not yet given, and so is each key that it left
    /// unprocessed; all others are answered.
    fn answered(&mut self, rows: &[Row], unprocessed: &[Row]) -> Result<(), StoreError> {
        for row in rows.iter().chain(unprocessed) {
            let known = row
                .order_number
                .is_some_and(|number| self.0.remove(&number));
            if !known {
                let told = match row.order_number {
                    Some(number) => format!(
                        "the reply tells of {number}, which was not asked for or was told of already"
                    ),
                    None => "the reply has a key that cannot be read".to_owned(),
                };
                return Err(StoreError::new(LOOKUP, told));
            }
        }
        self.0 = unprocessed
            .iter()
            .filter_map(|row| row.order_number)
            .collect();
        Ok(())
    }
}

impl Stores {
    /// Looks up to 100 orders up by key, strongly consistent, and hands over the rows there are. An order is absent
    /// when a reply lists the rows of its table and leaves it out.
    ///
    /// # Errors
    /// When a request fails, keys stay unprocessed after all rounds, or a reply tells of what was not asked for; rows
    /// of such a reply are not handed over.
    pub async fn look_up(
        &self,
        order_numbers: &[u64],
        requests: &mut u64,
        mut each: impl FnMut(Row),
    ) -> Result<(), StoreError> {
        let table = &self.target.table;
        let mut open = Open(order_numbers.iter().copied().collect());
        for round in 0..LOOKUP_ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(100 << round.min(6))).await;
            }
            // A read unit a key, also of a row that is not there.
            self.budget.take(open.0.len() as f64).await;
            *requests += 1;
            let output = self
                .dynamodb
                .batch_get_item()
                .request_items(table, open.keys()?)
                .send()
                .await
                .map_err(StoreError::of(LOOKUP))?;
            let rows = output.responses.unwrap_or_default().into_values().flatten();
            let rows: Vec<Row> = rows.map(|item| read_row(&item)).collect();
            let left = output.unprocessed_keys.unwrap_or_default();
            let left = left.values().flat_map(KeysAndAttributes::keys);
            let left: Vec<Row> = left.map(read_row).collect();
            open.answered(&rows, &left)?;
            rows.into_iter().for_each(&mut each);
            if open.0.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::new(
            LOOKUP,
            format!("keys stayed unprocessed after {LOOKUP_ROUNDS} rounds"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(numbers: &[Option<u64>]) -> Vec<Row> {
        let row = |&order_number: &Option<u64>| Row {
            order_number,
            ..Row::default()
        };
        numbers.iter().map(row).collect()
    }

    #[test]
    fn a_reply_answers_what_was_asked_once_and_nothing_else() {
        for (given, left, open, why) in [
            (vec![Some(1)], vec![], Some(vec![]), "2 and 3 are absent"),
            (
                vec![Some(1)],
                vec![Some(3)],
                Some(vec![3]),
                "3 is asked for again",
            ),
            (vec![], vec![], Some(vec![]), "all are absent"),
            (vec![Some(4)], vec![], None, "not asked for"),
            (vec![Some(1), Some(1)], vec![], None, "told of twice"),
            (vec![Some(1)], vec![Some(1)], None, "answered and left"),
            (vec![], vec![Some(9)], None, "left, and not asked for"),
            (vec![None], vec![], None, "a key nobody can read"),
        ] {
            let mut asked = Open(BTreeSet::from([1, 2, 3]));
            let answered = asked.answered(&rows(&given), &rows(&left));
            let found = answered.ok().map(|()| asked.0.into_iter().collect());
            assert_eq!(found, open, "{why}");
        }
    }
}
