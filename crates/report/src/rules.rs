//! Rules with their limits and what was observed: one table for a report and for a gate.

use crate::document::{Block, Medium, Row, Table, Text, Tone};
use orderproof_core::gate::{Check, RuleStanding};

/// Rules that a page shows without being asked; a broken one always is.
const SHOWN_AT_ONCE: usize = 6;

/// The rules of a report: one table, or on a page of many what does not hold and the first that do, and the others to be
/// opened.
pub(crate) fn blocks(checks: &[Check], medium: Medium) -> Vec<Block> {
    if medium != Medium::Page || checks.len() <= SHOWN_AT_ONCE {
        return vec![Block::Table(table(checks, medium))];
    }
    let (holding, not): (Vec<_>, Vec<_>) = checks
        .iter()
        .partition(|check| check.standing == RuleStanding::Ok);
    let (first, others) =
        holding.split_at(holding.len().min(SHOWN_AT_ONCE.saturating_sub(not.len())));
    let shown = not.iter().chain(first).copied();
    let mut blocks = vec![Block::Table(table(shown, medium))];
    if !others.is_empty() {
        blocks.push(Block::Folded {
            summary: match others.len() {
                1 => "one more rule holds".to_owned(),
                count => format!("{count} more rules hold"),
            },
            blocks: vec![Block::Table(table(others.iter().copied(), medium))],
        });
    }
    blocks
}

/// A row for each rule; without a last column where nothing is left to say.
pub(crate) fn table<'a>(checks: impl IntoIterator<Item = &'a Check>, medium: Medium) -> Table {
    // A page is also read aloud, column by column.
    let (first, last) = match medium {
        Medium::Page => ("standing", "note"),
        _ => ("", ""),
    };
    let names = [first, "rule", "limit", "observed", "phase", last];
    let mut table = Table::of(
        "Each rule of the scenario, its limit and what was observed",
        &names,
    );
    for check in checks {
        let note = check.note.as_deref().unwrap_or_default();
        table.row([
            mark(check.standing, medium),
            Text::code(&check.what),
            check.limit.as_str().into(),
            check.observed.as_str().into(),
            check.phase.as_str().into(),
            note.into(),
        ]);
    }
    let unsaid = |row: &Row| row.cells.last().is_none_or(|note| note.text.is_empty());
    table.wrapped = !table.rows.iter().all(unsaid);
    if !table.wrapped {
        table.columns.pop();
        for row in &mut table.rows {
            row.cells.pop();
        }
    }
    table
}

/// How a rule stands, at a glance; on a page in words beside it, for who cannot see it.
fn mark(standing: RuleStanding, medium: Medium) -> Text {
    let (mark, word, tone) = match standing {
        RuleStanding::Ok => ("\u{2713}", "holds", Tone::Good),
        RuleStanding::Failed => ("\u{2717}", "broken", Tone::Bad),
        RuleStanding::Missing => ("?", "undecided", Tone::Open),
    };
    match medium {
        Medium::Page => Text::word(format!("{mark} {word}"), tone),
        _ => Text::word(mark, tone),
    }
}
