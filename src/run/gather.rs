//! What the workers of a run left in its folder, united into the evidence of one run.
//!
//! Nothing is believed that contradicts anything else: another plan, another start, orders of another worker, a manifest
//! that does not match the files beside it. What is only missing is reported as missing.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use roaring::RoaringBitmap;

use super::ids::orders_since;
use super::rejudge::EvidenceError;
use crate::folder::{digest_of_file, read_sent, read_within};
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JOURNAL_SCHEMA_VERSION_NAMED, JournalContents, JournalError,
    JournalHeader, Ledger, Part, read_shard_lines, unite,
};
use crate::load::{Shard, Split};
use crate::metrics::Histogram;
use crate::results::{
    AgreedStart, PlanFile, SendRecord, SentFile, ShardManifest, WorkerRecord, WorkerState,
    file_name, parse_manifest, shard_files,
};
use crate::scenario;

/// The largest manifest, and the largest file of a start.
const SMALL: u64 = 1 << 20;

/// What all workers left.
pub struct Gathered {
    /// The header of the run's journal.
    pub header: JournalHeader,
    /// What became of the sending of every planned order.
    pub ledger: Ledger,
    /// Every worker left its whole shard.
    pub ended: bool,
    /// What the workers measured, those that left it.
    pub sent: SentFile,
}

impl Gathered {
    /// Workers that left no manifest: one of them may still be sending.
    pub fn without_manifest(&self) -> Vec<u32> {
        let workers = self.sent.workers.iter();
        let open = workers.filter(|worker| worker.state != WorkerState::Whole);
        open.map(|worker| worker.worker).collect()
    }

    /// When sending began.
    pub fn started_at(&self) -> SystemTime {
        self.header.started_at
    }
}

/// Reads and unites what the workers of the run in `dir` left; `None` when it was not agreed on a start, so that nobody has
/// sent anything.
///
/// # Errors
/// When something contradicts something else, or cannot be read.
pub fn gather(dir: &Path, plan: &PlanFile) -> Result<Option<Gathered>, EvidenceError> {
    let first = plan.first_shard().ok_or_else(|| {
        contradict("the plan is that of one process, not of several workers".into())
    })?;
    let digest = digest_of_file(dir, file_name::PLAN, None);
    let digest = digest.map_err(|error| unreadable(dir, file_name::PLAN, &error))?;
    strangers(dir, first)?;
    let Some(start) = agreed_start(dir, first, &digest.sha256)? else {
        return match dir.join(file_name::SHARDS).exists() {
            true => Err(contradict(format!(
                "there are shards, and no {} that says when sending began",
                file_name::GO
            ))),
            false => Ok(None),
        };
    };
    let reading = Reading {
        dir,
        plan,
        plan_digest: digest.sha256,
        start,
        planned: plan.scenario.schedule().count(),
    };
    reading.all(first).map(Some)
}

fn contradict(what: String) -> EvidenceError {
    EvidenceError::new(
        "workers_contradict",
        format!("the workers' evidence contradicts itself: {what}"),
    )
}

fn unreadable(dir: &Path, name: &str, error: &io::Error) -> EvidenceError {
    let path = dir.join(name);
    EvidenceError::new(
        "workers_unreadable",
        format!("{}: {error}; restore the folder", path.display()),
    )
}

/// Shards or claims of workers that the plan does not have.
fn strangers(dir: &Path, first: Shard) -> Result<(), EvidenceError> {
    let names = |folder: &str| -> Result<Vec<String>, EvidenceError> {
        let entries = match std::fs::read_dir(dir.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(dir, folder, &error)),
        };
        let name = |entry: io::Result<std::fs::DirEntry>| {
            Ok(entry?.file_name().to_string_lossy().into_owned())
        };
        let names: io::Result<_> = entries.map(name).collect();
        names.map_err(|error| unreadable(dir, folder, &error))
    };
    let known = |name: &String| {
        let number: Option<u32> = name.parse().ok();
        number.is_some_and(|number| number < first.of() && number.to_string() == *name)
    };
    if let Some(other) = names(file_name::SHARDS)?.iter().find(|name| !known(name)) {
        return Err(contradict(format!(
            "{}/{other} is of no worker of {}",
            file_name::SHARDS,
            first.of()
        )));
    }
    let of = format!("-of-{}", first.of());
    let claims = names("")?;
    let claim = claims.iter().find(|name| {
        let claimed = name
            .strip_prefix("shard-")
            .and_then(|rest| rest.strip_suffix(&of));
        name.starts_with("shard-") && !claimed.is_some_and(|number| known(&number.to_owned()))
    });
    claim.map_or(Ok(()), |claim| {
        Err(contradict(format!(
            "{claim} is the claim of no worker of {}",
            first.of()
        )))
    })
}

fn agreed_start(
    dir: &Path,
    first: Shard,
    digest: &str,
) -> Result<Option<SystemTime>, EvidenceError> {
    let bytes = match read_within(&dir.join(file_name::GO), SMALL) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(dir, file_name::GO, &error)),
    };
    let go: AgreedStart = serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(dir, file_name::GO, &io::Error::other(error)))?;
    let same = go.workers == first.of() && go.plan_digest == digest;
    match go.start().filter(|_| same) {
        Some(start) => Ok(Some(start)),
        None => Err(contradict(format!(
            "{} is the start of another plan",
            file_name::GO
        ))),
    }
}

/// The shards of a run, being read.
struct Reading<'a> {
    dir: &'a Path,
    plan: &'a PlanFile,
    plan_digest: String,
    start: SystemTime,
    planned: u64,
}

/// What one worker left.
struct Left {
    journal: Option<JournalContents>,
    /// Its manifest and what it measured.
    whole: Option<(ShardManifest, SentFile)>,
}

impl Reading<'_> {
    fn all(&self, first: Shard) -> Result<Gathered, EvidenceError> {
        let scenario = &self.plan.scenario;
        let orders = orders_since(scenario, self.plan.run_id, self.start);
        let group = |k| orders.group(k).unwrap_or_default();
        let split = match scenario.pipeline.fifo {
            true => Split::Groups(&group),
            false => Split::Dispatches,
        };
        let (batch, linger) = (scenario.sending.batch, scenario.sending.linger);
        let owned = first.deal(&scenario.schedule(), batch, linger, split);
        let mut left = Vec::with_capacity(owned.len());
        for (shard, own) in first.all().zip(&owned) {
            left.push(self.shard(shard, own)?);
        }
        let parts: Vec<Part<'_>> = owned
            .iter()
            .zip(&left)
            .map(|(own, left)| Part {
                own,
                journal: left.journal.as_ref(),
            })
            .collect();
        let ledger = unite(self.planned, &parts).map_err(contradict)?;
        let workers = first.all().zip(owned.iter().zip(&left));
        let workers: Vec<WorkerRecord> = workers
            .map(|(shard, (own, left))| self.worker(shard, own, left))
            .collect();
        let ended = left
            .iter()
            .all(|left| left.whole.is_some() && left.journal.as_ref().is_some_and(|it| it.ended));
        let schema_version = match orders.keeps_message_ids() {
            true => JOURNAL_SCHEMA_VERSION_NAMED,
            false => JOURNAL_SCHEMA_VERSION,
        };
        Ok(Gathered {
            header: JournalHeader {
                schema_version,
                run_id: self.plan.run_id,
                seed: scenario.seed,
                planned: self.planned,
                scenario_digest: scenario::digest(scenario),
                started_at: self.start,
                plan_digest: Some(self.plan_digest.clone()),
                shard: None,
            },
            ledger,
            ended,
            sent: self.sent(&left, workers),
        })
    }

    /// What was measured, added up.
    fn sent(&self, left: &[Left], workers: Vec<WorkerRecord>) -> SentFile {
        let mut record = SendRecord::default();
        let mut apart = Duration::ZERO;
        for (manifest, sent) in left.iter().filter_map(|left| left.whole.as_ref()) {
            record.merge(&sent.record);
            apart = apart.max(manifest.clocks_apart);
        }
        SentFile {
            workers,
            ..SentFile::new(self.plan.run_id, apart, &record)
        }
    }

    fn shard(&self, shard: Shard, own: &RoaringBitmap) -> Result<Left, EvidenceError> {
        let index = shard.index();
        let journal = self.journal(shard, own)?;
        let name = file_name::of_shard(index, file_name::MANIFEST);
        let path = self.dir.join(&name);
        let bytes = match read_within(&path, SMALL) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Left {
                    journal,
                    whole: None,
                });
            }
            Err(error) => return Err(unreadable(self.dir, &name, &error)),
        };
        let manifest = parse_manifest(&bytes, &path);
        let manifest = manifest
            .map_err(|error| EvidenceError::new("workers_unreadable", error.to_string()))?;
        let ours = manifest.run_id == self.plan.run_id
            && manifest.shard == shard
            && manifest.plan_digest == self.plan_digest
            && manifest.start() == Some(self.start);
        if !ours {
            return Err(contradict(format!(
                "{name} is of shard {} of run {} that began at {}",
                manifest.shard, manifest.run_id, manifest.started_at
            )));
        }
        let Some(contents) = &journal else {
            return Err(contradict(format!(
                "{name} is there, and no journal beside it"
            )));
        };
        if !contents.ended || manifest.orders != contents.ledger.counts_of(own.len()) {
            return Err(contradict(format!(
                "{name} counts other orders than the journal beside it"
            )));
        }
        let sent = self.measured(index, &manifest)?;
        Ok(Left {
            journal,
            whole: Some((manifest, sent)),
        })
    }

    /// The files that a manifest names, which must be those that are there.
    fn measured(&self, index: u32, manifest: &ShardManifest) -> Result<SentFile, EvidenceError> {
        let folder = self.dir.join(file_name::of_shard(index, ""));
        let names = shard_files(index);
        if manifest.files.len() != names.len() {
            return Err(contradict(format!(
                "{} names other files than those of its shard ({})",
                file_name::of_shard(index, file_name::MANIFEST),
                names.join(", ")
            )));
        }
        for &name in names {
            let told = manifest.files.iter().find(|file| file.name == name);
            let found = digest_of_file(&folder, name, None).ok();
            if told.is_none() || told != found.as_ref() {
                return Err(contradict(format!(
                    "{} is not as the manifest of its shard says",
                    file_name::of_shard(index, name)
                )));
            }
        }
        let sent = read_sent(&folder.join(file_name::SENT));
        let sent =
            sent.map_err(|error| EvidenceError::new("workers_unreadable", error.to_string()))?;
        if sent.run_id != self.plan.run_id {
            return Err(contradict(format!("worker {index} measured another run")));
        }
        let said = [
            (
                manifest.interrupted == sent.record.interrupted,
                "interrupted",
            ),
            (
                Some(manifest.started_late_by) == sent.started_late_by,
                "started_late_by",
            ),
            (manifest.clocks_apart == sent.clocks_apart, "clocks_apart"),
        ];
        match said.into_iter().find(|(same, _)| !same) {
            None => Ok(sent),
            Some((_, key)) => Err(contradict(format!(
                "{} says another {key} than the {} beside it",
                file_name::of_shard(index, file_name::MANIFEST),
                file_name::SENT
            ))),
        }
    }

    /// The journal of a shard; none when there is no whole line in it, so that nothing was sent by it, or none is there.
    fn journal(
        &self,
        shard: Shard,
        own: &RoaringBitmap,
    ) -> Result<Option<JournalContents>, EvidenceError> {
        let name = file_name::of_shard(shard.index(), file_name::JOURNAL);
        let path = self.dir.join(&name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(self.dir, &name, &error)),
        };
        let is_file = file.metadata().is_ok_and(|found| found.is_file());
        if !is_file {
            return Err(unreadable(
                self.dir,
                &name,
                &io::Error::other("it is no regular file"),
            ));
        }
        if !has_line(&path).map_err(|error| unreadable(self.dir, &name, &error))? {
            return Ok(None);
        }
        let read = read_shard_lines(BufReader::new(file), &path, |header| {
            self.is_ours(header, shard).map(|()| own.clone())
        });
        match read {
            Ok(contents) => Ok(Some(contents)),
            Err(error @ JournalError::Untrusted { .. }) => Err(contradict(error.to_string())),
            Err(error) => Err(EvidenceError::new("workers_unreadable", error.to_string())),
        }
    }

    /// Whether a journal is of this run, plan, start and shard.
    fn is_ours(&self, header: &JournalHeader, shard: Shard) -> Result<(), String> {
        let scenario = &self.plan.scenario;
        let checks = [
            (header.run_id == self.plan.run_id, "run"),
            (
                header.plan_digest.as_ref() == Some(&self.plan_digest)
                    && header.planned == self.planned
                    && header.seed == scenario.seed
                    && scenario::is_digest(&header.scenario_digest, scenario),
                "plan",
            ),
            (header.started_at == self.start, "start"),
            (header.shard == Some(shard), "shard"),
        ];
        match checks.into_iter().find(|(same, _)| !same) {
            None => Ok(()),
            Some((_, what)) => Err(format!("it is of another {what}")),
        }
    }

    fn worker(&self, shard: Shard, own: &RoaringBitmap, left: &Left) -> WorkerRecord {
        let missing = WorkerRecord::missing(shard, own.len());
        let folder = self.dir.join(file_name::of_shard(shard.index(), ""));
        let orders = left.journal.as_ref().map(|journal| {
            let mut ledger = journal.ledger.clone();
            let untold = ledger.untold().clone();
            ledger.record_all(crate::ledger::Outcome::Indeterminate, &untold);
            ledger.counts_of(own.len())
        });
        let Some((manifest, sent)) = &left.whole else {
            return WorkerRecord {
                state: match folder.exists() {
                    true => WorkerState::Unfinished,
                    false => WorkerState::Missing,
                },
                orders,
                ..missing
            };
        };
        let mut lag = Histogram::new();
        let phases = self.plan.scenario.phases.iter().zip(&sent.record.phases);
        for (_, sends) in phases.filter(|(phase, _)| !phase.warm_up) {
            lag.merge(&sends.schedule_lag);
        }
        let us = |time: Duration| u64::try_from(time.as_micros()).ok();
        WorkerRecord {
            state: WorkerState::Whole,
            orders,
            schedule_lag_us: Some(lag.summary()),
            started_late_by_us: us(manifest.started_late_by),
            clocks_apart_us: us(manifest.clocks_apart),
            interrupted: manifest.interrupted,
            ..missing
        }
    }
}

/// Whether a whole line stands in the file: a worker that was killed as it made its journal leaves a part of the first.
fn has_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?.take(SMALL);
    let mut piece = [0; 4096];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(false),
            read if piece[..read].contains(&b'\n') => return Ok(true),
            _ => {}
        }
    }
}
