//! One execution environment: a process, the Runtime API it speaks to, and its log.
//!
//! An environment outlives its processes: after a crash the next one runs under the same number and
//! writes to the same log.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::header::HeaderValue;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::api::{Api, serve};
use super::config::Launch;
use super::error::CommandError;
use super::exchange::{Answer, Exchange, Invocation};
use super::figures::{Alive, Figures};
use super::log::{EnvironmentLog, file_of};
use super::process::Process;
use crate::service::loopback_listener;

/// What a process sent before its end may still be on its way from the socket or the pipe.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// An execution environment; dropping it kills its process.
#[derive(Debug)]
pub(super) struct Environment {
    number: u32,
    launch: Arc<Launch>,
    figures: Figures,
    log: Option<EnvironmentLog>,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    exchange: Arc<Exchange>,
    log: EnvironmentLog,
    /// The tasks end with the process.
    reader: JoinSet<()>,
    /// It is stopped, with all its descendants.
    frozen: bool,
    _server: JoinSet<()>,
    _alive: Alive,
}

/// What happens first while a process is waited for.
enum First<T> {
    Came(T),
    Exited(String),
    Late,
}

impl Environment {
    /// An environment without a process.
    pub(super) fn new(number: u32, launch: Arc<Launch>, figures: Figures) -> Self {
        Self {
            number,
            launch,
            figures,
            log: None,
            running: None,
        }
    }

    /// Whether it has a process that is alive. One that has ended meanwhile counts as crashed.
    pub(super) fn is_warm(&mut self) -> bool {
        let exited = self
            .running
            .as_mut()
            .is_some_and(|running| running.process.has_exited());
        if exited {
            self.running = None;
            self.figures.add(|figures| figures.crashed += 1);
        }
        self.running.is_some()
    }

    /// Whether it has a process that is not stopped.
    pub(super) fn is_awake(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.frozen)
    }

    /// Stops the process and all it has started until its next invocation, as Lambda freezes an environment that
    /// has nothing to do. It has asked for an invocation: what it works on after that is nobody's business.
    pub(super) fn freeze(&mut self) {
        if let Some(running) = self.running.as_mut().filter(|running| !running.frozen) {
            let whole = running.process.stop();
            running.frozen = true;
            self.figures.add(|figures| {
                figures.freezes += 1;
                figures.incomplete_freezes += u64::from(!whole);
            });
        }
    }

    /// Kills the process without waiting for its end.
    pub(super) fn signal(&mut self) {
        if let Some(running) = &mut self.running {
            running.process.signal();
        }
    }

    /// Kills the process and waits for its end and the end of its log.
    pub(super) async fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.process.kill().await;
            running.finish_log().await;
        }
    }

    /// Counts the process, which has ended by itself, as crashed: its last lines.
    async fn bury(&mut self) -> String {
        self.figures.add(|figures| figures.crashed += 1);
        let Some(mut running) = self.running.take() else {
            return String::new();
        };
        running.finish_log().await;
        running.log.last_lines()
    }

    /// Kills the process because nobody waits for its answer.
    pub(super) async fn abandon(&mut self) {
        self.kill().await;
        self.figures.add(|figures| figures.abandoned += 1);
    }

    /// Starts a process and waits until it asks for an invocation.
    ///
    /// # Errors
    /// When it cannot be started, or ends, reports an error or takes too long before it asks.
    pub(super) async fn start(&mut self) -> Result<(), CommandError> {
        let started = match self.spawn() {
            Ok(running) => self.running.insert(running).initialize(&self.launch).await,
            Err(error) => Err(CommandError::Init(error.to_string())),
        };
        match &started {
            Ok(()) => self.figures.add(|figures| figures.cold_starts += 1),
            Err(error) => {
                tracing::debug!(%error, number = self.number, "an environment failed to start");
                self.kill().await;
                let lines = self.log.as_ref().map(EnvironmentLog::tail);
                let file = self.log_file();
                self.figures
                    .start_failed(error, lines.unwrap_or_default(), file);
            }
        }
        started
    }

    fn spawn(&mut self) -> io::Result<Running> {
        let log = match &self.log {
            Some(log) => log.clone(),
            None => EnvironmentLog::open(self.launch.config.logs.as_deref(), self.number)?,
        };
        self.log = Some(log.clone());
        log.begin();
        let (listener, address) = loopback_listener()?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let exchange = Arc::new(Exchange::new());
        let api = Arc::new(Api {
            exchange: Arc::clone(&exchange),
            arn: HeaderValue::from_str(&self.launch.arn()).map_err(io::Error::other)?,
        });
        let (process, output) = Process::spawn(&self.launch, address, self.number)?;
        let alive = self.figures.started();
        let (mut server, mut reader) = (JoinSet::new(), JoinSet::new());
        server.spawn(serve(listener, api));
        reader.spawn(log.clone().follow(output));
        Ok(Running {
            process,
            exchange,
            log,
            reader,
            frozen: false,
            _server: server,
            _alive: alive,
        })
    }

    /// The file that its processes write to, if they do.
    pub(super) fn log_file(&self) -> Option<String> {
        let logs = self.launch.config.logs.is_some();
        logs.then(|| file_of(self.number))
    }

    /// Has the process work on `event`. After an error other than an answer it has no process.
    ///
    /// # Errors
    /// Why there is no response.
    pub(super) async fn invoke(&mut self, event: Bytes) -> Answer {
        let limit = self.launch.config.timeout;
        let running = self.running.as_mut().ok_or(CommandError::Stopped)?;
        if std::mem::take(&mut running.frozen) {
            running.process.go_on();
        }
        let first = running.work_on(event, limit).await;
        match first {
            First::Came(answer) => answer,
            First::Exited(status) => {
                let log = self.bury().await;
                Err(CommandError::Crashed { status, log })
            }
            First::Late => {
                self.kill().await;
                self.figures.add(|figures| figures.timed_out += 1);
                Err(CommandError::TimedOut(limit))
            }
        }
    }

    /// Waits until the process, having answered, asks for its next invocation; one that does not within
    /// the function's time-out is killed.
    pub(super) async fn settle(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Running {
            process, exchange, ..
        } = running;
        tokio::select! {
            biased;
            _ = exchange.ready() => {}
            _ = process.exit() => {
                self.bury().await;
            }
            () = sleep(self.launch.config.timeout) => {
                self.kill().await;
                self.figures.add(|figures| figures.timed_out += 1);
            }
        }
    }
}

impl Running {
    async fn initialize(&mut self, launch: &Launch) -> Result<(), CommandError> {
        let limit = launch.config.init_timeout;
        let Self {
            process, exchange, ..
        } = self;
        let first = tokio::select! {
            biased;
            ready = exchange.ready() => First::Came(ready),
            status = process.exit() => First::Exited(status),
            () = sleep(limit) => First::Late,
        };
        match first {
            First::Came(ready) => ready.map_err(CommandError::Init),
            First::Late => Err(CommandError::InitTimedOut(limit)),
            First::Exited(status) => {
                let said = timeout(LAST_WORDS, self.exchange.ready()).await;
                if let Ok(Err(reason)) = said {
                    return Err(CommandError::Init(reason));
                }
                self.finish_log().await;
                let log = self.log.last_lines();
                let what = "its process ended before it asked for an invocation";
                Err(CommandError::Init(format!("{what}: {status}{log}")))
            }
        }
    }

    async fn work_on(&mut self, event: Bytes, limit: Duration) -> First<Answer> {
        let mut answer = self.exchange.invoke(invocation(event, limit));
        let first = tokio::select! {
            biased;
            answer = &mut answer => First::Came(answer),
            status = self.process.exit() => First::Exited(status),
            () = sleep(limit) => First::Late,
        };
        match first {
            First::Came(answer) => First::Came(answer.unwrap_or(Err(CommandError::Stopped))),
            First::Late => First::Late,
            First::Exited(status) => match timeout(LAST_WORDS, answer).await {
                Ok(Ok(answer)) => First::Came(answer),
                _ => First::Exited(status),
            },
        }
    }

    /// Waits until all that the process, which has ended, wrote is in its log.
    async fn finish_log(&mut self) {
        // Somebody who was not found may hold the pipe open: not for ever.
        let _ = timeout(LAST_WORDS, self.reader.join_next()).await;
    }
}

fn invocation(event: Bytes, limit: Duration) -> Invocation {
    let limit_us = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
    let now_us = unix_micros();
    let trace = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    Invocation {
        request_id: Uuid::new_v4().to_string(),
        trace_id: format!(
            "Root=1-{:08x}-{};Parent={};Sampled=0",
            now_us / 1_000_000,
            &trace[..24],
            &parent[..16]
        ),
        deadline_ms: now_us.saturating_add(limit_us) / 1_000,
        event,
    }
}

/// The time now, microseconds since the Unix epoch.
fn unix_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}
