//! Mapping and function in this process, on queues and a table elsewhere.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc;

use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use tokio::sync::oneshot;

use super::counters::{Gauges, figures};
use super::error::PipelineError;
use super::fault::Processor;
use super::remote::RemoteQueue;
use super::settings;
use crate::emulator::counters::Counters;
use crate::emulator::mapping::{EventSource, EventSourceMapping, MappingPlan};
use crate::emulator::service::ServiceThread;
use crate::emulator::table::Side;
use crate::fault::is_to_fail;
use crate::order::OrderPlan;
use crate::results::PipelineCounters;
use crate::scenario::Scenario;
use crate::store::{SdkOrderStore, THROTTLING, Target, polling_client, queue_settings};

/// A function that runs here: it polls the orders queue of a target and writes to its table. Dropping it
/// stops it; what it then had received comes back by visibility time-out.
pub struct LocalProcessor {
    _thread: ServiceThread,
    counters: Arc<Counters>,
}

impl LocalProcessor {
    /// Starts the mapping and the function a scenario describes at the orders queue of `target`, for the orders of
    /// `plan`. The queue's own settings rule, not the scenario's.
    ///
    /// # Errors
    /// When the queue cannot be read, when it gives a message back before the function's time-out, which
    /// Lambda refuses, too, or when no thread can be had.
    pub fn start(
        scenario: &Scenario,
        plan: OrderPlan,
        target: &Target,
    ) -> Result<Self, PipelineError> {
        let counters = Arc::new(Counters::default());
        let (started, starts) = mpsc::channel();
        let service = {
            let (scenario, target) = (scenario.clone(), target.clone());
            let counters = Arc::clone(&counters);
            move |stop: oneshot::Receiver<()>| async move {
                tokio::select! {
                    () = serve(&scenario, plan, &target, counters, &started) => {}
                    _ = stop => {}
                }
            }
        };
        let thread = ServiceThread::spawn("local processor", service)?;
        match starts.recv() {
            Ok(Ok(())) => Ok(Self {
                _thread: thread,
                counters,
            }),
            Ok(Err(error)) => Err(error),
            Err(mpsc::RecvError) => Err(std::io::Error::other("its thread ended").into()),
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        figures(&self.counters, BTreeMap::new())
    }

    /// What a live view may read while it runs.
    pub fn gauges(&self) -> Gauges {
        Gauges::of(&self.counters)
    }

    /// Stops polls and invocations and joins the thread.
    pub fn shutdown(self) {
        drop(self);
    }
}

/// Tells how the start went, then polls and invokes until it is dropped.
async fn serve(
    scenario: &Scenario,
    orders: OrderPlan,
    target: &Target,
    counters: Arc<Counters>,
    started: &mpsc::Sender<Result<(), PipelineError>>,
) {
    let mapping = mapping_of(scenario, orders, target, counters).await;
    match mapping {
        Ok(mapping) => {
            let _ = started.send(Ok(()));
            mapping.await;
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    }
}

async fn mapping_of(
    scenario: &Scenario,
    orders: OrderPlan,
    target: &Target,
    counters: Arc<Counters>,
) -> Result<impl Future<Output = ()>, PipelineError> {
    let client = polling_client(target);
    let queue_settings = queue_settings(&client, target).await?;
    let function = &scenario.pipeline.function;
    if function.timeout > queue_settings.visibility_timeout {
        return Err(PipelineError::TimeoutAboveVisibility {
            function: function.timeout,
            visibility: queue_settings.visibility_timeout,
            queue_url: target.orders_queue_url.clone(),
        });
    }
    let mapping = settings::mapping(&scenario.pipeline.mapping);
    let queue = RemoteQueue::new(
        client,
        &target.orders_queue_url,
        queue_settings.visibility_timeout,
        &mapping,
    );
    let store = SdkOrderStore::of_target(target, ThrottledWrites(Arc::clone(&counters)));
    let processor = Processor::BuiltIn(function.processor, store);
    let plan = MappingPlan {
        source: EventSource {
            arn: queue_settings.arn,
            region: target.region.clone(),
        },
        mapping: &mapping,
        function: &settings::function(function),
        seed: scenario.seed,
        speed: 1.0,
    };
    let mapping = EventSourceMapping::new(queue, plan, counters, move |event| {
        let processor = processor.clone();
        async move { processor.process(event).await }
    })
    .expecting_failures_of(move |body| is_to_fail(&orders, body));
    Ok(mapping.run())
}

/// Counts the writes that the table throttles, those included that the SDK tries again.
#[derive(Debug)]
struct ThrottledWrites(Arc<Counters>);

impl Intercept for ThrottledWrites {
    fn name(&self) -> &'static str {
        "ThrottledWrites"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Err(error)) = context.output_or_error() else {
            return Ok(());
        };
        let refused = error.as_operation_error();
        let refused = refused.and_then(|error| error.downcast_ref::<PutItemError>());
        if let Some(code) = refused.and_then(ProvideErrorMetadata::code)
            && THROTTLING.contains(&code)
        {
            self.0.throttled(Side::Write, code);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "local_tests.rs"]
mod tests;
