//! Rules that end the sending. Each counts the orders that break it, and is surely broken when no later order can change that.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::ledger::Outcome;
use crate::load::Schedule;
use crate::results::Aborted;
use crate::scenario::{Condition, Counted, Metric, Rule, Scenario};
use crate::verdict::Class;

/// The rules of a run that its senders can see broken.
#[derive(Debug)]
pub(super) struct Alarms {
    alarms: Vec<Alarm>,
    /// The end of each phase but the last, which has none.
    phase_ends: Vec<Duration>,
    broken: OnceLock<Aborted>,
}

/// What became of the sending of one order.
#[derive(Debug, Clone, Copy)]
pub(super) struct SentOrder {
    pub(super) intended_at: Duration,
    pub(super) schedule_lag: Duration,
    pub(super) response_time: Duration,
    pub(super) service_time: Duration,
    pub(super) outcome: Outcome,
}

#[derive(Debug)]
struct Alarm {
    rule: Rule,
    /// The phases whose orders count.
    phases: Vec<bool>,
    /// Orders that are due in them.
    planned: u64,
    /// Those that speak against it.
    against: AtomicU64,
}

impl Alarms {
    /// Of the rules of `scenario` that end the sending.
    pub(super) fn new(scenario: &Scenario, schedule: &Schedule) -> Self {
        let phases = scenario.phases.len();
        let profile = schedule.profile();
        let inner = 0..phases.saturating_sub(1);
        let phase_ends: Vec<_> = inner.map(|index| profile.phase_span(index).1).collect();
        let seen = |rule: &&Rule| rule.abort && is_of_sending(&rule.condition);
        let rules = scenario.expect.rules.iter().filter(seen);
        let alarms = rules.map(|rule| {
            let counts = |phase: &crate::load::Phase| match (&rule.phase, rule.condition) {
                (Some(name), _) => phase.name == *name,
                (None, Condition::Count(..)) => true,
                (None, _) => !phase.warm_up,
            };
            let phases: Vec<bool> = scenario.phases.iter().map(counts).collect();
            let due = (0..phases.len()).filter(|&index| phases[index]);
            Alarm {
                planned: due.map(|index| due_in(schedule, &phase_ends, index)).sum(),
                rule: rule.clone(),
                phases,
                against: AtomicU64::new(0),
            }
        });
        Self {
            alarms: alarms.collect(),
            phase_ends,
            broken: OnceLock::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.alarms.is_empty()
    }

    /// Counts an order, of which everything was known `at`; true once a rule is surely broken.
    pub(super) fn settled(&self, order: &SentOrder, at: Duration) -> bool {
        let phase = self.phase_ends.iter();
        let phase = phase.take_while(|&&end| end <= order.intended_at).count();
        for alarm in &self.alarms {
            if !alarm.phases[phase] || !alarm.is_against(order) {
                continue;
            }
            let against = alarm.against.fetch_add(1, Ordering::Relaxed) + 1;
            if alarm.is_broken(against) {
                let rule = alarm.rule.text.clone();
                self.broken.get_or_init(|| Aborted { rule, at });
            }
        }
        self.broken.get().is_some()
    }

    /// The rule that was broken first.
    pub(super) fn broken(&self) -> Option<&Aborted> {
        self.broken.get()
    }
}

fn is_of_sending(condition: &Condition) -> bool {
    match condition {
        Condition::Count(counted, _) => *counted == Counted::Class(Class::Rejected),
        Condition::Duration(..) | Condition::Share(..) => true,
        _ => false,
    }
}

/// How many orders are due in a phase.
fn due_in(schedule: &Schedule, phase_ends: &[Duration], index: usize) -> u64 {
    let before = |at: Duration| {
        let (mut low, mut high) = (0, schedule.count());
        while low < high {
            let middle = low + (high - low) / 2;
            match schedule.due(middle) < at {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    };
    let begin = index
        .checked_sub(1)
        .map_or(0, |last| before(phase_ends[last]));
    let end = phase_ends.get(index);
    end.map_or(schedule.count(), |&end| before(end)) - begin
}

impl Alarm {
    fn is_against(&self, order: &SentOrder) -> bool {
        let acknowledged = order.outcome == Outcome::Acknowledged;
        match self.rule.condition {
            Condition::Duration(metric, bound) => match metric {
                Metric::ResponseTime(_) => acknowledged && !bound.holds(order.response_time),
                Metric::ServiceTime(_) => acknowledged && !bound.holds(order.service_time),
                Metric::ScheduleLag(_) => !bound.holds(order.schedule_lag),
                Metric::EndToEnd(_) | Metric::Drain => false,
            },
            Condition::Share(..) => !acknowledged,
            Condition::Count(..) => order.outcome == Outcome::Rejected,
            _ => false,
        }
    }

    /// Whether the rule is broken whatever becomes of the others: were they all as they should be.
    fn is_broken(&self, against: u64) -> bool {
        match self.rule.condition {
            Condition::Duration(metric, _) => {
                let quantile = metric.quantile().unwrap_or(1.0);
                let within = (quantile * self.planned as f64).floor() as u64;
                against > self.planned.saturating_sub(within)
            }
            Condition::Share(_, bound) => bound.is_past(against as f64 / self.planned as f64),
            Condition::Count(_, bound) => bound.is_past(against),
            _ => false,
        }
    }
}

#[cfg(test)]
#[path = "alarm_tests.rs"]
mod tests;
