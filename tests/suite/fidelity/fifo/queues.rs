//! FIFO queues are created, described, changed and purged.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::super::answer::{equal, good, refused_somehow};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, pause};
use super::{bodies, fifo, fifo_with, push, take};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO queues", "A FIFO queue whose name does not end in `.fifo` is refused.", Aws("SQS API: CreateQueue"), needs_suffix),
    check!(Sqs, "FIFO queues", "A name that ends in `.fifo` is refused without FifoQueue.", Aws("SQS API: CreateQueue"), needs_attribute),
    check!(Sqs, "FIFO queues", "The suffix counts towards the 80 characters of a name.", Aws("SQS guide: Amazon SQS FIFO queue quotas"), name_has_a_limit),
    check!(Sqs, "FIFO queues", "A FIFO queue says so (FifoQueue), and a standard queue says nothing.", Aws("SQS API: GetQueueAttributes"), says_its_type),
    check!(Sqs, "FIFO queues", "Without further attributes deduplication is by id, per queue, and so is the quota.", Unknown("The pages name the values and not which is the default."), has_defaults),
    check!(Sqs, "FIFO queues", "A FIFO queue keeps the attributes it is created with.", Aws("SQS API: CreateQueue"), keeps_attributes),
    check!(Sqs, "FIFO queues", "Content-based deduplication can be switched on later.", Aws("SQS API: SetQueueAttributes"), content_later),
    check!(Sqs, "FIFO queues", "A queue's type cannot be changed.", Aws("SQS API: CreateQueue"), stays_of_its_type),
    check!(Sqs, "FIFO queues", "A quota per message group needs deduplication per message group.", Aws("SQS API: SetQueueAttributes"), quota_needs_scope),
    check!(Sqs, "FIFO queues", "A DeduplicationScope that is not one is refused.", Aws("SQS API: SetQueueAttributes"), bad_scope),
    check!(Sqs, "FIFO queues", "A standard queue has no content-based deduplication: to set it is refused.", Aws("SQS API: SetQueueAttributes"), not_of_standard),
    check!(Sqs, "FIFO queues", "Creating a FIFO queue again with other attributes is refused (QueueNameExists).", Aws("SQS API: CreateQueue"), other_attributes),
    check!(Sqs, "FIFO queues", "A purge empties a FIFO queue, and what is sent next is received.", Aws("SQS API: PurgeQueue"), purged),
    check!(Sqs, "FIFO queues", "A message of a FIFO queue is invisible until the queue's delay has passed.", Aws("SQS guide: Amazon SQS delay queues"), delayed),
    check!(Sqs, "FIFO queues", "A new delay of the queue applies to messages that are there already.", Aws("SQS guide: Amazon SQS delay queues"), delay_is_retroactive),
];

async fn refuses(peer: &Peer, name: &str, attributes: &[(Name, &str)]) -> Outcome {
    let mut create = peer.sqs().create_queue().queue_name(name);
    for (name, value) in attributes {
        create = create.attributes(name.clone(), *value);
    }
    refused_somehow("CreateQueue", create.send().await)
}

async fn needs_suffix(peer: &Peer) -> Outcome {
    refuses(peer, &peer.name("q"), &[(Name::FifoQueue, "true")]).await
}

async fn needs_attribute(peer: &Peer) -> Outcome {
    refuses(peer, &peer.name("q.fifo"), &[]).await
}

async fn name_has_a_limit(peer: &Peer) -> Outcome {
    let room = 80 - ".fifo".len() - peer.name("").len();
    let longest = format!("{}.fifo", "x".repeat(room));
    fifo_with(peer, &longest, &[]).await?;
    refuses(
        peer,
        &peer.name(&format!("x{longest}")),
        &[(Name::FifoQueue, "true")],
    )
    .await
}

async fn says_its_type(peer: &Peer) -> Outcome {
    let fifo = peer.attributes(&fifo(peer).await?).await?;
    equal(
        "FifoQueue",
        fifo.get(&Name::FifoQueue).map(String::as_str),
        Some("true"),
    )?;
    let standard = peer.attributes(&peer.queue("standard").await?).await?;
    equal(
        "FifoQueue of a standard queue",
        standard.get(&Name::FifoQueue),
        None,
    )
}

async fn holds(peer: &Peer, url: &str, expected: &[(Name, &str)]) -> Outcome {
    let kept = peer.attributes(url).await?;
    for (name, value) in expected {
        equal(
            name.as_str(),
            kept.get(name).map(String::as_str),
            Some(value),
        )?;
    }
    Ok(())
}

async fn has_defaults(peer: &Peer) -> Outcome {
    let url = fifo_with(peer, "q.fifo", &[]).await?;
    let defaults = [
        (Name::ContentBasedDeduplication, "false"),
        (Name::DeduplicationScope, "queue"),
        (Name::FifoThroughputLimit, "perQueue"),
    ];
    holds(peer, &url, &defaults).await
}

async fn keeps_attributes(peer: &Peer) -> Outcome {
    let wanted = [
        (Name::ContentBasedDeduplication, "true"),
        (Name::DeduplicationScope, "messageGroup"),
        (Name::FifoThroughputLimit, "perMessageGroupId"),
        (Name::VisibilityTimeout, "77"),
    ];
    let url = fifo_with(peer, "q.fifo", &wanted).await?;
    holds(peer, &url, &wanted).await
}

async fn content_later(peer: &Peer) -> Outcome {
    let url = fifo_with(peer, "q.fifo", &[]).await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    let set = set.attributes(Name::ContentBasedDeduplication, "true");
    good("SetQueueAttributes", set.send().await)?;
    push(peer, &url, "a", "1").await?;
    push(peer, &url, "a", "1").await?;
    equal("messages stored", peer.counts(&url).await?, [1, 0, 0])
}

async fn stays_of_its_type(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    let set = set.attributes(Name::FifoQueue, "false").send().await;
    refused_somehow("SetQueueAttributes", set)?;
    let url = peer.queue("standard").await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    let set = set.attributes(Name::FifoQueue, "true").send().await;
    refused_somehow("SetQueueAttributes of a standard queue", set)
}

async fn quota_needs_scope(peer: &Peer) -> Outcome {
    let wrong = [
        (Name::FifoQueue, "true"),
        (Name::DeduplicationScope, "queue"),
        (Name::FifoThroughputLimit, "perMessageGroupId"),
    ];
    refuses(peer, &peer.name("q.fifo"), &wrong).await
}

async fn bad_scope(peer: &Peer) -> Outcome {
    let wrong = [
        (Name::FifoQueue, "true"),
        (Name::DeduplicationScope, "group"),
    ];
    refuses(peer, &peer.name("q.fifo"), &wrong).await
}

async fn not_of_standard(peer: &Peer) -> Outcome {
    let wrong = [(Name::ContentBasedDeduplication, "true")];
    refuses(peer, &peer.name("q"), &wrong).await
}

async fn other_attributes(peer: &Peer) -> Outcome {
    fifo(peer).await?;
    let create = peer.sqs().create_queue().queue_name(peer.name("q.fifo"));
    let create = create.attributes(Name::FifoQueue, "true");
    let create = create.attributes(Name::ContentBasedDeduplication, "false");
    super::super::answer::refused(
        "CreateQueue",
        create.send().await,
        "QueueNameExists",
        |error| error.is_queue_name_exists(),
    )
    .map(|_| ())
}

async fn purged(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push(peer, &url, "a", "1").await?;
    push(peer, &url, "a", "2").await?;
    take(peer, &url, 1, 30).await?;
    let purge = peer.sqs().purge_queue().queue_url(&url).send().await;
    good("PurgeQueue", purge)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )?;
    push(peer, &url, "a", "3").await?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["3"],
    )
}

async fn delayed(peer: &Peer) -> Outcome {
    let content = (Name::ContentBasedDeduplication, "true");
    let url = fifo_with(peer, "q.fifo", &[content, (Name::DelaySeconds, "1")]).await?;
    push(peer, &url, "a", "1").await?;
    equal("messages at once", take(peer, &url, 10, 30).await?.len(), 0)?;
    let later = peer.receive(&url, 10, None, 5).await?;
    equal("bodies later", bodies(&later), vec!["1"])
}

async fn delay_is_retroactive(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push(peer, &url, "a", "1").await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    let set = set.attributes(Name::DelaySeconds, "900").send().await;
    good("SetQueueAttributes", set)?;
    pause(50).await;
    equal(
        "messages received",
        take(peer, &url, 10, 30).await?.len(),
        0,
    )?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 1],
    )
}
