//! The loop that takes batches, and the invocations it starts.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::concurrency::Concurrency;
use super::event::{EventSource, event_of};
use super::outcome::{BatchFate, InvocationError, fate};
use crate::pipeline::counters::Counters;
use crate::pipeline::sqs::{ReceiveOptions, ReceivedMessage, Site, SqsEngine, SqsError};
use crate::processor::caught;
use crate::scenario::{Function, Mapping, MessageFilter};

/// The longest a receive can wait; an idle mapping wakes this seldom.
const LONG_POLL: Duration = Duration::from_secs(20);

/// The pause after a receive the queue has refused.
const PAUSE_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Feeds a queue's messages to a function, batch by batch.
pub struct EventSourceMapping<F> {
    batches: Batches,
    concurrency: Concurrency,
    invoker: Arc<Invoker<F>>,
}

/// Decides whether the invocation with these messages is throttled.
type Throttle = dyn Fn(&[ReceivedMessage]) -> bool + Send + Sync;

/// The queue's side: how batches are taken.
struct Batches {
    engine: SqsEngine,
    queue: Arc<str>,
    size: usize,
    window: Duration,
    filter: Option<MessageFilter>,
    counters: Arc<Counters>,
}

/// The function's side: what every invocation needs.
struct Invoker<F> {
    engine: SqsEngine,
    queue: Arc<str>,
    source: EventSource,
    report_batch_item_failures: bool,
    limits: Function,
    counters: Arc<Counters>,
    throttle: Option<Box<Throttle>>,
    handler: F,
}

impl<F, R> EventSourceMapping<F>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, String>> + Send,
{
    /// A mapping of `queue` to `handler`; it does nothing before it is [run](Self::run).
    pub fn new(
        engine: SqsEngine,
        queue: &str,
        site: &Site,
        mapping: &Mapping,
        function: &Function,
        counters: Arc<Counters>,
        handler: F,
    ) -> Self {
        let queue: Arc<str> = queue.into();
        Self {
            concurrency: Concurrency::new(mapping),
            invoker: Arc::new(Invoker {
                engine: engine.clone(),
                queue: Arc::clone(&queue),
                source: EventSource {
                    arn: site.queue_arn(&queue),
                    region: site.region.clone(),
                },
                report_batch_item_failures: mapping.report_batch_item_failures,
                limits: function.clone(),
                counters: Arc::clone(&counters),
                throttle: None,
                handler,
            }),
            batches: Batches {
                engine,
                queue,
                size: usize::from(mapping.batch_size),
                window: mapping.batching_window,
                filter: mapping.filter.clone(),
                counters,
            },
        }
    }

    /// Throttles the invocations that `throttle` picks by their messages.
    ///
    /// # Panics
    /// When the mapping is running already.
    #[must_use]
    pub fn throttled_by(
        mut self,
        throttle: impl Fn(&[ReceivedMessage]) -> bool + Send + Sync + 'static,
    ) -> Self {
        let invoker = Arc::get_mut(&mut self.invoker).expect("nothing is invoked before it runs");
        invoker.throttle = Some(Box::new(throttle));
        self
    }

    /// Takes batches and invokes until it is dropped, which also drops the invocations in flight;
    /// their messages return by visibility time-out.
    pub async fn run(mut self) {
        let mut invocations = JoinSet::new();
        loop {
            self.wait_for_room(&mut invocations).await;
            match self.batches.next().await {
                Ok(batch) if batch.is_empty() => {}
                Ok(batch) => {
                    while invocations.try_join_next().is_some() {}
                    let invoker = Arc::clone(&self.invoker);
                    invocations.spawn(async move { invoker.process(batch).await });
                    let running = u32::try_from(invocations.len()).unwrap_or(u32::MAX);
                    self.invoker.counters.saw_concurrency(running);
                    // A long backlog must not keep the queue's senders waiting.
                    tokio::task::yield_now().await;
                }
                Err(error) => {
                    tracing::error!(%error, "the mapping cannot receive");
                    sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }

    /// Returns once another invocation may run: when one ends, or when the limit grows because
    /// messages have waited long enough.
    async fn wait_for_room(&mut self, invocations: &mut JoinSet<()>) {
        while invocations.try_join_next().is_some() {}
        while invocations.len() >= self.concurrency.limit() as usize {
            let began = Instant::now();
            let had_backlog = self.batches.has_backlog();
            let growth = self.concurrency.grows_in().unwrap_or(Duration::MAX);
            let _ = timeout(growth, invocations.join_next()).await;
            if had_backlog && self.batches.has_backlog() {
                self.concurrency.waited(began.elapsed());
            }
        }
    }
}

impl Batches {
    /// The next batch: what is there, or what comes within the long poll; with a batching window,
    /// what gathers within it.
    async fn next(&self) -> Result<Vec<ReceivedMessage>, SqsError> {
        let mut batch = self.receive(self.size, LONG_POLL).await?;
        if self.window.is_zero() || batch.is_empty() {
            return Ok(batch);
        }
        let closes_at = Instant::now() + self.window;
        while batch.len() < self.size {
            let left = closes_at.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let wait = left.min(LONG_POLL);
            match self.receive(self.size - batch.len(), wait).await {
                Ok(more) => batch.extend(more),
                Err(error) => {
                    tracing::error!(%error, "a batch could not be filled");
                    break;
                }
            }
        }
        Ok(batch)
    }

    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<ReceivedMessage>, SqsError> {
        let options = ReceiveOptions {
            max_messages: most,
            visibility_timeout: None,
            wait: Some(wait),
        };
        let mut batch = self.engine.receive(&self.queue, options).await?;
        if let Some(filter) = &self.filter {
            batch.retain(|message| {
                let wanted = filter.lets_through(&message.body);
                if !wanted {
                    self.discard(message);
                }
                wanted
            });
        }
        Ok(batch)
    }

    /// A message that the filter does not let through is deleted, as AWS does.
    fn discard(&self, message: &ReceivedMessage) {
        self.counters.filtered_messages.add(1);
        if let Err(error) = self.engine.delete(&self.queue, &message.receipt_handle) {
            tracing::error!(%error, "a filtered message could not be deleted");
        }
    }

    fn has_backlog(&self) -> bool {
        self.engine
            .counts(&self.queue)
            .is_ok_and(|counts| counts.visible > 0)
    }
}

impl<F, R> Invoker<F>
where
    F: Fn(SqsEvent) -> R,
    R: Future<Output = Result<SqsBatchResponse, String>>,
{
    async fn process(&self, batch: Vec<ReceivedMessage>) {
        let throttled = self
            .throttle
            .as_ref()
            .is_some_and(|strikes| strikes(&batch));
        let outcome = match throttled {
            true => Err(InvocationError::Throttled),
            false => self.invoke(&batch).await,
        };
        self.settle(&batch, &outcome);
    }

    async fn invoke(&self, batch: &[ReceivedMessage]) -> Result<SqsBatchResponse, InvocationError> {
        let event = event_of(batch, &self.source);
        let Function {
            timeout: limit,
            service_time,
            ..
        } = self.limits;
        let invocation = caught(async {
            if !service_time.is_zero() {
                sleep(service_time).await;
            }
            (self.handler)(event).await
        });
        match timeout(limit, invocation).await {
            Ok(Some(Ok(response))) => Ok(response),
            Ok(Some(Err(error))) => Err(InvocationError::Function(error)),
            Ok(None) => Err(InvocationError::Panicked),
            Err(_) => Err(InvocationError::TimedOut(limit)),
        }
    }

    fn settle(
        &self,
        batch: &[ReceivedMessage],
        outcome: &Result<SqsBatchResponse, InvocationError>,
    ) {
        let ids: Vec<&str> = batch.iter().map(|message| &*message.message_id).collect();
        let fate = fate(outcome, &ids, self.report_batch_item_failures);
        self.count(outcome, &fate);
        let returning = match fate {
            BatchFate::AllReturn => return,
            BatchFate::AllDeleted => Vec::new(),
            BatchFate::SomeReturn(positions) => positions,
        };
        for (position, message) in batch.iter().enumerate() {
            if returning.binary_search(&position).is_err()
                && let Err(error) = self.engine.delete(&self.queue, &message.receipt_handle)
            {
                tracing::error!(%error, "a processed message could not be deleted");
            }
        }
    }

    fn count(&self, outcome: &Result<SqsBatchResponse, InvocationError>, fate: &BatchFate) {
        if *outcome == Err(InvocationError::Throttled) {
            self.counters.throttled_invocations.add(1);
            return;
        }
        self.counters.invocations.add(1);
        if *fate == BatchFate::AllReturn {
            self.counters.failed_invocations.add(1);
        }
        match outcome {
            Ok(response) => {
                let failed = response.batch_item_failures.len() as u64;
                self.counters.failed_records.add(failed);
            }
            Err(error) => tracing::debug!(%error, "an invocation failed"),
        }
    }
}

#[cfg(test)]
#[path = "poller_tests.rs"]
mod tests;
