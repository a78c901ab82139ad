//! A batch of a FIFO queue: record by record, and no order overtakes one of its message group that comes back.

use std::collections::HashSet;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use super::handler::{fail, put_each, read, settled};
use super::store::{OrderStore, unix_micros};

/// Whether the records come from a FIFO queue, whose names alone have this end.
pub(super) fn is_from_fifo(event: &SqsEvent) -> bool {
    let source = event
        .records
        .first()
        .and_then(|record| record.event_source_arn.as_deref());
    source.is_some_and(|arn| arn.ends_with(".fifo"))
}

/// Processes the records one after the other. Behind one whose write failed the others of its group are returned as they
/// are, since it comes back and must be first. One that can never succeed holds nobody up: nothing of it is ever stored.
pub(super) async fn process_in_order<S: OrderStore>(
    event: SqsEvent,
    store: &S,
) -> SqsBatchResponse {
    let received_at_us = unix_micros();
    let mut response = SqsBatchResponse::default();
    let mut held: HashSet<&str> = HashSet::new();
    for record in &event.records {
        let group = group_of(record);
        if held.contains(group) {
            fail(
                &mut response,
                record,
                "an order of its group before it comes back",
            );
            continue;
        }
        let row = match read(record, received_at_us) {
            Ok(row) => row,
            Err(reason) => {
                fail(&mut response, record, &reason);
                continue;
            }
        };
        let rows = Arc::from([row]);
        let outcome = put_each(store, &rows).await.remove(0);
        if outcome.is_err() {
            held.insert(group);
        }
        if let Err(reason) = settled(&rows[0], outcome) {
            fail(&mut response, record, &reason);
        }
    }
    response
}

fn group_of(record: &SqsMessage) -> &str {
    let group = record.attributes.get("MessageGroupId");
    group.map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::process;
    use super::super::store::{OrderRow, PutOutcome, WriteError};
    use super::*;

    /// Takes every row but those of these numbers; notes what it was asked for.
    struct Picky {
        throttled: Vec<u64>,
        asked: std::sync::Mutex<Vec<u64>>,
    }

    impl OrderStore for Picky {
        async fn put_new(&self, rows: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
            let answer = |row: &OrderRow| {
                self.asked.lock().unwrap().push(row.id);
                match self.throttled.contains(&row.id) {
                    true => Err(WriteError::Throttled),
                    false => Ok(PutOutcome::Stored),
                }
            };
            rows.iter().map(answer).collect()
        }

        async fn replace(&self, _: Arc<[OrderRow]>) -> Vec<Result<PutOutcome, WriteError>> {
            unreachable!("nothing is replaced")
        }
    }

    /// A record for each order: its group, and whether it is good.
    fn event(arn: &str, orders: &[(u64, &str, bool)]) -> SqsEvent {
        let mut event = SqsEvent::default();
        for (number, group, good) in orders {
            let price = if *good { "110.0" } else { "\"err\"" };
            let mut record = SqsMessage::default();
            record.message_id = Some(number.to_string());
            record.event_source_arn = Some(arn.to_owned());
            record.body = Some(format!(
                "{{\"order_number\": {number}, \"num_items\": 2, \"price_per_item\": {price}, \"item_description\": \"zPen\"}}"
            ));
            let attribute = ("MessageGroupId".to_owned(), (*group).to_owned());
            record.attributes.extend([attribute]);
            event.records.push(record);
        }
        event
    }

    async fn outcome(
        arn: &str,
        throttled: &[u64],
        orders: &[(u64, &str, bool)],
    ) -> (Vec<u64>, Vec<String>) {
        let store = Picky {
            throttled: throttled.to_vec(),
            asked: Default::default(),
        };
        let response = process(event(arn, orders), &store).await;
        let failures = response.batch_item_failures.into_iter();
        let failed = failures.map(|failure| failure.item_identifier).collect();
        (store.asked.into_inner().unwrap(), failed)
    }

    const FIFO: &str = "arn:aws:sqs:us-east-1:1:orders-queue.fifo";
    const ORDERS: [(u64, &str, bool); 5] = [
        (1, "a", true),
        (2, "a", true),
        (3, "b", true),
        (4, "a", true),
        (5, "b", true),
    ];

    #[tokio::test]
    async fn behind_a_write_that_failed_its_group_waits_and_others_do_not() {
        let (asked, failed) = outcome(FIFO, &[2], &ORDERS).await;
        assert_eq!(asked, [1, 2, 3, 5], "4 is not touched");
        assert_eq!(failed, ["2", "4"]);
    }

    #[tokio::test]
    async fn an_order_that_can_never_succeed_holds_nobody_up() {
        let orders = [(1, "a", false), (2, "a", true)];
        let (asked, failed) = outcome(FIFO, &[], &orders).await;
        assert_eq!(
            (asked.as_slice(), failed.as_slice()),
            (&[2][..], &["1".to_owned()][..])
        );
    }

    #[tokio::test]
    async fn a_standard_queue_has_groups_and_no_order() {
        let (asked, failed) = outcome("arn:aws:sqs:us-east-1:1:orders-queue", &[2], &ORDERS).await;
        assert_eq!(asked, [1, 2, 3, 4, 5]);
        assert_eq!(failed, ["2"]);
    }
}
