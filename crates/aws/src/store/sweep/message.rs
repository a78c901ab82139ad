//! What SQS answers to a sweep: messages, and batches of which some entries were done.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName};
use md5::{Digest, Md5};

use super::{BATCH, seconds};
use crate::records::DeadLetter;
use crate::scenario::FIFO_END;
use crate::store::StoreError;

/// The entries of a batch of so many that a reply does not name as done, or names as failed as well.
pub fn not_done<'a>(
    entries: usize,
    done: impl Iterator<Item = &'a str>,
    failed: impl Iterator<Item = &'a str>,
) -> Vec<usize> {
    let index = |id: &str| id.parse::<usize>().ok();
    let done: HashSet<usize> = done.filter_map(index).collect();
    let failed: HashSet<usize> = failed.filter_map(index).collect();
    let is_left = |index: &usize| !done.contains(index) || failed.contains(index);
    (0..entries).filter(is_left).collect()
}

/// Up to ten messages; with `counted`, each tells how often it was received, and whence it came.
pub(super) async fn receive(
    sqs: Client,
    queue_url: String,
    wait_s: i32,
    lease: Duration,
    counted: bool,
) -> Result<Vec<Message>, StoreError> {
    let in_groups = queue_url.ends_with(FIFO_END);
    let mut request = sqs
        .receive_message()
        .queue_url(queue_url)
        .max_number_of_messages(BATCH as i32)
        .visibility_timeout(seconds(lease))
        .wait_time_seconds(wait_s);
    if in_groups {
        request =
            request.message_system_attribute_names(MessageSystemAttributeName::MessageGroupId);
    }
    if counted {
        request = request
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn);
    }
    let output = request
        .send()
        .await
        .map_err(StoreError::of("SQS ReceiveMessage"))?;
    Ok(output.messages.unwrap_or_default())
}

/// A message with the handle of this receive. One without id, handle or body, or whose body is not the one its digest is
/// of, is none: what is left of it is its handle.
pub(super) fn letter(message: Message) -> Result<(DeadLetter, String), (Option<String>, String)> {
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    let handle = present(message.receipt_handle);
    let (Some(message_id), Some(body)) = (present(message.message_id), present(message.body))
    else {
        return Err((
            handle,
            "a message was received without its id or its body".into(),
        ));
    };
    let Some(handle) = handle else {
        let why = format!("message {message_id} was received without a receipt handle");
        return Err((None, why));
    };
    if let Some(told) = message.md5_of_body
        && !told.eq_ignore_ascii_case(&md5_of(&body))
    {
        let why =
            format!("message {message_id} was received with a body that its MD5OfBody is not of");
        return Err((Some(handle), why));
    }
    Ok((DeadLetter { body, message_id }, handle))
}

fn md5_of(body: &str) -> String {
    let digest: [u8; 16] = Md5::digest(body.as_bytes()).into();
    format!("{:032x}", u128::from_be_bytes(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> aws_sdk_sqs::types::builders::MessageBuilder {
        Message::builder()
            .message_id("m")
            .receipt_handle("h")
            .body("{}")
            .md5_of_body("99914b932bd37a50b983c5e7c90ae93b")
    }

    #[test]
    fn a_message_that_lacks_what_it_must_have_is_no_letter() {
        for (message, why) in [
            (message(), "whole"),
            (message().set_md5_of_body(None), "who gives no digest"),
            (
                message().md5_of_body("99914B932BD37A50B983C5E7C90AE93B"),
                "in capitals",
            ),
        ] {
            let (letter, handle) = letter(message.build()).expect(why);
            assert_eq!(
                (letter.body.as_str(), handle.as_str()),
                ("{}", "h"),
                "{why}"
            );
        }
        for (message, handle, why) in [
            (message().set_message_id(None), Some("h"), "no id"),
            (message().set_body(None), Some("h"), "no body"),
            (message().body(""), Some("h"), "SQS takes no empty body"),
            (message().body("{ }"), Some("h"), "another body"),
            (message().md5_of_body(""), Some("h"), "no digest at all"),
            (message().set_receipt_handle(None), None, "no handle"),
            (message().receipt_handle(""), None, "an empty handle"),
        ] {
            let (left, _) = letter(message.build()).expect_err(why);
            assert_eq!(left.as_deref(), handle, "{why}");
        }
    }

    #[test]
    fn an_entry_is_done_when_a_reply_says_so_and_nothing_else() {
        for (done, failed, left, why) in [
            (vec!["0", "1", "2"], vec![], vec![], "all are named"),
            (vec!["0"], vec!["1", "2"], vec![1, 2], "two failed"),
            (vec![], vec![], vec![0, 1, 2], "an empty reply"),
            (vec!["0", "2"], vec![], vec![1], "one is left out"),
            (vec!["0", "1", "2"], vec!["1"], vec![1], "named as both"),
            (
                vec!["0", "0", "7", "x"],
                vec![],
                vec![1, 2],
                "twice, and strangers",
            ),
        ] {
            let found = not_done(3, done.into_iter(), failed.into_iter());
            assert_eq!(found, left, "{why}");
        }
    }
}
