//! The function's side of the mapping: one batch from its invocation to what becomes of its messages.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use rand_xoshiro::rand_core::Rng;
use tokio::time::{Instant, sleep, timeout};

use super::environments::{Begin, Environments};
use super::event::{EventSource, event_of};
use super::outcome::{BatchFate, InvocationError, fate};
use crate::order::{Stream, generator};
use crate::pipeline::counters::Counters;
use crate::pipeline::sqs::{ReceivedMessage, SqsEngine};
use crate::processor::caught;
use crate::scenario::{Function, ServiceTime};

/// The first and the longest pause before a throttled invocation is tried again. That AWS tries again
/// until the visibility timeout ends is documented, how often is not.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Decides whether the invocation with these messages is throttled.
type Throttle = dyn Fn(&[ReceivedMessage]) -> bool + Send + Sync;

/// What every invocation needs.
pub(super) struct Invoker<F> {
    pub(super) engine: SqsEngine,
    pub(super) queue: Arc<str>,
    pub(super) source: EventSource,
    pub(super) report_batch_item_failures: bool,
    pub(super) limits: Function,
    pub(super) seed: u64,
    pub(super) speed: f64,
    pub(super) environments: Mutex<Environments>,
    pub(super) counters: Arc<Counters>,
    pub(super) throttle: Option<Box<Throttle>>,
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

impl<F, R> Invoker<F>
where
    F: Fn(SqsEvent) -> R,
    R: Future<Output = Result<SqsBatchResponse, String>>,
{
    /// Invokes the function with a batch, the `serial`th, and settles what becomes of each message.
    pub(super) async fn process(&self, batch: Vec<ReceivedMessage>, serial: u64) -> Ended {
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
        let fate = self.settle(&batch, &outcome);
        match fate == BatchFate::AllReturn {
            true => Ended::Badly,
            false => Ended::Well,
        }
    }

    async fn invoke(
        &self,
        batch: &[ReceivedMessage],
        serial: u64,
    ) -> Result<SqsBatchResponse, InvocationError> {
        let begin = self.find_environment().await?;
        let outcome = self.run(batch, begin, serial).await;
        let lost = matches!(
            outcome,
            Err(InvocationError::TimedOut(_) | InvocationError::Panicked)
        );
        self.environments().end(lost);
        outcome
    }

    /// Waits for room as long as the batch is hidden from others.
    async fn find_environment(&self) -> Result<Begin, InvocationError> {
        let mut gives_up_at = None;
        let mut pause = RETRY_FIRST.div_f64(self.speed);
        loop {
            let begin = self.environments().begin(Instant::now().into_std());
            if begin != Begin::Throttled {
                return Ok(begin);
            }
            self.counters.throttled_invocations.add(1);
            let gives_up_at = *gives_up_at.get_or_insert_with(|| {
                let visibility = self.engine.visibility_timeout(&self.queue);
                Instant::now() + visibility.unwrap_or_default()
            });
            if Instant::now() + pause >= gives_up_at {
                return Err(InvocationError::Throttled);
            }
            sleep(pause).await;
            pause = (pause * 2).min(RETRY_LONGEST.div_f64(self.speed));
        }
    }

    async fn run(
        &self,
        batch: &[ReceivedMessage],
        begin: Begin,
        serial: u64,
    ) -> Result<SqsBatchResponse, InvocationError> {
        let mut random = generator(self.seed, Stream::Invocations, serial);
        let mut draw = |time: ServiceTime| time.draw([random.next_u64(), random.next_u64()]);
        let Function {
            timeout: limit,
            service_time,
            cold_start,
            ..
        } = self.limits;
        let service_time = draw(service_time);
        if begin == Begin::Cold {
            self.counters.cold_starts.add(1);
            let cold_start = draw(cold_start);
            if !cold_start.is_zero() {
                sleep(cold_start).await;
            }
        }
        let event = event_of(batch, &self.source);
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
    ) -> BatchFate {
        let ids: Vec<&str> = batch.iter().map(|message| &*message.message_id).collect();
        let fate = fate(outcome, &ids, self.report_batch_item_failures);
        self.count(outcome, &fate);
        let returning = match &fate {
            BatchFate::AllReturn => return fate,
            BatchFate::AllDeleted => &[][..],
            BatchFate::SomeReturn(positions) => positions,
        };
        for (position, message) in batch.iter().enumerate() {
            if returning.binary_search(&position).is_err()
                && let Err(error) = self.engine.delete(&self.queue, &message.receipt_handle)
            {
                tracing::error!(%error, "a processed message could not be deleted");
            }
        }
        fate
    }

    fn count(&self, outcome: &Result<SqsBatchResponse, InvocationError>, fate: &BatchFate) {
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
