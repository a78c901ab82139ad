//! Letters that are byte for byte what was sent: most letters of simple orders are, and need neither JSON nor memory to be
//! recognized.

use super::OrderPlan;
use super::door::Door;
use super::leaves::{Slot, slot};
use super::names::Placeholder;
use super::scheme::Scheme;
use super::sink::Matching;
use super::template::Piece;

/// Recognizes letters of the pipeline's dead-letter queue, of a run with so many orders planned.
pub struct JustSent<'p> {
    plan: &'p OrderPlan,
    planned: u64,
    leaf: usize,
    /// What stands before the id.
    before: &'p str,
    /// Whether the body of a good order is sent as its template gives it, and holds its id.
    good_is_plain: bool,
    /// The same of each kind of bad ones.
    is_plain: Vec<bool>,
}

impl OrderPlan {
    /// What recognizes the letters of the pipeline's dead-letter queue that are byte for byte what their orders were sent as;
    /// `None` where that takes more than to compare them.
    pub fn just_sent(&self, planned: u64) -> Option<JustSent<'_>> {
        let model = &*self.model;
        let ([_], [sent]) = (model.id_places(), model.bodies_of(None).bodies.as_slice()) else {
            return None;
        };
        let [
            Piece::Literal(before),
            Piece::Slot {
                place: Placeholder::Id,
                ..
            },
            ..,
        ] = sent.template.pieces()
        else {
            return None;
        };
        if !matches!((model.door(), model.scheme()), (Door::Sqs, Scheme::Number)) {
            return None;
        }
        let leaves = model.ends().leaves.iter().enumerate();
        let mut letters = leaves.filter_map(|(index, leaf)| {
            let letter = leaf.letter().filter(|letter| letter.queue.is_none())?;
            Some((index, letter))
        });
        let (leaf, letter) = letters.next()?;
        if letters.next().is_some() || !letter.id_at.is_empty() || !letter.holds.is_empty() {
            return None;
        }
        let may_hold_none = self.bodies_may_hold_no_id();
        let is_plain = |kind| {
            let mut bodies = model.bodies_of(kind).bodies.iter();
            model.is_bare(kind)
                && !(may_hold_none && model.body_may_hold_no_id(kind))
                && bodies.all(|body| body.is_json && body.id_stands_once)
        };
        Some(JustSent {
            plan: self,
            planned,
            leaf,
            before: &before.text,
            good_is_plain: is_plain(None),
            is_plain: (0..model.spec().bad.len())
                .map(|kind| is_plain(Some(kind)))
                .collect(),
        })
    }
}

impl JustSent<'_> {
    /// The slot that such a letter fills.
    pub fn slot(&self) -> Slot {
        slot(self.leaf, 0)
    }

    /// The order of a letter that is byte for byte what the order was sent as: whose it is, which slot it fills and that
    /// nothing about it is odd, as [`OrderPlan::owners_of_letter`] and [`OrderPlan::sight_letter`] find. `None` says nothing:
    /// ask these.
    pub fn order(&self, body: &str) -> Option<u64> {
        let rest = body.strip_prefix(self.before)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (run, k) = Scheme::Number.owner_of(&rest[..digits])?;
        if run != self.plan.run || k >= self.planned {
            return None;
        }
        let (kind, values) = self.plan.drawn(k);
        let is_plain = match kind {
            Some(kind) => self.is_plain[kind],
            None => self.good_is_plain,
        };
        if !is_plain {
            return None;
        }
        let mut out = Matching::new(body);
        self.plan
            .body_of(kind, k)
            .template
            .render(&values, &mut out);
        out.is_whole().then_some(k)
    }
}
