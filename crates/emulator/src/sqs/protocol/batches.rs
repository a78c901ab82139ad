//! The operations on up to ten messages: an entry that is refused fails alone.

use std::borrow::Cow;

use super::reply::{Batch, Done, Failed, SentEntry, Shown};
use super::{Context, messages, request, write};
use crate::sqs::attributes::MESSAGE_SIZE_MAX;
use crate::sqs::error::{SqsError, SqsErrorKind};
use crate::sqs::fifo::{Action, is_fifo};
use crate::sqs::message::{SendEntry, Sent};
use crate::sqs::site::name_in_url;

type Reply = Result<Vec<u8>, SqsError>;

pub(super) fn send<'a>(
    context: Context<'_>,
    input: request::Batch<'a, request::SendEntry<'a>>,
) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    check(input.entries.iter().map(|entry| &*entry.id))?;
    let mut reply = Batch {
        successful: Vec::with_capacity(input.entries.len()),
        failed: Vec::new(),
    };
    let mut ids = Vec::with_capacity(input.entries.len());
    let mut good = Vec::with_capacity(input.entries.len());
    let mut size = 0;
    for mut entry in input.entries {
        let id = std::mem::take(&mut entry.id);
        size += entry.message_body.len();
        match messages::entry(entry) {
            Ok(entry) => {
                size += entry.size() - entry.body.len();
                ids.push(id);
                good.push(entry);
            }
            Err(error) => reply.failed.push(failed(id, error)),
        }
    }
    if size > MESSAGE_SIZE_MAX as usize {
        return Err(SqsError::new(
            SqsErrorKind::BatchRequestTooLong,
            format!(
                "Batch requests cannot be longer than {MESSAGE_SIZE_MAX} bytes. You have sent {size} bytes."
            ),
        ));
    }
    for (id, result) in ids.into_iter().zip(send_admitted(context, name, good)?) {
        match result {
            Ok(sent) => reply.successful.push(SentEntry {
                id,
                message_id: sent.message_id,
                md5_of_body: sent.md5_of_body,
                md5_of_attributes: sent.md5_of_attributes,
                md5_of_system_attributes: sent.md5_of_system_attributes,
                sequence_number: sent.sequence_number.map(Shown),
            }),
            Err(error) => reply.failed.push(failed(id, error)),
        }
    }
    write(&reply)
}

/// Sends what the queue's quota leaves room for, in order; the rest is refused.
fn send_admitted(
    context: Context<'_>,
    name: &str,
    entries: Vec<SendEntry>,
) -> Result<Vec<Result<Sent, SqsError>>, SqsError> {
    let engine = context.engine;
    if is_fifo(name) {
        engine.check_batch(name, &entries)?;
    }
    engine.admit(name, Action::Send)?;
    let groups: Vec<_> = entries
        .iter()
        .map(|entry| entry.group_id.as_deref())
        .collect();
    let admitted = engine.admit_groups(name, &groups);
    if admitted.iter().all(Result::is_ok) {
        return engine.send_all(name, entries);
    }
    let (good, refused): (Vec<_>, Vec<_>) = entries
        .into_iter()
        .zip(admitted)
        .map(|(entry, admitted)| (admitted.is_ok().then_some(entry), admitted.err()))
        .unzip();
    let mut sent = engine
        .send_all(name, good.into_iter().flatten().collect())?
        .into_iter();
    let results = refused
        .into_iter()
        .filter_map(|refused| refused.map_or_else(|| sent.next(), |error| Some(Err(error))));
    Ok(results.collect())
}

pub(super) fn delete<'a>(
    context: Context<'_>,
    input: request::Batch<'a, request::DeleteEntry<'a>>,
) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    check(input.entries.iter().map(|entry| &*entry.id))?;
    context.engine.admit(name, Action::Delete)?;
    each(input.entries, |entry| {
        let result = context.engine.delete(name, &entry.receipt_handle);
        (entry.id, result)
    })
}

pub(super) fn change_visibility<'a>(
    context: Context<'_>,
    input: request::Batch<'a, request::ChangeEntry<'a>>,
) -> Reply {
    let name = name_in_url(&input.queue_url)?;
    check(input.entries.iter().map(|entry| &*entry.id))?;
    context.engine.admit(name, Action::ChangeVisibility)?;
    each(input.entries, |entry| {
        let timeout = entry.visibility_timeout;
        let result = messages::change(context, name, &entry.receipt_handle, timeout);
        (entry.id, result)
    })
}

/// Does each entry and replies with those done and those refused. A queue that is not there refuses
/// all at once.
fn each<'a, E>(
    entries: Vec<E>,
    mut act: impl FnMut(E) -> (Cow<'a, str>, Result<(), SqsError>),
) -> Reply {
    let mut reply = Batch {
        successful: Vec::with_capacity(entries.len()),
        failed: Vec::new(),
    };
    for entry in entries {
        match act(entry) {
            (id, Ok(())) => reply.successful.push(Done { id }),
            (_, Err(error)) if error.kind == SqsErrorKind::QueueDoesNotExist => return Err(error),
            (id, Err(error)) => reply.failed.push(failed(id, error)),
        }
    }
    write(&reply)
}

fn failed(id: Cow<'_, str>, error: SqsError) -> Failed<'_> {
    Failed {
        id,
        sender_fault: !error.kind.is_server_fault(),
        code: error.kind.query_code(),
        message: error.message,
    }
}

/// What the ids and the number of entries of every batch must keep to.
fn check<'a>(ids: impl ExactSizeIterator<Item = &'a str> + Clone) -> Result<(), SqsError> {
    let refuse = |kind, message: String| Err(SqsError::new(kind, message));
    match ids.len() {
        0 => {
            return refuse(
                SqsErrorKind::EmptyBatchRequest,
                "There should be at least one entry in the request.".to_owned(),
            );
        }
        1..=10 => {}
        many => {
            return refuse(
                SqsErrorKind::TooManyEntriesInBatchRequest,
                format!("Maximum number of entries per request are 10. You have sent {many}."),
            );
        }
    }
    for (place, id) in ids.clone().enumerate() {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if !(1..=80).contains(&id.len()) || !id.bytes().all(is_allowed) {
            return refuse(
                SqsErrorKind::InvalidBatchEntryId,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. \
                 It can be at most 80 letters long."
                    .to_owned(),
            );
        }
        if ids.clone().take(place).any(|earlier| earlier == id) {
            return refuse(
                SqsErrorKind::BatchEntryIdsNotDistinct,
                format!("Id {id} repeated."),
            );
        }
    }
    Ok(())
}
