//! The embedded pipeline from start to shutdown, over loopback.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use tokio::time::{Instant, sleep};

use super::*;
use crate::embedded::testing::{dynamodb_client, scenario, sqs_client};
use crate::order::{RunId, lab};
use crate::records::{Item, Value};
use crate::scenario::{Fault, FaultExtent, FaultKind, TableCapacity};

const ORDERS: u64 = 200;

/// Whether what a row of the lab holds under this number is not its order.
fn is_altered(number: u64, details: &str) -> bool {
    let item = Item::from([
        ("id".to_owned(), Value::N(number.to_string())),
        ("order_details".to_owned(), Value::S(details.to_owned())),
    ]);
    plan().is_as_planned(ORDERS, "orders", &item) == Some(false)
}

fn plan() -> OrderPlan {
    OrderPlan::lab(RunId::new(7).unwrap(), 2026, 0.1)
}

async fn send_all(client: &aws_sdk_sqs::Client, target: &Target) {
    for first in (0..ORDERS).step_by(10) {
        let entries = (first..first + 10).map(|k| {
            let mut body = Vec::new();
            plan().write_body(k, &mut body);
            SendMessageBatchRequestEntry::builder()
                .id(k.to_string())
                .message_body(String::from_utf8(body).unwrap())
                .build()
                .unwrap()
        });
        let sent = client
            .send_message_batch()
            .queue_url(&target.orders_queue_url)
            .set_entries(Some(entries.collect()))
            .send();
        assert!(sent.await.unwrap().failed().is_empty());
    }
}

async fn wait_until_empty(client: &aws_sdk_sqs::Client, queue_url: &str) {
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let asked = client
            .get_queue_attributes()
            .queue_url(queue_url)
            .set_attribute_names(Some(counts.to_vec()))
            .send();
        let attributes = asked.await.unwrap().attributes.unwrap();
        if counts.iter().all(|count| attributes[count] == "0") {
            return;
        }
        assert!(Instant::now() < deadline, "still there: {attributes:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn sweep_dead_letters(client: &aws_sdk_sqs::Client, target: &Target) -> BTreeSet<u64> {
    let mut letters = BTreeSet::new();
    loop {
        let received = client
            .receive_message()
            .queue_url(&target.dead_letter_queue_url)
            .max_number_of_messages(10)
            .send();
        let received = received.await.unwrap();
        if received.messages().is_empty() {
            return letters;
        }
        for letter in received.messages() {
            let body: serde_json::Value = serde_json::from_str(letter.body().unwrap()).unwrap();
            let number = body["order_number"].as_u64().unwrap();
            assert!(letters.insert(plan().run.sequence_of(number).unwrap()));
        }
    }
}

/// The rows' sequence numbers, and those of the altered ones.
async fn scan(target: &Target) -> (BTreeSet<u64>, BTreeSet<u64>) {
    let address = target.dynamodb_endpoint.strip_prefix("http://").unwrap();
    let scan = dynamodb_client(address.parse().unwrap())
        .scan()
        .table_name(&target.tables[0].name)
        .consistent_read(true)
        .send();
    let (mut rows, mut altered) = (BTreeSet::new(), BTreeSet::new());
    for item in scan.await.unwrap().items() {
        let number = item["id"].as_n().unwrap().parse().unwrap();
        let k = plan().run.sequence_of(number).unwrap();
        rows.insert(k);
        let details = item["order_details"].as_s().unwrap();
        if is_altered(number, details) {
            altered.insert(k);
        }
    }
    (rows, altered)
}

/// The one test in real time, of about a second: the whole pipeline through unmodified clients.
#[tokio::test]
async fn orders_sent_over_the_wire_end_as_rows_and_dead_letters_but_for_the_faults() {
    let one = |kind| Fault::new(kind, FaultExtent::Count(1));
    let kinds = [
        FaultKind::MessageVanishes,
        FaultKind::WriteLost,
        FaultKind::RowAltered,
    ];
    let scenario = Scenario {
        faults: kinds.map(one).to_vec(),
        ..scenario()
    };
    let pipeline = EmbeddedPipeline::start(&scenario, plan(), ORDERS).unwrap();
    let target = pipeline.target();
    let client = sqs_client(&target.sqs_endpoint);
    send_all(&client, &target).await;
    wait_until_empty(&client, &target.orders_queue_url).await;

    let dead_letters = sweep_dead_letters(&client, &target).await;
    let (rows, altered) = scan(&target).await;
    assert!(dead_letters.iter().all(|&k| plan().is_bad(k)));
    assert!(rows.iter().all(|&k| !plan().is_bad(k)));
    let anywhere = rows.len() + dead_letters.len();
    assert_eq!(
        anywhere as u64,
        ORDERS - 2,
        "one vanished, one write was lost"
    );
    assert_eq!(altered.len(), 1);

    let counters = pipeline.counters();
    assert_eq!(counters.faults_struck.len(), 3);
    assert!(counters.faults_struck.values().all(|&struck| struck == 1));
    assert!(counters.invocations >= 20);
    assert!(counters.max_concurrency >= 1);
    assert_eq!(counters.failed_invocations, 0);
    let failed = counters.failed_records;
    assert_eq!(failed, 2 * dead_letters.len() as u64, "two receives each");
    pipeline.shutdown();
}

#[tokio::test]
async fn the_target_names_the_labs_resources_and_they_are_there_at_once() {
    let pipeline = EmbeddedPipeline::start(&scenario(), plan(), 0).unwrap();
    let target = pipeline.target();
    assert!(target.orders_queue_url.ends_with("/orders-queue"));
    assert!(target.dead_letter_queue_url.ends_with("/orders-dl-queue"));
    assert_eq!(target.tables, crate::store::TableAt::all(&lab().tables));
    assert!(target.exact_counts);
    let queues = sqs_client(&target.sqs_endpoint).list_queues().send().await;
    let mut urls = queues.unwrap().queue_urls.unwrap();
    urls.sort();
    assert_eq!(
        urls,
        [&*target.dead_letter_queue_url, &target.orders_queue_url]
    );
    let (rows, _) = scan(&target).await;
    assert!(rows.is_empty());
}

#[tokio::test]
async fn after_shutdown_nothing_listens() {
    let pipeline = EmbeddedPipeline::start(&scenario(), plan(), 0).unwrap();
    let target = pipeline.target();
    let addresses = [target.sqs_endpoint, target.dynamodb_endpoint];
    let addresses = addresses.map(|url| url.trim_start_matches("http://").to_owned());
    for address in &addresses {
        std::net::TcpStream::connect(address).expect("it listens");
    }
    pipeline.shutdown();
    for address in &addresses {
        assert!(std::net::TcpStream::connect(address).is_err(), "{address}");
    }
}

#[test]
fn what_cannot_be_started_says_why() {
    let too_many = Scenario {
        faults: vec![Fault::new(FaultKind::WriteLost, FaultExtent::Count(9))],
        ..scenario()
    };
    let mut no_capacity = scenario();
    no_capacity.pipeline.table_capacity = TableCapacity::Provisioned {
        write_capacity_units: 0,
        read_capacity_units: None,
    };
    let mut no_receives = scenario();
    no_receives.pipeline.max_receive_count = 0;
    let cases = [
        ("fault `write_lost` is to strike 9 orders", too_many),
        ("table `orders` could not be created", no_capacity),
        (
            "queue `orders-queue` could not be created or read",
            no_receives,
        ),
    ];
    for (expected, scenario) in cases {
        let error = match EmbeddedPipeline::start(&scenario, plan(), 5) {
            Ok(_) => panic!("{expected}"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(expected), "{error}");
    }
}
