//! What the caller may do, by calls that change no order.
//!
//! A denial proves that the caller may not. Success proves that it may, and so does an error that AWS documents for what
//! is wrong with the request itself. Any other answer proves nothing: the permission stays unknown.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::why;
use crate::preflight::{Facts, Known, Permission};
use crate::scenario::{AwsTarget, DeadLetterUse, ProcessorPlace};
use crate::store::Session;

/// A receipt handle of no message.
const NO_HANDLE: &str = "orderproof-preflight";
/// The key of no order: order numbers are above zero.
const NO_ORDER: &str = "-1";

/// Codes of a denial.
const DENIALS: [&str; 5] = [
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "KMS.AccessDeniedException",
];
/// Codes of what is wrong with these requests, from the API references: two entries of one id (SendMessageBatch), an
/// invalid handle (DeleteMessage, ChangeMessageVisibility), a condition that does not hold (PutItem).
const PROOFS: [&str; 3] = [
    "BatchEntryIdsNotDistinct",
    "ReceiptHandleIsInvalid",
    "ConditionalCheckFailed",
];

/// What the answer to a call proves.
fn proof<T, E, R>(answer: Result<T, SdkError<E, R>>) -> Known<bool>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug + 'static,
{
    let Err(error) = answer else {
        return Known::Is(true);
    };
    let code = error.code().unwrap_or_default();
    let name = code.rsplit('#').next().unwrap_or_default();
    match DENIALS.contains(&name) {
        true => Known::Is(false),
        false if PROOFS.iter().any(|proof| code.contains(proof)) => Known::Is(true),
        false => Known::Unknown(why(&error)),
    }
}

/// Asks for everything that a run at `target` needs, where the resource is there.
pub(super) async fn read(session: &Session, target: &AwsTarget, facts: &Facts) -> Vec<Permission> {
    let mut permissions = Vec::new();
    let mut note = |action: &str, resource: &str, granted| {
        permissions.push(Permission {
            action: action.into(),
            resource: resource.into(),
            granted,
        });
    };
    let sqs = session.sqs();
    let local = target.processor == ProcessorPlace::Local;
    if let Some(queue) = facts.orders_queue.get() {
        let (name, url) = (&queue.name, &queue.url);
        note("sqs:SendMessage", name, may_send(&sqs, url).await);
        if local {
            note("sqs:ReceiveMessage", name, may_receive(&sqs, url).await);
            note("sqs:DeleteMessage", name, may_delete(&sqs, url).await);
        }
    }
    if let Some(queue) = facts.dead_letter_queue.get() {
        let (name, url) = (&queue.name, &queue.url);
        let receiving = match &queue.redrive {
            None => may_receive(&sqs, url).await,
            // A receive is a step of its letters towards the next queue.
            Some(_) => {
                Known::Unknown("not tried: the queue has a redrive policy of its own".into())
            }
        };
        note("sqs:ReceiveMessage", name, receiving);
        note(
            "sqs:ChangeMessageVisibility",
            name,
            may_hide(&sqs, url).await,
        );
        if target.dead_letters == DeadLetterUse::Own {
            note("sqs:DeleteMessage", name, may_delete(&sqs, url).await);
        }
    }
    if let Some(table) = facts.table.get() {
        let (dynamodb, name) = (session.dynamodb(), &table.name);
        let scan = dynamodb.scan().table_name(name).limit(1);
        let scan = scan.consistent_read(true).send().await;
        note("dynamodb:Scan", name, proof(scan));
        note(
            "dynamodb:BatchGetItem",
            name,
            may_get(&dynamodb, name).await,
        );
        if local {
            note("dynamodb:PutItem", name, may_put(&dynamodb, name).await);
        }
    }
    permissions
}

/// Two entries of one id: nothing of such a batch is sent.
async fn may_send(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let entry = SendMessageBatchRequestEntry::builder();
    let entry = entry.id("same").message_body("preflight").build();
    let entries = vec![entry.expect("an id and a body"); 2];
    let batch = sqs.send_message_batch().queue_url(url);
    proof(batch.set_entries(Some(entries)).send().await)
}

/// A receive that hides nothing. It counts as a receive of what it returns, which is why the orders queue
/// is asked only by who is going to receive from it.
async fn may_receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let receive = sqs.receive_message().queue_url(url);
    let receive = receive.max_number_of_messages(1).visibility_timeout(0);
    proof(receive.wait_time_seconds(0).send().await)
}

async fn may_hide(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let hide = sqs.change_message_visibility().queue_url(url);
    let hide = hide.receipt_handle(NO_HANDLE).visibility_timeout(0);
    proof(hide.send().await)
}

async fn may_delete(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    let delete = sqs.delete_message().queue_url(url);
    proof(delete.receipt_handle(NO_HANDLE).send().await)
}

fn no_order() -> HashMap<String, AttributeValue> {
    HashMap::from([("id".to_owned(), AttributeValue::N(NO_ORDER.into()))])
}

async fn may_get(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Known<bool> {
    let keys = KeysAndAttributes::builder().keys(no_order());
    let keys = keys.consistent_read(true).build().expect("a key");
    let get = dynamodb.batch_get_item().request_items(table, keys);
    proof(get.send().await)
}

/// A put on the condition that there is a row that there never is.
async fn may_put(dynamodb: &aws_sdk_dynamodb::Client, table: &str) -> Known<bool> {
    let put = dynamodb.put_item().table_name(table);
    let put = put.set_item(Some(no_order()));
    let put = put.condition_expression("attribute_exists(id)");
    proof(put.send().await)
}
