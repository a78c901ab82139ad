//! Rules with their limits and what was observed: one table for a report and for a gate.

use crate::document::{Medium, Row, Table, Text, Tone};
use orderproof_core::gate::{Check, RuleStanding};

/// A row for each rule; without a last column where nothing is left to say.
pub(crate) fn table<'a>(checks: impl IntoIterator<Item = &'a Check>, medium: Medium) -> Table {
    // A page is also read aloud, column by column.
    let (first, last) = match medium {
        Medium::Page => ("standing", "note"),
        _ => ("", ""),
    };
    let names = [first, "rule", "limit", "observed", "phase", last];
    let mut table = Table::of("Rules", &names);
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
