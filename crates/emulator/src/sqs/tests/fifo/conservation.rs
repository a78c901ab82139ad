//! Whatever is done in whatever order: within a group nothing is given out while an earlier receive is in flight, and
//! nothing before what was sent earlier and is still there.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tokio::time::{Instant, advance};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Send { group: u8 },
    Receive { most: usize },
    Delete { back: usize },
    Show { back: usize },
    Wait { s: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..3_u8).prop_map(|group| Step::Send { group }),
        4 => (1..=10_usize).prop_map(|most| Step::Receive { most }),
        4 => (0..8_usize).prop_map(|back| Step::Delete { back }),
        1 => (0..8_usize).prop_map(|back| Step::Show { back }),
        1 => (1..40_u64).prop_map(|s| Step::Wait { s }),
    ];
    prop::collection::vec(step, 1..80)
}

/// A message that was not deleted.
#[derive(Debug, Clone, Copy)]
struct Known {
    group: u8,
    hidden_until: Option<Instant>,
}

#[derive(Debug, Default)]
struct Model {
    /// By the order in which they were sent.
    messages: BTreeMap<u64, Known>,
    handles: Vec<(u64, ReceiptHandle)>,
    sent: u64,
}

impl Model {
    fn in_flight(&self, message: u64, now: Instant) -> bool {
        let known = self.messages.get(&message);
        known.is_some_and(|known| known.hidden_until.is_some_and(|until| until > now))
    }

    fn received(&mut self, got: &[ReceivedMessage]) {
        let now = Instant::now();
        let mut before: BTreeMap<u8, u64> = BTreeMap::new();
        for message in got {
            let number: u64 = message.body.parse().expect("a number");
            let group = self.messages[&number].group;
            let of_group = |(_, known): &(&u64, &Known)| known.group == group;
            match before.insert(group, number) {
                None => {
                    let first = self.messages.iter().find(of_group).expect("itself");
                    assert_eq!(*first.0, number, "the first of its group comes first");
                    let blocked = self.messages.keys().any(|other| {
                        self.messages[other].group == group && self.in_flight(*other, now)
                    });
                    assert!(!blocked, "{number}: its group is in flight");
                }
                Some(last) => {
                    let next = self.messages.range(last + 1..).find(of_group);
                    assert_eq!(next.map(|next| *next.0), Some(number), "no gap in a batch");
                }
            }
        }
        for message in got {
            let number: u64 = message.body.parse().expect("a number");
            let known = self.messages.get_mut(&number).expect("not deleted");
            known.hidden_until = Some(now + 30 * SECOND);
            self.handles.push((number, message.receipt_handle));
        }
    }

    fn handle(&self, back: usize) -> Option<(u64, ReceiptHandle)> {
        let place = self.handles.len().checked_sub(back + 1)?;
        Some(self.handles[place])
    }

    fn is_latest(&self, message: u64, handle: ReceiptHandle) -> bool {
        let latest = self.handles.iter().rfind(|(other, _)| *other == message);
        latest.is_some_and(|(_, latest)| *latest == handle)
    }
}

async fn act(engine: &SqsEngine, model: &mut Model, step: Step) {
    let now = Instant::now();
    match step {
        Step::Send { group } => {
            model.sent += 1;
            push(engine, &group.to_string(), &model.sent.to_string());
            let known = Known {
                group,
                hidden_until: None,
            };
            model.messages.insert(model.sent, known);
        }
        Step::Receive { most } => {
            let got = take(engine, most).await;
            model.received(&got);
            let free = model.messages.iter().any(|(_, known)| {
                let mut of_group = model.messages.iter();
                !of_group.any(|(other, of)| of.group == known.group && model.in_flight(*other, now))
            });
            assert!(!free || got.len() == most, "something more was to be had");
        }
        Step::Delete { back } => {
            let Some((message, handle)) = model.handle(back) else {
                return;
            };
            let is_there = model.messages.contains_key(&message);
            let is_held = model.in_flight(message, now) && model.is_latest(message, handle);
            let deleted = engine.delete(QUEUE, &handle);
            assert_eq!(deleted.is_ok(), !is_there || is_held, "{deleted:?}");
            if is_held {
                model.messages.remove(&message);
            }
        }
        Step::Show { back } => {
            let Some((message, handle)) = model.handle(back) else {
                return;
            };
            let is_held = model.in_flight(message, now) && model.is_latest(message, handle);
            let shown = engine.change_visibility(QUEUE, &handle, Duration::ZERO);
            assert_eq!(shown.is_ok(), is_held, "{shown:?}");
            if is_held {
                let known = model.messages.get_mut(&message).expect("in flight");
                known.hidden_until = None;
            }
        }
        Step::Wait { s } => advance(Duration::from_secs(s)).await,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn groups_keep_their_order_and_nothing_is_lost(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let engine = fifo();
            let mut model = Model::default();
            for step in steps {
                act(&engine, &mut model, step).await;
                let total = engine.counts(QUEUE).expect("there").total();
                assert_eq!(total, model.messages.len() as u64);
            }
            advance(60 * SECOND).await;
            while !model.messages.is_empty() {
                let got = take(&engine, 10).await;
                assert!(!got.is_empty(), "lost: {:?}", model.messages);
                model.received(&got);
                for message in got {
                    delete(&engine, &message);
                    let number: u64 = message.body.parse().expect("a number");
                    model.messages.remove(&number);
                }
            }
            assert_eq!(counts(&engine, QUEUE), (0, 0, 0));
            assert_eq!(engine.groups(QUEUE).expect("there"), Some(GroupCounts::default()));
        });
    }
}
