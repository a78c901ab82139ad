//! Rows that are byte for byte what their orders leave: most rows of simple tables are, and need neither JSON nor memory to be
//! recognized.

use super::OrderPlan;
use super::decimal::Decimal;
use super::ends::RowLeaf;
use super::expect::{Expect, Source};
use super::leaves::{Slot, slot};
use super::pattern::Capture;
use super::scheme::Scheme;
use super::sink::Matching;
use super::spec::{KeyType, TimeUnit};
use super::template::Template;
use super::values::Values;
use crate::records::{Item, Value, instant_us};

/// Recognizes rows of one table, of a run with so many orders planned.
pub struct JustSo<'p> {
    plan: &'p OrderPlan,
    planned: u64,
    leaf: usize,
    key: &'p str,
    whole: Whole<'p>,
    stored_at: Option<(&'p str, TimeUnit)>,
    receives_at: Option<&'p str>,
}

/// What such a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowSays {
    /// Its order.
    pub k: u64,
    /// As [`OrderPlan::stored_at_us`].
    pub stored_at_us: Option<u64>,
    /// As [`OrderPlan::receives`].
    pub receives: Option<u64>,
}

impl OrderPlan {
    /// What recognizes the rows of a table that are byte for byte what their orders leave; `None` where that takes more than
    /// to compare them.
    pub fn just_so<'p>(&'p self, planned: u64, table: &str) -> Option<JustSo<'p>> {
        let ends = self.ends();
        let uses = ends.tables.get(table)?;
        let ([leaf], [_]) = (uses.rows.as_slice(), uses.key.as_slice()) else {
            return None;
        };
        let row = ends.leaves[*leaf].row()?;
        let [part] = row.key.as_slice() else {
            return None;
        };
        let is_simple = part.kind == KeyType::N && part.template.is_just(Capture::Id);
        if !is_simple || !ends.before.is_empty() || !matches!(self.model.scheme(), Scheme::Number) {
            return None;
        }
        let whole = Whole::of(row)?;
        let stored_at = row.stored_at.as_ref();
        Some(JustSo {
            plan: self,
            planned,
            leaf: *leaf,
            key: &part.name,
            whole,
            stored_at: stored_at.map(|at| (at.attribute.as_str(), at.unit)),
            receives_at: row.receives_at.as_deref(),
        })
    }
}

impl JustSo<'_> {
    /// The slot that such a row fills.
    pub fn slot(&self) -> Slot {
        slot(self.leaf, 0)
    }

    /// What a row says that is byte for byte what its order leaves: whose it is, which slot it fills and that nothing about it
    /// is odd, as [`OrderPlan::owner_of_row`] and [`OrderPlan::sight_row`] find. `None` says nothing: ask these.
    pub fn says(&self, item: &Item) -> Option<RowSays> {
        let mut found = Found::default();
        for (name, value) in item {
            let name = name.as_str();
            if name == self.key {
                found.key = Some(value);
            }
            if name == self.whole.name {
                found.whole = Some(value);
            }
            if self
                .stored_at
                .is_some_and(|(stored_at, _)| stored_at == name)
            {
                found.stored_at = Some(value);
            }
            if self.receives_at == Some(name) {
                found.receives = Some(value);
            }
        }
        let number = plain_number(found.key?.as_number()?)?;
        let k = self.plan.run.sequence_of(number)?;
        let Some(Value::S(text)) = found.whole else {
            return None;
        };
        if k >= self.planned {
            return None;
        }
        let (_, values) = self.plan.drawn(k);
        if !self.whole.is(&values, text) {
            return None;
        }
        let unit = self.stored_at.map(|(_, unit)| unit);
        Some(RowSays {
            k,
            stored_at_us: found
                .stored_at
                .zip(unit)
                .and_then(|(value, unit)| instant_us(value, unit)),
            receives: found
                .receives
                .and_then(|value| Decimal::whole(value.as_number()?)),
        })
    }
}

#[derive(Default)]
struct Found<'i> {
    key: Option<&'i Value>,
    whole: Option<&'i Value>,
    stored_at: Option<&'i Value>,
    receives: Option<&'i Value>,
}

/// The number that a text is as this program writes it: digits without a zero before them.
fn plain_number(text: &str) -> Option<u64> {
    let digits = text.as_bytes();
    // The largest number of a run has sixteen digits, which any whole number of 64 bits has room for.
    if !(1..=16).contains(&digits.len()) || digits[0] == b'0' {
        return None;
    }
    digits.iter().try_fold(0, |number: u64, digit| {
        let digit = digit.wrapping_sub(b'0');
        (digit < 10).then(|| number * 10 + u64::from(digit))
    })
}

/// The one text that a row holds beside its key.
pub(super) struct Whole<'p> {
    pub(super) name: &'p str,
    template: &'p Template,
}

impl<'p> Whole<'p> {
    /// Of a row that holds one text and nothing that only a reader of JSON could compare.
    pub(super) fn of(row: &'p RowLeaf) -> Option<Self> {
        let [
            (
                name,
                Expect::Json {
                    of: Source::Template(template),
                    ..
                },
            ),
        ] = row.holds.as_slice()
        else {
            return None;
        };
        (row.each.is_none() && !row.only).then_some(Self { name, template })
    }

    /// Whether it is byte for byte what the order's template gives.
    pub(super) fn is(&self, values: &Values<'_>, text: &str) -> bool {
        gives(self.template, values, text)
    }
}

/// Whether a template gives this text.
pub(super) fn gives(template: &Template, values: &Values<'_>, text: &str) -> bool {
    let mut out = Matching::new(text);
    template.render_element(values, &[], Some(0), &mut out);
    out.is_whole()
}
