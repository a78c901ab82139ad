//! The end of the spine: reconcile, judge, report, write, seal.
//!
//! The verdict is what the evidence on the disk amounts to: the files are read again before it is given, the report is
//! complete before it stands, and a seal over all of them comes last. Whatever could not be kept makes the run
//! inconclusive, in the report, on standard output and in the exit code alike.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::foresight::Kept;
use super::held::{Held, Weighed};
use crate::error::Error;
use crate::evidence::{FileDigest, Seal, digest_of_bytes};
use crate::exit::Exit;
use crate::folder::{
    RunFolder, SealState, check_seal, differences_from, digest_of_file, newest_seal, read_within,
};
use crate::load::Schedule;
use crate::observe::LETTER_LOG;
use crate::order::OrderPlan;
use crate::report::{Foresight, ReportView, findings_csv, report_files};
use crate::results::{PlanFile, RunReport, file_name, to_json};
use crate::verdict::{Severity, finding};
use crate::verify::Reconciliation;

/// The files of evidence, in the order in which they are finished; those that a run does not have are left out.
const EVIDENCE: [&str; 7] = [
    file_name::PLAN,
    file_name::PREFLIGHT,
    file_name::JOURNAL,
    file_name::SENT,
    LETTER_LOG,
    file_name::OBSERVATION,
    file_name::METERS,
];

/// The files of evidence of a run, with those of its workers before what they were united to.
fn evidence_of(plan: &PlanFile) -> Vec<String> {
    let mut names: Vec<String> = EVIDENCE.iter().map(ToString::to_string).collect();
    let Some(first) = plan.first_shard() else {
        return names;
    };
    let files = [
        file_name::JOURNAL,
        file_name::SENT,
        file_name::QUEUES,
        file_name::MANIFEST,
    ];
    let shards = first
        .all()
        .flat_map(|shard| files.map(|name| file_name::of_shard(shard.index(), name)));
    let workers = std::iter::once(file_name::GO.to_owned()).chain(shards);
    let journal = names.iter().position(|name| name == file_name::JOURNAL);
    let at = journal.unwrap_or(names.len());
    names.splice(at..at, workers);
    names
}

/// Far more than a look at an account finds.
const PREFLIGHT_BYTES_MAX: u64 = 64 << 20;

/// Problems that a finding quotes.
const QUOTED: usize = 3;

/// Everything a finished run left in memory.
pub struct Evidence {
    /// What it left as evidence.
    pub held: Held,
    /// What each order contained.
    pub orders: OrderPlan,
    /// When each was due.
    pub schedule: Schedule,
    /// The forecast that was made before, if it was. No part of what is judged.
    pub forecast: Option<Kept>,
    /// What went wrong so far beside the orders.
    pub problems: Problems,
}

/// A run that has ended, judged, reported and sealed.
#[derive(Debug)]
pub struct Outcome {
    /// What was found: verdict, classes, figures.
    pub report: RunReport,
    /// The forecast that was made before, held against the report, if one was.
    pub foresight: Option<Foresight>,
    /// How a program ends with it.
    pub exit: Exit,
    /// The folder with its evidence and reports.
    pub folder: PathBuf,
    /// What could not be written or kept, in sentences; then the verdict is inconclusive.
    pub problems: Vec<String>,
}

/// Judges a run, writes its report and seals it.
///
/// # Errors
/// When the evidence is not that of a run that has ended.
pub fn conclude(folder: &RunFolder, evidence: Evidence) -> Result<Outcome, Error> {
    let Evidence {
        mut held,
        orders,
        schedule,
        forecast,
        mut problems,
    } = evidence;
    if let Some(observed) = &mut held.observed {
        observed.rests_on = finished_files(folder);
        problems.note(folder.write(file_name::OBSERVATION, &observed.to_json()));
    }
    if let Some(meters) = &held.meters {
        problems.note(folder.write(file_name::METERS, &to_json(meters)));
    }
    let files = digests(folder, &held, &mut problems);
    reread(folder, &held, &mut problems);
    let weighed = held.weigh(None);
    let findings = findings_csv(
        &weighed.reconciliation,
        &held.ledger,
        &orders,
        &schedule,
        &held.plan.scenario,
    );
    let publication = Publication {
        folder,
        held: &held,
        weighed: &weighed,
        findings: &findings,
        files: &files,
        forecast: forecast.as_ref(),
    };
    let (report, exit) = publication.publish(&mut problems)?;
    Ok(Outcome {
        foresight: forecast.map(|forecast| forecast.beside(&report)),
        report,
        exit,
        folder: folder.path().to_owned(),
        problems: problems.0,
    })
}

/// The digests of the files that are finished before the stores are looked at. The letter log may still grow.
pub fn finished_files(folder: &RunFolder) -> BTreeMap<String, String> {
    [
        file_name::PLAN,
        file_name::PREFLIGHT,
        file_name::JOURNAL,
        file_name::SENT,
    ]
    .into_iter()
    .filter_map(|name| {
        let found = digest_of_file(folder.path(), name, None).ok()?;
        Some((found.name, found.sha256))
    })
    .collect()
}

/// The digests of the evidence on the disk, which must be those of what was written.
fn digests(folder: &RunFolder, held: &Held, problems: &mut Problems) -> Vec<FileDigest> {
    let written = [
        (file_name::PLAN, Some(to_json(&held.plan))),
        (file_name::SENT, held.sent.as_ref().map(to_json)),
        (
            file_name::OBSERVATION,
            held.observed.as_ref().map(|observed| observed.to_json()),
        ),
        (file_name::METERS, held.meters.as_ref().map(to_json)),
    ];
    let written = written.map(|(name, bytes)| (name, bytes.map(|bytes| digest_of_bytes(&bytes))));
    let mut files = Vec::new();
    for name in &evidence_of(&held.plan) {
        let name = name.as_str();
        let optional = [file_name::PREFLIGHT, LETTER_LOG].contains(&name)
            || name.starts_with(file_name::SHARDS);
        if optional && !folder.file(name).exists() {
            continue;
        }
        let path = folder.file(name);
        // Nobody reads it for a verdict, so nothing else would notice that it is torn.
        if name == file_name::PREFLIGHT && !is_json_object(&path) {
            problems.add(format!("{} cannot be read", path.display()));
        }
        match digest_of_file(folder.path(), name, None) {
            Err(error) => problems.add(format!("{}: {error}", path.display())),
            Ok(found) => {
                let wanted = written.iter().find(|(of, _)| *of == name);
                let wanted = wanted.and_then(|(_, digest)| digest.as_ref());
                if wanted.is_some_and(|wanted| *wanted != found.sha256) {
                    problems.add(format!("{} is not as it was written", path.display()));
                }
                files.push(found);
            }
        }
    }
    files
}

fn is_json_object(path: &Path) -> bool {
    let bytes = read_within(path, PREFLIGHT_BYTES_MAX).unwrap_or_default();
    serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(&bytes).is_ok()
}

/// Reads the evidence on the disk as a later judge will, and holds it against what is in memory.
fn reread(folder: &RunFolder, held: &Held, problems: &mut Problems) {
    if !problems.is_empty() {
        return;
    }
    match Held::read(folder.path(), &held.plan, None) {
        Err(untold) => problems.add(untold.to_string()),
        Ok(again) => {
            let same = again.ledger == held.ledger && again.ledger_ended == held.ledger_ended;
            if !same {
                let path = folder.file(file_name::JOURNAL);
                problems.add(format!("{} is not as it was written", path.display()));
            }
        }
    }
}

/// A judged run on its way to the disk.
struct Publication<'a> {
    folder: &'a RunFolder,
    held: &'a Held,
    weighed: &'a Weighed,
    findings: &'a [u8],
    files: &'a [FileDigest],
    forecast: Option<&'a Kept>,
}

impl Publication<'_> {
    /// Writes the report whole, and says what it says. If a part of it cannot be written, or the seal does not hold, what was
    /// written is taken back and the report says so instead.
    fn publish(&self, problems: &mut Problems) -> Result<(RunReport, Exit), Error> {
        let sound = problems.is_empty();
        let (report, exit) = self.report(problems)?;
        let mut written = Vec::new();
        let mut failed = Problems::default();
        self.write(&report, sound, &mut written, &mut failed);
        if failed.is_empty() || !sound {
            problems.extend(failed);
            return Ok((report, exit));
        }
        written.iter().for_each(|name| self.folder.remove(name));
        problems.extend(failed);
        let (report, exit) = self.report(problems)?;
        self.write(&report, false, &mut Vec::new(), &mut Problems::default());
        Ok((report, exit))
    }

    fn report(&self, problems: &Problems) -> Result<(RunReport, Exit), Error> {
        let judgment = self.weighed.judgment.clone();
        let judgment = judgment.with(problems.finding().into_iter());
        let exit = Exit::of(&judgment, self.weighed.interrupted);
        let chain = problems
            .is_empty()
            .then(|| Seal::over(self.held.plan.run_id, self.files.to_vec()).chain);
        let report = self.held.report(self.weighed, &judgment, chain);
        report
            .map(|report| (report, exit))
            .ok_or_else(|| Error::internal("a run that has ended has no report"))
    }

    /// The derived files, then `run.json`, then the seal.
    fn write(
        &self,
        report: &RunReport,
        seal: bool,
        written: &mut Vec<String>,
        failed: &mut Problems,
    ) {
        let mut keep = |name: &str, bytes: &[u8], failed: &mut Problems| {
            let result = self.folder.write(name, bytes);
            if result.is_ok() {
                written.push(name.to_owned());
            }
            failed.note(result);
        };
        keep(file_name::FINDINGS, self.findings, failed);
        let foresight = self.forecast.map(|forecast| forecast.beside(report));
        let view = ReportView {
            report,
            foresight: foresight.as_ref(),
        };
        for file in report_files(view) {
            match file.render() {
                _ if file.path == file_name::RUN => {}
                Ok(bytes) => keep(&file.path, &bytes, failed),
                Err(error) => failed.note::<_>(Err(error)),
            }
        }
        let bytes = to_json(report);
        keep(file_name::RUN, &bytes, failed);
        if !seal || !failed.is_empty() {
            return;
        }
        let mut files = self.files.to_vec();
        files.push(FileDigest {
            name: file_name::RUN.into(),
            bytes: bytes.len() as u64,
            sha256: digest_of_bytes(&bytes),
        });
        let forecast = self.forecast;
        files.extend(forecast.and_then(|forecast| forecast.digest(self.folder)));
        let seal = Seal::over(self.held.plan.run_id, files);
        keep(file_name::SEAL, &seal.to_json(), failed);
        if failed.is_empty() {
            differences_from(&seal, self.folder.path())
                .into_iter()
                .for_each(|difference| failed.add(difference));
        }
    }
}

/// Seals what a later look has seen, beside what was sealed before.
///
/// # Errors
/// When something is not as it was sealed, or the seal cannot be written.
pub fn seal_again(
    folder: &RunFolder,
    plan: &PlanFile,
    observation: &str,
    stamp: &str,
) -> Result<(), Error> {
    let before = newest_seal(folder.path());
    let mut forecast = None;
    let names: Vec<String> = match check_seal(folder.path()) {
        SealState::Broken(problems) => return Err(Error::internal(problems.join("; "))),
        SealState::Whole(seal) => {
            // Whatever it is by now: a later seal vouches for no other one than the run's.
            forecast = seal.digest(file_name::FORECAST).cloned();
            let sealed = seal.files.into_iter().map(|file| file.name);
            sealed.chain(before.clone()).collect()
        }
        // What the run itself has seen or reported and not sealed is left out.
        SealState::Missing => {
            let names = evidence_of(plan).into_iter();
            names
                .filter(|name| !EVIDENCE[5..].contains(&name.as_str()))
                .collect()
        }
    };
    let mut files = Vec::new();
    let evidence = names.iter().filter(|name| *name != file_name::FORECAST);
    let there = evidence.filter(|name| folder.file(name).exists());
    for name in there.map(String::as_str).chain([observation]) {
        let digest = digest_of_file(folder.path(), name, None).map_err(|error| {
            Error::internal(format!("{}: {error}", folder.file(name).display()))
        })?;
        files.push(digest);
    }
    files.extend(forecast);
    // A letter log that did not exist at the run's end.
    let log = LETTER_LOG;
    if folder.file(log).exists() && !files.iter().any(|file| file.name == log) {
        let digest = digest_of_file(folder.path(), log, None).map_err(Error::internal)?;
        files.push(digest);
    }
    let name = match before {
        None => file_name::SEAL.to_owned(),
        Some(_) => format!("seal-{stamp}.json"),
    };
    folder
        .write(&name, &Seal::over(plan.run_id, files).to_json())
        .map_err(Error::internal)
}

/// Writes every format that `run.json` is enough for, itself first; what fails does not hold up the
/// rest.
pub fn write_formats<'a>(
    folder: &RunFolder,
    report: impl Into<ReportView<'a>>,
    problems: &mut Problems,
) {
    for file in report_files(report) {
        match file.render() {
            Ok(bytes) => problems.note(folder.write(&file.path, &bytes)),
            Err(error) => problems.add(error.to_string()),
        }
    }
}

/// What went wrong beside the orders.
#[derive(Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Adds what a result says if it is an error.
    pub fn note<E: std::fmt::Display>(&mut self, result: Result<(), E>) {
        if let Err(error) = result {
            self.add(error.to_string());
        }
    }

    /// Adds a sentence.
    pub fn add(&mut self, problem: String) {
        self.0.push(problem);
    }

    fn extend(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }

    /// What they do to a verdict: a run whose evidence or report could not be kept proves nothing.
    fn finding(&self) -> Option<crate::verdict::Finding> {
        let more = match self.0.len().saturating_sub(QUOTED) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let quoted = self.0.iter().take(QUOTED).cloned().collect::<Vec<_>>();
        (!self.0.is_empty()).then(|| {
            finding(
                Severity::MissingEvidence,
                "evidence_incomplete",
                format!(
                    "the run's evidence or its report is not whole on the disk: {}{more}",
                    quoted.join("; ")
                ),
            )
        })
    }
}

/// What a reconciliation says in one line per class, for comparing two of them.
pub fn class_lines(reconciliation: &Reconciliation) -> Vec<(&'static str, u64)> {
    reconciliation
        .counts()
        .into_iter()
        .map(|(class, count)| (class.as_str(), count))
        .collect()
}
