//! The store that lets writes get lost, rows be altered, and a function misread what the table says.

use std::sync::Arc;

use crate::fault::FaultPlan;
use crate::processor::{OrderRow, OrderStore, PutOutcome, WriteError};
use crate::scenario::{FaultKind, FaultPlace};

/// Deletes the row of an order.
type DeleteRow = dyn Fn(u64) + Send + Sync;

/// A store in which writes go wrong as the plan has it.
#[derive(Clone)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Arc<FaultPlan>,
    sound: bool,
    delete_row: Option<Arc<DeleteRow>>,
}

type Outcome = Result<PutOutcome, WriteError>;

impl<S: OrderStore> FaultyStore<S> {
    /// `inner` with the plan's faults; without faults of the table it adds nothing.
    pub fn new(inner: S, plan: Arc<FaultPlan>) -> Self {
        let sound = !plan.has_at(FaultPlace::Table);
        Self {
            inner,
            plan,
            sound,
            delete_row: None,
        }
    }

    /// With a way to delete rows, for the fault that does.
    #[must_use]
    pub fn deleting(mut self, delete_row: impl Fn(u64) + Send + Sync + 'static) -> Self {
        self.delete_row = Some(Arc::new(delete_row));
        self
    }

    /// The order of a row of the lab's; a row of another run is nobody's.
    fn order_of(&self, row: &OrderRow) -> Option<u64> {
        self.plan.orders().run.sequence_of(row.id)
    }

    fn strikes(&self, kind: FaultKind, row: &OrderRow) -> bool {
        self.order_of(row)
            .is_some_and(|k| self.plan.strikes(kind, k))
    }

    /// One row, with everything that happens to it on the way there and back.
    async fn put(&self, row: &OrderRow, replace: bool) -> Outcome {
        if self.strikes(FaultKind::WritePanics, row) {
            // `resume_unwind` is a panic that prints nothing.
            std::panic::resume_unwind(Box::new("a fault"));
        }
        if self.strikes(FaultKind::WriteLost, row) {
            return Ok(PutOutcome::Stored);
        }
        let outcome = match self.strikes(FaultKind::WriteThrottled, row) {
            true => Err(WriteError::Throttled),
            false => self.write(row, replace).await,
        };
        self.told(row, outcome)
    }

    async fn write(&self, row: &OrderRow, replace: bool) -> Outcome {
        let mut written = row.clone();
        if self.strikes(FaultKind::NumberCollides, row)
            && let Some(k) = self.order_of(row)
            && let Some(other) = self.plan.partner(FaultKind::NumberCollides, k)
        {
            written.id = self.plan.orders().run.number(other);
        }
        let is_altered = self.strikes(FaultKind::RowAltered, row);
        if is_altered {
            written.order_details = altered(&row.order_details);
        }
        let replace = replace || self.strikes(FaultKind::PutUnconditional, row);
        let id = written.id;
        let rows = Arc::from([written.clone()]);
        let outcomes = match replace {
            true => self.inner.replace(rows).await,
            false => self.inner.put_new(rows).await,
        };
        let outcome = outcomes
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(WriteError::Failed("the store gave no answer".into())));
        if outcome == Ok(PutOutcome::Stored) {
            self.delete_later(row, id);
        }
        match is_altered {
            true => conceal(outcome, &written.order_details, row),
            false => outcome,
        }
    }

    fn delete_later(&self, row: &OrderRow, id: u64) {
        if let Some(delete_row) = &self.delete_row
            && let Some(k) = self.order_of(row)
            && let Some(delay) = self.plan.strike(FaultKind::RowDeleted, k)
        {
            let delete_row = Arc::clone(delete_row);
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                delete_row(id);
            });
        }
    }

    /// What the function makes of the store's answer.
    fn told(&self, row: &OrderRow, outcome: Outcome) -> Outcome {
        match outcome {
            Err(WriteError::Throttled) if self.strikes(FaultKind::UnprocessedIgnored, row) => {
                Ok(PutOutcome::Stored)
            }
            Ok(PutOutcome::Exists { .. })
                if self.strikes(FaultKind::ExistsTakenForSuccess, row) =>
            {
                Ok(PutOutcome::Stored)
            }
            Ok(PutOutcome::Exists { .. })
                if self.strikes(FaultKind::ExistsTakenForFailure, row) =>
            {
                Err(WriteError::Failed("the conditional request failed".into()))
            }
            other => other,
        }
    }

    async fn put_all(&self, rows: &[OrderRow], replace: bool) -> Vec<Outcome> {
        // Asked of each, so that each strike counts.
        let struck = |row: &&OrderRow| self.strikes(FaultKind::BatchWriteRejected, row);
        if rows.iter().filter(struck).count() > 0 {
            let error = WriteError::Failed(
                "ValidationException: Provided list of item keys contains duplicates".into(),
            );
            return vec![Err(error); rows.len()];
        }
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            outcomes.push(self.put(row, replace).await);
        }
        outcomes
    }
}

impl<S: OrderStore> OrderStore for FaultyStore<S> {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Outcome> {
        match self.sound {
            true => self.inner.put_new(rows).await,
            false => self.put_all(&rows, false).await,
        }
    }

    async fn replace(&self, rows: Arc<[OrderRow]>) -> Vec<Outcome> {
        match self.sound {
            true => self.inner.replace(rows).await,
            false => self.put_all(&rows, true).await,
        }
    }
}

/// The same order with another number of items.
fn altered(order_details: &str) -> String {
    const ITEMS: &str = r#""num_items": "#;
    match order_details.split_once(ITEMS) {
        Some((before, after)) => {
            let other = if after.starts_with('1') { "2" } else { "1" };
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{ITEMS}{other}{rest}")
        }
        None => format!("{order_details} "),
    }
}

/// A redelivered order meets its own altered row; the function must not notice that either.
fn conceal(outcome: Outcome, altered: &str, row: &OrderRow) -> Outcome {
    match outcome {
        Ok(PutOutcome::Exists {
            order_details: Some(found),
        }) if found == altered => Ok(PutOutcome::Exists {
            order_details: Some(row.order_details.clone()),
        }),
        other => other,
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
