//! Messages are sent to FIFO queues: what they must say, and the numbers they get.

use aws_sdk_sqs::types::{
    MessageSystemAttributeName as System, SendMessageBatchRequestEntry as Entry,
};

use super::super::answer::{ensure, equal, good, refused_somehow, some};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, system};
use super::{bodies, fifo, fifo_with, message, push, take};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO send", "A message without a group is refused.", Aws("SQS API: SendMessage"), needs_group),
    check!(Sqs, "FIFO send", "A message without a deduplication id is refused where the body is not one.", Aws("SQS API: SendMessage"), needs_id),
    check!(Sqs, "FIFO send", "A delay of a single message is refused.", Aws("SQS API: SendMessage"), no_own_delay),
    check!(Sqs, "FIFO send", "A group id of 128 characters, marks among them, is accepted, and one of 129 refused.", Aws("SQS API: SendMessage"), group_has_a_limit),
    check!(Sqs, "FIFO send", "A group id with a space is refused.", Aws("SQS API: SendMessage"), group_characters),
    check!(Sqs, "FIFO send", "A deduplication id of 129 characters is refused.", Aws("SQS API: SendMessage"), id_has_a_limit),
    check!(Sqs, "FIFO send", "A deduplication id is refused by a standard queue.", Unknown("The page says that it applies to FIFO queues only and not what becomes of it elsewhere."), id_of_standard),
    check!(Sqs, "FIFO send", "A send answers with a sequence number, and the message is received under it.", Aws("SQS API: SendMessage"), numbered),
    check!(Sqs, "FIFO send", "Sequence numbers rise within a group.", Aws("SQS API: SendMessage"), numbers_rise),
    check!(Sqs, "FIFO send", "A message of a standard queue has no sequence number.", Aws("SQS API: SendMessage"), standard_has_none),
    check!(Sqs, "FIFO send", "A message comes with its group and its deduplication id.", Aws("SQS API: ReceiveMessage"), comes_with_ids),
    check!(Sqs, "FIFO send", "Without an id of its own a message's deduplication id is its body's SHA-256.", Aws("SQS API: SendMessage"), id_of_body),
    check!(Sqs, "FIFO send", "The entries of a batch have sequence numbers that rise, and are received in their order.", Aws("SQS API: SendMessageBatchResultEntry"), batch_numbered),
    check!(Sqs, "FIFO send", "A batch with an entry without a group is refused, and nothing of it is stored.", Unknown("The pages say that the action fails without one; that it is the whole batch users of other servers report (moto #4009, localstack #8596)."), entry_needs_group),
];

async fn needs_group(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let send = peer.sqs().send_message().queue_url(&url).message_body("1");
    refused_somehow("SendMessage", send.send().await)
}

async fn needs_id(peer: &Peer) -> Outcome {
    let url = fifo_with(peer, "q.fifo", &[]).await?;
    refused_somehow("SendMessage", message(peer, &url, "a", "1").send().await)
}

async fn no_own_delay(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let send = message(peer, &url, "a", "1").delay_seconds(5);
    refused_somehow("SendMessage", send.send().await)
}

async fn group_has_a_limit(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let marks = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;
    let longest = format!("{marks}{}", "x".repeat(128 - marks.len()));
    push(peer, &url, &longest, "1").await?;
    let got = take(peer, &url, 1, 30).await?;
    let got = some("a message received", got.first())?;
    equal(
        "the group is as sent",
        system(got, &System::MessageGroupId) == longest,
        true,
    )?;
    let longer = "x".repeat(129);
    refused_somehow(
        "SendMessage",
        message(peer, &url, &longer, "2").send().await,
    )
}

async fn group_characters(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    refused_somehow("SendMessage", message(peer, &url, "a b", "1").send().await)
}

async fn id_has_a_limit(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let send = message(peer, &url, "a", "1").message_deduplication_id("x".repeat(129));
    refused_somehow("SendMessage", send.send().await)
}

async fn id_of_standard(peer: &Peer) -> Outcome {
    let url = peer.queue("standard").await?;
    let send = peer.sqs().send_message().queue_url(&url).message_body("1");
    refused_somehow(
        "SendMessage",
        send.message_deduplication_id("1").send().await,
    )
}

async fn numbered(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let sent = push(peer, &url, "a", "1").await?;
    let number = some("SequenceNumber", sent.sequence_number())?;
    ensure(
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        "SequenceNumber: expected digits, seen others",
    )?;
    let got = take(peer, &url, 1, 30).await?;
    let got = some("a message received", got.first())?;
    equal(
        "the same number",
        system(got, &System::SequenceNumber) == number,
        true,
    )
}

fn number(text: Option<&str>) -> Result<u128, String> {
    let text = some("SequenceNumber", text)?;
    text.parse()
        .map_err(|_| "SequenceNumber: expected digits, seen others".to_owned())
}

async fn numbers_rise(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let mut last = 0;
    for body in ["1", "2", "3", "4", "5"] {
        let sent = push(peer, &url, "a", body).await?;
        let next = number(sent.sequence_number())?;
        ensure(
            next > last,
            "SequenceNumber: expected a larger one, seen a smaller one",
        )?;
        last = next;
    }
    Ok(())
}

async fn standard_has_none(peer: &Peer) -> Outcome {
    let url = peer.queue("standard").await?;
    let send = peer.sqs().send_message().queue_url(&url).message_body("1");
    let sent = good("SendMessage", send.send().await)?;
    equal(
        "SequenceNumber is there",
        sent.sequence_number().is_some(),
        false,
    )?;
    let got = peer.receive_one(&url, None).await?;
    equal(
        "SequenceNumber received",
        system(&got, &System::SequenceNumber),
        "",
    )
}

async fn comes_with_ids(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    super::push_as(peer, &url, ("group-7", "id-7"), "1").await?;
    let got = peer.receive_one(&url, None).await?;
    equal(
        "MessageGroupId",
        system(&got, &System::MessageGroupId),
        "group-7",
    )?;
    let id = system(&got, &System::MessageDeduplicationId);
    equal("MessageDeduplicationId", id, "id-7")
}

async fn id_of_body(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push(peer, &url, "a", "hello").await?;
    let got = peer.receive_one(&url, None).await?;
    equal(
        "MessageDeduplicationId of `hello`",
        system(&got, &System::MessageDeduplicationId),
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    )
}

fn entry(id: &str, group: Option<&str>) -> Entry {
    let entry = Entry::builder().id(id).message_body(id);
    let entry = entry.set_message_group_id(group.map(str::to_owned)).build();
    entry.expect("it has an id and a body")
}

async fn batch_numbered(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let ids = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
    let entries = ids.map(|id| entry(id, Some("a")));
    let send = peer.sqs().send_message_batch().queue_url(&url);
    let sent = send.set_entries(Some(entries.into())).send().await;
    let sent = good("SendMessageBatch", sent)?;
    let mut last = 0;
    for id in ids {
        let entry = sent.successful().iter().find(|entry| entry.id() == id);
        let next = number(some("an entry of the batch", entry)?.sequence_number())?;
        ensure(
            next > last,
            "SequenceNumber: expected a larger one, seen a smaller one",
        )?;
        last = next;
    }
    equal(
        "bodies",
        bodies(&take(peer, &url, 10, 30).await?),
        ids.to_vec(),
    )
}

async fn entry_needs_group(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let entries = vec![
        entry("1", Some("a")),
        entry("2", None),
        entry("3", Some("a")),
    ];
    let send = peer.sqs().send_message_batch().queue_url(&url);
    refused_somehow(
        "SendMessageBatch",
        send.set_entries(Some(entries)).send().await,
    )?;
    equal("messages", peer.counts(&url).await?, [0, 0, 0])
}
