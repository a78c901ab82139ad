//! A world: a list of what was put where, order by order.

use std::collections::{BTreeMap, BTreeSet};

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::spec::{DAMAGED, NO_LINES, Order, order, plan_of, spec, spec_by_message};
use crate::ledger::Outcome;
use crate::order::OrderPlan;
use crate::order::spec::IdScheme;
use crate::verdict::Gate;

pub(super) const ORDERS: u64 = 20;

/// What was put somewhere: of an order, in one place, with the planned content (`None`) or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Put {
    Order(Option<u8>),
    Line(usize, Option<u8>),
    /// Under which made-up number.
    Invoice(u8, Option<u8>),
    Rejected(Option<u8>),
    Letter(Option<u8>),
}

#[derive(Debug)]
pub(super) struct World {
    pub(super) plan: OrderPlan,
    /// Invoices stand under the ids of messages.
    pub(super) by_message: bool,
    pub(super) outcomes: Vec<Outcome>,
    /// What was put where, of each order.
    pub(super) puts: Vec<Vec<Put>>,
    /// Rows of nobody, rows that say nothing, and letters of nobody.
    pub(super) foreign: u64,
    pub(super) unreadable: u64,
    pub(super) foreign_letters: u64,
    pub(super) phantom: bool,
    /// By how many cents each counter is wrong.
    pub(super) counters: BTreeMap<String, i64>,
    pub(super) looked_everywhere: bool,
    pub(super) gate: Gate,
}

struct Dice(SplitMix64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let dice = &mut Dice(SplitMix64::from_seed(seed.to_le_bytes()));
        let id = dice.pick(&[
            IdScheme::Uuid,
            IdScheme::Ulid,
            IdScheme::Number,
            IdScheme::Text("W{{run}}/{{n:09}}".into()),
        ]);
        let by_message = seed % 5 < 2;
        let plan = plan_of(
            match by_message {
                true => spec_by_message(id),
                false => spec(id),
            },
            dice.below(1 << 40),
            dice.pick(&[0.0, 0.3, 0.5, 1.0]),
        );
        let temper = dice.pick(&[0, 10, 60]);
        let outcome = |dice: &mut Dice| match dice.percent(temper / 2) {
            true => dice.pick(&[Outcome::Indeterminate, Outcome::Rejected, Outcome::Unsent]),
            false => Outcome::Acknowledged,
        };
        let outcomes: Vec<Outcome> = (0..ORDERS).map(|_| outcome(dice)).collect();
        let puts = (0..ORDERS)
            .map(|k| puts(&plan, k, outcomes[k as usize], temper, dice))
            .collect();
        let strangers = |dice: &mut Dice| {
            if dice.percent(temper / 2) {
                dice.below(3)
            } else {
                0
            }
        };
        let mut world = Self {
            foreign: strangers(dice),
            unreadable: strangers(dice) / 2,
            foreign_letters: strangers(dice),
            phantom: dice.percent(temper / 4),
            counters: BTreeMap::new(),
            looked_everywhere: !dice.percent(temper / 2),
            gate: dice.pick(&[Gate::Strict, Gate::Conserved]),
            plan,
            by_message,
            outcomes,
            puts,
        };
        for customer in ["c0", "c1", "c2"] {
            let wrong = if dice.percent(temper / 2) {
                dice.below(5) as i64 - 2
            } else {
                0
            };
            world.counters.insert(customer.into(), wrong);
        }
        world
    }

    /// Whether it is known what the queue calls the message of order `k`.
    pub(super) fn is_named(&self, k: u64) -> bool {
        let is_damaged = self.plan.kind(k) == Some(DAMAGED);
        match self.outcomes[k as usize] {
            Outcome::Acknowledged => self.by_message || is_damaged,
            Outcome::Indeterminate => is_damaged,
            Outcome::Rejected | Outcome::Unsent => false,
        }
    }

    /// Whether order `k` may have got a message whose id nobody knows.
    pub(super) fn is_nameless(&self, k: u64) -> bool {
        let outcome = self.outcomes[k as usize];
        let may_land = [Outcome::Acknowledged, Outcome::Indeterminate].contains(&outcome);
        self.by_message && may_land && !self.is_named(k)
    }

    /// Ids of messages in rows' keys that nobody knows, one for each time that such a row was put.
    fn stray_rows(&self) -> Vec<(u64, u8)> {
        let mut rows = Vec::new();
        for k in (0..ORDERS).filter(|_| self.by_message) {
            let puts = self.puts[k as usize].iter();
            rows.extend(puts.filter_map(|put| match put {
                Put::Invoice(number, _) if *number > 0 || !self.is_named(k) => Some((k, *number)),
                _ => None,
            }));
        }
        rows.extend((self.by_message && self.phantom).then_some((ORDERS, 0)));
        rows
    }

    /// How many such ids may be an order's, and how many rows are certainly nobody's: all of them where every message has
    /// a known id.
    pub(super) fn strays(&self) -> (u64, u64) {
        let rows = self.stray_rows();
        let ids = rows.iter().collect::<BTreeSet<_>>().len() as u64;
        match (0..ORDERS).filter(|&k| self.is_nameless(k)).count() as u64 {
            0 => (0, rows.len() as u64),
            nameless => (ids.min(nameless), ids.saturating_sub(nameless)),
        }
    }

    pub(super) fn order(&self, k: u64) -> Order {
        order(&self.plan, k)
    }
}

/// What becomes of order `k`.
fn puts(plan: &OrderPlan, k: u64, outcome: Outcome, temper: u64, dice: &mut Dice) -> Vec<Put> {
    let lines = order(plan, k).lines.len();
    let stored = |dice: &mut Dice| {
        let mut puts = vec![Put::Order(None), Put::Invoice(0, None)];
        puts.extend((0..lines).map(|at| Put::Line(at, None)));
        if dice.percent(50) {
            puts.reverse();
        }
        puts
    };
    let landed = match outcome {
        Outcome::Acknowledged => true,
        Outcome::Indeterminate => dice.percent(50),
        Outcome::Rejected | Outcome::Unsent => false,
    };
    let mut puts = match (landed, plan.kind(k)) {
        (false, _) => Vec::new(),
        (true, None) => stored(dice),
        (true, Some(NO_LINES)) => vec![Put::Rejected(None)],
        (true, Some(_)) => vec![Put::Letter(None)],
    };
    // What is left of a damaged order is compared with nothing: it stays where it belongs.
    if plan.kind(k) == Some(DAMAGED) || !dice.percent(temper) {
        return puts;
    }
    for _ in 0..=dice.below(3) {
        match dice.below(8) {
            0 if !puts.is_empty() => drop(puts.remove(dice.below(puts.len() as u64) as usize)),
            1 if !puts.is_empty() => {
                let at = dice.below(puts.len() as u64) as usize;
                puts[at] = changed(puts[at], dice.below(2) as u8);
            }
            2 if !puts.is_empty() => {
                let again = dice.pick(&puts);
                let odd = dice.percent(40);
                puts.push(if odd {
                    changed(again, dice.below(2) as u8)
                } else {
                    again
                });
            }
            3 => puts.push(Put::Letter(None)),
            4 => puts.push(Put::Rejected(None)),
            5 => puts.push(Put::Invoice(dice.below(3) as u8, None)),
            6 => puts.extend(stored(dice)),
            7 => puts.push(Put::Line(lines, None)),
            _ => {}
        }
    }
    puts
}

fn changed(put: Put, odd: u8) -> Put {
    let odd = Some(odd);
    match put {
        Put::Order(_) => Put::Order(odd),
        Put::Line(at, _) => Put::Line(at, odd),
        Put::Invoice(number, _) => Put::Invoice(number, odd),
        Put::Rejected(_) => Put::Rejected(odd),
        Put::Letter(_) => Put::Letter(odd),
    }
}
