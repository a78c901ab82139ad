//! PublishBatch: an entry that is refused fails alone, in a reply that is a success.

use std::collections::BTreeSet;

use super::Done;
use super::messages::{described, message};
use super::topics::named;
use crate::doors::sns::error::{SnsError, SnsErrorKind};
use crate::doors::{Door, Doors};
use crate::query::form::Form;
use crate::query::xml::{element, leaf};

/// Entries of a batch at most, and characters of their ids.
const ENTRIES_MAX: usize = 10;
const ID_MAX: usize = 80;

pub(super) fn publish(doors: &Doors, form: &Form) -> Result<Done, SnsError> {
    let topic = named(form)?;
    let entries = form.members("PublishBatchRequestEntries");
    let ids: Vec<_> = entries
        .iter()
        .map(|entry| entry.text("Id").unwrap_or_default())
        .collect();
    check(&ids).inspect_err(|_| doors.refuse_at(&Door::topic(topic)))?;
    let mut failed = Vec::new();
    let mut good = Vec::new();
    for (id, entry) in ids.into_iter().zip(entries) {
        match message(entry) {
            Ok(message) => good.push((id, message)),
            Err(error) => {
                doors.refuse_at(&Door::topic(topic));
                failed.push((id, error));
            }
        }
    }
    let (ids, messages): (Vec<_>, Vec<_>) = good.into_iter().unzip();
    let mut successful = Vec::new();
    for (id, result) in ids.into_iter().zip(doors.publish_all(topic, messages)?) {
        match result {
            Ok(published) => successful.push((id, published)),
            Err(error) => failed.push((id, error)),
        }
    }
    let mut xml = String::new();
    element(&mut xml, "Successful", |xml| {
        for (id, published) in &successful {
            element(xml, "member", |xml| {
                leaf(xml, "Id", id);
                described(xml, published);
            });
        }
    });
    element(&mut xml, "Failed", |xml| {
        for (id, error) in &failed {
            element(xml, "member", |xml| {
                leaf(xml, "Id", id);
                leaf(xml, "Code", error.kind.code());
                leaf(xml, "Message", &error.message);
                let side = (!error.kind.is_server_fault()).to_string();
                leaf(xml, "SenderFault", &side);
            });
        }
    });
    Ok(Some(xml))
}

fn check(ids: &[&str]) -> Result<(), SnsError> {
    let refused = |kind, message: &str| Err(SnsError::new(kind, message));
    if ids.is_empty() {
        return refused(
            SnsErrorKind::EmptyBatchRequest,
            "The batch request doesn't contain any entries.",
        );
    }
    if ids.len() > ENTRIES_MAX {
        return refused(
            SnsErrorKind::TooManyEntriesInBatchRequest,
            "The batch request contains more entries than permissible.",
        );
    }
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_id = |id: &&str| (1..=ID_MAX).contains(&id.len()) && id.bytes().all(is_allowed);
    if !ids.iter().all(is_id) {
        return refused(
            SnsErrorKind::InvalidBatchEntryId,
            "The Id of a batch entry in a batch request doesn't abide by the specification.",
        );
    }
    match ids.iter().collect::<BTreeSet<_>>().len() == ids.len() {
        true => Ok(()),
        false => refused(
            SnsErrorKind::BatchEntryIdsNotDistinct,
            "Two or more batch entries in the request have the same Id.",
        ),
    }
}
