//! Which orders the faults of a run strike: a pure function of the seed.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand_xoshiro::rand_core::Rng;
use roaring::RoaringBitmap;

use super::find::{order_of_body, order_of_row};
use crate::order::{OrderPlan, Stream, generator, unit_interval};
use crate::records::Item;
use crate::scenario::{Fault, FaultExtent, FaultKind, FaultPlace, FaultTarget, Scenario};

/// Orders among which a partner is looked for: where so many in a row are struck there is none to find.
const PARTNERS_TRIED: usize = 10_000;

/// Draws after which so many distinct orders are taken not to exist.
const DRAWS_PER_ORDER: u64 = 1_000;

/// A fault cannot be planned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "fault `{kind}` is to strike {wanted} orders, and only {found} of the {planned} planned can be \
     struck; lower its count"
)]
pub struct FaultError {
    kind: &'static str,
    wanted: u64,
    found: u64,
    planned: u64,
}

/// The faults of a run.
#[derive(Debug)]
pub struct FaultPlan {
    orders: OrderPlan,
    planned: u64,
    faults: Vec<PlannedFault>,
}

#[derive(Debug)]
struct PlannedFault {
    fault: Fault,
    /// The orders it may strike at all: those due in its phase.
    range: Range<u64>,
    victims: Victims,
    /// How often each order was struck.
    struck: Mutex<HashMap<u32, u32>>,
}

#[derive(Debug)]
enum Victims {
    These(RoaringBitmap),
    Share { index: u64, share: f64 },
}

impl FaultPlan {
    /// Chooses the victims among the orders `0..planned` of a scenario.
    ///
    /// # Errors
    /// When a count is larger than the number of orders that can be struck.
    pub fn new(scenario: &Scenario, orders: OrderPlan, planned: u64) -> Result<Self, FaultError> {
        let faults = (0..)
            .zip(&scenario.faults)
            .map(|(index, fault)| {
                let range = match &fault.phase {
                    Some(phase) => orders_of_phase(scenario, phase),
                    None => 0..planned,
                };
                Ok(PlannedFault {
                    victims: victims(fault, index, &orders, &range)?,
                    range,
                    fault: fault.clone(),
                    struck: Mutex::default(),
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            orders,
            planned,
            faults,
        })
    }

    /// Whether any fault of `kind` is configured at all.
    pub fn has(&self, kind: FaultKind) -> bool {
        self.faults.iter().any(|fault| fault.fault.kind == kind)
    }

    /// Whether any fault sits at `place`.
    pub fn has_at(&self, place: FaultPlace) -> bool {
        let mut places = self.faults.iter().map(|fault| fault.fault.kind.place());
        places.any(|at| at == place)
    }

    /// Whether order `k` is struck by a fault of `kind`; if so, the strike is counted.
    pub fn strikes(&self, kind: FaultKind, k: u64) -> bool {
        self.strike(kind, k).is_some()
    }

    /// The same, with the fault's delay.
    pub fn strike(&self, kind: FaultKind, k: u64) -> Option<Duration> {
        let k32 = u32::try_from(k).ok()?;
        let mut delay = None;
        for fault in self.faults.iter().filter(|fault| fault.fault.kind == kind) {
            if k < self.planned && fault.can_strike(k32, self.orders.seed) && fault.count(k32) {
                delay = Some(fault.fault.delay);
            }
        }
        delay
    }

    /// The same for the order in a message body; a body without an order is never struck.
    pub fn strike_body(&self, kind: FaultKind, body: &str) -> Option<Duration> {
        match self.has(kind) {
            true => self.strike(kind, order_of_body(&self.orders, body)?),
            false => None,
        }
    }

    /// The same for the order of a row; a row without an order is never struck.
    pub fn strike_row(&self, kind: FaultKind, table: &str, item: &Item) -> Option<Duration> {
        match self.has(kind) {
            true => self.strike(kind, order_of_row(&self.orders, self.planned, table, item)?),
            false => None,
        }
    }

    /// Another good order that no fault of this kind strikes, the next one if there is any.
    pub fn partner(&self, kind: FaultKind, k: u64) -> Option<u64> {
        let spared = |k: u64| {
            let of_kind = |fault: &&PlannedFault| fault.fault.kind == kind;
            let struck = |fault: &PlannedFault| fault.can_strike(k as u32, self.orders.seed);
            !self.orders.is_bad(k) && !self.faults.iter().filter(of_kind).any(struck)
        };
        (k + 1..self.planned)
            .chain(0..k)
            .take(PARTNERS_TRIED)
            .find(|&other| spared(other))
    }

    /// The orders it strikes at.
    pub fn orders(&self) -> &OrderPlan {
        &self.orders
    }

    /// What goes wrong with the harness itself, by the order whose due instant brings it about.
    pub fn harness(&self) -> Vec<(u64, FaultKind, Duration)> {
        let mut strikes = Vec::new();
        for fault in &self.faults {
            let Fault { kind, delay, .. } = fault.fault;
            if kind.place() == FaultPlace::Harness {
                let struck = |&k: &u64| fault.can_strike(k as u32, self.orders.seed);
                let victims = fault.range.clone().filter(struck);
                strikes.extend(victims.map(|k| (k, kind, delay)));
            }
        }
        strikes.sort_unstable();
        strikes
    }

    /// Orders struck so far, by kind; a configured kind is listed even with none.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        let mut struck = BTreeMap::new();
        for fault in &self.faults {
            let orders = fault.struck.lock().unwrap_or_else(PoisonError::into_inner);
            *struck
                .entry(fault.fault.kind.as_str().to_owned())
                .or_default() += orders.len() as u64;
        }
        struck
    }
}

impl PlannedFault {
    fn can_strike(&self, k: u32, seed: u64) -> bool {
        self.range.contains(&u64::from(k))
            && match self.victims {
                Victims::These(ref orders) => orders.contains(k),
                Victims::Share { index, share } => {
                    let mut rng = generator(seed, Stream::Faults, share_counter(index, k));
                    unit_interval(rng.next_u64()) < share
                }
            }
    }

    /// Counts a strike; false if the order has been struck as often as it may be.
    fn count(&self, k: u32) -> bool {
        let mut struck = self.struck.lock().unwrap_or_else(PoisonError::into_inner);
        let times = struck.entry(k).or_default();
        let strikes = self.fault.times.is_none_or(|most| *times < most);
        *times += u32::from(strikes);
        strikes
    }
}

/// The orders due in a phase: due instants ascend with the order.
fn orders_of_phase(scenario: &Scenario, name: &str) -> Range<u64> {
    let schedule = scenario.schedule();
    let position = scenario.phases.iter().position(|phase| phase.name == name);
    let Some(index) = position else { return 0..0 };
    let (start, end) = schedule.profile().phase_span(index);
    let before = |at: Duration| {
        let due = schedule.iter_from(0).take_while(|(_, due)| *due < at);
        due.count() as u64
    };
    before(start)..before(end)
}

/// The random numbers of order `k` under fault `index`, apart from those that choose a count's victims.
fn share_counter(index: u64, k: u32) -> u64 {
    ((index + 1) << 32) | u64::from(k)
}

fn victims(
    fault: &Fault,
    index: u64,
    orders: &OrderPlan,
    range: &Range<u64>,
) -> Result<Victims, FaultError> {
    let wanted = match fault.extent {
        FaultExtent::Share(share) => return Ok(Victims::Share { index, share }),
        FaultExtent::Count(wanted) => wanted,
    };
    // Of a message without an id nobody on its way can tell that it is struck.
    let is_found = |k| !fault.kind.place().finds_by_body() || !orders.may_hold_no_id(k);
    let is_target = |k: u64| match fault.kind.target() {
        FaultTarget::Any => true,
        FaultTarget::Good => !orders.is_bad(k),
        FaultTarget::Bad => orders.is_bad(k),
    };
    let planned = range.end - range.start;
    let mut rng = generator(orders.seed, Stream::Faults, index);
    let mut chosen = RoaringBitmap::new();
    let mut draws = DRAWS_PER_ORDER.saturating_mul(wanted.min(planned).saturating_add(1));
    while chosen.len() < wanted.min(planned) && draws > 0 {
        draws -= 1;
        let k = range.start + rng.next_u64() % planned;
        if is_target(k) && is_found(k) {
            chosen.insert(u32::try_from(k).expect("a run has at most a billion orders"));
        }
    }
    if chosen.len() < wanted {
        return Err(FaultError {
            kind: fault.kind.as_str(),
            wanted,
            found: chosen.len(),
            planned,
        });
    }
    Ok(Victims::These(chosen))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
