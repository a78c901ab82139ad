//! The mapping and the function, as a scenario writes them.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;

use super::section::Section;
use super::units::parse_duration;
use super::{
    Function, Mapping, MessageFilter, ProcessorCommand, ProcessorKind, ProvisionedPollers, Secret,
    ServiceTime,
};

const FILTER_HINT: &str = "write it as AWS does: filter = '{\"body\": {\"item_description\": [\"zTV\", \"zPen\"]}}', exact values only";

const TIME_HINT: &str = "write a duration such as \"100ms\", or a lognormal distribution: { p50 = \"20ms\", p99 = \"200ms\" }";

const COMMAND_HINT: &str = "write the program and its arguments: command = [\"python3\", \"-m\", \"awslambdaric\", \"handler.handler\"]";

/// Concurrent invocations of one provisioned poller (third party).
const INVOCATIONS_PER_POLLER: u32 = 10;

/// Concurrent invocations added a minute, in standard and in provisioned mode.
const ADDED_PER_MINUTE: u64 = 300;
const ADDED_PER_MINUTE_PROVISIONED: u32 = 1_000;

/// Lambda's longest time-out.
const MAX_TIMEOUT: Duration = Duration::from_secs(900);

/// Variables a function may not set. The first seventeen are Lambda's own (AWS Lambda, "Reserved
/// environment variables"); the rest keep the function at this pipeline and away from the caller's account.
pub const RESERVED_VARIABLES: [&str; 23] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    "ORDERPROOF_ENVIRONMENT",
];

/// Reads `[pipeline.mapping]`.
pub(super) fn read_mapping(mut section: Section<'_>) -> Mapping {
    let batch_size = section.integer("batch_size", 10, 1, 10_000) as u16;
    let batching_window = section.duration_within(
        "batching_window",
        Duration::ZERO,
        Duration::ZERO,
        Duration::from_secs(300),
    );
    if batch_size > 10 && batching_window < Duration::from_secs(1) {
        section.problem(
            "batch_size",
            "above 10 needs a batching window of at least 1 s; AWS refuses such a mapping",
            "write at most 10, or batching_window = \"1s\"",
        );
    }
    let provisioned_pollers = read_pollers(&mut section);
    let standard = Mapping {
        batch_size,
        batching_window,
        starting_concurrency: section.integer("starting_concurrency", 5, 1, 1_250) as u32,
        added_concurrency_per_minute: section.integer(
            "added_concurrency_per_minute",
            ADDED_PER_MINUTE,
            0,
            1_000,
        ) as u32,
        maximum_concurrency: section.integer("maximum_concurrency", 1_000, 2, 1_250) as u32,
        provisioned_pollers,
        back_off: section.boolean("back_off", true),
        report_batch_item_failures: section.boolean("report_batch_item_failures", true),
        filter: section.text("filter", FILTER_HINT, parse_filter),
    };
    if standard.starting_concurrency > standard.maximum_concurrency {
        section.problem(
            "starting_concurrency",
            "is above maximum_concurrency",
            format!("write at most {}", standard.maximum_concurrency),
        );
    }
    section.finish();
    match provisioned_pollers {
        None => standard,
        Some(pollers) => Mapping {
            starting_concurrency: pollers.minimum * INVOCATIONS_PER_POLLER,
            added_concurrency_per_minute: ADDED_PER_MINUTE_PROVISIONED,
            maximum_concurrency: pollers.maximum * INVOCATIONS_PER_POLLER,
            ..standard
        },
    }
}

/// Provisioned mode, if either of its settings is there.
fn read_pollers(section: &mut Section<'_>) -> Option<ProvisionedPollers> {
    let given = |section: &mut Section<'_>, key| section.value(key).is_some();
    if !given(section, "minimum_pollers") && !given(section, "maximum_pollers") {
        return None;
    }
    let pollers = ProvisionedPollers {
        minimum: section.integer("minimum_pollers", 2, 2, 200) as u32,
        maximum: section.integer("maximum_pollers", 200, 2, 10_000) as u32,
    };
    if pollers.minimum > pollers.maximum {
        section.problem(
            "minimum_pollers",
            "is above maximum_pollers",
            format!("write at most {}", pollers.maximum),
        );
    }
    for key in [
        "starting_concurrency",
        "added_concurrency_per_minute",
        "maximum_concurrency",
    ] {
        if given(section, key) {
            section.problem(
                key,
                "cannot be set together with provisioned pollers; AWS refuses such a mapping",
                "leave it out, or the pollers",
            );
        }
    }
    Some(pollers)
}

/// Filter criteria as AWS writes them, as far as they are imitated: exact values of a JSON body's fields.
fn parse_filter(text: &str) -> Result<MessageFilter, String> {
    let filter: MessageFilter = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let exact = |value: &serde_json::Value| !value.is_object() && !value.is_array();
    match filter.body.values().flatten().all(exact) && !filter.body.is_empty() {
        true => Ok(filter),
        false => Err("names no field, or more than exact values".into()),
    }
}

/// Reads `[pipeline.function]`.
pub(super) fn read_function(mut section: Section<'_>, visibility_timeout: Duration) -> Function {
    let usual = Duration::from_secs(5).min(visibility_timeout);
    let function = Function {
        processor: section.choice(
            "processor",
            ProcessorKind::Orderproof,
            &[
                ("orderproof", ProcessorKind::Orderproof),
                ("lab", ProcessorKind::Lab),
            ],
        ),
        timeout: section.duration_within("timeout", usual, Duration::from_millis(1), MAX_TIMEOUT),
        service_time: read_time(&mut section, "service_time"),
        cold_start: read_time(&mut section, "cold_start"),
        reserved_concurrency: section
            .value("reserved_concurrency")
            .is_some()
            .then(|| section.integer("reserved_concurrency", 1, 1, 100_000) as u32),
    };
    if function.timeout > visibility_timeout {
        let rule = format!(
            "{:?} is longer than the queue's visibility timeout of {visibility_timeout:?}; AWS refuses such a mapping",
            function.timeout
        );
        section.problem("timeout", rule, "shorten it, or lengthen pipeline.visibility_timeout (AWS advises 6 times the function's)");
    }
    section.finish();
    function
}

/// A duration or a distribution; none when absent.
fn read_time(section: &mut Section<'_>, key: &'static str) -> ServiceTime {
    let time = section.read(key, TIME_HINT, |value| match value {
        Value::String(text) => parse_duration(text).map(ServiceTime::Constant),
        Value::Table(table) => parse_lognormal(table),
        other => Err(format!(
            "must be a text or a table, found {}",
            other.type_str()
        )),
    });
    let longest = match time {
        Some(ServiceTime::Constant(duration) | ServiceTime::Lognormal { p99: duration, .. }) => {
            duration
        }
        None => Duration::ZERO,
    };
    if longest > MAX_TIMEOUT {
        section.problem(
            key,
            format!("{longest:?} is above Lambda's 900 s"),
            TIME_HINT,
        );
    }
    time.unwrap_or(ServiceTime::ZERO)
}

fn parse_lognormal(table: &toml::Table) -> Result<ServiceTime, String> {
    let part = |name: &str| {
        let text = table.get(name).and_then(Value::as_str);
        parse_duration(text.ok_or_else(|| format!("has no {name}"))?)
    };
    let (p50, p99) = (part("p50")?, part("p99")?);
    if let Some(unknown) = table
        .keys()
        .find(|key| !["p50", "p99"].contains(&key.as_str()))
    {
        return Err(format!("has an unknown key {unknown:?}"));
    }
    match !p50.is_zero() && p50 <= p99 {
        true => Ok(ServiceTime::Lognormal { p50, p99 }),
        false => Err(format!(
            "p50 ({p50:?}) must be above 0 and at most p99 ({p99:?})"
        )),
    }
}

/// Bounds a mapping's concurrency by the processes there may be.
pub(super) fn bound_concurrency(mapping: &mut Mapping, processor: Option<&ProcessorCommand>) {
    if let Some(processor) = processor {
        let most = processor.max_environments;
        mapping.maximum_concurrency = mapping.maximum_concurrency.min(most);
        mapping.starting_concurrency = mapping.starting_concurrency.min(most);
    }
}

/// Reads `[processor]`, if it is there.
pub(super) fn read_processor(file: &mut Section<'_>) -> Option<ProcessorCommand> {
    file.value("processor")?;
    let mut section = file.section("processor");
    let command = section.texts("command", COMMAND_HINT).unwrap_or_default();
    if command.is_empty() {
        section.problem("command", "is missing or empty", COMMAND_HINT);
    }
    let as_is = |text: &str| Ok(text.to_owned());
    let processor = ProcessorCommand {
        command,
        working_dir: section.text("working_dir", "write a folder's path", as_is),
        handler: section
            .text("handler", "write what _HANDLER is to be", as_is)
            .unwrap_or_else(|| "handler".into()),
        environment: read_environment(&mut section),
        memory_mb: section.integer("memory_mb", 128, 128, 10_240) as u32,
        init_timeout: section.duration_within(
            "init_timeout",
            Duration::from_secs(10),
            Duration::from_millis(1),
            MAX_TIMEOUT,
        ),
        max_environments: section.integer("max_environments", 20, 1, 1_000) as u32,
        freeze: section.boolean("freeze", true),
    };
    section.finish();
    Some(processor)
}

fn read_environment(section: &mut Section<'_>) -> BTreeMap<String, Secret> {
    let hint = "write a table of texts: environment = { LOG_LEVEL = \"info\" }";
    let read = section.read("environment", hint, |value| {
        let table = value
            .as_table()
            .ok_or_else(|| format!("must be a table, found {}", value.type_str()))?;
        let mut environment = BTreeMap::new();
        for (name, value) in table {
            let text = value.as_str();
            let text = text.ok_or_else(|| format!("{name} must be a text"))?;
            if RESERVED_VARIABLES.contains(&name.as_str()) {
                return Err(format!("{name} is reserved for Lambda and this pipeline"));
            }
            if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
                return Err(format!(
                    "{name:?}: no process can have it: a name is not empty and has no \"=\", and neither it nor its value has a NUL"
                ));
            }
            environment.insert(name.clone(), Secret::from(text.to_owned()));
        }
        Ok(environment)
    });
    read.unwrap_or_default()
}
