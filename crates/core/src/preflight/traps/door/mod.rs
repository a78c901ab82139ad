//! What stands before the queue: that it is there, hands on all orders, as they are expected, and may.

mod bus;
mod topic;

use serde_json::{Map, Value, json};

use super::Context;
use crate::order::{AttributeText, Door, OrderPlan};
use crate::preflight::check::{Check, Trap, Weight};
use crate::preflight::door::{DoorFacts, FailureQueue, ServerFacts, looks_into};
use crate::preflight::facts::{Known, QueueFacts};
use crate::preflight::pattern::{Takes, takes};
use crate::preflight::policy::Sending;

/// Orders that are held against a filter.
const LOOKED_AT: u64 = 500;

pub(super) fn inspect(context: &Context<'_>, checks: &mut Vec<Check>) {
    match (&context.facts.door, &context.scenario.sending.to) {
        (Some(DoorFacts::Topic(facts)), Door::Sns(topic)) => {
            if let Some(facts) = there(context, facts, checks) {
                topic::inspect(context, facts, topic, checks);
            }
        }
        (Some(DoorFacts::Bus(facts)), Door::Eventbridge(bus)) => {
            if let Some(facts) = there(context, facts, checks) {
                bus::inspect(context, facts, bus, checks);
            }
        }
        (Some(DoorFacts::Server(facts)), Door::Http(_)) => checks.push(server(context, facts)),
        _ => {}
    }
}

/// What is known of a door, if it is there.
fn there<'f, T>(
    context: &Context<'_>,
    facts: &'f Known<T>,
    checks: &mut Vec<Check>,
) -> Option<&'f T> {
    let door = context.scenario.sending.to.in_words();
    let (message, cure) = match facts {
        Known::Is(facts) => {
            checks.push(Check::well(Trap::Door, format!("{door} is there")));
            return Some(facts);
        }
        Known::Absent => (
            format!(
                "{door} is not there in {}: no order would be accepted",
                context.facts.place.region
            ),
            "create it, or name another one under [sending]",
        ),
        Known::Unknown(why) => {
            checks.push(Check::unknown(Trap::Door, &format!("{door}: {why}")));
            return None;
        }
    };
    checks.push(Check::found(Trap::Door, Weight::Void, message, cure));
    None
}

fn server(context: &Context<'_>, facts: &ServerFacts) -> Check {
    let host = &facts.host;
    match &facts.connects {
        Known::Is(true) => Check::well(
            Trap::Door,
            format!(
                "{host} takes connections; whether it puts orders on {} was not checked: any request could be an order",
                context.target.resources.orders_queue
            ),
        ),
        Known::Is(false) => Check::found(
            Trap::Door,
            Weight::Void,
            format!("{host} takes no connection: no order would be accepted"),
            "start the server, or mend the host and port in [sending.http] url",
        ),
        Known::Absent => Check::unknown(Trap::Door, &format!("{host} was not tried")),
        Known::Unknown(why) => Check::unknown(Trap::Door, &format!("{host}: {why}")),
    }
}

/// Whether the queue lets the door send, by its policy.
fn policy(
    context: &Context<'_>,
    queue: &QueueFacts,
    service: &str,
    source: &str,
    checks: &mut Vec<Check>,
) {
    let sending = Sending {
        service,
        source,
        queue: &queue.arn,
    };
    let lets = queue
        .policy
        .as_ref()
        .map_or(Takes::No, |policy| sending.is_let_by(policy));
    let name = &queue.name;
    checks.push(match lets {
        Takes::Yes => Check::well(Trap::QueuePolicy, format!("{name} lets {source} send to it")),
        Takes::Unsure => Check::unknown(
            Trap::QueuePolicy,
            &format!("whether {name} lets {source} send hangs on conditions that are not known here"),
        ),
        Takes::No => {
            let told = match &queue.policy {
                None => format!("{name} has no policy"),
                Some(_) => format!("the policy of {name} does not allow it"),
            };
            // Endpoints that imitate AWS do not ask for one.
            let weight = match context.facts.place.loopback {
                true => Weight::Caution,
                false => Weight::Void,
            };
            Check::found(
                Trap::QueuePolicy,
                weight,
                format!(
                    "{told}, and on AWS {service} may send to it only where its policy says so: what {source} accepts \
                     would never arrive"
                ),
                format!(
                    "allow sqs:SendMessage on the queue to {service}, with aws:SourceArn {source}"
                ),
            )
        }
    });
}

/// Where that ends which the door cannot hand on.
fn failures(
    context: &Context<'_>,
    door: &str,
    failures: Option<&FailureQueue>,
    gives_up: &str,
    checks: &mut Vec<Check>,
) {
    let Some(failures) = failures else {
        checks.push(Check::found(
            Trap::FailureQueue,
            Weight::Caution,
            format!(
                "{door} has no dead-letter queue: what the queue refuses, or cannot be handed on {gives_up}, is gone without a trace"
            ),
            "give it one, and let orders end there ([[ends.NAME.letters]] queue)",
        ));
        return;
    };
    let name = failures.name();
    checks.push(match &failures.messages {
        Known::Absent => Check::found(
            Trap::FailureQueue,
            Weight::Trap,
            format!("{door} puts what it cannot hand on into {name}, which is not there: it is gone"),
            "create that queue, or name another one",
        ),
        _ if !looks_into(context.scenario, context.target, name) => Check::found(
            Trap::FailureQueue,
            Weight::Caution,
            format!(
                "{door} puts what it cannot hand on into {name}, and the run does not look there: an order that is not \
                 seen stays undecided"
            ),
            "let orders end there, too ([[ends.NAME.letters]] queue), or use the queues' own dead-letter queue",
        ),
        Known::Unknown(why) => {
            Check::unknown(Trap::FailureQueue, &format!("{name}, of {door}: {why}"))
        }
        Known::Is(messages @ 1..) => Check::found(
            Trap::FailureQueue,
            Weight::Caution,
            format!("{name}, of {door}, holds about {messages} messages already: some could not be handed on"),
            "look at one of them, and mend its cause first",
        ),
        Known::Is(0) => Check::well(
            Trap::FailureQueue,
            format!("{door} puts what it cannot hand on into {name}, where the run looks"),
        ),
    });
}

/// How many of the first orders a filter takes, leaves, or may take.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    yes: u64,
    no: u64,
    unsure: u64,
}

impl Taken {
    /// By the filter `text`; `message` is what it looks at of an order.
    fn of(
        context: &Context<'_>,
        text: &str,
        not_known: &[&str],
        message: impl Fn(&OrderPlan, u64) -> Option<Value>,
    ) -> Self {
        let mut taken = Self::default();
        let (Ok(filter), Some(plan)) = (serde_json::from_str::<Value>(text), context.plan()) else {
            return Self { unsure: 1, ..taken };
        };
        for k in 0..context.load.orders.min(LOOKED_AT) {
            let one = message(&plan, k).map_or(Takes::No, |one| takes(&filter, &one, not_known));
            match one {
                Takes::Yes => taken.yes += 1,
                Takes::No => taken.no += 1,
                Takes::Unsure => taken.unsure += 1,
            }
        }
        taken
    }

    /// What it means that `filter`, in words, takes so many.
    fn check(&self, filter: &str) -> Check {
        let all = self.yes + self.no + self.unsure;
        let cure = "let it take every order, or change what the scenario sends";
        match (self.yes, self.no, self.unsure) {
            (_, 0, 0) => Check::well(Trap::DoorFilter, format!("{filter} takes every order")),
            (0, _, 0) => Check::found(
                Trap::DoorFilter,
                Weight::Void,
                format!("{filter} takes none of the scenario's orders: none would reach the queue"),
                cure,
            ),
            (_, no @ 1.., _) => Check::found(
                Trap::DoorFilter,
                Weight::Trap,
                format!(
                    "{filter} leaves out {no} of the first {all} orders: they are accepted and never reach the queue"
                ),
                cure,
            ),
            (_, 0, unsure) => Check::unknown(
                Trap::DoorFilter,
                &format!("whether {filter} takes {unsure} of the first {all} orders"),
            ),
        }
    }
}

/// What an order carries beside its body, as a filter policy sees it.
fn attributes_of(plan: &OrderPlan, k: u64) -> Value {
    let attributes = plan.attributes(k).into_iter().map(|attribute| {
        let value = match &attribute.value {
            AttributeText::Text(text) => json!(text),
            AttributeText::Number(text) => serde_json::from_str(text).unwrap_or(json!(text)),
        };
        (attribute.name, value)
    });
    Value::Object(attributes.collect::<Map<_, _>>())
}

/// The body of an order, if it is JSON.
fn body_of(plan: &OrderPlan, k: u64) -> Option<Value> {
    let mut body = Vec::new();
    plan.write_body(k, &mut body);
    serde_json::from_slice(&body).ok()
}
