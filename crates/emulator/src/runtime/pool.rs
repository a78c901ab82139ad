//! All the environments of a function: which one takes an invocation, and what becomes of it after.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::config::Launch;
use super::environment::Environment;
use super::exchange::Answer;
use super::figures::Figures;
use super::gate::{Entry, Next, StartGate};

/// An invocation that wants an environment.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) event: Bytes,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// An answer, and the file that the process wrote to.
pub(super) type Reply = (Answer, Option<String>);

/// The environments of a function.
#[derive(Debug)]
pub(super) struct Pool {
    launch: Arc<Launch>,
    figures: Figures,
    gate: StartGate,
    /// A permit for each environment that may be busy.
    room: Semaphore,
    resting: Mutex<Resting>,
}

#[derive(Debug, Default)]
struct Resting {
    /// Those without an invocation; the one used last is on top.
    environments: Vec<Environment>,
    made: u32,
    /// Invocations that have no environment yet.
    waiting: usize,
}

/// An invocation that waits for an environment.
struct Waiting<'a>(&'a Pool);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut resting = self.0.resting();
        resting.waiting -= 1;
        self.0.freeze_the_idle(&mut resting);
    }
}

impl Pool {
    pub(super) fn new(launch: Launch, figures: Figures) -> Self {
        let most = usize::try_from(launch.config.max_environments).unwrap_or(usize::MAX);
        Self {
            launch: Arc::new(launch),
            figures,
            gate: StartGate::default(),
            room: Semaphore::new(most.min(Semaphore::MAX_PERMITS)),
            resting: Mutex::default(),
        }
    }

    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves one invocation from beginning to end.
    pub(super) async fn serve(&self, mut job: Job) {
        self.resting().waiting += 1;
        let waiting = Waiting(self);
        let permit = tokio::select! {
            biased;
            () = job.reply.closed() => return,
            permit = self.room.acquire() => permit,
        };
        // The semaphore is never closed; without a permit the invocation ends as stopped.
        let Ok(_permit) = permit else { return };
        let mut environment = self.take();
        drop(waiting);
        if !environment.is_warm() {
            // A start goes on when its invocation is given up: the next one finds it warm.
            let entry = tokio::select! {
                biased;
                () = job.reply.closed() => None,
                entry = self.gate.enter() => Some(entry),
            };
            let Some(entry) = entry else {
                return self.put_back(environment);
            };
            let started = environment.start().await;
            let next = self.ended(entry, started.is_ok());
            if let Err(error) = started {
                let _ = job.reply.send((Err(error), environment.log_file()));
                if next == Next::TryAgain {
                    self.try_again(&mut environment).await;
                }
                return self.put_back(environment);
            }
        }
        if !job.reply.is_closed() {
            work(&mut environment, job).await;
        }
        self.put_back(environment);
    }

    /// Starts an environment of a function that has never started again and again, without an invocation, until it
    /// has or is given up: whether it can start is not to hang on how many events there are.
    async fn try_again(&self, environment: &mut Environment) {
        loop {
            let entry = self.gate.enter().await;
            let started = environment.start().await.is_ok();
            if self.ended(entry, started) != Next::TryAgain {
                return;
            }
        }
    }

    fn ended(&self, entry: Entry<'_>, started: bool) -> Next {
        let next = entry.ended(started);
        if next == Next::GiveUp {
            self.figures.give_up();
        }
        next
    }

    /// The environment for an invocation: of those that are warm one that is not frozen, else the one used last;
    /// else one whose process has ended, else a new one. Who holds a permit finds room.
    fn take(&self) -> Environment {
        let mut resting = self.resting();
        let environments = &mut resting.environments;
        let awake = environments.iter().rposition(Environment::is_awake);
        let all = (0..environments.len()).rev();
        let warm = awake
            .into_iter()
            .chain(all)
            .find(|position| environments[*position].is_warm());
        if let Some(position) = warm {
            return environments.remove(position);
        }
        if let Some(cold) = environments.pop() {
            return cold;
        }
        resting.made += 1;
        let number = resting.made;
        Environment::new(number, Arc::clone(&self.launch), self.figures.clone())
    }

    fn put_back(&self, environment: Environment) {
        let mut resting = self.resting();
        resting.environments.push(environment);
        self.freeze_the_idle(&mut resting);
    }

    /// Freezes the environments for which no invocation waits. Each has asked for one, or has no process.
    fn freeze_the_idle(&self, resting: &mut Resting) {
        if !self.launch.config.freeze {
            return;
        }
        let waiting = resting.waiting;
        let environments = resting.environments.iter_mut().rev();
        environments
            .filter(|environment| environment.is_awake())
            .skip(waiting)
            .for_each(Environment::freeze);
    }

    /// Kills all processes that rest, and waits for their ends.
    pub(super) async fn stop(&self) {
        let mut environments = std::mem::take(&mut self.resting().environments);
        // All are told before the first is waited for.
        environments.iter_mut().for_each(Environment::signal);
        for environment in &mut environments {
            environment.kill().await;
        }
    }
}

/// Has a warm environment work on an invocation, and waits until it has asked for the next.
async fn work(environment: &mut Environment, mut job: Job) {
    let answered = tokio::select! {
        biased;
        answer = environment.invoke(job.event) => Some(answer),
        () = job.reply.closed() => None,
    };
    match answered {
        Some(answer) => {
            let _ = job.reply.send((answer, environment.log_file()));
            environment.settle().await;
        }
        None => environment.abandon().await,
    }
}
