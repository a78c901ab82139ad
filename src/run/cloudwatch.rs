//! What CloudWatch counted of a run, asked after it or later; never an error.

use std::time::SystemTime;

use crate::account::{has_metrics, read_metrics};
use crate::clock;
use crate::report::CloudWatch;
use crate::scenario::{AwsTarget, Scenario};
use crate::store::Session;

/// What CloudWatch counted since the run began at `from`; nothing where there is no CloudWatch.
pub fn metrics_since(scenario: &Scenario, from: SystemTime) -> Option<CloudWatch> {
    metrics_between(scenario.target.aws()?, from, clock::wall())
}

/// The same up to a time in the past, when more of it may be there.
pub fn metrics_between(target: &AwsTarget, from: SystemTime, to: SystemTime) -> Option<CloudWatch> {
    if !has_metrics(target) {
        return None;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    Some(match runtime {
        Ok(runtime) => runtime.block_on(read(target, from, to)),
        Err(error) => CloudWatch::unread(error.to_string()),
    })
}

async fn read(target: &AwsTarget, from: SystemTime, to: SystemTime) -> CloudWatch {
    match Session::open(target).await {
        Ok(session) => read_metrics(&session, target, from, to).await,
        Err(error) => CloudWatch::unread(error.to_string()),
    }
}
