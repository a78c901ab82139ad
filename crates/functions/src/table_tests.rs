//! The processor's writes through the SDK, and what refusals come back as.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::*;
use crate::processor::{OrderRow, OrderStore, PutOutcome, WriteError};
use crate::records::Item;
use crate::site::{DETAILS, Services};
use crate::store::{Cursor, Page};

fn row(id: u64, order_details: &str) -> OrderRow {
    OrderRow {
        id,
        order_details: order_details.into(),
        received_at_us: 3,
        receive_count: 2,
    }
}

fn store(services: &Services) -> SdkOrderStore {
    SdkOrderStore::new(services.dynamodb(), "orders")
}

fn number(row: &Item, name: &str) -> u64 {
    row[name].as_number().unwrap().parse().unwrap()
}

async fn stored(services: &Services) -> Vec<Item> {
    let (mut rows, mut requests) = (Vec::new(), 0);
    let scanned = services.stores();
    let cursors = [Cursor::Start];
    let each = |page: Page| {
        rows.extend(page.rows);
        Ok(())
    };
    let scanned = scanned
        .scan(
            &scanned.tables()[0],
            &cursors,
            Duration::from_secs(5),
            &mut requests,
            each,
        )
        .await;
    scanned.unwrap();
    rows.sort_by_key(|row| number(row, "id"));
    rows
}

#[tokio::test]
async fn new_rows_are_written_as_the_verifier_reads_them() {
    let services = Services::start().await;
    let rows: Arc<[OrderRow]> = (1..=25).map(|id| row(id, DETAILS)).collect();
    let outcomes = store(&services).put_new(rows).await;
    assert_eq!(outcomes, vec![Ok(PutOutcome::Stored); 25]);
    let rows = stored(&services).await;
    assert_eq!(rows.len(), 25);
    for (row, id) in rows.iter().zip(1..) {
        assert_eq!(number(row, "id"), id);
        assert_eq!(row["order_details"].as_text(), Some(DETAILS));
        assert_eq!(number(row, "receive_count"), 2);
        assert!(number(row, "stored_at") > 1_700_000_000_000_000);
    }
}

#[tokio::test]
async fn a_known_number_tells_what_is_there_and_is_not_overwritten() {
    let services = Services::start().await;
    services.put(7..8).await;
    let rows = Arc::from([row(6, "new"), row(7, "other"), row(8, "new")]);
    let outcomes = store(&services).put_new(rows).await;
    let exists = PutOutcome::Exists {
        order_details: Some(DETAILS.into()),
    };
    let written = Ok(PutOutcome::Stored);
    assert_eq!(
        outcomes,
        [written.clone(), Ok(exists), written],
        "in the order of the rows"
    );
    let row = &stored(&services).await[1];
    assert_eq!(row["order_details"].as_text(), Some(DETAILS));
}

#[tokio::test]
async fn a_put_without_a_condition_overwrites() {
    let services = Services::start().await;
    services.put(7..8).await;
    let outcomes = store(&services).replace(Arc::from([row(7, "other")])).await;
    assert_eq!(outcomes, [Ok(PutOutcome::Stored)]);
    let row = &stored(&services).await[0];
    assert_eq!(row["order_details"].as_text(), Some("other"));
}

#[tokio::test]
async fn a_missing_table_fails_every_row_and_says_so() {
    let services = Services::start().await;
    let store = SdkOrderStore::new(services.dynamodb(), "none");
    let outcomes = store.put_new(Arc::from([row(1, "a"), row(2, "b")])).await;
    assert_eq!(outcomes.len(), 2);
    for outcome in outcomes {
        match outcome {
            Err(WriteError::Failed(why)) => assert!(why.contains("ResourceNotFound"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn throttling_is_told_from_other_failures() {
    let cases = [
        ("ProvisionedThroughputExceededException", true),
        ("ThrottlingException", true),
        ("RequestLimitExceeded", true),
        ("ValidationException", false),
        ("InternalServerError", false),
    ];
    for (code, throttled) in cases {
        let error = PutItemError::generic(ErrorMetadata::builder().code(code).build());
        let result: Result<(), _> = Err(SdkError::service_error(error, ()));
        let outcome = outcome_of(result);
        let is_throttled = outcome == Err(WriteError::Throttled);
        assert_eq!(is_throttled, throttled, "{code}: {outcome:?}");
        assert!(outcome.is_err(), "{code}");
    }
}
