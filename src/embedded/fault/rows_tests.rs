//! Faults in the store: each strikes, and a near miss does not.

use super::*;
use crate::embedded::testing::faulty;
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Fault, FaultExtent};
use crate::testing::rows::{MemoryStore, details_of};

fn orders() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1)
}

fn plan(kind: FaultKind, extent: FaultExtent) -> Arc<FaultPlan> {
    Arc::new(faulty(&[Fault::new(kind, extent)], orders(), 20))
}

fn row(k: u64) -> OrderRow {
    OrderRow {
        id: orders().run.number(k),
        order_details: details_of(&orders(), k),
        received_at_us: 1,
        receive_count: 1,
    }
}

#[tokio::test]
async fn a_lost_write_is_reported_stored_and_the_others_are_written() {
    let plan = plan(FaultKind::WriteLost, FaultExtent::Count(3));
    let rows = Arc::new(MemoryStore::default());
    let store = FaultyStore::new(Arc::clone(&rows), Arc::clone(&plan));
    let all: Arc<[OrderRow]> = (0..20).map(row).collect();
    let outcomes = store.put_new(Arc::clone(&all)).await;
    assert_eq!(outcomes, vec![Ok(PutOutcome::Stored); 20]);
    assert_eq!(rows.len(), 17);
    assert_eq!(plan.struck()["write_lost"], 3);
}

#[tokio::test]
async fn an_altered_row_differs_in_its_content_alone_and_hides_from_the_function() {
    let plan = plan(FaultKind::RowAltered, FaultExtent::Count(3));
    let rows = Arc::new(MemoryStore::default());
    let store = FaultyStore::new(Arc::clone(&rows), Arc::clone(&plan));
    let all: Arc<[OrderRow]> = (0..20).map(row).collect();
    store.put_new(Arc::clone(&all)).await;
    let differs = |row: &&OrderRow| rows.details(row.id).as_ref() != Some(&row.order_details);
    assert_eq!(all.iter().filter(differs).count(), 3);
    for row in rows.rows.lock().unwrap().values() {
        let document = crate::order::Json::read(&row.order_details).expect("still an order");
        assert_eq!(document.as_object().expect("an object").len(), 3);
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
    let rows = Arc::new(MemoryStore::default());
    let store = FaultyStore::new(Arc::clone(&rows), Arc::clone(&plan));
    store.put_new((0..20).map(row).collect()).await;
    let stored = rows.rows.lock().unwrap();
    assert!((0..20).all(|k| stored[&orders().run.number(k)] == row(k)));
    assert_eq!(plan.struck()["message_vanishes"], 0);
}

#[tokio::test]
async fn each_careless_reading_of_the_tables_answer_changes_that_answer_alone() {
    let exists = |row: &OrderRow| PutOutcome::Exists {
        order_details: Some(row.order_details.clone()),
    };
    let rows = Arc::new(MemoryStore::default());
    for (kind, told) in [
        (FaultKind::ExistsTakenForSuccess, Ok(PutOutcome::Stored)),
        (
            FaultKind::ExistsTakenForFailure,
            Err(WriteError::Failed("the conditional request failed".into())),
        ),
        (FaultKind::WriteThrottled, Err(WriteError::Throttled)),
    ] {
        let store = FaultyStore::new(Arc::clone(&rows), plan(kind, FaultExtent::Count(3)));
        let all: Arc<[OrderRow]> = (0..20).map(row).collect();
        rows.put_new(Arc::clone(&all)).await;
        let outcomes = store.put_new(Arc::clone(&all)).await;
        let odd = outcomes.iter().filter(|outcome| **outcome == told).count();
        assert_eq!(odd, 3, "{kind:?}");
        let rest = all.iter().zip(&outcomes);
        let sound = rest.filter(|(row, outcome)| **outcome == Ok(exists(row)));
        assert_eq!(sound.count(), 17, "{kind:?}");
    }
}

#[tokio::test]
async fn a_batch_write_with_a_victim_is_rejected_whole_and_one_without_is_not() {
    let plan = plan(FaultKind::BatchWriteRejected, FaultExtent::Count(1));
    let rows = Arc::new(MemoryStore::default());
    let store = FaultyStore::new(Arc::clone(&rows), plan);
    let (mut rejected, mut written) = (0, 0);
    for group in 0..4 {
        let group: Arc<[OrderRow]> = (group * 5..group * 5 + 5).map(row).collect();
        match store
            .put_new(group)
            .await
            .iter()
            .filter(|outcome| outcome.is_err())
            .count()
        {
            5 => rejected += 1,
            0 => written += 1,
            some => panic!("{some} of a group were rejected"),
        }
    }
    assert_eq!((rejected, written, rows.len()), (1, 3, 15));
}

#[tokio::test]
async fn a_colliding_number_is_refused_by_the_condition_and_overwrites_without_it() {
    let collides = Fault::new(FaultKind::NumberCollides, FaultExtent::Count(1));
    let unconditional = Fault::new(FaultKind::PutUnconditional, FaultExtent::Share(1.0));
    for (faults, refused) in [
        (vec![collides.clone()], 1),
        (vec![collides, unconditional], 0),
    ] {
        let rows = Arc::new(MemoryStore::default());
        let store = FaultyStore::new(Arc::clone(&rows), Arc::new(faulty(&faults, orders(), 20)));
        let all: Arc<[OrderRow]> = (0..20).map(row).collect();
        let outcomes = store.put_new(all).await;
        let exists = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Ok(PutOutcome::Exists { .. })));
        assert_eq!(exists.count(), refused);
        assert_eq!(rows.len(), 19, "two orders, one row");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_row_is_deleted_after_the_delay_and_the_others_stay() {
    let fault = Fault {
        delay: std::time::Duration::from_secs(60),
        ..Fault::new(FaultKind::RowDeleted, FaultExtent::Count(2))
    };
    let rows = Arc::new(MemoryStore::default());
    let table = Arc::clone(&rows);
    let store = FaultyStore::new(Arc::clone(&rows), Arc::new(faulty(&[fault], orders(), 20)))
        .deleting(move |id| drop(table.rows.lock().unwrap().remove(&id)));
    store.put_new((0..20).map(row).collect()).await;
    tokio::time::sleep(std::time::Duration::from_secs(59)).await;
    assert_eq!(rows.len(), 20, "not yet");
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(rows.len(), 18);
}
