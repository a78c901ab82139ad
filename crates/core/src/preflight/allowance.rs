//! Whether load may be sent: the guard before every run at what is not on loopback.

use serde::Serialize;

use super::facts::{Facts, Known, Tags};
use super::{Estimate, QueueFacts, TableFacts};
use crate::scenario::{AwsTarget, DeadLetterUse, Scenario};

/// The tag that queue and table must carry.
pub const ALLOWED_TAG: &str = "orderproof";
/// Its value.
pub const ALLOWED_VALUE: &str = "allowed";

/// What the guard looks at; all that is read of the target is read anew before each run.
#[derive(Debug, Clone, Copy)]
pub struct GuardInput<'a> {
    /// Whose functions are fed from the target's queues.
    pub scenario: &'a Scenario,
    /// What was read of the target.
    pub facts: &'a Facts,
    /// What the scenario says of it, with its ceilings.
    pub target: &'a AwsTarget,
    /// What the run costs.
    pub estimate: &'a Estimate,
}

/// Why no load may be sent.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// A queue or the table does not carry the tag.
    #[error(
        "{resource} does not carry the tag {ALLOWED_TAG}={ALLOWED_VALUE}: tag it if load may be sent there"
    )]
    NotAllowed {
        /// Which.
        resource: String,
    },
    /// Its tags could not be read.
    #[error(
        "the tags of {resource} could not be read ({why}), so nobody knows whether load may be sent there"
    )]
    TagsUnknown {
        /// Which.
        resource: String,
        /// Why.
        why: String,
    },
    /// Whose account it is could not be read.
    #[error("the account could not be read ({why}), so nobody can say whose it is")]
    AccountUnknown {
        /// Why.
        why: String,
    },
    /// Counts of AWS would be taken for exact ones.
    #[error(
        "exact_counts holds on loopback only, and a verdict must not rest on it elsewhere: leave it out"
    )]
    ExactCounts,
    /// More orders than the ceiling.
    #[error(
        "the run sends {orders} orders and max_orders is {max_orders}: shorten it, or raise --max-orders \
         knowingly"
    )]
    TooManyOrders {
        /// Planned.
        orders: u64,
        /// The ceiling.
        max_orders: u64,
    },
    /// Dearer than the ceiling.
    #[error(
        "the run is estimated at ${usd:.2} and max_usd is ${max_usd:.2}: shorten it, or raise --max-usd \
         knowingly"
    )]
    TooExpensive {
        /// Estimated.
        usd: f64,
        /// The ceiling.
        max_usd: f64,
    },
}

/// Every reason why no load may be sent; none on loopback.
pub fn guard(input: GuardInput<'_>) -> Vec<Refusal> {
    let GuardInput {
        scenario,
        facts,
        target,
        estimate,
    } = input;
    if facts.place.loopback {
        return Vec::new();
    }
    let mut refusals = Vec::new();
    if !matches!(facts.place.account, Known::Is(_)) {
        refusals.push(Refusal::AccountUnknown {
            why: why(&facts.place.account),
        });
    }
    let queue_tags = |queue: &str, facts: &Known<QueueFacts>| {
        let tags = match facts {
            Known::Is(queue) => queue.tags.clone(),
            other => Known::Unknown(why(other)),
        };
        (queue.to_owned(), tags)
    };
    let mut tagged = vec![queue_tags("the orders queue", &facts.orders_queue)];
    if target.dead_letters == DeadLetterUse::Own {
        tagged.push(queue_tags(
            "the dead-letter queue",
            &facts.dead_letter_queue,
        ));
    }
    // A function of this process deletes what it has taken from its queue.
    for function in scenario.processors.values() {
        let called = &function.queue;
        let name = scenario.queue_name(called, &target.resources);
        let name = format!("the queue {name}");
        if let Some(queue) = facts.queue_called(called, scenario) {
            tagged.push(queue_tags(&name, queue));
        }
    }
    let table_tags = |table: String, facts: &Known<TableFacts>| {
        let tags = match facts {
            Known::Is(table) => table.tags.clone(),
            other => Known::Unknown(why(other)),
        };
        (table, tags)
    };
    tagged.push(table_tags("the table".into(), &facts.table));
    let further = facts.further_tables.iter();
    let named = |called: &String| format!("the table {}", target.resources.table_name(called));
    tagged.extend(further.map(|(called, table)| table_tags(named(called), table)));
    refusals.extend(
        tagged
            .into_iter()
            .filter_map(|(resource, tags)| not_allowed(&resource, &tags)),
    );
    if target.exact_counts {
        refusals.push(Refusal::ExactCounts);
    }
    if estimate.orders > target.max_orders {
        refusals.push(Refusal::TooManyOrders {
            orders: estimate.orders,
            max_orders: target.max_orders,
        });
    }
    // What is no number is above every ceiling.
    if estimate.usd.is_nan() || estimate.usd > target.max_usd {
        refusals.push(Refusal::TooExpensive {
            usd: estimate.usd,
            max_usd: target.max_usd,
        });
    }
    refusals
}

fn not_allowed(resource: &str, tags: &Known<Tags>) -> Option<Refusal> {
    let resource = resource.to_owned();
    match tags {
        Known::Is(tags)
            if tags
                .get(ALLOWED_TAG)
                .is_some_and(|value| value == ALLOWED_VALUE) =>
        {
            None
        }
        Known::Is(_) | Known::Absent => Some(Refusal::NotAllowed { resource }),
        Known::Unknown(why) => Some(Refusal::TagsUnknown {
            resource,
            why: why.clone(),
        }),
    }
}

fn why<T>(known: &Known<T>) -> String {
    match known {
        Known::Is(_) => String::new(),
        Known::Absent => "it is not there".into(),
        Known::Unknown(why) => why.clone(),
    }
}
