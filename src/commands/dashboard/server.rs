//! The server of the page: GET of three paths, on a thread of its own.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::charted::charted;
use super::feed::{Feed, event};
use super::guard::admit;
use super::live_state::standing;
use crate::commands::progress::{micros, object};
use crate::report::live::{News, Page, page};
use crate::run::Watch;
use crate::run::live::{History, Sample, View};

/// Between two events.
const EVERY: Duration = Duration::from_secs(1);
/// Connections at one time; a page has one or two.
const CONNECTIONS_MAX: usize = 32;
/// How long a request's head may take, and how long it may be.
const HEAD_WITHIN: Duration = Duration::from_secs(5);
const HEAD_BYTES_MAX: usize = 16 << 10;
/// The pause after a connection that could not be accepted.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);
/// How long pages may take to read how the run ended.
const WIND_DOWN: Duration = Duration::from_secs(3);

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// What is served.
struct PageState {
    watch: Watch,
    page: Page,
    feed: Feed,
}

/// A server that runs; dropping it stops it.
pub(super) struct Server {
    site: Arc<PageState>,
    stop: watch::Sender<bool>,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    /// Serves the page of a run at `listener`.
    ///
    /// # Errors
    /// When the machine gives no thread or runtime.
    pub(super) fn start(listener: TcpListener, watch: Watch) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let page = page(&watch.scenario.name, &watch.run_id.to_string());
        let site = Arc::new(PageState {
            watch,
            page,
            feed: Feed::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let served = Arc::clone(&site);
        let thread = std::thread::Builder::new()
            .name("dashboard".into())
            .spawn(move || {
                let ended = runtime.block_on(serve(listener, served, stopped));
                if let Err(error) = ended {
                    tracing::warn!(%error, "the page of --dashboard is no longer served");
                }
            })?;
        Ok(Self {
            site,
            stop,
            thread: std::sync::Mutex::new(Some(thread)),
        })
    }

    /// The run that is shown.
    pub(super) fn run(&self) -> String {
        self.site.watch.run_id.to_string()
    }

    /// Sends the last news, and ends once every page that is open has it, or has had the time.
    pub(super) fn end(&self, news: &News) {
        self.site.feed.end(event(news));
        self.close();
    }

    fn close(&self) {
        let _ = self.stop.send(true);
        let thread = self.thread.lock();
        let thread = thread
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // One that panicked has said so; the verdict does not depend on it.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

async fn serve(
    listener: TcpListener,
    site: Arc<PageState>,
    mut stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            _ = ticks.tick() => site.tell(),
            accepted = listener.accept() => match accepted {
                // Without a place it is closed.
                Ok((stream, _)) => if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                    let (site, stopped) = (Arc::clone(&site), stopped.clone());
                    connections.spawn(async move {
                        converse(stream, &site, stopped).await;
                        drop(place);
                    });
                },
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
    }
    drop(listener);
    let wind_down = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(WIND_DOWN, wind_down).await;
    Ok(())
}

async fn converse(stream: TcpStream, site: &PageState, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(|request: Request<Incoming>| {
        let answer = site.answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let mut connection = std::pin::pin!(
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stopped.changed() => {
            // What is being sent is sent to its end.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

impl PageState {
    /// Tells every open page how the run stands; draws nothing when there is none.
    fn tell(&self) {
        if self.feed.is_watched()
            && let Some(event) = self.news()
        {
            self.feed.send(&event);
        }
    }

    /// How the run stands.
    fn news(&self) -> Option<Bytes> {
        let view = self.watch.view();
        let charted = charted(&self.watch.scenario, self.watch.run_id, &view);
        News::of(&standing(&view), &charted)
            .inspect_err(|error| tracing::warn!(%error, "a chart of --dashboard"))
            .ok()
            .map(|news| event(&news))
    }

    /// The samples so far, for programs: what `--progress ndjson` says now, and what charts are drawn from.
    fn samples(&self) -> String {
        let view = self.watch.view();
        let mut at = View {
            history: History::default(),
            ..view.clone()
        };
        let sample = |sample: &Sample| {
            at.now = sample.moment;
            at.latest = Some(sample.measured);
            let mut object = object(&at);
            if let Some(fields) = object.as_object_mut() {
                fields.retain(|name, _| IN_A_SAMPLE.contains(&name.as_str()));
            }
            object
        };
        let samples: Vec<_> = view.history.samples().iter().map(sample).collect();
        serde_json::json!({
            "run": self.watch.run_id.to_string(),
            "now": object(&view),
            "sample_us": micros(EVERY * view.history.seconds_a_sample()),
            "samples": samples,
        })
        .to_string()
    }

    fn answer(&self, request: &Request<Incoming>) -> Answer {
        if let Err((status, words)) = admit(request) {
            return refused(status, words);
        }
        let text = |kind, text: String| answer(kind, Full::from(text).boxed());
        match request.uri().path() {
            "/" => {
                let mut answer = text("text/html; charset=utf-8", self.page.html.clone());
                if let Ok(policy) = HeaderValue::from_str(&self.page.policy) {
                    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
                }
                answer
            }
            "/samples" => text("application/json", self.samples()),
            "/events" => match self.feed.subscribe(|| self.news()) {
                Some(events) => answer("text/event-stream", events.boxed()),
                None => refused(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "too many pages are open; close one",
                ),
            },
            _ => refused(StatusCode::NOT_FOUND, "there is only one page here, at /"),
        }
    }
}

/// What a sample has of the object that says how a run stands.
const IN_A_SAMPLE: [&str; 15] = [
    "elapsed_us",
    "acknowledged_orders",
    "rejected_orders",
    "indeterminate_orders",
    "unsent_orders",
    "waiting_messages",
    "in_flight_messages",
    "dead_letters",
    "schedule_lag_us",
    "response_time_p50_us",
    "response_time_p99_us",
    "service_time_p50_us",
    "service_time_p99_us",
    "end_to_end_p50_us",
    "end_to_end_p99_us",
];

fn answer(kind: &'static str, body: BoxBody<Bytes, Infallible>) -> Answer {
    let mut answer = Response::new(body);
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn refused(status: StatusCode, words: &str) -> Answer {
    let body = Full::from(format!("{words}\n")).boxed();
    let mut answer = answer("text/plain; charset=utf-8", body);
    *answer.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let get = HeaderValue::from_static("GET");
        answer.headers_mut().insert(ALLOW, get);
    }
    answer
}
