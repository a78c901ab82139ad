//! Whatever is done in whatever order, every message is in exactly one place, none is lost, and none
//! is given out twice within its visibility.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, advance};

use super::*;

const MAX_RECEIVES: u32 = 3;

#[derive(Debug, Clone)]
enum Step {
    Send {
        delay_s: u64,
    },
    Receive {
        most: usize,
        visibility_s: u64,
    },
    SweepDeadLetters {
        most: usize,
    },
    /// Of the handles given out so far, which one, counted from the latest.
    Delete {
        back: usize,
    },
    ChangeVisibility {
        back: usize,
        timeout_s: u64,
    },
    Wait {
        ms: u64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u64).prop_map(|delay_s| Step::Send { delay_s }),
        4 => (1..=10_usize, 0..4_u64)
            .prop_map(|(most, visibility_s)| Step::Receive { most, visibility_s }),
        1 => (1..=10_usize).prop_map(|most| Step::SweepDeadLetters { most }),
        2 => (0..8_usize).prop_map(|back| Step::Delete { back }),
        1 => (0..8_usize, 0..4_u64)
            .prop_map(|(back, timeout_s)| Step::ChangeVisibility { back, timeout_s }),
        3 => (0..2_500_u64).prop_map(|ms| Step::Wait { ms }),
    ];
    prop::collection::vec(step, 1..80)
}

/// What the model knows of a message that was not deleted.
#[derive(Debug)]
struct Known {
    hidden_until: Instant,
    receives: u32,
    handle: Option<ReceiptHandle>,
}

#[derive(Debug, Default)]
struct Model {
    messages: BTreeMap<String, Known>,
    handles: Vec<(&'static str, String, ReceiptHandle)>,
    sent: u32,
}

impl Model {
    fn received(&mut self, queue: &'static str, got: Vec<ReceivedMessage>, visibility: Duration) {
        let now = Instant::now();
        for message in got {
            let body = message.body.to_string();
            let known = self.messages.get_mut(&body).expect("sent and not deleted");
            assert!(
                known.hidden_until <= now,
                "{body} is given out while hidden"
            );
            known.receives += 1;
            assert_eq!(message.receive_count, known.receives, "{body}");
            let is_dead = queue == "dead";
            assert_eq!(message.receive_count > MAX_RECEIVES, is_dead, "{body}");
            known.hidden_until = now + visibility;
            known.handle = Some(message.receipt_handle);
            self.handles.push((queue, body, message.receipt_handle));
        }
    }

    fn handle(&self, back: usize) -> Option<(&'static str, String, ReceiptHandle)> {
        let place = self.handles.len().checked_sub(back + 1)?;
        Some(self.handles[place].clone())
    }

    /// The message, if the handle is of its last receive.
    fn current(&mut self, body: &str, handle: ReceiptHandle) -> Option<&mut Known> {
        let known = self.messages.get_mut(body)?;
        (known.handle == Some(handle)).then_some(known)
    }

    /// Both queues together hold what the model says, in the counts it says.
    fn check(&self, engine: &SqsEngine) {
        let now = Instant::now();
        let (orders, dead) = (counts(engine, "orders"), counts(engine, "dead"));
        let hidden = self
            .messages
            .values()
            .filter(|known| known.hidden_until > now);
        let (in_flight, delayed): (Vec<_>, Vec<_>) = hidden.partition(|known| known.receives > 0);
        let visible = self.messages.len() - in_flight.len() - delayed.len();
        let sums = (orders.0 + dead.0, orders.1 + dead.1, orders.2 + dead.2);
        let expected = (visible as u64, in_flight.len() as u64, delayed.len() as u64);
        assert_eq!(sums, expected, "visible, in flight, delayed");
    }
}

async fn act(engine: &SqsEngine, model: &mut Model, step: Step) {
    match step {
        Step::Send { delay_s } => {
            let body = model.sent.to_string();
            model.sent += 1;
            let delay = Duration::from_secs(delay_s);
            let mut entry = SendEntry::new(body.as_str());
            entry.delay = Some(delay);
            engine.send("orders", entry).expect("a good message");
            let known = Known {
                hidden_until: Instant::now() + delay,
                receives: 0,
                handle: None,
            };
            model.messages.insert(body, known);
        }
        Step::Receive { most, visibility_s } => {
            receive_into(engine, model, "orders", most, visibility_s).await;
        }
        Step::SweepDeadLetters { most } => receive_into(engine, model, "dead", most, 1).await,
        Step::Delete { back } => {
            let Some((queue, body, handle)) = model.handle(back) else {
                return;
            };
            let deleted = engine.delete(queue, &handle);
            deleted.expect("its own handle");
            // A message that was moved meanwhile is out of the reach of its old queue's handle; it
            // may be moved only by a receive, so ask the queue whether it is still there.
            let total = engine.counts("orders").expect("there").total()
                + engine.counts("dead").expect("there").total();
            if model.current(&body, handle).is_some() && total < model.messages.len() as u64 {
                model.messages.remove(&body);
            }
        }
        Step::ChangeVisibility { back, timeout_s } => {
            let Some((queue, body, handle)) = model.handle(back) else {
                return;
            };
            let timeout = Duration::from_secs(timeout_s);
            let changed = engine.change_visibility(queue, &handle, timeout);
            let now = Instant::now();
            let current = model.current(&body, handle);
            let in_flight = current.filter(|known| known.hidden_until > now);
            assert_eq!(changed.is_ok(), in_flight.is_some(), "{changed:?}");
            if let Some(known) = in_flight {
                known.hidden_until = now + timeout;
            }
        }
        Step::Wait { ms } => advance(Duration::from_millis(ms)).await,
    }
}

async fn receive_into(
    engine: &SqsEngine,
    model: &mut Model,
    queue: &'static str,
    most: usize,
    visibility_s: u64,
) {
    let visibility = Duration::from_secs(visibility_s);
    let options = ReceiveOptions {
        max_messages: most,
        visibility_timeout: Some(visibility),
        wait: None,
    };
    let got = engine.receive(queue, options).await.expect("good");
    assert!(got.len() <= most);
    model.received(queue, got, visibility);
}

/// Waits everything visible and empties both queues.
async fn drain(engine: &SqsEngine, model: &mut Model) {
    advance(Duration::from_secs(60)).await;
    for queue in ["orders", "dead"] {
        loop {
            let got = receive_from(engine, queue, Duration::ZERO).await;
            if got.is_empty() {
                break;
            }
            for message in got {
                let known = model.messages.remove(&*message.body);
                assert!(known.is_some(), "{} came back from the dead", message.body);
                let deleted = engine.delete(queue, &message.receipt_handle);
                deleted.expect("its own handle");
            }
        }
    }
    assert!(model.messages.is_empty(), "lost: {:?}", model.messages);
    model.check(engine);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_message_is_in_exactly_one_place(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let engine = with_dead_letters(MAX_RECEIVES);
            let mut model = Model::default();
            for step in steps {
                act(&engine, &mut model, step).await;
                model.check(&engine);
            }
            drain(&engine, &mut model).await;
        });
    }
}
