//! `orderproof gate`: hold rules against a finished run and say whether a CI job may go on.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::verify::{Rejudged, broken, rejudge, without};
use super::{CommandError, Output};
use crate::cli::{GateArgs, RuleArgs};
use crate::compare;
use crate::exit::Exit;
use crate::folder::{SealState, as_the_umask_says, check_seal, read_plan, read_report};
use crate::gate::{
    Baseline, GateInput, GateOutcome, Rejudgment, RuleSources, conclude, scenario_rules,
};
use crate::report::{TextStyle, gate_markdown, gate_text, render_gate_junit, render_junit_error};
use crate::results::{RunReport, SCHEMA_VERSION, file_name};
use crate::scenario::GateRule;
use crate::verdict::Verdict;

/// Holds the rules against the run in a folder. Rules are read and checked before the folder is looked at.
pub fn gate(args: &GateArgs, output: &Output) -> Result<Exit, CommandError> {
    let (outcome, report) = match held(args) {
        Ok(held) => held,
        Err(error) => {
            // What an earlier call left there must not be taken for this one's.
            if let Some(path) = &args.junit {
                let xml = render_junit_error(&error.to_string());
                if let Err(problem) = write_whole(path, xml.as_bytes()) {
                    output.error(&problem);
                }
            }
            return Err(error);
        }
    };
    let to_stdout = args.markdown.as_deref() == Some(Path::new("-"));
    let written = write_files(args, &outcome, &report);
    if args.json {
        output.json(&outcome);
    } else if to_stdout {
        output.print(&gate_markdown(&outcome, &report));
    } else {
        let style = TextStyle {
            color: output.color_on_stdout(),
        };
        output.print(&gate_text(&outcome, style));
    }
    match (written, outcome.exit()) {
        (Err(error), Exit::Success) => Err(error),
        (Err(error), exit) => {
            output.error(&error);
            Ok(exit)
        }
        (Ok(()), exit) => Ok(exit),
    }
}

/// The rules of a command line, parsed; those on regressions are refused where there is no `baseline`.
///
/// # Errors
/// With everything that is wrong with them.
pub fn read_rules(args: &RuleArgs, baseline: bool) -> Result<RuleSources, CommandError> {
    let file = match &args.rules_file {
        None => None,
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CommandError::usage(format!(
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
    RuleSources::parse(&args.rules, file, baseline).map_err(|problems| wrong_rules(&problems))
}

fn wrong_rules(problems: &[String]) -> CommandError {
    CommandError::usage(format!(
        "these rules will not do:\n  {}",
        problems.join("\n  ")
    ))
}

/// The outcome, and the report it is of.
fn held(args: &GateArgs) -> Result<(GateOutcome, RunReport), CommandError> {
    if args.json && args.markdown.as_deref() == Some(Path::new("-")) {
        return Err(CommandError::usage(
            "--json and --markdown - both want standard output; give --markdown a file",
        ));
    }
    let sources = read_rules(&args.rules, args.rules.baseline.is_some())?;
    let report = read_report(&args.dir.join(file_name::RUN)).map_err(CommandError::usage)?;
    let rules = match sources.is_empty() {
        true => scenario_rules(&report.scenario, args.rules.baseline.is_some()),
        false => sources
            .fit(&report.scenario)
            .map_err(|problems| wrong_rules(&problems))?,
    };
    let needless = args.rules.baseline.is_some() && !rules.iter().any(GateRule::needs_baseline);
    if needless {
        return Err(CommandError::usage(
            "--baseline is given, and no rule is about a regression; add --rule 'regression < 10%', or leave it out",
        ));
    }
    let baseline = match &args.rules.baseline {
        Some(dir) => Some(compared_with(dir, &report)?),
        None => None,
    };
    let rejudged = judged_again(args, &report)?;
    let input = GateInput {
        report: &report,
        rejudged: rejudged.as_ref(),
        baseline: baseline.as_ref(),
    };
    let outcome = conclude(&input, &rules);
    Ok((outcome, report))
}

/// The run in `dir`, if it is one to compare with.
///
/// # Errors
/// When it cannot be read, or did not pass.
pub fn read_baseline(dir: &Path) -> Result<RunReport, CommandError> {
    let base = read_report(&dir.join(file_name::RUN)).map_err(CommandError::usage)?;
    unbroken(dir)?;
    if base.verdict != Verdict::Pass || base.interrupted {
        return Err(CommandError::usage(format!(
            "{}: a run that did not pass is no baseline; give the folder of one that did",
            dir.display()
        )));
    }
    Ok(base)
}

/// Refuses a folder that is not as it was sealed: its figures are anybody's. One without a seal is taken as it is.
///
/// # Errors
/// When something in it is not as it was sealed.
pub fn unbroken(dir: &Path) -> Result<(), CommandError> {
    match check_seal(dir) {
        SealState::Broken(problems) => Err(CommandError::usage(format!(
            "{}: not as its run left it, so its figures prove nothing: {}; restore the folder",
            dir.display(),
            problems.join("; ")
        ))),
        SealState::Missing | SealState::Whole(_) => Ok(()),
    }
}

/// What changed against the run in `dir`.
fn compared_with(dir: &Path, report: &RunReport) -> Result<Baseline, CommandError> {
    let base = read_baseline(dir)?;
    let runs = (std::slice::from_ref(&base), std::slice::from_ref(report));
    let comparison = compare::compare(runs.0, runs.1, compare::Options::default())
        .map_err(|refused| CommandError::usage(format!("{}: {refused}", dir.display())))?;
    Ok(Baseline::of(&comparison, &base))
}

/// The run judged again; `None` of a folder that holds the report alone. Of half the evidence nothing is believed.
fn judged_again(args: &GateArgs, report: &RunReport) -> Result<Option<Rejudgment>, CommandError> {
    let evidence = [
        file_name::PLAN,
        file_name::JOURNAL,
        file_name::SENT,
        file_name::OBSERVATION,
        file_name::METERS,
        file_name::SEAL,
    ];
    let there = |name: &str| args.dir.join(name).exists();
    let sealing = report.schema_version >= SCHEMA_VERSION;
    let alone = !evidence.iter().any(|name| there(name));
    if alone && sealing && !args.require_evidence {
        return Ok(None);
    }
    if let SealState::Broken(problems) = check_seal(&args.dir) {
        return Ok(Some(distrusted(broken(&problems), report)));
    }
    let again = match read_plan(&args.dir.join(file_name::PLAN)) {
        Err(error) => without("evidence_missing", error.to_string()),
        Ok(plan) if plan.run_id != report.run_id || plan.scenario != report.scenario => without(
            "evidence_of_another_run",
            format!(
                "{}: {} is of run {}, {} of run {} or of another scenario; restore the folder as the run left it",
                args.dir.display(),
                file_name::PLAN,
                plan.run_id,
                file_name::RUN,
                report.run_id
            ),
        ),
        Ok(plan) => rejudge(&args.dir, &plan, Some(report))?,
    };
    if !again.trusted {
        return Ok(Some(distrusted(again, report)));
    }
    let unsealed = (!again.report_sealed).then(|| {
        format!(
            "{} is not sealed: the run did not come to its end by itself",
            file_name::RUN
        )
    });
    Ok(Some(Rejudgment {
        classes: again.reconciliation.as_ref().map(|seen| seen.counts()),
        exit: again.exit(),
        untimed_rows: again.untimed_rows,
        distrust: unsealed,
        recomputed: again.recomputed.map(Box::new),
        judgment: again.judgment,
    }))
}

/// A run whose evidence is none, and why.
fn distrusted(again: Rejudged, report: &RunReport) -> Rejudgment {
    let older = match report.schema_version < SCHEMA_VERSION {
        true => "; the orderproof that made this run sealed nothing",
        false => "",
    };
    let why = again.judgment.findings.first();
    let why = why.map_or("its evidence is not whole", |finding| &finding.message);
    Rejudgment {
        distrust: Some(format!("{why}{older}")),
        classes: again.reconciliation.as_ref().map(|seen| seen.counts()),
        exit: Exit::Inconclusive,
        untimed_rows: again.untimed_rows,
        recomputed: None,
        judgment: again.judgment,
    }
}

fn write_files(
    args: &GateArgs,
    outcome: &GateOutcome,
    report: &RunReport,
) -> Result<(), CommandError> {
    if let Some(path) = &args.junit {
        write_whole(path, render_gate_junit(outcome, report).as_bytes())?;
    }
    match args.markdown.as_deref() {
        Some(path) if path != Path::new("-") => append(path, &gate_markdown(outcome, report)),
        _ => Ok(()),
    }
}

/// Replaces a file as a whole; a reader sees the old one or the new one.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let mut temporary = tempfile::Builder::new()
        .permissions(as_the_umask_says())
        .tempfile_in(parent.unwrap_or(Path::new(".")))
        .map_err(cannot_write(path))?;
    temporary.write_all(bytes).map_err(cannot_write(path))?;
    let persisted = temporary.persist(path);
    persisted.map_err(|error| cannot_write(path)(error.error))?;
    Ok(())
}

/// A job's page takes what every step adds to it.
fn append(path: &Path, text: &str) -> Result<(), CommandError> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(cannot_write(path))
}

fn cannot_write(path: &Path) -> impl FnOnce(std::io::Error) -> CommandError {
    let path = path.display().to_string();
    move |error| {
        CommandError::internal(format!(
            "{path}: cannot write: {error}; free space or name another file"
        ))
    }
}
