//! SQS: single messages are sent, and what is refused.

use aws_sdk_sqs::operation::send_message::builders::SendMessageFluentBuilder;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    MessageAttributeValue, MessageSystemAttributeName as System,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, QueueAttributeName as Name,
};

use super::answer::{equal, good, refused, refused_somehow, some};
use super::check::Documented::Aws;
use super::check::{Check, Outcome, check};
use super::peer::{Peer, body, pause, system};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(Sqs, "send", "A send answers with an id, and the message is received under it.", Aws("SQS API: SendMessage"), answers_with_id),
    check!(Sqs, "send", "A send answers with the MD5 of the body.", Aws("SQS API: SendMessage"), md5_of_body),
    check!(Sqs, "send", "A send answers with the MD5 of the message attributes.", Aws("SQS guide: Calculating the MD5 message digest for message attributes"), md5_of_attributes),
    check!(Sqs, "send", "Message attributes of type String, Number and Binary come back as sent.", Aws("SQS guide: Amazon SQS message metadata"), attributes_come_back),
    check!(Sqs, "send", "The trace header comes back as sent.", Aws("SQS API: SendMessage"), trace_header),
    check!(Sqs, "send", "A message is invisible until its delay has passed.", Aws("SQS API: SendMessage"), delay_of_message),
    check!(Sqs, "send", "A message is invisible until its queue's delay has passed.", Aws("SQS guide: Amazon SQS delay queues"), delay_of_queue),
    check!(Sqs, "send", "A message's delay of 0 overrides its queue's.", Aws("SQS guide: Amazon SQS message timers"), delay_overridden),
    check!(Sqs, "send", "A delay over 900 s is refused.", Aws("SQS API: SendMessage"), delay_has_a_limit),
    check!(Sqs, "send", "An empty body is refused.", Aws("SQS API: SendMessage"), empty_body),
    check!(Sqs, "send", "A body with characters outside the allowed set is refused (InvalidMessageContents).", Aws("SQS API: SendMessage"), bad_characters),
    check!(Sqs, "send", "A body with characters at every border of the allowed set comes back as sent.", Aws("SQS API: SendMessage"), good_characters),
    check!(Sqs, "send", "A message of exactly 1 MiB is accepted.", Aws("SQS guide: Amazon SQS message quotas"), one_mebibyte),
    check!(Sqs, "send", "A message of one byte more than 1 MiB is refused.", Aws("SQS guide: Amazon SQS message quotas"), one_byte_more),
    check!(Sqs, "send", "Message attributes count towards the message's size.", Aws("SQS guide: Amazon SQS message metadata"), attributes_count),
    check!(Sqs, "send", "A queue's MaximumMessageSize is kept to.", Aws("SQS API: SetQueueAttributes"), size_of_queue),
    check!(Sqs, "send", "A message group id is accepted on a standard queue, and given back.", Aws("SQS API: SendMessage"), group_id),
    check!(Sqs, "send", "A message attribute without a data type SQS knows is refused.", Aws("SQS API: MessageAttributeValue"), bad_data_type),
    check!(Sqs, "send", "More than ten message attributes are refused.", Aws("SQS guide: Amazon SQS message metadata"), too_many_attributes),
];

/// The characters SendMessage's page allows end here: #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF.
const BORDERS: &str = "\t\n\r \u{d7ff}\u{e000}\u{fffd}\u{10000}\u{10ffff}";

fn send(peer: &Peer, url: &str, body: impl Into<String>) -> SendMessageFluentBuilder {
    peer.sqs().send_message().queue_url(url).message_body(body)
}

fn attribute(data_type: &str) -> aws_sdk_sqs::types::builders::MessageAttributeValueBuilder {
    MessageAttributeValue::builder().data_type(data_type)
}

fn text(data_type: &str, value: &str) -> MessageAttributeValue {
    attribute(data_type)
        .string_value(value)
        .build()
        .expect("it has a type")
}

async fn answers_with_id(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let first = peer.send(&url, "a").await?;
    let received = peer.receive_one(&url, None).await?;
    equal("the same id", received.message_id() == Some(&*first), true)?;
    equal("body", body(&received), "a")?;
    let second = peer.send(&url, "a").await?;
    equal("the id of another message", first == second, false)
}

async fn md5_of_body(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = good("SendMessage", send(peer, &url, "hello").send().await)?;
    let md5 = Some("5d41402abc4b2a76b9719d911017c592");
    equal(
        "MD5OfMessageBody of `hello`",
        sent.md5_of_message_body(),
        md5,
    )?;
    let received = peer.receive_one(&url, None).await?;
    equal("MD5OfBody of `hello`", received.md5_of_body(), md5)
}

async fn md5_of_attributes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent =
        send(peer, &url, "a").message_attributes("timestamp", text("Number", "1493147359900"));
    let sent = good("SendMessage", sent.send().await)?;
    let md5 = Some("235c5c510d26fb653d073faed50ae77c");
    equal(
        "MD5OfMessageAttributes",
        sent.md5_of_message_attributes(),
        md5,
    )?;
    let received = peer.receive_one(&url, None).await?;
    equal(
        "MD5OfMessageAttributes received",
        received.md5_of_message_attributes(),
        md5,
    )
}

async fn attributes_come_back(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let binary = attribute("Binary.png").binary_value(Blob::new([0, 255, 10]));
    let sent = [
        ("text", text("String", "\u{e9}t\u{e9}")),
        ("number", text("Number.int", "-7")),
        ("binary", binary.build().expect("it has a type")),
    ];
    let mut request = send(peer, &url, "a");
    for (name, value) in &sent {
        request = request.message_attributes(*name, value.clone());
    }
    good("SendMessage", request.send().await)?;
    let received = peer.receive_one(&url, None).await?;
    let back = received.message_attributes.unwrap_or_default();
    equal("attributes received", back.len(), sent.len())?;
    for (name, value) in &sent {
        let seen = some(name, back.get(*name))?;
        equal("data type", seen.data_type(), value.data_type())?;
        equal("string value", seen.string_value(), value.string_value())?;
        equal("binary value", seen.binary_value(), value.binary_value())?;
    }
    Ok(())
}

async fn trace_header(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793";
    let value = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(header);
    let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
    let value = value.build().expect("it has a type");
    let sent = send(peer, &url, "a").message_system_attributes(name, value);
    good("SendMessage", sent.send().await)?;
    let received = peer.receive_one(&url, None).await?;
    equal(
        "AWSTraceHeader",
        system(&received, &System::AwsTraceHeader),
        header,
    )
}

async fn delay_of_message(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    good(
        "SendMessage",
        send(peer, &url, "a").delay_seconds(1).send().await,
    )?;
    appears_after_a_second(peer, &url).await
}

async fn delay_of_queue(peer: &Peer) -> Outcome {
    let url = peer.queue_with("q", &[(Name::DelaySeconds, "1")]).await?;
    peer.send(&url, "a").await?;
    appears_after_a_second(peer, &url).await
}

async fn appears_after_a_second(peer: &Peer, url: &str) -> Outcome {
    equal(
        "messages received at once",
        peer.receive(url, 10, None, 0).await?.len(),
        0,
    )?;
    pause(1_200).await;
    equal(
        "messages received after the delay",
        peer.receive(url, 10, None, 1).await?.len(),
        1,
    )
}

async fn delay_overridden(peer: &Peer) -> Outcome {
    let url = peer.queue_with("q", &[(Name::DelaySeconds, "100")]).await?;
    good(
        "SendMessage",
        send(peer, &url, "a").delay_seconds(0).send().await,
    )?;
    equal(
        "messages received",
        peer.receive(&url, 10, None, 1).await?.len(),
        1,
    )
}

async fn delay_has_a_limit(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    good(
        "SendMessage with 900 s",
        send(peer, &url, "a").delay_seconds(900).send().await,
    )?;
    refused_somehow(
        "SendMessage with 901 s",
        send(peer, &url, "a").delay_seconds(901).send().await,
    )
}

async fn empty_body(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    refused_somehow("SendMessage", send(peer, &url, "").send().await)
}

async fn bad_characters(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    for (what, body) in [
        ("SendMessage with U+0001", "\u{1}"),
        ("SendMessage with U+001F", "a\u{1f}"),
        ("SendMessage with U+FFFE", "\u{fffe}"),
        ("SendMessage with U+FFFF", "a\u{ffff}"),
    ] {
        let sent = send(peer, &url, body).send().await;
        refused(what, sent, "InvalidMessageContents", |error| {
            error.is_invalid_message_contents()
        })?;
    }
    equal(
        "visible, in flight, delayed",
        peer.counts(&url).await?,
        [0, 0, 0],
    )
}

async fn good_characters(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    peer.send(&url, BORDERS).await?;
    let received = peer.receive_one(&url, None).await?;
    equal("body", body(&received), BORDERS)
}

async fn one_mebibyte(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    good(
        "SendMessage",
        send(peer, &url, "x".repeat(1 << 20)).send().await,
    )?;
    let received = peer.receive_one(&url, None).await?;
    equal("bytes received", body(&received).len(), 1 << 20)
}

async fn one_byte_more(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    refused_somehow(
        "SendMessage",
        send(peer, &url, "x".repeat((1 << 20) + 1)).send().await,
    )
}

async fn attributes_count(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    // Name, type and value: 1 + 6 + 5 bytes.
    let with_attribute = |bytes: usize| {
        let sent = send(peer, &url, "x".repeat(bytes));
        sent.message_attributes("n", text("String", "value")).send()
    };
    good(
        "SendMessage of 1 MiB in all",
        with_attribute((1 << 20) - 12).await,
    )?;
    refused_somehow(
        "SendMessage of a byte more",
        with_attribute((1 << 20) - 11).await,
    )
}

async fn size_of_queue(peer: &Peer) -> Outcome {
    let url = peer
        .queue_with("q", &[(Name::MaximumMessageSize, "1024")])
        .await?;
    good(
        "SendMessage of 1,024 bytes",
        send(peer, &url, "x".repeat(1024)).send().await,
    )?;
    refused_somehow(
        "SendMessage of 1,025 bytes",
        send(peer, &url, "x".repeat(1025)).send().await,
    )
}

async fn group_id(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    good(
        "SendMessage",
        send(peer, &url, "a")
            .message_group_id("tenant")
            .send()
            .await,
    )?;
    let received = peer.receive_one(&url, None).await?;
    equal(
        "MessageGroupId",
        system(&received, &System::MessageGroupId),
        "tenant",
    )
}

async fn bad_data_type(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let sent = send(peer, &url, "a").message_attributes("n", text("Text", "x"));
    refused_somehow("SendMessage", sent.send().await)
}

async fn too_many_attributes(peer: &Peer) -> Outcome {
    let url = peer.queue("q").await?;
    let with = |many: usize| {
        let mut sent = send(peer, &url, "a");
        for number in 0..many {
            sent = sent.message_attributes(format!("n{number}"), text("String", "x"));
        }
        sent.send()
    };
    good("SendMessage with 10 attributes", with(10).await)?;
    refused_somehow("SendMessage with 11 attributes", with(11).await)
}
