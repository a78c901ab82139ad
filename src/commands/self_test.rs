//! `orderproof self-test`: provoke every known way to lose an order and check that each is called what it is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::check::load_with_proof;
use super::interrupt::stop_on_interrupt;
use super::new_file::replace;
use super::self_test_table::{Trial, document, render_markdown, render_text};
use super::{Error, Output};
use crate::cli::SelfTestArgs;
use crate::drive::StopSignal;
use crate::exit::Exit;
use crate::folder::{read_plan, read_report};
use crate::results::file_name;
use crate::run::{Rejudged, rejudge};
use crate::scenario::{Proof, Scenario};
use crate::verdict::{Class, Verdict};

/// A scenario and what it must come out as.
pub(super) struct Case {
    pub(super) file: PathBuf,
    pub(super) scenario: Scenario,
    pub(super) proof: Proof,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Observed {
    pub(super) verdict: Verdict,
    /// Of `run`; of `verify` when `run` was killed.
    pub(super) exit_code: i32,
    pub(super) classes: BTreeMap<Class, u64>,
    pub(super) findings: Vec<String>,
    /// `run` ended by a signal.
    pub(super) died: bool,
    /// The exit code of judging the run again from its files.
    pub(super) verified: i32,
    /// The verdict of that.
    pub(super) verdict_again: Verdict,
    /// The classes of that.
    pub(super) classes_again: BTreeMap<Class, u64>,
}

/// Runs every scenario of `args`, compares, prints the table.
pub fn self_test(args: &SelfTestArgs, output: &Output) -> Result<Exit, Error> {
    let cases = cases(&args.scenarios)?;
    let scratch = tempfile::tempdir().map_err(Error::internal)?;
    let folder = match &args.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(|error| {
                Error::usage(format!("{}: cannot be made: {error}", folder.display()))
            })?;
            folder.as_path()
        }
        None => scratch.path(),
    };
    let stop = StopSignal::new();
    stop_on_interrupt(
        stop.clone(),
        "\ninterrupted: what is still running is waited for and does not count\n",
    );
    let trials = try_all(&cases, folder, args.jobs.into(), &stop, output)?;
    if let Some(table) = &args.table {
        replace(table, render_markdown(&trials).as_bytes())?;
    }
    match args.json {
        true => output.json(&document(&trials, cases.len())),
        false => output.print(&render_text(&trials)),
    }
    let skipped = cases.len() - trials.len();
    let mismatches = trials.iter().filter(|trial| !trial.holds()).count();
    match (mismatches, skipped) {
        (0, 0) => Ok(Exit::Success),
        (0, _) => Ok(Exit::Interrupted),
        (_, _) => Err(Error::internal(format!(
            "{mismatches} of {} scenarios differ from what they state: do not trust the verdicts of this build",
            cases.len()
        ))),
    }
}

/// The scenarios of these files and of the folders' files, by name.
fn cases(paths: &[PathBuf]) -> Result<Vec<Case>, Error> {
    let mut files = Vec::new();
    for path in paths {
        match path.is_dir() {
            true => files.extend(scenarios_in(path)?),
            false => files.push(path.clone()),
        }
    }
    let cases = files.into_iter().map(|file| {
        let (scenario, proof) = load_with_proof(&file)?;
        let missing = || {
            Error::usage(format!(
                "{}: `proves` is missing: a self-test compares with the stated outcome; write [proves] with \
                 loss_mode, verdict, exit_code and classes",
                file.display()
            ))
        };
        Ok(Case {
            proof: proof.ok_or_else(missing)?,
            scenario,
            file,
        })
    });
    let cases: Vec<Case> = cases.collect::<Result<_, Error>>()?;
    match cases.is_empty() {
        true => Err(Error::usage(
            "there is no scenario (*.toml) in the folders given; try scenarios/faults",
        )),
        false => Ok(cases),
    }
}

fn scenarios_in(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |error| Error::usage(format!("{}: cannot be read: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Tries the cases, `jobs` at a time, each in a process of its own.
fn try_all(
    cases: &[Case],
    folder: &Path,
    jobs: usize,
    stop: &StopSignal,
    output: &Output,
) -> Result<Vec<Trial>, Error> {
    let program = std::env::current_exe().map_err(Error::internal)?;
    // The longest first, so that none is waited for alone.
    let mut longest_first: Vec<&Case> = cases.iter().collect();
    longest_first.sort_by_key(|case| std::cmp::Reverse(case.scenario.settle_deadline));
    let next = AtomicUsize::new(0);
    let trials = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(cases.len()) {
            scope.spawn(|| {
                while !stop.is_stopped()
                    && let Some(case) = longest_first.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let began = Instant::now();
                    let observed = try_one(&program, case, folder);
                    // A ctrl-c reaches the run as well: what it then came to proves nothing.
                    if stop.is_stopped() {
                        return;
                    }
                    let trial = Trial::new(case, observed, began.elapsed());
                    output.note(&trial.line());
                    let mut trials = trials.lock().unwrap_or_else(|lock| lock.into_inner());
                    trials.push(trial);
                }
            });
        }
    });
    let mut trials = trials.into_inner().unwrap_or_else(|lock| lock.into_inner());
    trials.sort_by(|a: &Trial, b: &Trial| a.order().cmp(&b.order()));
    Ok(trials)
}

/// Runs one scenario through this very program and reads what it left.
fn try_one(program: &Path, case: &Case, folder: &Path) -> Result<Observed, String> {
    let stem = case.file.file_stem().unwrap_or_default();
    let dir = folder.join(stem);
    if dir.exists() {
        return Err(format!(
            "{} is there already: another scenario of that name, or a run that was kept; name another --keep",
            dir.display()
        ));
    }
    let run = Command::new(program)
        .args(["run", "--quiet", "--color", "never", "--output-dir"])
        .arg(&dir)
        .arg(&case.file)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("it could not be started: {error}"))?;
    let plan = read_plan(&dir.join(file_name::PLAN)).map_err(|_| {
        let stderr = String::from_utf8_lossy(&run.stderr);
        format!("it left no plan: {}", stderr.trim())
    })?;
    let reported = read_report(&dir.join(file_name::RUN)).ok();
    let rejudged = rejudge(&dir, &plan, reported.as_ref());
    let verified = rejudged.exit().code().into();
    let from_files = seen_again(&rejudged, verified);
    let observed = match (run.status.code(), reported) {
        (None, _) => Observed {
            died: true,
            ..from_files
        },
        (Some(exit_code), None) => Observed {
            exit_code,
            ..from_files
        },
        (Some(exit_code), Some(report)) => Observed {
            verdict: report.verdict,
            exit_code,
            verdict_again: from_files.verdict_again,
            classes_again: from_files.classes_again,
            classes: report.classes,
            findings: report
                .findings
                .into_iter()
                .map(|finding| finding.code)
                .collect(),
            died: false,
            verified,
        },
    };
    Ok(observed)
}

fn seen_again(rejudged: &Rejudged, verified: i32) -> Observed {
    let findings = rejudged.judgment.findings.iter();
    let reconciliation = rejudged.reconciliation.as_ref();
    let classes = reconciliation
        .map(|classes| classes.counts())
        .unwrap_or_default();
    Observed {
        verdict: rejudged.judgment.verdict,
        exit_code: verified,
        classes: classes.clone(),
        findings: findings.map(|finding| finding.code.clone()).collect(),
        died: false,
        verified,
        verdict_again: rejudged.judgment.verdict,
        classes_again: classes,
    }
}

/// For how long a trial ran, to the tenth of a second.
pub(super) fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}
