//! A document as Markdown, for a pull request, a ticket or a CI job's page.
//!
//! Whatever is in it, the page stays far below the 1 MiB that GitHub takes of a step: lists, tables and texts are cut
//! with a sentence saying so, and nothing in them becomes markup.

use std::fmt::{self, Write};

use super::{Block, Document, Item, Look, Row, Table, Text};
use orderproof_core::escape::{cell, code, line};
use orderproof_core::results::figures::thousands;

/// Entries of a list and rows of a table at most.
pub(crate) const LINES_MAX: usize = 100;

/// The whole document; its title is a heading of `level`, and texts are cut to `text_max` characters.
pub(crate) fn markdown(document: &Document, level: usize, text_max: usize) -> String {
    let mut out = Markdown {
        out: String::new(),
        text_max,
    };
    out.document(document, level).expect("writing to memory");
    out.out
}

struct Markdown {
    out: String,
    text_max: usize,
}

impl Markdown {
    fn document(&mut self, document: &Document, level: usize) -> fmt::Result {
        let mark = "#".repeat(level);
        let sentence = self.plain(&document.sentence);
        writeln!(self.out, "{mark} {}: {sentence}", document.word)?;
        document
            .lead
            .iter()
            .try_for_each(|block| self.block(block))?;
        for section in &document.sections {
            writeln!(self.out, "\n{mark}# {}", section.name)?;
            section
                .blocks
                .iter()
                .try_for_each(|block| self.block(block))?;
        }
        let mut closing = document.closing.iter();
        closing.try_for_each(|block| self.block(block))
    }

    fn block(&mut self, block: &Block) -> fmt::Result {
        self.out.push('\n');
        match block {
            Block::Paragraph(texts) => {
                let paragraph = self.texts(texts);
                writeln!(self.out, "{paragraph}")
            }
            Block::Quote(text) => {
                let text = self.plain(text);
                writeln!(self.out, "> {text}")
            }
            Block::Facts(facts) => {
                let mut table = Table::of("", &["", ""]);
                for (name, fact) in facts {
                    table.row([name, fact.as_str()]);
                }
                self.table(&table)
            }
            Block::List(items) => {
                items
                    .iter()
                    .take(LINES_MAX)
                    .try_for_each(|item| self.item(item))?;
                self.left_out(items.len())
            }
            Block::Table(table) => self.table(table),
            Block::Folded { summary, .. } => {
                let summary = self.plain(summary);
                writeln!(self.out, "{summary}")
            }
            // Within it nothing is markup.
            Block::Code(lines) => lines.iter().take(LINES_MAX).try_for_each(|text| {
                let text: String = line(text).chars().take(self.text_max).collect();
                writeln!(self.out, "    {text}")
            }),
            Block::Markdown(text) => writeln!(self.out, "{text}"),
            Block::Heading(name) => writeln!(self.out, "### {name}"),
            Block::Markup(_) => Ok(()),
        }
    }

    /// A text that is no markup, cut where it gets long.
    fn plain(&self, text: &str) -> String {
        match text.char_indices().nth(self.text_max) {
            None => cell(text),
            Some((end, _)) => format!("{} (cut)", cell(&text[..end])),
        }
    }

    fn text(&self, text: &Text) -> String {
        match text.look {
            Look::Plain => self.plain(&text.text),
            Look::Strong => format!("**{}**", self.plain(&text.text)),
            Look::Code => code(&text.text.chars().take(self.text_max).collect::<String>()),
        }
    }

    fn texts(&self, texts: &[Text]) -> String {
        texts.iter().map(|text| self.text(text)).collect()
    }

    fn item(&mut self, item: &Item) -> fmt::Result {
        let name = self.plain(item.code.as_deref().unwrap_or(item.kind));
        let text = self.plain(&item.text);
        if name.is_empty() {
            return writeln!(self.out, "- {text}");
        }
        match &item.more {
            Some((_, more)) => writeln!(self.out, "- **{name}**: {text} ({})", cell(more)),
            None => writeln!(self.out, "- **{name}**: {text}"),
        }
    }

    fn table(&mut self, table: &Table) -> fmt::Result {
        let mut names: Vec<_> = table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        let mut first = 0;
        for (over, columns) in &table.spans {
            names[first] = format!("{over} {}", names[first]).trim_start().to_owned();
            first += columns;
        }
        for name in names {
            let gap = if name.is_empty() { "" } else { " " };
            write!(self.out, "|{gap}{name} ")?;
        }
        self.out.push_str("|\n");
        for column in &table.columns {
            self.out
                .push_str(if column.right { "|---:" } else { "|---" });
        }
        self.out.push_str("|\n");
        for row in table.rows.iter().take(LINES_MAX) {
            self.row(row)?;
        }
        self.left_out(table.rows.len())
    }

    fn row(&mut self, row: &Row) -> fmt::Result {
        for text in &row.cells {
            let text = match row.total && !text.text.is_empty() {
                true => format!("**{}**", self.text(text)),
                false => self.text(text),
            };
            let gap = if text.is_empty() { "" } else { " " };
            write!(self.out, "|{gap}{text} ")?;
        }
        writeln!(self.out, "|")
    }

    /// Says what is not shown.
    fn left_out(&mut self, count: usize) -> fmt::Result {
        match count.saturating_sub(LINES_MAX) as u64 {
            0 => Ok(()),
            more => writeln!(
                self.out,
                "\n{} more (of {}) are left out here.",
                thousands(more),
                thousands(count as u64)
            ),
        }
    }
}
