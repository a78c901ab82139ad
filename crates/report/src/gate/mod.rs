//! A gate's outcome as a document: how it ended first, then each rule with what was observed.

#[cfg(test)]
mod tests;

use crate::TextStyle;
use crate::document::{
    Block, Document, Item, LINES_MAX, Medium, Table, Text, Tone, markdown, terminal,
};
use crate::report::{finding_items, standing};
use crate::rules;
use orderproof_core::exit::Exit;
use orderproof_core::gate::{GateOutcome, RuleStanding};
use orderproof_core::results::figures::thousands;
use orderproof_core::results::{RunReport, verdict_word};
use orderproof_core::verdict::{Class, Verdict};

/// Characters of one text on a CI job's page at most.
const TEXT_MAX: usize = 300;

/// What is said of a run whose evidence is not there.
const NOT_JUDGED_AGAIN: &str = "not judged again: the folder holds the report alone, without ledger.journal and observation.json; its verdict is \
     taken from run.json";

/// The whole outcome as text.
pub fn gate_text(outcome: &GateOutcome, style: TextStyle) -> String {
    terminal(&document(outcome, None), style)
}

/// The outcome as a section for a CI job's page, with what became of the run's orders. It is appended to what is there,
/// and far below the 1 MiB a step may have.
pub fn gate_markdown(outcome: &GateOutcome, report: &RunReport) -> String {
    let mut page = markdown(&document(outcome, Some(report)), 2, TEXT_MAX);
    page.push('\n');
    page
}

fn document(outcome: &GateOutcome, report: Option<&RunReport>) -> Document {
    let (word, tone) = match outcome.exit() {
        Exit::Success => ("PASS", Tone::Good),
        Exit::Interrupted => ("INTERRUPTED", Tone::Open),
        Exit::Inconclusive => ("INCONCLUSIVE", Tone::Open),
        _ => ("FAIL", Tone::Bad),
    };
    let of = match report {
        None => format!("gate: {}", summary(outcome)),
        Some(_) => format!("order gate of `{}`: {}", outcome.scenario, summary(outcome)),
    };
    let mut document = Document::new(word, tone, of);
    document.lead = vec![
        Block::Paragraph(vec![
            "the run's verdict: ".into(),
            Text::word(verdict_word(outcome.verdict), Tone::from(outcome.verdict)),
            format!(", {}", outcome.headline).into(),
        ]),
        Block::Paragraph(vec![
            "scenario ".into(),
            Text::code(&outcome.scenario),
            format!(
                ", run {}, seed {}; {}",
                outcome.run_id,
                outcome.seed,
                again(outcome)
            )
            .into(),
        ]),
    ];
    if !outcome.doubts.is_empty() {
        let doubts = outcome.doubts.iter().map(|doubt| Item::plain(doubt));
        let doubts = Block::List(doubts.collect());
        document.section("doubts", "Doubts about the report", vec![doubts]);
    }
    let medium = match report {
        None => Medium::Terminal,
        Some(_) => Medium::Markdown,
    };
    let rules = Block::Table(shown(outcome, medium));
    document.section("rules", "Rules", vec![rules]);
    if let Some(report) = report {
        document.section("orders", "Orders", vec![Block::Table(classes(report))]);
        if !report.findings.is_empty() {
            let findings = Block::List(finding_items(report));
            document.section("findings", "Findings", vec![findings]);
        }
    }
    document
}

/// How the report was held against its evidence.
fn again(outcome: &GateOutcome) -> &'static str {
    match (outcome.judged_again, outcome.distrusted()) {
        (true, _) => "judged again from its ledger and its observation",
        (false, true) => "not judged again: its evidence proves nothing",
        (false, false) => NOT_JUDGED_AGAIN,
    }
}

/// How many rules hold, and why it does not pass.
fn summary(outcome: &GateOutcome) -> String {
    let ok = outcome.count(RuleStanding::Ok);
    let mut parts = vec![match outcome.rules.len() {
        1 => format!("{ok} of 1 rule holds"),
        all => format!("{ok} of {all} rules hold"),
    }];
    let broken = outcome.count(RuleStanding::Failed);
    let unknown = outcome.count(RuleStanding::Missing);
    parts.extend((broken > 0).then(|| format!("{broken} broken")));
    parts.extend((unknown > 0).then(|| format!("{unknown} without evidence")));
    if outcome.verdict != Verdict::Pass {
        parts.push("and the run itself did not pass".into());
    }
    if !outcome.doubts.is_empty() {
        parts.push("and the report cannot be trusted".into());
    }
    format!("{}; exit code {}", parts.join(", "), outcome.exit_code)
}

fn shown(outcome: &GateOutcome, medium: Medium) -> Table {
    let mut checks: Vec<_> = outcome.rules.iter().collect();
    // Where not all are shown, those that hold are left out.
    if checks.len() > LINES_MAX {
        checks.sort_by_key(|check| check.standing == RuleStanding::Ok);
    }
    rules::table(checks, medium)
}

fn classes(report: &RunReport) -> Table {
    let mut table = Table::of("Orders", &["#orders", "class", ""]);
    for (&class, &count) in &report.classes {
        if count > 0 || class == Class::Lost {
            table.row([
                thousands(count).into(),
                Text::from(class.as_str()),
                standing(report, class),
            ]);
        }
    }
    let planned = [
        thousands(report.orders.planned),
        "planned".into(),
        String::new(),
    ];
    table.row(planned).total = true;
    table
}
