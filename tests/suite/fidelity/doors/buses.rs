//! EventBridge: buses, rules and targets.

use serde_json::{Value, json};

use super::super::answer::equal;
use super::super::check::Documented::Aws;
use super::super::check::{Check, Outcome, check};
use super::super::peer::Peer;
use super::wire::{Reply, events};

#[rustfmt::skip]
pub const CHECKS: &[Check] = &[
    check!(EventBridge, "buses and rules", "A bus of the same name is refused (ResourceAlreadyExistsException).", Aws("EventBridge API: CreateEventBus"), bus_again),
    check!(EventBridge, "buses and rules", "The default bus cannot be deleted.", Aws("EventBridge API: DeleteEventBus"), default_stays),
    check!(EventBridge, "buses and rules", "A rule without pattern and schedule is refused.", Aws("EventBridge API: PutRule"), no_pattern),
    check!(EventBridge, "buses and rules", "A pattern that is not JSON is refused (InvalidEventPatternException).", Aws("EventBridge API: PutRule"), bad_pattern),
    check!(EventBridge, "buses and rules", "A rule is described as it was put.", Aws("EventBridge API: DescribeRule"), described),
    check!(EventBridge, "buses and rules", "A rule that does not exist is refused (ResourceNotFoundException).", Aws("EventBridge API: DescribeRule"), no_rule),
    check!(EventBridge, "buses and rules", "Targets of a rule that does not exist are refused (ResourceNotFoundException).", Aws("EventBridge API: PutTargets"), no_rule_for_targets),
    check!(EventBridge, "buses and rules", "The rules of a bus that have a target are named by its ARN.", Aws("EventBridge API: ListRuleNamesByTarget"), by_target),
    check!(EventBridge, "buses and rules", "A rule with targets is not deleted.", Aws("EventBridge API: DeleteRule"), delete_with_targets),
    check!(EventBridge, "buses and rules", "Deleting a rule that does not exist is not an error.", Aws("EventBridge API: DeleteRule"), delete_again),
];

/// A new bus; its name.
pub(super) async fn bus(peer: &Peer) -> Result<String, String> {
    let name = peer.name("bus");
    let created = events(peer, "CreateEventBus", &json!({"Name": name})).await?;
    created.json("CreateEventBus")?;
    Ok(name)
}

pub(super) async fn put_rule(peer: &Peer, bus: &str, pattern: &Value) -> Result<(), String> {
    let rule = json!({"Name": "rule", "EventBusName": bus, "EventPattern": pattern.to_string()});
    events(peer, "PutRule", &rule)
        .await?
        .json("PutRule")
        .map(|_| ())
}

pub(super) async fn put_targets(peer: &Peer, bus: &str, target: &Value) -> Result<Reply, String> {
    let targets = json!({"Rule": "rule", "EventBusName": bus, "Targets": [target]});
    events(peer, "PutTargets", &targets).await
}

/// A bus with a rule of this pattern and a standard queue as its target, which gets this beside: names of bus and queue.
pub(super) async fn ruled(
    peer: &Peer,
    pattern: &Value,
    more: &[(&str, Value)],
) -> Result<(String, String), String> {
    let (url, bus) = (peer.queue("q").await?, bus(peer).await?);
    put_rule(peer, &bus, pattern).await?;
    let mut target = json!({"Id": "1", "Arn": peer.arn(&url).await?});
    for (name, value) in more {
        target[*name] = value.clone();
    }
    let put = put_targets(peer, &bus, &target).await?.json("PutTargets")?;
    equal(
        "FailedEntryCount",
        put["FailedEntryCount"].as_u64(),
        Some(0),
    )?;
    Ok((bus, url))
}

async fn bus_again(peer: &Peer) -> Outcome {
    let name = bus(peer).await?;
    let again = events(peer, "CreateEventBus", &json!({"Name": name})).await?;
    again.refused("CreateEventBus", "ResourceAlreadyExistsException")
}

async fn default_stays(peer: &Peer) -> Outcome {
    let deleted = events(peer, "DeleteEventBus", &json!({"Name": "default"})).await?;
    deleted.refused_somehow("DeleteEventBus")
}

async fn no_pattern(peer: &Peer) -> Outcome {
    let rule = json!({"Name": "rule", "EventBusName": bus(peer).await?});
    events(peer, "PutRule", &rule)
        .await?
        .refused_somehow("PutRule")
}

async fn bad_pattern(peer: &Peer) -> Outcome {
    let rule =
        json!({"Name": "rule", "EventBusName": bus(peer).await?, "EventPattern": "source = shop"});
    events(peer, "PutRule", &rule)
        .await?
        .refused("PutRule", "InvalidEventPatternException")
}

async fn described(peer: &Peer) -> Outcome {
    let bus = bus(peer).await?;
    let pattern = json!({"source": ["shop"]});
    put_rule(peer, &bus, &pattern).await?;
    let rule = events(
        peer,
        "DescribeRule",
        &json!({"Name": "rule", "EventBusName": bus}),
    )
    .await?;
    let rule = rule.json("DescribeRule")?;
    equal("State", rule["State"].as_str(), Some("ENABLED"))?;
    equal(
        "EventBusName is the bus's",
        rule["EventBusName"].as_str() == Some(&bus),
        true,
    )?;
    let put = rule["EventPattern"].as_str().unwrap_or_default();
    equal("the pattern", super::json(put)?, pattern)
}

async fn no_rule(peer: &Peer) -> Outcome {
    let asked = json!({"Name": "gone", "EventBusName": bus(peer).await?});
    let described = events(peer, "DescribeRule", &asked).await?;
    described.refused("DescribeRule", "ResourceNotFoundException")
}

async fn no_rule_for_targets(peer: &Peer) -> Outcome {
    let (url, bus) = (peer.queue("q").await?, bus(peer).await?);
    let target = json!({"Id": "1", "Arn": peer.arn(&url).await?});
    let put = put_targets(peer, &bus, &target).await?;
    put.refused("PutTargets", "ResourceNotFoundException")
}

async fn by_target(peer: &Peer) -> Outcome {
    let (bus, url) = ruled(peer, &json!({"source": ["shop"]}), &[]).await?;
    let other = peer.queue("other").await?;
    for (url, names) in [(url, json!(["rule"])), (other, json!([]))] {
        let asked = json!({"TargetArn": peer.arn(&url).await?, "EventBusName": bus});
        let named = events(peer, "ListRuleNamesByTarget", &asked).await?;
        let named = named.json("ListRuleNamesByTarget")?;
        equal("RuleNames", named["RuleNames"].clone(), names)?;
    }
    Ok(())
}

async fn delete_with_targets(peer: &Peer) -> Outcome {
    let (bus, _) = ruled(peer, &json!({"source": ["shop"]}), &[]).await?;
    let rule = json!({"Name": "rule", "EventBusName": bus});
    events(peer, "DeleteRule", &rule)
        .await?
        .refused_somehow("DeleteRule")?;
    let remove = json!({"Rule": "rule", "EventBusName": bus, "Ids": ["1"]});
    events(peer, "RemoveTargets", &remove)
        .await?
        .json("RemoveTargets")?;
    events(peer, "DeleteRule", &rule)
        .await?
        .json("DeleteRule")
        .map(|_| ())
}

async fn delete_again(peer: &Peer) -> Outcome {
    let bus = bus(peer).await?;
    put_rule(peer, &bus, &json!({"source": ["shop"]})).await?;
    let rule = json!({"Name": "rule", "EventBusName": bus});
    for _ in 0..2 {
        events(peer, "DeleteRule", &rule)
            .await?
            .json("DeleteRule")?;
    }
    let described = events(peer, "DescribeRule", &rule).await?;
    described.refused("DescribeRule", "ResourceNotFoundException")
}
