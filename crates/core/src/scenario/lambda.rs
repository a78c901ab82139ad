//! The mapping and the function, as a scenario writes them.

use std::time::Duration;

use toml::Value;

use super::section::Section;
use super::units::parse_duration;
use super::{Function, Mapping, MessageFilter, ProcessorKind, ProvisionedPollers, ServiceTime};

const FILTER_HINT: &str = "write it as AWS does: filter = '{\"body\": {\"item_description\": [\"zTV\", \"zPen\"]}}', exact values only";

const TIME_HINT: &str = "write a duration such as \"100ms\", or a lognormal distribution: { p50 = \"20ms\", p99 = \"200ms\" }";

/// Concurrent invocations of one provisioned poller (third party).
const INVOCATIONS_PER_POLLER: u32 = 10;

/// Concurrent invocations added a minute, in standard and in provisioned mode.
const ADDED_PER_MINUTE: u64 = 300;
const ADDED_PER_MINUTE_PROVISIONED: u32 = 1_000;

/// Lambda's longest time-out.
pub(super) const MAX_TIMEOUT: Duration = Duration::from_secs(900);

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
    let mut standard = Mapping {
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
    if !section.has("starting_concurrency") {
        standard.starting_concurrency = standard
            .starting_concurrency
            .min(standard.maximum_concurrency);
    }
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
