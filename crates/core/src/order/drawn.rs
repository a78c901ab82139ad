//! What was drawn for a field of one order, and how it is written.
//!
//! Long texts and lists are kept as the seed they come from, so that only who writes them pays for them.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use smallvec::SmallVec;

use super::draw::{Constant, DataTable, ListDraw, TextDraw};
use super::instant::write_instant;
use super::scheme::put_hyphenated;
use super::sink::Sink;
use super::spec::TimeFormat;
use super::values::{Style, Values, put_number, put_text};

/// The values of an order's fields: of usual orders without memory of their own.
pub(super) type DrawnFields<'m> = SmallVec<[Drawn<'m>; 8]>;

/// A field's value in one order.
#[derive(Debug, Clone, Copy)]
pub enum Drawn<'m> {
    /// One of several.
    Picked(&'m Constant),
    /// A whole number.
    Whole(i64),
    /// A decimal, as a whole number of its last digit.
    Decimal {
        /// Of the last digit, so many.
        scaled: i64,
        /// Digits after the point.
        places: u8,
    },
    /// True or false.
    Flag(bool),
    /// Letters and digits.
    Text(&'m TextDraw, Seed),
    /// The instant the order is due.
    Instant(TimeFormat),
    /// A UUID of version 4: its bits, the first 64 first.
    NewUuid([u64; 2]),
    /// A list.
    List(&'m ListDraw, Seed),
    /// A row of data.
    Row(Row<'m>),
}

/// What decides a text or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// Random numbers that start here.
    Of(u64),
    /// Nothing: it is the largest there is.
    Largest,
    /// Nothing: a list of as few elements as there may be.
    Smallest,
}

impl Seed {
    fn generator(self) -> SplitMix64 {
        let seed = match self {
            Self::Of(seed) => seed,
            Self::Largest | Self::Smallest => 0,
        };
        SplitMix64::from_seed(seed.to_le_bytes())
    }
}

/// A row of a table of data.
#[derive(Debug, Clone, Copy)]
pub struct Row<'m> {
    pub(super) table: &'m DataTable,
    pub(super) index: usize,
}

impl Row<'_> {
    /// Writes what stands in a column.
    pub(super) fn write(&self, column: usize, style: Style, out: &mut impl Sink) {
        let cell = self.table.rows.get(self.index);
        let text = cell
            .and_then(|row| row.get(column))
            .map_or("", String::as_str);
        let is_json = self.table.json.get(column).copied().unwrap_or(false);
        match style {
            Style::Json if is_json => out.put(text),
            style => put_text(text, style, out),
        }
    }
}

impl<'m> Drawn<'m> {
    /// Writes it as `style` asks; a whole number with at least `width` digits.
    pub(super) fn write(&self, values: &Values<'m>, style: Style, width: u8, out: &mut impl Sink) {
        match self {
            Self::Picked(constant) => constant.write(style, out),
            Self::Whole(number) => {
                if *number < 0 {
                    out.put("-");
                }
                put_number(number.unsigned_abs(), width, out);
            }
            Self::Decimal { scaled, places } => put_decimal(*scaled, *places, out),
            Self::Flag(flag) => out.put(if *flag { "true" } else { "false" }),
            Self::Text(draw, seed) => quoted(style, out, |out| put_letters(draw, *seed, out)),
            Self::Instant(format) => {
                let is_text = matches!(format, TimeFormat::Rfc3339 | TimeFormat::Date);
                let style = if is_text { style } else { Style::Plain };
                quoted(style, out, |out| {
                    write_instant(values.due_unix_ms(), *format, out);
                });
            }
            Self::NewUuid([first, last]) => {
                let bits = u128::from(*first) << 64 | u128::from(*last);
                quoted(style, out, |out| put_hyphenated(bits, out));
            }
            Self::List(draw, seed) => put_list(draw, *seed, values, style, out),
            // A row is written by its columns.
            Self::Row(_) => {}
        }
    }
}

/// Writes a text in which nothing needs an escape.
fn quoted<S: Sink>(style: Style, out: &mut S, write: impl FnOnce(&mut S)) {
    let mark = if style == Style::Json { "\"" } else { "" };
    out.put(mark);
    write(out);
    out.put(mark);
}

fn put_decimal(scaled: i64, places: u8, out: &mut impl Sink) {
    if scaled < 0 {
        out.put("-");
    }
    let unit = 10_u64.pow(u32::from(places));
    let amount = scaled.unsigned_abs();
    put_number(amount / unit, 0, out);
    if places > 0 {
        out.put(".");
        put_number(amount % unit, places, out);
    }
}

/// Five bits choose one.
const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

fn put_letters(draw: &TextDraw, seed: Seed, out: &mut impl Sink) {
    let mut rng = seed.generator();
    let mut left = match seed {
        Seed::Of(_) => draw.length(rng.next_u64()),
        Seed::Largest | Seed::Smallest => draw.most,
    } as usize;
    while left > 0 {
        let bits = rng.next_u64();
        let mut chunk = [0_u8; 12];
        for (at, letter) in chunk.iter_mut().enumerate() {
            *letter = LETTERS[(bits >> (5 * at)) as usize & 0x1f];
        }
        let count = left.min(chunk.len());
        out.put(std::str::from_utf8(&chunk[..count]).unwrap_or_default());
        left -= count;
    }
}

fn put_list<'m>(
    draw: &'m ListDraw,
    seed: Seed,
    values: &Values<'m>,
    style: Style,
    out: &mut impl Sink,
) {
    if style != Style::Json {
        let mut json = String::new();
        put_list(draw, seed, values, Style::Json, &mut json);
        return put_text(&json, style, out);
    }
    let mut rng = seed.generator();
    let count = match seed {
        Seed::Of(_) => draw.count(rng.next_u32()),
        Seed::Largest => draw.most,
        Seed::Smallest => draw.least,
    };
    out.put("[");
    for at in 0..u64::from(count) {
        if at > 0 {
            out.put(", ");
        }
        let inner = match seed {
            Seed::Of(_) => draw.fields.draw(&mut rng, values.n()),
            Seed::Largest => draw.fields.largest(),
            Seed::Smallest => draw.fields.smallest(),
        };
        draw.of.render_element(values, &inner, Some(at), out);
    }
    out.put("]");
}
