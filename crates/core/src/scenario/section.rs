//! Reading one table of a file: every wrong value and every unknown key becomes a violation.
//!
//! Serde stops at the first error; a person mending a file wants all of them.

use std::time::Duration;

use toml::{Table, Value};

use super::Violation;
use super::asked::{Kind, Problems, span};
use super::units::{DURATION_HINT, PERCENT_HINT, parse_duration, parse_percent};
use crate::order::{key_below, nearest};

/// One table of a file, its place in it and the keys asked for so far.
pub(super) struct Section<'a> {
    table: Option<&'a Table>,
    path: String,
    asked: Vec<&'static str>,
    problems: &'a Problems,
}

impl<'a> Section<'a> {
    pub(super) fn new(table: &'a Table, path: String, problems: &'a Problems) -> Self {
        Self {
            table: Some(table),
            path,
            asked: Vec::new(),
            problems,
        }
    }

    /// The full name of the section itself.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The full name of `key`.
    pub(super) fn key(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }

    /// The full name of a key that the file's writer named, in quotes where TOML writes it so.
    pub(super) fn named(&self, key: &str) -> String {
        key_below(&self.path, key)
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.peek(key).is_some()
    }

    /// The value of a key, which does not count as asked for.
    pub(super) fn peek(&self, key: &str) -> Option<&'a Value> {
        self.table?.get(key)
    }

    /// Every key and its value, in the order in which they are written: all of them are asked for.
    pub(super) fn entries(&mut self) -> Vec<(&'a String, &'a Value)> {
        self.table
            .map(|table| table.iter().collect())
            .unwrap_or_default()
    }

    /// The section of a table that stands under `key` here.
    pub(super) fn within(&self, key: &str, table: &'a Table) -> Section<'a> {
        Section::new(table, self.named(key), self.problems)
    }

    /// Adds a violation.
    pub(super) fn push(&self, violation: Violation) {
        self.problems.borrow_mut().push(violation);
    }

    /// Adds a violation of the section itself.
    pub(super) fn all(&self, rule: impl Into<String>, hint: impl Into<String>) {
        self.push(Violation::new(self.path.clone(), rule, hint));
    }

    /// A text that has to be there.
    pub(super) fn required(&mut self, key: &'static str, hint: &str) -> Option<String> {
        if !self.has(key) {
            self.problem(key, "is missing", hint);
        }
        self.text(key, hint, |text| Ok(text.to_owned()))
    }

    pub(super) fn problem(&self, key: &str, rule: impl Into<String>, hint: impl Into<String>) {
        self.push(Violation::new(self.key(key), rule, hint));
    }

    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.ask(key, Kind::Value, "", None);
        self.table?.get(key)
    }

    /// Notes that `key` is asked for: what it is, what to write, and what is meant without it.
    fn ask(&mut self, key: &'static str, kind: Kind, hint: &str, default: Option<String>) {
        self.asked.push(key);
        let (path, value) = (|| self.key(key), self.peek(key));
        self.problems.ask(path, kind, hint, default, value);
    }

    /// The table under `key`; an empty one when it is absent or no table.
    pub(super) fn section(&mut self, key: &'static str) -> Section<'a> {
        self.ask(key, Kind::Table, "", None);
        let value = self.peek(key);
        let table = value.and_then(Value::as_table);
        if let (Some(found), None) = (value, table) {
            let rule = format!("must be a table, found {}", found.type_str());
            self.problem(key, rule, format!("write a table: [{}]", self.key(key)));
        }
        Section {
            table,
            path: self.key(key),
            asked: Vec::new(),
            problems: self.problems,
        }
    }

    /// The tables of the array under `key`.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        self.ask(key, Kind::Tables, "", None);
        let Some(value) = self.peek(key) else {
            return Vec::new();
        };
        let hint = format!("write it as [[{}]]", self.key(key));
        let Some(array) = value.as_array() else {
            self.problem(
                key,
                format!("must be an array of tables, found {}", value.type_str()),
                hint,
            );
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (index, item) in array.iter().enumerate() {
            let path = format!("{}[{index}]", self.key(key));
            match item.as_table() {
                Some(table) => sections.push(Section::new(table, path, self.problems)),
                None => self.problems.borrow_mut().push(Violation::new(
                    path,
                    format!("must be a table, found {}", item.type_str()),
                    hint.clone(),
                )),
            }
        }
        sections
    }

    /// The value of `key` as `parse` reads it, or `None` with a violation if it cannot; absent values
    /// are `None` without one.
    pub(super) fn read<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        parse: impl FnOnce(&Value) -> Result<T, String>,
    ) -> Option<T> {
        self.ask(key, Kind::Value, hint, None);
        let value = self.peek(key)?;
        parse(value)
            .map_err(|rule| self.problem(key, rule, hint))
            .ok()
    }

    /// A text, read by `parse`.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        self.ask(key, Kind::Text, hint, None);
        self.read(key, hint, |value| match value.as_str() {
            Some(text) => parse(text),
            None => Err(format!("must be a text, found {}", value.type_str())),
        })
    }

    /// A duration, or `default` when absent (or wrong, with a violation).
    fn duration(&mut self, key: &'static str, default: Duration) -> Duration {
        self.text(key, DURATION_HINT, parse_duration)
            .unwrap_or(default)
    }

    /// A duration within `least..=most`.
    pub(super) fn duration_within(
        &mut self,
        key: &'static str,
        default: Duration,
        least: Duration,
        most: Duration,
    ) -> Duration {
        let kind = Kind::Duration { least, most };
        self.ask(
            key,
            kind,
            DURATION_HINT,
            Some(format!("\"{}\"", span(default))),
        );
        let duration = self.duration(key, default);
        if !(least..=most).contains(&duration) {
            let rule = format!("must be within {least:?} and {most:?}, found {duration:?}");
            self.problem(key, rule, DURATION_HINT);
        }
        duration
    }

    /// A share written in percent.
    pub(super) fn share(&mut self, key: &'static str, default: f64) -> f64 {
        let usual = format!("\"{}%\"", default * 100.0);
        self.ask(key, Kind::Share, PERCENT_HINT, Some(usual));
        self.text(key, PERCENT_HINT, parse_percent)
            .unwrap_or(default)
    }

    /// An integer within `least..=most`.
    pub(super) fn integer(
        &mut self,
        key: &'static str,
        default: u64,
        least: u64,
        most: u64,
    ) -> u64 {
        let hint = format!("write a whole number from {least} to {most}");
        let kind = Kind::Integer { least, most };
        self.ask(key, kind, &hint, Some(default.to_string()));
        self.read(key, &hint, |value| {
            let number = value
                .as_integer()
                .ok_or_else(|| format!("must be a whole number, found {}", value.type_str()))?;
            u64::try_from(number)
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| format!("must be within {least} and {most}, found {number}"))
        })
        .unwrap_or(default)
    }

    /// A list of texts; `None` when absent or wrong.
    pub(super) fn texts(&mut self, key: &'static str, hint: &str) -> Option<Vec<String>> {
        self.ask(key, Kind::Texts, hint, None);
        self.read(key, hint, |value| {
            let wrong = || format!("must be a list of texts, found {}", value.type_str());
            let items = value.as_array().ok_or_else(wrong)?;
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().ok_or_else(wrong)
        })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let hint = "write true or false";
        self.ask(key, Kind::Boolean, hint, Some(default.to_string()));
        self.read(key, hint, |value| {
            value
                .as_bool()
                .ok_or_else(|| format!("must be true or false, found {}", value.type_str()))
        })
        .unwrap_or(default)
    }

    /// One of `choices`.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let names: Vec<_> = choices
            .iter()
            .map(|(name, _)| format!("{name:?}"))
            .collect();
        let hint = format!("write {}", names.join(" or "));
        let usual = choices.iter().find(|(_, choice)| *choice == default);
        let usual = usual.map(|(name, _)| format!("{name:?}"));
        self.ask(key, Kind::Choice(names), &hint, usual);
        let written = self.table.and_then(|table| table.get(key)?.as_str());
        let meant = written.and_then(|text| meant(text, choices.iter().map(|(name, _)| *name)));
        self.text(key, &meant.unwrap_or(hint), |text| {
            choices
                .iter()
                .find(|(name, _)| *name == text)
                .map(|&(_, choice)| choice)
                .ok_or_else(|| format!("{text:?} is not a choice"))
        })
        .unwrap_or(default)
    }

    /// Ends the reading: keys nobody asked for are violations.
    pub(super) fn finish(self) {
        let Some(table) = self.table else { return };
        for key in table
            .keys()
            .filter(|key| !self.asked.contains(&key.as_str()))
        {
            let hint = match nearest(key, self.asked.iter().copied()) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", once(&self.asked).join(", ")),
            };
            self.push(Violation::new(self.named(key), "unknown key", hint));
        }
    }
}

/// What may have been meant, if few of `known` are near.
fn meant<'a>(text: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    const MOST: usize = 4;
    let within = |name: &&str| text.len() > 3 && name.contains(text);
    let near = nearest(text, known.clone()).into_iter();
    let names: Vec<_> = near.chain(known.filter(within)).collect();
    let names: Vec<_> = once(&names)
        .iter()
        .map(|name| format!("`{name}`"))
        .collect();
    (1..=MOST)
        .contains(&names.len())
        .then(|| format!("did you mean {}?", names.join(" or ")))
}

/// Each key once, in the order in which they were asked for.
fn once<'a>(asked: &[&'a str]) -> Vec<&'a str> {
    let mut keys = Vec::new();
    for key in asked {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    keys
}
