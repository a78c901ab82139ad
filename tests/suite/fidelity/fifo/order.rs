//! A group's messages come in order, and none while others of it are in flight.

use super::super::answer::{equal, refused_somehow, some};
use super::super::check::Documented::Aws;
use super::super::check::{Check, Outcome, check};
use super::super::peer::{Peer, body, handle, pause};
use super::{DELIVERY, bodies, by_group, delete, fifo, push, push_all, show, take};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "FIFO order", "Messages of a group are received in the order they were sent in.", Aws(DELIVERY), in_order),
    check!(Sqs, "FIFO order", "A batch of a group is in order, ten at most.", Aws(DELIVERY), batch_in_order),
    check!(Sqs, "FIFO order", "While a message is in flight no other of its group is received.", Aws(DELIVERY), blocked),
    check!(Sqs, "FIFO order", "Messages of other groups are received meanwhile.", Aws("SQS API: ReceiveMessage"), others_go_on),
    check!(Sqs, "FIFO order", "A group goes on once its message is deleted.", Aws(DELIVERY), freed_by_delete),
    check!(Sqs, "FIFO order", "Of two messages in flight one is deleted: the group waits for the other.", Aws(DELIVERY), waits_for_the_other),
    check!(Sqs, "FIFO order", "A message whose visibility has ended comes again before those that follow it.", Aws(DELIVERY), again_first),
    check!(Sqs, "FIFO order", "A message made visible comes again before those that follow it.", Aws(DELIVERY), shown_first),
    check!(Sqs, "FIFO order", "A receive gives as many messages of one group as it can.", Aws(DELIVERY), many_of_one),
    check!(Sqs, "FIFO order", "A receive fills up with messages of other groups, each in order.", Aws(DELIVERY), fills_up),
    check!(Sqs, "FIFO order", "Ten groups of ten messages with ten receives in turn: each message once, each group in order.", Aws(DELIVERY), ten_groups),
    check!(Sqs, "FIFO order", "A long poll wakes when a delete lets a group go on.", Aws("SQS API: ReceiveMessage"), poll_wakes),
    check!(Sqs, "FIFO order", "A handle whose visibility has ended does not delete: the call is refused.", Aws("SQS API: ReceiveMessage"), expired_handle),
];

async fn in_order(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let sent = ["c", "a", "b", "e", "d"];
    push_all(peer, &url, "g", &sent).await?;
    let mut seen = Vec::new();
    for _ in sent {
        let got = take(peer, &url, 1, 30).await?;
        let message = some("a message received", got.first())?;
        seen.push(body(message).to_owned());
        delete(peer, &url, message).await?;
    }
    equal("bodies", seen, sent.map(str::to_owned).to_vec())
}

async fn batch_in_order(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    let sent = [
        "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12",
    ];
    push_all(peer, &url, "g", &sent).await?;
    let got = take(peer, &url, 10, 30).await?;
    equal("bodies", bodies(&got), sent[..10].to_vec())
}

async fn blocked(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    equal("bodies", bodies(&take(peer, &url, 1, 30).await?), vec!["1"])?;
    equal("messages next", take(peer, &url, 10, 30).await?.len(), 0)
}

async fn others_go_on(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "a", &["a1", "a2"]).await?;
    push_all(peer, &url, "b", &["b1", "b2"]).await?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 1, 30).await?),
        vec!["a1"],
    )?;
    let next = take(peer, &url, 10, 30).await?;
    equal("bodies next", bodies(&next), vec!["b1", "b2"])
}

async fn freed_by_delete(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    let got = take(peer, &url, 1, 30).await?;
    equal(
        "messages while in flight",
        take(peer, &url, 10, 30).await?.len(),
        0,
    )?;
    delete(peer, &url, some("a message received", got.first())?).await?;
    equal(
        "bodies",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["2"],
    )
}

async fn waits_for_the_other(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2", "3"]).await?;
    let got = take(peer, &url, 2, 30).await?;
    equal("bodies", bodies(&got), vec!["1", "2"])?;
    delete(peer, &url, &got[0]).await?;
    equal("messages next", take(peer, &url, 10, 30).await?.len(), 0)
}

async fn again_first(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    equal("bodies", bodies(&take(peer, &url, 1, 1).await?), vec!["1"])?;
    equal("messages at once", take(peer, &url, 10, 30).await?.len(), 0)?;
    pause(1_200).await;
    equal(
        "bodies again",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["1", "2"],
    )
}

async fn shown_first(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2", "3"]).await?;
    let got = take(peer, &url, 2, 30).await?;
    equal("bodies", bodies(&got), vec!["1", "2"])?;
    show(peer, &url, &got[0]).await?;
    show(peer, &url, &got[1]).await?;
    let again = take(peer, &url, 10, 30).await?;
    equal("bodies again", bodies(&again), vec!["1", "2", "3"])
}

async fn many_of_one(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    for number in ["1", "2", "3"] {
        push(peer, &url, "a", &format!("a{number}")).await?;
        push(peer, &url, "b", &format!("b{number}")).await?;
    }
    let got = take(peer, &url, 3, 30).await?;
    equal("messages", got.len(), 3)?;
    equal("groups", by_group(&got).len(), 1)
}

async fn fills_up(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    for number in ["1", "2", "3"] {
        push(peer, &url, "a", &format!("a{number}")).await?;
        push(peer, &url, "b", &format!("b{number}")).await?;
    }
    let got = take(peer, &url, 10, 30).await?;
    let groups = by_group(&got);
    equal(
        "bodies of a",
        groups.get("a").cloned(),
        Some(vec!["a1", "a2", "a3"]),
    )?;
    equal(
        "bodies of b",
        groups.get("b").cloned(),
        Some(vec!["b1", "b2", "b3"]),
    )
}

async fn ten_groups(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    for number in 0..10 {
        for group in 0..10 {
            let body = format!("{group}-{number}");
            push(peer, &url, &group.to_string(), &body).await?;
        }
    }
    let mut all = Vec::new();
    for _ in 0..10 {
        let got = take(peer, &url, 10, 30).await?;
        for message in &got {
            delete(peer, &url, message).await?;
        }
        all.extend(got);
    }
    equal("messages", all.len(), 100)?;
    for (group, seen) in by_group(&all) {
        let sent: Vec<_> = (0..10).map(|number| format!("{group}-{number}")).collect();
        equal(
            "a group's bodies",
            seen,
            sent.iter().map(String::as_str).collect(),
        )?;
    }
    Ok(())
}

async fn poll_wakes(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push_all(peer, &url, "g", &["1", "2"]).await?;
    let got = take(peer, &url, 1, 30).await?;
    let first = some("a message received", got.first())?;
    let (next, deleted) = tokio::join!(peer.receive(&url, 10, Some(30), 10), async {
        pause(300).await;
        delete(peer, &url, first).await
    });
    deleted?;
    equal("bodies", bodies(&next?), vec!["2"])
}

async fn expired_handle(peer: &Peer) -> Outcome {
    let url = fifo(peer).await?;
    push(peer, &url, "g", "1").await?;
    let got = take(peer, &url, 1, 1).await?;
    let message = some("a message received", got.first())?;
    pause(1_200).await;
    let delete = peer.sqs().delete_message().queue_url(&url);
    let deleted = delete.receipt_handle(handle(message)).send().await;
    refused_somehow("DeleteMessage", deleted)?;
    equal(
        "bodies again",
        bodies(&take(peer, &url, 10, 30).await?),
        vec!["1"],
    )
}
