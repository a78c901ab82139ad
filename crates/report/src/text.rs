//! The report on a terminal: the verdict first, its evidence under it.

use orderproof_core::order::Id;
use orderproof_core::results::{headline, verdict_word};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::{diagnose, function};
use orderproof_core::escape::{Shown, line};
use orderproof_core::metrics::LatencySummary;
use orderproof_core::results::figures::{duration, micros_if, orders, thousands};
use orderproof_core::results::{PhaseReport, RunReport, file_name};
use orderproof_core::scenario::FaultPlace;
use orderproof_core::verdict::{Class, Finding, Severity, Standing, Verdict};
use orderproof_core::verify::{Quiescence, Sweep};

/// Less is what it takes to read two clocks, and not worth a word.
const NOTABLE_SKEW: Duration = Duration::from_millis(1);

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// With ANSI colors.
    pub color: bool,
}

impl TextStyle {
    /// Bold, in this color.
    pub fn paint(self, color: AnsiColor) -> Style {
        if self.color {
            color.on_default().bold()
        } else {
            Style::new()
        }
    }

    /// As a verdict is colored.
    pub fn verdict(self, verdict: Verdict) -> Style {
        self.paint(match verdict {
            Verdict::Pass => AnsiColor::Green,
            Verdict::Fail => AnsiColor::Red,
            Verdict::Inconclusive => AnsiColor::Yellow,
        })
    }
}

/// The whole report as text; `dir` is where its files are.
pub fn render_text(report: &RunReport, dir: &Path, style: TextStyle) -> String {
    let mut out = String::new();
    write_all(&mut out, report, dir, style).expect("writing to memory");
    out
}

fn write_all(
    out: &mut String,
    report: &RunReport,
    dir: &Path,
    style: TextStyle,
) -> std::fmt::Result {
    let color = style.verdict(report.verdict);
    writeln!(
        out,
        "{color}{}{color:#}  {}",
        verdict_word(report.verdict),
        Shown(&headline(report))
    )?;
    writeln!(
        out,
        "      scenario {}, run {}, seed {}, {}, {}",
        Shown(&report.scenario.name),
        report.run_id,
        report.scenario.seed,
        time(report),
        Shown(&report.started_at)
    )?;
    writeln!(out)?;
    write_findings(out, report, style)?;
    write_last_lines(out, report)?;
    writeln!(out, "evidence")?;
    for (what, told) in evidence(report) {
        writeln!(out, "  {what:<18} {}", Shown(&told))?;
    }
    writeln!(out, "\norders")?;
    write_classes(out, report, style)?;
    writeln!(out, "\nphases")?;
    write_phases(out, &report.phases)?;
    if !report.send_errors.is_empty() {
        writeln!(out, "\nsend errors")?;
        for (reason, count) in &report.send_errors {
            writeln!(out, "  {:>10}  {}", thousands(*count), Shown(reason))?;
        }
    }
    let dir = dir.display().to_string();
    let dir = Shown(&dir);
    writeln!(
        out,
        "\nreport  {dir}/{}, {}, {}, charts *.png and *.svg",
        file_name::PAGE,
        file_name::SUMMARY,
        file_name::RUN
    )
}

/// Where the run was driven, and the traps that were known there; nothing of the embedded pipeline.
fn target(report: &RunReport) -> Option<String> {
    report.scenario.target.aws()?;
    let provenance = &report.provenance;
    Some(match provenance.traps.as_slice() {
        [] => provenance.target.clone(),
        traps => format!(
            "{}; traps known before the run: {}",
            provenance.target,
            traps.join(", ")
        ),
    })
}

/// How fast the scenario was played, in a word.
pub(super) fn time(report: &RunReport) -> String {
    match report.scenario.time_scale {
        1.0 => "real time".into(),
        scale => format!("time compressed {scale} times"),
    }
}

fn write_findings(out: &mut String, report: &RunReport, style: TextStyle) -> std::fmt::Result {
    let causes = diagnose(report);
    if report.findings.is_empty() && causes.is_empty() {
        return Ok(());
    }
    writeln!(out, "findings")?;
    for finding in &report.findings {
        let (word, color) = severity(finding.severity);
        let color = style.paint(color);
        writeln!(
            out,
            "  {color}{word}{color:#}  {}",
            wrapped(&line(&finding.message), 88, 11)
        )?;
        if let Some(ids) = ids(finding) {
            writeln!(out, "{:11}{ids}", "")?;
        }
    }
    for cause in causes {
        let color = style.paint(AnsiColor::Cyan);
        writeln!(
            out,
            "  {color}cause  {color:#}  {}",
            wrapped(&line(&cause), 88, 11)
        )?;
    }
    writeln!(out)
}

/// What a function that never started wrote last.
fn write_last_lines(out: &mut String, report: &RunReport) -> std::fmt::Result {
    let pipeline = report.pipeline.as_ref();
    let never = pipeline.and_then(|pipeline| pipeline.never_started.as_ref());
    let Some(never) = never.filter(|never| !never.last_lines.is_empty()) else {
        return Ok(());
    };
    match &never.log {
        Some(log) => writeln!(out, "the function's last lines ({})", Shown(log))?,
        None => writeln!(out, "the function's last lines")?,
    }
    for last in &never.last_lines {
        writeln!(out, "  | {}", Shown(last))?;
    }
    writeln!(out)
}

fn severity(severity: Severity) -> (&'static str, AnsiColor) {
    match severity {
        Severity::OrderFailure => ("orders ", AnsiColor::Red),
        Severity::PerformanceFailure => ("rule   ", AnsiColor::Red),
        Severity::MissingEvidence => ("missing", AnsiColor::Yellow),
        Severity::Note => ("note   ", AnsiColor::Cyan),
    }
}

/// The first ids of a finding, and where the others are.
pub(super) fn ids(finding: &Finding) -> Option<String> {
    let named = finding.first_ids.len() as u64;
    if named == 0 {
        return None;
    }
    let ids: Vec<_> = finding.first_ids.iter().map(Id::shown).collect();
    let more = match finding.orders.saturating_sub(named) {
        0 => String::new(),
        more => format!(" and {} more in {}", thousands(more), file_name::FINDINGS),
    };
    Some(format!("{}{more}", ids.join(", ")))
}

/// Breaks a text at `width` columns; further lines are indented by `indent`.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            let _ = write!(out, "\n{:indent$}", "");
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// What the verdict rests on: label and what was seen.
pub(super) fn evidence(report: &RunReport) -> Vec<(&'static str, String)> {
    let counts = &report.orders;
    let mut sent = format!(
        "{} planned, {} acknowledged",
        thousands(counts.planned),
        thousands(counts.acknowledged)
    );
    for (count, what) in [
        (counts.rejected, "rejected"),
        (counts.indeterminate, "indeterminate"),
        (counts.unsent, "unsent"),
    ] {
        let _ = write!(sent, ", {} {what}", thousands(count));
    }
    let lag = match report.schedule_lag_us.measured() {
        Some(lag) => format!(
            "schedule lag p99 {}, max {}",
            dash(micros_if(lag.p99_us)),
            dash(micros_if(lag.max_us))
        ),
        None => "schedule lag not measured".into(),
    };
    let mut told = vec![];
    told.extend(target(report).map(|target| ("target", target)));
    told.extend([
        ("sent", sent),
        ("offered on time", lag),
        ("at rest", report.quiescence.evidence.clone()),
        (
            "drained",
            drained(&report.quiescence, " after the last send"),
        ),
        ("table", sweep(&report.scan, "rows read to the end")),
        (
            "missing orders",
            sweep(&report.lookups, "looked up once more by key"),
        ),
        (
            "dead letters",
            sweep(&report.dead_letter_sweep, "received to the end"),
        ),
        ("redelivered", report.redelivered_told()),
    ]);
    told.extend(report.row_times_told().map(|told| ("stored times", told)));
    let skew = Duration::from_micros(report.clock_skew_bound_us);
    if skew >= NOTABLE_SKEW {
        told.push((
            "clock",
            match report.scenario.target.aws() {
                None if report.row_clock.is_some_and(|seen| seen.early_rows + seen.late_rows > 0) => {
                    format!(
                        "this machine's clock and the one that wrote the rows' stored_at may be {} apart: end-to-end \
                         latencies may be off by as much",
                        duration(skew)
                    )
                }
                None => format!(
                    "the wall clock was stepped by {} during the run: end-to-end latencies may be off by as much",
                    duration(skew)
                ),
                Some(_) => format!(
                    "this machine's clock and the target's may be {} apart: end-to-end latencies may be off by as \
                     much",
                    duration(skew)
                ),
            },
        ));
    }
    told.extend(function::told(report));
    told.extend(
        report
            .cloudwatch
            .as_ref()
            .map(|seen| ("CloudWatch", seen.told())),
    );
    let scale = report.scenario.time_scale;
    if scale != 1.0 {
        told.push((
            "time",
            format!(
                "compressed {scale} times: a second here is {scale} s of the scenario; every rate and \
                 duration is told as it passed here"
            ),
        ));
    }
    if !report.scenario.faults.is_empty() {
        told.push(("faults planted", faults_planted(report)));
    }
    told
}

/// How long the drain took, `after` behind it, if that was measured.
pub(super) fn drained(rest: &Quiescence, after: &str) -> String {
    match (rest.drain, rest.reached) {
        (Some(drain), _) => format!("{}{after}", duration(drain)),
        (None, false) => "not reached".into(),
        (None, true) => "not measured".into(),
    }
}

/// A figure, or a dash where there is none.
pub(super) fn dash(figure: Option<String>) -> String {
    figure.unwrap_or_else(|| "-".into())
}

/// The faults of the scenario with the orders they struck, where that is known.
fn faults_planted(report: &RunReport) -> String {
    let struck = report
        .pipeline
        .as_ref()
        .map(|pipeline| &pipeline.faults_struck);
    let told = report.scenario.faults.iter().map(|fault| {
        let name = fault.kind.as_str();
        match struck.and_then(|struck| struck.get(name)) {
            Some(struck) if fault.kind.place() != FaultPlace::Harness => {
                format!("{name} struck {}", orders(*struck))
            }
            _ => name.to_owned(),
        }
    });
    told.collect::<Vec<_>>().join(", ")
}

fn sweep(sweep: &Sweep, done: &str) -> String {
    match (&sweep.error, sweep.complete) {
        (_, true) => format!("{} {done}", thousands(sweep.items)),
        (Some(error), false) => format!("INCOMPLETE after {}: {error}", thousands(sweep.items)),
        (None, false) => format!("INCOMPLETE after {}", thousands(sweep.items)),
    }
}

fn write_classes(out: &mut String, report: &RunReport, style: TextStyle) -> std::fmt::Result {
    let mut none = Vec::new();
    for (&class, &count) in &report.classes {
        if count == 0 && class != Class::Lost {
            none.push(class.as_str());
            continue;
        }
        // None so far, as long as nobody has looked everywhere.
        let unproven = report.unlooked().is_some();
        let (mark, color) = match class.standing(report.gate) {
            _ if count == 0 && unproven => ("unproven", style.paint(AnsiColor::Yellow)),
            _ if count == 0 => ("ok", style.paint(AnsiColor::Green)),
            Standing::Accepted => ("ok", style.paint(AnsiColor::Green)),
            Standing::Refused => ("FAIL", style.paint(AnsiColor::Red)),
            Standing::Budgeted => ("budgeted", style.paint(AnsiColor::Yellow)),
            Standing::Unproven => ("unproven", style.paint(AnsiColor::Yellow)),
        };
        writeln!(
            out,
            "  {:>12}  {:<26} {color}{mark}{color:#}",
            thousands(count),
            class.as_str()
        )?;
    }
    writeln!(out, "  {:>12}  planned", thousands(report.orders.planned))?;
    if !none.is_empty() {
        writeln!(out, "  none: {}", wrapped(&none.join(", "), 88, 8))?;
    }
    Ok(())
}

fn write_phases(out: &mut String, phases: &[PhaseReport]) -> std::fmt::Result {
    writeln!(
        out,
        "  {:<14} {:>9} {:>9}  {:^26}  {:^26}  {:>9}",
        "", "orders", "offered", "response time", "end-to-end latency", "lag"
    )?;
    writeln!(
        out,
        "  {:<14} {:>9} {:>9}  {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8}  {:>9}",
        "phase", "attempted", "per s", "p50", "p99", "max", "p50", "p99", "max", "p99"
    )?;
    for phase in phases {
        let (response, end_to_end) = (&phase.response_time_us, &phase.end_to_end_us);
        let figure = |summary: &LatencySummary, pick: fn(&LatencySummary) -> Option<u64>| {
            dash(micros_if(summary.measured().and_then(pick)))
        };
        writeln!(
            out,
            "  {:<14} {:>9} {:>9}  {:>8} {:>8} {:>8}  {:>8} {:>8} {:>8}  {:>9}",
            Shown(&name(phase)),
            thousands(phase.attempted),
            thousands(offered_rate(phase).round() as u64),
            figure(response, |us| us.p50_us),
            figure(response, |us| us.p99_us),
            figure(response, |us| us.max_us),
            figure(end_to_end, |us| us.p50_us),
            figure(end_to_end, |us| us.p99_us),
            figure(end_to_end, |us| us.max_us),
            figure(&phase.schedule_lag_us, |us| us.p99_us),
        )?;
    }
    Ok(())
}

/// A phase's name, a warm-up marked as such.
pub(super) fn name(phase: &PhaseReport) -> String {
    let PhaseReport { figures, .. } = phase;
    match figures.warm_up {
        true if figures.name != "warm-up" => format!("{} (warm-up)", figures.name),
        _ => figures.name.clone(),
    }
}

/// Orders handed to the network per second of the phase.
pub(super) fn offered_rate(phase: &PhaseReport) -> f64 {
    let seconds = phase.end.saturating_sub(phase.start).as_secs_f64();
    if seconds > 0.0 {
        phase.attempted as f64 / seconds
    } else {
        0.0
    }
}
