//! A document on a terminal: plain lines that fit its width, in color where it is wanted.

use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};

use super::columns::{Part, parts};
use super::wrap::{Flow, Piece};
use super::{Block, Document, Fact, Item, Table, Text, Tone};
use orderproof_core::escape::line;

/// Columns of sentences at most: longer lines are hard to read.
const WIDTH_MAX: usize = 99;
/// Columns of facts and paragraphs at most.
const FACTS_MAX: usize = 120;
/// Columns of a file or a pipe, which nobody can tell.
const FILE_WIDTH: usize = 120;
/// Fewer than these are taken for these.
const WIDTH_MIN: usize = 40;
/// Of lines that belong to the one above.
const LEAD: usize = 6;

/// How the text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// With ANSI colors.
    pub color: bool,
    /// The columns of the terminal, which no line exceeds as long as its words allow.
    pub width: usize,
}

/// Of a file or a pipe: no color, 120 columns.
impl Default for TextStyle {
    fn default() -> Self {
        Self {
            color: false,
            width: FILE_WIDTH,
        }
    }
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

    /// Columns that sentences take at most.
    fn sentences(self) -> usize {
        self.width.clamp(WIDTH_MIN, WIDTH_MAX)
    }

    /// Columns that facts take at most.
    fn facts(self) -> usize {
        self.width.clamp(WIDTH_MIN, FACTS_MAX)
    }

    /// Columns that tables take at most.
    fn tables(self) -> usize {
        self.width.max(WIDTH_MIN)
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
            let word = Text::word(document.word, document.tone);
            self.flow(0, LEAD, &[word, format!("  {}", document.sentence).into()])?;
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
            Block::Paragraph(texts) => self.flow(indent, indent, texts),
            Block::Facts(facts) => self.facts(facts, indent),
            Block::List(items) => self.list(items),
            Block::Table(table) => self.table(table),
            Block::Folded { summary, .. } => self.flow(indent, indent, &[summary.as_str().into()]),
            Block::Code(lines) => lines
                .iter()
                .try_for_each(|text| writeln!(self.out, "  | {}", line(text))),
            Block::Quote(_) | Block::Markdown(_) | Block::Heading(_) | Block::Markup(_) => Ok(()),
        }
    }

    /// Texts in one line, or in several whose further ones are indented by `indent`.
    fn flow(&mut self, first: usize, indent: usize, texts: &[Text]) -> fmt::Result {
        let width = self.style.facts();
        let pieces = texts.iter().map(|text| Piece {
            text: line(&text.text),
            style: self.style.paint(text.tone),
        });
        let pieces: Vec<_> = pieces.collect();
        write!(self.out, "{:first$}", "")?;
        Flow::new(&mut self.out, first, indent, width).pieces(&pieces);
        self.out.push('\n');
        Ok(())
    }

    fn facts(&mut self, facts: &[Fact], indent: usize) -> fmt::Result {
        let width = widest(facts.iter().map(|(name, _)| *name));
        facts.iter().try_for_each(|(name, fact)| {
            let head = format!("{:indent$}{name:<width$}  ", "");
            if fact.is_empty() {
                return writeln!(self.out, "{}", head.trim_end());
            }
            self.out.push_str(&head);
            let from = indent + width + 2;
            self.rest(from, fact, self.style.facts())
        })
    }

    /// A text from a column on, with its further lines below its beginning.
    fn rest(&mut self, from: usize, text: &str, width: usize) -> fmt::Result {
        let piece = Piece {
            text: line(text),
            style: Style::new(),
        };
        Flow::new(&mut self.out, from, from, width).pieces(&[piece]);
        self.out.push('\n');
        Ok(())
    }

    fn list(&mut self, items: &[Item]) -> fmt::Result {
        let width = widest(items.iter().map(|item| item.kind));
        let indent = if width == 0 { 2 } else { width + 4 };
        for item in items {
            let color = self.style.paint(Some(item.tone));
            let pad = indent.saturating_sub(2 + item.kind.len());
            write!(self.out, "  {color}{}{color:#}{:pad$}", item.kind, "")?;
            self.rest(indent, &item.text, self.style.sentences())?;
            if let Some((_, more)) = &item.more {
                write!(self.out, "{:indent$}", "")?;
                self.rest(indent, more, self.style.facts())?;
            }
        }
        Ok(())
    }

    /// A table, or several with fewer columns each where it is too wide.
    fn table(&mut self, table: &Table) -> fmt::Result {
        for (index, part) in parts(table, self.style.tables()).iter().enumerate() {
            if index > 0 {
                self.out.push('\n');
            }
            self.part(table, part)?;
        }
        Ok(())
    }

    fn part(&mut self, table: &Table, part: &Part) -> fmt::Result {
        if let Some(spans) = part.spans(table) {
            writeln!(self.out, "{}", spans.trim_end())?;
        }
        let names = table.columns.iter();
        let mut head: Vec<Text> = names.map(|column| column.name.as_str().into()).collect();
        let others = part.columns.iter().rev().skip(1);
        let others: usize = others.map(|(_, width)| width + 2).sum();
        if table.wrapped && self.is_narrow(others + 2) {
            head.pop();
        }
        if head.iter().any(|name| !name.text.is_empty()) {
            self.row(table, &head, part)?;
        }
        let mut rows = table.rows.iter();
        rows.try_for_each(|row| self.row(table, &row.cells, part))
    }

    /// Whether there is no room for a text from `column` on.
    fn is_narrow(&self, column: usize) -> bool {
        self.style.sentences().saturating_sub(column) < ROOM
    }

    /// The last text of a row, from `column` on, or below the others where there is no room beside them.
    fn last(&mut self, column: usize, piece: Piece<'_>, part: &Part) -> fmt::Result {
        if piece.text.is_empty() {
            return Ok(());
        }
        let width = match self.is_narrow(column) {
            true => self.style.facts(),
            false => self.style.sentences(),
        };
        let column = match self.is_narrow(column) {
            true => {
                let first = part.columns.first().map_or(0, |(_, width)| width + 4);
                let kept = self.out.trim_end().len();
                self.out.truncate(kept);
                write!(self.out, "\n{:first$}", "")?;
                first
            }
            false => {
                self.out.push_str("  ");
                column
            }
        };
        Flow::new(&mut self.out, column, column, width).pieces(&[piece]);
        Ok(())
    }

    fn row(&mut self, table: &Table, cells: &[Text], part: &Part) -> fmt::Result {
        let mut column = 0;
        let before = self.out.len();
        for &(index, width) in &part.columns {
            let Some(cell) = cells.get(index) else {
                continue;
            };
            let shown = line(&cell.text);
            let pad = width.saturating_sub(shown.chars().count());
            let (left, right) = match table.columns[index].right {
                true => (pad, 0),
                false => (0, pad),
            };
            column += 2;
            let style = self.style.paint(cell.tone);
            if table.wrapped && index + 1 == table.columns.len() {
                let piece = Piece { text: shown, style };
                self.last(column, piece, part)?;
            } else {
                write!(self.out, "  {:left$}", "")?;
                write!(self.out, "{style}{shown}{style:#}{:right$}", "")?;
            }
            column += width;
        }
        let kept = self.out[before..].trim_end().len();
        self.out.truncate(before + kept);
        writeln!(self.out)
    }
}

/// Columns that a text beside others takes at least; where there are fewer, it goes below them.
const ROOM: usize = 28;

/// Columns of the longest text.
pub(super) fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts
        .map(|text| line(text).chars().count())
        .max()
        .unwrap_or(0)
}
