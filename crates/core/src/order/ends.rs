//! The ends of a scenario's orders, compiled: rows and letters as flat lists of leaves, found by table and by queue.
//!
//! A *leaf* is one row template or one letter of one end; a *slot* is one leaf of one order, and of one element where a leaf
//! is for each element of a list.

use std::collections::BTreeMap;

use super::expect::{Expect, pointer};
use super::mistake::{Mistake, Problem, key_below};
use super::names::Names;
use super::pointer::Pointer;
use super::scheme::Scheme;
use super::spec::{
    Before, DEAD_LETTER, End, Key, KeyType, LetterSpec, OrderSpec, OrderedBy, RowSpec, STORED,
    StoredAt, Sum,
};
use super::template::Template;

/// All ends of a scenario's orders.
#[derive(Debug, Clone)]
pub struct Ends {
    pub(super) scheme: Scheme,
    pub(super) ends: Vec<CompiledEnd>,
    pub(super) leaves: Vec<Leaf>,
    pub(super) tables: BTreeMap<String, Table>,
    pub(super) before: Vec<BeforeRow>,
    pub(super) sums: Vec<CompiledSum>,
    /// Fields that the text of the only row of `stored` may hold beside what it must hold.
    pub(super) may_add: Vec<Pointer>,
    /// A row's key holds the id of its order's message.
    pub(super) names_messages: bool,
}

/// One end.
#[derive(Debug, Clone)]
pub(super) struct CompiledEnd {
    pub name: String,
    /// The leaf that tells when an order was stored.
    pub timed_by: Option<usize>,
    /// The leaf that tells how often its message was received.
    pub counted_by: Option<usize>,
    pub ordered_by: Option<usize>,
}

/// A row template or a letter of an end.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub end: usize,
    pub place: LeafPlace,
    /// Its content is the order's content: a letter, or the only row of an end. Two contents of it are one too many,
    /// wherever they are seen.
    pub is_whole: bool,
}

/// Where a leaf is.
#[derive(Debug, Clone)]
pub(super) enum LeafPlace {
    Row(Box<RowLeaf>),
    Letter(LetterLeaf),
}

/// A row template.
#[derive(Debug, Clone)]
pub(super) struct RowLeaf {
    pub table: String,
    pub key: Vec<KeyPart>,
    pub holds: Vec<(String, Expect)>,
    pub only: bool,
    pub each: Option<Pointer>,
    pub id_at: Option<IdAt>,
    pub stored_at: Option<StoredAt>,
    pub receives_at: Option<String>,
    pub ordered_by: Option<OrderedBy>,
}

/// One attribute of a row's key.
#[derive(Debug, Clone)]
pub(super) struct KeyPart {
    pub name: String,
    pub kind: KeyType,
    pub template: Template,
}

/// Where in a row the order's id is.
#[derive(Debug, Clone)]
pub(super) struct IdAt {
    pub attribute: String,
    /// Within it.
    pub path: Pointer,
}

/// A letter.
#[derive(Debug, Clone)]
pub(super) struct LetterLeaf {
    /// `None`: the pipeline's dead-letter queue.
    pub queue: Option<String>,
    pub id_at: Vec<Pointer>,
    pub holds: Vec<(Pointer, Expect)>,
}

/// What uses one table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub key: Vec<(String, KeyType)>,
    /// Leaves, as indices.
    pub rows: Vec<usize>,
    /// Rows that are there before, as indices.
    pub before: Vec<usize>,
    /// Counters, as indices.
    pub sums: Vec<usize>,
}

/// A row that is there before its order is sent.
#[derive(Debug, Clone)]
pub(super) struct BeforeRow {
    pub table: String,
    pub row: Vec<(String, Expect)>,
    pub key: Vec<KeyPart>,
}

/// A counter that must add up.
#[derive(Debug, Clone)]
pub(super) struct CompiledSum {
    pub table: String,
    pub key: Vec<KeyPart>,
    pub attribute: String,
    pub of: Option<Pointer>,
}

impl RowLeaf {
    /// Whether its key holds what only the consumer knows.
    pub fn is_made_up(&self) -> bool {
        self.key.iter().any(|part| part.template.is_made_up())
    }

    /// Whether its key holds the id of the order's message.
    pub fn names_message(&self) -> bool {
        self.key.iter().any(|part| part.template.names_message())
    }

    /// Whether the key follows from run and sequence number alone.
    pub fn has_key_of_the_id(&self, scheme: &Scheme) -> bool {
        self.key
            .iter()
            .all(|part| part.template.is_of_the_id(scheme))
    }

    /// Whether its content is one text that holds JSON: then differences name fields of it alone.
    pub fn is_one_document(&self) -> bool {
        matches!(self.holds.as_slice(), [(_, Expect::Json { .. })])
    }
}

impl Leaf {
    pub fn row(&self) -> Option<&RowLeaf> {
        match &self.place {
            LeafPlace::Row(row) => Some(row),
            LeafPlace::Letter(_) => None,
        }
    }

    pub fn letter(&self) -> Option<&LetterLeaf> {
        match &self.place {
            LeafPlace::Letter(letter) => Some(letter),
            LeafPlace::Row(_) => None,
        }
    }
}

impl Ends {
    /// Reads every template and pointer of the ends, rows before, and sums.
    ///
    /// # Errors
    /// Every mistake in them, by its key.
    pub fn new(spec: &OrderSpec, names: &Names) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let tables = spec
            .tables
            .iter()
            .map(|(name, key)| (name.clone(), Table::new(key)));
        let mut ends = Self {
            tables: tables.collect(),
            ..Self::none(names.scheme().unwrap_or(&Scheme::Number))
        };
        let mut reader = Reader {
            spec,
            names,
            problems: &mut problems,
        };
        for (name, end) in &spec.ends {
            ends.add_end(name, end, &mut reader);
        }
        if !spec.ends.contains_key(DEAD_LETTER) {
            ends.add_end(DEAD_LETTER, &End::default(), &mut reader);
        }
        for (at, before) in spec.before.iter().enumerate() {
            ends.add_before(&format!("before[{at}]"), before, &mut reader);
        }
        for (at, sum) in spec.sums.iter().enumerate() {
            ends.add_sum(&format!("sums[{at}]"), sum, &mut reader);
        }
        match problems.is_empty() {
            true => Ok(ends),
            false => Err(problems),
        }
    }

    /// No ends at all.
    pub(super) fn none(scheme: &Scheme) -> Self {
        Self {
            scheme: scheme.clone(),
            ends: Vec::new(),
            leaves: Vec::new(),
            tables: BTreeMap::new(),
            before: Vec::new(),
            sums: Vec::new(),
            may_add: Vec::new(),
            names_messages: false,
        }
    }

    fn add_end(&mut self, name: &str, end: &End, reader: &mut Reader<'_>) {
        let path = key_below("ends", name);
        let index = self.ends.len();
        let first = self.leaves.len();
        let alone = matches!(end.rows.as_slice(), [row] if row.each.is_none());
        for (at, row) in end.rows.iter().enumerate() {
            let Some(leaf) = reader.row(&format!("{path}.rows[{at}]"), row) else {
                continue;
            };
            if name == STORED && alone && leaf.is_one_document() {
                self.may_add = leaf.holds[0].1.may_add().to_vec();
            }
            self.names_messages |= leaf.names_message();
            let leaves = self.leaves.len();
            self.table(&row.table).rows.push(leaves);
            self.leaves.push(Leaf {
                end: index,
                place: LeafPlace::Row(Box::new(leaf)),
                is_whole: alone,
            });
        }
        let implied = [LetterSpec {
            queue: None,
            id_at: Vec::new(),
            holds: BTreeMap::new(),
        }];
        // The dead-letter queue holds the message itself, whether a scenario says so or not.
        let letters = match end.letters.is_empty() && name == DEAD_LETTER {
            true => implied.as_slice(),
            false => end.letters.as_slice(),
        };
        for (at, letter) in letters.iter().enumerate() {
            let Some(leaf) = reader.letter(&format!("{path}.letters[{at}]"), letter) else {
                continue;
            };
            self.leaves.push(Leaf {
                end: index,
                place: LeafPlace::Letter(leaf),
                is_whole: true,
            });
        }
        let leaves: Vec<usize> = (first..self.leaves.len()).collect();
        let first_row = |has: fn(&RowLeaf) -> bool| {
            let row = |leaf: &&usize| self.leaves[**leaf].row().is_some_and(has);
            leaves.iter().find(row).copied()
        };
        self.ends.push(CompiledEnd {
            name: name.to_owned(),
            timed_by: first_row(|row| row.stored_at.is_some()),
            counted_by: first_row(|row| row.receives_at.is_some()),
            ordered_by: first_row(|row| row.ordered_by.is_some()),
        });
    }

    fn add_before(&mut self, path: &str, before: &Before, reader: &mut Reader<'_>) {
        let row = reader.holds(&format!("{path}.row"), &before.row, reader.names);
        let rows = self.before.len();
        let table = self.table(&before.table);
        table.before.push(rows);
        let key = table.key.clone();
        // The key's templates are those of the row's attributes: texts, and numbers.
        let mut parts = Vec::new();
        for (name, kind) in key {
            let text = before.row.get(&name).and_then(key_text);
            match text.map(|text| Template::key(&text, reader.names)) {
                Some(Ok(template)) => parts.push(KeyPart {
                    name,
                    kind,
                    template,
                }),
                Some(Err(mistake)) => {
                    reader.told(&key_below(&format!("{path}.row"), &name), mistake)
                }
                None => {}
            }
        }
        self.before.push(BeforeRow {
            table: before.table.clone(),
            row,
            key: parts,
        });
    }

    fn add_sum(&mut self, path: &str, sum: &Sum, reader: &mut Reader<'_>) {
        let key = reader.key(path, &sum.table, &sum.key, reader.names);
        let of = sum
            .of
            .as_deref()
            .and_then(|of| reader.pointer(&format!("{path}.of"), of));
        let sums = self.sums.len();
        self.table(&sum.table).sums.push(sums);
        self.sums.push(CompiledSum {
            table: sum.table.clone(),
            key,
            attribute: sum.attribute.clone(),
            of,
        });
    }

    fn table(&mut self, name: &str) -> &mut Table {
        self.tables
            .entry(name.to_owned())
            .or_insert_with(Table::nameless)
    }

    /// The end of this name, as an index.
    pub(super) fn end(&self, name: &str) -> Option<usize> {
        self.ends.iter().position(|end| end.name == name)
    }
}

/// What a key attribute of a row before holds, as a key's template.
fn key_text(expected: &super::spec::Expected) -> Option<String> {
    use super::spec::Expected;
    match expected {
        Expected::Text(text) | Expected::Number(text) if !text.starts_with('/') => {
            Some(text.clone())
        }
        Expected::Is(json) => {
            let value = super::Json::read(json).ok()?;
            value.plain().map(str::to_owned)
        }
        _ => None,
    }
}

impl Table {
    fn new(key: &Key) -> Self {
        let parts = std::iter::once(&key.partition).chain(&key.sort);
        Self {
            key: parts.map(|part| (part.name.clone(), part.kind)).collect(),
            ..Self::nameless()
        }
    }

    fn nameless() -> Self {
        Self {
            key: Vec::new(),
            rows: Vec::new(),
            before: Vec::new(),
            sums: Vec::new(),
        }
    }
}

/// Reads templates and pointers, and notes what is wrong with them.
struct Reader<'a> {
    spec: &'a OrderSpec,
    names: &'a Names,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn told(&mut self, key: &str, mistake: Mistake) {
        self.problems.push(mistake.at(key));
    }

    fn good<T>(&mut self, key: &str, read: Result<T, Mistake>) -> Option<T> {
        read.map_err(|mistake| self.told(key, mistake)).ok()
    }

    fn pointer(&mut self, key: &str, text: &str) -> Option<Pointer> {
        self.good(key, pointer(text))
    }

    fn row(&mut self, path: &str, row: &RowSpec) -> Option<RowLeaf> {
        let names = match row.each {
            Some(_) => self.names.with_at().with_row(),
            None => self.names.with_row(),
        };
        let each = match &row.each {
            Some(each) => Some(self.pointer(&format!("{path}.each"), each)?),
            None => None,
        };
        let id_at = match &row.id_at {
            Some(at) => Some(self.id_at(&format!("{path}.id_at"), at)?),
            None => None,
        };
        Some(RowLeaf {
            table: row.table.clone(),
            key: self.key(path, &row.table, &row.key, &names.with_message()),
            holds: self.holds(&format!("{path}.holds"), &row.holds, &names),
            only: row.only,
            each,
            id_at,
            stored_at: row.stored_at.clone(),
            receives_at: row.receives_at.clone(),
            ordered_by: row.ordered_by.clone(),
        })
    }

    fn id_at(&mut self, key: &str, text: &str) -> Option<IdAt> {
        let (attribute, path) = text.split_once('/').unwrap_or((text, ""));
        Some(IdAt {
            attribute: attribute.to_owned(),
            path: self.pointer(key, &format!("/{path}"))?,
        })
    }

    fn letter(&mut self, path: &str, letter: &LetterSpec) -> Option<LetterLeaf> {
        let id_at = letter.id_at.iter();
        let id_at: Vec<_> = id_at
            .filter_map(|at| self.pointer(&format!("{path}.id_at"), at))
            .collect();
        let names = self.names;
        let mut holds = Vec::new();
        for (at, expected) in &letter.holds {
            let key = key_below(&format!("{path}.holds"), at);
            let pointer = self.pointer(&key, at)?;
            let expect = self.good(&key, Expect::new(expected, names))?;
            holds.push((pointer, expect));
        }
        Some(LetterLeaf {
            queue: letter.queue.clone(),
            id_at,
            holds,
        })
    }

    fn key(
        &mut self,
        path: &str,
        table: &str,
        key: &BTreeMap<String, String>,
        names: &Names,
    ) -> Vec<KeyPart> {
        let known = self.spec.tables.get(table).map(Table::new);
        let kind = |name: &str| {
            let parts = known.iter().flat_map(|table| &table.key);
            parts
                .filter(|(known, _)| known == name)
                .map(|(_, kind)| *kind)
                .next()
        };
        let mut parts = Vec::new();
        for (name, text) in key {
            let at = key_below(&format!("{path}.key"), name);
            let kind = kind(name).unwrap_or(KeyType::S);
            if let Some(template) = self.good(&at, Template::key(text, names)) {
                parts.push(KeyPart {
                    name: name.clone(),
                    kind,
                    template,
                });
            }
        }
        parts
    }

    fn holds(
        &mut self,
        path: &str,
        holds: &BTreeMap<String, super::spec::Expected>,
        names: &Names,
    ) -> Vec<(String, Expect)> {
        let mut read = Vec::new();
        for (name, expected) in holds {
            let key = key_below(path, name);
            if let Some(expect) = self.good(&key, Expect::new(expected, names)) {
                read.push((name.clone(), expect));
            }
        }
        read
    }
}
