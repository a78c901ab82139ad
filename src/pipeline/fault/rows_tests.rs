//! Faults in the store: each strikes, and a near miss does not.

use super::*;
use crate::order::{OrderPlan, RunId};
use crate::processor::testing::MemoryStore;
use crate::scenario::{Fault, FaultExtent};

fn orders() -> OrderPlan {
    OrderPlan {
        run: RunId::new(7).unwrap(),
        seed: 2026,
        bad_share: 0.1,
    }
}

fn plan(kind: FaultKind, extent: FaultExtent) -> Arc<FaultPlan> {
    Arc::new(FaultPlan::new(&[Fault { kind, extent }], orders(), 20).unwrap())
}

fn row(k: u64) -> OrderRow {
    let mut details = Vec::new();
    orders().order(k).write_details(&mut details);
    OrderRow {
        id: orders().id(k).get(),
        order_details: String::from_utf8(details).unwrap(),
        received_at_us: 1,
        receive_count: 1,
    }
}

#[tokio::test]
async fn a_lost_write_is_reported_stored_and_the_others_are_written() {
    let plan = plan(FaultKind::WriteLost, FaultExtent::Count(3));
    let rows = MemoryStore::default();
    let store = FaultyStore::new(&rows, Arc::clone(&plan));
    let all: Arc<[OrderRow]> = (0..20).map(row).collect();
    let outcomes = store.put_new(Arc::clone(&all)).await;
    assert_eq!(outcomes, vec![Ok(PutOutcome::Stored); 20]);
    assert_eq!(rows.len(), 17);
    assert_eq!(plan.struck()["write_lost"], 3);
}

#[tokio::test]
async fn an_altered_row_differs_in_its_content_alone_and_hides_from_the_function() {
    let plan = plan(FaultKind::RowAltered, FaultExtent::Count(3));
    let rows = MemoryStore::default();
    let store = FaultyStore::new(&rows, Arc::clone(&plan));
    let all: Arc<[OrderRow]> = (0..20).map(row).collect();
    store.put_new(Arc::clone(&all)).await;
    let differs = |row: &&OrderRow| rows.details(row.id).as_ref() != Some(&row.order_details);
    assert_eq!(all.iter().filter(differs).count(), 3);
    for row in rows.rows.lock().unwrap().values() {
        let value = serde_json::from_str(&row.order_details).unwrap();
        crate::order::Order::from_json(&value).expect("still an order");
    }
    let again = store.put_new(Arc::clone(&all)).await;
    for (row, outcome) in all.iter().zip(again) {
        let own = PutOutcome::Exists {
            order_details: Some(row.order_details.clone()),
        };
        assert_eq!(outcome, Ok(own), "its redelivery meets its own row");
    }
}

#[tokio::test]
async fn without_faults_of_rows_the_store_is_sound() {
    let plan = plan(FaultKind::MessageVanishes, FaultExtent::Share(1.0));
    let rows = MemoryStore::default();
    let store = FaultyStore::new(&rows, Arc::clone(&plan));
    store.put_new((0..20).map(row).collect()).await;
    let stored = rows.rows.lock().unwrap();
    assert!((0..20).all(|k| stored[&orders().id(k).get()] == row(k)));
    assert_eq!(plan.struck()["message_vanishes"], 0);
}
