//! A function behind a queue, as the builder takes it: a command in any language, or a closure of this program.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};

use super::counters::Counters;
use super::failures::Failure;
use super::mapping::{
    EngineQueue, EventSource, EventSourceMapping, Expected, FunctionSettings, Mapping, MappingPlan,
    Throttle,
};
use super::runtime::{CommandConfig, CommandFunction};
use super::sqs::{ReceivedMessage, Site, SqsEngine};

/// A function with the event source mapping that feeds it from a queue.
pub struct Function {
    queue: Option<String>,
    work: Work,
    wiring: Wiring,
}

/// A mapping that polls until it is dropped.
pub(super) type Polling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes a handler's mapping. Behind it everything is of the handler's own type: no invocation pays for the box.
type Start = dyn FnOnce(Seat<'_>, Wiring) -> Polling + Send;

enum Work {
    Command(Box<CommandConfig>),
    Handler(Box<Start>),
}

/// What of a mapping does not depend on its handler.
#[derive(Default)]
struct Wiring {
    mapping: Mapping,
    settings: FunctionSettings,
    throttle: Option<Box<Throttle<ReceivedMessage>>>,
    expected: Option<Box<Expected>>,
    counters: Option<Arc<Counters>>,
}

/// Where a mapping is put.
#[derive(Clone, Copy)]
pub(super) struct Seat<'a> {
    pub(super) engine: &'a SqsEngine,
    pub(super) site: &'a Site,
    pub(super) counters: &'a Arc<Counters>,
    pub(super) seed: u64,
    pub(super) speed: f64,
    pub(super) queue: &'a str,
}

/// A function that is a program, which speaks Lambda's Runtime API: `["python3", "-m", "awslambdaric",
/// "handler.handler"]`, say, or any bootstrap. It runs as child processes, one for each concurrent execution
/// environment, up to 20, with Lambda's default time-out of 3 s; change what the configuration says before it is made
/// a [`Function`].
///
/// ```
/// use orderproof_emulator::{Function, command, runtime::CommandConfig};
///
/// let function = Function::from(CommandConfig {
///     max_environments: 4,
///     ..command(["python3", "-m", "awslambdaric", "handler.handler"])
/// });
/// # drop(function);
/// ```
pub fn command(command: impl IntoIterator<Item = impl Into<String>>) -> CommandConfig {
    CommandConfig {
        command: command.into_iter().map(Into::into).collect(),
        working_dir: None,
        handler: "handler.handler".into(),
        environment: BTreeMap::new(),
        function_name: "function".into(),
        region: "us-east-1".into(),
        memory_mb: 128,
        timeout: Duration::from_secs(3),
        init_timeout: Duration::from_secs(10),
        logs: None,
        endpoint_url: None,
        credentials: None,
        max_environments: 20,
        freeze: true,
    }
}

/// A function that is a closure of this program: it is called with each batch, and says which messages have failed.
///
/// ```
/// use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
/// use orderproof_emulator::handler;
///
/// let function = handler(|event: SqsEvent| async move {
///     match event.records.is_empty() {
///         true => Err("an empty batch".to_owned()),
///         false => Ok(SqsBatchResponse::default()),
///     }
/// });
/// # drop(function);
/// ```
pub fn handler<F, R, E>(handle: F) -> Function
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    Function {
        queue: None,
        work: Work::Handler(Box::new(move |seat, wiring| {
            Box::pin(polling(seat, wiring, handle))
        })),
        wiring: Wiring::default(),
    }
}

impl Function {
    /// Feeds it from this queue; otherwise it is the first one that was given to the builder.
    #[must_use]
    pub fn on(mut self, queue: &str) -> Self {
        self.queue = Some(queue.to_owned());
        self
    }

    /// With these settings of the mapping. A command is not asked for more at one time than it may have processes.
    #[must_use]
    pub fn mapping(mut self, mapping: Mapping) -> Self {
        self.wiring.mapping = mapping;
        self
    }

    /// With these limits and times. A command's own time-out is its configuration's; this one bounds it together with
    /// its start.
    #[must_use]
    pub fn settings(mut self, settings: FunctionSettings) -> Self {
        self.wiring.settings = settings;
        self
    }

    /// Throttles the invocations of batches for which `throttle` says so: a fault.
    #[must_use]
    pub fn throttled_by(
        mut self,
        throttle: impl Fn(&[ReceivedMessage]) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.wiring.throttle = Some(Box::new(throttle));
        self
    }

    /// Counts failures of batches that hold a message the function is to refuse, by its body, apart from others.
    #[must_use]
    pub fn expecting_failures_of(
        mut self,
        is_to_fail: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.wiring.expected = Some(Box::new(is_to_fail));
        self
    }

    /// Counts what its mapping does here, apart from the emulator's own counters.
    #[must_use]
    pub fn counted_in(mut self, counters: Arc<Counters>) -> Self {
        self.wiring.counters = Some(counters);
        self
    }

    /// The queue that was named.
    pub(super) fn queue(&self) -> Option<&str> {
        self.queue.as_deref()
    }

    /// Makes the mapping, which does nothing before it is polled, and starts a command's thread. The error names the
    /// command.
    pub(super) fn start(
        self,
        seat: Seat<'_>,
    ) -> Result<(Polling, Option<CommandFunction>), (String, std::io::Error)> {
        let mut wiring = self.wiring;
        let mut config = match self.work {
            Work::Handler(start) => return Ok((start(seat, wiring), None)),
            Work::Command(config) => *config,
        };
        config.region.clone_from(&seat.site.region);
        config
            .endpoint_url
            .get_or_insert_with(|| seat.site.base_url.clone());
        let most = &mut wiring.mapping.maximum_concurrency;
        *most = config.max_environments.min(*most);
        let report_batch_item_failures = wiring.mapping.report_batch_item_failures;
        let command = config.command.join(" ");
        let function = CommandFunction::start(config).map_err(|source| (command, source))?;
        let invoked = function.clone();
        let polling = polling(seat, wiring, move |event| {
            let function = invoked.clone();
            async move {
                function
                    .invoke_for_mapping(event, report_batch_item_failures)
                    .await
            }
        });
        Ok((Box::pin(polling), Some(function)))
    }
}

impl From<CommandConfig> for Function {
    fn from(config: CommandConfig) -> Self {
        let settings = FunctionSettings {
            timeout: CommandConfig::mapping_timeout(config.timeout, config.init_timeout),
            ..FunctionSettings::default()
        };
        Self {
            queue: None,
            work: Work::Command(Box::new(config)),
            wiring: Wiring {
                settings,
                ..Wiring::default()
            },
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Function")
            .field("queue", &self.queue)
            .field("mapping", &self.wiring.mapping)
            .field("settings", &self.wiring.settings)
            .finish_non_exhaustive()
    }
}

/// The mapping of a queue to `handle`.
fn polling<F, R, E>(
    seat: Seat<'_>,
    wiring: Wiring,
    handle: F,
) -> impl Future<Output = ()> + Send + use<F, R, E>
where
    F: Fn(SqsEvent) -> R + Send + Sync + 'static,
    R: Future<Output = Result<SqsBatchResponse, E>> + Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    let plan = MappingPlan {
        source: EventSource {
            arn: seat.site.queue_arn(seat.queue),
            region: seat.site.region.clone(),
        },
        mapping: &wiring.mapping,
        function: &wiring.settings,
        seed: seat.seed,
        speed: seat.speed,
    };
    let queue = EngineQueue::new(seat.engine.clone(), seat.queue);
    let counters = wiring.counters.as_ref().unwrap_or(seat.counters);
    let mapping = EventSourceMapping::new(queue, plan, Arc::clone(counters), handle);
    mapping.hooked(wiring.throttle, wiring.expected).run()
}
