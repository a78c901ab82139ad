//! Whose a row is: keys read backwards, or the id where the row keeps it.

use super::ends::{Ends, IdAt, KeyPart, RowLeaf, Table};
use super::excerpt::excerpt;
use super::id::RunId;
use super::json::Json;
use super::pattern::{Capture, Captures};
use super::pointer::Pointer;
use super::row::key_text;
use super::scheme::{Id, Scheme};
use super::value::kind;
use crate::records::{Item, Value};

/// Whose a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowOwner {
    /// Order `k` of the run that is asked about.
    Order {
        /// Its sequence number.
        k: u64,
        /// The row templates whose it may be, each with the element it is of, where the key says which.
        candidates: Vec<(usize, Option<u32>)>,
    },
    /// An id of the run that was never planned.
    Phantom(Id),
    /// A counter of the scenario's sums.
    Counter {
        /// Which.
        sum: usize,
        /// Its key.
        key: String,
        /// The key names the run that is asked about: no other run adds to it.
        is_of_run: bool,
    },
    /// It belongs to the order whose row holds this attribute's text.
    Linked {
        /// The row template whose it may be.
        leaf: usize,
        /// The attribute of the other row.
        attribute: String,
        /// What that row must hold there.
        text: String,
    },
    /// It belongs to the order whose message has this id.
    OfMessage {
        /// The id, as it stands in the key.
        message_id: String,
        /// The row templates whose it may be, each with the element it is of, where the key says which.
        candidates: Vec<(usize, Option<u32>)>,
        /// Its key, in words.
        key: String,
    },
    /// Nobody's, or another run's.
    Foreign {
        /// Its key, in words.
        key: String,
        /// The other run.
        run: Option<RunId>,
    },
    /// Its key cannot be read, or it has no id where one must be; what is there, in words.
    Unreadable(String),
}

/// What one row template says of a row.
enum Claim {
    Of(RunId, u64, Option<u32>, Id),
    Linked(String, String),
    OfMessage(String, Option<u32>),
    Nobodys,
    Unreadable(String),
    NotIts,
}

impl Ends {
    /// Whose `item` of `table` is, of `run` with so many orders planned.
    pub(super) fn owner_of_row(
        &self,
        run: RunId,
        planned: u64,
        table: &str,
        item: &Item,
    ) -> RowOwner {
        let Some(uses) = self.tables.get(table) else {
            return RowOwner::Foreign {
                key: format!("a row of {}", excerpt(table)),
                run: None,
            };
        };
        if let Some(what) = unreadable_key(uses, item) {
            return RowOwner::Unreadable(what);
        }
        let mut open = None;
        let mut candidates = Vec::new();
        let mut found: Option<(RunId, u64, Id)> = None;
        for &leaf in &uses.rows {
            let Some(row) = self.leaves[leaf].row() else {
                continue;
            };
            match self.claim(row, item) {
                Claim::Of(owner, k, at, id) => {
                    let (run, n, _) = found.get_or_insert((owner, k, id));
                    if (*run, *n) == (owner, k) {
                        candidates.push((leaf, at));
                    }
                }
                Claim::Linked(attribute, text) => {
                    open.get_or_insert(RowOwner::Linked {
                        leaf,
                        attribute,
                        text,
                    });
                }
                Claim::OfMessage(id, at) => match &mut open {
                    Some(RowOwner::OfMessage {
                        message_id,
                        candidates,
                        ..
                    }) if *message_id == id => candidates.push((leaf, at)),
                    Some(_) => {}
                    None => {
                        open = Some(RowOwner::OfMessage {
                            message_id: id,
                            candidates: vec![(leaf, at)],
                            key: key_in_words(uses, item),
                        });
                    }
                },
                Claim::Unreadable(what) => {
                    open.get_or_insert(RowOwner::Unreadable(what));
                }
                Claim::Nobodys | Claim::NotIts => {}
            }
        }
        let found = found.or_else(|| self.owner_before(uses, item));
        match found {
            Some((owner, k, _)) if owner == run && k < planned => RowOwner::Order { k, candidates },
            Some((owner, _, id)) if owner == run => RowOwner::Phantom(id),
            Some((owner, ..)) => RowOwner::Foreign {
                key: key_in_words(uses, item),
                run: Some(owner),
            },
            None => self.nobodys(run, uses, item, open),
        }
    }

    fn nobodys(&self, run: RunId, uses: &Table, item: &Item, open: Option<RowOwner>) -> RowOwner {
        let counter = |&sum: &usize| Some((sum, captures(&self.sums[sum].key, item)?));
        let foreign = |run| RowOwner::Foreign {
            key: key_in_words(uses, item),
            run,
        };
        let Some((sum, captures)) = uses.sums.iter().find_map(counter) else {
            return open.unwrap_or_else(|| foreign(None));
        };
        let mut named = captures.iter();
        match named.find_map(|found| found.number(Capture::Run)) {
            Some(other) if other != u64::from(run.get()) => {
                foreign(u32::try_from(other).ok().and_then(RunId::new))
            }
            named => RowOwner::Counter {
                sum,
                key: counter_key(uses, item),
                is_of_run: named.is_some(),
            },
        }
    }

    /// Whose row it is that was there before.
    fn owner_before(&self, uses: &Table, item: &Item) -> Option<(RunId, u64, Id)> {
        let before = uses.before.iter().map(|before| &self.before[*before]);
        let owner = |key: &[KeyPart]| {
            let captures = captures(key, item)?;
            owner_in(&self.scheme, &captures).ok()
        };
        { before }.find_map(|before| owner(&before.key))
    }

    fn claim(&self, row: &RowLeaf, item: &Item) -> Claim {
        let Some(captures) = captures(&row.key, item) else {
            return Claim::NotIts;
        };
        let at = captures.iter().find_map(|found| found.number(Capture::At));
        let at = match at.map(u32::try_from) {
            Some(Ok(at)) => Some(at),
            Some(Err(_)) => return Claim::Nobodys,
            None => None,
        };
        let tells = row.key.iter().any(|part| part.template.tells_order());
        let owner = match (tells, &row.id_at) {
            (true, _) => owner_in(&self.scheme, &captures),
            (false, Some(id_at)) => match id_in(id_at, item) {
                Ok(text) => owner_of(&self.scheme, &text),
                Err(what) => return Claim::Unreadable(what),
            },
            (false, None) => return message(&captures, at).unwrap_or_else(|| link(row, item)),
        };
        match owner {
            Ok((run, k, id)) => Claim::Of(run, k, at, id),
            Err(()) => Claim::Nobodys,
        }
    }
}

/// What a key's templates find in a row's key; `None` when it is not of their shape.
fn captures<'i>(key: &'i [KeyPart], item: &'i Item) -> Option<Vec<Captures<'i>>> {
    let part = |part: &'i KeyPart| {
        let value = item.get(&part.name)?;
        let text = match value {
            Value::S(text) | Value::N(text) => text.as_str(),
            Value::B(bytes) => std::str::from_utf8(bytes).ok()?,
            _ => return None,
        };
        part.template.matches(text)
    };
    key.iter().map(part).collect()
}

/// Whose id the captures tell: of the first that tells one.
pub(super) fn owner_in(scheme: &Scheme, captures: &[Captures<'_>]) -> Result<(RunId, u64, Id), ()> {
    for found in captures {
        if let Some(text) = found.get(Capture::Id) {
            return owner_of(scheme, text);
        }
        if let (Some(run), Some(n)) = (found.number(Capture::Run), found.number(Capture::N)) {
            let run = u32::try_from(run).ok().and_then(RunId::new).ok_or(())?;
            let in_range = n < super::MAX_ORDERS;
            return match in_range {
                true => Ok((run, n, scheme.id(run, n, 0))),
                false => Err(()),
            };
        }
    }
    Err(())
}

/// Whose id a text is, and the id as it stands there.
pub(super) fn owner_of(scheme: &Scheme, text: &str) -> Result<(RunId, u64, Id), ()> {
    let (run, k) = scheme.owner_of(text).ok_or(())?;
    let id = match scheme {
        Scheme::Number => Id::Number(run.number(k)),
        _ => Id::Text(excerpt(text)),
    };
    Ok((run, k, id))
}

/// The message it names; an empty text is no message's id.
fn message(captures: &[Captures<'_>], at: Option<u32>) -> Option<Claim> {
    let id = captures
        .iter()
        .find_map(|found| found.get(Capture::MessageId))?;
    Some(match id {
        "" => Claim::Nobodys,
        id => Claim::OfMessage(id.to_owned(), at),
    })
}

/// The row it refers to.
fn link(row: &RowLeaf, item: &Item) -> Claim {
    for part in &row.key {
        let Ok(text) = key_text(item, &part.name, part.kind) else {
            continue;
        };
        if let Some((attribute, text)) = part.template.link_in(&text) {
            return Claim::Linked(attribute.to_owned(), text.to_owned());
        }
    }
    Claim::Nobodys
}

/// The id that a row keeps in one of its attributes; in words what is there instead.
fn id_in(at: &IdAt, item: &Item) -> Result<String, String> {
    let told = |what: String| format!("`{}` is {what}", excerpt(&at.attribute));
    let value = item
        .get(&at.attribute)
        .ok_or_else(|| told(super::MISSING.to_owned()))?;
    plain_at(value, &at.path).ok_or_else(|| match at.path.is_whole() {
        true => told(kind(value)),
        false => told(format!("{}, without an id at {}", kind(value), at.path)),
    })
}

/// The text or number at a place within a value; a text may hold JSON.
fn plain_at(value: &Value, path: &Pointer) -> Option<String> {
    let mut found = value;
    for (step, part) in path.parts().iter().enumerate() {
        found = match found {
            Value::M(map) => map.get(&*part.name(0))?,
            Value::L(list) => list.get(part.index(0)?)?,
            Value::S(text) => {
                let json = Json::read(text).ok()?;
                return json.at(&path.from(step), 0)?.plain().map(str::to_owned);
            }
            _ => return None,
        };
    }
    match found {
        Value::S(text) | Value::N(text) => Some(text.clone()),
        _ => None,
    }
}

fn unreadable_key(uses: &Table, item: &Item) -> Option<String> {
    let odd = |(name, kind): &(String, super::spec::KeyType)| {
        let what = key_text(item, name, *kind).err()?;
        Some(format!("`{}` is {what}", excerpt(name)))
    };
    uses.key.iter().find_map(odd)
}

/// A row's key as people read it.
fn key_in_words(uses: &Table, item: &Item) -> String {
    let part = |(name, kind): &(String, super::spec::KeyType)| {
        let text = key_text(item, name, *kind);
        excerpt(&text.unwrap_or_default())
    };
    let parts: Vec<_> = uses.key.iter().map(part).collect();
    parts.join(" / ")
}

/// The key of a counter, whole: by it the orders that add to it are found.
pub(super) fn counter_key(uses: &Table, item: &Item) -> String {
    let part = |(name, kind): &(String, super::spec::KeyType)| {
        let text = key_text(item, name, *kind).unwrap_or_default();
        let number = super::Decimal::parse(&text).and_then(|number| number.as_u64());
        match (kind, number) {
            (super::spec::KeyType::N, Some(number)) => number.to_string(),
            _ => text.into_owned(),
        }
    };
    let parts: Vec<_> = uses.key.iter().map(part).collect();
    parts.join(" / ")
}
