//! Templates read backwards: what the placeholders stand for when a template gives a text.
//!
//! Parts of known shape (literals, numbers, ids) are matched where they stand. Those without (fields, `*`) take what lies
//! between: as little as possible, the last one all that is left. So one pass over the text is enough.

use super::names::{Names, Place};
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
}

impl Capture {
    pub(super) fn of(place: &Place) -> Option<Self> {
        match place {
            Place::Id => Some(Self::Id),
            Place::N => Some(Self::N),
            Place::Run => Some(Self::Run),
            Place::At => Some(Self::At),
            _ => None,
        }
    }

    /// Digits at most, when as many stand without anything between them and more digits.
    fn full_width(self) -> usize {
        match self {
            Self::Run => 7,
            Self::N => 9,
            Self::Id | Self::At => DIGITS_MAX,
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
        capture: Option<Capture>,
        least: usize,
        most: usize,
    },
    /// Letters, digits and hyphens, this many.
    Shaped {
        capture: Capture,
        length: usize,
    },
    /// The id begins or ends here.
    IdEdge,
}

/// Parts that stand side by side; before each run but the first, and after the last if it is open, lies anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    runs: Vec<Vec<Part>>,
    /// What the whole text is, whatever its shape: the template is one placeholder.
    whole: Option<Capture>,
}

impl Pattern {
    pub(super) fn new(pieces: &[Piece], names: &Names) -> Self {
        let whole = match pieces {
            [Piece::Slot { place, .. }] => Capture::of(place),
            _ => None,
        };
        let mut runs = vec![Vec::new()];
        for piece in pieces {
            extend(&mut runs, piece, names.scheme());
        }
        Self { runs, whole }
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
        let ambiguous = |run: &Vec<Part>| run.windows(2).any(follows_digits);
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
        let Some((last, between)) = rest.split_last() else {
            return (at == text.len()).then_some(found);
        };
        for run in between {
            at = find_run(run, text, at, false, &mut found)?;
        }
        if last.is_empty() {
            return Some(found);
        }
        find_run(last, text, at, true, &mut found).map(|_| found)
    }
}

fn extend(runs: &mut Vec<Vec<Part>>, piece: &Piece, scheme: Option<&Scheme>) {
    let (place, width) = match piece {
        Piece::Literal(text) => return push(runs, Part::Literal(text.clone())),
        Piece::Unknown => return runs.push(Vec::new()),
        Piece::Slot { place, width, .. } => (place, usize::from(*width)),
    };
    match (Capture::of(place), scheme) {
        (Some(Capture::Id), Some(Scheme::Text(template))) => {
            push(runs, Part::IdEdge);
            template
                .pieces()
                .iter()
                .for_each(|piece| extend(runs, piece, None));
            push(runs, Part::IdEdge);
        }
        (Some(Capture::Id), Some(Scheme::Number)) => push(
            runs,
            Part::Digits {
                capture: Some(Capture::Id),
                least: 1,
                most: DIGITS_MAX,
            },
        ),
        (Some(capture @ Capture::Id), Some(Scheme::Uuid)) => push(
            runs,
            Part::Shaped {
                capture,
                length: 36,
            },
        ),
        (Some(capture @ Capture::Id), Some(Scheme::Ulid)) => push(
            runs,
            Part::Shaped {
                capture,
                length: 26,
            },
        ),
        (Some(capture), _) => push(
            runs,
            Part::Digits {
                capture: Some(capture),
                least: width.max(1),
                most: capture.full_width().max(width),
            },
        ),
        (None, _) => runs.push(Vec::new()),
    }
}

fn push(runs: &mut [Vec<Part>], part: Part) {
    if let Some(run) = runs.last_mut() {
        run.push(part);
    }
}

/// Matches `run` at `at`; gives where it ends.
fn match_run<'t>(
    run: &[Part],
    text: &'t str,
    mut at: usize,
    found: &mut Captures<'t>,
) -> Option<usize> {
    let mut id_begin = None;
    for part in run {
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
                found
                    .found
                    .extend(capture.map(|name| (name, &rest[..count])));
                at += count;
            }
            Part::Shaped { capture, length } => {
                let shaped = rest.get(..*length)?;
                let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                if !shaped.bytes().all(fits) {
                    return None;
                }
                found.found.push((*capture, shaped));
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

/// The first place from `from` on where `run` matches, up to the text's end if `to_end`; gives where it ends.
fn find_run<'t>(
    run: &[Part],
    text: &'t str,
    from: usize,
    to_end: bool,
    found: &mut Captures<'t>,
) -> Option<usize> {
    let known = found.found.len();
    for (offset, _) in text.get(from..)?.char_indices() {
        match match_run(run, text, from + offset, found) {
            Some(end) if !to_end || end == text.len() => return Some(end),
            _ => found.found.truncate(known),
        }
    }
    // At the text's end only what is empty can stand.
    (run.is_empty()).then_some(from)
}
