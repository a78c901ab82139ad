//! One run by several workers: each a process that sends its shard, on whatever machine an engine places it.
//!
//! They meet in a place they share ([`RunAt`]): worker 0 writes the plan, each says that it is ready, worker 0 fixes the
//! start, each claims its shard before its first send and leaves a manifest after its last. Nobody sends a shard that was
//! claimed before, whatever an engine starts again, and no worker judges: [`merge`] settles, observes and judges, as one
//! process would have. What the shards' files say is read by `run`, as evidence of the run.

mod abort;
mod agree;
mod copy;
mod copying;
mod identity;
mod lock;
mod meet;
mod merge;
mod one_merge;
mod part;
mod place;
mod queues;
mod refusal;
mod send;
mod wait;

pub use copy::{copied, copied_back};
pub use identity::identity;
pub use meet::Patience;
pub use merge::{Merge, Merged, merge};
pub use one_merge::{OneMerge, Times};
pub use part::verify_part;
pub use place::{Folder, MeetingPlace, Objects, RunAt};
pub use refusal::not_refused;
pub use send::{Sent, Worker, send_shard};
pub use wait::wait_for_workers;
