//! Sends the planned orders in batches until each is acknowledged, refused for good, or given up.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::request::{Request, RequestError};
use crate::ledger::Outcome;
use crate::order::OrderPlan;
use crate::send::{BATCH_MAX, Batch, EntryOutcome, Sender};

/// How often one order is sent at most.
pub const ATTEMPTS: u32 = 5;

/// The pause before the second attempt; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// What SQS answers when the order is fine and it could not take it just then. Source: Amazon SQS API
/// Reference, "Common errors", and its throttling codes.
const NOT_NOW: [&str; 7] = [
    "InternalError",
    "InternalFailure",
    "InternalException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "OverLimit",
    "RequestLimitExceeded",
];

/// What became of the orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The run their numbers belong to: order `k` is `run_id * 1_000_000_000 + k`.
    pub run_id: u32,
    /// The seed of their content; with the run id and the share of bad orders it sends the same orders again.
    pub seed: u64,
    /// Orders sent at least once.
    pub sent: u64,
    /// Orders SQS said it has.
    pub acknowledged: u64,
    /// Sends of an order beyond its first: that many copies at most may be in the queue besides.
    pub resent: u64,
    /// Bad orders among the acknowledged ones: these belong in the dead-letter queue.
    pub bad: u64,
    /// The numbers of the orders that were not acknowledged.
    pub failed: Vec<u64>,
}

/// What one request did, a line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BatchLine {
    /// The orders' run.
    pub run_id: u32,
    /// Which attempt at these orders it was, from 1.
    pub attempt: u32,
    /// The numbers SQS said it has.
    pub acknowledged: Vec<u64>,
    /// The others, and why.
    pub failed: Vec<Failure>,
}

/// An order that a request did not get acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The order's number.
    pub id: u64,
    /// SQS's code, or why there is none.
    pub why: String,
    /// Whether it is sent again if attempts and time are left.
    pub passing: bool,
}

/// Why an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulationError {
    /// Nothing was sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Some orders were not acknowledged.
    #[error("{} of {} orders were not acknowledged; the log names why: {}", .0.failed.len(), .0.failed.len() as u64 + .0.acknowledged, json(.0))]
    NotAcknowledged(Answer),
}

fn json(answer: &Answer) -> String {
    serde_json::to_string(answer).expect("numbers are JSON")
}

/// Sends the orders that `event` asks for, ten in a request, and gives each request to `log`. From
/// `give_up_at` on nothing more is sent: Lambda is about to end the invocation without an answer.
///
/// An order whose fate is unknown is sent again: its copy has the same number and content, which a sound
/// processor stores once.
///
/// # Errors
/// When the event is refused, or any order was not acknowledged.
pub async fn simulate<S: Sender>(
    event: &Value,
    sender: &mut S,
    give_up_at: Instant,
    log: impl FnMut(&BatchLine),
) -> Result<Answer, SimulationError> {
    let request = Request::parse(event)?;
    let (high, low) = Uuid::new_v4().as_u64_pair();
    let plan = request.plan([high, low]);
    let answer = send_all(plan, request.orders, sender, give_up_at, log).await;
    match answer.failed.is_empty() {
        true => Ok(answer),
        false => Err(SimulationError::NotAcknowledged(answer)),
    }
}

async fn send_all<S: Sender>(
    plan: OrderPlan,
    orders: u64,
    sender: &mut S,
    give_up_at: Instant,
    mut log: impl FnMut(&BatchLine),
) -> Answer {
    let mut answer = Answer {
        run_id: plan.run.get(),
        seed: plan.seed,
        sent: 0,
        acknowledged: 0,
        resent: 0,
        bad: 0,
        failed: Vec::new(),
    };
    let mut batch = Batch::new();
    let mut pending: Vec<u64> = (0..orders).collect();
    for attempt in 1..=ATTEMPTS {
        if pending.is_empty() || !pause_before(attempt, give_up_at).await {
            break;
        }
        let mut again = Vec::new();
        for range in batches(&pending) {
            if Instant::now() >= give_up_at {
                again.extend(range);
                continue;
            }
            batch.fill(&plan, range.clone());
            let reply = sender.send(&batch).await;
            let count = range.end - range.start;
            match attempt {
                1 => answer.sent += count,
                _ => answer.resent += count,
            }
            let line = line(&plan, attempt, range, &reply.entries);
            log(&line);
            answer.take(&plan, &line, &mut again);
        }
        pending = again;
    }
    answer
        .failed
        .extend(pending.iter().map(|&k| plan.run.number(k)));
    answer.failed.sort_unstable();
    answer
}

impl Answer {
    /// Counts what a request did; orders that may be sent again go to `again`.
    fn take(&mut self, plan: &OrderPlan, line: &BatchLine, again: &mut Vec<u64>) {
        let sequence = |id: u64| id - plan.run.number(0);
        self.acknowledged += line.acknowledged.len() as u64;
        let bad = line.acknowledged.iter();
        self.bad += bad.filter(|&&id| plan.is_bad(sequence(id))).count() as u64;
        for failure in &line.failed {
            match failure.passing {
                true => again.push(sequence(failure.id)),
                false => self.failed.push(failure.id),
            }
        }
    }
}

/// Waits as long as it takes before this attempt; `false` if that would be too late.
async fn pause_before(attempt: u32, give_up_at: Instant) -> bool {
    let Some(doublings) = attempt.checked_sub(2) else {
        return true;
    };
    let start = Instant::now() + FIRST_PAUSE * 2u32.pow(doublings);
    if start >= give_up_at {
        return false;
    }
    sleep_until(start).await;
    true
}

fn line(plan: &OrderPlan, attempt: u32, range: Range<u64>, entries: &[EntryOutcome]) -> BatchLine {
    let mut line = BatchLine {
        run_id: plan.run.get(),
        attempt,
        acknowledged: Vec::new(),
        failed: Vec::new(),
    };
    for (position, k) in range.enumerate() {
        let id = plan.run.number(k);
        // A reply that has no entry for an order says nothing of it.
        let entry = entries.get(position);
        match entry.map(|entry| entry.outcome) {
            Some(Outcome::Acknowledged) => line.acknowledged.push(id),
            _ => line.failed.push(Failure {
                id,
                why: entry
                    .and_then(|entry| entry.reason.as_deref())
                    .unwrap_or("no reply")
                    .to_owned(),
                passing: entry.is_none_or(may_pass),
            }),
        }
    }
    line
}

/// Whether another attempt may go better: SQS's fault, its limit, or nobody knows.
fn may_pass(entry: &EntryOutcome) -> bool {
    match entry.outcome {
        Outcome::Rejected => entry
            .reason
            .as_deref()
            .is_some_and(|code| code.contains("Throttl") || NOT_NOW.contains(&code)),
        _ => true,
    }
}

/// Ascending sequence numbers as ranges without gaps, none longer than a batch.
fn batches(pending: &[u64]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for &k in pending {
        match ranges.last_mut() {
            Some(last) if last.end == k && k - last.start < BATCH_MAX as u64 => last.end += 1,
            _ => ranges.push(k..k + 1),
        }
    }
    ranges
}

#[cfg(test)]
#[path = "simulate_tests.rs"]
mod tests;
