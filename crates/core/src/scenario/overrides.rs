//! Values given on the command line, put into the file's table before it is validated.

use std::time::Duration;

use toml::{Table, Value};

use super::phases::BASELINE;
use super::units::{DURATION_HINT, RateText, parse_duration, parse_rate};
use super::{NOT_KEPT, Violation, without_userinfo};

/// Values that replace those of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides {
    /// The rate of the phase named baseline, or of the only phase.
    pub rate: Option<String>,
    /// The length of the whole load profile: every phase is scaled alike.
    pub duration: Option<String>,
    /// The seed.
    pub seed: Option<u64>,
    /// Another target, or other settings of it.
    pub target: Option<TargetOverride>,
    /// `key=value` for any key of the file; a phase is addressed by name or index
    /// (`phase.spike.rate=8x`).
    pub set: Vec<String>,
}

/// What the command line says of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetOverride {
    /// The embedded pipeline, whatever the file says.
    Embedded,
    /// A pipeline in an AWS account or behind endpoints, with these keys of `[target]`.
    Aws(Vec<(&'static str, String)>),
}

impl TargetOverride {
    fn as_texts(&self) -> Vec<String> {
        match self {
            Self::Embedded => vec!["--target embedded".into()],
            Self::Aws(keys) => {
                let flag = |key: &str| key.replace('_', "-");
                let keys = keys
                    .iter()
                    .map(|(key, value)| format!("--{} {value}", flag(key)));
                std::iter::once("--target aws".into()).chain(keys).collect()
            }
        }
    }

    fn apply(&self, table: &mut Table) {
        let keys = match self {
            Self::Embedded => {
                table.insert("target".into(), Value::String("embedded".into()));
                return;
            }
            Self::Aws(keys) => keys,
        };
        open_target(table);
        if let Some(Value::Table(target)) = table.get_mut("target") {
            for (key, value) in keys {
                target.insert((*key).to_owned(), parse_value(value));
            }
        }
    }
}

impl Overrides {
    /// Each override as text, for the report.
    pub fn as_texts(&self) -> Vec<String> {
        let option = |name: &str, value: &Option<String>| {
            value.as_ref().map(|value| format!("--{name} {value}"))
        };
        [
            option("rate", &self.rate),
            option("duration", &self.duration),
            option("seed", &self.seed.map(|seed| seed.to_string())),
        ]
        .into_iter()
        .flatten()
        .chain(self.target.iter().flat_map(TargetOverride::as_texts))
        .chain(
            self.set
                .iter()
                .map(|set| format!("--set {}", to_be_kept(set))),
        )
        .map(|text| without_userinfo(&text).into_owned())
        .collect()
    }

    /// A key of a violation with the option that gave it its value, if one did, given its path and, if its item has a name,
    /// the path by that: `phase[1].rate` and `phase "spike".rate`.
    pub(super) fn option_of(&self, key: &str, called: Option<&str>) -> Option<String> {
        let plain = |path: &str| -> String {
            let kept = path.chars().filter(|c| !matches!(c, '"' | ']'));
            kept.map(|c| if matches!(c, ' ' | '[') { '.' } else { c })
                .collect()
        };
        let keys = [Some(key), called].into_iter().flatten().map(plain);
        let keys: Vec<_> = keys.collect();
        let sets = self.set.iter().filter_map(|set| set.split_once('='));
        let mut paths = sets.map(|(path, _)| path.trim());
        let is_of = |path: &&str| {
            let set = plain(path);
            keys.iter().any(|key| {
                let below = key.strip_prefix(&set);
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        let path = paths.find(is_of)?;
        Some(match keys.contains(&plain(path)) {
            true => format!("--set {path}"),
            false => format!("{} (--set {path})", called.unwrap_or(key)),
        })
    }

    /// Puts the overrides into `table`. What it sets is validated with everything else afterwards.
    pub(super) fn apply(&self, table: &mut Table) -> Vec<Violation> {
        let mut violations = Vec::new();
        if let Some(target) = &self.target {
            target.apply(table);
        }
        for assignment in &self.set {
            violations.extend(apply_assignment(table, assignment).err());
        }
        if let Some(rate) = &self.rate {
            violations.extend(apply_rate(table, rate).err());
        }
        if let Some(duration) = &self.duration {
            violations.extend(apply_duration(table, duration).err());
        }
        if let Some(seed) = self.seed {
            match i64::try_from(seed) {
                Ok(seed) => drop(table.insert("seed".into(), Value::Integer(seed))),
                Err(_) => violations.push(Violation::new(
                    "--seed",
                    format!("{seed} is too large"),
                    format!("write a number up to {}", i64::MAX),
                )),
            }
        }
        violations
    }
}

/// Makes `target` a table if it is a word, or not there.
fn open_target(table: &mut Table) {
    if !table.get("target").is_some_and(Value::is_table) {
        table.insert("target".into(), Value::Table(Table::new()));
    }
}

fn apply_assignment(table: &mut Table, assignment: &str) -> Result<(), Violation> {
    let place = format!("--set {}", to_be_kept(assignment));
    let Some((path, text)) = assignment.split_once('=') else {
        return Err(Violation::new(
            place,
            "has no `=`",
            "write --set key=value, such as --set pipeline.visibility_timeout=5s",
        ));
    };
    let segments: Vec<&str> = path.trim().split('.').collect();
    let Some((last, parents)) = segments.split_last() else {
        return Ok(());
    };
    if parents == ["target"] {
        open_target(table);
    }
    let mut here = table;
    for (depth, segment) in parents.iter().enumerate() {
        let name = segments[..=depth].join(".");
        let wrong = |rule: String, hint: &str| Violation::new(place.clone(), rule, hint);
        let next = here
            .entry((*segment).to_owned())
            .or_insert_with(|| Value::Table(Table::new()));
        here = match next {
            Value::Table(inner) => inner,
            Value::Array(items) => {
                // The next segment picks the item; it is consumed here by looking one ahead.
                let pick = segments.get(depth + 1).copied().unwrap_or_default();
                let rest = segments.get(depth + 2..).unwrap_or_default();
                return set_in_item(items, pick, rest, text)
                    .map_err(|no_item| no_item.of(&name, pick, place.clone()));
            }
            _ => {
                let rule = format!("{name} is no table, so nothing can be set in it");
                return Err(wrong(rule, "set the key itself"));
            }
        };
    }
    here.insert((*last).to_owned(), parse_value(text));
    Ok(())
}

/// An assignment as it may be shown and kept: values of a function's environment are left out.
fn to_be_kept(assignment: &str) -> String {
    let Some((path, text)) = assignment.split_once('=') else {
        return assignment.to_owned();
    };
    let segments: Vec<&str> = path.split('.').map(str::trim).collect();
    let mut value = parse_value(text);
    match (segments.as_slice(), &mut value) {
        (["processor"], Value::Table(processor)) => {
            if let Some(environment) = processor.get_mut("environment") {
                hide(environment);
            }
        }
        (["processor", "environment"], environment) => hide(environment),
        (["processor", "environment", ..] | ["processor"], value) => {
            *value = Value::String(NOT_KEPT.into());
        }
        _ => return assignment.to_owned(),
    }
    format!("{path}={value}")
}

/// Leaves the names of a table, and of anything else nothing.
fn hide(environment: &mut Value) {
    match environment {
        Value::Table(table) => {
            for (_, value) in table.iter_mut() {
                *value = Value::String(NOT_KEPT.into());
            }
        }
        other => *other = Value::String(NOT_KEPT.into()),
    }
}

/// What was not found in an array of tables.
struct NoItem {
    /// What its items are called: by their names, or else by their indexes.
    called: Vec<String>,
    /// The item is there, and what is said of it is not one key.
    is_there: bool,
}

impl NoItem {
    fn of(&self, array: &str, pick: &str, place: String) -> Violation {
        let first = self.called.first().map_or("0", String::as_str);
        let hint = format!("write one key of one of them, such as --set {array}.{first}.KEY=VALUE");
        let rule = match (self.is_there, self.called.as_slice()) {
            (true, _) => format!("{array}.{pick} is a table: one of its keys can be set"),
            (false, []) => format!("there is no {array}"),
            (false, [one]) => format!("no {array} {pick}; there is {one}"),
            (false, called) => format!("no {array} {pick}; there are {}", called.join(", ")),
        };
        Violation::new(place, rule, hint)
    }
}

/// Sets `rest` (one key) of the item that `pick` names by its `name` or its index.
fn set_in_item(items: &mut [Value], pick: &str, rest: &[&str], text: &str) -> Result<(), NoItem> {
    let name = |item: &Value| Some(item.get("name")?.as_str()?.to_owned());
    let called = items.iter().enumerate();
    let called: Vec<String> = called
        .map(|(index, item)| name(item).unwrap_or_else(|| index.to_string()))
        .collect();
    let named = called.iter().position(|name| name == pick);
    let index = named.or_else(|| pick.parse().ok());
    let item = index.and_then(|index| items.get_mut(index));
    match (item.and_then(Value::as_table_mut), rest) {
        (Some(item), [key]) => {
            item.insert((*key).to_owned(), parse_value(text));
            Ok(())
        }
        (item, _) => Err(NoItem {
            called,
            is_there: item.is_some(),
        }),
    }
}

/// A TOML value if it reads as one, a text otherwise: `5s` needs no quotes.
fn parse_value(text: &str) -> Value {
    let document = format!("value = {text}");
    match document.parse::<Table>() {
        Ok(mut table) if table.len() == 1 => table
            .remove("value")
            .unwrap_or_else(|| Value::String(text.to_owned())),
        _ => Value::String(text.to_owned()),
    }
}

fn phases_of(table: &mut Table) -> Option<&mut Vec<Value>> {
    table.get_mut("phase")?.as_array_mut()
}

fn apply_rate(table: &mut Table, rate: &str) -> Result<(), Violation> {
    let wrong = |rule: &str| {
        Violation::new(
            "--rate",
            rule,
            "use --set phase.NAME.rate=200/s for one phase",
        )
    };
    match parse_rate(rate) {
        Ok(RateText::Absolute(rate)) if rate > 0.0 => {}
        Ok(RateText::Absolute(_)) => {
            return Err(wrong(
                "must be above zero: a run that sends nothing proves nothing",
            ));
        }
        Ok(RateText::Multiple(_)) => {
            return Err(wrong(
                "is a multiple, and this is the rate that is multiplied: write 200/s",
            ));
        }
        Err(rule) => return Err(Violation::new("--rate", rule, "write a rate such as 200/s")),
    }
    let phases = phases_of(table).ok_or_else(|| wrong("there is no phase to give the rate to"))?;
    let only = phases.len() == 1;
    let phase = phases
        .iter_mut()
        .filter_map(Value::as_table_mut)
        .find(|phase| only || phase.get("name").and_then(Value::as_str) == Some(BASELINE))
        .ok_or_else(|| wrong("there is no phase named baseline"))?;
    phase.insert("rate".into(), Value::String(rate.to_owned()));
    Ok(())
}

fn apply_duration(table: &mut Table, text: &str) -> Result<(), Violation> {
    let wrong = |rule: String| Violation::new("--duration", rule, DURATION_HINT);
    let wanted = parse_duration(text).map_err(wrong)?;
    let phases = phases_of(table).ok_or_else(|| wrong("there is no phase to scale".into()))?;
    let durations: Option<Vec<Duration>> = phases
        .iter()
        .map(|phase| parse_duration(phase.get("duration")?.as_str()?).ok())
        .collect();
    // An unreadable duration is a violation of its own.
    let Some(durations) = durations else {
        return Ok(());
    };
    let total: Duration = durations.iter().sum();
    if wanted.is_zero() || total.is_zero() {
        return Err(wrong("must be longer than zero".into()));
    }
    let factor = wanted.as_secs_f64() / total.as_secs_f64();
    for (phase, duration) in phases.iter_mut().zip(durations) {
        let scaled = duration.mul_f64(factor).as_micros();
        if let Some(phase) = phase.as_table_mut() {
            phase.insert("duration".into(), Value::String(format!("{scaled}us")));
        }
    }
    Ok(())
}
