//! The gate on a terminal: how it ended first, then each rule with what was observed.

use std::fmt::Write;

use anstyle::AnsiColor;

use crate::TextStyle;
use orderproof_core::escape::{Shown, line};
use orderproof_core::exit::Exit;
use orderproof_core::gate::{GateOutcome, RuleStanding};
use orderproof_core::results::verdict_word;

/// What is said of a run whose evidence is not there.
const NOT_JUDGED_AGAIN: &str = "not judged again: the folder holds the report alone, without ledger.journal and observation.json; its verdict is \
     taken from run.json";

/// How the report was held against its evidence.
pub(super) fn again(outcome: &GateOutcome) -> &'static str {
    match (outcome.judged_again, outcome.distrusted()) {
        (true, _) => "judged again from its ledger and its observation",
        (false, true) => "not judged again: its evidence proves nothing",
        (false, false) => NOT_JUDGED_AGAIN,
    }
}

/// The whole outcome as text.
pub fn gate_text(outcome: &GateOutcome, style: TextStyle) -> String {
    let mut out = String::new();
    write_all(&mut out, outcome, style).expect("writing to memory");
    out
}

fn write_all(out: &mut String, outcome: &GateOutcome, style: TextStyle) -> std::fmt::Result {
    let color = style.paint(match outcome.exit() {
        Exit::Success => AnsiColor::Green,
        Exit::Inconclusive | Exit::Interrupted => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    });
    let word = ending(outcome);
    writeln!(out, "{color}{word}{color:#}  gate: {}", summary(outcome))?;
    let verdict = style.verdict(outcome.verdict);
    let told = verdict_word(outcome.verdict);
    writeln!(
        out,
        "      the run's verdict: {verdict}{told}{verdict:#}, {}",
        line(&outcome.headline)
    )?;
    let again = again(outcome);
    writeln!(
        out,
        "      scenario {}, run {}, seed {}; {again}",
        line(&outcome.scenario),
        outcome.run_id,
        outcome.seed
    )?;
    if !outcome.doubts.is_empty() {
        writeln!(out, "\nagainst the report")?;
        for doubt in &outcome.doubts {
            writeln!(out, "  {}", line(doubt))?;
        }
    }
    writeln!(out, "\nrules")?;
    let texts = outcome.rules.iter().map(|check| check.rule.chars().count());
    let width = texts.max().unwrap_or(0).min(60);
    for check in &outcome.rules {
        let (word, color) = match check.standing {
            RuleStanding::Ok => ("ok", AnsiColor::Green),
            RuleStanding::Failed => ("FAIL", AnsiColor::Red),
            RuleStanding::Missing => ("missing", AnsiColor::Yellow),
        };
        let color = style.paint(color);
        let line = format!(
            "  {color}{word:<7}{color:#}  {:<width$}  {}",
            Shown(&check.rule),
            observed(check)
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// How it ended, in a word.
pub(super) fn ending(outcome: &GateOutcome) -> &'static str {
    match outcome.exit() {
        Exit::Success => "PASS",
        Exit::Interrupted => "INTERRUPTED",
        Exit::Inconclusive => "INCONCLUSIVE",
        _ => "FAIL",
    }
}

/// How many rules hold, and why it does not pass.
pub(super) fn summary(outcome: &GateOutcome) -> String {
    let (all, ok) = (outcome.rules.len(), outcome.count(RuleStanding::Ok));
    let mut told = match all {
        1 => format!("{ok} of 1 rule holds"),
        _ => format!("{ok} of {all} rules hold"),
    };
    for (standing, what) in [
        (RuleStanding::Failed, "broken"),
        (RuleStanding::Missing, "cannot be told"),
    ] {
        match outcome.count(standing) {
            0 => {}
            count => {
                let _ = write!(told, ", {count} {what}");
            }
        }
    }
    if outcome.verdict != orderproof_core::verdict::Verdict::Pass {
        told.push_str(", and the run itself did not pass");
    }
    if !outcome.doubts.is_empty() {
        told.push_str(", and the report cannot be trusted");
    }
    let _ = write!(told, "; exit code {}", outcome.exit_code);
    told
}

/// What was observed and what there is to know of it.
pub(super) fn observed(check: &orderproof_core::gate::Check) -> String {
    let note = check.note.as_deref().map(line).unwrap_or_default();
    match (check.observed.is_empty(), note.is_empty()) {
        (_, true) => line(&check.observed).into_owned(),
        (true, false) => note.into_owned(),
        (false, false) => format!("{}; {note}", line(&check.observed)),
    }
}
