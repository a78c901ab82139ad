//! Where an invocation and the runtime that works on it meet: the states of one runtime process.
//!
//! The states and what is allowed in them follow AWS's own runtime interface emulator: `next` asked again
//! before an answer gives the same invocation again, an answer for another request id is refused and
//! changes nothing, an answer out of turn is a forbidden transition.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::error::CommandError;

/// One invocation as the runtime gets to see it.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    pub(super) trace_id: String,
    pub(super) deadline_ms: u64,
    pub(super) event: Bytes,
}

/// What a runtime may not do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeError {
    /// The answer is not for the invocation the runtime has.
    InvalidRequestId,
    /// The runtime is in no state for this; its name.
    InvalidTransition(&'static str),
}

/// A runtime's answer to an invocation.
pub(super) type Answer = Result<Bytes, CommandError>;

#[derive(Debug)]
enum Phase {
    /// No `next` yet.
    Starting,
    /// The start has failed, for this reason.
    InitFailed(String),
    /// It has asked for an invocation and has one as soon as there is one.
    Ready,
    /// It has answered and not asked again.
    Answered,
}

impl Phase {
    fn name(&self) -> &'static str {
        match self {
            Self::Starting => "Started",
            Self::InitFailed(_) => "InitError",
            Self::Ready => "Ready",
            Self::Answered => "ResponseSent",
        }
    }
}

#[derive(Debug)]
struct State {
    phase: Phase,
    current: Option<(Arc<Invocation>, oneshot::Sender<Answer>)>,
}

/// The meeting place of one runtime process.
#[derive(Debug)]
pub(super) struct Exchange {
    state: Mutex<State>,
    changed: Notify,
}

impl Exchange {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Starting,
                current: None,
            }),
            changed: Notify::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The runtime asks for an invocation and waits until there is one.
    pub(super) async fn next(&self) -> Result<Arc<Invocation>, ExchangeError> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                if let Phase::InitFailed(_) = state.phase {
                    return Err(ExchangeError::InvalidTransition(state.phase.name()));
                }
                if !matches!(state.phase, Phase::Ready) {
                    state.phase = Phase::Ready;
                    self.changed.notify_waiters();
                    continue;
                }
                if let Some((invocation, _)) = &state.current {
                    return Ok(Arc::clone(invocation));
                }
            }
            changed.await;
        }
    }

    /// The runtime answers the invocation of this id.
    pub(super) fn answer(&self, request_id: &str, answer: Answer) -> Result<(), ExchangeError> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Ready) {
            return Err(ExchangeError::InvalidTransition(state.phase.name()));
        }
        let taken = state
            .current
            .take_if(|(invocation, _)| invocation.request_id == request_id);
        let Some((_, asked)) = taken else {
            return Err(ExchangeError::InvalidRequestId);
        };
        state.phase = Phase::Answered;
        // Whoever asked may have gone: the runtime is not to know.
        let _ = asked.send(answer);
        Ok(())
    }

    /// Whether the runtime has this invocation and may answer it, without answering.
    pub(super) fn may_answer(&self, request_id: &str) -> Result<(), ExchangeError> {
        let state = self.state();
        match (&state.phase, &state.current) {
            (Phase::Ready, Some((invocation, _))) if invocation.request_id == request_id => Ok(()),
            (Phase::Ready, _) => Err(ExchangeError::InvalidRequestId),
            (phase, _) => Err(ExchangeError::InvalidTransition(phase.name())),
        }
    }

    /// The runtime reports that its start has failed.
    pub(super) fn init_error(&self, reason: String) -> Result<(), ExchangeError> {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Starting) {
            return Err(ExchangeError::InvalidTransition(state.phase.name()));
        }
        state.phase = Phase::InitFailed(reason);
        self.changed.notify_waiters();
        Ok(())
    }

    /// Waits until the runtime has asked for an invocation.
    ///
    /// # Errors
    /// The reason of a start that has failed.
    pub(super) async fn ready(&self) -> Result<(), String> {
        loop {
            let changed = self.changed.notified();
            match &self.state().phase {
                Phase::Ready => return Ok(()),
                Phase::InitFailed(reason) => return Err(reason.clone()),
                Phase::Starting | Phase::Answered => {}
            }
            changed.await;
        }
    }

    /// Gives the runtime an invocation; its answer arrives at what is returned.
    pub(super) fn invoke(&self, invocation: Invocation) -> oneshot::Receiver<Answer> {
        let (asked, answer) = oneshot::channel();
        self.state().current = Some((Arc::new(invocation), asked));
        self.changed.notify_waiters();
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(request_id: &str) -> Invocation {
        Invocation {
            request_id: request_id.into(),
            trace_id: String::new(),
            deadline_ms: 0,
            event: Bytes::from_static(b"{}"),
        }
    }

    #[tokio::test]
    async fn an_invocation_is_handed_out_until_it_is_answered() {
        let exchange = Exchange::new();
        let answer = exchange.invoke(invocation("a"));
        for _ in 0..2 {
            assert_eq!(exchange.next().await.unwrap().request_id, "a");
        }
        assert_eq!(exchange.ready().await, Ok(()));
        let wrong = exchange.answer("b", Ok(Bytes::new()));
        assert_eq!(wrong, Err(ExchangeError::InvalidRequestId));
        assert_eq!(exchange.answer("a", Ok(Bytes::new())), Ok(()));
        assert_eq!(answer.await.unwrap(), Ok(Bytes::new()));
        let again = exchange.answer("a", Ok(Bytes::new()));
        assert_eq!(again, Err(ExchangeError::InvalidTransition("ResponseSent")));
    }

    #[tokio::test]
    async fn a_runtime_that_has_not_asked_may_not_answer() {
        let exchange = Exchange::new();
        let refused = Err(ExchangeError::InvalidTransition("Started"));
        assert_eq!(exchange.answer("a", Ok(Bytes::new())), refused);
        assert_eq!(exchange.may_answer("a"), refused);
    }

    #[tokio::test]
    async fn after_an_init_error_nothing_is_handed_out() {
        let exchange = Exchange::new();
        assert_eq!(exchange.init_error("no".into()), Ok(()));
        assert_eq!(exchange.ready().await, Err("no".into()));
        let refused = ExchangeError::InvalidTransition("InitError");
        assert_eq!(exchange.next().await.unwrap_err(), refused);
        assert_eq!(exchange.init_error("again".into()), Err(refused));
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_waits_for_its_invocation_and_its_environment_for_it() {
        let exchange = Arc::new(Exchange::new());
        let runtime = Arc::clone(&exchange);
        let asks = tokio::spawn(async move { runtime.next().await.unwrap().request_id.clone() });
        exchange.ready().await.unwrap();
        assert!(!asks.is_finished());
        let _answer = exchange.invoke(invocation("a"));
        assert_eq!(asks.await.unwrap(), "a");
        let late = exchange.init_error("too late".into());
        assert_eq!(late, Err(ExchangeError::InvalidTransition("Ready")));
    }
}
