//! What the mapping needs of a queue, wherever it is.

use std::future::Future;
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;

/// A message as a receive gave it.
pub trait Delivery: Send + Sync + 'static {
    /// The message's id.
    fn message_id(&self) -> &str;

    /// The body, as sent.
    fn body(&self) -> &str;

    /// The record the function gets to see, but for the queue it comes from.
    fn record(&self) -> SqsMessage;
}

/// The queue a mapping polls.
pub trait MessageQueue: Send + Sync + 'static {
    /// Its messages.
    type Message: Delivery;

    /// Up to `most` messages, 10 at most; waits up to `wait` for a first one. `room` invocations could
    /// start at once: a queue far away may ask for as many batches ahead and for no more. What goes
    /// wrong is told to the log and waited out here: nothing has come then.
    fn receive(
        &self,
        most: usize,
        wait: Duration,
        room: usize,
    ) -> impl Future<Output = Vec<Self::Message>> + Send;

    /// Deletes the messages of a batch but for those at the positions `returning`, in rising order. Those
    /// that could not be deleted, whose number is returned, come back after their visibility time-out.
    fn delete(
        &self,
        batch: &[Self::Message],
        returning: &[usize],
    ) -> impl Future<Output = u64> + Send;

    /// Messages wait to be received, as far as is known.
    fn has_backlog(&self) -> bool;

    /// Whether it keeps the messages of a group in order: it gives out none of a group while others of it are in flight.
    fn is_fifo(&self) -> bool {
        false
    }

    /// How long a message that was received stays hidden from others.
    fn visibility_timeout(&self) -> Duration;
}
