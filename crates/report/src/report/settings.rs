//! Settings and provenance: enough to run it again and to know what was measured.

use std::time::Duration;

use maud::html;
use serde_json::Value;

use super::{moment, processors};
use crate::document::{Block, Fact};
use orderproof_core::escape::shell;
use orderproof_core::results::RunReport;
use orderproof_core::results::figures::{duration, thousands};

/// The command, where the run was made, and the scenario as resolved.
pub(super) fn blocks(report: &RunReport) -> Vec<Block> {
    vec![
        Block::Heading("Run it again"),
        Block::Code(vec![command(report)]),
        Block::Heading("Provenance"),
        Block::Facts(provenance(report)),
        Block::Heading("Scenario as resolved"),
        scenario(report),
    ]
}

fn provenance(report: &RunReport) -> Vec<Fact> {
    let made = &report.provenance;
    let or_none = |texts: &[String]| match texts {
        [] => "none".to_owned(),
        texts => texts.join(", "),
    };
    let platform = format!("{}, {}", made.platform, processors(made.cpus));
    [
        ("orderproof", made.version.clone()),
        ("run id", report.run_id.to_string()),
        ("seed", report.scenario.seed.to_string()),
        ("target", made.target.clone()),
        ("traps known before", or_none(&made.traps)),
        ("platform", platform),
        ("scenario file", made.scenario_file.clone()),
        ("overrides", or_none(&made.overrides)),
        ("first order due", moment(&report.started_at)),
        ("report written", moment(&report.finished_at)),
        ("interrupted", yes(report.interrupted).into()),
        ("exit code", report.exit_code.to_string()),
    ]
    .into()
}

/// The command that runs the same again, for a shell.
fn command(report: &RunReport) -> String {
    let made = &report.provenance;
    let mut words = vec!["orderproof", "run", &made.scenario_file];
    for given in &made.overrides {
        match given.split_once(' ') {
            Some((option, value)) => words.extend([option, value]),
            None => words.push(given),
        }
    }
    words.into_iter().map(shell).collect::<Vec<_>>().join(" ")
}

/// The scenario's fields as they are in `run.json`, in groups.
fn scenario(report: &RunReport) -> Block {
    let value = serde_json::to_value(&report.scenario).expect("plain data");
    let mut groups: Vec<(String, Vec<(String, String)>)> = vec![("scenario".into(), Vec::new())];
    for (key, value) in value.as_object().into_iter().flatten() {
        let mut rows = Vec::new();
        flatten("", value, &mut rows);
        match rows.as_slice() {
            // A single value is a field of the scenario itself.
            [(path, _)] if path.is_empty() => {
                let (_, value) = rows.remove(0);
                groups[0].1.push((key.clone(), value));
            }
            _ => groups.push((key.clone(), rows)),
        }
    }
    Block::Markup(html! {
        div.settings {
            @for (name, rows) in groups {
                div {
                    h4 { (name) }
                    dl { @for (key, value) in rows { div { dt { (key) } dd { (value) } } } }
                }
            }
        }
    })
}

fn flatten(path: &str, value: &Value, rows: &mut Vec<(String, String)>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    match value {
        Value::Object(fields) => match as_duration(value) {
            Some(span) => rows.push((path.into(), span)),
            // A named thing of a list is called by its name already.
            None => fields
                .iter()
                .filter(|(key, _)| path.is_empty() || *key != "name")
                .for_each(|(key, value)| flatten(&below(key), value, rows)),
        },
        Value::Array(items) if items.is_empty() => rows.push((path.into(), "none".into())),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
            let key = item["name"]
                .as_str()
                .map_or_else(|| (index + 1).to_string(), str::to_owned);
            flatten(&below(&key), item, rows);
        }),
        Value::Null => rows.push((path.into(), "not set".into())),
        Value::Bool(set) => rows.push((path.into(), yes(*set).into())),
        Value::String(text) => rows.push((path.into(), text.clone())),
        Value::Number(number) => rows.push((path.into(), number_of(path, number))),
    }
}

/// Counts are grouped; a seed is a name and is not.
fn number_of(path: &str, number: &serde_json::Number) -> String {
    match number.as_u64() {
        Some(count) if !path.is_empty() => thousands(count),
        _ => number.to_string(),
    }
}

/// Serde's form of a duration, as people read it.
fn as_duration(value: &Value) -> Option<String> {
    let fields = value.as_object().filter(|fields| fields.len() == 2)?;
    let (secs, nanos) = (fields.get("secs")?, fields.get("nanos")?);
    let whole = Duration::from_secs(secs.as_u64()?);
    let span = whole.checked_add(Duration::from_nanos(nanos.as_u64()?))?;
    Some(match span.as_secs() {
        day if day >= 86_400 && day % 86_400 == 0 => format!("{} d", day / 86_400),
        _ => duration(span),
    })
}

fn yes(set: bool) -> &'static str {
    if set { "yes" } else { "no" }
}
