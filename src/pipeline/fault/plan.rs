//! Which orders the faults of a run strike: a pure function of the seed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rand_xoshiro::rand_core::Rng;
use roaring::RoaringBitmap;

use crate::order::{OrderId, OrderPlan, Stream, generator, unit_interval};
use crate::scenario::{Fault, FaultExtent, FaultKind};

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

/// The word for a kind of fault, as in scenario files.
pub fn kind_name(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::MessageVanishes => "message_vanishes",
        FaultKind::WriteLost => "write_lost",
        FaultKind::RowAltered => "row_altered",
    }
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
    kind: FaultKind,
    victims: Victims,
    struck: Mutex<RoaringBitmap>,
}

#[derive(Debug)]
enum Victims {
    These(RoaringBitmap),
    Share { index: u64, share: f64 },
}

impl FaultPlan {
    /// Chooses the victims among the orders `0..planned`.
    ///
    /// A fault that strikes a written row chooses among good orders: a bad one has no row.
    ///
    /// # Errors
    /// When a count is larger than the number of orders that can be struck.
    pub fn new(faults: &[Fault], orders: OrderPlan, planned: u64) -> Result<Self, FaultError> {
        let faults = (0..)
            .zip(faults)
            .map(|(index, fault)| {
                Ok(PlannedFault {
                    kind: fault.kind,
                    victims: victims(fault, index, &orders, planned)?,
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
        self.faults.iter().any(|fault| fault.kind == kind)
    }

    /// Whether the order of this number is struck by a fault of `kind`; if so, the strike is counted
    /// (once an order, however often it comes by).
    pub fn strikes(&self, kind: FaultKind, order_number: u64) -> bool {
        let Some(k) = OrderId::sequence_in(self.orders.run, order_number) else {
            return false;
        };
        let Ok(k32) = u32::try_from(k) else {
            return false;
        };
        if k >= self.planned {
            return false;
        }
        let mut strikes = false;
        for fault in self.faults.iter().filter(|fault| fault.kind == kind) {
            if fault.victims.contains(k32, self.orders.seed) {
                let mut struck = fault.struck.lock().unwrap_or_else(PoisonError::into_inner);
                struck.insert(k32);
                strikes = true;
            }
        }
        strikes
    }

    /// Whether a message with this body vanishes on its way into the queue.
    pub fn message_vanishes(&self, body: &str) -> bool {
        order_number_of(body).is_some_and(|number| self.strikes(FaultKind::MessageVanishes, number))
    }

    /// Orders struck so far, by kind; a configured kind is listed even with none.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        let mut struck = BTreeMap::new();
        for fault in &self.faults {
            let orders = fault.struck.lock().unwrap_or_else(PoisonError::into_inner);
            *struck.entry(kind_name(fault.kind).to_owned()).or_default() += orders.len();
        }
        struck
    }
}

impl Victims {
    fn contains(&self, k: u32, seed: u64) -> bool {
        match *self {
            Self::These(ref orders) => orders.contains(k),
            Self::Share { index, share } => {
                let mut rng = generator(seed, Stream::Faults, share_counter(index, k));
                unit_interval(rng.next_u64()) < share
            }
        }
    }
}

/// The random numbers of order `k` under fault `index`, apart from those that choose a count's victims.
fn share_counter(index: u64, k: u32) -> u64 {
    ((index + 1) << 32) | u64::from(k)
}

fn victims(
    fault: &Fault,
    index: u64,
    orders: &OrderPlan,
    planned: u64,
) -> Result<Victims, FaultError> {
    let wanted = match fault.extent {
        FaultExtent::Share(share) => return Ok(Victims::Share { index, share }),
        FaultExtent::Count(wanted) => wanted,
    };
    let any_order = match fault.kind {
        FaultKind::MessageVanishes => true,
        FaultKind::WriteLost | FaultKind::RowAltered => false,
    };
    let mut rng = generator(orders.seed, Stream::Faults, index);
    let mut chosen = RoaringBitmap::new();
    let mut draws = DRAWS_PER_ORDER.saturating_mul(wanted.min(planned).saturating_add(1));
    while chosen.len() < wanted.min(planned) && draws > 0 {
        draws -= 1;
        let k = rng.next_u64() % planned;
        if any_order || !orders.is_bad(k) {
            chosen.insert(u32::try_from(k).expect("a run has at most a billion orders"));
        }
    }
    if chosen.len() < wanted {
        return Err(FaultError {
            kind: kind_name(fault.kind),
            wanted,
            found: chosen.len(),
            planned,
        });
    }
    Ok(Victims::These(chosen))
}

/// The order number in a message body, read from any JSON object that has one.
fn order_number_of(body: &str) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        order_number: u64,
    }

    serde_json::from_str::<Numbered>(body)
        .ok()
        .map(|numbered| numbered.order_number)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
