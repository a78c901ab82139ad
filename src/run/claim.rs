//! The stores of a target elsewhere, for one run alone: nobody else of this machine is at work there, and nothing in them
//! carries one of the run's order numbers.

use std::time::{Duration, UNIX_EPOCH};

use super::admit::{in_words, refusal};
use super::attendant::Attendant;
use super::ids::random_run_id;
use super::site::{block_on, resolve};
use super::stores_lock::StoresLock;
use crate::clock;
use crate::error::Error;
use crate::order::OrderPlan;
use crate::preflight::{Check, IdSpace, Weight};
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario};
use crate::store::{StoreError, Stores, Target};

/// Run ids that are drawn before it is given up: of more than nine million, each but the first is a rare one.
const DRAWS: u32 = 4;

/// Stores that are the run's own.
pub struct Claim {
    /// Where they are.
    pub target: Target,
    /// What they held of the run before its first send.
    pub id_space: IdSpace,
    /// Nobody else of this machine comes near until this is dropped.
    _lock: StoresLock,
}

/// What is claimed.
pub struct Claimed<'a> {
    /// What is to be sent.
    pub scenario: &'a Scenario,
    /// Where.
    pub spec: &'a AwsTarget,
    /// Orders planned.
    pub planned: u64,
    /// The run id was given; otherwise another may be drawn.
    pub asked: bool,
    /// What goes on there, for others who want to.
    pub what: &'a str,
    /// No notes.
    pub quiet: bool,
}

/// Claims the stores for the run of `orders`, whose run id is another one afterwards if the first is in use.
///
/// # Errors
/// [`Error::Refused`] when another run is at work there, something carries an order number of the run, or the stores
/// cannot be read and the run id was given; nothing was sent. With an id drawn at random the run goes on, and
/// stores that cannot be read afterwards either lead to no verdict.
pub fn claim(
    claimed: &Claimed<'_>,
    orders: &mut OrderPlan,
    attendant: &dyn Attendant,
) -> Result<Claim, Error> {
    let target = resolve(claimed.spec, claimed.scenario)?;
    let lock = StoresLock::take(&target, claimed.what)?;
    let mut draws = DRAWS;
    let id_space = loop {
        let found = match block_on(async { Ok(look(&target, claimed, orders).await) })? {
            Ok(found) => found,
            Err(error) if claimed.asked => {
                return Err(Error::refused(format!(
                    "nothing was sent: whether the stores hold orders of an earlier run {} cannot be read: {error}",
                    orders.run
                )));
            }
            Err(error) => IdSpace::unread(orders.run, error.to_string(), now_us()),
        };
        draws -= 1;
        if !found.is_taken() || claimed.asked || draws == 0 {
            break found;
        }
        orders.run = random_run_id();
    };
    let checks = id_space.checks();
    let of_weight = |weight| {
        checks
            .iter()
            .filter(move |check: &&Check| check.weight == weight)
    };
    let void: Vec<String> = of_weight(Weight::Void).map(in_words).collect();
    if !void.is_empty() {
        return Err(refusal(&void));
    }
    for check in of_weight(Weight::Trap).filter(|_| !claimed.quiet) {
        attendant.note(&format!("trap: {}: {}", check.trap.as_str(), check.message));
    }
    Ok(Claim {
        target,
        id_space,
        _lock: lock,
    })
}

/// Looks for the run's order numbers. With a run id that was given the orders queue must be empty first, so that whatever an
/// earlier run left in it has become a row or a letter.
async fn look(
    target: &Target,
    claimed: &Claimed<'_>,
    orders: &OrderPlan,
) -> Result<IdSpace, StoreError> {
    let stores = Stores::new(target);
    let patience = match (claimed.asked, claimed.spec.processor) {
        (true, ProcessorPlace::Lambda | ProcessorPlace::External) => {
            claimed.scenario.settle_deadline
        }
        // A function that runs here has not been started yet: nobody empties the queue.
        (true, ProcessorPlace::Local) | (false, _) => Duration::ZERO,
    };
    let (queued, dead) = match claimed.asked {
        true => stores.until_idle(patience).await?,
        false => stores.counts().await?,
    };
    let letters = match claimed.asked && dead.total() > 0 {
        true => Some(stores.letters_before(orders).await?),
        false => None,
    };
    let rows = stores
        .rows_before(orders, claimed.planned, claimed.scenario.settle_deadline)
        .await?;
    Ok(IdSpace {
        run: orders.run,
        asked: claimed.asked,
        queued: queued.total(),
        dead_letters: dead.total(),
        rows,
        letters,
        unread: None,
        taken_at_us: now_us(),
    })
}

/// Microseconds since the Unix epoch.
fn now_us() -> u64 {
    let now = clock::wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}
