//! EventBridge: putting events, and what queues get of them.

use aws_sdk_sqs::types::MessageSystemAttributeName as System;
use serde_json::{Value, json};

use super::super::answer::{ensure, equal};
use super::super::check::Documented::{Aws, Unknown};
use super::super::check::{Check, Outcome, check};
use super::super::fifo::fifo;
use super::super::peer::{Peer, body, system};
use super::buses::{bus, put_rule, put_targets, ruled};
use super::drain;
use super::wire::{Reply, events};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(EventBridge, "events", "A queue gets the event in its envelope, under the id of the reply.", Aws("EventBridge guide: Events in Amazon EventBridge"), envelope),
    check!(EventBridge, "events", "The envelope has the time and the resources of the entry.", Aws("EventBridge API: PutEventsRequestEntry"), time_and_resources),
    check!(EventBridge, "events", "An entry without a source fails alone (InvalidArgument), in a reply that is a success.", Aws("EventBridge API: PutEventsResultEntry"), no_source),
    check!(EventBridge, "events", "An entry whose detail is not JSON fails alone (MalformedDetail).", Aws("EventBridge API: PutEventsResultEntry"), malformed),
    check!(EventBridge, "events", "An entry whose detail is not an object fails alone.", Aws("EventBridge API: PutEventsRequestEntry"), no_object),
    check!(EventBridge, "events", "An entry with a source of AWS's own fails alone (NotAuthorizedForSourceException).", Aws("EventBridge API: PutEventsResultEntry"), aws_source),
    check!(EventBridge, "events", "Eleven entries are refused.", Aws("EventBridge API: PutEvents"), eleven),
    check!(EventBridge, "events", "A request without entries is refused.", Aws("EventBridge API: PutEvents"), none),
    check!(EventBridge, "events", "A request of which no entry has source, detail type and detail is refused.", Aws("EventBridge API: PutEventsRequestEntry"), none_complete),
    check!(EventBridge, "events", "An event for a bus that does not exist is answered with an id.", Unknown("No page says what becomes of it."), no_bus),
    check!(EventBridge, "events", "A bus may be named by its ARN.", Aws("EventBridge API: PutEventsRequestEntry"), bus_by_arn),
    check!(EventBridge, "events", "An event reaches only the rules of its bus.", Aws("EventBridge API: PutEventsRequestEntry"), only_its_bus),
    check!(EventBridge, "events", "A rule that is disabled sends nothing.", Aws("EventBridge API: DisableRule"), disabled),
    check!(EventBridge, "events", "InputPath gives a queue that part of the event alone.", Aws("EventBridge API: Target"), input_path),
    check!(EventBridge, "events", "Input gives a queue a constant in the place of the event.", Aws("EventBridge API: Target"), input),
    check!(EventBridge, "events", "A FIFO queue gets events in the group that its target names.", Aws("EventBridge API: SqsParameters"), fifo_group),
];

fn shop() -> Value {
    json!({"source": ["shop"]})
}

pub(super) fn entry(bus: &str, detail: &Value) -> Value {
    json!({"Source": "shop", "DetailType": "order", "EventBusName": bus, "Detail": detail.to_string()})
}

pub(super) async fn put(peer: &Peer, entries: &[Value]) -> Result<Reply, String> {
    events(peer, "PutEvents", &json!({"Entries": entries})).await
}

/// The reply to events that are all accepted.
pub(super) async fn accepted(peer: &Peer, entries: &[Value]) -> Result<Value, String> {
    let reply = put(peer, entries).await?.json("PutEvents")?;
    equal(
        "FailedEntryCount",
        reply["FailedEntryCount"].as_u64(),
        Some(0),
    )?;
    Ok(reply)
}

async fn envelope(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    let detail = json!({"id": 7, "total": 110.5, "of": "zPhone \u{fc}"});
    let reply = accepted(peer, &[entry(&bus, &detail)]).await?;
    let event = super::json(body(&peer.receive_one(&url, None).await?))?;
    let id = &reply["Entries"][0]["EventId"];
    equal(
        "the id is the reply's",
        id.is_string() && event["id"] == *id,
        true,
    )?;
    equal("version", event["version"].as_str(), Some("0"))?;
    equal("detail-type", event["detail-type"].as_str(), Some("order"))?;
    equal("source", event["source"].as_str(), Some("shop"))?;
    equal("region", event["region"].as_str(), Some("us-east-1"))?;
    equal("resources", &event["resources"], &json!([]))?;
    equal("detail", &event["detail"], &detail)?;
    let arn = peer.arn(&url).await?;
    equal(
        "account is the queue's",
        event["account"].as_str() == arn.split(':').nth(4),
        true,
    )?;
    equal("time is there", event["time"].is_string(), true)
}

async fn time_and_resources(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    let mut entry = entry(&bus, &json!({}));
    entry["Time"] = json!(1_795_680_000);
    entry["Resources"] = json!(["arn:aws:s3:::orders"]);
    accepted(peer, &[entry]).await?;
    let event = super::json(body(&peer.receive_one(&url, None).await?))?;
    ensure(
        event["time"] == "2026-11-26T08:00:00Z",
        "time: expected the entry's, seen another",
    )?;
    equal(
        "resources",
        &event["resources"],
        &json!(["arn:aws:s3:::orders"]),
    )
}

/// Puts a good entry and one that has this changed: the second fails with this code.
async fn fails_alone(peer: &Peer, field: &str, value: Value, code: Option<&str>) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    let good = entry(&bus, &json!({"n": 1}));
    let mut bad = good.clone();
    bad[field] = value;
    if bad[field].is_null() {
        bad.as_object_mut().expect("it is one").remove(field);
    }
    let reply = put(peer, &[good, bad]).await?.json("PutEvents")?;
    equal(
        "FailedEntryCount",
        reply["FailedEntryCount"].as_u64(),
        Some(1),
    )?;
    let entries = &reply["Entries"];
    equal(
        "the first has an id",
        entries[0]["EventId"].is_string(),
        true,
    )?;
    equal("the second has none", entries[1]["EventId"].as_str(), None)?;
    match code {
        Some(code) => equal("ErrorCode", entries[1]["ErrorCode"].as_str(), Some(code))?,
        None => equal(
            "ErrorCode is there",
            entries[1]["ErrorCode"].is_string(),
            true,
        )?,
    }
    equal("events", drain(peer, &url, 1).await?.len(), 1)
}

async fn no_source(peer: &Peer) -> Outcome {
    fails_alone(peer, "Source", Value::Null, Some("InvalidArgument")).await
}

async fn malformed(peer: &Peer) -> Outcome {
    fails_alone(peer, "Detail", json!("n = 1"), Some("MalformedDetail")).await
}

async fn no_object(peer: &Peer) -> Outcome {
    fails_alone(peer, "Detail", json!("[1]"), None).await
}

async fn aws_source(peer: &Peer) -> Outcome {
    fails_alone(
        peer,
        "Source",
        json!("aws.s3"),
        Some("NotAuthorizedForSourceException"),
    )
    .await
}

async fn eleven(peer: &Peer) -> Outcome {
    let entries = vec![entry("default", &json!({})); 11];
    put(peer, &entries).await?.refused_somehow("PutEvents")
}

async fn none(peer: &Peer) -> Outcome {
    put(peer, &[]).await?.refused_somehow("PutEvents")
}

async fn none_complete(peer: &Peer) -> Outcome {
    let entries = [
        json!({"Source": "shop"}),
        json!({"DetailType": "order", "Detail": "{}"}),
    ];
    put(peer, &entries).await?.refused_somehow("PutEvents")
}

async fn no_bus(peer: &Peer) -> Outcome {
    let reply = accepted(peer, &[entry(&peer.name("gone"), &json!({}))]).await?;
    equal(
        "EventId is there",
        reply["Entries"][0]["EventId"].is_string(),
        true,
    )
}

async fn bus_by_arn(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    let described = events(peer, "DescribeEventBus", &json!({"Name": bus})).await?;
    let described = described.json("DescribeEventBus")?;
    let arn = described["Arn"].as_str().unwrap_or_default();
    accepted(peer, &[entry(arn, &json!({}))]).await?;
    equal("events", drain(peer, &url, 1).await?.len(), 1)
}

async fn only_its_bus(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    accepted(
        peer,
        &[
            entry("default", &json!({"n": 1})),
            entry(&bus, &json!({"n": 2})),
        ],
    )
    .await?;
    let bodies = drain(peer, &url, 1).await?;
    equal("events", bodies.len(), 1)?;
    equal(
        "the detail",
        &super::json(&bodies[0])?["detail"],
        &json!({"n": 2}),
    )
}

async fn disabled(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[]).await?;
    accepted(peer, &[entry(&bus, &json!({}))]).await?;
    let rule = json!({"Name": "rule", "EventBusName": bus});
    events(peer, "DisableRule", &rule)
        .await?
        .json("DisableRule")?;
    accepted(peer, &[entry(&bus, &json!({}))]).await?;
    equal("events", drain(peer, &url, 1).await?.len(), 1)
}

async fn input_path(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[("InputPath", json!("$.detail"))]).await?;
    accepted(peer, &[entry(&bus, &json!({"n": 1}))]).await?;
    let seen = super::json(body(&peer.receive_one(&url, None).await?))?;
    ensure(
        seen == json!({"n": 1}),
        "the body: expected the detail alone, seen another",
    )
}

async fn input(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &shop(), &[("Input", json!("{\"always\":1}"))]).await?;
    accepted(peer, &[entry(&bus, &json!({"n": 1}))]).await?;
    let seen = super::json(body(&peer.receive_one(&url, None).await?))?;
    ensure(
        seen == json!({"always": 1}),
        "the body: expected the constant, seen another",
    )
}

async fn fifo_group(peer: &Peer) -> Outcome {
    let (url, bus) = (fifo(peer).await?, bus(peer).await?);
    put_rule(peer, &bus, &shop()).await?;
    let target = json!({
        "Id": "1", "Arn": peer.arn(&url).await?, "SqsParameters": {"MessageGroupId": "all"}
    });
    put_targets(peer, &bus, &target).await?.json("PutTargets")?;
    accepted(peer, &[entry(&bus, &json!({"n": 1}))]).await?;
    let got = peer.receive_one(&url, None).await?;
    equal(
        "MessageGroupId",
        system(&got, &System::MessageGroupId),
        "all",
    )
}
