//! What a run's folder holds as evidence, and what it comes to: the same for a run that has just ended, in memory, and
//! for one that is judged again from its files.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::gather::gather;
use super::ids::orders_since;
use super::rejudge::{EvidenceError, NoObservation, read_ledger, read_observation};
use crate::evidence::Seal;
use crate::exit::Exit;
use crate::folder::{digest_of_file, read_meters, read_sent};
use crate::gate::{own_findings, own_findings_without_report};
use crate::ledger::{JournalContents, Ledger};
use crate::results::{
    Aborted, BuildInput, MetersFile, PlanFile, ReportError, RunReport, SentFile, all_whole, build,
    figures, file_name, phase_figures, to_json, worker_findings,
};
use crate::verdict::{Class, Finding, Judgment, Severity, finding};
use crate::verify::{
    Belongs, JudgeInput, Observation, ObservationFile, PhaseFigures, Reconciliation, StoredTimes,
    contradictions, group_followers, judge, reconcile,
};

/// The evidence of a run.
pub struct Held {
    /// What the run was to do.
    pub plan: PlanFile,
    /// What became of the sending of each order.
    pub ledger: Ledger,
    /// The ledger was closed by the run that wrote it.
    pub ledger_ended: bool,
    /// When sending began.
    pub started_at: SystemTime,
    /// Figures of the sending; absent when it was killed first.
    pub sent: Option<SentFile>,
    /// What the stores showed; absent when they were not looked at.
    pub observed: Option<ObservationFile>,
    /// What the pipeline itself counted; absent where it counts nothing.
    pub meters: Option<MetersFile>,
}

/// What the evidence comes to.
pub struct Weighed {
    /// The verdict and its findings.
    pub judgment: Judgment,
    /// The class of each order.
    pub reconciliation: Reconciliation,
    /// Sending was ended by the user.
    pub interrupted: bool,
    bad_orders: u64,
    figures: Option<Vec<PhaseFigures>>,
    clock_skew: Duration,
}

impl Held {
    /// Reads the evidence in `dir`: the files that `seal` covers, or, of a folder without a seal, those that are there.
    ///
    /// # Errors
    /// When a file is missing that must be there, cannot be read, is another run's, or contradicts another.
    pub fn read(dir: &Path, plan: &PlanFile, seal: Option<&Seal>) -> Result<Self, EvidenceError> {
        let covered = |name: &str| match seal {
            Some(seal) => seal.covers(name),
            None => dir.join(name).exists(),
        };
        let journal = read_ledger(dir, plan)?;
        let observation = observation_name(dir, seal);
        let observed = match &observation {
            None => None,
            Some(name) => match read_observation(dir, name, plan) {
                Ok(observed) => Some(observed),
                Err(NoObservation::Missing(_)) => None,
                Err(NoObservation::Untrusted(untold)) => return Err(untold),
            },
        };
        let sent = match covered(file_name::SENT) {
            true => Some(readable(read_sent(&dir.join(file_name::SENT)))?),
            false => None,
        };
        let meters = match covered(file_name::METERS) {
            true => Some(readable(read_meters(&dir.join(file_name::METERS)))?),
            false => None,
        };
        let runs = [
            sent.as_ref().map(|sent| sent.run_id),
            meters.as_ref().map(|meters| meters.run_id),
            seal.map(|seal| seal.run_id),
        ];
        if runs.iter().flatten().any(|run| *run != plan.run_id) {
            return Err(EvidenceError::new(
                "evidence_of_another_run",
                format!("a file in {} is of another run", dir.display()),
            ));
        }
        check_links(
            dir,
            journal.header.plan_digest.as_deref(),
            observed.as_ref(),
        )?;
        let own = observation.as_deref() == Some(file_name::OBSERVATION);
        if plan.first_shard().is_some() {
            check_workers(dir, plan, &journal, sent.as_ref())?;
        }
        if let Some(observed) = &observed {
            let last_reply_at = sent.as_ref().filter(|_| own);
            let last_reply_at = last_reply_at.map(|sent| sent.record.last_reply_at);
            let found = contradictions(
                observed,
                &journal.ledger,
                &orders_since(&plan.scenario, plan.run_id, journal.header.started_at),
                last_reply_at,
            );
            if !found.is_empty() {
                return Err(EvidenceError::new(
                    "evidence_contradicts",
                    format!("the evidence contradicts itself: {}", found.join("; ")),
                ));
            }
        }
        Ok(Self {
            plan: plan.clone(),
            ledger: journal.ledger,
            ledger_ended: journal.ended,
            started_at: journal.header.started_at,
            sent,
            observed,
            meters,
        })
    }

    /// Judges the evidence. What was measured of the sends is in it, or, of a run by an older orderproof, in its report.
    pub fn weigh(&self, reported: Option<&RunReport>) -> Weighed {
        let scenario = &self.plan.scenario;
        let orders = orders_since(scenario, self.plan.run_id, self.started_at);
        let belongs = Belongs::of(&orders, self.ledger.planned());
        let observation = self.observed.as_ref().map(|file| &file.observation);
        let nothing = Observation::default();
        let reconciliation = reconcile(&self.ledger, &belongs, observation.unwrap_or(&nothing));
        let figures = self.figures(reported);
        let workers = self.sent.as_ref().map_or(&[][..], |sent| &sent.workers);
        // What some of the workers measured is not what the run measured.
        let partial = !all_whole(workers);
        let interrupted = match (&self.sent, reported) {
            (Some(sent), _) => sent.record.interrupted,
            (None, reported) => reported.is_some_and(|report| report.interrupted),
        };
        let clock_skew = match (&self.meters, reported, &self.sent) {
            (Some(meters), _, _) => meters.clock_skew_bound,
            (None, Some(report), _) => Duration::from_micros(report.clock_skew_bound_us),
            (None, None, sent) => sent
                .as_ref()
                .map_or(Duration::ZERO, |sent| sent.clocks_apart),
        };
        let clock_skew = observation.unwrap_or(&nothing).clocks_apart(clock_skew);
        let judgment = judge(&JudgeInput {
            orders: &orders,
            expect: &scenario.expect,
            reconciliation: &reconciliation,
            observation,
            ledger_ended: self.ledger_ended,
            phases: figures.as_deref().filter(|_| !partial),
            interrupted,
            clock_skew_bound: clock_skew,
        });
        let followers = observation
            .filter(|_| scenario.pipeline.fifo)
            .and_then(|seen| group_followers(&orders, seen));
        let aborted = self.sent.as_ref().and_then(|sent| {
            let aborted = sent.record.aborted.as_ref()?;
            Some(ended_by(aborted, reconciliation.count(Class::Unsent)))
        });
        let workers = worker_findings(workers, scenario.expect.max_schedule_lag_p99);
        let mut weighed = Weighed {
            judgment: judgment.with(followers.into_iter().chain(aborted).chain(workers)),
            reconciliation,
            interrupted,
            bad_orders: belongs.bad.len(),
            figures,
            clock_skew,
        };
        let rules = &scenario.expect.rules;
        if rules.iter().any(|rule| rule.duration().is_none()) {
            let report = self.report(&weighed, &weighed.judgment, None);
            let found = match report.filter(|_| !partial) {
                Some(report) => own_findings(&report),
                None => own_findings_without_report(rules),
            };
            weighed.judgment = weighed.judgment.with(found.into_iter());
        }
        weighed
    }

    /// The measured durations of each phase: as the drive wrote them down, or as an older orderproof reported them.
    /// End-to-end latencies of a table that could not be read to its end come from a later look.
    fn figures(&self, reported: Option<&RunReport>) -> Option<Vec<PhaseFigures>> {
        let nothing = StoredTimes::default();
        let times = self.observed.as_ref().map(|observed| &observed.times);
        if let Some(sent) = &self.sent {
            let times = times.unwrap_or(&nothing);
            return Some(phase_figures(&self.plan.scenario, &sent.record, times));
        }
        let report = reported?;
        let phases = report.phases.iter().enumerate();
        let figures = phases.map(|(index, phase)| {
            let mut figures = phase.figures.clone();
            let seen = times.and_then(|times| times.phases.get(index));
            if let Some(seen) = seen.filter(|_| !report.scan.complete) {
                figures.end_to_end = seen.clone();
            }
            figures
        });
        Some(figures.collect())
    }

    /// The report that the evidence amounts to, with this judgment; none where a part of it is missing.
    pub fn report(
        &self,
        weighed: &Weighed,
        judgment: &Judgment,
        evidence_chain: Option<String>,
    ) -> Option<RunReport> {
        let (sent, observed) = (self.sent.as_ref()?, self.observed.as_ref()?);
        let meters = self.meters.as_ref()?;
        let report = build(BuildInput {
            scenario: &self.plan.scenario,
            run_id: self.plan.run_id,
            orders: self.ledger.counts(),
            bad_orders: weighed.bad_orders,
            record: &sent.record,
            workers: &sent.workers,
            reconciliation: &weighed.reconciliation,
            judgment,
            exit_code: Exit::of(judgment, weighed.interrupted).code(),
            observation: &observed.observation,
            times: &observed.times,
            samples: &observed.samples,
            failed_samples: &observed.failed_samples,
            readings: &meters.readings,
            figures: weighed.figures.clone().unwrap_or_default(),
            pipeline: meters.pipeline.clone(),
            cloudwatch: meters.cloudwatch.clone(),
            provenance: self.plan.provenance.clone(),
            started_at: Timestamp::try_from(self.started_at).ok()?,
            finished_at: meters.finished_at.parse().ok()?,
            clock_skew_bound: weighed.clock_skew,
        });
        Some(RunReport {
            evidence_chain,
            ..report
        })
    }
}

/// That a rule has ended the sending: what it is broken by is readable where rules are.
fn ended_by(aborted: &Aborted, unsent: u64) -> Finding {
    let message = format!(
        "sending was stopped {} after the start, when `{}` could no longer hold (abort = true): {} not sent",
        figures::duration(aborted.at),
        aborted.rule,
        match unsent {
            1 => "1 order was".into(),
            orders => format!("{} were", figures::orders(orders)),
        }
    );
    finding(Severity::Note, "sending_aborted", message)
}

/// The observation that is judged: the run's own, or, of a run that did not get so far, that of the latest look.
fn observation_name(dir: &Path, seal: Option<&Seal>) -> Option<String> {
    let own = file_name::OBSERVATION;
    match seal {
        None => dir.join(own).exists().then(|| own.to_owned()),
        Some(seal) if seal.covers(own) => Some(own.to_owned()),
        Some(seal) => {
            let names = seal.files.iter().map(|file| &file.name);
            let later = names.filter(|name| name.starts_with("observation-"));
            later.max().cloned()
        }
    }
}

fn readable<T>(read: Result<T, ReportError>) -> Result<T, EvidenceError> {
    read.map_err(|error| EvidenceError::new("evidence_unreadable", error.to_string()))
}

/// Whether what workers left comes to the journal and the record that were made of it.
fn check_workers(
    dir: &Path,
    plan: &PlanFile,
    journal: &JournalContents,
    sent: Option<&SentFile>,
) -> Result<(), EvidenceError> {
    let same = gather(dir, plan)?.is_some_and(|gathered| {
        let measured = sent.is_none_or(|sent| to_json(sent) == to_json(&gathered.sent));
        gathered.ledger == journal.ledger && gathered.ended == journal.ended && measured
    });
    match same {
        true => Ok(()),
        false => Err(EvidenceError::new(
            "workers_contradict",
            format!(
                "{} and {} are not what the workers' shards come to",
                file_name::JOURNAL,
                file_name::SENT
            ),
        )),
    }
}

/// Whether the files that name each other's digests name those that are there.
fn check_links(
    dir: &Path,
    plan_digest: Option<&str>,
    observed: Option<&ObservationFile>,
) -> Result<(), EvidenceError> {
    let by_header = plan_digest.map(|digest| (file_name::JOURNAL, file_name::PLAN, digest));
    let by_observation = observed.into_iter().flat_map(|observed| &observed.rests_on);
    let by_observation = by_observation
        .map(|(name, digest)| (file_name::OBSERVATION, name.as_str(), digest.as_str()));
    for (from, name, digest) in by_header.into_iter().chain(by_observation) {
        let plain = !name.contains('/');
        let found = digest_of_file(dir, name, None).map(|found| found.sha256);
        if !plain || !found.is_ok_and(|found| found == digest) {
            return Err(EvidenceError::new(
                "evidence_changed",
                format!("{from} was written beside another {name}"),
            ));
        }
    }
    Ok(())
}
