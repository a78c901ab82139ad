//! `[processor]` and `[processors.NAME]`: functions of the user's own, as a scenario writes them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use toml::Value;

use super::lambda::{MAX_TIMEOUT, read_mapping};
use super::queues::check_fifo_mapping;
use super::section::Section;
use super::{Mapping, ProcessorCommand, Secret, Violation};

const COMMAND_HINT: &str = "write the program and its arguments: command = [\"python3\", \"-m\", \"awslambdaric\", \"handler.handler\"]";

const NAME_HINT: &str = "write what AWS_LAMBDA_FUNCTION_NAME is to be, letters, digits, - and _: name = \"checkout-consumer\"";

const QUEUE_HINT: &str = "write the queue's name: queue = \"orders-dl-queue\"";

/// A further function of the pipeline, fed from a queue of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueProcessor {
    /// The queue.
    pub queue: String,
    /// An invocation that takes longer has failed.
    pub timeout: Duration,
    /// The event source mapping between the two.
    pub mapping: Mapping,
    /// The function.
    pub command: ProcessorCommand,
}

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
    let processor = read_command(&mut section);
    section.finish();
    Some(processor)
}

/// Reads `[processors.NAME]`, each of them.
pub(super) fn read_processors(file: &mut Section<'_>) -> BTreeMap<String, QueueProcessor> {
    let mut outer = file.section("processors");
    let mut processors = BTreeMap::new();
    for (name, value) in outer.entries() {
        let path = outer.named(name);
        let Value::Table(table) = value else {
            let rule = format!("must be a table, found {}", value.type_str());
            let hint = format!("write a table: [{path}]");
            outer.push(Violation::new(path, rule, hint));
            continue;
        };
        if !is_function_name(name) {
            let hint = "name it with letters, digits, - and _: [processors.drain]";
            outer.push(Violation::new(path, "cannot be a function's name", hint));
        }
        if let Some(processor) = read_queue_processor(outer.within(name, table)) {
            processors.insert(name.clone(), processor);
        }
    }
    processors
}

fn read_queue_processor(mut section: Section<'_>) -> Option<QueueProcessor> {
    if !section.has("queue") {
        section.problem("queue", "is missing", QUEUE_HINT);
    }
    let queue = section.text("queue", QUEUE_HINT, queue_name);
    let command = read_command(&mut section);
    let timeout = section.duration_within(
        "timeout",
        Duration::from_secs(5),
        Duration::from_millis(1),
        MAX_TIMEOUT,
    );
    let mut mapping = read_mapping(section.section("mapping"));
    bound_concurrency(&mut mapping, Some(&command));
    if queue.as_ref().is_some_and(|name| name.ends_with(".fifo")) {
        check_fifo_mapping(&section, &mapping);
    }
    section.finish();
    Some(QueueProcessor {
        queue: queue?,
        timeout,
        mapping,
        command,
    })
}

/// A queue's name as SQS takes it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn queue_name(name: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // FIFO queues have this end.
    let stem = name.strip_suffix(".fifo").unwrap_or(name);
    match name.len() <= 80 && !stem.is_empty() && stem.chars().all(legal) {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} cannot be the name of a queue")),
    }
}

fn is_function_name(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&name.len()) && name.chars().all(legal)
}

/// A function of one's own, from the section that has its keys.
fn read_command(section: &mut Section<'_>) -> ProcessorCommand {
    let command = section.texts("command", COMMAND_HINT).unwrap_or_default();
    if command.is_empty() {
        section.problem("command", "is missing or empty", COMMAND_HINT);
    }
    let as_is = |text: &str| Ok(text.to_owned());
    ProcessorCommand {
        name: section.text("name", NAME_HINT, |name| match is_function_name(name) {
            true => Ok(name.to_owned()),
            false => Err(format!("{name:?} cannot be a function's name")),
        }),
        command,
        working_dir: section.text("working_dir", "write a folder's path", as_is),
        handler: section
            .text("handler", "write what _HANDLER is to be", as_is)
            .unwrap_or_else(|| "handler".into()),
        environment: read_environment(section),
        memory_mb: section.integer("memory_mb", 128, 128, 10_240) as u32,
        init_timeout: section.duration_within(
            "init_timeout",
            Duration::from_secs(10),
            Duration::from_millis(1),
            MAX_TIMEOUT,
        ),
        max_environments: section.integer("max_environments", 20, 1, 1_000) as u32,
        freeze: section.boolean("freeze", true),
    }
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
