//! What can be counted. Everything that sets one count apart from another stands in one table; what a run counted of it is
//! looked up in `gate`.

use serde::{Deserialize, Serialize};

use crate::verdict::Class;

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// The orders in a class.
    Class(Class),
    /// The orders in the classes that are in the wrong place, and not lost.
    Misplaced,
    /// The most orders acknowledged and not in a final place, at the end of any second.
    PeakBacklog,
    /// The most messages that waited in the queue at the end of any second, as the queue counts.
    WaitingMessages,
    /// The most messages that were in the dead-letter queue at the end of any second, as the queue counts.
    DeadLetters,
    /// Planned orders.
    Planned,
    /// Orders SQS accepted.
    Acknowledged,
    /// Orders seen with a receive count above 1.
    Redelivered,
    /// Dead letters beyond the first copy of an order.
    ExtraDeadLetterCopies,
    /// Invocations that failed whole; known of the embedded pipeline only.
    FailedInvocations,
    /// Writes the table throttled; known of the embedded pipeline only.
    ThrottledWrites,
    /// Invocations that were throttled; known of the embedded pipeline only.
    ThrottledInvocations,
}

/// Who counts it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// What the stores hold, or the plan.
    Stores,
    /// What was sent, and what queues said meanwhile.
    Sending,
    /// A pipeline or a function in this process, of itself.
    Pipeline,
}

/// Which counts a run can come to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// As many as are planned, no more and no fewer.
    Planned,
    /// None to as many as are planned.
    UpToPlanned,
    /// Any number.
    Any,
}

/// What sets a count apart.
struct Traits {
    /// As rules write it.
    name: &'static str,
    /// What one of it is, in the plural.
    unit: &'static str,
    source: Source,
    reach: Reach,
    /// It grows while orders are sent, and is known then.
    while_sending: bool,
    /// It is counted for every second, and so for a phase.
    by_second: bool,
}

const OF_ORDERS: Traits = Traits {
    name: "",
    unit: "orders",
    source: Source::Stores,
    reach: Reach::UpToPlanned,
    while_sending: false,
    by_second: false,
};

const OF_THE_PIPELINE: Traits = Traits {
    name: "",
    unit: "invocations",
    source: Source::Pipeline,
    reach: Reach::Any,
    while_sending: true,
    by_second: false,
};

impl Counted {
    /// All but the classes.
    pub(super) const ALL: [Self; 11] = [
        Self::Planned,
        Self::Acknowledged,
        Self::Misplaced,
        Self::PeakBacklog,
        Self::WaitingMessages,
        Self::DeadLetters,
        Self::Redelivered,
        Self::ExtraDeadLetterCopies,
        Self::FailedInvocations,
        Self::ThrottledWrites,
        Self::ThrottledInvocations,
    ];

    fn traits(self) -> Traits {
        match self {
            Self::Class(class) => Traits {
                name: class.as_str(),
                reach: match class {
                    Class::Phantom => Reach::Any,
                    _ => Reach::UpToPlanned,
                },
                while_sending: class == Class::Rejected,
                ..OF_ORDERS
            },
            Self::Misplaced => Traits {
                name: "misplaced",
                ..OF_ORDERS
            },
            Self::PeakBacklog => Traits {
                name: "peak_backlog",
                source: Source::Sending,
                by_second: true,
                ..OF_ORDERS
            },
            Self::WaitingMessages => Traits {
                name: "waiting_messages",
                unit: "messages",
                source: Source::Sending,
                reach: Reach::Any,
                while_sending: true,
                by_second: true,
            },
            Self::DeadLetters => Traits {
                name: "dead_letters",
                unit: "messages",
                source: Source::Sending,
                reach: Reach::Any,
                while_sending: true,
                by_second: false,
            },
            Self::Planned => Traits {
                name: "planned",
                reach: Reach::Planned,
                ..OF_ORDERS
            },
            Self::Acknowledged => Traits {
                name: "acknowledged",
                source: Source::Sending,
                ..OF_ORDERS
            },
            Self::Redelivered => Traits {
                name: "redelivered",
                ..OF_ORDERS
            },
            Self::ExtraDeadLetterCopies => Traits {
                name: "extra_dead_letter_copies",
                unit: "messages",
                reach: Reach::Any,
                ..OF_ORDERS
            },
            Self::FailedInvocations => Traits {
                name: "failed_invocations",
                ..OF_THE_PIPELINE
            },
            Self::ThrottledWrites => Traits {
                name: "throttled_writes",
                unit: "writes",
                ..OF_THE_PIPELINE
            },
            Self::ThrottledInvocations => Traits {
                name: "throttled_invocations",
                ..OF_THE_PIPELINE
            },
        }
    }

    /// What `name` stands for.
    pub(super) fn named(name: &str) -> Option<Self> {
        let class = Class::ALL.into_iter().map(Self::Class);
        class.chain(Self::ALL).find(|known| known.name() == name)
    }

    /// As rules write it.
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// What one of it is, in the plural: `orders`.
    pub fn unit(self) -> &'static str {
        self.traits().unit
    }

    /// Only a pipeline or a function in this process counts it.
    pub fn is_of_the_pipeline(self) -> bool {
        self.traits().source == Source::Pipeline
    }

    /// What the stores or the plan tell by themselves, whatever is known of the sending.
    pub fn is_of_the_stores(self) -> bool {
        self.traits().source == Source::Stores
    }

    /// Whether it can be known while orders are sent that it is above a limit.
    pub(super) fn is_known_while_sending(self) -> bool {
        self.traits().while_sending
    }

    /// Whether it can be asked for a phase.
    pub(super) fn is_of_seconds(self) -> bool {
        self.traits().by_second
    }

    pub(super) fn reach(self) -> Reach {
        self.traits().reach
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_one_count() {
        let classes = Class::ALL.into_iter().map(Counted::Class);
        for counted in classes.chain(Counted::ALL) {
            assert_eq!(Counted::named(counted.name()), Some(counted));
        }
        assert_eq!(Counted::named("orders"), None);
    }
}
