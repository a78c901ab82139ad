//! What the caller may do, by calls that change nothing.
//!
//! AWS decides whether a caller may do something before it looks at what is asked for. So a call that names
//! nothing that exists, or contradicts itself, is answered with what is wrong with it if it is allowed, and
//! with a denial if not. That an account answers in this order is documented for none of these operations:
//! an answer that is neither is unknown, and the run itself will tell.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    SendMessageBatchRequestEntry,
};

use super::why;
use crate::preflight::{Facts, Known, Permission};
use crate::scenario::{AwsTarget, DeadLetterUse, ProcessorPlace};
use crate::store::Session;

/// A receipt handle of no message.
const NO_HANDLE: &str = "orderproof-preflight";
/// The key of no order: order numbers are above zero.
const NO_ORDER: &str = "-1";

/// Whether a code says that the caller may not.
fn denies(code: &str) -> bool {
    [
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "KMS.AccessDeniedException",
    ]
    .contains(&code.rsplit('#').next().unwrap_or(code))
}

/// What the answer to a call that cannot succeed says: `expected` are the codes with which a caller who is
/// allowed is refused.
fn told<T, E, R>(answer: Result<T, SdkError<E, R>>, expected: &[&str]) -> Known<bool>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let error = match answer {
        Ok(_) => return Known::Is(true),
        Err(error) => error,
    };
    match error.code() {
        Some(code) if denies(code) => Known::Is(false),
        Some(code) if expected.iter().any(|expected| code.contains(expected)) => Known::Is(true),
        _ => Known::Unknown(why(&error)),
    }
}

/// Asks for everything that a run at `target` needs, where the resource is there.
pub(super) async fn read(session: &Session, target: &AwsTarget, facts: &Facts) -> Vec<Permission> {
    let sqs = session.sqs();
    let mut permissions = Vec::new();
    let mut note = |action: &str, resource: &str, granted| {
        permissions.push(Permission {
            action: action.into(),
            resource: resource.into(),
            granted,
        });
    };
    let local = target.processor == ProcessorPlace::Local;
    if let Some(queue) = facts.orders_queue.get() {
        note(
            "sqs:SendMessage",
            &queue.name,
            may_send(&sqs, &queue.url).await,
        );
        if local {
            note(
                "sqs:ReceiveMessage",
                &queue.name,
                may_receive(&sqs, &queue.url).await,
            );
            note(
                "sqs:DeleteMessage",
                &queue.name,
                may_delete(&sqs, &queue.url).await,
            );
        }
    }
    if let Some(queue) = facts.dead_letter_queue.get() {
        let receiving = match &queue.redrive {
            None => may_receive(&sqs, &queue.url).await,
            // A receive is a step of its letters towards the next queue.
            Some(_) => {
                Known::Unknown("not tried, since the queue has a redrive policy of its own".into())
            }
        };
        note("sqs:ReceiveMessage", &queue.name, receiving);
        note(
            "sqs:ChangeMessageVisibility",
            &queue.name,
            may_hide(&sqs, &queue.url).await,
        );
        if target.dead_letters == DeadLetterUse::Own {
            note(
                "sqs:DeleteMessage",
                &queue.name,
                may_delete(&sqs, &queue.url).await,
            );
        }
    }
    if let Some(table) = facts.table.get() {
        let dynamodb = session.dynamodb();
        note(
            "dynamodb:Scan",
            &table.name,
            may_scan(&dynamodb, &table.name).await,
        );
        note(
            "dynamodb:BatchGetItem",
            &table.name,
            may_get(&dynamodb, &table.name).await,
        );
        if local {
            note(
                "dynamodb:PutItem",
                &table.name,
                may_put(&dynamodb, &table.name).await,
            );
        }
    }
    permissions
}

/// Two entries of one id: nothing of such a batch is sent.
async fn may_send(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let entry = || {
        SendMessageBatchRequestEntry::builder()
            .id("same")
            .message_body("preflight")
            .build()
            .expect("an id and a body")
    };
    let batch = sqs.send_message_batch().queue_url(url);
    told(
        batch.entries(entry()).entries(entry()).send().await,
        &["BatchEntryIdsNotDistinct"],
    )
}

/// A receive that hides nothing. It counts as a receive of what it returns, which is why the orders queue
/// is asked only by who is going to receive from it.
async fn may_receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let receive = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(1)
        .visibility_timeout(0)
        .wait_time_seconds(0);
    told(receive.send().await, &[])
}

async fn may_hide(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
        .id("0")
        .receipt_handle(NO_HANDLE)
        .visibility_timeout(0)
        .build()
        .expect("an id and a handle");
    let batch = sqs.change_message_visibility_batch().queue_url(url);
    told(
        batch.entries(entry).send().await,
        &["ReceiptHandleIsInvalid"],
    )
}

async fn may_delete(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let entry = DeleteMessageBatchRequestEntry::builder()
        .id("0")
        .receipt_handle(NO_HANDLE)
        .build()
        .expect("an id and a handle");
    let batch = sqs.delete_message_batch().queue_url(url);
    told(
        batch.entries(entry).send().await,
        &["ReceiptHandleIsInvalid"],
    )
}

async fn may_scan(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Known<bool> {
    let scan = dynamodb.scan().table_name(table).limit(1);
    told(scan.consistent_read(true).send().await, &[])
}

fn no_order() -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), AttributeValue::N(NO_ORDER.into()))])
}

async fn may_get(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Known<bool> {
    let keys = KeysAndAttributes::builder()
        .keys(no_order())
        .consistent_read(true)
        .build()
        .expect("a key");
    let get = dynamodb.batch_get_item().request_items(table, keys);
    told(get.send().await, &["ValidationException"])
}

/// A put on the condition that there is a row that there never is.
async fn may_put(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Known<bool> {
    let put = dynamodb
        .put_item()
        .table_name(table)
        .set_item(Some(no_order()))
        .condition_expression("attribute_exists(id)");
    told(
        put.send().await,
        &["ConditionalCheckFailed", "ValidationException"],
    )
}
