//! `orderproof gate`: hold rules against a finished run and say whether a CI job may go on.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::check::text_within;
use super::new_file::{cannot_write, replace};
use super::{Error, Output};
use crate::cli::{GateArgs, RuleArgs};
use crate::exit::Exit;
use crate::folder::read_report;
use crate::gate::{GateOutcome, RuleSources};
use crate::report::{gate_markdown, gate_text};
use crate::report::{render_gate_junit, render_junit_error};
use crate::results::{RunReport, file_name};
use crate::run::{Gate, wrong_rules};

/// Holds the rules against the run in a folder. Rules are read and checked before the folder is looked at.
pub fn gate(args: &GateArgs, output: &Output) -> Result<Exit, Error> {
    for (flag, path) in [("--junit", &args.junit), ("--markdown", &args.markdown)] {
        if let Some(path) = path.as_deref().filter(|path| is_evidence(path, &args.dir)) {
            return Err(Error::usage(format!(
                "{flag} {}: that is the run's own, and what it proves would be gone; name another file",
                path.display()
            )));
        }
    }
    let (outcome, report) = match held(args) {
        Ok(held) => held,
        Err(error) => {
            // What an earlier call left there must not be taken for this one's.
            if let Some(path) = &args.junit {
                let xml = render_junit_error(&error.to_string());
                if let Err(problem) = replace(path, xml.as_bytes()) {
                    output.error(&problem);
                }
            }
            return Err(error);
        }
    };
    let to_stdout = args.markdown.as_deref() == Some(Path::new("-"));
    let written = write_files(args, &outcome, &report);
    if let (Err(error), Exit::Success) = (&written, outcome.exit()) {
        // Nothing below may say that the gate passes.
        output.error(error);
        return Ok(Exit::Internal);
    }
    if args.json {
        output.json(&outcome);
    } else if to_stdout {
        output.print(&gate_markdown(&outcome, &report));
    } else {
        output.print(&gate_text(&outcome, output.text_style()));
    }
    if let Err(error) = written {
        output.error(&error);
    }
    Ok(outcome.exit())
}

/// Whether `path` is what the run in `dir` left for its verdict.
fn is_evidence(path: &Path, dir: &Path) -> bool {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).canonicalize();
    let same = folder.is_ok_and(|folder| dir.canonicalize().is_ok_and(|dir| dir == folder));
    let name = path.file_name().and_then(|name| name.to_str());
    same && name.is_some_and(file_name::is_kept)
}

/// The rules of a command line, parsed; those on regressions are refused where there is no `baseline`.
///
/// # Errors
/// With everything that is wrong with them.
pub fn read_rules(args: &RuleArgs, baseline: bool) -> Result<RuleSources, Error> {
    match what_can_be_read(args, baseline)? {
        (sources, problems) if problems.is_empty() => Ok(sources),
        (_, problems) => Err(wrong_rules(&problems)),
    }
}

/// The rules that can be parsed, and what is wrong with the others.
fn what_can_be_read(args: &RuleArgs, baseline: bool) -> Result<(RuleSources, Vec<String>), Error> {
    let file = match &args.rules_file {
        None => None,
        Some(path) => {
            let text = text_within(path).map_err(|error| {
                Error::usage(format!(
                    "{}: cannot read the rules: {error}; give a TOML file with rules = [\"lost == 0\"]",
                    path.display()
                ))
            })?;
            Some((path.display().to_string(), text))
        }
    };
    let file = file
        .as_ref()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Ok(RuleSources::parse_what_can_be(&args.rules, file, baseline))
}

/// The outcome, and the report it is of.
fn held(args: &GateArgs) -> Result<(GateOutcome, RunReport), Error> {
    if args.json && args.markdown.as_deref() == Some(Path::new("-")) {
        return Err(Error::usage(
            "--json and --markdown - both write to standard output; give --markdown a file",
        ));
    }
    let (sources, mut problems) = what_can_be_read(&args.rules, args.rules.baseline.is_some())?;
    if !problems.is_empty() {
        // Where there is a run, rules that do not fit it are reported together with these.
        if let Ok(report) = read_report(&args.dir.join(file_name::RUN)) {
            problems.extend(sources.fit(&report.scenario).err().into_iter().flatten());
        }
        return Err(wrong_rules(&problems));
    }
    let asked = Gate {
        dir: &args.dir,
        rules: &sources,
        baseline: args.rules.baseline.as_deref(),
        require_evidence: args.require_evidence,
    };
    asked.hold()
}

fn write_files(args: &GateArgs, outcome: &GateOutcome, report: &RunReport) -> Result<(), Error> {
    if let Some(path) = &args.junit {
        replace(path, render_gate_junit(outcome, report).as_bytes())?;
    }
    match args.markdown.as_deref() {
        Some(path) if path != Path::new("-") => append(path, &gate_markdown(outcome, report)),
        _ => Ok(()),
    }
}

/// A job's page takes what every step adds to it.
fn append(path: &Path, text: &str) -> Result<(), Error> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(cannot_write(path))
}
