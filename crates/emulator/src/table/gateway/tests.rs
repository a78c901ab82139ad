//! The gateway as an unmodified SDK client sees it, and what it takes and charges.

use std::net::SocketAddr;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, KeysAndAttributes,
    ProvisionedThroughput, Put, PutRequest, ReturnConsumedCapacity, ScalarAttributeType,
    TransactWriteItem, WriteRequest,
};
use tokio::net::TcpListener;

use super::*;
use crate::Gateway;
use crate::counters::Counters;
use crate::sqs::{Site, SqsEngine};
use crate::table::{KeyKind, TableServer, Tables, key};
use crate::testing::dynamodb_client;

struct Served {
    client: Client,
    counters: Arc<Counters>,
    address: SocketAddr,
    _server: TableServer,
}

/// A gateway before an empty table `orders`.
async fn served(capacity: TableCapacity, stored_bytes_max: Option<u64>) -> Served {
    let counters = Arc::new(Counters::default());
    let tables = Tables::open(1.0, Arc::clone(&counters)).unwrap();
    let tables = tables.storing_at_most(stored_bytes_max);
    let id = key("id", KeyKind::N);
    tables.create("orders", &id, capacity).unwrap();
    let server = TableServer::start(tables.database()).unwrap();
    let gateway = tables.gateway(server.address(), None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let front = Gateway::new(SqsEngine::new(), Site::local(address), Some(gateway));
    tokio::spawn(front.serve(listener, std::future::pending()));
    Served {
        client: dynamodb_client(address),
        counters,
        address,
        _server: server,
    }
}

fn provisioned(writes: u32, reads: u32) -> TableCapacity {
    TableCapacity::Provisioned {
        write_capacity_units: writes,
        read_capacity_units: Some(reads),
    }
}

fn id(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An item of about so many bytes.
fn item(number: u64, bytes: usize) -> std::collections::HashMap<String, AttributeValue> {
    let text = AttributeValue::S("x".repeat(bytes));
    [("id".to_owned(), id(number)), ("text".to_owned(), text)].into()
}

/// 400 KB of write capacity at once: all a table of 1 unit has in hand but a few.
async fn spend(served: &Served, units: u64) {
    let put = served.client.put_item().table_name("orders");
    let bytes = (units as usize) * 1_024 - 100;
    put.set_item(Some(item(0, bytes)))
        .send()
        .await
        .expect("it is in hand");
}

#[tokio::test]
async fn a_write_beyond_the_capacity_is_throttled_with_its_reason() {
    let served = served(provisioned(1, 1), None).await;
    spend(&served, 299).await;
    let put = || {
        let put = served.client.put_item().table_name("orders");
        put.set_item(Some(item(7, 5_000))).send()
    };
    let refused = put()
        .await
        .expect_err("5 units are not there")
        .into_service_error();
    assert_eq!(
        refused.code(),
        Some("ProvisionedThroughputExceededException")
    );
    let PutItemError::ProvisionedThroughputExceededException(refused) = refused else {
        panic!("{refused:?}")
    };
    let reason = &refused.throttling_reasons()[0];
    assert_eq!(
        reason.reason(),
        Some("TableWriteProvisionedThroughputExceeded")
    );
    assert!(
        reason.resource().unwrap().ends_with("table/orders"),
        "{reason:?}"
    );
    // Three attempts of the SDK.
    assert_eq!(served.counters.throttled_writes.get(), 3);
}

#[tokio::test]
async fn what_a_scan_did_cost_is_owed_and_reads_do_not_touch_writes() {
    let served = served(provisioned(1_000, 1), None).await;
    let client = &served.client;
    for number in 0..10 {
        let put = client.put_item().table_name("orders");
        put.set_item(Some(item(number, 200_000)))
            .send()
            .await
            .unwrap();
    }
    let scan = || client.scan().table_name("orders").consistent_read(true);
    // 1 MB strongly consistent is 250 units, twice is more than the 300 in hand.
    for _ in 0..2 {
        let page = scan().send().await.expect("there were units when it began");
        assert_eq!(page.consumed_capacity(), None, "not asked for");
    }
    let get = client.get_item().table_name("orders").key("id", id(1));
    let refused = get.send().await.expect_err("200 units are owed");
    let code = refused
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    assert_eq!(code, Some("ProvisionedThroughputExceededException"));
    let put = client.put_item().table_name("orders");
    put.set_item(Some(item(11, 1)))
        .send()
        .await
        .expect("a write");
}

#[tokio::test]
async fn a_client_that_asks_for_the_capacity_consumed_gets_it() {
    let served = served(provisioned(10, 10), None).await;
    let put = served
        .client
        .put_item()
        .table_name("orders")
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let put = put.set_item(Some(item(1, 3_000))).send().await.unwrap();
    let consumed = put
        .consumed_capacity()
        .and_then(|consumed| consumed.capacity_units());
    assert_eq!(consumed, Some(3.0));
}

#[tokio::test]
async fn a_batch_write_gives_back_what_was_throttled() {
    let served = served(provisioned(1, 1), None).await;
    spend(&served, 297).await;
    let write = |number: u64| {
        let put = PutRequest::builder()
            .set_item(Some(item(number, 1)))
            .build()
            .unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let batch = served.client.batch_write_item();
    let batch = batch.request_items("orders", (1..=20).map(write).collect());
    let written = batch.send().await.expect("some were written");
    let unprocessed = written.unprocessed_items().unwrap()["orders"].len();
    assert!((10..20).contains(&unprocessed), "{unprocessed}");
    let rows = served
        .client
        .scan()
        .table_name("orders")
        .send()
        .await
        .unwrap();
    assert_eq!(rows.count() as usize, 1 + 20 - unprocessed);
}

#[tokio::test]
async fn a_transaction_beyond_the_capacity_is_canceled_and_writes_nothing() {
    let served = served(provisioned(1, 100), None).await;
    let put = |number: u64| {
        let put = Put::builder().table_name("orders");
        let put = put.set_item(Some(item(number, 90_000))).build().unwrap();
        TransactWriteItem::builder().put(put).build()
    };
    // 88 units each, twice: one goes into 300, two do not.
    let transaction = served.client.transact_write_items();
    let transaction = transaction.transact_items(put(8)).transact_items(put(9));
    let refused = transaction.send().await.expect_err("352 units");
    let refused = refused.into_service_error();
    assert!(refused.is_transaction_canceled_exception(), "{refused:?}");
    let rows = served
        .client
        .scan()
        .table_name("orders")
        .send()
        .await
        .unwrap();
    assert_eq!(rows.count(), 0);
    let alone = served.client.transact_write_items().transact_items(put(8));
    alone.send().await.expect("what was canceled took nothing");
}

#[tokio::test]
async fn tables_are_metered_as_their_owner_creates_and_changes_them() {
    let served = served(TableCapacity::Unlimited, None).await;
    let client = &served.client;
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    let attribute = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    let throughput = |writes: i64| {
        let units = ProvisionedThroughput::builder().read_capacity_units(1);
        units.write_capacity_units(writes).build().unwrap()
    };
    client
        .create_table()
        .table_name("small")
        .key_schema(key.build().unwrap())
        .attribute_definitions(attribute.build().unwrap())
        .provisioned_throughput(throughput(1))
        .send()
        .await
        .unwrap();
    let put = || {
        let put = client.put_item().table_name("small");
        let text = AttributeValue::S("x".repeat(200_000));
        put.item("pk", AttributeValue::S("a".into()))
            .item("text", text)
            .send()
    };
    put().await.expect("195 of 300");
    put().await.expect_err("105 left");
    client
        .update_table()
        .table_name("small")
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
    put().await.expect("4,000 a second");
    client
        .delete_table()
        .table_name("small")
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_store_refuses_writes_and_still_reads() {
    let served = served(TableCapacity::Unlimited, Some(2_000_000)).await;
    let client = &served.client;
    let mut refused = None;
    for number in 0..100 {
        let put = client.put_item().table_name("orders");
        if let Err(error) = put.set_item(Some(item(number, 100_000))).send().await {
            refused = Some((number, error.into_service_error()));
            break;
        }
    }
    let (number, refused) = refused.expect("10 MB do not fit in 2");
    assert!(
        refused.is_item_collection_size_limit_exceeded_exception(),
        "{refused:?}"
    );
    assert!(number > 5, "after {number}");
    let get = client
        .get_item()
        .table_name("orders")
        .key("id", id(0))
        .send()
        .await;
    assert!(get.unwrap().item.is_some());
}

#[tokio::test]
async fn what_dynamodb_refuses_is_refused_and_the_reason_is_told() {
    let served = served(TableCapacity::Unlimited, None).await;
    let client = &served.client;
    let ask = |other: &str| {
        let key = |value| std::collections::HashMap::from([("id".to_owned(), value)]);
        let keys = KeysAndAttributes::builder().keys(key(id(1)));
        let keys = keys.keys(key(AttributeValue::N(other.into()))).build();
        client
            .batch_get_item()
            .request_items("orders", keys.unwrap())
            .send()
    };
    let twice = ask("1.0").await.unwrap_err();
    assert_eq!(twice.code(), Some("ValidationException"));
    assert_eq!(
        twice.message(),
        Some("Provided list of item keys contains duplicates")
    );
    ask("1.5").await.expect("two keys");

    let create = || {
        let name = AttributeDefinition::builder().attribute_name("pk");
        let hash = KeySchemaElement::builder().attribute_name("pk");
        client
            .create_table()
            .table_name("small")
            .attribute_definitions(name.attribute_type(ScalarAttributeType::S).build().unwrap())
            .key_schema(hash.key_type(KeyType::Hash).build().unwrap())
    };
    let unpaid = create().send().await.unwrap_err();
    assert_eq!(unpaid.code(), Some("ValidationException"));
    assert_eq!(
        unpaid.message(),
        Some("No provisioned throughput specified for the table")
    );
    let paid = create().billing_mode(BillingMode::PayPerRequest).send();
    paid.await.expect("it says how");

    let unserved = client.list_global_tables().send().await.unwrap_err();
    assert_eq!(unserved.code(), Some("UnknownOperationException"));
    let told = unserved.message().unwrap_or_default();
    assert_eq!(
        told,
        "The embedded DynamoDB does not serve ListGlobalTables."
    );
}

#[tokio::test]
async fn what_is_no_json_and_what_is_too_large_is_refused_in_dynamodbs_words() {
    let served = served(provisioned(1, 1), None).await;
    let url = format!("http://{}/", served.address);
    let post = async |body: Bytes| {
        let stream = TcpStream::connect(served.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = Request::post(&url)
            .header("host", served.address.to_string())
            .header("x-amz-target", "DynamoDB_20120810.PutItem")
            .header("content-type", "application/x-amz-json-1.0")
            .body(Full::<Bytes>::from(body))
            .unwrap();
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        (head.status, body.collect().await.unwrap().to_bytes())
    };
    let (status, body) = post(Bytes::from_static(b"{not json")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(String::from_utf8_lossy(&body).contains("SerializationException"));
    let (status, body) = post(Bytes::from(vec![b'x'; 11 << 20])).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(String::from_utf8_lossy(&body).contains("RequestEntityTooLarge"));
}
