//! Texts with placeholders, compiled once: rendering an order parses nothing.
//!
//! `{{name}}` stands for a value; `{{n:09}}` for a whole number with zeros up to nine digits. In JSON a placeholder outside
//! quotes gives a JSON value, and within quotes its text, escaped.

use super::drawn::Drawn;
use super::mistake::Mistake;
use super::names::{Names, Placeholder};
use super::pattern::{Capture, Captures, Pattern};
use super::scheme::Scheme;
use super::sink::{Literal, Sink};
use super::values::{How, Style, Values};

/// Digits a width may ask for.
const WIDTH_MAX: u8 = 40;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that stands for itself.
    Literal(Literal),
    /// A placeholder.
    Slot {
        /// What it stands for.
        place: Placeholder,
        /// How it is written.
        style: Style,
        /// Digits at least.
        width: u8,
    },
    /// `*` of a key: what nobody knows.
    Unknown,
}

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    pieces: Vec<Piece>,
    pattern: Pattern,
}

impl Template {
    /// A text, such as a message attribute.
    ///
    /// # Errors
    /// When a placeholder is not closed, unknown, or has a width that it cannot have.
    pub fn text(text: &str, names: &Names) -> Result<Self, Mistake> {
        Ok(Self::of(read(text, names, |_| Style::Plain)?, names))
    }

    /// A key: `*` in it is what nobody knows.
    ///
    /// # Errors
    /// As [`Template::text`].
    pub fn key(text: &str, names: &Names) -> Result<Self, Mistake> {
        let pieces = read(text, names, |_| Style::Plain)?;
        let split = pieces.into_iter().flat_map(|piece| match piece {
            Piece::Literal(literal) => split_unknown(&literal.text),
            slot => vec![slot],
        });
        Ok(Self::of(split.collect(), names))
    }

    /// JSON. That it is JSON is for the caller to see to.
    ///
    /// # Errors
    /// As [`Template::text`].
    pub fn json(text: &str, names: &Names) -> Result<Self, Mistake> {
        let mut quotes = Quotes::default();
        let pieces = read(text, names, |literal| quotes.after(literal))?;
        let bare_width = pieces.iter().any(
            |piece| matches!(piece, Piece::Slot { style: Style::Json, width, .. } if *width > 0),
        );
        if bare_width {
            return Err(Mistake::new(
                "a number with leading zeros is not JSON",
                "put the placeholder within quotes, or leave out its width",
            ));
        }
        Ok(Self::of(pieces, names))
    }

    pub(super) fn of(pieces: Vec<Piece>, names: &Names) -> Self {
        let pattern = Pattern::new(&pieces, names);
        Self { pieces, pattern }
    }

    /// Appends the text for `values`. `*` and rows that were not set give nothing.
    pub fn render(&self, values: &Values<'_>, out: &mut impl Sink) {
        self.render_element(values, &[], None, out);
    }

    /// The text for `values`.
    pub fn rendered(&self, values: &Values<'_>) -> String {
        let mut out = String::new();
        self.render(values, &mut out);
        out
    }

    /// The text for `values` as a person reads it: `*` for what nobody knows, `{{row.NAME}}` for what another row holds.
    pub fn shown(&self, values: &Values<'_>) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Unknown => out.push('*'),
                Piece::Slot {
                    place: Placeholder::Row(name),
                    ..
                } => out.push_str(&format!("{{{{row.{name}}}}}")),
                Piece::Slot {
                    place: Placeholder::MessageId,
                    ..
                } => out.push_str(values.message_id().unwrap_or("{{message_id}}")),
                piece => Self::render_piece(piece, values, &[], None, &mut out),
            }
        }
        out
    }

    /// Appends the text of the element at place `at` of a list, which has fields of its own.
    pub(super) fn render_element<'m>(
        &self,
        values: &Values<'m>,
        inner: &[Drawn<'m>],
        at: Option<u64>,
        out: &mut impl Sink,
    ) {
        for piece in &self.pieces {
            Self::render_piece(piece, values, inner, at, out);
        }
    }

    fn render_piece<'m>(
        piece: &Piece,
        values: &Values<'m>,
        inner: &[Drawn<'m>],
        at: Option<u64>,
        out: &mut impl Sink,
    ) {
        match piece {
            Piece::Literal(literal) => out.put_literal(literal),
            Piece::Slot {
                place,
                style,
                width,
            } => {
                let (style, width) = (*style, *width);
                let how = How {
                    style,
                    width,
                    inner,
                    at,
                };
                values.write(place, how, out);
            }
            Piece::Unknown => {}
        }
    }

    /// What is known of the text for `values`: the parts before, between and after what is not.
    pub(super) fn known_parts(&self, values: &Values<'_>, at: Option<u64>) -> Vec<String> {
        let mut parts = vec![String::new()];
        for piece in &self.pieces {
            match piece {
                Piece::Unknown
                | Piece::Slot {
                    place: Placeholder::Row(_) | Placeholder::MessageId,
                    ..
                } => parts.push(String::new()),
                piece => {
                    let last = parts.last_mut().expect("there is always one");
                    Self::render_piece(piece, values, &[], at, last);
                }
            }
        }
        parts
    }

    /// The bytes it gives at most, escapes apart, when an order's fields, and those of a list's element, have at most so
    /// many each.
    pub(super) fn length_max(&self, fields: &[u64], inner: &[u64]) -> u64 {
        let of = |piece: &Piece| match piece {
            Piece::Literal(literal) => literal.text.len() as u64,
            Piece::Slot { place, .. } => match place {
                Placeholder::Field(at) => fields.get(*at).copied().unwrap_or(1),
                Placeholder::Inner(at) => inner.get(*at).copied().unwrap_or(1),
                _ => 1,
            },
            Piece::Unknown => 0,
        };
        self.pieces.iter().map(of).fold(0, u64::saturating_add)
    }

    /// What the placeholders stand for when this template gives `text`, in time linear in its length; `None` when it does
    /// not. Meant for texts and keys, not for JSON.
    pub fn matches<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.pattern.matches(text)
    }

    /// Whether all of it is known before the order is sent.
    pub fn is_known(&self) -> bool {
        !self.is_made_up() && !self.names_message()
    }

    /// Whether all of it is known with these values, the id of the message among them where it was set.
    pub(super) fn is_known_with(&self, values: &Values<'_>) -> bool {
        !self.is_made_up() && (values.message_id().is_some() || !self.names_message())
    }

    /// Whether a part of it is the consumer's own: `*`, or `{{row.NAME}}`.
    pub fn is_made_up(&self) -> bool {
        self.links().next().is_some() || self.pieces.contains(&Piece::Unknown)
    }

    /// Whether it holds the id of the order's message.
    pub fn names_message(&self) -> bool {
        self.count_of(Capture::MessageId) > 0
    }

    /// Whether what it gives follows from run and sequence number alone, whatever the seed and the instant of the run.
    pub(super) fn is_of_the_id(&self, scheme: &Scheme) -> bool {
        let is_fixed = |place: &Placeholder| match place {
            Placeholder::Id => !scheme.needs_times(),
            Placeholder::N | Placeholder::Run | Placeholder::At => true,
            _ => false,
        };
        self.is_known() && self.places().all(is_fixed)
    }

    /// The attributes of another row that it refers to.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.places().filter_map(|place| match place {
            Placeholder::Row(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The attribute of another row that it refers to, and what that row must hold there when this gives `text`; for
    /// templates of one such attribute and literal text around it.
    pub(super) fn link_in<'t>(&self, text: &'t str) -> Option<(&str, &'t str)> {
        let (name, before, after) = match self.pieces.as_slice() {
            [
                Piece::Slot {
                    place: Placeholder::Row(name),
                    ..
                },
            ] => (name, "", ""),
            [
                Piece::Literal(before),
                Piece::Slot {
                    place: Placeholder::Row(name),
                    ..
                },
            ] => (name, before.text.as_str(), ""),
            [
                Piece::Slot {
                    place: Placeholder::Row(name),
                    ..
                },
                Piece::Literal(after),
            ] => (name, "", after.text.as_str()),
            [
                Piece::Literal(before),
                Piece::Slot {
                    place: Placeholder::Row(name),
                    ..
                },
                Piece::Literal(after),
            ] => (name, before.text.as_str(), after.text.as_str()),
            _ => return None,
        };
        let inner = text.strip_prefix(before)?.strip_suffix(after)?;
        Some((name, inner))
    }

    /// Whether it tells which order it belongs to: it holds the id, or run and sequence number.
    pub fn tells_order(&self) -> bool {
        let has = |capture| self.count_of(capture) > 0;
        has(Capture::Id) || has(Capture::Run) && has(Capture::N)
    }

    /// How often a placeholder stands in it.
    pub(super) fn count_of(&self, capture: Capture) -> usize {
        let is_it = |place: &&Placeholder| Capture::of(place) == Some(capture);
        self.places().filter(is_it).count()
    }

    /// Whether where a number ends cannot be told from what follows it.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.pattern.is_ambiguous()
    }

    pub(super) fn places(&self) -> impl Iterator<Item = &Placeholder> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Slot { place, .. } => Some(place),
            Piece::Literal(_) | Piece::Unknown => None,
        })
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }
}

/// Reads a text; `style` is asked with each literal, in order, how a placeholder after it is written.
fn read(
    text: &str,
    names: &Names,
    mut style: impl FnMut(&str) -> Style,
) -> Result<Vec<Piece>, Mistake> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inside, after)) = after.split_once("}}") else {
            return Err(Mistake::new(
                "a placeholder is not closed",
                "write it as {{name}}",
            ));
        };
        let style = style(before);
        if !before.is_empty() {
            pieces.push(Piece::Literal(Literal::new(before)));
        }
        let (place, width) = read_placeholder(inside.trim(), names)?;
        pieces.push(Piece::Slot {
            place,
            style,
            width,
        });
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(Literal::new(rest)));
    }
    Ok(pieces)
}

fn read_placeholder(inside: &str, names: &Names) -> Result<(Placeholder, u8), Mistake> {
    let Some((name, width)) = inside.split_once(':') else {
        return Ok((names.resolve(inside)?.0, 0));
    };
    let (place, may_have_width) = names.resolve(name.trim())?;
    if !may_have_width {
        return Err(Mistake::new(
            format!("`{name}` is not a whole number and has no width"),
            format!("write {{{{{name}}}}}"),
        ));
    }
    let digits = width.trim().strip_prefix('0');
    let digits = digits.and_then(|digits| digits.parse::<u8>().ok());
    match digits {
        Some(digits) if (1..=WIDTH_MAX).contains(&digits) => Ok((place, digits)),
        _ => Err(Mistake::new(
            format!("`{width}` is not a width"),
            format!("write a zero and the digits, up to {WIDTH_MAX}: {{{{{name}:09}}}}"),
        )),
    }
}

fn split_unknown(literal: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, part) in literal.split('*').enumerate() {
        if at > 0 && pieces.last() != Some(&Piece::Unknown) {
            pieces.push(Piece::Unknown);
        }
        if !part.is_empty() {
            pieces.push(Piece::Literal(Literal::new(part)));
        }
    }
    pieces
}

/// Whether the text read so far ends within a JSON text.
#[derive(Debug, Default)]
struct Quotes {
    inside: bool,
}

impl Quotes {
    fn after(&mut self, literal: &str) -> Style {
        let mut escaped = false;
        for byte in literal.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if self.inside => escaped = true,
                b'"' => self.inside = !self.inside,
                _ => {}
            }
        }
        match self.inside {
            true => Style::Escaped,
            false => Style::Json,
        }
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
