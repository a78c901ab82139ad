//! EventBridge: event patterns.

use serde_json::{Value, json};

use super::super::answer::equal;
use super::super::check::Documented::Aws;
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::buses::ruled;
use super::drain;
use super::events::{accepted, entry};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(EventBridge, "event patterns", "A value of the list matches, and all fields of a pattern must.", Aws("EventBridge guide: Event patterns"), exact),
    check!(EventBridge, "event patterns", "A prefix matches what begins so.", Aws("EventBridge guide: Comparison operators"), prefix),
    check!(EventBridge, "event patterns", "A suffix matches what ends so.", Aws("EventBridge guide: Comparison operators"), suffix),
    check!(EventBridge, "event patterns", "Anything-but matches what is not named.", Aws("EventBridge guide: Comparison operators"), anything_but),
    check!(EventBridge, "event patterns", "A numeric range matches numbers within it alone.", Aws("EventBridge guide: Comparison operators"), numeric),
    check!(EventBridge, "event patterns", "Exists asks whether a field is there.", Aws("EventBridge guide: Comparison operators"), exists),
    check!(EventBridge, "event patterns", "Of an array one item must match.", Aws("EventBridge guide: Event patterns"), array),
    check!(EventBridge, "event patterns", "Equals-ignore-case matches in any case.", Aws("EventBridge guide: Comparison operators"), ignore_case),
    check!(EventBridge, "event patterns", "A wildcard matches any characters.", Aws("EventBridge guide: Comparison operators"), wildcard),
    check!(EventBridge, "event patterns", "$or matches one of several fields.", Aws("EventBridge guide: Comparison operators"), or),
];

/// Puts events of these details; a rule with this pattern of the detail sends on those that say `"yes": true`.
async fn passes(peer: &Peer, pattern: &Value, details: &[Value]) -> Outcome {
    let (bus, url) = ruled(peer, &json!({"detail": pattern}), &[]).await?;
    let entries: Vec<_> = details.iter().map(|detail| entry(&bus, detail)).collect();
    accepted(peer, &entries).await?;
    let expected = details
        .iter()
        .filter(|detail| detail["yes"] == true)
        .count();
    let seen = drain(peer, &url, expected).await?;
    let right = seen.iter().filter(|body| is_wanted(body));
    equal("events that should come", right.count(), expected)?;
    equal("events", seen.len(), expected)
}

fn is_wanted(body: &str) -> bool {
    super::json(body).is_ok_and(|event| event["detail"]["yes"] == true)
}

async fn exact(peer: &Peer) -> Outcome {
    let pattern = json!({"state": ["paid", "sent"], "shop": ["x"]});
    let details = [
        json!({"state": "sent", "shop": "x", "yes": true}),
        json!({"state": "new", "shop": "x"}),
        json!({"state": "sent", "shop": "y"}),
        json!({"shop": "x"}),
    ];
    passes(peer, &pattern, &details).await
}

async fn prefix(peer: &Peer) -> Outcome {
    let details = [
        json!({"state": "paid", "yes": true}),
        json!({"state": "unpaid"}),
    ];
    passes(peer, &json!({"state": [{"prefix": "pa"}]}), &details).await
}

async fn suffix(peer: &Peer) -> Outcome {
    let details = [
        json!({"file": "a.png", "yes": true}),
        json!({"file": "png.a"}),
    ];
    passes(peer, &json!({"file": [{"suffix": ".png"}]}), &details).await
}

async fn anything_but(peer: &Peer) -> Outcome {
    let details = [
        json!({"state": "new", "yes": true}),
        json!({"state": "paid"}),
        json!({"other": 1}),
    ];
    passes(
        peer,
        &json!({"state": [{"anything-but": ["paid"]}]}),
        &details,
    )
    .await
}

async fn numeric(peer: &Peer) -> Outcome {
    let details = [
        json!({"total": 110.5, "yes": true}),
        json!({"total": 100}),
        json!({"total": 121}),
        json!({"total": "110"}),
    ];
    passes(
        peer,
        &json!({"total": [{"numeric": [">", 100, "<=", 120]}]}),
        &details,
    )
    .await
}

async fn exists(peer: &Peer) -> Outcome {
    let details = [
        json!({"id": 1, "yes": true}),
        json!({"id": 1, "test": true}),
        json!({"other": 1}),
    ];
    passes(
        peer,
        &json!({"test": [{"exists": false}], "id": [{"exists": true}]}),
        &details,
    )
    .await
}

async fn array(peer: &Peer) -> Outcome {
    let details = [
        json!({"tags": ["fast", "gift"], "yes": true}),
        json!({"tags": ["fast"]}),
    ];
    passes(peer, &json!({"tags": ["gift"]}), &details).await
}

async fn ignore_case(peer: &Peer) -> Outcome {
    let details = [
        json!({"state": "PAID", "yes": true}),
        json!({"state": "unpaid"}),
    ];
    passes(
        peer,
        &json!({"state": [{"equals-ignore-case": "paid"}]}),
        &details,
    )
    .await
}

async fn wildcard(peer: &Peer) -> Outcome {
    let details = [
        json!({"file": "images/a.png", "yes": true}),
        json!({"file": "images/a.jpg"}),
    ];
    passes(
        peer,
        &json!({"file": [{"wildcard": "images/*.png"}]}),
        &details,
    )
    .await
}

async fn or(peer: &Peer) -> Outcome {
    let details = [
        json!({"state": "paid", "yes": true}),
        json!({"total": 120, "yes": true}),
        json!({"state": "new", "total": 90}),
    ];
    let pattern = json!({"$or": [{"state": ["paid"]}, {"total": [{"numeric": [">", 100]}]}]});
    passes(peer, &pattern, &details).await
}
