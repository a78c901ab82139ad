//! A program's own test on the emulator: orders go into a queue, a function writes them to a table, and those it
//! refuses end in the dead-letter queue. `cargo test --example emulator` runs the test, `cargo run --example emulator`
//! the same as a program.

use std::time::Duration;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::Builder as Http;
use orderproof_emulator::sqs::{QueueAttributes, Redrive};
use orderproof_emulator::{Emulator, KeyKind::S, handler, key};

/// The code under test: it stores each order, and names those that are none as failed.
async fn store_orders(
    event: SqsEvent,
    dynamodb: aws_sdk_dynamodb::Client,
) -> Result<SqsBatchResponse, String> {
    let mut response = SqsBatchResponse::default();
    for record in event.records {
        let order = record.body.unwrap_or_default();
        let stored = match order.starts_with("order ") {
            true => {
                let put = dynamodb.put_item().table_name("orders");
                put.item("id", AttributeValue::S(order))
                    .send()
                    .await
                    .is_ok()
            }
            false => false,
        };
        if !stored {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = record.message_id.unwrap_or_default();
            response.batch_item_failures.push(failure);
        }
    }
    Ok(response)
}

/// Unmodified clients of both services at this endpoint.
fn clients(endpoint: &str) -> (aws_sdk_sqs::Client, aws_sdk_dynamodb::Client) {
    let credentials = Credentials::new("any", "any", None, None, "example");
    let sqs = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials.clone())
        .endpoint_url(endpoint)
        .http_client(Http::new().build_http())
        .build();
    let dynamodb = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .http_client(Http::new().build_http())
        .build();
    (
        aws_sdk_sqs::Client::from_conf(sqs),
        aws_sdk_dynamodb::Client::from_conf(dynamodb),
    )
}

/// Nineteen orders become items, and what is none becomes a dead letter.
async fn orders_are_stored() -> Result<(), Box<dyn std::error::Error>> {
    let orders = QueueAttributes {
        // A message that failed comes back soon, and is given up after two receives.
        visibility_timeout: Duration::from_millis(300),
        redrive: Some(Redrive {
            dead_letter_queue: "orders-dead".into(),
            max_receive_count: 2,
        }),
        ..QueueAttributes::default()
    };
    let prepared = Emulator::builder()
        .queue("orders-dead")
        .queue_with("orders", orders)
        .table("orders", key("id", S))
        .prepare()?;
    let (sqs, dynamodb) = clients(&prepared.site().base_url);
    let function = handler(move |event| store_orders(event, dynamodb.clone()));
    let aws = prepared.function(function.on("orders")).start()?;

    for number in 0..20 {
        let body = match number {
            7 => "no order".to_owned(),
            number => format!("order {number}"),
        };
        let send = sqs.send_message().queue_url(aws.queue_url("orders"));
        send.message_body(body).send().await?;
    }
    while aws.items("orders")?.len() < 19 || aws.messages("orders-dead")?.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(&*aws.messages("orders-dead")?[0], "no order");
    assert!(aws.messages("orders")?.is_empty());
    Ok(())
}

#[tokio::test]
async fn every_order_is_stored_and_what_is_none_is_a_dead_letter() {
    orders_are_stored().await.expect("a good end");
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    orders_are_stored().await
}
