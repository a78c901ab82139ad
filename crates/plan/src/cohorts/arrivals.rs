//! How many orders are sent in a slot, and at how many instants of it.

use std::time::Duration;

use orderproof_core::load::{Arrivals, Schedule};
use orderproof_machines::time::Nanos;

use super::chance::Chance;

/// Random arrivals are drawn in blocks of 1,024 orders with a fixed count (see `load::Schedule`), so the number of orders
/// sent is never far from the integral of the rate: on average over a block its variance is a sixth of the block.
const VARIANCE_MAX: f64 = 1_024.0 / 6.0;

/// The arrivals of a schedule, slot by slot.
#[derive(Debug)]
pub(super) struct Arriving {
    schedule: Schedule,
    slot_ns: Nanos,
    batch: u8,
    linger_s: f64,
    planned: u64,
    /// Orders that were due so far.
    due: u64,
    /// Those of them whose batch is not full yet.
    held: u64,
}

/// What arrives in one slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Arrived {
    pub(super) orders: u64,
    /// Instants at which they are sent.
    pub(super) dispatches: f64,
}

impl Arriving {
    pub(super) fn new(schedule: Schedule, slot_ns: Nanos, (batch, linger): (u8, Duration)) -> Self {
        Self {
            planned: schedule.count(),
            schedule,
            slot_ns,
            batch: batch.max(1),
            linger_s: linger.as_secs_f64(),
            due: 0,
            held: 0,
        }
    }

    /// Whether every order was sent.
    pub(super) fn is_over(&self) -> bool {
        self.due >= self.planned && self.held == 0
    }

    /// What is sent in this slot; slots are asked for in order.
    pub(super) fn of(&mut self, slot: u64, chance: &mut Chance) -> Arrived {
        let (begin, end) = (self.at(slot), self.at(slot + 1));
        let profile = self.schedule.profile();
        let left = self.planned - self.due;
        let behind = profile.integral(end) - self.due as f64;
        let is_last = end >= profile.duration();
        let came = match self.schedule.arrivals() {
            _ if is_last => left,
            Arrivals::Uniform => behind.max(0.0) as u64,
            Arrivals::Poisson => {
                let own = (profile.integral(end) - profile.integral(begin)).max(0.0);
                // What came too many or too few is made up for in the time of some hundred orders.
                let pull = (own / (2.0 * VARIANCE_MAX)).min(1.0);
                let mean = (own + (behind - own) * pull).max(0.0);
                chance.arrivals(mean, own.min(VARIANCE_MAX))
            }
        };
        let came = came.min(left);
        self.due += came;
        self.held += came;
        let size = self.dispatch(profile.rate(begin));
        let (orders, dispatches) = match is_last || size <= 1.0 {
            true => (self.held, (self.held as f64 / size).ceil()),
            false => {
                let dispatches = (self.held as f64 / size).floor();
                let orders = (dispatches * size).round() as u64;
                (orders.min(self.held), dispatches)
            }
        };
        self.held -= orders;
        Arrived { orders, dispatches }
    }

    /// How long an order that was sent in this slot waited for its batch, on average.
    pub(super) fn waited(&self, slot: u64) -> Duration {
        let most = f64::from(self.batch - 1);
        if most == 0.0 {
            return Duration::ZERO;
        }
        // It was sent when it was full or when its first order had waited long enough.
        let rate = self.schedule.profile().rate(self.at(slot));
        let fills_s = if rate > 0.0 {
            most / rate
        } else {
            self.linger_s
        };
        Duration::from_secs_f64(fills_s.min(self.linger_s) / 2.0)
    }

    /// When a slot begins.
    pub(super) fn at(&self, slot: u64) -> Duration {
        Duration::from_nanos(self.slot_ns.saturating_mul(slot))
    }

    /// Orders of a dispatch at this rate, on average.
    fn dispatch(&self, rate: f64) -> f64 {
        let in_time = rate * self.linger_s;
        let more = match self.schedule.arrivals() {
            Arrivals::Uniform => in_time.floor().min(f64::from(self.batch - 1)),
            Arrivals::Poisson => at_most(in_time, self.batch - 1),
        };
        1.0 + more
    }
}

/// The mean of a Poisson number that counts as `most` at most.
fn at_most(mean: f64, most: u8) -> f64 {
    if mean > 60.0 {
        return f64::from(most);
    }
    let (mut chance, mut below, mut sum) = ((-mean).exp(), 0.0, 0.0);
    for count in 0..most {
        below += chance;
        sum += f64::from(count) * chance;
        chance *= mean / f64::from(count + 1);
    }
    sum + f64::from(most) * (1.0 - below).max(0.0)
}

#[cfg(test)]
mod tests {
    use orderproof_core::load::Phase;

    use super::*;

    fn schedule(arrivals: Arrivals, rate: f64) -> Schedule {
        let phase = |start_rate: f64, seconds| Phase {
            name: "spike".into(),
            start_rate,
            end_rate: 2.0 * start_rate,
            duration: Duration::from_secs(seconds),
            warm_up: false,
        };
        Schedule::new(
            &[phase(rate, 10), phase(0.0, 5), phase(rate, 3)],
            arrivals,
            7,
        )
    }

    #[test]
    fn all_orders_arrive_when_they_are_due() {
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            for rate in [40.0, 3_000.0] {
                let schedule = schedule(arrivals, rate);
                let slot = 10_000_000;
                let mut chance = Chance::new(7);
                let mut arriving = Arriving::new(schedule.clone(), slot, (1, Duration::ZERO));
                let mut sum = 0;
                for place in 0..1_800 {
                    let arrived = arriving.of(place, &mut chance);
                    sum += arrived.orders;
                    assert_eq!(arrived.dispatches, arrived.orders as f64);
                    let due = schedule.profile().integral(arriving.at(place + 1));
                    assert!(
                        (sum as f64 - due).abs() < 70.0,
                        "{arrivals:?} {rate} {place}"
                    );
                }
                assert_eq!(sum, schedule.count());
                assert!(arriving.is_over());
            }
        }
    }

    #[test]
    fn dispatches_are_as_large_as_the_schedules() {
        for arrivals in [Arrivals::Uniform, Arrivals::Poisson] {
            for (batch, linger_ms, rate) in [(10, 5, 500.0), (10, 1, 500.0), (4, 50, 900.0)] {
                let linger = Duration::from_millis(linger_ms);
                let schedule = schedule(arrivals, rate);
                let dispatches = schedule.dispatches(batch, linger);
                let (count, orders) = dispatches
                    .filter(|dispatch| dispatch.due < Duration::from_secs(2))
                    .fold((0.0, 0.0), |(count, orders), dispatch| {
                        (count + 1.0, orders + f64::from(dispatch.count))
                    });
                let slot = 10_000_000;
                let mut arriving = Arriving::new(schedule, slot, (batch, linger));
                let mut chance = Chance::new(7);
                let (mut cohorts, mut all) = (0.0, 0.0);
                for place in 0..200 {
                    let arrived = arriving.of(place, &mut chance);
                    cohorts += arrived.dispatches;
                    all += arrived.orders as f64;
                }
                let (exact, estimate): (f64, f64) = (orders / count, all / cohorts);
                assert!(
                    (estimate / exact - 1.0).abs() < 0.06,
                    "{arrivals:?} {batch} {linger_ms}: {exact} {estimate}"
                );
            }
        }
    }
}
