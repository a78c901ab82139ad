//! Reading a request's body: so large, so fast and within the budget, or not at all.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Frame, Incoming};
use tokio::time::{Instant, timeout_at};

use super::{Budget, Held, Refused};

/// The largest request body that is read: a batch of 1 MiB whose every byte is a JSON escape needs 6 MiB.
pub(crate) const BODY_BYTES_MAX: u64 = 10 << 20;
/// Of one that is too large, so much is read and dropped, so that a client which reads no reply before it has sent
/// everything gets to see the refusal.
const DROPPED_BYTES_MAX: u64 = 64 << 20;

/// A body must bring so many bytes in each window, or its end.
const WINDOW_BYTES_MIN: u64 = 8 << 10;
const WINDOW: Duration = Duration::from_secs(10);
/// And be there whole by then.
const WHOLE: Duration = Duration::from_secs(120);

/// A request's body, and what it holds of the budget until the request is answered.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) bytes: Bytes,
    pub(crate) held: Held,
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection broke.
    #[error("The request's body could not be read: {0}.")]
    Broken(#[from] hyper::Error),
    /// It is larger than the limit.
    #[error("The request's body has {0} bytes or more; at most {BODY_BYTES_MAX} are read.")]
    TooLarge(u64),
    /// It came too slowly.
    #[error(
        "The request's body came too slowly: it must bring {WINDOW_BYTES_MIN} bytes in each {} s and be whole after {} s.",
        WINDOW.as_secs(),
        WHOLE.as_secs()
    )]
    Slow,
    /// All bodies together take what they may.
    #[error(
        "The bodies of all requests take as many bytes as this server gives them; try again later."
    )]
    NoRoom,
}

impl BodyError {
    /// The refusal of a request whose body has no say in what it is told; of the others none.
    pub(crate) fn refusal(&self) -> Option<Refused> {
        let status = match self {
            Self::Broken(_) | Self::TooLarge(_) => return None,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
        };
        Some(Refused::new(status, self.to_string()))
    }
}

/// Reads the body; each of its bytes takes `weight` bytes of the budget.
pub(crate) async fn read(
    mut body: Incoming,
    budget: &Budget,
    weight: u64,
) -> Result<Request, BodyError> {
    let mut held = budget.hold();
    let mut pace = Pace::start();
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut size = 0_u64;
    while let Some(frame) = pace.next(&mut body).await? {
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let more = data.len() as u64;
        size += more;
        pace.count(more);
        if size > BODY_BYTES_MAX {
            (first, rest) = (Bytes::new(), BytesMut::new());
            held = budget.hold();
            if size > DROPPED_BYTES_MAX {
                break;
            }
            continue;
        }
        if !held.take(more * weight) {
            return Err(BodyError::NoRoom);
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&data);
    }
    match (size > BODY_BYTES_MAX, rest.is_empty()) {
        (true, _) => Err(BodyError::TooLarge(size)),
        (false, true) => Ok(Request { bytes: first, held }),
        (false, false) => Ok(Request {
            bytes: rest.freeze(),
            held,
        }),
    }
}

/// How fast a body comes.
struct Pace {
    whole_by: Instant,
    window_ends: Instant,
    in_window: u64,
}

impl Pace {
    fn start() -> Self {
        let now = Instant::now();
        Self {
            whole_by: now + WHOLE,
            window_ends: now + WINDOW,
            in_window: 0,
        }
    }

    fn count(&mut self, bytes: u64) {
        self.in_window += bytes;
    }

    async fn next(&mut self, body: &mut Incoming) -> Result<Option<Frame<Bytes>>, BodyError> {
        loop {
            let until = self.window_ends.min(self.whole_by);
            match timeout_at(until, body.frame()).await {
                Ok(frame) => return Ok(frame.transpose()?),
                Err(_) if until == self.whole_by || self.in_window < WINDOW_BYTES_MIN => {
                    return Err(BodyError::Slow);
                }
                Err(_) => {
                    self.window_ends = until + WINDOW;
                    self.in_window = 0;
                }
            }
        }
    }
}
