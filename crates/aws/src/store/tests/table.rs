//! The scan and the look-ups.

use aws_sdk_dynamodb::types::AttributeValue;

use super::site::{DETAILS, Services};
use crate::records::{Item, Value};
use crate::store::{Cursor, KEYS_PER_LOOKUP, Page, Stores};

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

async fn scanned(stores: &Stores) -> (Result<(), String>, Vec<Item>, u64) {
    let (mut rows, mut requests) = (Vec::new(), 0);
    let cursors = vec![Cursor::Start; stores.segments()];
    let each = |page: Page| {
        rows.extend(page.rows);
        Ok(())
    };
    let table = &stores.tables()[0];
    let result = stores
        .scan(table, &cursors, PATIENCE, &mut requests, each)
        .await;
    (result.map_err(|error| error.to_string()), rows, requests)
}

fn key(number: u64) -> Item {
    [("id".to_owned(), Value::N(number.to_string()))].into()
}

fn numbers(rows: &[Item]) -> Vec<u64> {
    let number = |row: &Item| row["id"].as_number().unwrap().parse().unwrap();
    let mut numbers: Vec<u64> = rows.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn a_scan_reads_every_page_once() {
    let services = Services::start().await;
    let ids = 7_000_000_000..7_000_005_000;
    services.put(ids.clone()).await;
    let (result, rows, requests) = scanned(&services.stores()).await;
    assert_eq!(result, Ok(()));
    assert!(numbers(&rows).into_iter().eq(ids));
    assert_eq!(requests, 3, "pages of 2,000");
}

#[tokio::test]
async fn segments_are_scanned_side_by_side_and_give_each_row_once() {
    let services = Services::start().await;
    services.put(1..=500).await;
    let stores = services.stores_of(|target| target.exact_counts = false);
    let (result, rows, requests) = scanned(&stores).await;
    assert_eq!(result, Ok(()));
    assert!(numbers(&rows).into_iter().eq(1..=500));
    assert_eq!(requests, 4, "a page for each segment");
}

#[tokio::test]
async fn a_row_is_read_as_far_as_it_can_be() {
    let services = Services::start().await;
    services.put(7..8).await;
    let stores = services.stores();
    let number = |text: &str| AttributeValue::N(text.into());
    let text = |text: &str| AttributeValue::S(text.into());
    let odd = [
        ("-8", text(DETAILS), text("soon"), number("-1")),
        ("8.5", number("5"), number("1.5"), text("2")),
        ("9", text(""), number("18446744073709551616"), number("3")),
    ];
    for (id, details, stored_at, receive_count) in odd {
        let put = stores
            .dynamodb
            .put_item()
            .table_name("orders")
            .item("id", number(id))
            .item("order_details", details)
            .item("stored_at", stored_at)
            .item("receive_count", receive_count)
            .send();
        put.await.unwrap();
    }
    let (_, mut rows, _) = scanned(&stores).await;
    rows.sort_by_key(|row| row["id"].clone());
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_number()).collect();
    assert_eq!(ids, [Some("-8"), Some("7"), Some("8.5"), Some("9")]);
    let held = |at: usize, name: &str| rows[at][name].clone();
    let (number, text) = (
        |text: &str| Value::N(text.into()),
        |text: &str| Value::S(text.into()),
    );
    assert_eq!(held(0, "stored_at"), text("soon"));
    assert_eq!(held(0, "receive_count"), number("-1"));
    assert_eq!(held(1, "order_details"), text(DETAILS));
    assert_eq!(held(2, "order_details"), number("5"));
    assert_eq!(held(2, "receive_count"), text("2"));
    assert_eq!(held(3, "stored_at"), number("18446744073709551616"));
}

#[tokio::test]
async fn a_look_up_finds_what_is_there() {
    let services = Services::start().await;
    services.put((0..100).step_by(3)).await;
    let wanted: Vec<Item> = (0..KEYS_PER_LOOKUP as u64).map(key).collect();
    let stores = services.stores();
    let (mut rows, mut requests) = (Vec::new(), 0);
    let looked_up = stores
        .look_up(&stores.tables()[0], &wanted, &mut requests, |row| {
            rows.push(row);
        })
        .await;
    looked_up.unwrap();
    assert!(numbers(&rows).into_iter().eq((0..100).step_by(3)));
    assert!(
        rows.iter()
            .all(|row| row["order_details"].as_text() == Some(DETAILS))
    );
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn an_empty_table_is_read_in_one_request() {
    let services = Services::start().await;
    let (result, rows, requests) = scanned(&services.stores()).await;
    assert_eq!((result, rows.len(), requests), (Ok(()), 0, 1));
}

#[tokio::test]
async fn a_missing_table_is_an_error_that_names_the_operation() {
    let services = Services::start().await;
    let stores = services.stores_of(|target| target.tables[0].name = "none".into());
    let (result, rows, _) = scanned(&stores).await;
    let error = result.unwrap_err();
    assert!(error.contains("Scan"), "{error}");
    assert!(error.contains("ResourceNotFound"), "{error}");
    assert!(rows.is_empty());
    let table = &stores.tables()[0];
    let looked_up = stores
        .look_up(table, &[key(7)], &mut 0, |_| panic!("no row"))
        .await;
    assert!(looked_up.unwrap_err().to_string().contains("BatchGetItem"));
}
