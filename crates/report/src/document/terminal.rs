//! A document on a terminal: plain lines, in color where it is wanted.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Block, Document, Fact, Item, Table, Text, Tone};
use orderproof_core::escape::{Shown, line};

/// Columns that a broken text takes at most.
const WIDTH: usize = 99;
/// Of lines that belong to the one above.
const LEAD: usize = 6;

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// With ANSI colors.
    pub color: bool,
}

impl TextStyle {
    fn paint(self, tone: Option<Tone>) -> Style {
        let color = match tone {
            Some(Tone::Good) => AnsiColor::Green,
            Some(Tone::Bad) => AnsiColor::Red,
            Some(Tone::Open) => AnsiColor::Yellow,
            Some(Tone::Note) => AnsiColor::Cyan,
            None => return Style::new(),
        };
        match self.color {
            true => color.on_default().bold(),
            false => Style::new(),
        }
    }
}

/// The whole document.
pub(crate) fn terminal(document: &Document, style: TextStyle) -> String {
    let mut out = Terminal {
        out: String::new(),
        style,
    };
    out.document(document).expect("writing to memory");
    out.out
}

struct Terminal {
    out: String,
    style: TextStyle,
}

impl Terminal {
    fn document(&mut self, document: &Document) -> fmt::Result {
        let titled = !document.word.is_empty();
        if titled {
            self.text(&Text::word(document.word, document.tone))?;
            self.out.push_str("  ");
            writeln!(self.out, "{}", Shown(&document.sentence))?;
        }
        for block in &document.lead {
            self.block(block, if titled { LEAD } else { 0 })?;
        }
        for section in &document.sections {
            writeln!(self.out, "\n{}", section.id.replace('-', " "))?;
            for block in &section.blocks {
                self.block(block, 2)?;
            }
        }
        document.closing.iter().try_for_each(|block| {
            self.out.push('\n');
            self.block(block, 0)
        })
    }

    fn block(&mut self, block: &Block, indent: usize) -> fmt::Result {
        match block {
            Block::Paragraph(texts) => {
                write!(self.out, "{:indent$}", "")?;
                self.texts(texts)
            }
            Block::Facts(facts) => self.facts(facts, indent),
            Block::List(items) => self.list(items),
            Block::Table(table) => self.table(table),
            Block::Code(lines) => lines
                .iter()
                .try_for_each(|line| writeln!(self.out, "  | {}", Shown(line))),
            Block::Quote(_) | Block::Markdown(_) | Block::Heading(_) | Block::Markup(_) => Ok(()),
        }
    }

    fn text(&mut self, text: &Text) -> fmt::Result {
        let color = self.style.paint(text.tone);
        write!(self.out, "{color}{}{color:#}", Shown(&text.text))
    }

    fn texts(&mut self, texts: &[Text]) -> fmt::Result {
        texts.iter().try_for_each(|text| self.text(text))?;
        writeln!(self.out)
    }

    fn facts(&mut self, facts: &[Fact], indent: usize) -> fmt::Result {
        let width = widest(facts.iter().map(|(name, _)| *name));
        facts.iter().try_for_each(|(name, fact)| {
            let line = format!("{:indent$}{name:<width$}  {}", "", Shown(fact));
            writeln!(self.out, "{}", line.trim_end())
        })
    }

    fn list(&mut self, items: &[Item]) -> fmt::Result {
        let width = widest(items.iter().map(|item| item.kind));
        let indent = if width == 0 { 2 } else { width + 4 };
        for item in items {
            let color = self.style.paint(Some(item.tone));
            let pad = indent.saturating_sub(2 + item.kind.len());
            write!(self.out, "  {color}{}{color:#}{:pad$}", item.kind, "")?;
            writeln!(self.out, "{}", wrapped(&item.text, indent))?;
            if let Some((_, more)) = &item.more {
                writeln!(self.out, "{:indent$}{}", "", Shown(more))?;
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> fmt::Result {
        let mut widths: Vec<usize> = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
            let texts = cells.map(|cell| cell.text.as_str());
            widths.push(widest(texts.chain([column.name.as_str()])));
        }
        self.spans(table, &mut widths);
        let head = table
            .columns
            .iter()
            .map(|column| column.name.as_str().into());
        let head: Vec<Text> = head.collect();
        if head.iter().any(|name| !name.text.is_empty()) {
            self.row(table, &head, &widths)?;
        }
        let mut rows = table.rows.iter();
        rows.try_for_each(|row| self.row(table, &row.cells, &widths))
    }

    /// The line of names over several columns, which take the width it needs.
    fn spans(&mut self, table: &Table, widths: &mut [usize]) {
        let mut line = String::new();
        let mut first = 0;
        for &(name, columns) in &table.spans {
            let own = &mut widths[first..first + columns];
            let gaps = 2 * columns.saturating_sub(1);
            let missing = name.len().saturating_sub(own.iter().sum::<usize>() + gaps);
            own[columns - 1] += missing;
            let width = own.iter().sum::<usize>() + gaps;
            let _ = match columns {
                1 => write!(line, "  {name:>width$}"),
                _ => write!(line, "  {name:^width$}"),
            };
            first += columns;
        }
        if !line.is_empty() {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    fn row(&mut self, table: &Table, cells: &[Text], widths: &[usize]) -> fmt::Result {
        let mut column = 0;
        let before = self.out.len();
        for (index, (cell, &width)) in cells.iter().zip(widths).enumerate() {
            let shown = line(&cell.text);
            let pad = width.saturating_sub(shown.chars().count());
            let (left, right) = match table.columns[index].right {
                true => (pad, 0),
                false => (0, pad),
            };
            column += 2;
            let text = match table.wrapped && index + 1 == table.columns.len() {
                true => wrapped(&shown, column),
                false => shown.into_owned(),
            };
            let color = self.style.paint(cell.tone);
            write!(
                self.out,
                "  {:left$}{color}{text}{color:#}{:right$}",
                "", ""
            )?;
            column += width;
        }
        let kept = self.out[before..].trim_end().len();
        self.out.truncate(before + kept);
        writeln!(self.out)
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| line(text).chars().count())
        .max()
        .unwrap_or(0)
}

/// A text on lines of its own width, the further ones indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for word in line(text).split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if column > indent {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}
