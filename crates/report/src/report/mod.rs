//! A run's report as a document: the verdict first, its evidence under it.

mod evidence;
mod key_figures;
mod phases;
mod settings;
mod workers;

use std::path::Path;

use crate::TextStyle;
use crate::charts::{BOTH, BOTH_WORDS, Chart, ChartError, HOW, both_of, charts_of};
use crate::diagnose;
use crate::document::{
    Block, Document, Fact, Item, LINES_MAX, Medium, Table, Text, Tone, markdown, page, terminal,
};
use crate::foresight::ReportView;
use crate::function;
use crate::rules;
use orderproof_core::gate::own_rules;
use orderproof_core::order::Id;
use orderproof_core::results::figures::{percent, thousands};
use orderproof_core::results::{RunReport, file_name, headline, verdict_word};
use orderproof_core::verdict::{Class, Finding, Severity, Standing};
use orderproof_core::verify::is_about_a_rule;

/// Characters of one text in a summary at most.
const TEXT_MAX: usize = 1_000;
/// Findings that a page shows without being asked.
const SHOWN_AT_ONCE: usize = 3;

/// The whole report as text; `dir` is where its files are, of which `is_there` tells those that were written.
pub fn render_text<'a>(
    report: impl Into<ReportView<'a>>,
    dir: &Path,
    is_there: &dyn Fn(&Path) -> bool,
    style: TextStyle,
) -> String {
    let view = report.into();
    let report = view.report;
    let mut document = document(view, Medium::Terminal);
    let files = [file_name::PAGE, file_name::SUMMARY, file_name::RUN].into_iter();
    let mut files: Vec<_> = files.filter(|name| is_there(&dir.join(name))).collect();
    let charts = Chart::of(report);
    let drawn = |chart: &Chart| {
        ["png", "svg"].map(|kind| is_there(&dir.join(format!("{}.{kind}", chart.file_stem()))))
    };
    if !charts.is_empty() && charts.iter().map(drawn).all(|both| both == [true, true]) {
        files.push("charts *.png and *.svg");
    }
    let told = match files.is_empty() {
        true => format!("{}: no file of the report was written", dir.display()),
        false => format!("{}/{}", dir.display(), files.join(", ")),
    };
    document.closing = Some(Block::Facts(vec![("report", told)]));
    terminal(&document, style)
}

/// The whole report as Markdown; charts are linked by their file names.
pub fn render_markdown<'a>(report: impl Into<ReportView<'a>>) -> String {
    let view = report.into();
    let mut document = document(view, Medium::Markdown);
    let charts = Chart::of(view.report).into_iter();
    let charts = charts.map(|chart| (chart.words(), chart.file_stem()));
    let both = view.foreseen().map(|_| (BOTH_WORDS, BOTH));
    let charts = charts
        .chain(both)
        .map(|(words, stem)| format!("![{words}]({stem}.png)"));
    let charts = charts.collect::<Vec<_>>().join("\n");
    document.section("charts", "Charts", vec![Block::Markdown(charts)]);
    let link = |name: &str| format!("[{name}]({name})");
    document.closing = Some(Block::Markdown(format!(
        "To read: {}. All figures: {}, {}, {}.",
        link(file_name::PAGE),
        link(file_name::RUN),
        link(file_name::TIMESERIES),
        link(file_name::FINDINGS)
    )));
    markdown(&document, 1, TEXT_MAX)
}

/// The whole report as a page.
///
/// # Errors
/// When the drawing library refuses.
pub fn render_html<'a>(report: impl Into<ReportView<'a>>) -> Result<String, ChartError> {
    let view = report.into();
    let report = view.report;
    let mut document = document(view, Medium::Page);
    let mut charts = charts_of(report)?;
    let rest = charts.split_off(1);
    document.section_after(&["rules", "findings"], "rates", "Orders per second", charts);
    let mut more = vec![Block::plain(format!(
        "{HOW} Phases are shaded; a warm-up is hatched. Every second is in {}.",
        file_name::TIMESERIES
    ))];
    more.extend(rest);
    document.section("charts", "More charts", more);
    if let Some(foreseen) = view.foreseen() {
        let chart = both_of(report, &foreseen.forecast)?;
        document.section_after(
            &["forecast"],
            "forecast-chart",
            "Forecast and run over time",
            vec![chart],
        );
    }
    document.section(
        "settings",
        "Settings and provenance",
        settings::blocks(report),
    );
    let word = verdict_word(report.verdict);
    let title = format!("{word}: {}, run {}", report.scenario.name, report.run_id);
    Ok(page(&document, &title))
}

/// The verdict with its rules and its reasons, for a page.
pub(crate) fn verdict_document(report: &RunReport) -> Document {
    let word = verdict_word(report.verdict);
    let mut document = Document::new(word, report.verdict.into(), headline(report));
    document.lead = lead(report, Medium::Page);
    document.section("rules", "Rules", rules(report, Medium::Page));
    document.section("findings", "Findings", findings(report, Medium::Page));
    document
}

fn document(view: ReportView<'_>, medium: Medium) -> Document {
    let report = view.report;
    let word = verdict_word(report.verdict);
    let mut document = Document::new(word, report.verdict.into(), headline(report));
    document.lead = lead(report, medium);
    document.section("rules", "Rules", rules(report, medium));
    document.section("findings", "Findings", findings(report, medium));
    document.section(
        "function-output",
        "The function's last lines",
        last_lines(report),
    );
    document.section(
        "function-errors",
        "Why invocations failed",
        function::errors(report, medium),
    );
    let facts = Block::Facts(evidence::facts(report));
    document.section("evidence", "Evidence", vec![facts]);
    let mut orders = vec![Block::Table(orders(report, medium))];
    orders.extend(without_orders(report));
    document.section("orders", "What became of the orders", orders);
    document.section("phases", "Phases", phases::blocks(report, medium));
    document.section("workers", "Workers", workers::blocks(report));
    let foresight = view
        .foresight
        .map_or_else(Vec::new, |foresight| foresight.blocks(medium));
    document.section("forecast", "Forecast and run", foresight);
    if medium != Medium::Markdown {
        document.section("send-errors", "Send errors", send_errors(report));
    }
    document
}

/// The rules of the run's own scenario, if it has any.
fn rules(report: &RunReport, medium: Medium) -> Vec<Block> {
    let checks = own_rules(report);
    match checks.is_empty() {
        true => Vec::new(),
        false => rules::blocks(&checks, medium),
    }
}

/// What it is a report of, and on a page the figures that are asked for first.
fn lead(report: &RunReport, medium: Medium) -> Vec<Block> {
    let scenario = &report.scenario;
    let played = match scenario.time_scale {
        1.0 => "real time".into(),
        scale => format!("time compressed {scale} times"),
    };
    let run = format!(
        ", run {}, seed {}, {played}, ",
        report.run_id, scenario.seed
    );
    let question = Block::Quote(scenario.question.clone());
    match medium {
        Medium::Terminal => vec![Block::plain(format!(
            "scenario {}{run}{}",
            scenario.name, report.started_at
        ))],
        Medium::Markdown => {
            let made = &report.provenance;
            let rest = format!(
                "{run}{} on {} ({}), orderproof {}.",
                report.started_at,
                made.platform,
                processors(made.cpus),
                made.version,
            );
            let name = Text::code(&scenario.name);
            let about = vec!["Scenario ".into(), name, rest.into()];
            vec![question, Block::Paragraph(about)]
        }
        Medium::Page => {
            let started = moment(&report.started_at);
            let about = Block::plain(format!("Scenario {}{run}{started}", scenario.name));
            vec![question, about, Block::Facts(key_figures::facts(report))]
        }
    }
}

/// The reasons for the verdict, gravest first, and what most likely did it.
fn findings(report: &RunReport, medium: Medium) -> Vec<Block> {
    let causes = diagnose(report);
    let mut items = finding_items(report);
    // Rules have a table of their own.
    let of_a_rule = |item: &Item| item.code.as_deref().is_some_and(is_about_a_rule);
    items.retain(|item| !of_a_rule(item));
    items.extend(causes.iter().map(|cause| Item {
        kind: "cause",
        ..Item::plain(cause)
    }));
    if items.is_empty() {
        return Vec::new();
    }
    // A page shows the gravest at once, and the first chart below them.
    let at_once = if medium == Medium::Page {
        SHOWN_AT_ONCE
    } else {
        usize::MAX
    };
    let more = items.split_off(items.len().min(at_once));
    let mut blocks = vec![Block::List(items)];
    if !more.is_empty() {
        let summary = match more.len() {
            1 => "one more finding".to_owned(),
            count => format!("{count} more findings"),
        };
        blocks.push(Block::Folded {
            summary,
            blocks: vec![Block::List(more)],
        });
    }
    blocks
}

/// The findings, each with its first order numbers.
pub(crate) fn finding_items(report: &RunReport) -> Vec<Item> {
    let item = |finding: &Finding| {
        let (kind, tone) = match finding.severity {
            Severity::OrderFailure => ("orders", Tone::Bad),
            Severity::PerformanceFailure => ("rule", Tone::Bad),
            Severity::MissingEvidence => ("missing", Tone::Open),
            Severity::Note => ("note", Tone::Note),
        };
        Item {
            kind,
            tone,
            code: Some(finding.code.clone()),
            text: finding.message.clone(),
            more: ids(finding),
        }
    };
    report.findings.iter().map(item).collect()
}

/// The first ids of a finding, and where the others are, under what they are.
fn ids(finding: &Finding) -> Option<Fact> {
    let named = finding.first_ids.len() as u64;
    let ids: Vec<_> = finding.first_ids.iter().map(Id::shown).collect();
    let more = match finding.orders.saturating_sub(named) {
        0 => String::new(),
        more => format!(" and {} more in {}", thousands(more), file_name::FINDINGS),
    };
    let what = match finding.first_ids.first()? {
        Id::Number(_) => "Order numbers",
        Id::Text(_) => "Order ids",
    };
    Some((what, format!("{}{more}", ids.join(", "))))
}

/// What a function that never started wrote last.
fn last_lines(report: &RunReport) -> Vec<Block> {
    let pipeline = report.pipeline.as_ref();
    let never = pipeline.and_then(|pipeline| pipeline.never_started.as_ref());
    let Some(never) = never.filter(|never| !never.last_lines.is_empty()) else {
        return Vec::new();
    };
    let log = never.log.iter().map(|log| Block::plain(log.clone()));
    let lines = Block::Code(never.last_lines.clone());
    log.chain([lines]).collect()
}

/// Every class with orders, and on a page all of them with their meaning.
fn orders(report: &RunReport, medium: Medium) -> Table {
    let columns: &[&str] = match medium {
        Medium::Terminal => &["#", "", ""],
        Medium::Markdown => &["class", "#orders"],
        Medium::Page => &[
            "class",
            "#orders",
            "#share",
            "under the gate",
            "what it means",
        ],
    };
    let caption = format!(
        "Every planned order is in exactly one class; the {} gate says which are accepted.",
        report.gate.as_str()
    );
    let mut table = Table::of(&caption, columns);
    let planned = report.orders.planned;
    let listed = |class: &Class| class.is_always_listed() || report.classes.contains_key(class);
    for class in Class::ALL.into_iter().filter(listed) {
        let counted = report.classes.get(&class).copied();
        let count = counted.unwrap_or_default();
        if count == 0 && (class != Class::Lost || counted.is_none()) {
            continue;
        }
        let (name, orders) = (Text::from(class.as_str()), thousands(count).into());
        let word = standing(report, class);
        let cells = match medium {
            Medium::Terminal => vec![orders, name, word],
            Medium::Markdown => vec![name, orders],
            Medium::Page => {
                let meaning = meaning(report, class).into();
                vec![name, orders, share(count, planned).into(), word, meaning]
            }
        };
        table.row(cells);
    }
    let mut total = ["planned".to_owned(), thousands(planned)];
    if medium == Medium::Terminal {
        total.reverse();
    }
    table.row(total).total = true;
    table
}

/// What the gate says of a class.
pub(crate) fn standing(report: &RunReport, class: Class) -> Text {
    let count = report.classes.get(&class).copied().unwrap_or_default();
    match class.standing(report.gate) {
        // None so far, as long as nobody has looked everywhere.
        _ if count == 0 && report.unlooked().is_some() => Text::word("unproven", Tone::Open),
        _ if count == 0 && class != Class::Lost => Text::from("ok"),
        _ if count == 0 => Text::word("ok", Tone::Good),
        Standing::Accepted => Text::word("ok", Tone::Good),
        Standing::Refused => Text::word("FAIL", Tone::Bad),
        Standing::Budgeted => Text::word("budgeted", Tone::Open),
        Standing::Unproven => Text::word("unproven", Tone::Open),
    }
}

fn meaning(report: &RunReport, class: Class) -> String {
    let mut meaning = class.explanation_of(&report.scenario.sending.to, &report.scenario.order);
    meaning = meaning.replace('`', "");
    let of_class = report
        .findings
        .iter()
        .filter(|finding| finding.code == class.as_str());
    for (what, ids) in of_class.filter_map(ids) {
        meaning.push_str(&format!(". {what}: {ids}"));
    }
    meaning
}

/// In percent; a dash where there is none.
fn share(count: u64, planned: u64) -> String {
    if count == 0 || planned == 0 {
        return "\u{2013}".into();
    }
    percent(count as f64 / planned as f64)
}

/// The classes without an order, which only a page has room to explain.
fn without_orders(report: &RunReport) -> Option<Block> {
    let listed = |class: &Class| class.is_always_listed() || report.classes.contains_key(class);
    let empty = |class: &Class| match report.classes.get(class) {
        Some(&count) => count == 0 && *class != Class::Lost,
        None => true,
    };
    let classes = Class::ALL.into_iter().filter(listed).filter(empty);
    let mut table = Table::of(
        "Classes without an order",
        &["class", "under the gate", "what it would mean"],
    );
    for class in classes {
        let meaning = meaning(report, class);
        table.row([
            class.as_str().into(),
            standing(report, class),
            Text::from(meaning),
        ]);
    }
    let count = table.rows.len();
    (count > 0).then(|| Block::Folded {
        summary: format!("no order in the {count} other classes"),
        blocks: vec![Block::Table(table)],
    })
}

fn send_errors(report: &RunReport) -> Vec<Block> {
    let table = Table::each(
        "Why sends were rejected or stayed without a known outcome",
        &report.send_errors,
        &[
            ("#orders", |(_, count)| thousands(**count).into()),
            ("reason", |(reason, _)| reason.as_str().into()),
        ],
    );
    match table.rows.is_empty() {
        true => Vec::new(),
        false => vec![Block::Table(table)],
    }
}

/// How many processors there were; none means that nobody knows.
fn processors(cpus: u32) -> String {
    match cpus {
        0 => "number of processors unknown".into(),
        1 => "1 processor".into(),
        cpus => format!("{cpus} processors"),
    }
}

/// An instant without the digits nobody reads.
fn moment(text: &str) -> String {
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z").replace('T', " "),
        None => text.replace('T', " "),
    }
}

const _: () = assert!(LINES_MAX >= Class::ALL.len(), "every class is shown");
