//! `orderproof check`: validate scenario files without running them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::json;

use super::beside::beside;
use super::check_document::document;
use super::gate::read_rules;
use super::show::shown;
use super::{Error, Output};
use crate::cli::{CheckArgs, OverrideArgs, TargetArgs, TargetKind};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::gate::RuleSources;
use crate::preflight::{Check, Weight, inspect_embedded};
use crate::results::figures::{counted, exactly, orders, thousands};
use crate::run::read_baseline;
use crate::scenario::{
    self, Overrides, Proof, Scenario, ScenarioErrors, TargetOverride, TargetSpec,
};

/// The longest scenario or file of rules, bytes.
const TEXT_MAX: u64 = 4 << 20;
/// What standard input is called where a file is asked for.
const STANDARD_INPUT: &str = "-";

/// Validates every file and reports on each; one bad file does not hide another.
pub fn check(args: &CheckArgs, output: &Output) -> Result<Exit, Error> {
    let mut invalid = 0;
    // Whether there will be a baseline is not known yet.
    let rules = read_rules(&args.rules, true).unwrap_or_else(|error| {
        invalid += 1;
        output.error(&error);
        RuleSources::default()
    });
    if let Some(Err(error)) = args.rules.baseline.as_deref().map(read_baseline) {
        invalid += 1;
        output.error(&error);
    }
    let mut found = Vec::new();
    for path in &args.scenarios {
        let overrides = overrides_in(&args.overrides);
        let checked =
            read_valid(Some(path), &overrides).and_then(|scenario| fitting(scenario, &rules));
        invalid += usize::from(checked.is_err());
        match (args.json, checked) {
            (true, checked) => found.push(document(path, &checked)),
            (false, Ok(scenario)) => print(path, &scenario, args.show, output)?,
            (false, Err(wrong)) => output.error(&wrong.told(path)),
        }
    }
    if args.json {
        let valid = invalid == 0;
        output.json(&json!({"schema_version": 1, "valid": valid, "scenarios": found}));
    }
    Ok(if invalid == 0 {
        Exit::Success
    } else {
        Exit::Usage
    })
}

/// What is wrong with a scenario.
pub(super) enum Wrong {
    /// The file cannot be read.
    Unread(Error),
    /// It breaks rules.
    Invalid(ScenarioErrors),
    /// Rules of a gate cannot be held against its runs.
    Rules(Vec<String>),
}

impl Wrong {
    fn told(self, path: &Path) -> Error {
        match self {
            Self::Unread(error) => error,
            Self::Invalid(errors) => Error::usage(errors),
            Self::Rules(problems) => Error::usage(format!(
                "{}: invalid rules:\n  {}",
                path.display(),
                problems.join("\n  ")
            )),
        }
    }
}

/// The scenario, when the rules can be held against its runs.
fn fitting(scenario: Scenario, rules: &RuleSources) -> Result<Scenario, Wrong> {
    match rules.fit(&scenario) {
        Ok(_) => Ok(scenario),
        Err(problems) => Err(Wrong::Rules(problems)),
    }
}

fn print(
    path: &Path,
    scenario: &Scenario,
    show: Option<u64>,
    output: &Output,
) -> Result<(), Error> {
    output.print(&format!(
        "{}: {}\n",
        Shown(&path.display().to_string()),
        describe(scenario)
    ));
    for check in traps(scenario) {
        let (weight, trap) = (check.weight.as_str(), check.trap.as_str());
        let told = format!("{weight}: {trap}: {}; {}", check.message, check.cure);
        output.print(&format!("  {}\n", Shown(&told)));
    }
    match show {
        Some(count) => shown(scenario, count).map(|text| output.print(&text)),
        None => Ok(()),
    }
}

/// What the embedded pipeline's settings would do to orders on AWS, and do here. What another target is set to,
/// `preflight` reads.
pub(super) fn traps(scenario: &Scenario) -> Vec<Check> {
    if scenario.target != TargetSpec::Embedded {
        return Vec::new();
    }
    let grave =
        |check: &Check| matches!(check.weight, Weight::Void | Weight::Trap | Weight::Caution);
    inspect_embedded(scenario)
        .into_iter()
        .filter(grave)
        .collect()
}

fn describe(scenario: &Scenario) -> String {
    let schedule = scenario.schedule();
    let peak = scenario
        .phases
        .iter()
        .flat_map(|phase| [phase.start_rate, phase.end_rate])
        .fold(0.0, f64::max);
    let peak = match peak.fract() {
        0.0 => thousands(peak as u64),
        _ => peak.to_string(),
    };
    let played = match scenario.time_scale {
        1.0 => String::new(),
        scale => format!(", played {scale} times faster than it says"),
    };
    format!(
        "ok, {} in {} over {}, at most {peak}/s{played}",
        orders(schedule.count()),
        counted(scenario.phases.len() as u64, "phase"),
        exactly(schedule.profile().duration()),
    )
}

/// The original lab, which is meant where no scenario is named.
const LAB: &str = include_str!("../../scenarios/lab.toml");

/// The scenario of a file, or the original lab's, under these overrides.
///
/// # Errors
/// As [`load_scenario`].
pub fn scenario_or_lab(path: Option<&Path>, overrides: &Overrides) -> Result<Scenario, Error> {
    let named = path.unwrap_or(Path::new(""));
    read_valid(path, overrides).map_err(|wrong| wrong.told(named))
}

fn read_valid(path: Option<&Path>, overrides: &Overrides) -> Result<Scenario, Wrong> {
    let (file, text) = match path {
        Some(path) => (
            path.display().to_string(),
            read_text(path).map_err(Wrong::Unread)?,
        ),
        None => ("scenarios/lab.toml (built in)".into(), LAB.to_owned()),
    };
    let files = beside(path.unwrap_or(Path::new("")));
    scenario::parse_with_files(&file, &text, overrides, &files).map_err(Wrong::Invalid)
}

/// Reads and validates a scenario file under the command line's overrides.
///
/// # Errors
/// With the path and the cause when it cannot be read, with every violation when it is not valid.
pub fn load_scenario(path: &Path, overrides: &OverrideArgs) -> Result<Scenario, Error> {
    scenario_or_lab(Some(path), &overrides_in(overrides))
}

/// A scenario's file under the command line's overrides, to be read with several values of some keys.
pub struct ScenarioSource {
    file: String,
    text: String,
    overrides: Overrides,
    path: std::path::PathBuf,
    /// What is set before the command line's own.
    before: Vec<String>,
}

impl ScenarioSource {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(path: &Path, overrides: &OverrideArgs) -> Result<Self, Error> {
        Ok(Self {
            file: path.display().to_string(),
            text: read_text(path)?,
            overrides: overrides_in(overrides),
            path: path.to_owned(),
            before: Vec::new(),
        })
    }

    /// Sets these `key=value` wherever the command line does not.
    pub fn set_before(&mut self, set: Vec<String>) {
        self.before = set;
    }

    /// The scenario with these `key=value` after the command line's.
    ///
    /// # Errors
    /// With every violation when it is not valid.
    pub fn with(&self, set: &[String]) -> Result<Scenario, ScenarioErrors> {
        let mut overrides = self.overrides.clone();
        let given = std::mem::take(&mut overrides.set);
        let all = self.before.iter().chain(&given).chain(set);
        overrides.set = all.cloned().collect();
        let files = beside(&self.path);
        scenario::parse_with_files(&self.file, &self.text, &overrides, &files)
    }
}

/// The overrides a command line asks for.
pub fn overrides_in(args: &OverrideArgs) -> Overrides {
    Overrides {
        target: target_in(&args.target),
        rate: args.rate.clone(),
        duration: args.duration.clone(),
        seed: args.seed,
        set: args.set.clone(),
    }
}

/// The target a command line asks for, if it does.
fn target_in(args: &TargetArgs) -> Option<TargetOverride> {
    let keys = args.keys();
    match (args.target, keys.is_empty()) {
        (None, true) => None,
        (Some(TargetKind::Embedded), _) => Some(TargetOverride::Embedded),
        (Some(TargetKind::Aws) | None, _) => Some(TargetOverride::Aws(keys)),
    }
}

/// The same of a scenario as it stands, with what it says it proves.
///
/// # Errors
/// As [`load_scenario`].
pub fn load_with_proof(path: &Path) -> Result<(Scenario, Option<Proof>), Error> {
    let (text, file) = (read_text(path)?, path.display().to_string());
    scenario::parse_with_proof(&file, &text, &Overrides::default()).map_err(Error::usage)
}

fn read_text(path: &Path) -> Result<String, Error> {
    text_within(path).map_err(|error| {
        Error::usage(format!(
            "{}: cannot read the scenario: {error}; give the path of a scenario file, or \
             write one with `orderproof init FILE`",
            path.display()
        ))
    })
}

/// A text that a person has written, from a file or a pipe; `-` is standard input.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or is longer than any such text.
pub fn text_within(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn Read> = match path == Path::new(STANDARD_INPUT) {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(path)?),
    };
    let read = source.take(TEXT_MAX + 1).read_to_string(&mut text)?;
    match read as u64 > TEXT_MAX {
        true => Err(io::Error::other(format!(
            "it is longer than the {TEXT_MAX} bytes that are read of it"
        ))),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_end_is_not_read_to_its_end() {
        let endless = text_within(Path::new("/dev/zero")).expect_err("it has no end");
        assert!(endless.to_string().contains("longer than"), "{endless}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("scenario.toml");
        for (length, is_read) in [(TEXT_MAX, true), (TEXT_MAX + 1, false)] {
            std::fs::write(&path, vec![b' '; length as usize]).unwrap();
            assert_eq!(text_within(&path).is_ok(), is_read, "{length} bytes");
        }
    }
}
