//! Whose a letter is, and whether it is what was sent.

use std::collections::BTreeSet;

use super::OrderPlan;
use super::body::IdPlace;
use super::difference::Difference;
use super::door::Door;
use super::ends::{Ends, LetterLeaf};
use super::excerpt::excerpt;
use super::expect::{Known, value_of};
use super::id::RunId;
use super::json::Json;
use super::leaves::{Slot, slot};
use super::locate::{owner_in, owner_of};
use super::names::Placeholder;
use super::pattern::Capture;
use super::pointer::Pointer;
use super::scheme::{Id, Scheme};
use super::sink::Matching;
use super::template::{Piece, Template};

/// Whose a letter is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LetterOwners {
    /// Orders of the run that it names: one in nearly every case, several where a field stands more than once, and readers
    /// would disagree.
    pub orders: Vec<u64>,
    /// Ids of the run that were never planned.
    pub phantoms: Vec<Id>,
    /// What it names otherwise, in words.
    pub named: String,
}

impl OrderPlan {
    /// The order, and the slot it fills, of a letter of the pipeline's dead-letter queue that is byte for byte what the
    /// order was sent as: what [`Self::owners_of_letter`] and [`Self::sight_letter`] find of most letters of simple orders,
    /// without reading JSON. `None` says nothing: ask these.
    pub fn just_sent(&self, planned: u64, body: &str) -> Option<(u64, Slot)> {
        let model = &*self.model;
        let ([_], [sent]) = (model.id_places(), model.bodies_of(None).bodies.as_slice()) else {
            return None;
        };
        let [Piece::Literal(before), Piece::Slot { place, .. }, ..] = sent.template.pieces() else {
            return None;
        };
        let is_simple = matches!(model.door(), Door::Sqs)
            && matches!(model.scheme(), Scheme::Number)
            && matches!(place, Placeholder::Id);
        let rest = body
            .strip_prefix(before.text.as_str())
            .filter(|_| is_simple)?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (run, k) = model.scheme().owner_of(&rest[..digits])?;
        if run != self.run || k >= planned {
            return None;
        }
        let mut leaves = model
            .ends()
            .leaves
            .iter()
            .enumerate()
            .filter_map(|(index, leaf)| {
                let letter = leaf.letter().filter(|letter| letter.queue.is_none())?;
                Some((index, letter))
            });
        let (leaf, letter) = leaves.next()?;
        if leaves.next().is_some() || !letter.id_at.is_empty() || !letter.holds.is_empty() {
            return None;
        }
        let kind = self.kind(k);
        let bodies = &model.bodies_of(kind).bodies;
        let is_told_once = bodies
            .iter()
            .all(|body| body.is_json && body.id_stands_once);
        if !model.is_bare(kind) || self.may_hold_no_id(k) || !is_told_once {
            return None;
        }
        let mut out = Matching::new(body);
        self.write_body(k, &mut out);
        out.is_whole().then(|| (k, slot(leaf, 0)))
    }

    /// Whose a letter is by what stands in its body, of a run with so many orders planned; `queue` is `None` for the
    /// pipeline's dead-letter queue.
    pub fn owners_of_letter(&self, planned: u64, queue: Option<&str>, body: &str) -> LetterOwners {
        let model = &*self.model;
        let mut found = Found {
            scheme: model.scheme(),
            run: self.run,
            planned,
            orders: BTreeSet::new(),
            phantoms: BTreeSet::new(),
            others: Vec::new(),
        };
        let unwrapped = model.document_of(body);
        // A function that sends a letter itself may leave envelope and encoding out.
        let plain = (unwrapped.as_deref() != Some(body)).then_some(body);
        for text in unwrapped.as_deref().into_iter().chain(plain) {
            let document = Json::read(text).ok();
            for place in model.id_places() {
                found.at(place, document.as_ref(), text);
            }
            if found.is_any() {
                break;
            }
        }
        if let Ok(letter) = Json::read(body) {
            for pointer in model.ends().id_pointers(queue) {
                let values = letter.all_at(pointer, 0);
                values
                    .iter()
                    .filter_map(|value| value.plain())
                    .for_each(|text| found.id(text));
            }
        }
        let named = match found.is_any() {
            true => String::new(),
            false => {
                let pointer = model
                    .id_places()
                    .first()
                    .map_or("", |place| place.pointer.as_str());
                found.others_in_words(pointer, unwrapped.as_deref().unwrap_or(body))
            }
        };
        LetterOwners {
            orders: found.orders.into_iter().collect(),
            phantoms: found.phantoms.into_iter().collect(),
            named,
        }
    }
}

impl Ends {
    fn id_pointers(&self, queue: Option<&str>) -> impl Iterator<Item = &Pointer> {
        let letters = self.leaves.iter().filter_map(|leaf| leaf.letter());
        let here = letters.filter(move |letter| letter.queue.as_deref() == queue);
        here.flat_map(|letter| &letter.id_at)
    }
}

/// What ids were found in a letter.
struct Found<'a> {
    scheme: &'a Scheme,
    run: RunId,
    planned: u64,
    orders: BTreeSet<u64>,
    phantoms: BTreeSet<Id>,
    others: Vec<String>,
}

impl Found<'_> {
    fn id(&mut self, text: &str) {
        match owner_of(self.scheme, text) {
            Ok(owner) => self.owner(owner),
            Err(()) => self.others.push(text.to_owned()),
        }
    }

    fn owner(&mut self, (run, k, id): (RunId, u64, Id)) {
        if run != self.run {
            self.others.push(id.to_string());
        } else if k < self.planned {
            self.orders.insert(k);
        } else {
            self.phantoms.insert(id);
        }
    }

    /// What stands at a place that tells whose it is: in a document, or in a text that is none.
    fn at(&mut self, place: &IdPlace, document: Option<&Json<'_>>, text: &str) {
        if place.pointer.is_empty() {
            return self.text(&place.template, text);
        }
        let (Some(document), Ok(pointer)) = (document, Pointer::parse(&place.pointer)) else {
            return;
        };
        let values = document.all_at(&pointer, 0);
        values
            .iter()
            .filter_map(|value| value.plain())
            .for_each(|text| self.text(&place.template, text));
    }

    fn text(&mut self, template: &Template, text: &str) {
        let Some(captures) = template.matches(text) else {
            return self.others.push(text.to_owned());
        };
        match owner_in(self.scheme, std::slice::from_ref(&captures)) {
            Ok(owner) => self.owner(owner),
            Err(()) => self
                .others
                .push(captures.get(Capture::Id).unwrap_or(text).to_owned()),
        }
    }

    fn is_any(&self) -> bool {
        !self.orders.is_empty() || !self.phantoms.is_empty()
    }

    /// What a letter names that is nobody's here. What else it holds is nobody's business.
    fn others_in_words(&self, pointer: &str, text: &str) -> String {
        let number = self.others.iter().find_map(|text| whole(text));
        if let (Scheme::Number, Some(number)) = (self.scheme, number) {
            return format!("order {number}");
        }
        let Ok(document) = Json::read_object(text) else {
            return "not a JSON object".into();
        };
        let Ok(pointer) = Pointer::parse(pointer) else {
            return "no id".into();
        };
        let name = pointer.top_level().unwrap_or(pointer.as_str());
        match document.at(&pointer, 0) {
            None => format!("no `{}`", excerpt(name)),
            Some(value) => format!("`{}` is {}", excerpt(name), excerpt(value.text())),
        }
    }
}

fn whole(text: &str) -> Option<u64> {
    super::Decimal::parse(text)?.as_u64()
}

/// Where a letter differs from what its order leaves in that queue; `sent` is the message's body as it was sent, `arrived`
/// the letter's without what the door put around it.
pub(super) fn letter_differs(
    leaf: &LetterLeaf,
    known: Known<'_, '_>,
    sent: &str,
    (body, arrived): (&str, &str),
) -> Option<Difference> {
    if !leaf.holds.is_empty() {
        return holds_differ(leaf, known, body);
    }
    let body = arrived;
    if body == sent {
        return None;
    }
    match (Json::read(sent), Json::read(body)) {
        (Ok(expected), Ok(found)) => super::compare::differs(&expected, &found),
        (Ok(_), Err(flaw)) => Some(super::compare::unreadable(&flaw, body)),
        (Err(_), _) => Some(Difference::of(super::WHOLE, sent, body)),
    }
}

fn holds_differ(leaf: &LetterLeaf, known: Known<'_, '_>, body: &str) -> Option<Difference> {
    let letter = match Json::read(body) {
        Ok(letter) => letter,
        Err(flaw) => return Some(super::compare::unreadable(&flaw, body)),
    };
    let differs = leaf.holds.iter().filter_map(|(pointer, expect)| {
        let found = letter.all_at(pointer, 0);
        if found.len() > 1 {
            return Some(Difference::of(
                pointer.as_str(),
                "one value",
                "given more than once",
            ));
        }
        let found = found.first().map(|value| value_of(value));
        let name = pointer.as_str().trim_start_matches('/');
        expect
            .differs(known, found.as_ref())
            .map(|difference| difference.within(name))
    });
    { differs }.next()
}
