//! Step Functions: executions start, and nothing runs.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::called::Protocol;
use super::refusal::{Replied, ServiceError, parsed, reply_json};
use super::settings::{Advice, Missing};
use super::time::{Instant, now};
use crate::sqs::Site;

/// Open executions of an account. Source: AWS Step Functions Developer Guide, "Quotas related to accounts".
const EXECUTIONS_MAX: usize = 1_000_000;
/// Characters of an execution's name. Source: AWS Step Functions API Reference, StartExecution.
const NAME_MAX: usize = 80;
/// Bytes of an execution's input. Source: the same.
const INPUT_MAX: usize = 262_144;
/// Characters that no name has. Source: the same.
const NOT_IN_NAMES: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// State machines, and the executions that have a name of their caller's.
pub(super) struct StateMachines {
    names: BTreeSet<String>,
    region: String,
    account_id: String,
    advice: Advice,
    executions: Mutex<HashMap<[u8; 16], Execution>>,
}

#[derive(Debug, Clone, Copy)]
struct Execution {
    input: [u8; 16],
    started: Instant,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartExecution {
    state_machine_arn: String,
    name: Option<String>,
    input: Option<String>,
}

impl StateMachines {
    pub(super) fn new(names: BTreeSet<String>, site: &Site, advice: Advice) -> Self {
        Self {
            names,
            region: site.region.clone(),
            account_id: site.account_id.clone(),
            advice,
            executions: Mutex::default(),
        }
    }

    /// `StartExecution` of a standard workflow: the same name with the same input is the same execution, which runs on.
    pub(super) fn start(&self, body: &Bytes) -> Replied {
        let asked: StartExecution = parsed(body)?;
        let machine = self.machine(&asked.state_machine_arn)?;
        let input = asked.input.as_deref().unwrap_or("{}");
        check_input(input)?;
        let (name, started) = match &asked.name {
            Some(name) => {
                check_name(name)?;
                (name.clone(), self.keep(machine, name, input)?)
            }
            // Nobody else knows it, so nobody can start it again.
            None => (uuid::Uuid::new_v4().to_string(), now()),
        };
        let arn = format!(
            "arn:aws:states:{}:{}:execution:{machine}:{name}",
            self.region, self.account_id
        );
        let body = json!({"executionArn": arn, "startDate": started.seconds()});
        Ok(reply_json(Protocol::Json10, &body))
    }

    fn machine<'a>(&self, arn: &'a str) -> Result<&'a str, ServiceError> {
        let parts: Vec<_> = arn.split(':').collect();
        let name = match parts[..] {
            // A version or an alias may follow.
            ["arn", _, "states", _, _, "stateMachine", name] => name,
            ["arn", _, "states", _, _, "stateMachine", name, _] => name,
            _ => {
                let message = format!("Invalid Arn: '{arn}'");
                return Err(ServiceError::new("InvalidArn", 400, message));
            }
        };
        match self.names.contains(name) {
            true => Ok(name),
            false => {
                let advice = (self.advice)(&Missing::StateMachine(name));
                let message = format!("State Machine Does Not Exist: '{arn}'. {advice}");
                Err(ServiceError::new("StateMachineDoesNotExist", 400, message).for_want())
            }
        }
    }

    /// When the execution of this name started: now, or before with the same input.
    fn keep(&self, machine: &str, name: &str, input: &str) -> Result<Instant, ServiceError> {
        let key = digest(&[machine, name]);
        let input = digest(&[input]);
        let executions = self.executions.lock();
        let mut executions = executions.unwrap_or_else(PoisonError::into_inner);
        match executions.get(&key) {
            Some(known) if known.input == input => Ok(known.started),
            Some(_) => {
                let message = format!(
                    "Execution Already Exists: 'arn:aws:states:{}:{}:execution:{machine}:{name}'",
                    self.region, self.account_id
                );
                Err(ServiceError::new("ExecutionAlreadyExists", 400, message))
            }
            None if executions.len() >= EXECUTIONS_MAX => {
                let message = format!(
                    "The limit of {EXECUTIONS_MAX} open executions with names is reached: here they run for ever."
                );
                Err(ServiceError::new("ExecutionLimitExceeded", 400, message))
            }
            None => {
                let started = now();
                executions.insert(key, Execution { input, started });
                Ok(started)
            }
        }
    }
}

fn check_name(name: &str) -> Result<(), ServiceError> {
    let is_legal = |c: char| !c.is_whitespace() && !c.is_control() && !NOT_IN_NAMES.contains(c);
    match (1..=NAME_MAX).contains(&name.chars().count()) && name.chars().all(is_legal) {
        true => Ok(()),
        false => Err(ServiceError::new(
            "InvalidName",
            400,
            format!("Invalid Name: '{name}'"),
        )),
    }
}

fn check_input(input: &str) -> Result<(), ServiceError> {
    let invalid = |message: String| Err(ServiceError::new("InvalidExecutionInput", 400, message));
    if input.len() > INPUT_MAX {
        return invalid(format!("The input has more than {INPUT_MAX} bytes."));
    }
    match serde_json::from_str::<IgnoredAny>(input) {
        Ok(_) => Ok(()),
        Err(error) => invalid(format!("Invalid State Machine Execution Input: '{error}'")),
    }
}

/// Sets texts apart from others.
fn digest(texts: &[&str]) -> [u8; 16] {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.len().to_be_bytes());
        digest.update(text.as_bytes());
    }
    let mut half = [0; 16];
    half.copy_from_slice(&digest.finalize()[..16]);
    half
}
