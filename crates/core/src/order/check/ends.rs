//! The ends of orders: tables and their keys, letters, rows that are there before, sums.

use std::collections::BTreeMap;

use super::super::body::is_pointer;
use super::super::mistake::{Mistake, Problem, key_below};
use super::super::names::Names;
use super::super::spec::{DEAD_LETTER, End, Key, LetterSpec, OrderSpec, RowSpec, STORED};
use super::super::template::Template;
use super::did_you_mean;

pub(super) fn check(spec: &OrderSpec, names: &Names, problems: &mut Vec<Problem>) {
    let mut checker = Checker {
        spec,
        names,
        problems,
    };
    checker.good_ends();
    for (name, end) in &spec.ends {
        let path = key_below("ends", name);
        checker.end(name, end, &path);
    }
    for (at, before) in spec.before.iter().enumerate() {
        let path = format!("before[{at}]");
        let attributes = before.row.keys().map(String::as_str);
        checker.whole_key(&before.table, attributes, &path, &format!("{path}.row"));
    }
    for (at, sum) in spec.sums.iter().enumerate() {
        let path = format!("sums[{at}]");
        checker.key(&sum.table, &sum.key, &path, names);
        if let Some(of) = &sum.of {
            checker.pointer(of, &format!("{path}.of"));
        }
    }
}

struct Checker<'a> {
    spec: &'a OrderSpec,
    names: &'a Names,
    problems: &'a mut Vec<Problem>,
}

impl Checker<'_> {
    fn told(&mut self, key: impl Into<String>, rule: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Mistake::new(rule, hint).at(key));
    }

    /// Every end that good orders may belong to is there, and leaves something.
    fn good_ends(&mut self) {
        let spec = self.spec;
        let stored = [STORED.to_owned()];
        let good = match spec.good_ends.is_empty() {
            true => stored.as_slice(),
            false => spec.good_ends.as_slice(),
        };
        for name in good {
            let key = match spec.good_ends.is_empty() {
                true => "ends",
                false => "good_ends",
            };
            match spec.ends.get(name) {
                None => {
                    let hint = match spec.good_ends.is_empty() {
                        true => "write what a good order leaves: [[ends.stored.rows]]".into(),
                        false => did_you_mean(name, spec.ends.keys().map(String::as_str)),
                    };
                    self.told(key, format!("no end is called {name:?}"), hint);
                }
                Some(end) if end.rows.is_empty() && end.letters.is_empty() => self.told(
                    key,
                    format!("orders that end at {name:?} leave no trace"),
                    format!("write what they leave: [[ends.{name}.rows]]"),
                ),
                Some(_) => {}
            }
        }
    }

    fn end(&mut self, name: &str, end: &End, path: &str) {
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            self.told(
                path,
                "is not a valid name of an end",
                "write letters, digits, `_` and `-`, up to 64",
            );
        }
        for (at, row) in end.rows.iter().enumerate() {
            self.row(row, &format!("{path}.rows[{at}]"));
        }
        for (at, letter) in end.letters.iter().enumerate() {
            self.letter(name, letter, &format!("{path}.letters[{at}]"));
        }
    }

    fn row(&mut self, row: &RowSpec, path: &str) {
        let names = match row.each {
            Some(_) => self.names.with_at().with_row(),
            None => self.names.with_row(),
        };
        let templates = self.key(&row.table, &row.key, path, &names.with_message());
        let tells = templates.iter().any(Template::tells_order);
        let linked = templates.iter().any(|key| key.links().next().is_some());
        let by_message = templates.iter().any(Template::names_message);
        if !tells && row.id_at.is_none() && !linked && !by_message {
            self.told(
                format!("{path}.key"),
                "nothing in the key says whose the row is",
                "put {{id}} into it, or {{message_id}} where the queue's id of the message is the key, or say where the row has the id: \
                 id_at = \"payload/orderId\"",
            );
        }
        if by_message && (tells || linked || row.id_at.is_some()) {
            self.told(
                format!("{path}.key"),
                "{{message_id}} says whose a row is that nothing else does, and here something else says so too",
                "write * in its place",
            );
        }
        if let Some(each) = &row.each {
            self.pointer(each, &format!("{path}.each"));
        }
        let id_at = row.id_at.as_deref();
        if id_at.is_some_and(|at| at.is_empty() || at.starts_with('/')) {
            self.told(
                format!("{path}.id_at"),
                "begins with no attribute's name",
                "write the attribute, then a JSON pointer into it: id_at = \"payload/orderId\"",
            );
        }
    }

    fn letter(&mut self, end: &str, letter: &LetterSpec, path: &str) {
        for at in letter.id_at.iter().chain(letter.holds.keys()) {
            self.pointer(at, path);
        }
        if letter.queue.is_none() && end != DEAD_LETTER && self.spec.ends.contains_key(DEAD_LETTER)
        {
            let own = &self.spec.ends[DEAD_LETTER];
            if own.rows.is_empty() {
                self.told(
                    path,
                    "the dead-letter queue is an end of its own",
                    format!("write end = \"{DEAD_LETTER}\", or name the queue: queue = \"...\""),
                );
            }
        }
    }

    /// Checks a row's key against its table's, and gives its templates.
    fn key(
        &mut self,
        table: &str,
        key: &BTreeMap<String, String>,
        path: &str,
        names: &Names,
    ) -> Vec<Template> {
        let below = format!("{path}.key");
        self.whole_key(table, key.keys().map(String::as_str), path, &below);
        let mut templates = Vec::new();
        for (attribute, text) in key {
            let at = key_below(&below, attribute);
            if let Some(of_table) = self.spec.tables.get(table) {
                let known = attributes_of(of_table);
                if !known.contains(&attribute.as_str()) {
                    let rule = format!("the key of table {table:?} has no attribute {attribute:?}");
                    let hint = format!("its key is {}", known.join(" and "));
                    self.told(&at, rule, hint);
                }
            }
            match Template::key(text, names) {
                Ok(template) if template.is_ambiguous() => self.told(
                    at,
                    "where one number ends and what follows begins cannot be told",
                    "write a character that is not a digit between them",
                ),
                Ok(template) => templates.push(template),
                Err(mistake) => self.problems.push(mistake.at(at)),
            }
        }
        templates
    }

    /// Every attribute of the table's key is there.
    fn whole_key<'k>(
        &mut self,
        table: &str,
        there: impl Iterator<Item = &'k str>,
        path: &str,
        below: &str,
    ) {
        let Some(key) = self.spec.tables.get(table) else {
            let hint = did_you_mean(table, self.spec.tables.keys().map(String::as_str));
            let key = format!("{path}.table");
            return self.told(
                key,
                format!("the key of table {table:?} is not known"),
                hint,
            );
        };
        let there: Vec<&str> = there.collect();
        for attribute in attributes_of(key) {
            if !there.contains(&attribute) {
                let rule = format!("lacks {attribute:?} of the key of table {table:?}");
                self.told(below, rule, format!("write {attribute} = \"...\" too"));
            }
        }
    }

    fn pointer(&mut self, text: &str, key: &str) {
        if !is_pointer(text) {
            self.told(
                key,
                format!("{text:?} is not a JSON pointer"),
                "begin it with a slash: \"/customer/email\"",
            );
        }
    }
}

fn attributes_of(key: &Key) -> Vec<&str> {
    let all = std::iter::once(&key.partition).chain(&key.sort);
    all.map(|attribute| attribute.name.as_str()).collect()
}
