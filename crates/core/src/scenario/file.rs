//! The file format: from text to a checked [`Scenario`].

use std::collections::BTreeSet;
use std::time::Duration;

use toml::Table;

use super::asked::{Asked, Problems};
use super::capacity::{CAPACITY_HINT, parse_capacity};
use super::expect::{check_rules, read_expectations};
use super::fault::read_fault;
use super::lambda::{read_function, read_mapping};
use super::orders::{ReadFile, check_planned, check_share, read_orders};
use super::phases::read_phases;
use super::places::{Places, Position};
use super::processor::{bound_concurrency, read_processor, read_processors};
use super::proof::read_proof;
use super::queues::{check_fifo_mapping, read_names, read_queue_kind, read_redrive};
use super::section::Section;
use super::sending::{read_door, read_sending};
use super::services::read_services;
use super::target::read_target;
use super::whole::Parts;
use super::*;
use crate::load::Arrivals;
use crate::order::spec::OrderSpec;

/// The fastest time can be played: beyond it the pipeline's own work takes longer than what it imitates.
const MAX_TIME_SCALE: f64 = 100.0;

/// The shortest visibility timeout that is left when time is compressed.
const MIN_VISIBILITY: Duration = Duration::from_millis(100);

/// Twelve hours: the longest visibility timeout SQS knows.
const MAX_VISIBILITY: Duration = Duration::from_secs(43_200);

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Reads the scenario in `text`, called `file` in errors, under `overrides`. It may name no other files.
///
/// # Errors
/// With every violation at once: syntax, unknown keys, wrong types, values out of range.
pub fn parse(file: &str, text: &str, overrides: &Overrides) -> Result<Scenario, ScenarioErrors> {
    parse_with_files(file, text, overrides, &no_files)
}

/// The same for a scenario that may name files: `files` reads them by the names it gives.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_files(
    file: &str,
    text: &str,
    overrides: &Overrides,
    files: ReadFile<'_>,
) -> Result<Scenario, ScenarioErrors> {
    read(file, text, overrides, files).map(|(scenario, _)| scenario)
}

/// The same as [`parse`] with what the scenario says it proves, if it does.
///
/// # Errors
/// As [`parse`].
pub fn parse_with_proof(
    file: &str,
    text: &str,
    overrides: &Overrides,
) -> Result<(Scenario, Option<Proof>), ScenarioErrors> {
    read(file, text, overrides, &no_files)
}

fn no_files(name: &str) -> Result<String, String> {
    Err(format!(
        "{name} cannot be read here: files are read beside a scenario's own"
    ))
}

fn read(
    file: &str,
    text: &str,
    overrides: &Overrides,
    files: ReadFile<'_>,
) -> Result<(Scenario, Option<Proof>), ScenarioErrors> {
    let errors = |violations| ScenarioErrors {
        file: file.to_owned(),
        violations,
    };
    let mut table: Table = text.parse().map_err(|error: toml::de::Error| {
        let Position { line, column } = Position::of(text, error.span().map_or(0, |span| span.start));
        errors(vec![Violation::new(
            format!("line {line}, column {column}"),
            format!("is not TOML: {}", error.message()),
            match text.trim_start().starts_with('{') {
                true => "this looks like JSON: `orderproof init FILE --from` with this file makes a scenario of messages",
                false => "mend what stands there; `orderproof init FILE` writes a valid file to compare with",
            },
        )])
    })?;
    let problems = Problems::new(overrides.apply(&mut table));
    let mut sections = Section::new(&table, String::new(), &problems);
    let proof = read_proof(&mut sections);
    let scenario = read_scenario(sections, &problems, files);
    let sound = problems.borrow().is_empty();
    let scenario = scenario.filter(|_| sound).map(Scenario::compressed);
    if let Some(scenario) = &scenario {
        let planned = scenario.schedule().count();
        check_planned(scenario, planned, &problems);
        check_rules(scenario, &problems);
    }
    let mut violations = problems.into_inner();
    match scenario {
        Some(scenario) if violations.is_empty() => Ok((scenario, proof)),
        _ => {
            let places = Places::new(text);
            let mut said = BTreeSet::new();
            // Who mends a key has mended it, whatever else was said of it.
            violations.retain(|violation| said.insert(violation.key.clone()));
            for violation in &mut violations {
                violation.called = called(&violation.key, &table);
                match overrides.option_of(&violation.key, violation.called.as_deref()) {
                    Some(option) => violation.called = Some(option),
                    None => violation.place = places.of(&violation.key),
                }
            }
            Err(errors(violations))
        }
    }
}

/// A key with the name of its item in place of the index, where no other item has that name: `phase "spike".rate`.
fn called(key: &str, table: &Table) -> Option<String> {
    let (array, rest) = key.split_once('[')?;
    let (index, rest) = rest.split_once(']')?;
    let items = table.get(array)?.as_array()?;
    let name = |item: &toml::Value| Some(item.get("name")?.as_str()?.to_owned());
    let own = name(items.get(index.parse::<usize>().ok()?)?)?;
    let same = items
        .iter()
        .filter(|item| name(item).as_ref() == Some(&own));
    (same.count() == 1).then(|| format!("{array} {own:?}{rest}"))
}

fn read_scenario(
    mut file: Section<'_>,
    problems: &Problems,
    files: ReadFile<'_>,
) -> Option<Scenario> {
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
    let time_scale = read_time_scale(&mut file, &target);
    let processor = read_processor(&mut file);
    let processors = read_processors(&mut file);
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
    let mut sending = file.section("sending");
    let door = read_door(&mut sending, &target);
    let mut pipeline = file.section("pipeline");
    let sections = (&mut sending, &mut pipeline);
    let order = read_orders(&mut file, sections, &door, files, problems);
    let sending = read_sending(sending, door);
    check_share(&file, bad_share, &order);
    if time_scale != 1.0 && order.delay.is_some() {
        file.problem(
            "time_scale",
            "a message's delay is in whole seconds and cannot be played faster",
            "leave out time_scale, or [order] delay",
        );
    }
    let mut pipeline = read_pipeline(pipeline, time_scale, &order);
    bound_concurrency(&mut pipeline.mapping, processor.as_ref());
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
    let parts = Parts {
        target: &target,
        sending: &sending,
        order: &order,
        pipeline: &pipeline,
        faults: &faults,
        processor: processor.as_ref(),
        processors: &processors,
    };
    parts.check(&file);
    file.finish();
    Some(Scenario {
        target,
        time_scale,
        processor,
        processors,
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
        order,
    })
}

/// Every key that the reader asks for in a file of this `text`, as often as it does, and what is wrong with the file.
pub(super) fn asked_for(text: &str, files: ReadFile<'_>) -> (Vec<Asked>, Vec<Violation>) {
    let table: Table = text.parse().unwrap_or_default();
    let problems = Problems::noting();
    let mut sections = Section::new(&table, String::new(), &problems);
    read_proof(&mut sections);
    read_scenario(sections, &problems, files);
    let found = problems.borrow().clone();
    (problems.into_asked(), found)
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

/// How many times faster than the file says everything passes.
fn read_time_scale(file: &mut Section<'_>, target: &TargetSpec) -> f64 {
    let hint = "write a number from 1 to 100: 10 plays ten minutes in one";
    let scale = file.read("time_scale", hint, |value| {
        let number = value
            .as_float()
            .or(value.as_integer().map(|number| number as f64));
        match number {
            Some(number) if (1.0..=MAX_TIME_SCALE).contains(&number) => Ok(number),
            Some(number) => Err(format!("must be within 1 and 100, found {number}")),
            None => Err(format!("must be a number, found {}", value.type_str())),
        }
    });
    let scale = scale.unwrap_or(1.0);
    if scale != 1.0 && *target != TargetSpec::Embedded {
        file.problem(
            "time_scale",
            "only the embedded pipeline's time can be compressed",
            "leave out time_scale or the target",
        );
    }
    scale
}

fn read_pipeline(mut section: Section<'_>, time_scale: f64, order: &OrderSpec) -> Pipeline {
    let visibility_timeout = section.duration_within(
        "visibility_timeout",
        Duration::from_secs(30),
        MIN_VISIBILITY.mul_f64(time_scale),
        MAX_VISIBILITY,
    );
    let kind = read_queue_kind(&mut section, order);
    let names = read_names(&mut section, kind);
    let pipeline = Pipeline {
        visibility_timeout,
        max_receive_count: section.integer("max_receive_count", 3, 1, 1_000) as u32,
        redrive_to: read_redrive(&mut section, &names, kind),
        orders_queue: names.orders_queue,
        dead_letter_queue: names.dead_letter_queue,
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
            .text("table_capacity", CAPACITY_HINT, parse_capacity)
            .unwrap_or(TableCapacity::on_demand()),
        fifo: kind.fifo,
        high_throughput: kind.high_throughput,
        services: read_services(&mut section),
    };
    if pipeline.fifo {
        check_fifo_mapping(&section, &pipeline.mapping);
    }
    section.finish();
    pipeline
}
