//! The loop that takes batches and starts invocations.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use orderproof_machines::mapping::{Concurrency, Environments, FunctionSettings, Mapping};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout};

use super::batches::Batches;
use super::event::EventSource;
use super::invoker::{Ended, Expected, Invoker, Throttle};
use super::queue::MessageQueue;
use crate::counters::Counters;
use crate::failures::Failure;

/// What a mapping connects, and how.
#[derive(Debug, Clone)]
pub struct MappingPlan<'a> {
    /// The queue, as records name it.
    pub source: EventSource,
    /// The mapping's own settings.
    pub mapping: &'a Mapping,
    /// The function's limits.
    pub function: &'a FunctionSettings,
    /// Decides how long each invocation takes.
    pub seed: u64,
    /// How many times faster than on AWS time passes.
    pub speed: f64,
}

/// Feeds a queue's messages to a function, batch by batch.
pub struct EventSourceMapping<Q: MessageQueue, F> {
    batches: Batches<Q>,
    concurrency: Concurrency,
    invoker: Arc<Invoker<Q, F>>,
    /// Until when messages were counted as waiting, if some still do.
    backlogged_since: Option<Instant>,
}

impl<Q, F, R, E> EventSourceMapping<Q, F>
where
    Q: MessageQueue,
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, E>> + Send,
    E: Into<Failure> + Send,
{
    /// A mapping of `queue` to `handler`; it does nothing before it is [run](Self::run).
    pub fn new(queue: Q, plan: MappingPlan<'_>, counters: Arc<Counters>, handler: F) -> Self {
        let queue = Arc::new(queue);
        let environments = Environments::new(
            plan.function.reserved_concurrency,
            plan.speed,
            Instant::now().into_std(),
        );
        let invoker = Invoker {
            queue: Arc::clone(&queue),
            source: plan.source,
            report_batch_item_failures: plan.mapping.report_batch_item_failures,
            limits: plan.function.clone(),
            seed: plan.seed,
            speed: plan.speed,
            environments: Mutex::new(environments),
            counters: Arc::clone(&counters),
            throttle: None,
            expected: None,
            handler,
        };
        Self {
            concurrency: match queue.is_fifo() {
                true => Concurrency::of_fifo(plan.mapping),
                false => Concurrency::new(plan.mapping),
            },
            invoker: Arc::new(invoker),
            backlogged_since: None,
            batches: Batches::new(queue, plan.mapping, counters),
        }
    }

    /// Throttles the invocations that `throttle` picks by their messages.
    ///
    /// # Panics
    /// When the mapping is running already.
    #[must_use]
    pub fn throttled_by(
        mut self,
        throttle: impl Fn(&[Q::Message]) -> bool + Send + Sync + 'static,
    ) -> Self {
        let invoker = Arc::get_mut(&mut self.invoker).expect("nothing is invoked before it runs");
        invoker.throttle = Some(Box::new(throttle));
        self
    }

    /// Tells failures of batches that hold a message the function is to refuse, by its body, from those of others.
    ///
    /// # Panics
    /// When the mapping is running already.
    #[must_use]
    pub fn expecting_failures_of(
        mut self,
        is_to_fail: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        let invoker = Arc::get_mut(&mut self.invoker).expect("nothing is invoked before it runs");
        invoker.expected = Some(Box::new(is_to_fail));
        self
    }

    /// The same with both or neither.
    pub(crate) fn hooked(
        mut self,
        throttle: Option<Box<Throttle<Q::Message>>>,
        expected: Option<Box<Expected>>,
    ) -> Self {
        let invoker = Arc::get_mut(&mut self.invoker).expect("nothing is invoked before it runs");
        invoker.throttle = throttle;
        invoker.expected = expected;
        self
    }

    /// Takes batches and invokes until it is dropped, which also drops the invocations in flight;
    /// their messages return by visibility time-out. A queue that does not exist is waited for.
    pub async fn run(mut self) {
        let mut invocations = JoinSet::new();
        for serial in 0.. {
            let batch = self.next_batch(&mut invocations).await;
            let invoker = Arc::clone(&self.invoker);
            invocations.spawn(async move { invoker.process(batch, serial).await });
            // A long backlog must not keep the queue's senders waiting.
            tokio::task::yield_now().await;
        }
    }

    /// The next batch for which there is room.
    async fn next_batch(&mut self, invocations: &mut JoinSet<Ended>) -> Vec<Q::Message> {
        loop {
            self.wait_for_room(invocations).await;
            if !self.batches.queue.has_backlog() {
                self.backlogged_since = None;
            }
            let limit = self.concurrency.limit() as usize;
            let batch = self.batches.next(limit - invocations.len()).await;
            self.note_ended(invocations);
            if !batch.is_empty() {
                return batch;
            }
        }
    }

    /// Returns once another invocation may run: when one ends, or when the limit grows because
    /// messages have waited long enough.
    async fn wait_for_room(&mut self, invocations: &mut JoinSet<Ended>) {
        self.note_ended(invocations);
        while invocations.len() >= self.concurrency.limit() as usize {
            let had_backlog = self.batches.queue.has_backlog();
            // Messages that are there since the last wait have waited while a batch was received and started, too: on a busy
            // machine that is a good part of the time.
            let began = self.backlogged_since.take().filter(|_| had_backlog);
            let began = began.unwrap_or_else(Instant::now);
            let growth = self.concurrency.grows_in().unwrap_or(Duration::MAX);
            let ended = timeout(growth, invocations.join_next()).await;
            if had_backlog && self.batches.queue.has_backlog() {
                let now = Instant::now();
                self.concurrency.waited(now.duration_since(began));
                self.backlogged_since = Some(now);
            }
            if let Ok(Some(ended)) = ended {
                self.note(ended);
            }
        }
    }

    fn note_ended(&mut self, invocations: &mut JoinSet<Ended>) {
        while let Some(ended) = invocations.try_join_next() {
            self.note(ended);
        }
    }

    fn note(&mut self, ended: Result<Ended, JoinError>) {
        let badly = !matches!(ended, Ok(Ended::Well));
        if badly && self.concurrency.back_off() {
            self.invoker.counters.backed_off.add(1);
        }
    }
}

#[cfg(test)]
#[path = "poller_tests.rs"]
mod tests;
