//! Which columns of a table stand beside each other on a terminal.
//!
//! A table that is too wide becomes several, one below the other: each begins with the columns that say what a row is
//! of. Columns under one name stay together.

use std::fmt::Write;

use super::Table;
use super::terminal::widest;

/// Columns that stand beside each other, each with its width.
pub(super) struct Part {
    pub columns: Vec<(usize, usize)>,
}

/// The table's columns in as few parts as `width` allows.
pub(super) fn parts(table: &Table, width: usize) -> Vec<Part> {
    let widths = widths(table);
    let length = |columns: &[usize]| -> usize {
        let texts = columns.iter().filter(|&&index| !is_wrapped(table, index));
        texts.map(|&index| widths[index] + 2).sum()
    };
    let keys: Vec<usize> = (0..table.keys.min(table.columns.len())).collect();
    let mut parts: Vec<Vec<usize>> = vec![keys.clone()];
    for group in groups(table) {
        let part = parts.last_mut().expect("never empty");
        let mut longer = part.clone();
        longer.extend(&group);
        if length(&longer) > width && part.len() > keys.len() {
            parts.push(keys.iter().copied().chain(group).collect());
        } else {
            *part = longer;
        }
    }
    let part = |columns: Vec<usize>| Part {
        columns: columns
            .into_iter()
            .map(|index| (index, widths[index]))
            .collect(),
    };
    parts.into_iter().map(part).collect()
}

/// The last column of a wrapped table takes what is left.
fn is_wrapped(table: &Table, index: usize) -> bool {
    table.wrapped && index + 1 == table.columns.len()
}

/// Columns behind the keys that stay together.
fn groups(table: &Table) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut first = 0;
    for &(name, columns) in &table.spans {
        let own = (first..first + columns).filter(|&index| index >= table.keys);
        match name.is_empty() {
            true => groups.extend(own.map(|index| vec![index])),
            false => groups.push(own.collect()),
        }
        first += columns;
    }
    groups.extend((first.max(table.keys)..table.columns.len()).map(|index| vec![index]));
    groups
}

/// The width of each column; the last one under a common name has room for that.
fn widths(table: &Table) -> Vec<usize> {
    let mut widths = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
        let texts = cells.map(|cell| cell.text.as_str());
        widths.push(widest(texts.chain([column.name.as_str()])));
    }
    let mut first = 0;
    for &(name, columns) in &table.spans {
        let own = &mut widths[first..first + columns];
        let gaps = 2 * columns.saturating_sub(1);
        let missing = name.len().saturating_sub(own.iter().sum::<usize>() + gaps);
        own[columns - 1] += missing;
        first += columns;
    }
    widths
}

impl Part {
    /// The line of names over several columns, if there are any here.
    pub(super) fn spans(&self, table: &Table) -> Option<String> {
        let mut line = String::new();
        let mut first = 0;
        for &(name, columns) in &table.spans {
            let own = self.columns.iter();
            let own = own.filter(|(index, _)| (first..first + columns).contains(index));
            let own: Vec<_> = own.map(|(_, width)| width).collect();
            first += columns;
            if own.is_empty() {
                continue;
            }
            let width = own.iter().copied().sum::<usize>() + 2 * (own.len() - 1);
            let _ = match own.len() {
                1 => write!(line, "  {name:>width$}"),
                _ => write!(line, "  {name:^width$}"),
            };
        }
        (!line.trim().is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of 4 each but the first of 5, two and two of them under a name.
    fn table(wrapped: bool) -> Table {
        let mut table = Table::of("", &["phase", "#p501", "#p991", "#p502", "#p992"]);
        table.spans = vec![("", 1), ("response", 2), ("end", 2)];
        table.row(["spike", "1", "2", "3", "4"]);
        table.wrapped = wrapped;
        table
    }

    fn told(table: &Table, width: usize) -> Vec<Vec<usize>> {
        let parts = parts(table, width);
        let indexes = |part: &Part| part.columns.iter().map(|column| column.0).collect();
        parts.iter().map(indexes).collect()
    }

    #[test]
    fn a_table_too_wide_becomes_two_and_what_has_one_name_stays_together() {
        let table = table(false);
        assert_eq!(told(&table, 31), [[0, 1, 2, 3, 4]], "exactly its width");
        assert_eq!(told(&table, 30), [[0, 1, 2], [0, 3, 4]]);
        assert_eq!(told(&table, 5), [[0, 1, 2], [0, 3, 4]], "no narrower");
    }

    #[test]
    fn a_last_column_that_is_wrapped_asks_for_no_room() {
        let mut table = table(true);
        table.spans.clear();
        assert_eq!(told(&table, 25), [[0, 1, 2, 3, 4]]);
        assert_eq!(told(&table, 24), [vec![0, 1, 2], vec![0, 3, 4]]);
    }
}
