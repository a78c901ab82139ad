//! SQS: the counts of a queue at rest, and many consumers at once.

use std::collections::BTreeSet;

use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, QueueAttributeName as Name, SendMessageBatchRequestEntry,
};
use tokio::task::JoinSet;

use super::answer::{equal, good};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, handle};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "counts", "Messages that can be received are counted as ApproximateNumberOfMessages.", Aws("SQS API: GetQueueAttributes"), visible),
    check!(Sqs, "counts", "Messages received and not deleted are counted as ApproximateNumberOfMessagesNotVisible.", Aws("SQS API: GetQueueAttributes"), in_flight),
    check!(Sqs, "counts", "Messages whose delay has not passed are counted as ApproximateNumberOfMessagesDelayed.", Aws("SQS API: GetQueueAttributes"), delayed),
    check!(Sqs, "counts", "The three counts are exact at once, not after a minute.", Unknown("The page calls them approximate and gives them a minute to agree; exactness is more than AWS promises."), exact),
    check!(Sqs, "counts", "Of 5,000 messages, eight consumers get each once within its visibility timeout, and none is lost.", Unknown("A standard queue delivers at least once: AWS promises that none is lost and not that none comes twice."), many_consumers),
];

async fn with_three(peer: &Peer) -> Result<String, String> {
    let url = peer.queue("q").await?;
    for body in ["a", "b", "c"] {
        peer.send(&url, body).await?;
    }
    Ok(url)
}

async fn visible(peer: &Peer) -> Outcome {
    let url = with_three(peer).await?;
    equal(
        "ApproximateNumberOfMessages",
        peer.counts(&url).await?[0],
        3,
    )
}

async fn in_flight(peer: &Peer) -> Outcome {
    let url = with_three(peer).await?;
    peer.receive_one(&url, None).await?;
    equal(
        "ApproximateNumberOfMessagesNotVisible",
        peer.counts(&url).await?[1],
        1,
    )
}

async fn delayed(peer: &Peer) -> Outcome {
    let url = peer.queue_with("q", &[(Name::DelaySeconds, "100")]).await?;
    peer.send(&url, "a").await?;
    equal(
        "ApproximateNumberOfMessagesDelayed",
        peer.counts(&url).await?[2],
        1,
    )
}

async fn exact(peer: &Peer) -> Outcome {
    let url = with_three(peer).await?;
    let late = peer.sqs().send_message().queue_url(&url).message_body("d");
    good("SendMessage", late.delay_seconds(100).send().await)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [3, 0, 1],
    )?;
    let message = peer.receive_one(&url, None).await?;
    equal("after a receive", peer.counts(&url).await?, [2, 1, 1])?;
    let delete = peer.sqs().delete_message().queue_url(&url);
    good(
        "DeleteMessage",
        delete.receipt_handle(handle(&message)).send().await,
    )?;
    equal("after its delete", peer.counts(&url).await?, [2, 0, 1])
}

/// Sends so many messages, the bodies `0`, `1` and so on, in batches of ten.
pub async fn fill(peer: &Peer, url: &str, many: usize) -> Outcome {
    for first in (0..many).step_by(10) {
        let entries = (first..many.min(first + 10)).map(|number| {
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
            let entry = entry.message_body(number.to_string()).build();
            entry.expect("it has an id and a body")
        });
        let batch = peer.sqs().send_message_batch().queue_url(url);
        let sent = batch.set_entries(Some(entries.collect())).send().await;
        equal(
            "entries failed",
            good("SendMessageBatch", sent)?.failed().len(),
            0,
        )?;
    }
    Ok(())
}

async fn many_consumers(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::VisibilityTimeout, "600")])
        .await?;
    fill(peer, &url, 5_000).await?;
    let mut consumers = JoinSet::new();
    for _ in 0..8 {
        consumers.spawn(consume(peer.sqs().clone(), url.clone()));
    }
    let mut bodies = Vec::new();
    while let Some(consumed) = consumers.join_next().await {
        bodies.extend(consumed.map_err(|_| "a consumer has panicked")??);
    }
    let received = bodies.len();
    let distinct = bodies.into_iter().collect::<BTreeSet<_>>().len();
    equal("messages received at least once", distinct, 5_000)?;
    equal("messages received in all", received, 5_000)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

/// Receives and deletes until nothing comes within a second.
async fn consume(sqs: aws_sdk_sqs::Client, url: String) -> Result<Vec<String>, String> {
    let mut bodies = Vec::new();
    loop {
        let receive = sqs
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10);
        let received = good("ReceiveMessage", receive.wait_time_seconds(1).send().await)?;
        let messages = received.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(bodies);
        }
        let entries = messages.iter().enumerate().map(|(number, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
            let entry = entry.receipt_handle(handle(message)).build();
            entry.expect("it has an id and a handle")
        });
        let delete = sqs.delete_message_batch().queue_url(&url);
        let deleted = delete.set_entries(Some(entries.collect())).send().await;
        equal(
            "deletes failed",
            good("DeleteMessageBatch", deleted)?.failed().len(),
            0,
        )?;
        bodies.extend(messages.into_iter().filter_map(|message| message.body));
    }
}
