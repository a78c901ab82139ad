//! The least IAM policy with which commands can do what a scenario asks of a target, as a policy document. Pure.
//!
//! Everything in it follows from one table (`needs`), by resource wherever the scenario names it. What the functions of the
//! pipeline need on Lambda is not in it: their roles are the deployment's.

mod needs;
mod resources;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::scenario::{AwsTarget, Scenario};
pub use needs::{NEEDS, Need};
use resources::Meant;

/// The longest managed policy, characters without white space (IAM User Guide, "IAM and AWS STS quotas").
pub const POLICY_MAX: usize = 6_144;

/// A command that asks AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// `run` and `preflight`, which it begins with; also `verify --resume`, under the guard of a run.
    Run,
    /// `verify --live`.
    Verify,
    /// `clean`, with `--delete`.
    Clean,
    /// `up`.
    Up,
    /// `down`.
    Down,
}

use Command::{Clean as CLEAN, Down as DOWN, Run as RUN, Up as UP, Verify as VERIFY};

/// Where the resources are, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyScope {
    /// The region, or `*`.
    pub region: String,
    /// The account's number, or `*`.
    pub account: String,
}

impl PolicyScope {
    /// The ARN of something of `service`, called `name`, unless that is an ARN already.
    fn arn(&self, service: &str, name: &str) -> String {
        let own = name
            .find("arn:")
            .filter(|at| *at == 0 || name[..*at].ends_with(['/', ':']));
        if let Some(at) = own {
            return name[at..].to_owned();
        }
        let Self { region, account } = self;
        format!(
            "arn:{}:{service}:{region}:{account}:{name}",
            self.partition()
        )
    }

    /// AWS's partition, which the region's name tells.
    fn partition(&self) -> &'static str {
        match &self.region {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }

    /// The host name of a service, as the condition key `kms:ViaService` has it when the service calls KMS for a caller.
    fn via(&self, service: &str) -> String {
        let domain = match self.partition() {
            "aws-cn" => "amazonaws.com.cn",
            _ => "amazonaws.com",
        };
        format!("{service}.{}.{domain}", self.region)
    }
}

/// A policy document of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>>,
}

impl Statement {
    fn allow(action: Vec<&'static str>, resource: Vec<String>) -> Self {
        Self {
            effect: "Allow",
            action,
            resource,
            condition: None,
        }
    }
}

/// The policy with which `commands` can do what `scenario` asks of `target`. `kms_keys` are the ARNs of customer managed keys
/// with which its queues, its topic or its tables are encrypted: without one, no permission of KMS is needed.
pub fn policy(
    scenario: &Scenario,
    target: &AwsTarget,
    commands: &[Command],
    place: &PolicyScope,
    kms_keys: &[String],
) -> Policy {
    let meant = Meant {
        scenario,
        target,
        place,
    };
    let mut allowed: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for need in NEEDS {
        if need
            .commands
            .iter()
            .any(|command| commands.contains(command))
        {
            let arns = meant.arns(need.on);
            for action in need.actions {
                let on = allowed.entry(action).or_default();
                on.extend(arns.iter().cloned());
            }
        }
    }
    // One statement for all actions on the same resources.
    let mut statements: BTreeMap<(&str, Vec<String>), Vec<&'static str>> = BTreeMap::new();
    for (action, arns) in allowed {
        let service = action.split(':').next().unwrap_or_default();
        let arns = without_covered(arns);
        if !arns.is_empty() {
            statements.entry((service, arns)).or_default().push(action);
        }
    }
    let statements = statements.into_iter();
    let statements = statements.map(|((_, arns), actions)| Statement::allow(actions, arns));
    let keys = (!kms_keys.is_empty()).then(|| of_keys(place, kms_keys));
    Policy {
        version: "2012-10-17",
        statement: statements.chain(keys).collect(),
    }
}

/// Leaves out what a pattern among them covers: every queue beside some by name.
fn without_covered(arns: BTreeSet<String>) -> Vec<String> {
    let patterns: Vec<String> = arns
        .iter()
        .filter_map(|arn| arn.strip_suffix('*').map(str::to_owned))
        .collect();
    let covered = |arn: &String| {
        let mut covering = patterns
            .iter()
            .filter(|start| arn.starts_with(start.as_str()));
        covering.any(|start| *arn != format!("{start}*"))
    };
    arns.into_iter().filter(|arn| !covered(arn)).collect()
}

/// Senders and receivers of encrypted messages need both (Amazon SQS Developer Guide, "Configuring AWS KMS permissions"); through
/// these services alone.
fn of_keys(place: &PolicyScope, keys: &[String]) -> Statement {
    let services = ["dynamodb", "sns", "sqs"].map(|service| place.via(service));
    let through = BTreeMap::from([("kms:ViaService", services.to_vec())]);
    Statement {
        condition: Some(BTreeMap::from([("StringLike", through)])),
        ..Statement::allow(vec!["kms:Decrypt", "kms:GenerateDataKey"], keys.to_vec())
    }
}
