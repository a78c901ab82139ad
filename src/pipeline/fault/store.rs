//! The store that lets writes get lost and rows be altered.

use std::sync::Arc;

use super::plan::FaultPlan;
use crate::processor::{OrderRow, OrderStore, PutOutcome, StoreError};
use crate::scenario::FaultKind;

/// A store in which writes can get lost or be altered, as the plan has it.
#[derive(Clone)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Arc<FaultPlan>,
    sound: bool,
}

impl<S: OrderStore> FaultyStore<S> {
    /// `inner` with the plan's faults; without such faults it adds nothing.
    pub fn new(inner: S, plan: Arc<FaultPlan>) -> Self {
        let sound = !plan.has(FaultKind::WriteLost) && !plan.has(FaultKind::RowAltered);
        Self { inner, plan, sound }
    }
}

impl<S: OrderStore> OrderStore for FaultyStore<S> {
    async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, StoreError>> {
        if self.sound {
            return self.inner.put_new(rows).await;
        }
        let fates: Vec<Fate> = rows.iter().map(|row| Fate::of(row, &self.plan)).collect();
        let written: Vec<OrderRow> = rows
            .iter()
            .zip(&fates)
            .filter_map(|(row, fate)| fate.written(row))
            .collect();
        let mut outcomes = self.inner.put_new(written.into()).await.into_iter();
        let mut told = Vec::with_capacity(rows.len());
        for (row, fate) in rows.iter().zip(fates) {
            match fate {
                Fate::Lost => told.push(Ok(PutOutcome::Stored)),
                Fate::Sound => told.extend(outcomes.next()),
                Fate::Altered(details) => {
                    told.extend(
                        outcomes
                            .next()
                            .map(|outcome| conceal(outcome, &details, row)),
                    );
                }
            }
        }
        told
    }
}

/// What becomes of a row.
enum Fate {
    Sound,
    Lost,
    Altered(String),
}

impl Fate {
    fn of(row: &OrderRow, plan: &FaultPlan) -> Self {
        if plan.strikes(FaultKind::WriteLost, row.id) {
            Self::Lost
        } else if plan.strikes(FaultKind::RowAltered, row.id) {
            Self::Altered(altered(&row.order_details))
        } else {
            Self::Sound
        }
    }

    fn written(&self, row: &OrderRow) -> Option<OrderRow> {
        match self {
            Self::Sound => Some(row.clone()),
            Self::Lost => None,
            Self::Altered(details) => Some(OrderRow {
                order_details: details.clone(),
                ..row.clone()
            }),
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
fn conceal(
    outcome: Result<PutOutcome, StoreError>,
    altered: &str,
    row: &OrderRow,
) -> Result<PutOutcome, StoreError> {
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
#[path = "store_tests.rs"]
mod tests;
