//! What the caller may do, by calls that change no order.
//!
//! A denial proves that the caller may not. Success proves that it may, and so does an error that AWS documents for what
//! is wrong with the request itself. Any other answer proves nothing: the permission stays unknown.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::{door, queue, why};
use crate::preflight::{DoorFacts, Facts, Known, Permission, QueueFacts, TableFacts};
use crate::scenario::{AwsTarget, DeadLetterUse, ProcessorPlace, Scenario};
use crate::store::Session;

/// A receipt handle of no message.
const NO_HANDLE: &str = "orderproof-preflight";
/// In the key of no row: order numbers are above zero, and no order of anybody's is called after a program.
const NO_NUMBER: &str = "-1";
const NO_TEXT: &str = "orderproof-preflight";

/// Codes of a denial.
pub(super) const DENIALS: [&str; 5] = [
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
pub(super) fn proof<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Known<bool>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
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

/// What was asked for, as it is answered.
#[derive(Default)]
struct Answers(Vec<Permission>);

impl Answers {
    fn note(&mut self, action: &str, resource: &str, granted: Known<bool>) {
        self.0.push(Permission {
            action: action.into(),
            resource: resource.into(),
            granted,
        });
    }
}

/// Asks for everything that a run of `scenario` at `target` needs, where the resource is there.
pub(super) async fn read(
    session: &Session,
    target: &AwsTarget,
    scenario: &Scenario,
    facts: &Facts,
) -> Vec<Permission> {
    let mut answers = Answers::default();
    let sqs = session.sqs();
    let is_local = target.processor == ProcessorPlace::Local;
    if let Some(queue) = facts.orders_queue.get() {
        let (name, url) = (&queue.name, &queue.url);
        if scenario.sending.to.is_queue() {
            answers.note("sqs:SendMessage", name, may_send(&sqs, queue).await);
        }
        if is_local {
            answers.note("sqs:ReceiveMessage", name, may_receive(&sqs, url).await);
            answers.note("sqs:DeleteMessage", name, may_delete(&sqs, url).await);
        }
    }
    match &facts.door {
        Some(DoorFacts::Topic(Known::Is(topic))) => {
            let granted = door::may_publish(session, topic).await;
            answers.note("sns:Publish", &topic.arn, granted);
        }
        Some(DoorFacts::Bus(Known::Is(bus))) => {
            let granted = door::may_put_events(session, &bus.name).await;
            answers.note("events:PutEvents", &bus.name, granted);
        }
        _ => {}
    }
    let own = target.dead_letters == DeadLetterUse::Own;
    let further = facts.letter_queues.values().map(|queue| (queue, false));
    for (queue, is_own) in std::iter::once((&facts.dead_letter_queue, own)).chain(further) {
        if let Some(queue) = queue.get() {
            of_letters(&sqs, queue, is_own, &mut answers).await;
        }
    }
    for function in scenario.processors.values() {
        let called = &function.queue;
        let further = facts.further_queues.get(called);
        let letters = facts.letter_queues.get(called);
        let queue = further.or(letters).unwrap_or(&facts.dead_letter_queue);
        let Some(QueueFacts { name, url, .. }) = queue.get() else {
            continue;
        };
        // Queues of letters are received from already.
        if further.is_some() {
            answers.note("sqs:ReceiveMessage", name, may_receive(&sqs, url).await);
        }
        answers.note("sqs:DeleteMessage", name, may_delete(&sqs, url).await);
    }
    let model = scenario.model().ok();
    let made_up = model.as_ref().map(|model| model.made_up_tables());
    let made_up = made_up.unwrap_or_default();
    let main = scenario.order.main_table();
    let further = facts.further_tables.iter();
    let further = further.map(|(called, table)| (called.as_str(), table));
    for (called, table) in std::iter::once((main, &facts.table)).chain(further) {
        let Some(table) = table.get() else {
            continue;
        };
        let before = &scenario.order.before;
        let needs = TableNeeds {
            by_key: !made_up.contains(called),
            // What a function of the user's own writes is unknown.
            put: is_local && scenario.is_labs_order() && called == main,
            before: before.iter().any(|row| row.table == called),
        };
        of_table(&session.dynamodb(), table, needs, &mut answers).await;
    }
    answers.0
}

async fn of_letters(
    sqs: &aws_sdk_sqs::Client,
    queue: &QueueFacts,
    is_own: bool,
    answers: &mut Answers,
) {
    let (name, url) = (&queue.name, &queue.url);
    let receiving = match &queue.redrive {
        None => may_receive(sqs, url).await,
        // A receive is a step of its letters towards the next queue.
        Some(_) => Known::Unknown("not tried: the queue has a redrive policy of its own".into()),
    };
    answers.note("sqs:ReceiveMessage", name, receiving);
    answers.note(
        "sqs:ChangeMessageVisibility",
        name,
        may_hide(sqs, url).await,
    );
    if is_own {
        answers.note("sqs:DeleteMessage", name, may_delete(sqs, url).await);
    }
}

/// What a run does with a table beside scanning it.
struct TableNeeds {
    /// Looks rows up by their keys.
    by_key: bool,
    /// Writes the built-in processor's rows.
    put: bool,
    /// Writes rows before their orders are sent.
    before: bool,
}

async fn of_table(
    dynamodb: &aws_sdk_dynamodb::Client,
    table: &TableFacts,
    needs: TableNeeds,
    answers: &mut Answers,
) {
    let name = &table.name;
    let scan = dynamodb.scan().table_name(name).limit(1);
    let scan = scan.consistent_read(true).send().await;
    answers.note("dynamodb:Scan", name, proof(scan));
    if needs.by_key {
        answers.note(
            "dynamodb:BatchGetItem",
            name,
            may_get(dynamodb, table).await,
        );
    }
    if needs.put {
        answers.note("dynamodb:PutItem", name, may_put(dynamodb, table).await);
    }
    if needs.before {
        answers.note(
            "dynamodb:BatchWriteItem",
            name,
            may_write(dynamodb, table).await,
        );
    }
}

/// Two entries of one id: nothing of such a batch is sent. For a FIFO queue they have all that it asks for, so that the ids
/// are all that is wrong with them there, too.
async fn may_send(sqs: &aws_sdk_sqs::Client, queue: &QueueFacts) -> Known<bool> {
    let entry = SendMessageBatchRequestEntry::builder();
    let mut entry = entry.id("same").message_body("preflight");
    if queue.fifo {
        entry = entry
            .message_group_id(NO_TEXT)
            .message_deduplication_id(NO_TEXT);
    }
    let entries = vec![entry.build().expect("an id and a body"); 2];
    let batch = sqs.send_message_batch().queue_url(&queue.url);
    proof(batch.set_entries(Some(entries)).send().await)
}

/// A receive that hides nothing, of a queue that counts no message in any state: it counts as a receive of what it returns,
/// and after some receives a redrive policy moves a message on.
pub(super) async fn may_receive(sqs: &aws_sdk_sqs::Client, url: &str) -> Known<bool> {
    match queue::messages(sqs, url).await {
        Ok(0) => {}
        Ok(_) => {
            return Known::Unknown(
                "not tried: messages wait there, and a receive would count".into(),
            );
        }
        Err(why) => return Known::Unknown(format!("not tried: {why}")),
    }
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

/// The key of a row that there never is.
fn no_row(table: &TableFacts) -> HashMap<String, AttributeValue> {
    let part = |[name, kind, _]: &[String; 3]| {
        let value = match kind.as_str() {
            "N" => AttributeValue::N(NO_NUMBER.into()),
            "B" => AttributeValue::B(NO_TEXT.as_bytes().to_vec().into()),
            _ => AttributeValue::S(NO_TEXT.into()),
        };
        (name.clone(), value)
    };
    table.key.iter().map(part).collect()
}

async fn may_get(dynamodb: &aws_sdk_dynamodb::Client, table: &TableFacts) -> Known<bool> {
    let keys = KeysAndAttributes::builder().keys(no_row(table));
    let keys = keys.consistent_read(true).build().expect("a key");
    let get = dynamodb.batch_get_item().request_items(&table.name, keys);
    proof(get.send().await)
}

/// A put on the condition that there is a row that there never is.
async fn may_put(dynamodb: &aws_sdk_dynamodb::Client, table: &TableFacts) -> Known<bool> {
    let [name, ..] = &table.key[..] else {
        return Known::Unknown("the table has no key".into());
    };
    let put = dynamodb.put_item().table_name(&table.name);
    let put = put
        .set_item(Some(no_row(table)))
        .condition_expression("attribute_exists(#key)")
        .expression_attribute_names("#key", &name[0]);
    proof(put.send().await)
}

/// Deletes a row that there never is.
async fn may_write(dynamodb: &aws_sdk_dynamodb::Client, table: &TableFacts) -> Known<bool> {
    let delete = DeleteRequest::builder().set_key(Some(no_row(table)));
    let delete = delete.build().expect("a key");
    let write = WriteRequest::builder().delete_request(delete).build();
    let batch = dynamodb.batch_write_item();
    let batch = batch.request_items(&table.name, vec![write]);
    proof(batch.send().await)
}
