//! Dead letters of FIFO queues, and their way back.

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName as Name};

use super::super::answer::{ensure, equal, good, refused_somehow, some};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, body, pause, redrive_policy, system};
use super::{REDRIVE, bodies, fifo, push, push_all, push_as, show, take, with_dead_letters};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO dead letters", "The dead-letter queue of a FIFO queue must be one.", Aws("SQS API: SetQueueAttributes"), of_fifo_is_fifo),
    check!(Sqs, "FIFO dead letters", "The dead-letter queue of a standard queue must not be one.", Aws("SQS API: SetQueueAttributes"), of_standard_is_standard),
    check!(Sqs, "FIFO dead letters", "A group's dead letters are received in the order of the group.", Unknown("The pages warn that dead letters break the order of those that stay and do not speak of theirs."), in_order),
    check!(Sqs, "FIFO dead letters", "A dead letter keeps its group.", Unknown("The pages do not list what stays."), keeps_group),
    check!(Sqs, "FIFO dead letters", "A dead letter's deduplication id is its message id.", Aws(REDRIVE), id_is_message_id),
    check!(Sqs, "FIFO dead letters", "Two messages that share a deduplication id are both kept as dead letters.", Aws(REDRIVE), shared_id_is_kept),
    check!(Sqs, "FIFO dead letters", "A dead letter's SentTimestamp is that of its move.", Aws("SQS guide: Setting-up dead-letter queue retention"), age_is_reset),
    check!(Sqs, "FIFO dead letters", "A message that is moved lets its group go on.", Aws("SQS guide: Avoid large message backlogs with the same message group ID in Amazon SQS"), group_goes_on),
    check!(Sqs, "FIFO dead letters", "Messages received together with a bad one are moved with it.", Aws("SQS guide: Using dead-letter queues in Amazon SQS"), followers_too),
    check!(Sqs, "FIFO dead letters", "StartMessageMoveTask brings a group's dead letters back in order.", Aws(REDRIVE), redriven),
    check!(Sqs, "FIFO dead letters", "A redriven message is a new one: another id, another sequence number.", Aws(REDRIVE), redriven_anew),
    check!(Sqs, "FIFO dead letters", "A redrive into a standard queue is refused.", Aws(REDRIVE), not_into_standard),
];

async fn of_fifo_is_fifo(peer: &Peer) -> Outcome {
    let dead = peer.queue("dead").await?;
    let policy = redrive_policy(&peer.arn(&dead).await?, "3");
    let create = peer.sqs().create_queue().queue_name(peer.name("q.fifo"));
    let create = create.attributes(Name::FifoQueue, "true");
    refused_somehow(
        "CreateQueue",
        create.attributes(Name::RedrivePolicy, policy).send().await,
    )
}

async fn of_standard_is_standard(peer: &Peer) -> Outcome {
    let dead = fifo(peer).await?;
    let policy = redrive_policy(&peer.arn(&dead).await?, "3");
    let create = peer.sqs().create_queue().queue_name(peer.name("q"));
    refused_somehow(
        "CreateQueue",
        create.attributes(Name::RedrivePolicy, policy).send().await,
    )
}

/// Messages of one group that were received once, where one receive is the most, and were moved; source and dead-letter
/// queue.
async fn buried(peer: &Peer, messages: &[&str]) -> Result<(String, String), String> {
    let (source, dead) = with_dead_letters(peer, 1).await?;
    push_all(peer, &source, "g", messages).await?;
    let got = take(peer, &source, 10, 30).await?;
    equal("bodies", bodies(&got), messages.to_vec())?;
    for message in &got {
        show(peer, &source, message).await?;
    }
    equal(
        "messages at the next receive",
        take(peer, &source, 10, 30).await?.len(),
        0,
    )?;
    Ok((source, dead))
}

async fn in_order(peer: &Peer) -> Outcome {
    let (_, dead) = buried(peer, &["1", "2", "3"]).await?;
    equal(
        "bodies",
        bodies(&take(peer, &dead, 10, 30).await?),
        vec!["1", "2", "3"],
    )
}

async fn keeps_group(peer: &Peer) -> Outcome {
    let (_, dead) = buried(peer, &["1"]).await?;
    let letter = peer.receive_one(&dead, None).await?;
    equal(
        "MessageGroupId",
        system(&letter, &System::MessageGroupId),
        "g",
    )
}

async fn id_is_message_id(peer: &Peer) -> Outcome {
    let (_, dead) = buried(peer, &["1"]).await?;
    let letter = peer.receive_one(&dead, None).await?;
    let id = system(&letter, &System::MessageDeduplicationId);
    equal("the ids are one", letter.message_id() == Some(id), true)
}

async fn shared_id_is_kept(peer: &Peer) -> Outcome {
    let (source, dead) = with_dead_letters(peer, 1).await?;
    for group in ["a", "b"] {
        push_as(peer, &source, (group, "1"), group).await?;
    }
    let got = take(peer, &source, 10, 30).await?;
    equal("messages", got.len(), 2)?;
    for message in &got {
        show(peer, &source, message).await?;
    }
    equal(
        "messages at the next receive",
        take(peer, &source, 10, 30).await?.len(),
        0,
    )?;
    equal("dead letters", peer.counts(&dead).await?, [2, 0, 0])
}

async fn age_is_reset(peer: &Peer) -> Outcome {
    let (source, dead) = with_dead_letters(peer, 1).await?;
    push(peer, &source, "g", "1").await?;
    let message = peer.receive_one(&source, Some(30)).await?;
    pause(1_100).await;
    show(peer, &source, &message).await?;
    equal(
        "messages at the next receive",
        take(peer, &source, 10, 30).await?.len(),
        0,
    )?;
    let letter = peer.receive_one(&dead, None).await?;
    let sent = |message| {
        system(message, &System::SentTimestamp)
            .parse::<u64>()
            .unwrap_or(0)
    };
    ensure(
        sent(&letter) >= sent(&message) + 1_000,
        "SentTimestamp: expected the instant of the move, seen an earlier one",
    )
}

async fn group_goes_on(peer: &Peer) -> Outcome {
    let (source, dead) = with_dead_letters(peer, 1).await?;
    push_all(peer, &source, "g", &["bad", "good"]).await?;
    let got = take(peer, &source, 1, 30).await?;
    equal("bodies", bodies(&got), vec!["bad"])?;
    show(peer, &source, &got[0]).await?;
    let next = peer.receive(&source, 10, Some(30), 2).await?;
    equal("bodies next", bodies(&next), vec!["good"])?;
    equal("dead letters", peer.counts(&dead).await?, [1, 0, 0])
}

async fn followers_too(peer: &Peer) -> Outcome {
    let (source, dead) = buried(peer, &["bad", "good"]).await?;
    equal("messages left", peer.counts(&source).await?, [0, 0, 0])?;
    equal("dead letters", peer.counts(&dead).await?, [2, 0, 0])
}

async fn redriven(peer: &Peer) -> Outcome {
    let (source, dead) = buried(peer, &["1", "2"]).await?;
    let start = peer.sqs().start_message_move_task();
    let start = start.source_arn(peer.arn(&dead).await?).send().await;
    good("StartMessageMoveTask", start)?;
    for _ in 0..40 {
        if peer.counts(&source).await? == [2, 0, 0] {
            break;
        }
        pause(50).await;
    }
    equal(
        "bodies",
        bodies(&take(peer, &source, 10, 30).await?),
        vec!["1", "2"],
    )
}

async fn redriven_anew(peer: &Peer) -> Outcome {
    let (source, dead) = buried(peer, &["1"]).await?;
    let letter = peer.receive_one(&dead, Some(0)).await?;
    let start = peer.sqs().start_message_move_task();
    let start = start.source_arn(peer.arn(&dead).await?).send().await;
    good("StartMessageMoveTask", start)?;
    let back = peer.receive_one(&source, None).await?;
    equal("body", body(&back), "1")?;
    equal(
        "the same id",
        back.message_id() == letter.message_id(),
        false,
    )?;
    let number = |message| {
        some(
            "SequenceNumber",
            Some(system(message, &System::SequenceNumber)),
        )
    };
    equal(
        "the same sequence number",
        number(&back)? == number(&letter)?,
        false,
    )
}

async fn not_into_standard(peer: &Peer) -> Outcome {
    let (_, dead) = buried(peer, &["1"]).await?;
    let standard = peer.queue("standard").await?;
    let start = peer.sqs().start_message_move_task();
    let start = start.source_arn(peer.arn(&dead).await?);
    let start = start
        .destination_arn(peer.arn(&standard).await?)
        .send()
        .await;
    refused_somehow("StartMessageMoveTask", start)
}
