//! The gate as a section for a CI job's page; appended to what is there, and far below the 1 MiB a step may have.

use std::fmt::Write;

use super::text::{again, ending, observed, summary};
use orderproof_core::escape::{cell, code};
use orderproof_core::gate::{GateOutcome, RuleStanding};
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{RunReport, verdict_word};
use orderproof_core::verdict::{Class, Standing};

/// Rules, doubts and findings told at most, of each.
const LINES_MAX: usize = 100;

/// Characters of one text told at most.
const TEXT_MAX: usize = 300;

/// The outcome as Markdown, with what became of the run's orders.
pub fn gate_markdown(outcome: &GateOutcome, report: &RunReport) -> String {
    let mut out = String::new();
    write_all(&mut out, outcome, report).expect("writing to memory");
    out
}

fn write_all(out: &mut String, outcome: &GateOutcome, report: &RunReport) -> std::fmt::Result {
    writeln!(
        out,
        "## {}: order gate of `{}`\n\n{}.\n",
        ending(outcome),
        code(&outcome.scenario),
        brief(&summary(outcome))
    )?;
    writeln!(
        out,
        "The run's verdict: **{}**, {} (run {}, seed {}, {}).\n",
        verdict_word(outcome.verdict),
        brief(&outcome.headline),
        outcome.run_id,
        outcome.seed,
        again(outcome)
    )?;
    if !outcome.doubts.is_empty() {
        writeln!(out, "Against the report:\n")?;
        for doubt in outcome.doubts.iter().take(LINES_MAX) {
            writeln!(out, "- {}", brief(doubt))?;
        }
        left_out(out, outcome.doubts.len(), "doubts")?;
        writeln!(out)?;
    }
    writeln!(out, "| | rule | observed |\n|---|---|---|")?;
    // Where not all are told, those that hold are left out.
    let mut checks: Vec<_> = outcome.rules.iter().collect();
    if checks.len() > LINES_MAX {
        checks.sort_by_key(|check| check.standing == RuleStanding::Ok);
    }
    for check in checks.into_iter().take(LINES_MAX) {
        let word = match check.standing {
            RuleStanding::Ok => "ok",
            RuleStanding::Failed => "**FAIL**",
            RuleStanding::Missing => "**missing**",
        };
        // Within the backticks nothing is markup, and no entity is understood.
        let rule = brief(&format!("`{}`", check.rule.replace(['`', '\\'], "'")));
        writeln!(out, "| {word} | {rule} | {} |", brief(&observed(check)))?;
    }
    left_out(out, outcome.rules.len(), "rules")?;
    write_classes(out, report)?;
    write_findings(out, report)
}

fn write_classes(out: &mut String, report: &RunReport) -> std::fmt::Result {
    writeln!(out, "\n| orders | class | |\n|---:|---|---|")?;
    for (&class, &count) in &report.classes {
        if count == 0 && class != Class::Lost {
            continue;
        }
        let standing = match class.standing(report.gate) {
            _ if count == 0 && report.unlooked().is_some() => "unproven",
            _ if count == 0 => "ok",
            Standing::Accepted => "ok",
            Standing::Refused => "**FAIL**",
            Standing::Budgeted => "budgeted",
            Standing::Unproven => "unproven",
        };
        writeln!(
            out,
            "| {} | {} | {standing} |",
            thousands(count),
            class.as_str()
        )?;
    }
    writeln!(
        out,
        "| {} | planned | |\n",
        thousands(report.orders.planned)
    )
}

fn write_findings(out: &mut String, report: &RunReport) -> std::fmt::Result {
    for finding in report.findings.iter().take(LINES_MAX) {
        write!(
            out,
            "- **{}**: {}",
            brief(&finding.code),
            brief(&finding.message)
        )?;
        let ids: Vec<_> = finding
            .first_ids
            .iter()
            .take(5)
            .map(|id| cell(&id.shown()))
            .collect();
        match ids.is_empty() {
            true => writeln!(out)?,
            false => writeln!(out, " (first: {})", ids.join(", "))?,
        }
    }
    left_out(out, report.findings.len(), "findings")?;
    writeln!(out)
}

/// A text that is no markup, cut where it gets long.
fn brief(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        None => cell(text),
        Some((end, _)) => format!("{} (cut)", cell(&text[..end])),
    }
}

fn left_out(out: &mut String, count: usize, what: &str) -> std::fmt::Result {
    match count.saturating_sub(LINES_MAX) {
        0 => Ok(()),
        more => writeln!(
            out,
            "\n{} more {what} are left out here.\n",
            thousands(more as u64)
        ),
    }
}
