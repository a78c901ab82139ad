//! Runs checks against one endpoint, several at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::check::{Check, Outcome, Service};
use super::peer::{Endpoints, Peer};

/// What each check gave, in the order of the checks; none where the peer has not got the service.
pub async fn run(checks: &[&'static Check], endpoints: &Endpoints) -> Vec<Option<Outcome>> {
    // Leftovers of an earlier run at the same peer have other names.
    let prefix = format!("f{}", &uuid::Uuid::new_v4().simple().to_string()[..12]);
    let peer = Peer::new(endpoints, prefix);
    let places = Arc::new(Semaphore::new(endpoints.at_a_time));
    let limit = endpoints.limit;
    let mut running = JoinSet::new();
    let mut outcomes: Vec<_> = checks.iter().map(|_| None).collect();
    for (number, &check) in checks.iter().enumerate() {
        let is_served = match check.service {
            Service::Sqs => endpoints.sqs.is_some(),
            Service::DynamoDb => endpoints.dynamodb.is_some(),
            Service::Sns | Service::EventBridge => endpoints.doors.is_some(),
        };
        if is_served {
            let (peer, places) = (peer.for_check(number), Arc::clone(&places));
            running.spawn(async move {
                let _place = places.acquire_owned().await.expect("it is never closed");
                (number, one(check, &peer, limit).await)
            });
        }
    }
    while let Some(finished) = running.join_next().await {
        let (number, outcome) = finished.expect("no check panics");
        outcomes[number] = Some(outcome);
    }
    outcomes
}

async fn one(check: &Check, peer: &Peer, limit: Duration) -> Outcome {
    let outcome = tokio::time::timeout(limit, (check.run)(peer)).await;
    // A peer that hangs may hang here as well.
    let _ = tokio::time::timeout(limit, peer.clean_up()).await;
    outcome.unwrap_or_else(|_| {
        Err(format!(
            "expected an end, seen none within {} s",
            limit.as_secs()
        ))
    })
}
