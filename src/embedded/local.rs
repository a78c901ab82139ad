//! Mappings and functions in this process, on queues and tables elsewhere.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_dynamodb::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, ProvideErrorMetadata};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::counters::{Gauges, StartWatch, figures, logs_of};
use super::error::PipelineError;
use super::fault::Processor;
use super::functions::{FunctionTarget, Functions, limits, limits_of, usual};
use super::remote::RemoteQueue;
use crate::emulator::counters::Counters;
use crate::emulator::mapping::{EventSource, EventSourceMapping, FunctionSettings, MappingPlan};
use crate::emulator::runtime::Credentials;
use crate::emulator::service::ServiceThread;
use crate::emulator::table::Side;
use crate::fault::is_to_fail;
use crate::order::OrderPlan;
use crate::results::PipelineCounters;
use crate::scenario::{self, Scenario};
use crate::store::{Target, polling_client, queue_settings, queue_url};
use crate::table::{SdkOrderStore, THROTTLING};

/// Functions that run here: they are fed from the queues of a target and write to its tables. Dropping it stops them;
/// what they then had received comes back by visibility time-out.
pub struct LocalProcessor {
    _thread: ServiceThread,
    counters: Arc<Counters>,
    functions: Functions,
    plan: OrderPlan,
}

impl LocalProcessor {
    /// Starts the mappings and the functions a scenario describes at the queues of `target`, for the orders of `plan`. The
    /// queues' own settings rule, not the scenario's. Functions of one's own write their logs to the folder
    /// `function_logs`.
    ///
    /// # Errors
    /// When a queue cannot be read, when it gives a message back before the function's time-out, which Lambda refuses,
    /// too, when there are no credentials for a function of one's own or its command cannot be run, or when no thread can
    /// be had.
    pub fn start(
        scenario: &Scenario,
        plan: OrderPlan,
        target: &Target,
        function_logs: Option<PathBuf>,
    ) -> Result<Self, PipelineError> {
        let counters = Arc::new(Counters::default());
        let (started, starts) = mpsc::channel();
        let orders = plan.clone();
        let service = {
            let (scenario, target) = (scenario.clone(), target.clone());
            let counters = Arc::clone(&counters);
            move |stop: oneshot::Receiver<()>| async move {
                let here = Here {
                    scenario: &scenario,
                    plan: &plan,
                    target: &target,
                    client: polling_client(&target),
                };
                tokio::select! {
                    () = serve(&here, counters, function_logs, &started) => {}
                    _ = stop => {}
                }
            }
        };
        let thread = ServiceThread::spawn("local processor", service)?;
        match starts.recv() {
            Ok(Ok(functions)) => Ok(Self {
                _thread: thread,
                counters,
                functions,
                plan: orders,
            }),
            Ok(Err(error)) => Err(error),
            Err(mpsc::RecvError) => Err(std::io::Error::other("its thread ended").into()),
        }
    }

    /// What it has counted of itself so far.
    pub fn counters(&self) -> PipelineCounters {
        let mut counters = figures(&self.counters, BTreeMap::new(), &self.plan, &logs_of(""));
        self.functions.add_to(&mut counters, &self.plan);
        counters
    }

    /// Whether the functions of one's own have started yet; nothing to watch without one.
    pub fn watch_start(&self) -> Option<StartWatch> {
        self.functions.watch_start()
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
    here: &Here<'_>,
    counters: Arc<Counters>,
    logs: Option<PathBuf>,
    started: &mpsc::Sender<Result<Functions, PipelineError>>,
) {
    match here.start(counters, logs).await {
        Ok((functions, mappings)) => {
            let _ = started.send(Ok(functions));
            let polling: JoinSet<()> = mappings.into_iter().collect();
            polling.join_all().await;
        }
        Err(error) => {
            let _ = started.send(Err(error));
        }
    }
}

/// A mapping that polls until it is dropped.
type Polling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What runs here, and where it is fed from.
struct Here<'a> {
    scenario: &'a Scenario,
    plan: &'a OrderPlan,
    target: &'a Target,
    client: aws_sdk_sqs::Client,
}

/// A queue and how it is fed to a function.
struct Feed<'a> {
    url: &'a str,
    mapping: &'a scenario::Mapping,
    /// The function's own time-out, and the key that says it.
    timeout: (Duration, String),
    /// As the mapping enforces them.
    limits: FunctionSettings,
    counters: Arc<Counters>,
}

impl Here<'_> {
    async fn start(
        &self,
        counters: Arc<Counters>,
        logs: Option<PathBuf>,
    ) -> Result<(Functions, Vec<Polling>), PipelineError> {
        let scenario = self.scenario;
        let functions = match scenario.processor.is_some() || !scenario.processors.is_empty() {
            true => Functions::start(scenario, &self.place(logs).await?)?,
            false => Functions::default(),
        };
        let store = SdkOrderStore::of_target(self.target, ThrottledWrites(Arc::clone(&counters)));
        let pipeline = &scenario.pipeline;
        let processor = match &functions.main {
            Some(command) => command.processor(&pipeline.mapping),
            None => Processor::BuiltIn(pipeline.function.processor, store.clone()),
        };
        let main = Feed {
            url: &self.target.orders_queue_url,
            mapping: &pipeline.mapping,
            timeout: (
                pipeline.function.timeout,
                "pipeline.function.timeout".into(),
            ),
            limits: limits(scenario),
            counters,
        };
        let mut mappings = vec![self.mapping(main, processor).await?];
        for further in &functions.further {
            let Some(asked) = scenario.processors.get(&further.name) else {
                continue;
            };
            let feed = Feed {
                url: &self.url_of(&asked.queue).await?,
                mapping: &asked.mapping,
                timeout: (
                    asked.timeout,
                    format!("processors.{}.timeout", further.name),
                ),
                limits: limits_of(asked),
                counters: Arc::clone(&further.counters),
            };
            let processor: Processor<SdkOrderStore> = further.command.processor(&asked.mapping);
            mappings.push(self.mapping(feed, processor).await?);
        }
        Ok((functions, mappings))
    }

    /// The target's endpoints and credentials, for functions of one's own.
    async fn place(&self, logs: Option<PathBuf>) -> Result<FunctionTarget, PipelineError> {
        let target = self.target;
        let own = target.credentials.provide_credentials().await;
        let own = own.map_err(|error| PipelineError::Credentials(Box::new(error)))?;
        let mut usual = usual(&target.orders_queue_url, self.lab_table());
        let spec = self.scenario.target.aws();
        let each = spec.map(|spec| (&spec.sqs_endpoint_url, &spec.dynamodb_endpoint_url));
        if let Some((queues, tables)) = each {
            for (name, url) in [
                ("AWS_ENDPOINT_URL_SQS", queues),
                ("AWS_ENDPOINT_URL_DYNAMODB", tables),
            ] {
                usual.extend(url.clone().map(|url| (name.to_owned(), url)));
            }
        }
        Ok(FunctionTarget {
            region: target.region.clone(),
            endpoint_url: match spec {
                Some(spec) => spec.endpoint_url.clone(),
                None => Some(target.sqs_endpoint.clone()),
            },
            credentials: Some(Credentials {
                access_key_id: own.access_key_id().into(),
                secret_access_key: own.secret_access_key().into(),
                session_token: own.session_token().map(str::to_owned),
            }),
            usual,
            logs,
        })
    }

    /// The table of the lab's orders, by its name at the target.
    fn lab_table(&self) -> &str {
        let table = self.target.lab_table();
        table.map_or("orders", |table| &table.name)
    }

    /// The URL of a queue that the scenario calls so.
    async fn url_of(&self, called: &str) -> Result<String, PipelineError> {
        let target = self.target;
        if called == self.scenario.pipeline.dead_letter_queue {
            return Ok(target.dead_letter_queue_url.clone());
        }
        let known = target
            .letter_queues
            .iter()
            .find(|queue| queue.called == called);
        if let Some(queue) = known {
            return Ok(queue.url.clone());
        }
        let spec = self.scenario.target.aws();
        let name = spec.map_or(called, |spec| spec.resources.queue_name(called));
        Ok(queue_url(&self.client, name).await?)
    }

    async fn mapping(
        &self,
        feed: Feed<'_>,
        processor: Processor<SdkOrderStore>,
    ) -> Result<Polling, PipelineError> {
        let queue = queue_settings(&self.client, feed.url).await?;
        let (timeout, key) = feed.timeout;
        if timeout > queue.visibility_timeout {
            return Err(PipelineError::TimeoutAboveVisibility {
                key,
                function: timeout,
                visibility: queue.visibility_timeout,
                queue_url: feed.url.to_owned(),
            });
        }
        let mapping = feed.mapping.clone();
        let polled = RemoteQueue::new(
            self.client.clone(),
            feed.url,
            queue.visibility_timeout,
            &mapping,
        );
        let plan = MappingPlan {
            source: EventSource {
                arn: queue.arn,
                region: self.target.region.clone(),
            },
            mapping: &mapping,
            function: &feed.limits,
            seed: self.scenario.seed,
            speed: 1.0,
        };
        let orders = self.plan.clone();
        let mapping = EventSourceMapping::new(polled, plan, feed.counters, move |event| {
            let processor = processor.clone();
            async move { processor.process(event).await }
        })
        .expecting_failures_of(move |body| is_to_fail(&orders, body));
        Ok(Box::pin(mapping.run()))
    }
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
