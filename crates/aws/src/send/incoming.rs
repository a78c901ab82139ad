//! A reply of HTTP/1.1 as its bytes come in, in a buffer that is used again for the next one.
//!
//! Source: RFC 9112. As lenient as hyper, and no more: interim replies are passed over, a body has a length, comes in
//! chunks, or ends with the connection.

use std::ops::Range;

use super::wire::REPLY_BYTES_MAX;

/// A longer head is no reply.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Headers of a reply at most.
const HEADERS_MAX: usize = 100;
/// The longest line that begins a chunk, and the most bytes behind the last one.
const CHUNK_EXTRA_MAX: usize = 16 * 1024;
/// Room that is made before it is read into.
const ROOM: usize = 4 * 1024;

/// A reply that is there whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whole {
    pub(super) status: u16,
    /// Where its body lies: see [`Incoming::body`].
    body: Range<usize>,
    /// The connection can take another request.
    pub(super) keeps_open: bool,
}

/// Why what came is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The connection ended, or sent something else, before the body began.
    NoHead,
    /// The same within the body.
    CutShort,
    /// More than [`REPLY_BYTES_MAX`].
    TooLong,
}

/// The bytes of one reply.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    bytes: Vec<u8>,
    /// Bytes that came.
    filled: usize,
    head: Option<Head>,
}

/// The head of a reply, and how far its body is.
#[derive(Debug)]
struct Head {
    status: u16,
    keeps_open: bool,
    /// Where the body begins.
    body: usize,
    framing: Framing,
}

#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked {
        /// The end of the body so far; what is not read yet stands behind it.
        end: usize,
        next: Chunk,
    },
    ToTheEnd,
}

/// What comes next of a body in chunks.
#[derive(Debug)]
enum Chunk {
    Size,
    /// So many bytes of a chunk, and the line's end behind them.
    Data(usize),
    DataEnd,
    /// Lines up to an empty one; so many bytes of them so far.
    Trailer(usize),
}

impl Incoming {
    /// Forgets the last reply.
    pub(super) fn begin(&mut self) {
        self.filled = 0;
        self.head = None;
    }

    /// Where more can be read to; never empty.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.filled < ROOM {
            let more = (self.bytes.len() * 2).max(2 * ROOM);
            self.bytes.resize(more, 0);
        }
        &mut self.bytes[self.filled..]
    }

    /// The body of a reply.
    pub(super) fn body(&self, whole: &Whole) -> &[u8] {
        &self.bytes[whole.body.clone()]
    }

    /// So many bytes came into the room: the reply, if it is whole with them.
    pub(super) fn came(&mut self, count: usize) -> Result<Option<Whole>, Unusable> {
        let before = self.filled;
        self.filled += count;
        if self.head.is_none() {
            // No line ends with what came, so no head does.
            if !self.bytes[before..self.filled].contains(&b'\n') {
                return match self.filled > HEAD_BYTES_MAX {
                    true => Err(Unusable::NoHead),
                    false => Ok(None),
                };
            }
            self.head = self.read_head()?;
        }
        let Some(head) = &mut self.head else {
            return Ok(None);
        };
        let end = match &mut head.framing {
            Framing::Length(length) => head.body + *length,
            Framing::ToTheEnd if self.filled - head.body > REPLY_BYTES_MAX => {
                return Err(Unusable::TooLong);
            }
            Framing::ToTheEnd => return Ok(None),
            Framing::Chunked { end, next } => {
                let bytes = &mut self.bytes[..self.filled];
                let read = read_chunks(bytes, head.body, end, next)?;
                // What was read is the body; what was not stands right behind it.
                bytes.copy_within(read.at.., *end);
                self.filled -= read.at - *end;
                match read.is_whole {
                    true => *end,
                    false => return Ok(None),
                }
            }
        };
        if self.filled < end {
            return Ok(None);
        }
        // What follows a reply nobody asked for.
        let keeps_open = head.keeps_open && self.filled == end;
        Ok(Some(Whole {
            status: head.status,
            body: head.body..end,
            keeps_open,
        }))
    }

    /// The connection has ended: the reply, if that is its end, too.
    pub(super) fn ended(&self) -> Result<Whole, Unusable> {
        match &self.head {
            None => Err(Unusable::NoHead),
            Some(head) => match head.framing {
                Framing::ToTheEnd => Ok(Whole {
                    status: head.status,
                    body: head.body..self.filled,
                    keeps_open: false,
                }),
                _ => Err(Unusable::CutShort),
            },
        }
    }

    /// The connection broke: what there is of a reply is none.
    pub(super) fn broken(&self) -> Result<Whole, Unusable> {
        Err(match self.head {
            None => Unusable::NoHead,
            Some(_) => Unusable::CutShort,
        })
    }

    /// The head of the reply, behind any interim ones, once all of it is there.
    fn read_head(&self) -> Result<Option<Head>, Unusable> {
        let mut at = 0;
        loop {
            let mut headers = [const { std::mem::MaybeUninit::uninit() }; HEADERS_MAX];
            let mut reply = httparse::Response::new(&mut []);
            let config = httparse::ParserConfig::default();
            let bytes = &self.bytes[at..self.filled];
            let parsed = config.parse_response_with_uninit_headers(&mut reply, bytes, &mut headers);
            match parsed.map_err(|_| Unusable::NoHead)? {
                httparse::Status::Complete(length) => at += length,
                httparse::Status::Partial if bytes.len() > HEAD_BYTES_MAX => {
                    return Err(Unusable::NoHead);
                }
                httparse::Status::Partial => return Ok(None),
            }
            match reply.code.unwrap_or_default() {
                100 | 102..=199 if at > HEAD_BYTES_MAX => return Err(Unusable::NoHead),
                100 | 102..=199 => {}
                _ => return head_of(&reply, at).map(Some),
            }
        }
    }
}

fn head_of(reply: &httparse::Response<'_, '_>, body: usize) -> Result<Head, Unusable> {
    let status = reply.code.unwrap_or_default();
    let is_old = reply.version != Some(1);
    let mut keeps_open = !is_old;
    let mut closes = false;
    let mut length = None;
    // Whether the last encoding is `chunked`, if there is any.
    let mut chunked = None;
    for header in &*reply.headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            for given in header.value.split(|&byte| byte == b',') {
                let given = length_of(given).ok_or(Unusable::NoHead)?;
                if *length.get_or_insert(given) != given {
                    return Err(Unusable::NoHead);
                }
            }
        } else if is("transfer-encoding") {
            let last = header.value.rsplit(|&byte| byte == b',').next();
            chunked =
                Some(last.is_some_and(|last| last.trim_ascii().eq_ignore_ascii_case(b"chunked")));
        } else if is("connection") {
            let mut options = header.value.split(|&byte| byte == b',');
            let mut says = |option: &[u8]| {
                options.any(|given| given.trim_ascii().eq_ignore_ascii_case(option))
            };
            if closes || says(b"close") {
                (closes, keeps_open) = (true, false);
            } else if !keeps_open {
                let mut options = header.value.split(|&byte| byte == b',');
                keeps_open = options.any(|it| it.trim_ascii().eq_ignore_ascii_case(b"keep-alive"));
            }
        }
    }
    let framing = match (status, chunked, length) {
        (101, ..) => {
            keeps_open = false;
            Framing::Length(0)
        }
        // A body that is declared all the same is not read as a reply of what is sent next.
        (204 | 304, ..) => {
            keeps_open &= chunked.is_none() && length.unwrap_or(0) == 0;
            Framing::Length(0)
        }
        // The old protocol has no encodings.
        (_, Some(_), _) if is_old => return Err(Unusable::NoHead),
        (_, Some(true), _) => Framing::Chunked {
            end: body,
            next: Chunk::Size,
        },
        (_, None, Some(length)) if length > REPLY_BYTES_MAX as u64 => {
            return Err(Unusable::TooLong);
        }
        (_, None, Some(length)) => Framing::Length(length as usize),
        (_, Some(false), _) | (_, None, None) => Framing::ToTheEnd,
    };
    Ok(Head {
        status,
        keeps_open,
        body,
        framing,
    })
}

/// The number of a `Content-Length`: digits and nothing else.
fn length_of(given: &[u8]) -> Option<u64> {
    let given = given.trim_ascii();
    let digits = !given.is_empty() && given.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(given).ok().filter(|_| digits)?;
    text.parse().ok()
}

/// How far a body in chunks was read.
struct Read {
    /// The first byte that was not.
    at: usize,
    is_whole: bool,
}

/// Reads on from `end`, and moves what belongs to the body together from there.
fn read_chunks(
    bytes: &mut [u8],
    begin: usize,
    end: &mut usize,
    next: &mut Chunk,
) -> Result<Read, Unusable> {
    let mut at = *end;
    let is_whole = loop {
        let rest = &bytes[at..];
        match next {
            // httparse takes a line without a digit for the last chunk.
            Chunk::Size if rest.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) => {
                return Err(Unusable::CutShort);
            }
            Chunk::Size => match httparse::parse_chunk_size(rest) {
                Ok(httparse::Status::Complete((length, 0))) => {
                    at += length;
                    *next = Chunk::Trailer(0);
                }
                Ok(httparse::Status::Complete((length, size))) => {
                    at += length;
                    let room = REPLY_BYTES_MAX - (*end - begin).min(REPLY_BYTES_MAX);
                    if size > room as u64 {
                        return Err(Unusable::TooLong);
                    }
                    *next = Chunk::Data(size as usize);
                }
                Ok(httparse::Status::Partial) if rest.len() < CHUNK_EXTRA_MAX => break false,
                _ => return Err(Unusable::CutShort),
            },
            Chunk::Data(left) => {
                let here = rest.len().min(*left);
                bytes.copy_within(at..at + here, *end);
                (at, *end, *left) = (at + here, *end + here, *left - here);
                if *left > 0 {
                    break false;
                }
                *next = Chunk::DataEnd;
            }
            Chunk::DataEnd => match rest {
                [b'\r', b'\n', ..] => {
                    at += 2;
                    *next = Chunk::Size;
                }
                [] | [b'\r'] => break false,
                _ => return Err(Unusable::CutShort),
            },
            Chunk::Trailer(so_far) => {
                let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
                    if *so_far + rest.len() > CHUNK_EXTRA_MAX {
                        return Err(Unusable::CutShort);
                    }
                    break false;
                };
                at += length + 1;
                if rest[..length].trim_ascii_end().is_empty() {
                    break true;
                }
                *so_far += length + 1;
                if *so_far > CHUNK_EXTRA_MAX {
                    return Err(Unusable::CutShort);
                }
            }
        }
    };
    Ok(Read { at, is_whole })
}

#[cfg(test)]
#[path = "incoming_tests.rs"]
mod tests;
