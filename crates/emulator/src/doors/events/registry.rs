//! The buses and their rules.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::arn::{self, DEFAULT};
use super::error::{EventsError, EventsErrorKind};
use super::rule::{Rule, Target};
use crate::doors::Doors;
use crate::doors::pattern::Pattern;

/// Quotas of EventBridge: buses, rules of a bus, targets of a rule.
const BUSES_MAX: usize = 100;
const RULES_MAX: usize = 300;
const TARGETS_MAX: usize = 5;

/// All buses, by name.
pub(in crate::doors) struct Buses(Mutex<State>);

#[derive(Default)]
pub(super) struct State {
    pub(super) buses: BTreeMap<String, Bus>,
    /// Tags of buses and rules, by ARN.
    pub(super) tags: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Default)]
pub(super) struct Bus {
    pub(super) description: Option<String>,
    pub(super) rules: BTreeMap<String, Ruled>,
}

/// A rule and its pattern, read.
pub(super) struct Ruled {
    pub(super) rule: Rule,
    pub(super) pattern: Pattern,
}

impl Default for Buses {
    fn default() -> Self {
        let mut state = State::default();
        state.buses.insert(DEFAULT.to_owned(), Bus::default());
        Self(Mutex::new(state))
    }
}

impl Buses {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(super) fn bus(&mut self, name: &str) -> Result<&mut Bus, EventsError> {
        let bus = self.buses.get_mut(name);
        bus.ok_or_else(|| EventsError::no_bus(name))
    }

    pub(super) fn rule(&mut self, bus: &str, name: &str) -> Result<&mut Rule, EventsError> {
        let ruled = self.bus(bus)?.rules.get_mut(name);
        let ruled = ruled.ok_or_else(|| EventsError::no_rule(name, bus))?;
        Ok(&mut ruled.rule)
    }
}

impl Doors {
    /// Creates an event bus beside `default`.
    ///
    /// # Errors
    /// When the name is none, or there is a bus of this name.
    pub fn create_event_bus(
        &self,
        name: &str,
        description: Option<String>,
    ) -> Result<(), EventsError> {
        arn::check_name("Name", name, 256)?;
        check_description(description.as_deref())?;
        let mut state = self.0.buses.lock();
        if state.buses.contains_key(name) {
            return Err(EventsError::new(
                EventsErrorKind::ResourceAlreadyExists,
                format!("Event bus {name} already exists."),
            ));
        }
        if state.buses.len() == BUSES_MAX {
            return Err(limit(format!("{BUSES_MAX} event buses are the most")));
        }
        let bus = Bus {
            description,
            ..Bus::default()
        };
        state.buses.insert(name.to_owned(), bus);
        Ok(())
    }

    /// The ARN of the event bus of this name.
    pub fn event_bus_arn(&self, name: &str) -> String {
        arn::of_bus(self.site(), name)
    }

    /// Creates a rule with its targets, or puts it in the place of the one of its name, whose targets it keeps beside its
    /// own.
    ///
    /// # Errors
    /// When there is no such bus, the pattern is none, or a target is not one.
    pub fn put_rule(&self, rule: Rule) -> Result<(), EventsError> {
        arn::check_name("Name", &rule.name, 64)?;
        check_description(rule.description.as_deref())?;
        let pattern = rule.parsed()?;
        let mut state = self.0.buses.lock();
        let rules = &mut state.bus(&rule.bus)?.rules;
        if rules.len() == RULES_MAX && !rules.contains_key(&rule.name) {
            return Err(limit(format!(
                "{RULES_MAX} rules of an event bus are the most"
            )));
        }
        let before = rules.get(&rule.name);
        let before = before.map_or_else(Vec::new, |before| before.rule.targets.clone());
        let targets = with(before, rule.targets.clone(), &rule.name)?;
        let rule = Rule { targets, ..rule };
        rules.insert(rule.name.clone(), Ruled { rule, pattern });
        Ok(())
    }

    /// Adds targets to a rule; one of the same id is replaced.
    pub(super) fn put_targets(
        &self,
        bus: &str,
        rule: &str,
        targets: Vec<Target>,
    ) -> Result<(), EventsError> {
        let mut state = self.0.buses.lock();
        let rule = state.rule(bus, rule)?;
        rule.targets = with(rule.targets.clone(), targets, &rule.name)?;
        Ok(())
    }
}

/// The targets of a rule with some more.
fn with(mut all: Vec<Target>, more: Vec<Target>, rule: &str) -> Result<Vec<Target>, EventsError> {
    for target in more {
        target.check()?;
        match all.iter_mut().find(|existing| existing.id == target.id) {
            Some(existing) => *existing = target,
            None => all.push(target),
        }
    }
    match all.len() <= TARGETS_MAX {
        true => Ok(all),
        false => Err(limit(format!(
            "The requested resource exceeds the maximum number allowed: {TARGETS_MAX} targets of rule {rule}"
        ))),
    }
}

fn check_description(description: Option<&str>) -> Result<(), EventsError> {
    match description.is_none_or(|text| text.chars().count() <= 512) {
        true => Ok(()),
        false => Err(EventsError::invalid(
            "Description must have at most 512 characters.",
        )),
    }
}

fn limit(message: String) -> EventsError {
    EventsError::new(EventsErrorKind::LimitExceeded, message)
}
