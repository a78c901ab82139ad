//! The pipeline a run is driven at.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::account::read_door;
use crate::embedded::{EmbeddedPipeline, Gauges, LocalProcessor, ServeOptions, StartWatch};
use crate::error::Error;
use crate::observe::AskDoor;
use crate::order::{Door, OrderPlan};
use crate::preflight::HandingOn;
use crate::results::PipelineCounters;
use crate::scenario::{AwsTarget, ProcessorPlace, Scenario, TargetSpec};
use crate::store::{Session, StoreError, Target};
use crate::verify::{DoorSeen, Settling};

/// Exact counts prove rest within a moment, and an order may come between two of them.
const BETWEEN_SAMPLES: Duration = Duration::from_secs(5);

/// The pipeline a run is driven at.
pub enum Deployment {
    /// In this process.
    Embedded(Box<EmbeddedPipeline>),
    /// In an AWS account, or behind endpoints, with its function there or here.
    Aws(Box<Target>, Option<LocalProcessor>),
}

impl Deployment {
    /// Starts the embedded pipeline for the planned orders. A function of one's own writes its logs to the folder
    /// `function_logs`.
    ///
    /// # Errors
    /// When it cannot start; nothing has been sent.
    pub fn embedded(
        scenario: &Scenario,
        orders: OrderPlan,
        planned: u64,
        function_logs: PathBuf,
    ) -> Result<Self, Error> {
        let options = ServeOptions {
            function_logs: Some(function_logs),
            ..ServeOptions::default()
        };
        EmbeddedPipeline::start_with(scenario, orders, planned, &options)
            .map(|pipeline| Self::Embedded(Box::new(pipeline)))
            .map_err(Error::usage)
    }

    /// The pipeline at `target`; functions that are to run here start. One's own write their logs to the folder
    /// `function_logs`.
    ///
    /// # Errors
    /// When a function cannot start.
    pub fn elsewhere(
        scenario: &Scenario,
        orders: OrderPlan,
        target: Target,
        function_logs: PathBuf,
    ) -> Result<Self, Error> {
        let local = |spec: &AwsTarget| spec.processor == ProcessorPlace::Local;
        let processor = match scenario.target.aws().is_some_and(local) {
            true => {
                let started = LocalProcessor::start(scenario, orders, &target, Some(function_logs));
                Some(started.map_err(Error::usage)?)
            }
            false => None,
        };
        Ok(Self::Aws(Box::new(target), processor))
    }

    /// The stores at `target`, to be read; nothing starts.
    pub fn looked_at(target: Target) -> Self {
        Self::Aws(Box::new(target), None)
    }

    /// Where it is.
    pub fn target(&self) -> Target {
        match self {
            Self::Embedded(pipeline) => pipeline.target(),
            Self::Aws(target, _) => (**target).clone(),
        }
    }

    /// What a live view may read of what runs here, if anything does.
    pub fn gauges(&self) -> Option<Gauges> {
        match self {
            Self::Embedded(pipeline) => Some(pipeline.gauges()),
            Self::Aws(_, processor) => processor.as_ref().map(LocalProcessor::gauges),
        }
    }

    /// Whether a function of one's own has started yet; nothing to watch without one.
    pub fn watch_start(&self) -> Option<StartWatch> {
        match self {
            Self::Embedded(pipeline) => pipeline.watch_start(),
            Self::Aws(_, processor) => processor.as_ref()?.watch_start(),
        }
    }

    /// Asks what orders are sent to whether it still holds some; nothing to ask where they are sent to the queue itself.
    /// `last_send` is when the last order was answered, since `start`; `handing_on` is how it hands orders on elsewhere.
    pub fn watch_door(
        &self,
        scenario: &Scenario,
        handing_on: HandingOn,
        last_send: Duration,
        start: Instant,
    ) -> Option<Box<AskDoor>> {
        match self {
            Self::Embedded(pipeline) => {
                let ask = pipeline.watch_door()?;
                Some(Box::new(ask))
            }
            Self::Aws(target, _) => {
                let door = scenario.sending.to.clone();
                let visibility = scenario.pipeline.visibility_timeout;
                let rest = Settling::span(target.exact_counts, visibility).max(BETWEEN_SAMPLES);
                let waited = move || start.elapsed().saturating_sub(last_send);
                let ask = move || DoorSeen::waited(&door, &handing_on, waited(), rest);
                ask()?;
                Some(Box::new(move || ask().unwrap_or_default()))
            }
        }
    }

    /// Ends what runs here, the embedded pipeline or the function, and says what it counted of itself.
    pub fn close(self) -> Option<PipelineCounters> {
        match self {
            Self::Embedded(pipeline) => {
                let counters = pipeline.counters();
                pipeline.shutdown();
                Some(counters)
            }
            Self::Aws(_, processor) => processor.map(|processor| {
                let counters = processor.counters();
                processor.shutdown();
                counters
            }),
        }
    }
}

/// Finds the queues and the tables of a target that the orders of `scenario` end in.
///
/// # Errors
/// When one is not there, or the target cannot be reached.
pub fn resolve(spec: &AwsTarget, scenario: &Scenario) -> Result<Target, Error> {
    block_on(async {
        let session = Session::open(spec).await?;
        Target::resolve(&session, spec, scenario).await
    })
}

/// How what the orders of `scenario` are sent to at `spec` hands them on, by its settings now.
///
/// # Errors
/// When there is no session; what cannot be read there is unknown.
pub fn handing_on(spec: &AwsTarget, scenario: &Scenario) -> Result<HandingOn, Error> {
    // Of a server nothing can be read, and its address is the scenario's.
    if matches!(scenario.sending.to, Door::Sqs | Door::Http(_)) {
        return Ok(HandingOn::default());
    }
    let door = block_on(async {
        let session = Session::open(spec).await?;
        Ok(read_door(&session, spec, scenario).await)
    })?;
    Ok(door.map_or_else(HandingOn::default, |door| door.handing_on(scenario, spec)))
}

/// Asks a target something, before anything else runs.
///
/// # Errors
/// When it cannot be reached; the words say what to look at.
pub fn block_on<T>(asking: impl Future<Output = Result<T, StoreError>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?
        .block_on(asking)
        .map_err(|error| {
            Error::usage(format!(
                "{error}; check [target], its queues, table and credentials"
            ))
        })
}

/// The target in a word, for the report.
pub fn target_name(scenario: &Scenario) -> String {
    match &scenario.target {
        TargetSpec::Embedded => "embedded".into(),
        TargetSpec::Aws(target) => {
            let place = target
                .sqs_endpoint_url
                .as_ref()
                .or(target.endpoint_url.as_ref());
            place.cloned().unwrap_or_else(|| "aws".into())
        }
    }
}
