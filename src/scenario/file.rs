//! The file format: from text to a checked [`Scenario`].

use std::time::Duration;

use toml::Table;

use super::expect::read_expectations;
use super::fault::read_fault;
use super::phases::read_phases;
use super::proof::read_proof;
use super::section::{Problems, Section};
use super::target::read_target;
use super::*;

/// Twelve hours: the longest visibility timeout SQS knows.
const MAX_VISIBILITY: Duration = Duration::from_secs(43_200);

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

const FILTER_HINT: &str = "write it as AWS does: filter = '{\"body\": {\"item_description\": [\"zTV\", \"zPen\"]}}', exact values only";

/// Reads the scenario in `text`, called `file` in errors, under `overrides`.
///
/// # Errors
/// With every violation at once: syntax, unknown keys, wrong types, values out of range.
pub fn parse(file: &str, text: &str, overrides: &Overrides) -> Result<Scenario, ScenarioErrors> {
    parse_with_proof(file, text, overrides).map(|(scenario, _)| scenario)
}

/// The same with what the scenario says it proves, if it does.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_proof(
    file: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<(Scenario, Option<Proof>), ScenarioErrors> {
    let errors = |violations| ScenarioErrors {
        file: file.to_owned(),
        violations,
    };
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            1 + text[..span.start.min(text.len())].matches('\n').count()
        });
        errors(vec![Violation::new(
            format!("line {line}"),
            format!("is not TOML: {}", error.message()),
            "see scenarios/smoke.toml for a valid file",
        )])
    })?;
    let problems = Problems::new(overrides.apply(&mut table));
    let mut sections = Section::new(&table, String::new(), &problems);
    let proof = read_proof(&mut sections);
    let scenario = read_scenario(sections, &problems);
    let violations = problems.into_inner();
    match scenario {
        Some(scenario) if violations.is_empty() => Ok((scenario, proof)),
        _ => Err(errors(violations)),
    }
}

fn read_scenario(mut file: Section<'_>, problems: &Problems) -> Option<Scenario> {
    let name = required_text(
        &mut file,
        "name",
        "write a short name such as \"spike\": a-z, 0-9 and -",
        is_folder_name,
    );
    let question = required_text(
        &mut file,
        "question",
        "write the question the run answers, one sentence",
        |text| !text.trim().is_empty(),
    );
    let target = read_target(&mut file);
    let seed = file.integer("seed", 1, 0, i64::MAX as u64);
    let phases = read_phases(&mut file, problems);
    let arrivals = file.choice(
        "arrivals",
        Arrivals::Uniform,
        &[
            ("uniform", Arrivals::Uniform),
            ("poisson", Arrivals::Poisson),
        ],
    );
    let bad_share = file.share("bad_orders", 0.0);
    let sending = read_sending(file.section("sending"));
    let pipeline = read_pipeline(file.section("pipeline"));
    let faults: Vec<Fault> = file
        .sections("fault")
        .into_iter()
        .filter_map(|section| read_fault(section, &phases))
        .collect();
    let mut settle = file.section("settle");
    let settle_deadline = settle.duration_within(
        "deadline",
        Duration::from_secs(60),
        Duration::from_millis(1),
        Duration::from_secs(86_400),
    );
    settle.finish();
    let expect = read_expectations(file.section("expect"), &phases);
    let elsewhere = |fault: &&Fault| fault.kind.place() != FaultPlace::Harness;
    if target != TargetSpec::Embedded
        && let Some(fault) = faults.iter().find(elsewhere)
    {
        let rule = format!(
            "{} can only be planted in the embedded pipeline",
            fault.kind.as_str()
        );
        file.problem("fault", rule, "leave out the fault or the target");
    }
    file.finish();
    Some(Scenario {
        target,
        name: name?,
        question: question?,
        seed,
        phases,
        arrivals,
        bad_share,
        sending,
        pipeline,
        faults,
        settle_deadline,
        expect,
    })
}

fn required_text(
    file: &mut Section<'_>,
    key: &'static str,
    hint: &str,
    legal: fn(&str) -> bool,
) -> Option<String> {
    if file.value(key).is_none() {
        file.problem(key, "is missing", hint);
    }
    file.text(key, hint, |text| match legal(text) {
        true => Ok(text.to_owned()),
        false => Err(format!("{text:?} will not do")),
    })
}

fn is_folder_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=60).contains(&text.len()) && text.chars().all(legal) && !text.starts_with('-')
}

fn read_sending(mut section: Section<'_>) -> Sending {
    let sending = Sending {
        batch: section.integer("batch", 1, 1, 10) as u8,
        linger: section.duration_within(
            "linger",
            Duration::ZERO,
            Duration::ZERO,
            Duration::from_secs(60),
        ),
        senders: section.integer("senders", 32, 1, 4_096) as u32,
        max_in_flight: section.integer("max_in_flight", 2_000, 1, 10_000_000) as u32,
        attempt_timeout: section.duration_within(
            "attempt_timeout",
            Duration::from_secs(5),
            Duration::from_millis(1),
            Duration::from_secs(300),
        ),
        sender: section.choice(
            "sender",
            SenderKind::Http,
            &[("http", SenderKind::Http), ("sdk", SenderKind::Sdk)],
        ),
    };
    if sending.batch == 1 && !sending.linger.is_zero() {
        section.problem(
            "linger",
            "an order sent alone waits for nobody",
            "leave linger out, or set batch to 2 or more",
        );
    }
    if sending.max_in_flight < u32::from(sending.batch) {
        section.problem(
            "max_in_flight",
            "is below one batch, so nothing could be sent",
            format!("write at least {}", sending.batch),
        );
    }
    section.finish();
    sending
}

fn read_pipeline(mut section: Section<'_>) -> Pipeline {
    let visibility_timeout = section.duration_within(
        "visibility_timeout",
        Duration::from_secs(30),
        Duration::from_millis(100),
        MAX_VISIBILITY,
    );
    let pipeline = Pipeline {
        visibility_timeout,
        max_receive_count: section.integer("max_receive_count", 3, 1, 1_000) as u32,
        redrive_to: read_redrive(&mut section),
        orders_retention: section.duration_within("orders_retention", 4 * DAY, MINUTE, 14 * DAY),
        dead_letter_retention: section.duration_within(
            "dead_letter_retention",
            14 * DAY,
            MINUTE,
            14 * DAY,
        ),
        mapping: read_mapping(section.section("mapping")),
        function: read_function(section.section("function"), visibility_timeout),
        table_capacity: section
            .text(
                "table_capacity",
                "write \"on-demand\" or provisioned write capacity such as \"5 wcu\"",
                parse_capacity,
            )
            .unwrap_or(TableCapacity::OnDemand),
    };
    section.finish();
    pipeline
}

/// The queue dead letters are moved to; `"none"` is none.
fn read_redrive(section: &mut Section<'_>) -> Option<String> {
    let lab = Resources::default();
    let hint = format!(
        "write a queue's name, such as {:?}, or \"none\"",
        lab.dead_letter_queue
    );
    let read = section.text("redrive_to", &hint, |name| {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match (1..=80).contains(&name.len()) && name.chars().all(legal) && name != lab.orders_queue
        {
            true => Ok(name.to_owned()),
            false => Err(format!("{name:?} cannot be a dead-letter queue")),
        }
    });
    let name = read.unwrap_or(lab.dead_letter_queue);
    (name != "none").then_some(name)
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

fn parse_capacity(text: &str) -> Result<TableCapacity, String> {
    if text == "on-demand" {
        return Ok(TableCapacity::OnDemand);
    }
    let units = text
        .strip_suffix("wcu")
        .and_then(|units| units.trim().parse().ok());
    match units {
        Some(write_capacity_units) if write_capacity_units > 0 => Ok(TableCapacity::Provisioned {
            write_capacity_units,
        }),
        _ => Err(format!("{text:?} is not a capacity")),
    }
}

fn read_mapping(mut section: Section<'_>) -> Mapping {
    let mapping = Mapping {
        batch_size: section.integer("batch_size", 10, 1, 10) as u8,
        batching_window: section.duration_within(
            "batching_window",
            Duration::ZERO,
            Duration::ZERO,
            Duration::from_secs(300),
        ),
        starting_concurrency: section.integer("starting_concurrency", 5, 1, 1_250) as u32,
        added_concurrency_per_minute: section.integer("added_concurrency_per_minute", 300, 0, 1_000)
            as u32,
        maximum_concurrency: section.integer("maximum_concurrency", 1_000, 2, 1_250) as u32,
        report_batch_item_failures: section.boolean("report_batch_item_failures", true),
        filter: section.text("filter", FILTER_HINT, parse_filter),
    };
    if mapping.starting_concurrency > mapping.maximum_concurrency {
        section.problem(
            "starting_concurrency",
            "is above maximum_concurrency",
            format!("write at most {}", mapping.maximum_concurrency),
        );
    }
    section.finish();
    mapping
}

fn read_function(mut section: Section<'_>, visibility_timeout: Duration) -> Function {
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
        timeout: section.duration_within(
            "timeout",
            usual,
            Duration::from_millis(1),
            Duration::from_secs(900),
        ),
        service_time: section.duration_within(
            "service_time",
            Duration::ZERO,
            Duration::ZERO,
            Duration::from_secs(900),
        ),
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
