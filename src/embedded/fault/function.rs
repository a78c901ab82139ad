//! Faults of the function: what a careless handler does, around a processor that is sound.

use std::collections::HashSet;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use crate::emulator::failures::Failure;
use crate::emulator::runtime::CommandFunction;
use crate::fault::FaultPlan;
use crate::processor::{OrderStore, caught, process, process_like_the_lab};
use crate::scenario::{FaultKind, ProcessorKind};

/// What processes orders.
#[derive(Clone)]
pub enum Processor<S> {
    /// A processor of this program, writing to this store.
    BuiltIn(ProcessorKind, S),
    /// Somebody's own function in child processes, which writes by itself.
    Command {
        /// The function.
        function: CommandFunction,
        /// The mapping reads what it returns.
        report_batch_item_failures: bool,
    },
}

impl<S: OrderStore> Processor<S> {
    /// One invocation.
    ///
    /// # Errors
    /// When the invocation fails whole.
    pub async fn process(&self, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
        match self {
            Self::BuiltIn(ProcessorKind::Orderproof, store) => Ok(process(event, store).await),
            Self::BuiltIn(ProcessorKind::Lab, store) => {
                Ok(process_like_the_lab(event, store).await?)
            }
            Self::Command {
                function,
                report_batch_item_failures,
            } => {
                function
                    .invoke_for_mapping(event, *report_batch_item_failures)
                    .await
            }
        }
    }
}

/// An order processor with the plan's faults.
#[derive(Clone)]
pub struct FaultyFunction<S> {
    processor: Processor<S>,
    plan: Arc<FaultPlan>,
}

impl<S: OrderStore> FaultyFunction<S> {
    /// This processor; without faults of the function nothing is added.
    pub fn new(processor: Processor<S>, plan: Arc<FaultPlan>) -> Self {
        Self { processor, plan }
    }

    /// One invocation.
    ///
    /// # Errors
    /// When the invocation fails whole.
    pub async fn handle(&self, mut event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
        self.drift_prices(&mut event);
        self.lose_panicking_tasks(&mut event).await;
        let swallowed = self.message_ids_struck(FaultKind::ErrorSwallowed, &event);
        let hangs = !self
            .message_ids_struck(FaultKind::FunctionTimesOut, &event)
            .is_empty();
        let mut response = self.processor.process(event).await?;
        if hangs {
            std::future::pending::<()>().await;
        }
        response
            .batch_item_failures
            .retain(|failure| !swallowed.contains(&failure.item_identifier));
        Ok(response)
    }

    fn strikes(&self, kind: FaultKind, record: &SqsMessage) -> bool {
        let body = record.body.as_deref().unwrap_or_default();
        self.plan.strike_body(kind, body).is_some()
    }

    fn message_ids_struck(&self, kind: FaultKind, event: &SqsEvent) -> HashSet<String> {
        if !self.plan.has(kind) {
            return HashSet::new();
        }
        let struck = event
            .records
            .iter()
            .filter(|record| self.strikes(kind, record));
        struck
            .filter_map(|record| record.message_id.clone())
            .collect()
    }

    fn drift_prices(&self, event: &mut SqsEvent) {
        if !self.plan.has(FaultKind::PriceDrifts) {
            return;
        }
        for record in &mut event.records {
            if self.strikes(FaultKind::PriceDrifts, record)
                && let Some(body) = &mut record.body
            {
                *body = body.replace(".0,", ",");
            }
        }
    }

    /// Each record in a task of its own, of which those struck panic; nobody looks at how they ended.
    async fn lose_panicking_tasks(&self, event: &mut SqsEvent) {
        if !self.plan.has(FaultKind::TaskPanics) {
            return;
        }
        let records = std::mem::take(&mut event.records);
        for record in records {
            if self.strikes(FaultKind::TaskPanics, &record) {
                // `resume_unwind` is a panic that prints nothing.
                let task = async { std::panic::resume_unwind(Box::new("a fault")) };
                let _: Option<()> = caught(task).await;
            } else {
                event.records.push(record);
            }
        }
    }
}

/// Whether any order of a batch is struck; each one that is, is counted.
pub(crate) fn any_struck<'a>(
    plan: &FaultPlan,
    kind: FaultKind,
    bodies: impl Iterator<Item = &'a str>,
) -> bool {
    plan.has(kind)
        && bodies
            .filter_map(|body| plan.strike_body(kind, body))
            .count()
            > 0
}
