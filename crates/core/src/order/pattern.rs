//! Templates read backwards: what the placeholders stand for when a template gives a text.
//!
//! Parts of known shape (literals, numbers, ids) are matched where they stand. Those without (fields, `*`) take what lies
//! between: as little as possible, the last one all that is left. So one pass over the text is enough.

use super::names::{Names, Placeholder};
use super::scheme::Scheme;
use super::template::Piece;

/// Digits of a `u64` at most.
const DIGITS_MAX: usize = 20;

/// A placeholder whose value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// `{{id}}`.
    Id,
    /// `{{n}}`.
    N,
    /// `{{run}}`.
    Run,
    /// `{{at}}`.
    At,
    /// `{{order}}`.
    Order,
    /// `{{message_id}}`.
    MessageId,
}

impl Capture {
    pub(super) fn of(place: &Placeholder) -> Option<Self> {
        match place {
            Placeholder::Id => Some(Self::Id),
            Placeholder::N => Some(Self::N),
            Placeholder::Run => Some(Self::Run),
            Placeholder::At => Some(Self::At),
            Placeholder::Order => Some(Self::Order),
            Placeholder::MessageId => Some(Self::MessageId),
            _ => None,
        }
    }

    /// Digits at most, when as many stand without anything between them and more digits.
    fn full_width(self) -> usize {
        match self {
            Self::Run => 7,
            Self::N => 9,
            Self::Id | Self::At | Self::Order | Self::MessageId => DIGITS_MAX,
        }
    }
}

/// What was found: the text of each placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Captures<'t> {
    found: Vec<(Capture, &'t str)>,
}

impl<'t> Captures<'t> {
    /// What stands for this placeholder, where it stands first.
    pub fn get(&self, capture: Capture) -> Option<&'t str> {
        let found = self.found.iter().find(|(name, _)| *name == capture);
        found.map(|&(_, text)| text)
    }

    /// The same as a number.
    pub fn number(&self, capture: Capture) -> Option<u64> {
        self.get(capture)?.parse().ok()
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// Digits, as many as there are, within `least..=most`.
    Digits {
        capture: Capture,
        least: usize,
        most: usize,
    },
    /// Letters, digits and hyphens, this many.
    Shaped {
        length: usize,
    },
    /// The id begins or ends here.
    IdEdge,
}

/// Parts that stand side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Run {
    /// What lies before them, of no known shape, where it is wanted.
    before: Option<Capture>,
    parts: Vec<Part>,
}

/// Runs with anything between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    runs: Vec<Run>,
    /// What the whole text is, whatever its shape: the template is one placeholder.
    whole: Option<Capture>,
}

impl Pattern {
    pub(super) fn new(pieces: &[Piece], names: &Names) -> Self {
        let whole = match pieces {
            [Piece::Slot { place, .. }] => Capture::of(place),
            _ => None,
        };
        let mut pattern = Self {
            runs: vec![Run::default()],
            whole,
        };
        for piece in pieces {
            pattern.extend(piece, names.scheme());
        }
        pattern
    }

    /// Whether a number is followed by what may be a digit, and is not of full width.
    pub(super) fn is_ambiguous(&self) -> bool {
        let follows_digits = |pair: &[Part]| match pair {
            [Part::Digits { least, most, .. }, after] if least < most => match after {
                Part::Literal(text) => text.starts_with(|c: char| c.is_ascii_digit()),
                Part::Digits { .. } | Part::Shaped { .. } => true,
                Part::IdEdge => false,
            },
            _ => false,
        };
        let ambiguous = |run: &Run| run.parts.windows(2).any(follows_digits);
        self.runs.iter().any(ambiguous)
    }

    pub(super) fn matches<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        let mut found = Captures::default();
        if let Some(capture) = self.whole {
            found.found.push((capture, text));
            return Some(found);
        }
        let (first, rest) = self.runs.split_first()?;
        let mut at = match_run(first, text, 0, &mut found)?;
        for (index, run) in rest.iter().enumerate() {
            let is_last = index + 1 == rest.len();
            let (start, end) = match run.parts.is_empty() && is_last {
                true => (text.len(), text.len()),
                false => find_run(run, text, at, is_last, &mut found)?,
            };
            let before = run.before.map(|name| (name, &text[at..start]));
            found.found.extend(before);
            at = end;
        }
        (at == text.len()).then_some(found)
    }

    fn extend(&mut self, piece: &Piece, scheme: Option<&Scheme>) {
        let (place, width) = match piece {
            Piece::Literal(literal) => return self.push(Part::Literal(literal.text.clone())),
            Piece::Unknown => return self.runs.push(Run::default()),
            Piece::Slot { place, width, .. } => (place, usize::from(*width)),
        };
        let digits = |capture: Capture, least: usize, most: usize| Part::Digits {
            capture,
            least,
            most,
        };
        match (Capture::of(place), scheme) {
            (before @ (None | Some(Capture::Order | Capture::MessageId)), _) => {
                self.runs.push(Run {
                    before,
                    parts: Vec::new(),
                })
            }
            (Some(Capture::Id), Some(Scheme::Text(template))) => {
                self.push(Part::IdEdge);
                for piece in template.pieces() {
                    self.extend(piece, None);
                }
                self.push(Part::IdEdge);
            }
            (Some(Capture::Id), Some(Scheme::Uuid)) => self.push(Part::Shaped { length: 36 }),
            (Some(Capture::Id), Some(Scheme::Ulid)) => self.push(Part::Shaped { length: 26 }),
            (Some(capture), _) => {
                let most = capture.full_width().max(width);
                self.push(digits(capture, width.max(1), most));
            }
        }
    }

    fn push(&mut self, part: Part) {
        if let Some(run) = self.runs.last_mut() {
            run.parts.push(part);
        }
    }
}

/// Matches `run` at `at`; gives where it ends.
fn match_run<'t>(
    run: &Run,
    text: &'t str,
    mut at: usize,
    found: &mut Captures<'t>,
) -> Option<usize> {
    let mut id_begin = None;
    for part in &run.parts {
        let rest = text.get(at..)?;
        match part {
            Part::Literal(literal) => {
                rest.strip_prefix(literal.as_str())?;
                at += literal.len();
            }
            Part::Digits {
                capture,
                least,
                most,
            } => {
                let digits = rest.bytes().take(*most).take_while(u8::is_ascii_digit);
                let count = digits.count();
                if count < *least {
                    return None;
                }
                found.found.push((*capture, &rest[..count]));
                at += count;
            }
            Part::Shaped { length } => {
                let shaped = rest.get(..*length)?;
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                if !shaped.bytes().all(fits) {
                    return None;
                }
                found.found.push((Capture::Id, shaped));
                at += length;
            }
            Part::IdEdge => match id_begin.take() {
                None => id_begin = Some(at),
                Some(begin) => found.found.push((Capture::Id, &text[begin..at])),
            },
        }
    }
    Some(at)
}

/// The first place from `from` on where `run` matches, up to the text's end if `to_end`; gives where it begins and ends.
fn find_run<'t>(
    run: &Run,
    text: &'t str,
    from: usize,
    to_end: bool,
    found: &mut Captures<'t>,
) -> Option<(usize, usize)> {
    let known = found.found.len();
    for (offset, _) in text.get(from..)?.char_indices() {
        let start = from + offset;
        match match_run(run, text, start, found) {
            Some(end) if !to_end || end == text.len() => return Some((start, end)),
            _ => found.found.truncate(known),
        }
    }
    // At the text's end only what is empty can stand.
    run.parts.is_empty().then_some((from, from))
}
