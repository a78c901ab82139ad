//! Rows that are written before their orders are sent: the only writes of this program beside its own processor's.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use tokio::time::{Instant, sleep};

use super::item::{SdkItem, sdk_item};
use super::{StoreError, Stores, TableAt, Target};
use crate::records::Item;

/// The most rows in one request (Amazon DynamoDB API Reference, BatchWriteItem).
pub const ROWS_PER_WRITE: usize = 25;

/// The first pause before unprocessed rows are written again, and the longest.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
const PAUSE_MOST: Duration = Duration::from_secs(3);

/// How long unprocessed rows are written again.
const PATIENCE: Duration = Duration::from_secs(30);

/// Writes rows to the tables of a target.
#[derive(Clone)]
pub struct RowWriter {
    client: aws_sdk_dynamodb::Client,
    tables: Vec<TableAt>,
}

/// Why a row could not be written, in few words that do not name it.
pub type Refused = String;

impl RowWriter {
    /// For the tables of `target`.
    pub fn new(target: &Target) -> Self {
        Self {
            client: Stores::new(target).dynamodb,
            tables: target.tables.clone(),
        }
    }

    /// Writes `rows`, each of the table that the scenario calls so, at most [`ROWS_PER_WRITE`] of them. Rows that a table
    /// throttles are written again for half a minute.
    pub async fn write(&self, rows: &[(String, Item)]) -> Vec<Result<(), Refused>> {
        let mut outcomes = vec![Ok(()); rows.len()];
        let mut waiting: Vec<usize> = (0..rows.len()).collect();
        let until = Instant::now() + PATIENCE;
        let mut pause = PAUSE_LEAST;
        loop {
            waiting = match self.write_some(rows, &waiting).await {
                Ok(left) => left,
                // One row that cannot be written takes the others of its request along.
                Err(_) if waiting.len() > 1 => {
                    for at in waiting {
                        outcomes[at] = self.write_one(&rows[at]).await;
                    }
                    return outcomes;
                }
                Err(why) => {
                    waiting
                        .iter()
                        .for_each(|&at| outcomes[at] = Err(why.clone()));
                    return outcomes;
                }
            };
            if waiting.is_empty() {
                return outcomes;
            }
            if Instant::now() + pause > until {
                let why = || Err(format!("the table left it unprocessed for {PATIENCE:?}"));
                waiting.iter().for_each(|&at| outcomes[at] = why());
                return outcomes;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MOST);
        }
    }

    /// Writes the rows at these places with one request, and says which are left unprocessed.
    async fn write_some(
        &self,
        rows: &[(String, Item)],
        places: &[usize],
    ) -> Result<Vec<usize>, Refused> {
        let mut asked: HashMap<String, Vec<WriteRequest>> = HashMap::new();
        let mut put = Vec::with_capacity(places.len());
        for &at in places {
            let (table, item) = (self.name_of(&rows[at].0), in_sdk(&rows[at].1)?);
            let of_table = asked.entry(table.to_owned()).or_default();
            of_table.push(put_request(item.clone())?);
            put.push((at, table, item));
        }
        let written = self
            .client
            .batch_write_item()
            .set_request_items(Some(asked));
        let reply = written.send().await.map_err(refused)?;
        let mut left = reply.unprocessed_items.unwrap_or_default();
        let mut is_left = |table: &str, item: &SdkItem| {
            let Some(requests) = left.get_mut(table) else {
                return false;
            };
            let is_it = |request: &WriteRequest| {
                let put = request.put_request();
                put.is_some_and(|put| put.item() == item)
            };
            let found = requests.iter().position(is_it);
            found.map(|found| requests.swap_remove(found)).is_some()
        };
        let unprocessed = put
            .iter()
            .filter(|(_, table, item)| is_left(table, item))
            .map(|(at, ..)| *at)
            .collect();
        // What comes back and was not sent says nothing about what was.
        match left.values().all(Vec::is_empty) {
            true => Ok(unprocessed),
            false => Err("the reply names rows that were not written".into()),
        }
    }

    async fn write_one(&self, (table, item): &(String, Item)) -> Result<(), Refused> {
        let put = self.client.put_item().table_name(self.name_of(table));
        let put = put.set_item(Some(in_sdk(item)?)).send().await;
        put.map(drop).map_err(refused)
    }

    /// The name at the target of the table that the scenario calls so.
    fn name_of<'a>(&'a self, called: &'a str) -> &'a str {
        let table = self.tables.iter().find(|table| table.called == called);
        table.map_or(called, |table| &table.name)
    }
}

fn in_sdk(item: &Item) -> Result<SdkItem, Refused> {
    sdk_item(item).ok_or_else(|| "it holds a value of no known type".into())
}

fn put_request(item: SdkItem) -> Result<WriteRequest, Refused> {
    let put = PutRequest::builder().set_item(Some(item)).build();
    let put = put.map_err(|error| error.to_string())?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// The error's code where there is one: of many rows few different words.
fn refused<E>(error: E) -> Refused
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.code() {
        Some(code) => code.to_owned(),
        None => StoreError::new("DynamoDB BatchWriteItem", error.to_string()).to_string(),
    }
}

#[cfg(test)]
#[path = "plant_tests.rs"]
mod tests;
