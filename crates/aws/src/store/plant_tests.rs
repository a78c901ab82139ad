//! Rows are written, again where they are left, and one that cannot be written takes no other along.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};

use super::*;
use crate::records::Value;
use crate::send::stub::{Answer, Recorded, Stub};
use crate::store::tests::site::Services;

fn row(id: &str) -> (String, Item) {
    let attribute = |name: &str, value| (name.to_owned(), value);
    let item = [
        attribute("id", Value::N(id.into())),
        attribute("status", Value::S("PENDING".into())),
    ];
    ("orders".into(), item.into())
}

#[tokio::test]
async fn rows_are_in_the_table_and_one_that_cannot_be_takes_no_other_along() {
    let services = Services::start().await;
    let writer = RowWriter::new(&services.target);
    let held = async || {
        let scan = services.dynamodb().scan().table_name("orders");
        scan.send().await.unwrap().count
    };
    let rows: Vec<_> = (0..25).map(|n| row(&n.to_string())).collect();
    assert!(writer.write(&rows).await.iter().all(Result::is_ok));
    assert_eq!(held().await, 25);
    let mut wrong = row("31");
    wrong.1.insert("id".into(), Value::S("text".into()));
    let outcomes = writer.write(&[row("30"), wrong, row("32")]).await;
    assert_eq!(outcomes[0], Ok(()));
    assert_eq!(outcomes[1], Err("ValidationException".into()));
    assert_eq!(outcomes[2], Ok(()));
    let missing = ("nowhere".to_owned(), row("1").1);
    let outcomes = writer.write(&[missing]).await;
    assert_eq!(outcomes, [Err("ResourceNotFoundException".into())]);
    assert_eq!(held().await, 27);
}

/// What a batch write of the stub asks for.
fn asked(request: &Recorded) -> Json {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn what_is_left_unprocessed_is_written_again_and_nothing_else_is() {
    let calls = AtomicUsize::new(0);
    let stub = Stub::start(move |request| {
        let mut left = asked(request)["RequestItems"].clone();
        let puts = left["orders"].as_array_mut().unwrap();
        // Of the first request the last row is left, of the second nothing.
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => puts.drain(..2),
            _ => return Answer::Reply(200, json!({"UnprocessedItems": {}}).to_string()),
        };
        Answer::Reply(200, json!({"UnprocessedItems": left}).to_string())
    })
    .await;
    let writer = RowWriter::new(&stub.target());
    let outcomes = writer.write(&[row("1"), row("2"), row("3")]).await;
    assert_eq!(outcomes, [Ok(()), Ok(()), Ok(())]);
    let recorded = stub.recorded();
    let again = asked(&recorded[1])["RequestItems"]["orders"].clone();
    assert_eq!((recorded.len(), again.as_array().unwrap().len()), (2, 1));
    assert_eq!(again[0]["PutRequest"]["Item"]["id"]["N"], "3");
}
