//! Texts from elsewhere on their way out: one place of escaping for each format.
//!
//! Names, messages and paths come from scenario files, from folders of other people, from endpoints and from
//! functions. Each format has its own way of being broken by them, and each has one function here. All of them begin
//! with [`line()`]: one line, nothing that a terminal obeys, nothing that a reader cannot see, and no command to a CI
//! runner. [`terminal`] is the second wall: whatever the commands print goes through it once more.

mod csv;
mod html;
mod json;
mod line;
mod markdown;
mod shell;
mod terminal;
mod xml;

#[cfg(test)]
mod tests;

pub use csv::{csv_text, serialize_csv_text};
pub use html::html;
pub use json::json;
pub use line::{Shown, line};
pub use markdown::{cell, code};
pub use shell::shell;
pub use terminal::terminal;
pub use xml::xml;
