//! A sender's life, whoever gives it its turns, and the pool of plain tasks.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::lanes::Turn;
use super::work::{InHand, Shared, Waiting, Work};
use crate::send::{AnySender, Batch, SendReply, Sender};

/// Who gives the senders their turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pool {
    /// Goose's users, each of which holds a thread that sends, and hears of each request: Goose's metrics, report and
    /// dashboard show the sends. One run of a process at a time.
    #[default]
    Goose,
    /// Threads of the run's own: any number of runs side by side, and nothing global.
    Tasks,
}

/// What carries batches, and hears of each reply.
pub(super) trait Carrier: Send {
    /// Sends a batch, by the sender's own connection unless it can be by another.
    fn send(
        &mut self,
        sender: &mut AnySender,
        batch: &Batch,
    ) -> impl Future<Output = SendReply> + Send {
        sender.send(batch)
    }

    /// The reply to `work` came at `acked_at` after the run's start.
    fn replied(&mut self, _work: &Work, _acked_at: Duration, _reply: &SendReply) {}
}

impl Carrier for () {}

/// Sends what is due until nothing more will be.
pub(super) async fn send_what_is_due(shared: &Shared, carrier: &mut impl Carrier) {
    let mut sender = shared.pool.sender();
    sender.warm_up().await;
    shared.barrier.enter();
    let mut batch = Batch::new();
    while let Ok(work) = shared.queue.recv_async().await {
        let _turn = Turn::of(shared.lanes.as_ref(), &work);
        let mut next = Some(work);
        while let Some(work) = next {
            batch.fill(shared.orders(), work.orders().iter().copied());
            // All of it, unless these orders are too large for one request.
            let (work, rest) = work.split(batch.len());
            let rest = Waiting::new(shared, rest);
            let in_hand = InHand::send(shared, work);
            let reply = carrier.send(&mut sender, &batch).await;
            let acked_at = shared.now();
            in_hand.settle(acked_at, &reply);
            carrier.replied(&work, acked_at, &reply);
            next = rest.take();
        }
    }
}

/// Runs the pool of tasks until the queue of work is closed and empty; each has a carrier of its own.
///
/// # Errors
/// When a sender panicked; the batch in its hand has an outcome.
pub(super) async fn run_tasks<C: Carrier + Clone + 'static>(
    shared: Arc<Shared>,
    senders: u32,
    carrier: C,
) -> Result<(), String> {
    let mut tasks = JoinSet::new();
    for _ in 0..senders {
        let (shared, mut carrier) = (Arc::clone(&shared), carrier.clone());
        tasks.spawn(async move { send_what_is_due(&shared, &mut carrier).await });
    }
    let mut result = Ok(());
    while let Some(ended) = tasks.join_next().await {
        result = result.and(ended.map_err(|error| format!("a sender failed: {error}")));
    }
    result
}
