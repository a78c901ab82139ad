//! `summary.md`: the report in a page, for a pull request or a ticket.

use std::fmt::Write;

use super::charts::Chart;
use super::figures::{micros, thousands};
use super::text::{evidence, headline, ids, name, offered_rate, time, verdict_word};
use super::{RunReport, diagnose, file_name};
use crate::verify::Class;

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
        "Scenario `{}`, run {}, seed {}, {}, {} on {} ({} processors), orderproof {}.\n",
        report.scenario.name,
        report.run_id,
        report.scenario.seed,
        time(report),
        report.started_at,
        report.provenance.platform,
        report.provenance.cpus,
        report.provenance.version,
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
    for finding in &report.findings {
        write!(out, "- **{}**: {}", finding.code, cell(&finding.message))?;
        match ids(finding) {
            Some(ids) => writeln!(out, " ({ids})")?,
            None => writeln!(out)?,
        }
    }
    for cause in diagnose(report) {
        writeln!(out, "- **likely cause**: {}", cell(&cause))?;
    }
    writeln!(out)
}

fn write_phases(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(
        out,
        "\n## Phases\n\nResponse time: from the intended instant to the acknowledgment. End-to-end latency: from the intended \
         instant to the row.\n\n\
         | phase | attempted | offered/s | response time p50 | p99 | max | end-to-end latency p50 | p99 | max | schedule lag p99 |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    for phase in &report.phases {
        write!(
            out,
            "| {} | {} | {:.0} ",
            cell(&name(phase)),
            thousands(phase.attempted),
            offered_rate(phase)
        )?;
        for summary in [&phase.response_time_us, &phase.end_to_end_us] {
            for us in [summary.p50_us, summary.p99_us, summary.max_us] {
                let figure = if summary.count == 0 {
                    "-".into()
                } else {
                    micros(us)
                };
                write!(out, "| {figure} ")?;
            }
        }
        writeln!(out, "| {} |", micros(phase.schedule_lag_us.p99_us))?;
    }
    Ok(())
}

/// A text that stays in its table cell and is no markup.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace(['\n', '\r'], " ")
        .replace('<', "&lt;")
}
