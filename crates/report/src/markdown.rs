//! `summary.md`: the report in a page, for a pull request, a ticket or a CI job's summary.
//!
//! Whatever a run holds, the page stays far below the 1 MiB that GitHub takes of a step: lists and texts are cut
//! with a sentence saying so, and nothing in them becomes markup.

use std::fmt::Write;

use super::charts::Chart;
use super::diagnose;
use super::text::{dash, evidence, ids, name, offered_rate, time};
use orderproof_core::escape::{cell, code};
use orderproof_core::results::figures::{micros_if, thousands};
use orderproof_core::results::{RunReport, file_name, headline, verdict_word};
use orderproof_core::verdict::Class;

/// Findings and causes told at most.
const FINDINGS_MAX: usize = 100;
/// Phases told at most.
const PHASES_MAX: usize = 200;
/// The whole report as Markdown; charts are linked by their file names.
pub fn render_markdown(report: &RunReport) -> String {
    let mut out = String::new();
    write_all(&mut out, report).expect("writing to memory");
    out
}

fn write_all(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(
        out,
        "# {}: {}\n",
        verdict_word(report.verdict),
        cell(&headline(report))
    )?;
    writeln!(out, "> {}\n", cell(&report.scenario.question))?;
    writeln!(
        out,
        "Scenario `{}`, run {}, seed {}, {}, {} on {} ({}), orderproof {}.\n",
        code(&report.scenario.name),
        report.run_id,
        report.scenario.seed,
        cell(&time(report)),
        cell(&report.started_at),
        cell(&report.provenance.platform),
        processors(report.provenance.cpus),
        cell(&report.provenance.version),
    )?;
    write_findings(out, report)?;
    writeln!(out, "## Evidence\n\n| | |\n|---|---|")?;
    for (what, told) in evidence(report) {
        writeln!(out, "| {what} | {} |", cell(&told))?;
    }
    writeln!(
        out,
        "\n## What became of the orders\n\n| class | orders |\n|---|---:|"
    )?;
    for (&class, &count) in &report.classes {
        if count > 0 || class == Class::Lost {
            writeln!(out, "| {} | {} |", class.as_str(), thousands(count))?;
        }
    }
    writeln!(
        out,
        "| **planned** | **{}** |",
        thousands(report.orders.planned)
    )?;
    write_phases(out, report)?;
    writeln!(out, "\n## Charts\n")?;
    for chart in Chart::of(report) {
        writeln!(out, "![{}]({}.png)", chart.words(), chart.file_stem())?;
    }
    writeln!(
        out,
        "\nTo read: [{0}]({0}). All figures: [{1}]({1}), [{2}]({2}), [{3}]({3}).",
        file_name::PAGE,
        file_name::RUN,
        file_name::TIMESERIES,
        file_name::FINDINGS
    )
}

fn write_findings(out: &mut String, report: &RunReport) -> std::fmt::Result {
    if report.findings.is_empty() && diagnose(report).is_empty() {
        return Ok(());
    }
    writeln!(out, "## Findings\n")?;
    for finding in report.findings.iter().take(FINDINGS_MAX) {
        write!(
            out,
            "- **{}**: {}",
            cell(&finding.code),
            cell(&finding.message)
        )?;
        match ids(finding) {
            Some(ids) => writeln!(out, " ({})", cell(&ids))?,
            None => writeln!(out)?,
        }
    }
    write_left_out(out, report.findings.len(), FINDINGS_MAX, "findings")?;
    let causes = diagnose(report);
    for cause in causes.iter().take(FINDINGS_MAX) {
        writeln!(out, "- **likely cause**: {}", cell(cause))?;
    }
    write_left_out(out, causes.len(), FINDINGS_MAX, "likely causes")?;
    writeln!(out)
}

/// How many processors there were; none means that nobody knows.
pub(super) fn processors(cpus: u32) -> String {
    match cpus {
        0 => "number of processors unknown".into(),
        1 => "1 processor".into(),
        cpus => format!("{cpus} processors"),
    }
}

/// Says what is not shown, and where it is.
fn write_left_out(out: &mut String, all: usize, shown: usize, what: &str) -> std::fmt::Result {
    match all.saturating_sub(shown) {
        0 => Ok(()),
        left => writeln!(
            out,
            "\n{} more {what} are left out here; {} holds all {}.\n",
            thousands(left as u64),
            file_name::RUN,
            thousands(all as u64)
        ),
    }
}

fn write_phases(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(
        out,
        "\n## Phases\n\nResponse time: from the intended instant to the acknowledgment. End-to-end latency: from the intended \
         instant to the row.\n\n\
         | phase | attempted | offered/s | response time p50 | p99 | max | end-to-end latency p50 | p99 | max | schedule lag p99 |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for phase in report.phases.iter().take(PHASES_MAX) {
        write!(
            out,
            "| {} | {} | {:.0} ",
            cell(&name(phase)),
            thousands(phase.attempted),
            offered_rate(phase)
        )?;
        for summary in [&phase.response_time_us, &phase.end_to_end_us] {
            let summary = summary.measured().copied().unwrap_or_default();
            for us in [summary.p50_us, summary.p99_us, summary.max_us] {
                write!(out, "| {} ", dash(micros_if(us)))?;
            }
        }
        let lag = phase.schedule_lag_us.measured().and_then(|lag| lag.p99_us);
        writeln!(out, "| {} |", dash(micros_if(lag)))?;
    }
    write_left_out(out, report.phases.len(), PHASES_MAX, "phases")
}
