//! Cleaning: the rows and the dead letters of one run are found by their numbers, counted and, if that is
//! asked for, deleted. Everything else is left as it was.

mod letters;
mod rows;

use std::collections::{BTreeSet, HashMap};

use super::AccountError;
use crate::ledger::MessageIds;
use crate::order::{Id, OrderPlan, RowOwner};
use crate::records::{Item, Value};
use crate::store::{Session, TableAt};

pub use letters::MAX_HELD;

/// The first ids that are shown.
const FIRST_IDS: usize = 10;

/// What is cleaned of what.
#[derive(Clone)]
pub struct Cleaner {
    /// Where.
    pub session: Session,
    /// The orders of the run.
    pub orders: OrderPlan,
    /// How many of them were planned.
    pub planned: u64,
    /// Which message is whose, for orders whose bodies may hold no id; indexed.
    pub message_ids: MessageIds,
    /// Whose row holds this text in this attribute, for rows that are found by other rows.
    pub links: HashMap<(String, String), Id>,
    /// Delete them; otherwise they are counted.
    pub delete: bool,
    /// Read units a second the scan may take; `None` is no limit.
    pub read_units: Option<u32>,
    /// The queue's counts are exact, so that one poll without a message is its end.
    pub exact_counts: bool,
}

/// What was found of the run, and removed if that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Rows or dead letters of the run.
    pub count: u64,
    /// The lowest of their ids.
    pub first: BTreeSet<Id>,
    /// Those of others, which were left.
    pub others: u64,
    /// Those of the run that are still there, although they were to be deleted.
    pub remaining: u64,
    /// Messages that were there and never given out: somebody else holds them.
    pub held: u64,
    /// Letters that the sweep could not show again: they stay hidden for up to 10 minutes.
    pub hidden: u64,
    /// Counters of the scenario's sums that other runs may have added to: they were left.
    pub counters: u64,
}

/// Whose a row is to a cleaner.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    /// An order of the run.
    Order(Id),
    /// The run as a whole: a counter whose key names it.
    Run,
    /// Everybody's: a counter whose key names no run.
    Everybody,
    /// Nobody's, or another run's.
    Others,
}

impl Found {
    fn add(&mut self, id: Id) {
        self.count += 1;
        self.first.insert(id);
        if self.first.len() > FIRST_IDS {
            self.first.pop_last();
        }
    }
}

impl Cleaner {
    /// Whose row this is, by its key or by what it says.
    fn owner_of_row(&self, table: &str, row: &Item) -> Owner {
        match self.orders.owner_of_row(self.planned, table, row) {
            RowOwner::Order { k, .. } => Owner::Order(self.orders.id(k)),
            RowOwner::Phantom(id) => Owner::Order(id),
            RowOwner::Linked {
                attribute, text, ..
            } => match self.links.get(&(attribute, text)) {
                Some(id) => Owner::Order(id.clone()),
                None => Owner::Others,
            },
            RowOwner::OfMessage { message_id, .. } => {
                match self.message_ids.order_of(&message_id) {
                    Some(k) => Owner::Order(self.orders.id(k)),
                    None => Owner::Others,
                }
            }
            RowOwner::Counter {
                is_of_run: true, ..
            } => Owner::Run,
            RowOwner::Counter { .. } => Owner::Everybody,
            RowOwner::Foreign { .. } | RowOwner::Unreadable(_) => Owner::Others,
        }
    }

    /// The id of the run's order whose letter this is; `queue` is `None` for the dead-letter queue, where a letter is known
    /// by its message id, too.
    fn owner_of_letter(&self, queue: Option<&str>, message_id: &str, body: &str) -> Option<Id> {
        let id = self.orders.model.door().id_of(message_id, body);
        let by_id = self.message_ids.order_of(&id);
        if let Some(k) = by_id.filter(|_| queue.is_none()) {
            return Some(self.orders.id(k));
        }
        let owners = self.orders.owners_of_letter(self.planned, queue, body);
        let order = owners.orders.first().map(|&k| self.orders.id(k));
        let owner = order.or(owners.phantoms.into_iter().next())?;
        // A number that stands there as a text is no id as the run sends it: such a letter is left.
        let is_text =
            matches!(owner, Id::Number(number) if body.contains(&format!("\"{number}\"")));
        (!is_text).then_some(owner)
    }

    /// Learns by which of their attributes the run's rows of this table are found by rows of other tables.
    ///
    /// # Errors
    /// When a page cannot be read.
    pub async fn learn_links(&mut self, table: &TableAt) -> Result<(), AccountError> {
        let names: Vec<String> = self
            .orders
            .linked_attributes()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut scan = rows::Scan::of(self, table);
        let mut links = Vec::new();
        while let Some(rows) = scan.next().await? {
            for row in &rows {
                let Owner::Order(id) = self.owner_of_row(&table.called, row) else {
                    continue;
                };
                for name in &names {
                    if let Some(Value::S(text) | Value::N(text)) = row.get(name) {
                        links.push(((name.clone(), text.clone()), id.clone()));
                    }
                }
            }
        }
        self.links.extend(links);
        Ok(())
    }

    /// Finds the rows of the run.
    ///
    /// # Errors
    /// When a page cannot be read or rows cannot be deleted; those deleted before are gone, and the same
    /// again goes on.
    pub async fn rows(&self, table: &TableAt) -> Result<Found, AccountError> {
        rows::clean(self, table).await
    }

    /// Finds the letters of the run in a queue, the dead-letter queue when it has no name in the scenario; those of others
    /// are shown again at the end.
    ///
    /// # Errors
    /// When the queue cannot be read or letters cannot be deleted; as for rows.
    pub async fn letters(
        &self,
        queue: Option<&str>,
        queue_url: &str,
    ) -> Result<Found, AccountError> {
        letters::clean(self, queue, queue_url).await
    }
}
