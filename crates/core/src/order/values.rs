//! What the placeholders of one order stand for, and how each is written.

use rand_xoshiro::SplitMix64;

use super::draw::Fields;
use super::drawn::{Drawn, DrawnFields};
use super::id::RunId;
use super::names::Placeholder;
use super::scheme::Id;
use super::sink::{Sink, put_escaped, put_quoted};

/// How a placeholder is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A JSON value.
    Json,
    /// A text, within the quotes of a JSON text.
    Escaped,
    /// A text.
    Plain,
}

/// An order's body, to be put into its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inserted {
    /// The body.
    pub text: String,
    /// Whether it is JSON, and may stand outside quotes as it is.
    pub is_json: bool,
}

/// The values of one order, by name.
#[derive(Debug, Clone)]
pub struct Values<'m> {
    id: Id,
    run: RunId,
    n: u64,
    at: u64,
    due_unix_ms: u64,
    message_id: Option<String>,
    order: Option<Inserted>,
    fields: DrawnFields<'m>,
}

impl<'m> Values<'m> {
    /// Of an order without fields.
    pub fn bare(id: Id, run: RunId, n: u64) -> Self {
        Self::new(id, run, n, 0, DrawnFields::new())
    }

    /// Of an order that is due at this instant, in milliseconds since the Unix epoch.
    pub fn new(
        id: Id,
        run: RunId,
        n: u64,
        due_unix_ms: u64,
        fields: impl Into<DrawnFields<'m>>,
    ) -> Self {
        Self {
            id,
            run,
            n,
            at: 0,
            due_unix_ms,
            message_id: None,
            order: None,
            fields: fields.into(),
        }
    }

    /// Draws the fields of an order that has none yet.
    pub(super) fn draw(&mut self, fields: &'m Fields, rng: &mut SplitMix64) {
        fields.draw_into(rng, self.n, &mut self.fields);
    }

    /// The order's id.
    pub fn id(&self) -> &Id {
        &self.id
    }

    /// The order's sequence number.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// When it is due, in milliseconds since the Unix epoch; zero when that is not known.
    pub fn due_unix_ms(&self) -> u64 {
        self.due_unix_ms
    }

    /// Sets `{{at}}`: the place of an element in its list, from 0.
    pub fn set_at(&mut self, at: u64) {
        self.at = at;
    }

    /// Sets `{{message_id}}`.
    pub fn set_message_id(&mut self, id: String) {
        self.message_id = Some(id);
    }

    /// What `{{message_id}}` stands for, where it was set.
    pub(super) fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }

    /// Sets `{{order}}`.
    pub fn set_order(&mut self, order: Inserted) {
        self.order = Some(order);
    }

    /// Writes what `place` stands for. `inner` are the fields of the list's element that is being written, at place `at`.
    pub(super) fn write(&self, place: &Placeholder, how: How<'_, 'm>, out: &mut impl Sink) {
        match place {
            Placeholder::Id => match &self.id {
                Id::Number(number) => put_number(*number, 0, out),
                Id::Text(text) => put_text(text, how.style, out),
            },
            Placeholder::N => put_number(self.n, how.width, out),
            Placeholder::Run => put_number(u64::from(self.run.get()), how.width, out),
            Placeholder::At => put_number(how.at.unwrap_or(self.at), how.width, out),
            Placeholder::Order => self.put_order(how.style, out),
            // What another row holds is known to the table alone: such a key is read, never written.
            Placeholder::Row(_) => {}
            Placeholder::MessageId => {
                put_text(self.message_id().unwrap_or_default(), how.style, out)
            }
            Placeholder::Field(at) => self.put_drawn(self.fields.get(*at), how, out),
            Placeholder::Inner(at) => self.put_drawn(how.inner.get(*at), how, out),
            Placeholder::Column(at, column) => put_column(self.fields.get(*at), *column, how, out),
            Placeholder::InnerColumn(at, column) => {
                put_column(how.inner.get(*at), *column, how, out)
            }
        }
    }

    fn put_drawn(&self, drawn: Option<&Drawn<'m>>, how: How<'_, 'm>, out: &mut impl Sink) {
        if let Some(drawn) = drawn {
            drawn.write(self, how.style, how.width, out);
        }
    }

    fn put_order(&self, style: Style, out: &mut impl Sink) {
        match (&self.order, style) {
            (None, _) => {}
            (Some(order), Style::Json) if order.is_json => out.put(&order.text),
            (Some(order), style) => put_text(&order.text, style, out),
        }
    }
}

fn put_column(drawn: Option<&Drawn<'_>>, column: usize, how: How<'_, '_>, out: &mut impl Sink) {
    if let Some(Drawn::Row(row)) = drawn {
        row.write(column, how.style, out);
    }
}

/// How and where a placeholder is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'v, 'm> {
    /// As what.
    pub style: Style,
    /// Digits of a whole number at least.
    pub width: u8,
    /// The fields of the list's element that is being written.
    pub inner: &'v [Drawn<'m>],
    /// Its place in the list.
    pub at: Option<u64>,
}

/// Writes a text as `style` asks.
pub(super) fn put_text(text: &str, style: Style, out: &mut impl Sink) {
    match style {
        Style::Json => put_quoted(text, out),
        Style::Escaped => put_escaped(text, out),
        Style::Plain => out.put(text),
    }
}

/// Writes a whole number with zeros before it up to `width` digits.
pub(super) fn put_number(number: u64, width: u8, out: &mut impl Sink) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number);
    for _ in digits.len()..usize::from(width) {
        out.put("0");
    }
    out.put(digits);
}
