//! What is shown, before it is clear how: a document of headings, paragraphs, facts, lists, tables and code.
//!
//! A report, a gate's outcome, a comparison and a preflight each build one; a renderer for each medium shows it. What a
//! medium has no room for is left out by who builds the document.

mod columns;
mod markdown;
mod page;
mod terminal;
mod wrap;

pub(crate) use markdown::{LINES_MAX, markdown};
pub(crate) use page::{STYLE, banner, digest, page, shown as block, table as page_table};
pub use terminal::TextStyle;
pub(crate) use terminal::terminal;

use maud::Markup;

use orderproof_core::verdict::Verdict;

/// Where a document is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A terminal, or a text file.
    Terminal,
    /// Markdown as GitHub shows it.
    Markdown,
    /// A page that needs nothing beside it.
    Page,
}

/// What a word means for the reader: its color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Bad,
    Open,
    Note,
}

impl From<Verdict> for Tone {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Fail => Self::Bad,
            Verdict::Inconclusive => Self::Open,
        }
    }
}

/// How a text is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Look {
    #[default]
    Plain,
    /// A name or a command.
    Code,
    /// To be seen first.
    Strong,
}

/// A text of one look. It may come from anywhere: the renderers escape it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub text: String,
    pub look: Look,
    pub tone: Option<Tone>,
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

impl Text {
    /// The text as code.
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self {
            look: Look::Code,
            ..text.into().into()
        }
    }

    /// A word that says how something stands; what is bad is set strong.
    pub(crate) fn word(text: impl Into<String>, tone: impl Into<Option<Tone>>) -> Self {
        let tone = tone.into();
        let strong = tone == Some(Tone::Bad);
        Self {
            text: text.into(),
            look: if strong { Look::Strong } else { Look::Plain },
            tone,
        }
    }
}

/// A name and what is known under it.
pub(crate) type Fact = (&'static str, String);

/// An entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    /// What kind of entry it is, in a word.
    pub kind: &'static str,
    pub tone: Tone,
    /// Its own name, where it has one.
    pub code: Option<String>,
    pub text: String,
    /// What else belongs to it.
    pub more: Option<Fact>,
}

impl Item {
    /// An entry without a kind.
    pub(crate) fn plain(text: &str) -> Self {
        Self {
            kind: "",
            tone: Tone::Note,
            code: None,
            text: text.into(),
            more: None,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    /// Numbers are aligned to the right.
    pub right: bool,
}

/// A row; a total stands apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    pub cells: Vec<Text>,
    pub total: bool,
}

/// A table; columns without any name have no head.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Table {
    /// What a page says above it.
    pub caption: String,
    pub columns: Vec<Column>,
    /// Names over several columns, with how many.
    pub spans: Vec<(&'static str, usize)>,
    pub rows: Vec<Row>,
    /// Long texts of the last column are broken between words.
    pub wrapped: bool,
    /// How many columns, from the first on, say what a row is of.
    pub keys: usize,
}

impl Table {
    /// An empty table; the names of columns with numbers begin with `#`.
    pub(crate) fn of(caption: &str, columns: &[&str]) -> Self {
        let column = |name: &&str| Column {
            name: name.trim_start_matches('#').to_owned(),
            right: name.starts_with('#'),
        };
        Self {
            caption: caption.into(),
            columns: columns.iter().map(column).collect(),
            keys: 1,
            ..Self::default()
        }
    }

    /// A row for each of `all`, with what each column shows of it.
    pub(crate) fn each<T>(
        caption: &str,
        all: impl IntoIterator<Item = T>,
        columns: &[ColumnOf<'_, T>],
    ) -> Self {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let mut table = Self::of(caption, &names);
        for one in all {
            table.row(columns.iter().map(|(_, show)| show(&one)));
        }
        table
    }

    /// One row more.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Text>>) -> &mut Row {
        self.rows.push(Row {
            cells: cells.into_iter().map(Into::into).collect(),
            ..Row::default()
        });
        self.rows.last_mut().expect("it was just added")
    }
}

/// A column's head, and what it shows of a `T`.
pub(crate) type ColumnOf<'a, T> = (&'a str, fn(&T) -> Text);

/// A part of a document.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    Paragraph(Vec<Text>),
    Quote(String),
    Facts(Vec<Fact>),
    List(Vec<Item>),
    Table(Table),
    /// What is opened where that can be done, and otherwise only named.
    Folded {
        summary: String,
        blocks: Vec<Block>,
    },
    /// What a program wrote, or a command.
    Code(Vec<String>),
    /// Markdown as it is, with nothing in it from elsewhere.
    Markdown(String),
    /// A heading within a section.
    Heading(&'static str),
    /// What only a page can show.
    Markup(Markup),
}

impl Block {
    /// A paragraph of one plain text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Text::from(text.into())])
    }
}

/// A stretch of a document under a heading. A terminal shows the short name, all others the long one.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub id: &'static str,
    pub name: &'static str,
    pub blocks: Vec<Block>,
}

/// The whole of it.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The outcome in a word, and what it means.
    pub word: &'static str,
    pub tone: Tone,
    /// The outcome in a sentence.
    pub sentence: String,
    /// What it is of.
    pub lead: Vec<Block>,
    pub sections: Vec<Section>,
    /// A last word.
    pub closing: Option<Block>,
}

impl Document {
    pub(crate) fn new(word: &'static str, tone: Tone, sentence: String) -> Self {
        Self {
            word,
            tone,
            sentence,
            lead: Vec::new(),
            sections: Vec::new(),
            closing: None,
        }
    }

    /// Adds a section, unless there is nothing in it.
    pub(crate) fn section(&mut self, id: &'static str, name: &'static str, blocks: Vec<Block>) {
        if !blocks.is_empty() {
            self.sections.push(Section { id, name, blocks });
        }
    }

    /// Adds a section behind those of `before` that are there, unless there is nothing in it.
    pub(crate) fn section_after(
        &mut self,
        before: &[&str],
        id: &'static str,
        name: &'static str,
        blocks: Vec<Block>,
    ) {
        let mut sections = self.sections.iter();
        let last = sections.rposition(|section| before.contains(&section.id));
        if !blocks.is_empty() {
            let section = Section { id, name, blocks };
            self.sections
                .insert(last.map_or(0, |last| last + 1), section);
        }
    }
}
