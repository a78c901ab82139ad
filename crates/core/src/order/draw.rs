//! How the fields of an order are drawn, compiled.
//!
//! An order's fields are drawn one after the other in the order of their names, from one generator. Each takes at most two
//! draws of it; texts and lists go on with generators of their own.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::Rng;
use statrs::function::erf::erf_inv;

use super::drawn::{Drawn, DrawnFields, Row, Seed};
use super::random::unit_interval;
use super::sink::{Sink, put_escaped};
use super::spec::{Take, TimeFormat};
use super::template::Template;
use super::values::Style;

/// The fields of an order or of an element of a list, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub(super) draws: Vec<Draw>,
}

impl Fields {
    /// What order `n` holds in each.
    pub(super) fn draw(&self, rng: &mut SplitMix64, n: u64) -> DrawnFields<'_> {
        let mut drawn = DrawnFields::new();
        self.draw_into(rng, n, &mut drawn);
        drawn
    }

    /// The same where it is to stand.
    pub(super) fn draw_into<'m>(
        &'m self,
        rng: &mut SplitMix64,
        n: u64,
        drawn: &mut DrawnFields<'m>,
    ) {
        drawn.extend(self.draws.iter().map(|draw| draw.draw(rng, n)));
    }

    /// The longest that each can be.
    pub(super) fn largest(&self) -> DrawnFields<'_> {
        self.draws.iter().map(Draw::largest).collect()
    }

    /// What each is in the order with the fewest elements: lists as short as they may be.
    pub(super) fn smallest(&self) -> DrawnFields<'_> {
        self.draws.iter().map(Draw::smallest).collect()
    }

    /// The most bytes of each, escapes apart: what is certain without writing them.
    pub(super) fn lengths_max(&self) -> Vec<u64> {
        self.draws.iter().map(Draw::length_max).collect()
    }

    /// Whether one says when the order is due.
    pub(super) fn needs_times(&self) -> bool {
        self.draws.iter().any(|draw| match draw {
            Draw::Time(_) => true,
            Draw::List(list) => list.fields.needs_times(),
            _ => false,
        })
    }
}

/// How one field is drawn.
#[derive(Debug, Clone)]
pub(super) enum Draw {
    /// One of several, all alike.
    Pick(Vec<Constant>),
    /// One of several by weight; each with the sum of the weights up to it.
    Weighted(Vec<(f64, Constant)>),
    /// A whole number from `least` on.
    Whole(Span),
    /// A decimal.
    Decimal(Span, u8),
    /// True with this probability.
    Flag(f64),
    /// Letters and digits.
    Text(TextDraw),
    /// The instant the order is due.
    Time(TimeFormat),
    /// A UUID of version 4.
    NewUuid,
    /// A list.
    List(Box<ListDraw>),
    /// A row of data.
    Data(DataTable),
}

impl Draw {
    fn draw(&self, rng: &mut SplitMix64, n: u64) -> Drawn<'_> {
        match self {
            Self::Pick(values) => Drawn::Picked(&values[below(rng, values.len())]),
            Self::Weighted(values) => {
                let total = values.last().map_or(0.0, |(sum, _)| *sum);
                let drawn = unit_interval(rng.next_u64()) * total;
                let at = values.partition_point(|(sum, _)| *sum <= drawn);
                Drawn::Picked(&values[at.min(values.len() - 1)].1)
            }
            Self::Whole(span) => Drawn::Whole(span.draw(rng)),
            Self::Decimal(span, places) => Drawn::Decimal {
                scaled: span.draw(rng),
                places: *places,
            },
            Self::Flag(share) => Drawn::Flag(unit_interval(rng.next_u64()) < *share),
            Self::Text(text) => Drawn::Text(text, Seed::Of(rng.next_u64())),
            Self::Time(format) => Drawn::Instant(*format),
            Self::NewUuid => {
                let bits = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
                new_uuid(bits)
            }
            Self::List(list) => Drawn::List(list, Seed::Of(rng.next_u64())),
            Self::Data(table) => Drawn::Row(table.draw(rng, n)),
        }
    }

    fn length_max(&self) -> u64 {
        let longest = |constant: &Constant| constant.text.len() as u64;
        match self {
            Self::Pick(values) => values.iter().map(longest).max().unwrap_or(0),
            Self::Weighted(values) => values.iter().map(|(_, v)| longest(v)).max().unwrap_or(0),
            Self::Text(text) => u64::from(text.most),
            Self::List(list) => {
                let element = list.of.length_max(&[], &list.fields.lengths_max());
                u64::from(list.most).saturating_mul(element)
            }
            _ => 1,
        }
    }

    fn smallest(&self) -> Drawn<'_> {
        let elements = |value: &&Constant| {
            let json: Option<serde_json::Value> = serde_json::from_str(&value.json).ok();
            let list = json.as_ref().and_then(serde_json::Value::as_array);
            list.map_or(0, Vec::len)
        };
        let picked = match self {
            Self::List(list) => return Drawn::List(list, Seed::Smallest),
            Self::Pick(values) => values.iter().min_by_key(elements),
            Self::Weighted(values) => {
                let before = |at: usize| at.checked_sub(1).map_or(0.0, |before| values[before].0);
                let drawn = (0..values.len()).filter(|&at| values[at].0 > before(at));
                drawn.map(|at| &values[at].1).min_by_key(elements)
            }
            _ => None,
        };
        picked.map_or_else(|| self.largest(), Drawn::Picked)
    }

    fn largest(&self) -> Drawn<'_> {
        let longest = |one: &Constant, other: &Constant| one.json.len().cmp(&other.json.len());
        match self {
            Self::Pick(values) => match values.iter().max_by(|a, b| longest(a, b)) {
                Some(value) => Drawn::Picked(value),
                None => Drawn::Flag(false),
            },
            Self::Weighted(values) => {
                match values.iter().map(|(_, v)| v).max_by(|a, b| longest(a, b)) {
                    Some(value) => Drawn::Picked(value),
                    None => Drawn::Flag(false),
                }
            }
            Self::Whole(span) => Drawn::Whole(span.longest()),
            Self::Decimal(span, places) => Drawn::Decimal {
                scaled: span.longest(),
                places: *places,
            },
            Self::Flag(_) => Drawn::Flag(false),
            Self::Text(text) => Drawn::Text(text, Seed::Largest),
            Self::Time(format) => Drawn::Instant(*format),
            Self::NewUuid => new_uuid(0),
            Self::List(list) => Drawn::List(list, Seed::Largest),
            Self::Data(table) => Drawn::Row(table.largest()),
        }
    }
}

/// One of so many places, of which there is one. A remainder of 32 bits takes half as long as one of 64.
fn below(rng: &mut SplitMix64, count: usize) -> usize {
    match u32::try_from(count) {
        Ok(count) => (rng.next_u32() % count) as usize,
        Err(_) => rng.next_u32() as usize,
    }
}

fn new_uuid(bits: u128) -> Drawn<'static> {
    let bits = version_4(bits);
    Drawn::NewUuid([(bits >> 64) as u64, bits as u64])
}

/// Random bits as those of a UUID of version 4.
pub(super) fn version_4(bits: u128) -> u128 {
    (bits & !(0xf << 76) & !(0b11 << 62)) | 0x4 << 76 | 0b10 << 62
}

/// Whole numbers within both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub least: i64,
    pub most: i64,
}

impl Span {
    fn draw(self, rng: &mut SplitMix64) -> i64 {
        let beyond = self.most.wrapping_sub(self.least) as u64;
        let drawn = match u32::try_from(beyond) {
            Ok(u32::MAX) => u64::from(rng.next_u32()),
            Ok(beyond) => u64::from(rng.next_u32() % (beyond + 1)),
            Err(_) => match beyond.checked_add(1) {
                Some(count) => rng.next_u64() % count,
                None => rng.next_u64(),
            },
        };
        self.least.wrapping_add(drawn as i64)
    }

    fn longest(self) -> i64 {
        let digits = |number: i64| number.to_string().len();
        match digits(self.least) > digits(self.most) {
            true => self.least,
            false => self.most,
        }
    }
}

/// A value that is given, in each spelling that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    pub(super) json: String,
    text: String,
    escaped: String,
}

impl Constant {
    /// The value of a JSON text.
    ///
    /// # Errors
    /// When it is not JSON.
    pub(super) fn new(json: &str) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| error.to_string())?;
        let json = json.trim().to_owned();
        let text = match value {
            serde_json::Value::String(text) => text,
            _ => json.clone(),
        };
        let mut escaped = String::new();
        put_escaped(&text, &mut escaped);
        Ok(Self {
            json,
            text,
            escaped,
        })
    }

    pub(super) fn write(&self, style: Style, out: &mut impl Sink) {
        out.put(match style {
            Style::Json => &self.json,
            Style::Escaped => &self.escaped,
            Style::Plain => &self.text,
        });
    }
}

/// The standard normal's quantile of 99%.
const Z99: f64 = 2.326_347_874_040_841;

/// Texts whose lengths are log-normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextDraw {
    ln_median: f64,
    sigma: f64,
    pub(super) most: u32,
}

impl TextDraw {
    pub(super) fn new(p50: u32, p99: u32) -> Self {
        let ln_median = f64::from(p50.max(1)).ln();
        Self {
            ln_median,
            sigma: (f64::from(p99.max(1)).ln() - ln_median) / Z99,
            most: p99.saturating_mul(4),
        }
    }

    /// The length that these random bits decide.
    pub(super) fn length(&self, bits: u64) -> u32 {
        let z = std::f64::consts::SQRT_2 * erf_inv(2.0 * unit_interval(bits) - 1.0);
        let length = (self.ln_median + self.sigma * z).exp().round();
        length.clamp(0.0, f64::from(self.most)) as u32
    }
}

/// Lists.
#[derive(Debug, Clone)]
pub struct ListDraw {
    pub(super) least: u32,
    pub(super) most: u32,
    pub(super) of: Template,
    pub(super) fields: Fields,
}

impl ListDraw {
    pub(super) fn count(&self, bits: u32) -> u32 {
        self.least + bits % (self.most - self.least + 1)
    }
}

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataTable {
    pub(super) rows: Vec<Vec<String>>,
    /// Of each column, whether all its texts are JSON numbers, `true`, `false` or `null`, and stand for themselves.
    pub(super) json: Vec<bool>,
    pub(super) take: Take,
}

impl DataTable {
    fn draw(&self, rng: &mut SplitMix64, n: u64) -> Row<'_> {
        let count = self.rows.len() as u64;
        let index = match self.take {
            Take::Random => rng.next_u64() % count,
            Take::InTurn | Take::Once => n % count,
        };
        Row {
            table: self,
            index: index as usize,
        }
    }

    fn largest(&self) -> Row<'_> {
        let length = |row: &[String]| row.iter().map(String::len).sum::<usize>();
        let longest = (0..self.rows.len()).max_by_key(|&index| length(&self.rows[index]));
        Row {
            table: self,
            index: longest.unwrap_or(0),
        }
    }
}
