//! The table's HTTP side: the DynamoDB protocol on a loopback port.

use std::net::SocketAddr;

use dynoxide::Database;

use super::database::TableError;
use crate::service::{ServiceThread, secluded_listener};

/// Serves a database until it is dropped, on a thread and runtime of its own, because every call of the
/// database blocks the thread it is made on.
pub struct TableServer {
    address: SocketAddr,
    _thread: ServiceThread,
}

impl TableServer {
    /// Binds a free port of a loopback address that nobody knows and serves `database` on it: this server answers any
    /// page, and what is before it does not.
    ///
    /// # Errors
    /// When no port can be bound or no thread started.
    pub fn start(database: Database) -> Result<Self, TableError> {
        let (listener, address) = secluded_listener()?;
        let thread = ServiceThread::spawn("table-server", move |stop| async move {
            let until = async move {
                let _ = stop.await;
            };
            let served = match tokio::net::TcpListener::from_std(listener) {
                Ok(listener) => {
                    dynoxide::server::serve_with_shutdown(listener, database, until).await
                }
                Err(error) => Err(error.to_string()),
            };
            if let Err(error) = served {
                tracing::error!(error, "the embedded table is no longer served");
            }
        })?;
        Ok(Self {
            address,
            _thread: thread,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    use aws_sdk_dynamodb::types::{
        AttributeValue, BillingMode, ReturnValuesOnConditionCheckFailure,
    };

    use super::*;
    use crate::table::{Item, KeyKind, Table, TableCapacity, Tables, key};
    use crate::testing::dynamodb_client;

    const DETAILS: &str = r#"{"num_items": 1, "price_per_item": 110.0, "item_description": "zTV"}"#;

    fn served(capacity: TableCapacity) -> (TableServer, Table<u64>, aws_sdk_dynamodb::Client) {
        let tables = Tables::open(1.0, Arc::default()).unwrap();
        tables
            .create("orders", &key("id", KeyKind::N), capacity)
            .unwrap();
        let table = tables.writer("orders", "id", item).unwrap();
        let server = TableServer::start(tables.database()).unwrap();
        let client = dynamodb_client(server.address());
        (server, table, client)
    }

    fn number(value: u64) -> AttributeValue {
        AttributeValue::N(value.to_string())
    }

    fn item(id: &u64) -> Item {
        use crate::table::AttributeValue::{N, S};
        [
            ("id".to_owned(), N(id.to_string())),
            ("order_details".to_owned(), S(DETAILS.into())),
        ]
        .into()
    }

    fn rows(ids: impl Iterator<Item = u64>) -> Arc<[u64]> {
        ids.collect()
    }

    #[tokio::test]
    async fn what_the_function_writes_the_sdk_reads() {
        let (_server, table, client) = served(TableCapacity::Unlimited);
        table.store().put_new(rows(7..8)).await;
        let get = client
            .get_item()
            .table_name("orders")
            .key("id", AttributeValue::N("7.0".into()))
            .consistent_read(true);
        let item = get.send().await.unwrap().item.expect("the row is there");
        assert_eq!(item["id"], number(7));
        assert_eq!(item["order_details"], AttributeValue::S(DETAILS.into()));
        let missing = client
            .get_item()
            .table_name("orders")
            .key("id", number(8))
            .send();
        assert_eq!(missing.await.unwrap().item, None);
    }

    #[tokio::test]
    async fn a_failed_condition_is_its_own_error_and_carries_the_row() {
        let (_server, table, client) = served(TableCapacity::Unlimited);
        table.store().put_new(rows(7..8)).await;
        let put = |id: u64| {
            client
                .put_item()
                .table_name("orders")
                .item("id", number(id))
                .item("order_details", AttributeValue::S("other".into()))
                .condition_expression("attribute_not_exists(id)")
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .send()
        };
        put(8).await.expect("a new number is stored");
        let refused = put(7).await.unwrap_err().into_service_error();
        assert!(
            refused.is_conditional_check_failed_exception(),
            "{refused:?}"
        );
        let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
            refused,
        ) = refused
        else {
            panic!("checked above")
        };
        let old = refused.item.expect("the row that is there");
        assert_eq!(old["order_details"], AttributeValue::S(DETAILS.into()));
    }

    #[tokio::test]
    async fn segments_and_pages_of_a_scan_are_disjoint_and_complete() {
        let (_server, table, client) = served(TableCapacity::Unlimited);
        table.store().put_new(rows(1..=500)).await;
        let mut seen = BTreeSet::new();
        for segment in 0..4 {
            let mut start = None;
            loop {
                let page = client
                    .scan()
                    .table_name("orders")
                    .consistent_read(true)
                    .segment(segment)
                    .total_segments(4)
                    .limit(37)
                    .set_exclusive_start_key(start)
                    .send()
                    .await
                    .unwrap();
                assert!(page.items().len() <= 37);
                for item in page.items() {
                    let id: u64 = item["id"].as_n().unwrap().parse().unwrap();
                    assert!(seen.insert(id), "{id} came twice");
                }
                start = page.last_evaluated_key;
                if start.is_none() {
                    break;
                }
            }
        }
        assert!(seen.into_iter().eq(1..=500));
    }

    #[tokio::test]
    async fn the_table_describes_itself_and_a_missing_one_is_an_error() {
        let capacity = TableCapacity::Provisioned {
            write_capacity_units: 5,
            read_capacity_units: None,
        };
        let (_server, _table, client) = served(capacity);
        let describe = |name: &str| client.describe_table().table_name(name).send();
        let table = describe("orders").await.unwrap().table.unwrap();
        assert_eq!(table.key_schema()[0].attribute_name(), "id");
        let throughput = table.provisioned_throughput().unwrap();
        assert_eq!(throughput.write_capacity_units(), Some(5));
        let missing = describe("no-such-table").await.unwrap_err();
        let missing = missing.into_service_error();
        assert!(missing.is_resource_not_found_exception(), "{missing:?}");
    }

    #[tokio::test]
    async fn an_on_demand_table_says_so_and_bad_requests_are_validation_errors() {
        let (_server, _table, client) = served(TableCapacity::Unlimited);
        let table = client.describe_table().table_name("orders").send().await;
        let billing = table.unwrap().table.unwrap().billing_mode_summary.unwrap();
        assert_eq!(billing.billing_mode, Some(BillingMode::PayPerRequest));
        let wrong_key = client
            .put_item()
            .table_name("orders")
            .item("id", AttributeValue::S("seven".into()))
            .send();
        let wrong_key = wrong_key.await.unwrap_err();
        assert_eq!(wrong_key.code(), Some("ValidationException"));
    }
}
