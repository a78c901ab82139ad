//! Partial failures, throttling, doubt and lack of time, each with the answer it must end in.

use std::collections::HashMap;

use serde_json::json;

use super::*;
use crate::send::SendReply;

const RUN: u64 = 7_000_000_000;

/// Answers the `n`th sending of an order as told; acknowledges what it is told nothing of.
#[derive(Default)]
struct Scripted {
    told: HashMap<u64, Vec<EntryOutcome>>,
    sizes: Vec<usize>,
    sent: HashMap<u64, usize>,
    takes: Duration,
}

impl Scripted {
    fn told(orders: impl IntoIterator<Item = (u64, Vec<EntryOutcome>)>) -> Self {
        Self {
            told: orders.into_iter().collect(),
            ..Self::default()
        }
    }
}

impl Sender for Scripted {
    async fn send(&mut self, batch: &Batch) -> SendReply {
        tokio::time::sleep(self.takes).await;
        self.sizes.push(batch.len());
        let entry = |k: u64| {
            let sent = self.sent.entry(k).or_default();
            *sent += 1;
            let told = self.told.get(&k).and_then(|told| told.get(*sent - 1));
            told.cloned().unwrap_or_else(acknowledged)
        };
        SendReply {
            entries: batch.orders().map(entry).collect(),
            status: Some(200),
        }
    }
}

fn entry(outcome: Outcome, reason: Option<&'static str>) -> EntryOutcome {
    EntryOutcome {
        outcome,
        reason: reason.map(Into::into),
        message_id: None,
    }
}

fn acknowledged() -> EntryOutcome {
    entry(Outcome::Acknowledged, None)
}

fn rejected(code: &'static str) -> EntryOutcome {
    entry(Outcome::Rejected, Some(code))
}

fn unclear() -> EntryOutcome {
    entry(Outcome::Indeterminate, Some("no reply in time"))
}

async fn send(sender: &mut Scripted, orders: u64) -> Result<Answer, SimulationError> {
    let event = json!({"orders": orders, "seed": 1, "run_id": 7});
    let never = Instant::now() + Duration::from_secs(900);
    simulate(&event, sender, never, |_| {}).await
}

fn not_acknowledged(result: Result<Answer, SimulationError>) -> Answer {
    match result {
        Err(SimulationError::NotAcknowledged(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn orders_go_out_in_tens_and_every_one_is_told_once() {
    let mut sender = Scripted::default();
    let mut told = Vec::new();
    let event = json!({"orders": 23, "seed": 1, "run_id": 7, "bad_orders": "50%"});
    let never = Instant::now() + Duration::from_secs(900);
    let log = |line: &BatchLine| told.extend(line.acknowledged.clone());
    let answer = simulate(&event, &mut sender, never, log).await.unwrap();
    assert_eq!(sender.sizes, [10, 10, 3]);
    assert_eq!(told, (RUN..RUN + 23).collect::<Vec<_>>());
    let plan = Request::parse(&event).unwrap().plan([0, 0]);
    let bad = (0..23).filter(|&k| plan.is_bad(k)).count() as u64;
    assert!(bad > 0);
    let expected = Answer {
        run_id: 7,
        seed: 1,
        sent: 23,
        acknowledged: 23,
        resent: 0,
        bad,
        failed: Vec::new(),
    };
    assert_eq!(answer, expected);
}

#[tokio::test(start_paused = true)]
async fn what_sqs_cannot_take_just_then_is_sent_again_and_nothing_else() {
    let mut sender = Scripted::told([
        (2, vec![rejected("ThrottlingException")]),
        (
            3,
            vec![rejected("RequestThrottled"), rejected("InternalError")],
        ),
        (9, vec![rejected("ServiceUnavailable")]),
        (15, vec![unclear()]),
        // A fault of SQS's own leaves it open whether the order was taken.
        (
            17,
            vec![entry(Outcome::Indeterminate, Some("InternalError"))],
        ),
    ]);
    let answer = send(&mut sender, 20).await.unwrap();
    assert_eq!((answer.acknowledged, answer.resent), (20, 6));
    // Neighbors go together: 2 and 3, then 9, then 15, then 17; then 3 once more.
    assert_eq!(sender.sizes, [10, 10, 2, 1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_is_not_repeated_and_fails_the_invocation() {
    let mut sender = Scripted::told([(4, vec![rejected("InvalidMessageContents")])]);
    let result = send(&mut sender, 10).await;
    let text = result.clone().unwrap_err().to_string();
    assert!(
        text.starts_with("1 of 10 orders were not acknowledged"),
        "{text}"
    );
    assert!(text.contains(r#""failed":[7000000004]"#), "{text}");
    let answer = not_acknowledged(result);
    assert_eq!((answer.acknowledged, answer.resent), (9, 0));
    assert_eq!(answer.failed, [RUN + 4]);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded() {
    let always = vec![rejected("ThrottlingException"); ATTEMPTS as usize];
    let mut sender = Scripted::told([(0, always.clone())]);
    let answer = not_acknowledged(send(&mut sender, 1).await);
    assert_eq!(sender.sent[&0], ATTEMPTS as usize);
    assert_eq!((answer.sent, answer.resent), (1, 4));
    // One refusal fewer, and the last attempt gets through.
    let mut sender = Scripted::told([(0, always[1..].to_vec())]);
    assert_eq!(send(&mut sender, 1).await.unwrap().acknowledged, 1);
}

#[tokio::test(start_paused = true)]
async fn what_there_was_no_time_for_is_failed_and_not_sent() {
    let mut sender = Scripted {
        takes: Duration::from_secs(1),
        ..Scripted::default()
    };
    let event = json!({"orders": 35, "run_id": 7});
    let soon = Instant::now() + Duration::from_millis(1_500);
    let answer = not_acknowledged(simulate(&event, &mut sender, soon, |_| {}).await);
    assert_eq!(
        (answer.sent, answer.acknowledged, answer.resent),
        (20, 20, 0)
    );
    assert_eq!(answer.failed, (RUN + 20..RUN + 35).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_refused_event_sends_nothing() {
    let mut sender = Scripted::default();
    let result = send(&mut sender, 10_001).await;
    assert!(matches!(result, Err(SimulationError::Request(_))));
    assert!(sender.sizes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_order_ends_acknowledged_or_failed_whatever_is_answered() {
    let answers = [
        acknowledged(),
        unclear(),
        rejected("OverLimit"),
        rejected("AccessDenied"),
    ];
    for orders in [1, 9, 10, 11, 40] {
        let told = (0..orders).map(|k| {
            let pick = |n: u64| answers[((k * 7 + n * 3 + orders) % 4) as usize].clone();
            (k, (0..u64::from(ATTEMPTS)).map(pick).collect())
        });
        let answer = match send(&mut Scripted::told(told), orders).await {
            Ok(answer) => answer,
            failed => not_acknowledged(failed),
        };
        assert_eq!(answer.acknowledged + answer.failed.len() as u64, orders);
        assert!(answer.failed.is_sorted());
    }
}
