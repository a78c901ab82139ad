//! A document as a page: one file that opens from disk, loads nothing and runs nothing but its own script.
//!
//! Every text in it is untrusted: `maud` escapes it, and the page's own policy lets nothing load or run beside its style
//! and script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::{Block, Column, Document, Fact, Item, Look, Row, Table, Text, Tone};
use orderproof_core::escape;

pub(crate) const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The whole document, under `title` in a browser's list of pages.
///
/// The policy allows this style and this script by their digests and nothing else, so that a text that got
/// past the escaping still could not load or run anything.
pub(crate) fn page(document: &Document, title: &str) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    let body = PreEscaped(escape::html(&body(document).into_string()));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (escape::line(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    span.brand { "orderproof" }
                    nav aria-label="Sections" {
                        ul {
                            li { a href="#verdict" { "Verdict" } }
                            @for section in &document.sections {
                                li { a href={ "#" (section.id) } { (short(section.id)) } }
                            }
                        }
                    }
                }
                main #content tabindex="-1" { (body) }
                footer {
                    p { "Written by orderproof " (env!("CARGO_PKG_VERSION")) ". This file is whole: it loads nothing." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// What a content security policy calls the digest of an inline style or script.
pub(crate) fn digest(source: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(source)))
}

fn body(document: &Document) -> Markup {
    html! {
        (banner(document))
        @for section in &document.sections {
            section aria-labelledby=(section.id) {
                h2 id=(section.id) { (section.name) }
                @for block in &section.blocks { (shown(block)) }
            }
        }
    }
}

/// The outcome, and what it is of.
pub(crate) fn banner(document: &Document) -> Markup {
    html! {
        div #verdict class={ "banner " (class(document.tone)) } {
            h1 { strong { (document.word) } " " (document.sentence) }
            @for block in &document.lead {
                @match block {
                    Block::Facts(facts) => (facts_in("key", facts)),
                    Block::Paragraph(parts) => p.meta { (texts(parts)) },
                    block => (shown(block)),
                }
            }
        }
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "pass",
        Tone::Bad => "fail",
        Tone::Open => "open",
        Tone::Note => "note",
    }
}

fn text(text: &Text) -> Markup {
    match (text.tone, text.look) {
        (Some(tone), _) => html! { span class={ "mark " (class(tone)) } { (text.text) } },
        (None, Look::Code) => html! { code { (text.text) } },
        (None, Look::Strong) => html! { strong { (text.text) } },
        (None, Look::Plain) => html! { (text.text) },
    }
}

fn texts(texts: &[Text]) -> Markup {
    html! { @for one in texts { (text(one)) } }
}

/// A block as a part of a page.
pub(crate) fn shown(block: &Block) -> Markup {
    match block {
        Block::Paragraph(parts) => html! { p.lead { (texts(parts)) } },
        Block::Quote(text) => html! { p.question { (text) } },
        Block::Facts(facts) => facts_in("facts", facts),
        Block::List(items) => html! { ul { @for one in items { (item(one)) } } },
        Block::Table(one) => table(one),
        Block::Folded { summary, blocks } => html! {
            details { summary { (summary) } @for block in blocks { (shown(block)) } }
        },
        Block::Code(lines) => html! {
            div.run { pre tabindex="0" role="region" aria-label="Command" { code data-copy { (lines.join("\n")) } } }
        },
        Block::Heading(name) => html! { h3 { (name) } },
        Block::Markup(markup) => markup.clone(),
        Block::Markdown(_) => html! {},
    }
}

fn facts_in(class: &str, facts: &[Fact]) -> Markup {
    html! {
        dl class=(class) {
            @for (name, fact) in facts { div { dt { (name) } dd { (fact) } } }
        }
    }
}

fn item(item: &Item) -> Markup {
    html! {
        li class={ "finding " (class(item.tone)) } {
            @if !item.kind.is_empty() {
                p.kind { (item.kind) @if let Some(code) = &item.code { " \u{b7} " code { (code) } } }
            }
            p { (item.text) }
            @if let Some((what, more)) = &item.more { p { (what) ": " (more) } }
        }
    }
}

/// Characters that fit beside two others on a phone, and beside one.
const BESIDE: [usize; 2] = [11, 22];

/// A table whose rows become cards on a phone.
pub(crate) fn table(table: &Table) -> Markup {
    let room: Vec<_> = (0..table.columns.len())
        .map(|index| room(table, index))
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Table: " (table.caption) } {
            table {
                caption { (table.caption) }
                thead {
                    tr { @for column in &table.columns { th scope="col" class=[column.right.then_some("n")] { (column.name) } } }
                }
                tbody { @for one in &table.rows { (row(table, one, &room)) } }
            }
        }
    }
}

fn row(table: &Table, row: &Row, room: &[&str]) -> Markup {
    html! {
        tr class=[row.total.then_some("total")] {
            @for (index, (cell, column)) in row.cells.iter().zip(&table.columns).enumerate() {
                @let class = class_of(column, room[index], cell);
                @if index == 0 { th scope="row" class=[class] { (text(cell)) } }
                @else { td class=[class] data-of=(column.name) { (text(cell)) } }
            }
        }
    }
}

/// How much of a card's width the column takes.
fn room(table: &Table, index: usize) -> &'static str {
    let cells = table.rows.iter().filter_map(|row| row.cells.get(index));
    let longest = cells.map(|cell| cell.text.chars().count()).max();
    // Its name is set smaller.
    let name = table.columns[index].name.len() * 3 / 4;
    match longest.unwrap_or(0).max(name) {
        few if few <= BESIDE[0] => "s",
        some if some <= BESIDE[1] => "m",
        _ => "",
    }
}

fn class_of(column: &Column, room: &str, cell: &Text) -> Option<String> {
    let number = if column.right { "n" } else { "" };
    let empty = if cell.text.is_empty() { "e" } else { "" };
    let all: Vec<_> = [number, room, empty]
        .into_iter()
        .filter(|class| !class.is_empty())
        .collect();
    (!all.is_empty()).then(|| all.join(" "))
}

/// A section's id as a word in the contents.
fn short(id: &str) -> String {
    let words = id.replace('-', " ");
    let (first, rest) = words.split_at(words.len().min(1));
    first.to_uppercase() + rest
}
