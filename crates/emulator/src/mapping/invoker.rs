//! The function's side of the mapping: one batch from its invocation to what becomes of its messages.

use std::collections::HashSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use futures_util::FutureExt;
use orderproof_machines::mapping::{
    BatchFate, Begin, Environments, FunctionSettings, Retries, Times,
};
use tokio::time::{Instant, sleep, timeout};

use super::event::{EventSource, event_of};
use super::outcome::{InvocationError, fate, invalid_response};
use super::queue::{Delivery, MessageQueue};
use crate::counters::Counters;
use crate::failures::Failure;

/// Decides whether the invocation with these messages is throttled.
pub type Throttle<M> = dyn Fn(&[M]) -> bool + Send + Sync;

/// Tells the bodies of messages that the function is to refuse.
pub type Expected = dyn Fn(&str) -> bool + Send + Sync;

/// What every invocation needs.
pub(super) struct Invoker<Q: MessageQueue, F> {
    pub(super) queue: Arc<Q>,
    pub(super) source: EventSource,
    pub(super) report_batch_item_failures: bool,
    pub(super) limits: FunctionSettings,
    pub(super) seed: u64,
    pub(super) speed: f64,
    pub(super) environments: Mutex<Environments>,
    pub(super) counters: Arc<Counters>,
    pub(super) throttle: Option<Box<Throttle<Q::Message>>>,
    pub(super) expected: Option<Box<Expected>>,
    pub(super) handler: F,
}

/// How an invocation went, as far as the pollers care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The function answered, whatever it said of single messages.
    Well,
    /// It failed whole, or there was no room for it.
    Badly,
}

impl<Q, F, R, E> Invoker<Q, F>
where
    Q: MessageQueue,
    F: Fn(SqsEvent) -> R,
    R: Future<Output = Result<SqsBatchResponse, E>>,
    E: Into<Failure>,
{
    /// Invokes the function with a batch, the `serial`th, and settles what becomes of each message.
    pub(super) async fn process(&self, batch: Vec<Q::Message>, serial: u64) -> Ended {
        let throttled = self
            .throttle
            .as_ref()
            .is_some_and(|strikes| strikes(&batch));
        let outcome = match throttled {
            true => {
                self.counters.throttled_invocations.add(1);
                Err(InvocationError::Throttled)
            }
            false => self.invoke(&batch, serial).await,
        };
        let fate = self.settle(&batch, &outcome).await;
        match fate == BatchFate::AllReturn {
            true => Ended::Badly,
            false => Ended::Well,
        }
    }

    async fn invoke(
        &self,
        batch: &[Q::Message],
        serial: u64,
    ) -> Result<SqsBatchResponse, InvocationError> {
        let begin = self.find_environment().await?;
        let outcome = self.run(batch, begin, serial).await;
        let lost = matches!(
            outcome,
            Err(InvocationError::TimedOut(_) | InvocationError::Panicked)
        );
        let mut environments = self.environments();
        environments.end(lost);
        self.counters.saw_concurrency(environments.running());
        drop(environments);
        outcome
    }

    /// Waits for room as long as the batch is hidden from others.
    async fn find_environment(&self) -> Result<Begin, InvocationError> {
        let mut retries = None;
        loop {
            let begin = self.begin();
            if begin != Begin::Throttled {
                return Ok(begin);
            }
            self.counters.throttled_invocations.add(1);
            let now = Instant::now().into_std();
            let retries = retries.get_or_insert_with(|| {
                Retries::new(self.queue.visibility_timeout(), self.speed, now)
            });
            match retries.next(now) {
                Some(pause) => sleep(pause).await,
                None => return Err(InvocationError::Throttled),
            }
        }
    }

    /// Begins an invocation if there is room for it. Only what runs counts as concurrency.
    fn begin(&self) -> Begin {
        let mut environments = self.environments();
        let begin = environments.begin(Instant::now().into_std());
        if begin != Begin::Throttled {
            self.counters.saw_concurrency(environments.running());
        }
        begin
    }

    async fn run(
        &self,
        batch: &[Q::Message],
        begin: Begin,
        serial: u64,
    ) -> Result<SqsBatchResponse, InvocationError> {
        let limit = self.limits.timeout;
        let Times {
            cold_start,
            service_time,
        } = Times::of(&self.limits, self.seed, serial, begin);
        if begin == Begin::Cold {
            self.counters.cold_starts.add(1);
            if !cold_start.is_zero() {
                sleep(cold_start).await;
            }
        }
        let event = event_of(batch, &self.source);
        // What the function shares with others must survive being left half done.
        let invocation = AssertUnwindSafe(async {
            if !service_time.is_zero() {
                sleep(service_time).await;
            }
            (self.handler)(event).await
        })
        .catch_unwind();
        match timeout(limit, invocation).await {
            Ok(Ok(Ok(response))) => Ok(response),
            Ok(Ok(Err(error))) => Err(InvocationError::Function(error.into())),
            Ok(Err(_panic)) => Err(InvocationError::Panicked),
            Err(_) => Err(InvocationError::TimedOut(limit)),
        }
    }

    async fn settle(
        &self,
        batch: &[Q::Message],
        outcome: &Result<SqsBatchResponse, InvocationError>,
    ) -> BatchFate {
        let ids: Vec<&str> = batch.iter().map(Delivery::message_id).collect();
        let fate = fate(outcome, &ids, self.report_batch_item_failures);
        self.count(outcome, &fate, batch, &ids);
        let returning = match &fate {
            BatchFate::AllReturn => return fate,
            BatchFate::AllDeleted => &[][..],
            BatchFate::SomeReturn(positions) => positions,
        };
        let kept = self.queue.delete(batch, returning).await;
        self.counters.failed_deletes.add(kept);
        fate
    }

    fn count(
        &self,
        outcome: &Result<SqsBatchResponse, InvocationError>,
        fate: &BatchFate,
        batch: &[Q::Message],
        ids: &[&str],
    ) {
        let failure = match outcome {
            Ok(_) if *fate != BatchFate::AllReturn => None,
            Ok(response) => invalid_response(response, ids),
            Err(error) => Some(error.failure()),
        };
        if let Some(failure) = failure {
            let expected = self.expected.as_ref();
            let was_expected =
                expected.map(|is_to_fail| batch.iter().any(|message| is_to_fail(message.body())));
            let culprit = batch
                .iter()
                .find(|message| expected.is_some_and(|is_to_fail| is_to_fail(message.body())));
            let failure = match culprit.or(batch.first()) {
                Some(message) => failure.at_message(message.body()),
                None => failure,
            };
            self.counters.failures.add(&failure, was_expected);
        }
        if *outcome == Err(InvocationError::Throttled) {
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
                if let Some(is_to_fail) = &self.expected {
                    let named = response.batch_item_failures.iter();
                    let named: HashSet<_> = named.map(|one| one.item_identifier.as_str()).collect();
                    let unexpected = batch.iter().filter(|message| {
                        named.contains(message.message_id()) && !is_to_fail(message.body())
                    });
                    self.counters.named_unexpectedly(unexpected.count() as u64);
                }
            }
            Err(error) => tracing::debug!(%error, "an invocation failed"),
        }
    }

    fn environments(&self) -> MutexGuard<'_, Environments> {
        self.environments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
