//! How orders are identified: ids that say by themselves which run and which order they belong to.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::{Serialize, Serializer};

use super::cipher::Cipher;
use super::decimal::Decimal;
use super::id::{MAX_ORDERS, RunId};
use super::mistake::Mistake;
use super::names::Names;
use super::pattern::Capture;
use super::sink::Sink;
use super::spec::IdScheme;
use super::template::Template;
use super::values::Values;

/// The id of an order, as its message carries it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// A number: JSON outside quotes.
    Number(u64),
    /// A text: JSON within quotes.
    Text(String),
}

impl Id {
    /// The id as reports show it: short, and without a character that a terminal obeys.
    pub fn shown(&self) -> String {
        super::excerpt(&self.to_string())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;

        impl Visitor<'_> for NumberOrText {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an order's id, a whole number or a text")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id::Text(text.to_owned()))
            }
        }

        deserializer.deserialize_any(NumberOrText)
    }
}

impl schemars::JsonSchema for Id {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "minimum": 0 })
    }
}

/// Bits of a sequence number.
const SEQUENCE_BITS: u32 = 30;

/// Bits of run and sequence number together; the run's are 24.
const OWNER_BITS: u32 = 54;

const UUID_CIPHER: Cipher = Cipher::of_bits(122);
const ULID_CIPHER: Cipher = Cipher::of_bits(80);

/// A way to tell orders apart, compiled. Making an id and reading it back cost some tens of nanoseconds.
#[derive(Debug, Clone)]
pub enum Scheme {
    /// See [`IdScheme::Number`].
    Number,
    /// See [`IdScheme::Uuid`].
    Uuid,
    /// See [`IdScheme::Ulid`].
    Ulid,
    /// See [`IdScheme::Text`].
    Text(Box<Template>),
}

impl Scheme {
    /// The scheme a scenario asks for.
    ///
    /// # Errors
    /// When a text lacks `{{run}}` or `{{n}}`, holds another placeholder, or cannot be read back.
    pub fn new(scheme: &IdScheme) -> Result<Self, Mistake> {
        match scheme {
            IdScheme::Number => Ok(Self::Number),
            IdScheme::Uuid => Ok(Self::Uuid),
            IdScheme::Ulid => Ok(Self::Ulid),
            IdScheme::Text(text) => text_scheme(text),
        }
    }

    /// The id of order `k` of `run`. A ULID holds the instant it is due, in milliseconds since the Unix epoch.
    pub fn id(&self, run: RunId, k: u64, due_unix_ms: u64) -> Id {
        match self {
            Self::Number => Id::Number(run.number(k)),
            Self::Uuid => Id::Text(uuid(UUID_CIPHER.encipher(owner_bits(run, k)))),
            Self::Ulid => {
                let time = u128::from(due_unix_ms & ((1 << 48) - 1));
                Id::Text(ulid(time << 80 | ULID_CIPHER.encipher(owner_bits(run, k))))
            }
            Self::Text(template) => {
                let mut out = String::with_capacity(32);
                template.render(&Values::bare(Id::Number(0), run, k), &mut out);
                Id::Text(out)
            }
        }
    }

    /// Whose id a text is: of any run, `None` when it is nobody's.
    ///
    /// Another spelling of an id says whose it is just the same: a number with a fraction of zero, a UUID in capitals or
    /// without hyphens, a ULID in small letters. A foreign UUID is taken for one of a given run with a chance of 2^-92,
    /// a foreign ULID with one of 2^-50.
    pub fn owner_of(&self, text: &str) -> Option<(RunId, u64)> {
        match self {
            Self::Number => {
                let plain = || text.parse().ok().filter(|_| text.len() < 20);
                let number = plain().or_else(|| Decimal::parse(text)?.as_u64())?;
                Some((RunId::of_number(number)?, number % MAX_ORDERS))
            }
            Self::Uuid => owner_in(UUID_CIPHER.decipher(uuid_bits(text)?)),
            Self::Ulid => {
                let free = (1 << 80) - 1;
                owner_in(ULID_CIPHER.decipher(ulid_bits(text)? & free))
            }
            Self::Text(template) => {
                let found = template.matches(text)?;
                let run = found.number(Capture::Run)?;
                let n = found.number(Capture::N)?;
                let run = RunId::new(u32::try_from(run).ok()?)?;
                (n < MAX_ORDERS).then_some((run, n))
            }
        }
    }

    /// Whether an id says when its order was due.
    pub fn needs_times(&self) -> bool {
        matches!(self, Self::Ulid)
    }
}

const TEXT_HINT: &str = "write it such as \"WEB-{{run}}-{{n:09}}\"";

fn text_scheme(text: &str) -> Result<Scheme, Mistake> {
    let template = Template::text(text, &Names::of_ids())?;
    for (capture, name) in [(Capture::Run, "run"), (Capture::N, "n")] {
        if template.count_of(capture) != 1 {
            let rule = format!("an id needs `{{{{{name}}}}}` once: by it the order is found again");
            return Err(Mistake::new(rule, TEXT_HINT));
        }
    }
    if template.is_ambiguous() {
        return Err(Mistake::new(
            "where one number ends and what follows begins cannot be told",
            "write a character that is not a digit between them, or their full width: {{run:07}}{{n:09}}",
        ));
    }
    Ok(Scheme::Text(Box::new(template)))
}

fn owner_bits(run: RunId, k: u64) -> u128 {
    assert!(k < MAX_ORDERS, "order {k} is beyond a run's {MAX_ORDERS}");
    u128::from(run.get()) << SEQUENCE_BITS | u128::from(k)
}

fn owner_in(bits: u128) -> Option<(RunId, u64)> {
    if bits >> OWNER_BITS != 0 {
        return None;
    }
    let run = RunId::new((bits >> SEQUENCE_BITS) as u32)?;
    let n = bits as u64 & ((1 << SEQUENCE_BITS) - 1);
    (n < MAX_ORDERS).then_some((run, n))
}

/// Free bits of a UUID beside version and variant: 48, 12 and 62. Source: RFC 9562, 5.8, UUID version 8.
fn uuid(free: u128) -> String {
    let [a, b, c] = [free >> 74, (free >> 62) & 0xfff, free & ((1 << 62) - 1)];
    let mut text = String::with_capacity(36);
    put_hyphenated(a << 80 | 0x8 << 76 | b << 64 | 0b10 << 62 | c, &mut text);
    text
}

/// Appends a UUID's bits as its text.
pub(super) fn put_hyphenated(bits: u128, out: &mut impl Sink) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bits.to_be_bytes().into_iter().enumerate() {
        at += usize::from(matches!(index, 4 | 6 | 8 | 10));
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 0xf)];
        at += 2;
    }
    out.put(std::str::from_utf8(&text).unwrap_or_else(|_| unreachable!("digits and hyphens")));
}

fn uuid_bits(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if !matches!(bytes.len(), 32 | 36) {
        return None;
    }
    let hyphens = bytes.len() == 36;
    let mut bits = 0_u128;
    for (at, &byte) in bytes.iter().enumerate() {
        if hyphens && matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        bits = bits << 4 | u128::from(char::from(byte).to_digit(16)?);
    }
    let ours = (bits >> 76) & 0xf == 0x8 && (bits >> 62) & 0b11 == 0b10;
    let free = (bits >> 80) << 74 | ((bits >> 64) & 0xfff) << 62 | (bits & ((1 << 62) - 1));
    ours.then_some(free)
}

/// Digits of a ULID: Crockford's base 32. Source: github.com/ulid/spec.
const ULID_DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn ulid(bits: u128) -> String {
    let digit = |at: u32| ULID_DIGITS[(bits >> (5 * at)) as usize & 0x1f];
    (0..26).rev().map(|at| char::from(digit(at))).collect()
}

fn ulid_bits(text: &str) -> Option<u128> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes().try_fold(0_u128, |bits, byte| {
        let digit = match byte.to_ascii_uppercase() {
            b'O' => 0,
            b'I' | b'L' => 1,
            byte => ULID_DIGITS.iter().position(|&digit| digit == byte)? as u128,
        };
        Some(bits << 5 | digit)
    })
}

#[cfg(test)]
#[path = "scheme_tests.rs"]
mod tests;
