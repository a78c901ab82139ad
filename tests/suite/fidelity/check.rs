//! One check: a behavior in a sentence, what decides it, and how to see it from outside.

use std::pin::Pin;

use super::peer::Peer;

/// Nothing, or what was expected and what was seen, in a sentence without ids, ports or times.
pub type Outcome = Result<(), String>;

pub type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    Sqs,
    DynamoDb,
    Sns,
    EventBridge,
}

impl Service {
    pub const ALL: [Self; 4] = [Self::Sqs, Self::DynamoDb, Self::Sns, Self::EventBridge];

    pub fn title(self) -> &'static str {
        match self {
            Self::Sqs => "SQS",
            Self::DynamoDb => "DynamoDB",
            Self::Sns => "SNS",
            Self::EventBridge => "EventBridge",
        }
    }
}

/// What decides whether an answer is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documented {
    /// This page of AWS's documentation.
    Aws(&'static str),
    /// No page does; this is what is left open.
    Unknown(&'static str),
}

pub struct Check {
    pub service: Service,
    pub section: &'static str,
    /// The behavior, in one sentence; also the check's name.
    pub line: &'static str,
    pub documented: Documented,
    pub run: for<'a> fn(&'a Peer) -> Running<'a>,
}

/// `check!(Sqs, "section", "The behavior.", Aws("page"), function)`
macro_rules! check {
    ($service:ident, $section:literal, $line:literal, $documented:expr, $run:path) => {
        $crate::suite::fidelity::check::Check {
            service: $crate::suite::fidelity::check::Service::$service,
            section: $section,
            line: $line,
            documented: $documented,
            run: |peer| Box::pin($run(peer)),
        }
    };
}
pub(super) use check;

/// Every check, in the order of the table.
pub fn all() -> Vec<&'static Check> {
    let sections = [
        super::queues::CHECKS,
        super::send::CHECKS,
        super::send_batches::CHECKS,
        super::receive::CHECKS,
        super::polling::CHECKS,
        super::visibility::CHECKS,
        super::delete::CHECKS,
        super::dead_letters::CHECKS,
        super::moves::CHECKS,
        super::counts::CHECKS,
        super::errors::CHECKS,
        super::fifo::queues::CHECKS,
        super::fifo::send::CHECKS,
        super::fifo::deduplication::CHECKS,
        super::fifo::order::CHECKS,
        super::fifo::attempts::CHECKS,
        super::fifo::dead_letters::CHECKS,
        super::tables::CHECKS,
        super::reads::CHECKS,
        super::items::CHECKS,
        super::updates::CHECKS,
        super::conditions::CHECKS,
        super::batches::CHECKS,
        super::transactions::CHECKS,
        super::queries::CHECKS,
        super::scans::CHECKS,
        super::capacity::CHECKS,
        super::throttling::CHECKS,
        super::limits::CHECKS,
        super::doors::topics::CHECKS,
        super::doors::subscriptions::CHECKS,
        super::doors::publish::CHECKS,
        super::doors::batches::CHECKS,
        super::doors::fifo::CHECKS,
        super::doors::filters::CHECKS,
        super::doors::buses::CHECKS,
        super::doors::events::CHECKS,
        super::doors::patterns::CHECKS,
    ];
    sections.into_iter().flatten().collect()
}
