//! One more look-up of each missing row.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::item::{SdkItem, item_of, key_in_words, key_of, sdk_item};
use super::{StoreError, Stores, TableAt};
use crate::order::spec::Key;
use crate::records::Item;

/// Keys in one `BatchGetItem`.
pub const KEYS_PER_LOOKUP: usize = 100;

const LOOKUP: &str = "DynamoDB BatchGetItem";

/// How often keys that a `BatchGetItem` leaves unprocessed are asked for.
const LOOKUP_ROUNDS: u32 = 10;

/// The rows of one look-up that have not been answered, by their keys.
struct Open<'a> {
    keys: BTreeSet<Item>,
    key: &'a Key,
}

impl Open<'_> {
    fn request(&self) -> Result<KeysAndAttributes, StoreError> {
        let keys: Option<Vec<SdkItem>> = self.keys.iter().map(sdk_item).collect();
        KeysAndAttributes::builder()
            .set_keys(keys)
            .consistent_read(true)
            .build()
            .map_err(StoreError::of(LOOKUP))
    }

    /// Takes in a reply: each of its rows is one that was asked for and not yet given, and so is each key that it left
    /// unprocessed; all others are answered.
    fn answered(&mut self, rows: &[Item], unprocessed: &[Item]) -> Result<(), StoreError> {
        let mut left = BTreeSet::new();
        for (row, is_left) in rows
            .iter()
            .map(|row| (row, false))
            .chain(unprocessed.iter().map(|row| (row, true)))
        {
            let wrong = |why: String| StoreError::new(LOOKUP, why);
            let Some(key) = key_of(row, self.key) else {
                return Err(wrong("the reply has a key that cannot be read".into()));
            };
            if !self.keys.remove(&key) {
                return Err(wrong(format!(
                    "the reply names {}, which was not asked for or was named already",
                    key_in_words(&key)
                )));
            }
            if is_left {
                left.insert(key);
            }
        }
        self.keys = left;
        Ok(())
    }
}

impl Stores {
    /// Looks up to 100 rows of `table` up by key, strongly consistent, and hands over those there are. A row is absent
    /// when a reply lists the rows of its table and leaves it out.
    ///
    /// # Errors
    /// When a request fails, keys stay unprocessed after all rounds, or a reply names what was not asked for; rows
    /// of such a reply are not handed over.
    pub async fn look_up(
        &self,
        table: &TableAt,
        keys: &[Item],
        requests: &mut u64,
        mut each: impl FnMut(Item),
    ) -> Result<(), StoreError> {
        let known: Option<BTreeSet<Item>> =
            keys.iter().map(|item| key_of(item, &table.key)).collect();
        let Some(keys) = known else {
            let why = format!("{}: a key is not {}", table.name, table.key);
            return Err(StoreError::new(LOOKUP, why));
        };
        let mut open = Open {
            keys,
            key: &table.key,
        };
        for round in 0..LOOKUP_ROUNDS {
            if round > 0 {
                tokio::time::sleep(Duration::from_millis(100 << round.min(6))).await;
            }
            // A read unit a key, also of a row that is not there.
            self.budget.take(open.keys.len() as f64).await;
            *requests += 1;
            let output = self
                .dynamodb
                .batch_get_item()
                .request_items(&table.name, open.request()?)
                .send()
                .await
                .map_err(StoreError::of(LOOKUP))?;
            let rows = output.responses.unwrap_or_default().into_values().flatten();
            let rows: Vec<Item> = rows.map(item_of).collect();
            let left = output.unprocessed_keys.unwrap_or_default();
            let left = left
                .into_values()
                .flat_map(|left: KeysAndAttributes| left.keys);
            let left: Vec<Item> = left.map(item_of).collect();
            open.answered(&rows, &left)?;
            rows.into_iter().for_each(&mut each);
            if open.keys.is_empty() {
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
    use crate::records::Value;

    fn rows(numbers: &[Option<u64>]) -> Vec<Item> {
        let row = |number: &Option<u64>| {
            let number = number.map_or_else(String::new, |number| number.to_string());
            [("id".to_owned(), Value::N(number))].into()
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
                Some(vec![Some(3)]),
                "3 is asked for again",
            ),
            (vec![], vec![], Some(vec![]), "all are absent"),
            (vec![Some(4)], vec![], None, "not asked for"),
            (vec![Some(1), Some(1)], vec![], None, "named twice"),
            (vec![Some(1)], vec![Some(1)], None, "answered and left"),
            (vec![], vec![Some(9)], None, "left, and not asked for"),
            (vec![None], vec![], None, "a key nobody can read"),
        ] {
            let key = crate::order::lab().tables["orders"].clone();
            let mut asked = Open {
                keys: rows(&[Some(1), Some(2), Some(3)]).into_iter().collect(),
                key: &key,
            };
            let answered = asked.answered(&rows(&given), &rows(&left));
            let found = answered.ok().map(|()| asked.keys);
            let open = open.map(|open: Vec<Option<u64>>| rows(&open).into_iter().collect());
            assert_eq!(found, open, "{why}");
        }
    }
}
