//! SQS: what a receive gives, and what it hides.

use aws_sdk_sqs::operation::receive_message::builders::ReceiveMessageFluentBuilder;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System, QueueAttributeName as Name,
};

use super::answer::{ensure, equal, good, refused_somehow, some};
use super::check::Documented::{Aws, Unknown};
use super::check::{Check, Outcome, check};
use super::peer::{Peer, pause, system};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "receive", "A receive gives one message if no number is asked for.", Aws("SQS API: ReceiveMessage"), one_by_default),
    check!(Sqs, "receive", "A receive gives up to ten messages.", Aws("SQS API: ReceiveMessage"), up_to_ten),
    check!(Sqs, "receive", "Asking for 0 messages is refused.", Aws("SQS API: ReceiveMessage"), zero),
    check!(Sqs, "receive", "Asking for 11 messages is refused.", Aws("SQS API: ReceiveMessage"), eleven),
    check!(Sqs, "receive", "A wait over 20 s is refused.", Aws("SQS API: ReceiveMessage"), long_wait),
    check!(Sqs, "receive", "A visibility timeout over 43,200 s is refused.", Aws("SQS API: ReceiveMessage"), long_visibility),
    check!(Sqs, "receive", "A message is not given twice within its visibility timeout, and again after it.", Aws("SQS guide: Amazon SQS visibility timeout"), hidden_for_a_while),
    check!(Sqs, "receive", "The visibility timeout of a receive overrides the queue's.", Aws("SQS API: ReceiveMessage"), visibility_of_receive),
    check!(Sqs, "receive", "A receive with a visibility timeout of 0 leaves the message visible.", Aws("SQS API: ReceiveMessage"), zero_visibility),
    check!(Sqs, "receive", "System attributes are given only when asked for.", Aws("SQS API: ReceiveMessage"), only_when_asked),
    check!(Sqs, "receive", "A single system attribute is given without the others.", Aws("SQS API: ReceiveMessage"), single_attribute),
    check!(Sqs, "receive", "`All` gives SentTimestamp, ApproximateReceiveCount, ApproximateFirstReceiveTimestamp and SenderId.", Aws("SQS API: ReceiveMessage"), all_attributes),
    check!(Sqs, "receive", "The older parameter AttributeNames asks for system attributes as well.", Aws("SQS API: ReceiveMessage"), old_parameter),
    check!(Sqs, "receive", "ApproximateReceiveCount counts the receives.", Aws("SQS API: ReceiveMessage"), counts_receives),
    check!(Sqs, "receive", "SentTimestamp and ApproximateFirstReceiveTimestamp stay what they were.", Aws("SQS API: ReceiveMessage"), timestamps_stay),
    check!(Sqs, "receive", "Message attributes are given only when asked for, by name or by prefix.", Aws("SQS API: ReceiveMessage"), message_attributes),
    check!(Sqs, "receive", "Each receive of a message gives another receipt handle.", Aws("SQS guide: Amazon SQS queue and message identifiers"), handles_differ),
    check!(Sqs, "receive", "Of 2,000 messages all are received, ten at a time, while those before stay in flight.", Unknown("AWS documents a limit of about 120,000 messages in flight; a short poll may give fewer than ten."), many_in_flight),
];

fn receive(peer: &Peer, url: &str) -> ReceiveMessageFluentBuilder {
    peer.sqs().receive_message().queue_url(url)
}

async fn send_many(peer: &Peer, url: &str, many: usize) -> Outcome {
    for number in 0..many {
        peer.send(url, &number.to_string()).await?;
    }
    Ok(())
}

async fn one_by_default(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    send_many(peer, &url, 3).await?;
    let received = good(
        "ReceiveMessage",
        receive(peer, &url).wait_time_seconds(1).send().await,
    )?;
    equal("messages received", received.messages().len(), 1)
}

async fn up_to_ten(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    send_many(peer, &url, 12).await?;
    equal(
        "messages received",
        peer.receive(&url, 10, None, 1).await?.len(),
        10,
    )?;
    equal(
        "messages received next",
        peer.receive(&url, 10, None, 1).await?.len(),
        2,
    )
}

async fn zero(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    refused_somehow(
        "ReceiveMessage",
        receive(peer, &url).max_number_of_messages(0).send().await,
    )
}

async fn eleven(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    refused_somehow(
        "ReceiveMessage",
        receive(peer, &url).max_number_of_messages(11).send().await,
    )
}

async fn long_wait(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    refused_somehow(
        "ReceiveMessage",
        receive(peer, &url).wait_time_seconds(21).send().await,
    )
}

async fn long_visibility(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    refused_somehow(
        "ReceiveMessage",
        receive(peer, &url).visibility_timeout(43_201).send().await,
    )
}

async fn hidden_for_a_while(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::VisibilityTimeout, "2")])
        .await?;
    peer.send(&url, "a").await?;
    peer.receive_one(&url, None).await?;
    equal(
        "messages within the timeout",
        peer.receive(&url, 10, None, 0).await?.len(),
        0,
    )?;
    pause(2_200).await;
    equal(
        "messages after the timeout",
        peer.receive(&url, 10, None, 1).await?.len(),
        1,
    )
}

async fn visibility_of_receive(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::VisibilityTimeout, "0")])
        .await?;
    peer.send(&url, "a").await?;
    peer.receive_one(&url, Some(1)).await?;
    equal(
        "messages within the timeout",
        peer.receive(&url, 10, None, 0).await?.len(),
        0,
    )?;
    pause(1_200).await;
    equal(
        "messages after the timeout",
        peer.receive(&url, 10, None, 1).await?.len(),
        1,
    )
}

async fn zero_visibility(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    for _ in 0..2 {
        equal(
            "messages received",
            peer.receive(&url, 1, Some(0), 1).await?.len(),
            1,
        )?;
    }
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [1, 0, 0],
    )
}

async fn only_when_asked(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let received = good(
        "ReceiveMessage",
        receive(peer, &url).wait_time_seconds(1).send().await,
    )?;
    let message = some("a message", received.messages().first())?;
    let seen = message
        .attributes()
        .map_or(0, |attributes| attributes.len());
    equal("system attributes", seen, 0)
}

async fn single_attribute(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let request = receive(peer, &url).wait_time_seconds(1);
    let request = request.message_system_attribute_names(System::ApproximateReceiveCount);
    let received = good("ReceiveMessage", request.send().await)?;
    let message = some("a message", received.messages().first())?;
    let seen = message
        .attributes()
        .map_or(0, |attributes| attributes.len());
    equal("system attributes", seen, 1)?;
    equal(
        "ApproximateReceiveCount",
        system(message, &System::ApproximateReceiveCount),
        "1",
    )
}

const USUAL: [System; 4] = [
    System::SentTimestamp,
    System::ApproximateReceiveCount,
    System::ApproximateFirstReceiveTimestamp,
    System::SenderId,
];

async fn all_attributes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let message = peer.receive_one(&url, None).await?;
    for name in &USUAL {
        ensure(
            !system(&message, name).is_empty(),
            format!("{name}: expected one, seen none"),
        )?;
    }
    let sent = system(&message, &System::SentTimestamp);
    equal(
        "digits of SentTimestamp, which is in milliseconds",
        sent.len(),
        13,
    )
}

async fn old_parameter(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    #[expect(deprecated, reason = "older clients send it")]
    let request = receive(peer, &url)
        .attribute_names(Name::All)
        .wait_time_seconds(1);
    let received = good("ReceiveMessage", request.send().await)?;
    let message = some("a message", received.messages().first())?;
    for name in &USUAL {
        ensure(
            !system(message, name).is_empty(),
            format!("{name}: expected one, seen none"),
        )?;
    }
    Ok(())
}

async fn counts_receives(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    for count in ["1", "2", "3"] {
        let message = peer.receive_one(&url, Some(0)).await?;
        equal(
            "ApproximateReceiveCount",
            system(&message, &System::ApproximateReceiveCount),
            count,
        )?;
    }
    Ok(())
}

async fn timestamps_stay(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let first = peer.receive_one(&url, Some(0)).await?;
    pause(20).await;
    let second = peer.receive_one(&url, Some(0)).await?;
    for name in [
        System::SentTimestamp,
        System::ApproximateFirstReceiveTimestamp,
    ] {
        let what = format!("{name} stays");
        equal(&what, system(&first, &name) == system(&second, &name), true)?;
    }
    Ok(())
}

async fn message_attributes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let value = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("x");
    let value = value.build().expect("it has a type");
    let mut send = peer.sqs().send_message().queue_url(&url).message_body("a");
    for name in ["a.one", "a.two", "b"] {
        send = send.message_attributes(name, value.clone());
    }
    good("SendMessage", send.send().await)?;
    for (asked, expected) in [
        (None, 0),
        (Some("b"), 1),
        (Some("a.*"), 2),
        (Some("All"), 3),
    ] {
        let request = receive(peer, &url)
            .visibility_timeout(0)
            .wait_time_seconds(1);
        let names = asked.map(|name| vec![name.to_owned()]);
        let request = request.set_message_attribute_names(names);
        let received = good("ReceiveMessage", request.send().await)?;
        let message = some("a message", received.messages().first())?;
        let seen = message
            .message_attributes()
            .map_or(0, |attributes| attributes.len());
        equal(
            &format!("attributes when {asked:?} is asked for"),
            seen,
            expected,
        )?;
    }
    Ok(())
}

async fn handles_differ(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, "a").await?;
    let first = peer.receive_one(&url, Some(0)).await?;
    let second = peer.receive_one(&url, Some(0)).await?;
    equal(
        "the same handle",
        first.receipt_handle() == second.receipt_handle(),
        false,
    )
}

async fn many_in_flight(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::VisibilityTimeout, "600")])
        .await?;
    super::counts::fill(peer, &url, 2_000).await?;
    for _ in 0..200 {
        equal(
            "messages received",
            peer.receive(&url, 10, None, 1).await?.len(),
            10,
        )?;
    }
    Ok(())
}
