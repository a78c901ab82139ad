//! SQS: messages received too often become dead letters.

use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName as System};

use super::answer::{equal, good, some};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, body, system};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "dead letters", "With a maxReceiveCount of 3 a message is received three times; the fourth attempt moves it and does not return it.", Aws("SQS guide: Using dead-letter queues in Amazon SQS"), three_receives),
    check!(Sqs, "dead letters", "The last receive's failure alone moves nothing: the next attempt does.", Unknown("The pages say when a message is moved by its receive count and not by which call."), moved_by_the_attempt),
    check!(Sqs, "dead letters", "A dead letter keeps its id, body and attributes.", Unknown("The pages speak of moving the message and do not list what stays."), keeps_itself),
    check!(Sqs, "dead letters", "A dead letter keeps its SentTimestamp, from which its retention counts.", Aws("SQS guide: Setting-up dead-letter queue retention"), keeps_its_age),
    check!(Sqs, "dead letters", "A dead letter carries DeadLetterQueueSourceArn.", Aws("SQS API: Message"), carries_its_source),
    check!(Sqs, "dead letters", "A dead letter's receive count goes on: 4 on the first receive after three in the source queue.", Unknown("The pages do not say whether the count starts anew."), count_goes_on),
    check!(Sqs, "dead letters", "Poison messages in front do not keep a receive from finding the healthy one behind them.", Unknown("The pages promise no order and no number of receives."), poison_in_front),
    check!(Sqs, "dead letters", "A message deleted at its last receive is no dead letter.", Aws("SQS guide: Using dead-letter queues in Amazon SQS"), deleted_in_time),
];

async fn buried_after_three(peer: &Peer) -> Result<(String, String), String> {
    let (source, dead) = peer.with_dead_letters(3).await?;
    peer.send(&source, "a").await?;
    for _ in 0..3 {
        peer.receive_one(&source, Some(0)).await?;
    }
    Ok((source, dead))
}

async fn three_receives(peer: &Peer) -> Outcome {
    let (source, dead) = buried_after_three(peer).await?;
    let fourth = peer.receive(&source, 10, Some(0), 0).await?;
    equal("messages at the fourth receive", fourth.len(), 0)?;
    equal(
        "in the source queue",
        peer.counts(&source).await?,
        [0, 0, 0],
    )?;
    equal(
        "in the dead-letter queue",
        peer.counts(&dead).await?,
        [1, 0, 0],
    )
}

async fn moved_by_the_attempt(peer: &Peer) -> Outcome {
    let (source, dead) = buried_after_three(peer).await?;
    equal(
        "in the source queue",
        peer.counts(&source).await?,
        [1, 0, 0],
    )?;
    equal(
        "in the dead-letter queue",
        peer.counts(&dead).await?,
        [0, 0, 0],
    )
}

async fn keeps_itself(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_dead_letters(1).await?;
    let value = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("x");
    let send = peer
        .sqs()
        .send_message()
        .queue_url(&source)
        .message_body("a");
    let send = send.message_attributes("kind", value.build().expect("it has a type"));
    let sent = good("SendMessage", send.send().await)?;
    peer.receive_one(&source, Some(0)).await?;
    peer.receive(&source, 10, Some(0), 0).await?;
    let letter = peer.receive_one(&dead, None).await?;
    equal(
        "the same id",
        letter.message_id() == sent.message_id(),
        true,
    )?;
    equal("body", body(&letter), "a")?;
    let attributes = letter.message_attributes.unwrap_or_default();
    let kind = some("the attribute `kind`", attributes.get("kind"))?;
    equal("its value", kind.string_value(), Some("x"))
}

async fn keeps_its_age(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_dead_letters(1).await?;
    peer.send(&source, "a").await?;
    let before = peer.receive_one(&source, Some(0)).await?;
    super::peer::pause(50).await;
    peer.receive(&source, 10, Some(0), 0).await?;
    let letter = peer.receive_one(&dead, None).await?;
    let sent = |message| system(message, &System::SentTimestamp).to_owned();
    equal(
        "the same SentTimestamp",
        sent(&before) == sent(&letter),
        true,
    )
}

async fn carries_its_source(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_buried(&["a"]).await?;
    let letter = peer.receive_one(&dead, None).await?;
    let arn = peer.arn(&source).await?;
    let seen = system(&letter, &System::DeadLetterQueueSourceArn);
    equal("DeadLetterQueueSourceArn is there", seen.is_empty(), false)?;
    equal("it is the source queue's ARN", seen == arn, true)
}

async fn count_goes_on(peer: &Peer) -> Outcome {
    let (source, dead) = buried_after_three(peer).await?;
    peer.receive(&source, 10, Some(0), 0).await?;
    let letter = peer.receive_one(&dead, None).await?;
    equal(
        "ApproximateReceiveCount",
        system(&letter, &System::ApproximateReceiveCount),
        "4",
    )
}

async fn poison_in_front(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_dead_letters(1).await?;
    super::counts::fill(peer, &source, 200).await?;
    let mut poison = Vec::new();
    for _ in 0..20 {
        poison.push(peer.receive(&source, 10, Some(600), 1).await?);
    }
    for messages in poison {
        equal("poison messages received", messages.len(), 10)?;
        super::visibility::change_all(peer, &source, &messages, 0).await?;
    }
    peer.send(&source, "healthy").await?;
    let received = peer.receive(&source, 1, Some(60), 0).await?;
    equal(
        "messages received behind 200 poison messages",
        received.len(),
        1,
    )?;
    equal("body", body(&received[0]), "healthy")?;
    equal(
        "in the dead-letter queue",
        peer.counts(&dead).await?,
        [200, 0, 0],
    )
}

async fn deleted_in_time(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_dead_letters(1).await?;
    peer.send(&source, "a").await?;
    let message = peer.receive_one(&source, Some(1)).await?;
    let delete = peer.sqs().delete_message().queue_url(&source);
    let delete = delete
        .receipt_handle(super::peer::handle(&message))
        .send()
        .await;
    good("DeleteMessage", delete)?;
    super::peer::pause(1_200).await;
    equal(
        "messages received",
        peer.receive(&source, 10, None, 0).await?.len(),
        0,
    )?;
    equal(
        "in the dead-letter queue",
        peer.counts(&dead).await?,
        [0, 0, 0],
    )
}
