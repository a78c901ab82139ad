//! The resources of a scenario by what commands do with them, as ARNs. Pure.

use std::collections::BTreeSet;

use super::PolicyScope;
use crate::account::resource::{Resource, tables};
use crate::order::Door;
use crate::scenario::{AwsTarget, DeadLetterUse, ProcessorPlace, Scenario};

/// What an operation is called on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Every queue of the scenario.
    Queues,
    /// Every table of it.
    Tables,
    /// The orders queue, where orders are sent to it.
    OrdersQueue,
    /// The queues in which orders may end.
    LetterQueues,
    /// The dead-letter queue, where it is the run's own.
    OwnDeadLetters,
    /// The queues that functions of this process are fed from.
    PolledQueues,
    /// The queues of what topic or bus could not hand on, whose names no scenario says.
    FailureQueues,
    /// The tables whose rows are looked up by key.
    KeyedTables,
    /// The tables with rows that are written before an order is sent.
    TablesBefore,
    /// The table that the built-in function writes to, where it runs in this process.
    TableOfLab,
    /// The function, where it is at the target.
    Function,
    /// The topic that orders are sent to.
    Topic,
    /// The bus that orders are sent to.
    Bus,
    /// The rules of that bus.
    Rules,
    /// Operations of which IAM knows no resource.
    Anything,
    /// The same, asked where the function is at the target.
    AnythingOfFunction,
    /// The same, asked where orders are sent to a topic.
    AnythingOfTopic,
    /// The same, asked where orders are sent to a bus.
    AnythingOfBus,
}

const ANYTHING: &str = "*";

/// A scenario at a target.
pub(super) struct Meant<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) target: &'a AwsTarget,
    pub(super) place: &'a PolicyScope,
}

impl Meant<'_> {
    /// The ARNs of what is meant; none where the scenario has none of it.
    pub(super) fn arns(&self, on: On) -> BTreeSet<String> {
        let (scenario, names) = (self.scenario, &self.target.resources);
        let queue = |name: &str| self.place.arn("sqs", name);
        let table = |name: &str| self.place.arn("dynamodb", &format!("table/{name}"));
        let only = |arn: Option<String>| BTreeSet::from_iter(arn);
        let is_local = self.target.processor == ProcessorPlace::Local;
        let has_function = self.target.processor == ProcessorPlace::Lambda;
        let all = Resource::all(scenario, names);
        let anything = |asked: bool| only(asked.then(|| ANYTHING.to_owned()));
        match on {
            On::Queues => all
                .iter()
                .filter(|one| matches!(one, Resource::Queue(_)))
                .map(|one| queue(one.name()))
                .collect(),
            On::Tables => all
                .iter()
                .filter(|one| matches!(one, Resource::Table(_)))
                .map(|one| table(one.name()))
                .collect(),
            On::OrdersQueue => {
                let to_queue = scenario.sending.to.is_queue();
                only(to_queue.then(|| queue(&names.orders_queue)))
            }
            On::LetterQueues => {
                let letters = scenario.letter_queues(&scenario.order).into_iter();
                let letters = letters.map(|called| scenario.queue_name(called, names));
                let own = std::iter::once(names.dead_letter_queue.as_str());
                own.chain(letters).map(queue).collect()
            }
            On::OwnDeadLetters => {
                let own = self.target.dead_letters == DeadLetterUse::Own;
                only(own.then(|| queue(&names.dead_letter_queue)))
            }
            On::PolledQueues => {
                let orders = is_local.then_some(names.orders_queue.as_str());
                let fed = scenario.processors.values().filter(|_| is_local);
                let fed = fed.map(|function| scenario.queue_name(&function.queue, names));
                orders.into_iter().chain(fed).map(queue).collect()
            }
            On::FailureQueues => {
                let hands_on = self.topic().is_some() || self.bus().is_some();
                only(hands_on.then(|| queue(ANYTHING)))
            }
            On::KeyedTables => {
                let model = scenario.model().ok();
                let made_up = model.as_ref().map(|model| model.made_up_tables());
                let made_up = made_up.unwrap_or_default();
                let keyed = tables(scenario, names).into_iter();
                let keyed = keyed.filter(|table| !made_up.contains(table.called));
                keyed.map(|keyed| table(keyed.name)).collect()
            }
            On::TablesBefore => {
                let before = scenario.order.before.iter();
                before
                    .map(|row| table(names.table_name(&row.table)))
                    .collect()
            }
            On::TableOfLab => {
                let built_in = is_local && scenario.is_labs_order();
                let main = names.table_name(scenario.order.main_table());
                only(built_in.then(|| table(main)))
            }
            On::Function => {
                let name = format!("function:{}", self.target.function);
                only(has_function.then(|| self.place.arn("lambda", &name)))
            }
            On::Topic => only(self.topic().map(|topic| self.place.arn("sns", topic))),
            On::Bus => {
                let bus = |bus: &str| match bus.starts_with("arn:") {
                    true => bus.to_owned(),
                    false => self.place.arn("events", &format!("event-bus/{bus}")),
                };
                only(self.bus().map(bus))
            }
            On::Rules => only(self.bus().map(|bus| {
                // Rules of the default bus stand without its name.
                let rules = match bus.rsplit('/').next().unwrap_or_default() {
                    "default" => "rule/*".to_owned(),
                    bus => format!("rule/{bus}/*"),
                };
                self.place.arn("events", &rules)
            })),
            On::Anything => anything(true),
            On::AnythingOfFunction => anything(has_function),
            On::AnythingOfTopic => anything(self.topic().is_some()),
            On::AnythingOfBus => anything(self.bus().is_some()),
        }
    }

    fn topic(&self) -> Option<&str> {
        match &self.scenario.sending.to {
            Door::Sns(topic) => Some(&topic.topic),
            Door::Sqs | Door::Eventbridge(_) | Door::Http(_) => None,
        }
    }

    fn bus(&self) -> Option<&str> {
        match &self.scenario.sending.to {
            Door::Eventbridge(bus) => Some(&bus.bus),
            Door::Sqs | Door::Sns(_) | Door::Http(_) => None,
        }
    }
}
