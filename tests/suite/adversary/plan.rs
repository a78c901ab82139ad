//! What a seed stands for: a scenario, what the pipeline does wrong, what the proxy does to whom, and until when.

use std::time::Duration;

use orderproof::scenario::{Fault, FaultExtent, FaultKind};

use super::acts::{Act, DAMAGE, OF_READING, OF_SENDING, Op, TRANSPORT, harmless, lies};
use super::dice::Dice;

/// When what is done to requests ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Regime {
    /// Once every order has been sent; from then on only what is harmless. A verdict is due.
    Healed,
    /// A few of the requests of the look are struck as well.
    Passing,
    /// It never ends.
    Lasting,
    /// It begins with the first request, before anything is sent.
    Early,
}

/// From when to when a strike may fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// From the first request of all.
    Always,
    /// From the first order sent until the last.
    Sending,
    /// Once all orders have been sent.
    Look,
}

/// One thing done to one operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strike {
    pub op: Op,
    pub act: Act,
    pub window: Window,
    /// Of the requests, percent.
    pub share: u32,
    /// At most so often.
    pub times: u32,
}

/// Whence orders are lost or altered, if they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    None,
    /// By the emulator, told to.
    Pipeline,
    /// By the function, which is the original lab's.
    Function,
    /// By the proxy: on the way to the queue.
    Wire,
}

/// A seed's case.
#[derive(Debug, Clone)]
pub struct Case {
    pub seed: u64,
    pub regime: Regime,
    pub damage: Damage,
    pub orders: u64,
    batch: usize,
    sdk: bool,
    /// The dead-letter queue is the run's own, and all was empty at the start.
    pub own: bool,
    pub conserved: bool,
    pub faults: Vec<Fault>,
    pub strikes: Vec<Strike>,
}

/// What loses, alters or misplaces orders.
const HARM: [FaultKind; 12] = [
    FaultKind::MessageVanishes,
    FaultKind::QueuePurged,
    FaultKind::ErrorSwallowed,
    FaultKind::TaskPanics,
    FaultKind::WriteLost,
    FaultKind::UnprocessedIgnored,
    FaultKind::RowAltered,
    FaultKind::RowDeleted,
    FaultKind::NumberCollides,
    FaultKind::PutUnconditional,
    FaultKind::ExistsTakenForSuccess,
    FaultKind::DeadLetterConsumed,
];

/// What a pipeline recovers from, mostly.
const TURBULENCE: [FaultKind; 8] = [
    FaultKind::MessageDuplicated,
    FaultKind::ReceiveLost,
    FaultKind::VisibilityChanged,
    FaultKind::InvocationThrottled,
    FaultKind::FunctionTimesOut,
    FaultKind::WriteThrottled,
    FaultKind::EntryRefused,
    FaultKind::ReplyDropped,
];

const UNLIMITED: u32 = u32::MAX;

impl Case {
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let regime = match dice.below(100) {
            0..45 => Regime::Healed,
            45..70 => Regime::Passing,
            70..94 => Regime::Lasting,
            _ => Regime::Early,
        };
        let damage = match (seed % 2, dice.below(10)) {
            (0, 0..5) => Damage::Pipeline,
            (0, 5..9) => Damage::Wire,
            (0, _) => Damage::Function,
            _ => Damage::None,
        };
        let mut case = Self {
            seed,
            regime,
            damage,
            orders: 20 + 4 * dice.below(8) as u64,
            batch: dice.pick(&[1, 1, 3, 10]),
            sdk: dice.percent(20),
            own: dice.percent(25),
            conserved: dice.percent(12),
            faults: Vec::new(),
            strikes: Vec::new(),
        };
        case.plant(&mut dice);
        case.aim(&mut dice);
        case
    }

    /// What goes wrong in the pipeline itself; each order is struck once, so that it is over when somebody looks.
    fn plant(&mut self, dice: &mut Dice) {
        let mut kinds = Vec::new();
        if self.damage == Damage::Pipeline {
            kinds.push((dice.pick(&HARM), dice.pick(&[0.1, 0.3, 0.6])));
        }
        if dice.percent(25) {
            kinds.push((dice.pick(&TURBULENCE), dice.pick(&[0.05, 0.3])));
        }
        self.faults = kinds
            .into_iter()
            .map(|(kind, share)| {
                let mut fault = Fault::new(kind, FaultExtent::Share(share));
                fault.times = Some(1);
                if kind.takes_delay() {
                    fault.delay = Duration::from_millis(30);
                }
                fault
            })
            .collect();
    }

    /// What the proxy does.
    fn aim(&mut self, dice: &mut Dice) {
        if self.damage == Damage::Wire {
            self.strike(
                Op::Send,
                Act::Lie(dice.pick(&DAMAGE)),
                Window::Sending,
                dice.pick(&[10, 30]),
                UNLIMITED,
            );
        }
        for _ in 0..dice.below(3) {
            let (op, act) = while_sending(dice);
            self.strike(op, act, Window::Sending, dice.pick(&[5, 20, 50]), UNLIMITED);
        }
        match self.regime {
            Regime::Healed => {
                for _ in 0..dice.below(3) {
                    let op = dice.pick(&Op::ALL[1..]);
                    let act = Act::Harmless(dice.pick(&harmless(op)));
                    self.strike(op, act, Window::Look, dice.pick(&[50, 100]), UNLIMITED);
                }
            }
            Regime::Passing => {
                let times = dice.pick(&[1, 2]);
                self.at_the_look(dice, times);
            }
            Regime::Lasting => self.at_the_look(dice, UNLIMITED),
            Regime::Early => {
                let op = dice.pick(&[Op::Other, Op::Other, Op::Counts, Op::Scan, Op::Get]);
                let act = at_any_time(op, dice);
                let times = dice.pick(&[1, 3, UNLIMITED]);
                self.strike(op, act, Window::Always, dice.pick(&[30, 100]), times);
            }
        }
    }

    /// One or two things at the look. At most one operation is lied about: two lies could agree.
    fn at_the_look(&mut self, dice: &mut Dice, times: u32) {
        let looking = [
            Op::Counts,
            Op::Receive,
            Op::Delete,
            Op::Show,
            Op::Scan,
            Op::Scan,
            Op::Get,
        ];
        let mut truthful = dice.percent(30);
        for _ in 0..=dice.below(2) {
            let op = dice.pick(&looking);
            let act = match truthful {
                true => transport(op, dice),
                false => Act::Lie(dice.pick(&lies(op))),
            };
            truthful = true;
            // What fails for ever is waited for as long as the run is patient: few of these.
            let fails = !matches!(act, Act::Lie(_) | Act::Twice | Act::Delay(_));
            let times = match fails && times == UNLIMITED && dice.percent(80) {
                true => 3,
                false => times,
            };
            self.strike(op, act, Window::Look, dice.pick(&[40, 100, 100]), times);
        }
    }

    fn strike(&mut self, op: Op, act: Act, window: Window, share: u32, times: u32) {
        self.strikes.push(Strike {
            op,
            act,
            window,
            share,
            times,
        });
    }

    /// The scenario, as a file.
    pub fn scenario(&self) -> String {
        let sender = if self.sdk { "sdk" } else { "http" };
        let gate = if self.conserved {
            "conserved"
        } else {
            "strict"
        };
        let processor = match self.damage {
            Damage::Function => "lab",
            _ => "orderproof",
        };
        format!(
            r#"
name = "adversary"
question = "Is the verdict right, whatever answers?"
seed = {seed}
bad_orders = "10%"

[[phase]]
name = "baseline"
rate = "{rate}/s"
duration = "200ms"

[sending]
senders = 4
batch = {batch}
sender = "{sender}"
attempt_timeout = "2s"

[pipeline]
visibility_timeout = "300ms"

[pipeline.function]
timeout = "250ms"
processor = "{processor}"

[settle]
deadline = "30s"

[expect]
gate = "{gate}"
max_schedule_lag_p99 = "1h"
max_unsent = "100%"
max_indeterminate = 100000
"#,
            seed = self.seed,
            rate = self.orders * 5,
            batch = self.batch,
        )
    }

    /// The target, as `--set` takes it.
    pub fn target(&self, endpoint: &str) -> String {
        let dead_letters = if self.own { "own" } else { "shared" };
        format!(
            r#"target={{endpoint_url="{endpoint}",exact_counts=true,region="us-east-1",dead_letters="{dead_letters}"}}"#
        )
    }
}

/// What may happen to a read of the stores.
fn transport(op: Op, dice: &mut Dice) -> Act {
    match op.is_table() || op == Op::Receive || op == Op::Counts {
        true if dice.percent(15) => dice.pick(&OF_READING),
        _ => dice.pick(&TRANSPORT),
    }
}

fn at_any_time(op: Op, dice: &mut Dice) -> Act {
    match dice.percent(50) {
        true => Act::Lie(dice.pick(&lies(op))),
        false => transport(op, dice),
    }
}

/// What happens while orders are sent: to sends mostly, and to the counts that are read on the way.
fn while_sending(dice: &mut Dice) -> (Op, Act) {
    match dice.below(10) {
        0 => (Op::Counts, at_any_time(Op::Counts, dice)),
        1 | 2 => (Op::Send, dice.pick(&OF_SENDING)),
        3..6 => (Op::Send, Act::Lie(dice.pick(&lies(Op::Send)))),
        6 => (Op::Send, Act::Harmless(dice.pick(&harmless(Op::Send)))),
        _ => (Op::Send, dice.pick(&TRANSPORT)),
    }
}
