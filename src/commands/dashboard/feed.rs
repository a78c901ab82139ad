//! The pages that are open, and what each is sent: server-sent events, as the HTML Standard has them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::sync::mpsc;

use crate::report::live::News;

/// Pages at one time.
const PAGES_MAX: usize = 16;
/// Events that a page may be behind; one that reads more slowly misses some.
const BEHIND_MAX: usize = 4;

/// The pages that are open.
#[derive(Default)]
pub(super) struct Feed(Mutex<Open>);

#[derive(Default)]
struct Open {
    pages: Vec<mpsc::Sender<Bytes>>,
    last: Option<Bytes>,
}

/// What one page is sent, as a body that goes on.
pub(super) struct Events(mpsc::Receiver<Bytes>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.poll_recv(context);
        next.map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

impl Feed {
    /// One page more; `None` when too many are open. `first` is what it is sent at once, unless the run has ended: then it
    /// is sent that.
    pub(super) fn subscribe(&self, first: impl FnOnce() -> Option<Bytes>) -> Option<Events> {
        let (page, events) = mpsc::channel(BEHIND_MAX);
        let mut open = self.open();
        open.pages.retain(|page| !page.is_closed());
        let ended = open.last.clone();
        if let Some(event) = ended.clone().or_else(first) {
            let _ = page.try_send(event);
        }
        if ended.is_some() {
            return Some(Events(events));
        }
        (open.pages.len() < PAGES_MAX).then(|| {
            open.pages.push(page);
            Events(events)
        })
    }

    /// Whether anybody looks.
    pub(super) fn is_watched(&self) -> bool {
        let mut open = self.open();
        open.pages.retain(|page| !page.is_closed());
        !open.pages.is_empty()
    }

    /// Sends an event to every page.
    pub(super) fn send(&self, event: &Bytes) {
        for page in &self.open().pages {
            let _ = page.try_send(event.clone());
        }
    }

    /// Sends the last event to every page, those that come later included.
    pub(super) fn end(&self, event: Bytes) {
        let mut open = self.open();
        for page in std::mem::take(&mut open.pages) {
            let _ = page.try_send(event.clone());
        }
        open.last = Some(event);
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// News as an event.
pub(super) fn event(news: &News) -> Bytes {
    // JSON has no line ends, which would end the event.
    let json = serde_json::to_string(news).expect("texts and numbers");
    Bytes::from(format!("data: {json}\n\n"))
}
