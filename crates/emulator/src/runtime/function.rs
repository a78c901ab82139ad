//! The handle of a function that is a command, and the thread that runs it.

use std::io;
use std::sync::Arc;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::config::{CommandConfig, Launch};
use super::error::{CommandError, EnvironmentFigures};
use super::figures::{Figures, NeverStarted};
use super::payload::{event_json, response_of};
use super::pool::{Job, Pool, Reply};
use crate::failures::Failure;
use crate::service::ServiceThread;

/// A Lambda bootstrap that runs as child processes, one for each concurrent invocation.
///
/// Clones share the processes; dropping the last one kills them all.
#[derive(Clone)]
pub struct CommandFunction {
    inner: Arc<Inner>,
}

struct Inner {
    jobs: mpsc::UnboundedSender<Job>,
    figures: Figures,
    _thread: ServiceThread,
}

impl CommandFunction {
    /// Checks the configuration and starts the thread; the first process starts with the first
    /// invocation.
    ///
    /// # Errors
    /// When the program is not there or cannot be executed, a variable is reserved, or the thread or the
    /// folder of the logs cannot be made.
    pub fn start(config: CommandConfig) -> io::Result<Self> {
        let launch = Launch::new(config)?;
        let figures = Figures::default();
        let pool = Arc::new(Pool::new(launch, figures.clone()));
        let (jobs, queue) = mpsc::unbounded_channel();
        let thread = ServiceThread::spawn("function", move |stop| serve(queue, pool, stop))?;
        Ok(Self {
            inner: Arc::new(Inner {
                jobs,
                figures,
                _thread: thread,
            }),
        })
    }

    /// One invocation, by a warm environment or one that is started for it. Its time counts from when an
    /// environment has it; waiting for a start, or for room, is on top of that. Dropping the future kills
    /// the process that works on it.
    ///
    /// # Errors
    /// Why there is no response.
    pub async fn invoke(&self, event: SqsEvent) -> Result<SqsBatchResponse, CommandError> {
        let event = event_json(&event)
            .map_err(|error| CommandError::Function(format!("the event is not JSON: {error}")))?;
        response_of(&self.answer_to(event).await?)
    }

    /// The same as a mapping has it: one that does not read responses takes any response for a success.
    ///
    /// # Errors
    /// When the invocation fails whole.
    pub async fn invoke_for_mapping(
        &self,
        event: SqsEvent,
        report_batch_item_failures: bool,
    ) -> Result<SqsBatchResponse, Failure> {
        let event = event_json(&event)
            .map_err(|error| Failure::from(format!("the event is not JSON: {error}")))?;
        let (answer, log) = self.reply_to(event).await;
        match answer.and_then(|answer| response_of(&answer)) {
            Err(CommandError::InvalidResponse(_)) if !report_batch_item_failures => {
                Ok(SqsBatchResponse::default())
            }
            answered => answered.map_err(|error| Failure::from(error).logged_in(log)),
        }
    }

    /// The same for a function of any event: its answer as it gave it.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn answer_to(&self, event: Bytes) -> Result<Bytes, CommandError> {
        self.reply_to(event).await.0
    }

    async fn reply_to(&self, event: Bytes) -> Reply {
        let stopped = || (Err(CommandError::Stopped), None);
        let (reply, answer) = oneshot::channel();
        let job = Job { event, reply };
        match self.inner.jobs.send(job) {
            Ok(()) => answer.await.unwrap_or_else(|_| stopped()),
            Err(_) => stopped(),
        }
    }

    /// Whether it has started yet.
    pub fn watch_start(&self) -> StartWatch {
        StartWatch(self.inner.figures.clone())
    }

    /// What became of the environments so far.
    pub fn figures(&self) -> EnvironmentFigures {
        self.inner.figures.read()
    }
}

/// Tells whether the function has started, as long as anybody asks; holds no process.
#[derive(Debug, Clone)]
pub struct StartWatch(Figures);

impl StartWatch {
    /// That no process has ever asked for an invocation, once one has been started.
    pub fn never_started(&self) -> Option<NeverStarted> {
        self.0.never_started()
    }
}

async fn serve(
    mut queue: mpsc::UnboundedReceiver<Job>,
    pool: Arc<Pool>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut invocations = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = invocations.join_next() => {}
            job = queue.recv() => match job {
                Some(job) => {
                    let pool = Arc::clone(&pool);
                    invocations.spawn(async move { pool.serve(job).await });
                }
                None => break,
            }
        }
    }
    invocations.shutdown().await;
    pool.stop().await;
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;
