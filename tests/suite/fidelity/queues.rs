//! SQS: queues are created, found, described, changed, tagged, purged and deleted.

use aws_sdk_sqs::types::QueueAttributeName as Name;

use super::answer::{equal, good, refused, refused_as, refused_somehow, some};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, redrive_policy};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "queues", "A queue keeps the attributes it is created with.", Aws("SQS API: CreateQueue"), keeps_attributes),
    check!(Sqs, "queues", "A queue created without attributes has the documented defaults.", Aws("SQS API: SetQueueAttributes"), has_defaults),
    check!(Sqs, "queues", "A redrive policy takes `maxReceiveCount` as a number.", Aws("SQS API: SetQueueAttributes"), count_as_number),
    check!(Sqs, "queues", "A redrive policy takes `maxReceiveCount` as a string.", Aws("AWS SDK for Ruby guide: Redirecting Dead Letters in Amazon SQS"), count_as_string),
    check!(Sqs, "queues", "A redrive policy to a queue that does not exist is refused (InvalidParameterValue).", Unknown("The pages say the dead-letter queue must exist, and not what the error is."), redrive_needs_its_queue),
    check!(Sqs, "queues", "A `maxReceiveCount` over 1,000 is refused.", Aws("SQS API: SetQueueAttributes"), count_has_a_limit),
    check!(Sqs, "queues", "Creating a queue again with the same attributes gives the same URL.", Aws("SQS API: CreateQueue"), same_again),
    check!(Sqs, "queues", "Creating a queue again with other attributes is refused (QueueNameExists).", Aws("SQS API: CreateQueue"), other_attributes),
    check!(Sqs, "queues", "A queue name with characters that are not allowed is refused.", Aws("SQS API: CreateQueue"), bad_name),
    check!(Sqs, "queues", "A queue is not created again within 60 s of its deletion (QueueDeletedRecently).", Aws("SQS API: CreateQueue"), not_created_again_at_once),
    check!(Sqs, "queues", "GetQueueUrl gives the URL the queue was created with.", Aws("SQS API: GetQueueUrl"), url_by_name),
    check!(Sqs, "queues", "Queues are listed by the beginning of their names.", Aws("SQS API: ListQueues"), list_by_prefix),
    check!(Sqs, "queues", "A list of queues comes in pages of MaxResults, with a token for the next.", Aws("SQS API: ListQueues"), list_in_pages),
    check!(Sqs, "queues", "A dead-letter queue lists its source queues.", Aws("SQS API: ListDeadLetterSourceQueues"), lists_sources),
    check!(Sqs, "queues", "Tags are added, listed and removed.", Aws("SQS API: TagQueue"), tags),
    check!(Sqs, "queues", "A queue created with tags has them.", Aws("SQS API: CreateQueue"), created_with_tags),
    check!(Sqs, "queues", "Attributes can be set later, and the others stay.", Aws("SQS API: SetQueueAttributes"), set_later),
    check!(Sqs, "queues", "An attribute value out of its range is refused.", Aws("SQS API: SetQueueAttributes"), out_of_range),
    check!(Sqs, "queues", "Only the attributes asked for are given.", Aws("SQS API: GetQueueAttributes"), only_asked_for),
    check!(Sqs, "queues", "A new queue is encrypted with the keys of SQS itself (SqsManagedSseEnabled).", Aws("SQS guide: Configuring server-side encryption for a queue using SQS-managed encryption keys"), encrypted),
    check!(Sqs, "queues", "A queue that denies all sources (RedriveAllowPolicy) is refused as a dead-letter queue.", Aws("SQS API: SetQueueAttributes"), denies_all),
    check!(Sqs, "queues", "A queue that names its sources is the dead-letter queue of those, and refused as another's.", Aws("SQS API: SetQueueAttributes"), names_its_sources),
    check!(Sqs, "queues", "A RedriveAllowPolicy that is none is refused.", Aws("SQS API: SetQueueAttributes"), no_allow_policy),
    check!(Sqs, "queues", "A purge deletes visible messages and those in flight.", Aws("SQS API: PurgeQueue"), purge_empties),
    check!(Sqs, "queues", "A purge deletes delayed messages.", Unknown("The page names available messages and those in flight."), purge_delayed),
    check!(Sqs, "queues", "A second purge within 60 s is refused (PurgeQueueInProgress).", Aws("SQS API: PurgeQueue"), purge_once),
];

async fn keeps_attributes(peer: &Peer) -> Outcome {
    let wanted = [
        (Name::VisibilityTimeout, "77"),
        (Name::MessageRetentionPeriod, "3600"),
        (Name::DelaySeconds, "5"),
        (Name::ReceiveMessageWaitTimeSeconds, "3"),
        (Name::MaximumMessageSize, "2048"),
    ];
    let url = peer.queue_with("q", &wanted).await?;
    let kept = peer.attributes(&url).await?;
    for (name, value) in wanted {
        equal(
            name.as_str(),
            kept.get(&name).map(String::as_str),
            Some(value),
        )?;
    }
    Ok(())
}

async fn has_defaults(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let kept = peer.attributes(&url).await?;
    for (name, value) in [
        (Name::VisibilityTimeout, "30"),
        (Name::MessageRetentionPeriod, "345600"),
        (Name::DelaySeconds, "0"),
        (Name::ReceiveMessageWaitTimeSeconds, "0"),
        (Name::MaximumMessageSize, "1048576"),
    ] {
        equal(
            name.as_str(),
            kept.get(&name).map(String::as_str),
            Some(value),
        )?;
    }
    Ok(())
}

async fn count_as_number(peer: &Peer) -> Outcome {
    takes_count(peer, "3").await
}

async fn count_as_string(peer: &Peer) -> Outcome {
    takes_count(peer, "\"3\"").await
}

/// A policy with the count written so is taken, and works: the third receive is the last.
async fn takes_count(peer: &Peer, count: &str) -> Outcome {
    let dead = peer.queue("dead").await?;
    let policy = redrive_policy(&peer.arn(&dead).await?, count);
    let url = peer
        .queue_with("q", &[(Name::RedrivePolicy, &policy)])
        .await?;
    peer.send(&url, "a").await?;
    for _ in 0..3 {
        peer.receive_one(&url, Some(0)).await?;
    }
    equal(
        "messages at the fourth receive",
        peer.receive(&url, 1, Some(0), 0).await?.len(),
        0,
    )
}

async fn redrive_needs_its_queue(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let arn = peer.arn(&url).await?.replace("-q", "-none");
    let create = peer.sqs().create_queue().queue_name(peer.name("other"));
    let create = create.attributes(Name::RedrivePolicy, redrive_policy(&arn, "3"));
    refused_as("CreateQueue", create.send().await, "InvalidParameterValue")
}

async fn count_has_a_limit(peer: &Peer) -> Outcome {
    let dead = peer.queue("dead").await?;
    let policy = redrive_policy(&peer.arn(&dead).await?, "1001");
    let create = peer.sqs().create_queue().queue_name(peer.name("q"));
    refused_somehow(
        "CreateQueue",
        create.attributes(Name::RedrivePolicy, policy).send().await,
    )
}

async fn same_again(peer: &Peer) -> Outcome {
    let attributes = [(Name::VisibilityTimeout, "60")];
    let first = peer.queue_with("q", &attributes).await?;
    let second = peer.queue_with("q", &attributes).await?;
    equal("the same URL", first == second, true)?;
    let plain = peer.queue("q").await?;
    equal("the same URL without attributes", first == plain, true)
}

async fn other_attributes(peer: &Peer) -> Outcome {
    peer.queue_with("q", &[(Name::VisibilityTimeout, "60")])
        .await?;
    let again = peer.sqs().create_queue().queue_name(peer.name("q"));
    let again = again.attributes(Name::VisibilityTimeout, "61").send().await;
    refused("CreateQueue", again, "QueueNameExists", |error| {
        error.is_queue_name_exists()
    })
    .map(|_| ())
}

async fn bad_name(peer: &Peer) -> Outcome {
    let create = peer.sqs().create_queue().queue_name(peer.name("a b"));
    refused_somehow("CreateQueue", create.send().await)
}

async fn not_created_again_at_once(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    good(
        "DeleteQueue",
        peer.sqs().delete_queue().queue_url(url).send().await,
    )?;
    let again = peer
        .sqs()
        .create_queue()
        .queue_name(peer.name("q"))
        .send()
        .await;
    let seen = refused("CreateQueue", again, "QueueDeletedRecently", |error| {
        error.is_queue_deleted_recently()
    });
    if seen.is_err() {
        peer.queue("q").await?;
    }
    seen.map(|_| ())
}

async fn url_by_name(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let get = peer
        .sqs()
        .get_queue_url()
        .queue_name(peer.name("q"))
        .send()
        .await;
    let found = some("QueueUrl", good("GetQueueUrl", get)?.queue_url)?;
    equal("the same URL", url == found, true)
}

async fn list_by_prefix(peer: &Peer) -> Outcome {
    let mut made = [peer.queue("b1").await?, peer.queue("b2").await?];
    peer.queue("a1").await?;
    let list = peer.sqs().list_queues().queue_name_prefix(peer.name("b"));
    let mut listed = good("ListQueues", list.send().await)?
        .queue_urls
        .unwrap_or_default();
    listed.sort();
    made.sort();
    equal("queues listed", listed.len(), 2)?;
    equal("the right ones", listed == made, true)
}

async fn list_in_pages(peer: &Peer) -> Outcome {
    for name in ["b1", "b2", "b3"] {
        peer.queue(name).await?;
    }
    let list = || {
        peer.sqs()
            .list_queues()
            .queue_name_prefix(peer.name("b"))
            .max_results(2)
    };
    let first = good("ListQueues", list().send().await)?;
    equal("queues in the first page", first.queue_urls().len(), 2)?;
    let token = some("NextToken", first.next_token)?;
    let second = good("ListQueues", list().next_token(token).send().await)?;
    equal("queues in the second page", second.queue_urls().len(), 1)?;
    equal("another token", second.next_token, None)
}

async fn lists_sources(peer: &Peer) -> Outcome {
    let (source, dead) = peer.with_dead_letters(3).await?;
    let list = peer.sqs().list_dead_letter_source_queues().queue_url(dead);
    let sources = good("ListDeadLetterSourceQueues", list.send().await)?.queue_urls;
    equal("sources listed", sources.len(), 1)?;
    equal("the right one", sources[0] == source, true)
}

async fn tags(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let tag = peer
        .sqs()
        .tag_queue()
        .queue_url(&url)
        .tags("team", "shop")
        .tags("stage", "test");
    good("TagQueue", tag.send().await)?;
    let untag = peer.sqs().untag_queue().queue_url(&url).tag_keys("stage");
    good("UntagQueue", untag.send().await)?;
    has_only_the_team(peer, &url).await
}

async fn created_with_tags(peer: &Peer) -> Outcome {
    let create = peer
        .sqs()
        .create_queue()
        .queue_name(peer.name("q"))
        .tags("team", "shop");
    good("CreateQueue", create.send().await)?;
    let url = peer.queue("q").await?;
    has_only_the_team(peer, &url).await
}

async fn has_only_the_team(peer: &Peer, url: &str) -> Outcome {
    let list = peer.sqs().list_queue_tags().queue_url(url).send().await;
    let tags = good("ListQueueTags", list)?.tags.unwrap_or_default();
    equal(
        "tags",
        tags.into_iter().collect(),
        vec![("team".to_owned(), "shop".to_owned())],
    )
}

async fn set_later(peer: &Peer) -> Outcome {
    let url = peer.queue_with("q", &[(Name::DelaySeconds, "7")]).await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    good(
        "SetQueueAttributes",
        set.attributes(Name::VisibilityTimeout, "78").send().await,
    )?;
    let kept = peer.attributes(&url).await?;
    for (name, value) in [(Name::VisibilityTimeout, "78"), (Name::DelaySeconds, "7")] {
        let seen = kept.get(&name).map(String::as_str);
        equal(name.as_str(), seen, Some(value))?;
    }
    Ok(())
}

async fn out_of_range(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    for (name, value) in [
        (Name::VisibilityTimeout, "43201"),
        (Name::DelaySeconds, "901"),
        (Name::MessageRetentionPeriod, "59"),
        (Name::ReceiveMessageWaitTimeSeconds, "21"),
        (Name::MaximumMessageSize, "1023"),
    ] {
        let what = format!("SetQueueAttributes with {name} {value}");
        let set = peer.sqs().set_queue_attributes().queue_url(&url);
        let set = set.attributes(name, value).send().await;
        refused(&what, set, "InvalidAttributeValue", |error| {
            error.is_invalid_attribute_value()
        })?;
    }
    Ok(())
}

async fn only_asked_for(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let get = peer.sqs().get_queue_attributes().queue_url(url);
    let got = good(
        "GetQueueAttributes",
        get.attribute_names(Name::DelaySeconds).send().await,
    )?;
    let got = got.attributes.unwrap_or_default();
    equal(
        "attributes",
        got.into_iter().collect(),
        vec![(Name::DelaySeconds, "0".to_owned())],
    )
}

async fn encrypted(peer: &Peer) -> Outcome {
    let attributes = peer.attributes(&peer.queue("q").await?).await?;
    let encrypted = attributes.get(&Name::SqsManagedSseEnabled);
    equal(
        "SqsManagedSseEnabled",
        encrypted.map(String::as_str),
        Some("true"),
    )
}

async fn denies_all(peer: &Peer) -> Outcome {
    let policy = r#"{"redrivePermission":"denyAll"}"#;
    let dead = peer
        .queue_with("dead", &[(Name::RedriveAllowPolicy, policy)])
        .await?;
    let redrive = redrive_policy(&peer.arn(&dead).await?, "3");
    let create = peer.sqs().create_queue().queue_name(peer.name("q"));
    refused_somehow(
        "CreateQueue",
        create.attributes(Name::RedrivePolicy, redrive).send().await,
    )
}

async fn names_its_sources(peer: &Peer) -> Outcome {
    let (source, other) = (peer.queue("source").await?, peer.queue("other").await?);
    let arn = peer.arn(&source).await?;
    let policy = format!(r#"{{"redrivePermission":"byQueue","sourceQueueArns":["{arn}"]}}"#);
    let dead = peer
        .queue_with("dead", &[(Name::RedriveAllowPolicy, &policy)])
        .await?;
    let redrive = redrive_policy(&peer.arn(&dead).await?, "3");
    let set = |url: &str| {
        let set = peer.sqs().set_queue_attributes().queue_url(url);
        set.attributes(Name::RedrivePolicy, &redrive).send()
    };
    good("SetQueueAttributes", set(&source).await)?;
    refused_somehow("SetQueueAttributes of another", set(&other).await)
}

async fn no_allow_policy(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let set = peer.sqs().set_queue_attributes().queue_url(&url);
    let policy = r#"{"redrivePermission":"some"}"#;
    refused_somehow(
        "SetQueueAttributes",
        set.attributes(Name::RedriveAllowPolicy, policy)
            .send()
            .await,
    )
}

async fn purge_empties(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    for body in ["a", "b"] {
        peer.send(&url, body).await?;
    }
    peer.receive_one(&url, None).await?;
    is_empty_after_purge(peer, &url).await
}

async fn purge_delayed(peer: &Peer) -> Outcome {
    let url = peer.queue_with("q", &[(Name::DelaySeconds, "100")]).await?;
    peer.send(&url, "a").await?;
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 1],
    )?;
    is_empty_after_purge(peer, &url).await
}

async fn is_empty_after_purge(peer: &Peer, url: &str) -> Outcome {
    let purged = peer.sqs().purge_queue().queue_url(url).send().await;
    good("PurgeQueue", purged)?;
    equal(
        "visible, in flight, delayed",
        peer.counts(url).await?,
        [0, 0, 0],
    )
}

async fn purge_once(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let purge = || peer.sqs().purge_queue().queue_url(&url).send();
    good("PurgeQueue", purge().await)?;
    let again = purge().await;
    refused("PurgeQueue", again, "PurgeQueueInProgress", |error| {
        error.is_purge_queue_in_progress()
    })
    .map(|_| ())
}
