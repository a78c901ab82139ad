//! The functions of a pipeline and how they are fed: the one behind the orders queue, and those of the user's own behind
//! further queues.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::counters::{StartWatch, figures, logs_of};
use super::error::PipelineError;
use super::fault::{FaultyFunction, Processor, any_struck};
use crate::emulator::counters::Counters;
use crate::emulator::mapping::FunctionSettings;
use crate::emulator::runtime::{CommandConfig, CommandFunction, Credentials};
use crate::emulator::sqs::Site;
use crate::emulator::{Function, handler};
use crate::fault::{FaultPlan, is_to_fail};
use crate::order::OrderPlan;
use crate::processor::OrderStore;
use crate::results::PipelineCounters;
use crate::scenario::{
    FUNCTION_NAME, FaultKind, Mapping, ProcessorCommand, QueueProcessor, Resources, Scenario,
};

/// What functions of the user's own are told of where they run.
#[derive(Clone)]
pub(super) struct FunctionTarget {
    pub(super) region: String,
    pub(super) endpoint_url: Option<String>,
    pub(super) credentials: Option<Credentials>,
    /// Variables that they have unless they set them themselves.
    pub(super) usual: BTreeMap<String, String>,
    /// The folder of their logs.
    pub(super) logs: Option<PathBuf>,
}

impl FunctionTarget {
    /// Behind the front of an emulator.
    pub(super) fn embedded(scenario: &Scenario, site: &Site, logs: &Option<PathBuf>) -> Self {
        Self {
            region: site.region.clone(),
            endpoint_url: Some(site.base_url.clone()),
            credentials: None,
            usual: usual(
                &site.queue_url(&scenario.pipeline.orders_queue),
                &Resources::default().table,
            ),
            logs: logs.clone(),
        }
    }
}

/// The variables of the lab's function.
pub(super) fn usual(orders_queue_url: &str, table: &str) -> BTreeMap<String, String> {
    let variables = [
        ("DYNAMODB_ORDERS_TABLE", table),
        ("ORDERS_QUEUE_URL", orders_queue_url),
    ];
    variables
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// A function of the user's own that was started.
#[derive(Clone)]
pub(super) struct Command {
    function: CommandFunction,
    freezes: bool,
}

impl Command {
    fn start(
        processor: &ProcessorCommand,
        name: &str,
        limits: (Duration, u32),
        place: &FunctionTarget,
    ) -> Result<Self, PipelineError> {
        let mut environment = place.usual.clone();
        let own = processor.environment.iter();
        environment.extend(own.map(|(name, value)| (name.clone(), value.reveal().to_owned())));
        let (timeout, max_environments) = limits;
        let config = CommandConfig {
            command: processor.command.clone(),
            working_dir: processor.working_dir.as_ref().map(PathBuf::from),
            handler: processor.handler.clone(),
            environment,
            function_name: processor.name.as_deref().unwrap_or(name).into(),
            region: place.region.clone(),
            memory_mb: processor.memory_mb,
            timeout,
            init_timeout: processor.init_timeout,
            logs: place.logs.clone(),
            endpoint_url: place.endpoint_url.clone(),
            credentials: place.credentials.clone(),
            max_environments,
            freeze: processor.freeze,
        };
        let started = CommandFunction::start(config).map_err(|source| PipelineError::Command {
            command: processor.command.join(" "),
            source,
        });
        Ok(Self {
            function: started?,
            freezes: processor.freeze,
        })
    }

    /// It, as what processes orders behind `mapping`.
    pub(super) fn processor<S>(&self, mapping: &Mapping) -> Processor<S> {
        Processor::Command {
            function: self.function.clone(),
            report_batch_item_failures: mapping.report_batch_item_failures,
        }
    }
}

/// A function behind a further queue.
#[derive(Clone)]
pub(super) struct Further {
    /// What the scenario calls it.
    pub(super) name: String,
    pub(super) command: Command,
    /// What its mapping does, apart from that of the orders queue.
    pub(super) counters: Arc<Counters>,
}

/// The functions of the user's own that were started.
#[derive(Clone, Default)]
pub(super) struct Functions {
    /// The one behind the orders queue.
    pub(super) main: Option<Command>,
    pub(super) further: Vec<Further>,
}

impl Functions {
    /// Starts what `[processor]` and `[processors.NAME]` describe. Their first processes start with the first
    /// invocations.
    pub(super) fn start(
        scenario: &Scenario,
        place: &FunctionTarget,
    ) -> Result<Self, PipelineError> {
        let pipeline = &scenario.pipeline;
        let limits = (
            pipeline.function.timeout,
            pipeline.mapping.maximum_concurrency,
        );
        let target = scenario.target.aws();
        let usual_name = target.map_or(FUNCTION_NAME, |target| &target.function);
        let main = scenario.processor.as_ref();
        let main = main.map(|main| Command::start(main, usual_name, limits, place));
        let further = scenario.processors.iter().map(|(name, processor)| {
            let limits = (processor.timeout, processor.mapping.maximum_concurrency);
            // Environments are numbered for each function: one folder each.
            let place = FunctionTarget {
                logs: place.logs.as_ref().map(|logs| logs.join(name)),
                ..place.clone()
            };
            Ok(Further {
                name: name.clone(),
                command: Command::start(&processor.command, name, limits, &place)?,
                counters: Arc::default(),
            })
        });
        Ok(Self {
            main: main.transpose()?,
            further: further.collect::<Result<_, PipelineError>>()?,
        })
    }

    /// The further ones behind their queues of an emulator.
    pub(super) fn further(&self, scenario: &Scenario, plan: &OrderPlan) -> Vec<Function> {
        let wired = |further: &Further| {
            let processor = scenario.processors.get(&further.name)?;
            let function = further.command.function.clone();
            let reports = processor.mapping.report_batch_item_failures;
            let plan = plan.clone();
            let function = handler(move |event| {
                let function = function.clone();
                async move { function.invoke_for_mapping(event, reports).await }
            });
            let function = function
                .on(&processor.queue)
                .mapping(processor.mapping.clone())
                .settings(limits_of(processor))
                .counted_in(Arc::clone(&further.counters))
                .expecting_failures_of(move |body| is_to_fail(&plan, body));
            Some(function)
        };
        self.further.iter().filter_map(wired).collect()
    }

    /// Whether they have started yet; nothing to watch without one.
    pub(super) fn watch_start(&self) -> Option<StartWatch> {
        let further = self.further.iter();
        let further = further.map(|further| (further.name.as_str(), &further.command));
        let all = self.main.iter().map(|main| ("", main)).chain(further);
        StartWatch::of(all.map(|(name, command)| (name, &command.function)))
    }

    /// Adds what they counted to the figures of the mapping of the orders queue: processes of all, and of the further
    /// ones why invocations failed.
    pub(super) fn add_to(&self, counters: &mut PipelineCounters, plan: &OrderPlan) {
        let mut add = |command: &Command| {
            let figures = command.function.figures();
            counters.crashes += figures.crashed + figures.failed_inits;
            if command.freezes {
                *counters.freezes.get_or_insert(0) += figures.freezes;
                *counters.incomplete_freezes.get_or_insert(0) += figures.incomplete_freezes;
            }
            figures.started
        };
        if let Some(main) = &self.main {
            counters.cold_starts = add(main);
        }
        for further in &self.further {
            add(&further.command);
        }
        for further in &self.further {
            let logs = logs_of(&further.name);
            let own = figures(&further.counters, BTreeMap::new(), plan, &logs);
            let named = own.failures.into_iter().flatten().map(|mut failure| {
                let why = failure.reason.as_deref().unwrap_or("no reason given");
                failure.reason = Some(format!("function {}: {why}", further.name));
                failure
            });
            counters.failures.get_or_insert_default().extend(named);
        }
        counters.never_started = self.watch_start().and_then(|watch| watch.never_started());
    }
}

/// The function behind the mapping of the orders queue, with what goes wrong in it and before it.
pub(super) fn function<S: OrderStore + Clone + 'static>(
    scenario: &Scenario,
    processor: Processor<S>,
    faults: &Arc<FaultPlan>,
    plan: OrderPlan,
) -> Function {
    let function = FaultyFunction::new(processor, Arc::clone(faults));
    let throttles = Arc::clone(faults);
    handler(move |event| {
        let function = function.clone();
        async move { function.handle(event).await }
    })
    .mapping(scenario.pipeline.mapping.clone())
    .settings(limits(scenario))
    .throttled_by(move |batch| {
        let bodies = batch.iter().map(|message| &*message.body);
        any_struck(&throttles, FaultKind::InvocationThrottled, bodies)
    })
    .expecting_failures_of(move |body| is_to_fail(&plan, body))
}

/// The limits of the function behind the orders queue as the mapping enforces them.
pub(super) fn limits(scenario: &Scenario) -> FunctionSettings {
    let settings = scenario.pipeline.function.settings();
    match &scenario.processor {
        Some(processor) => FunctionSettings {
            timeout: CommandConfig::mapping_timeout(settings.timeout, processor.init_timeout),
            ..settings
        },
        None => settings,
    }
}

/// The same of a further function.
pub(super) fn limits_of(processor: &QueueProcessor) -> FunctionSettings {
    let init_timeout = processor.command.init_timeout;
    FunctionSettings {
        timeout: CommandConfig::mapping_timeout(processor.timeout, init_timeout),
        ..FunctionSettings::default()
    }
}
