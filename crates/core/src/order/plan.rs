//! The orders of a run: everything about order `k` follows from the plan and `k`.

use std::sync::Arc;

use rand_xoshiro::rand_core::Rng;

use super::body::Body as OrderBody;
use super::drawn::DrawnFields;
use super::id::RunId;
use super::model::Model;
use super::random::{Stream, generator, unit_interval};
use super::scheme::Id;
use super::sink::Sink;
use super::spec::STORED;
use super::times::Times;
use super::values::Values;

/// What every order of a run contains: a pure function of the seed and the sequence number.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderPlan {
    /// The run the orders belong to.
    pub run: RunId,
    /// The plan's seed.
    pub seed: u64,
    /// The share of bad orders, 0.0 to 1.0.
    pub bad_share: f64,
    /// What an order is, and where it ends.
    pub model: Arc<Model>,
    /// When orders are due, where they say so: see [`Model::needs_times`].
    pub times: Option<Times>,
}

impl OrderPlan {
    /// The same with the instants at which orders are due.
    pub fn due(self, times: Times) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// When order `k` is due, in milliseconds since the Unix epoch; zero when the plan has no times, or needs none.
    pub fn due_unix_ms(&self, k: u64) -> u64 {
        match &self.times {
            Some(times) if self.model.needs_times() => times.due_unix_ms(k),
            _ => 0,
        }
    }

    /// The id of order `k`.
    pub fn id(&self, k: u64) -> Id {
        self.model.id(self.run, k, Some(self.due_unix_ms(k)))
    }

    /// Whether order `k` is one that does not belong to a good end.
    pub fn is_bad(&self, k: u64) -> bool {
        let mut rng = generator(self.seed, Stream::Content, k);
        self.is_bad_by(rng.next_u64())
    }

    fn is_bad_by(&self, bits: u64) -> bool {
        unit_interval(bits) < self.bad_share && !self.model.spec().bad.is_empty()
    }

    /// Which kind of bad orders `k` is one of, by its place in the specification; `None` for a good one.
    pub fn kind(&self, k: u64) -> Option<usize> {
        self.is_bad(k).then(|| self.kind_of_bad(k))
    }

    fn kind_of_bad(&self, k: u64) -> usize {
        let sums = &self.model.kind_sums;
        if sums.len() < 2 {
            return 0;
        }
        let total = sums.last().copied().unwrap_or_default();
        let drawn = unit_interval(generator(self.seed, Stream::Kinds, k).next_u64()) * total;
        sums.partition_point(|&sum| sum <= drawn)
            .min(sums.len() - 1)
    }

    /// The name of the end that order `k` belongs to; of a good one the first of its good ends.
    pub fn end(&self, k: u64) -> &str {
        let spec = self.model.spec();
        match self.kind(k) {
            Some(kind) => &spec.bad[kind].end,
            None => spec.good_ends.first().map_or(STORED, String::as_str),
        }
    }

    /// What the placeholders of order `k` stand for.
    pub fn values(&self, k: u64) -> Values<'_> {
        self.drawn(k).1
    }

    /// Which kind of bad orders `k` is one of, and what its placeholders stand for.
    // Inlined, so that the values are drawn where they stay.
    #[inline]
    pub(super) fn drawn(&self, k: u64) -> (Option<usize>, Values<'_>) {
        let mut rng = generator(self.seed, Stream::Content, k);
        let kind = self.is_bad_by(rng.next_u64()).then(|| self.kind_of_bad(k));
        let due_unix_ms = self.due_unix_ms(k);
        let id = self.model.id(self.run, k, Some(due_unix_ms));
        let mut values = Values::new(id, self.run, k, due_unix_ms, DrawnFields::new());
        values.draw(self.model.fields_of(kind), &mut rng);
        (kind, values)
    }

    /// Appends the body of the message of order `k`, as it is sent, to `out`.
    pub fn write_body(&self, k: u64, out: &mut impl Sink) {
        let (kind, values) = self.drawn(k);
        let body = self.body_of(kind, k);
        if self.model.is_bare(kind) {
            return body.template.render(&values, out);
        }
        let dressed = self.model.dressed(kind, body, values, self.tag(k));
        out.put(&dressed);
    }

    /// The document of order `k` as that order was sent, before encoding and envelope; `None` when it is not JSON.
    pub fn order_json(&self, k: u64) -> Option<String> {
        let (text, is_json) = self.order_text(k)?;
        is_json.then_some(text)
    }

    /// The same for any document, and whether it is JSON; `None` when it was cut short.
    pub fn order_text(&self, k: u64) -> Option<(String, bool)> {
        let (kind, values) = self.drawn(k);
        if kind.is_some_and(|kind| self.model.spec().bad[kind].cut.is_some()) {
            return None;
        }
        let body = self.body_of(kind, k);
        Some((body.template.rendered(&values), body.is_json))
    }

    /// The body of order `k`, of this kind, before encoding and envelope.
    pub(super) fn body_of(&self, kind: Option<usize>, k: u64) -> &OrderBody {
        self.model.body_of(kind, k, || self.random_body(k))
    }

    /// Which body of a replay order `k` takes at random.
    fn random_body(&self, k: u64) -> u64 {
        generator(self.seed, Stream::Replay, k).next_u64()
    }

    /// Sets the message of order `k` apart from every other one, as a version 4 UUID.
    fn tag(&self, k: u64) -> u128 {
        let mut rng = generator(self.seed, Stream::Envelope, k);
        let bits = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
        super::draw::version_4(bits)
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
