//! The AWS side of the verifier: queue counts, table scans and dead-letter sweeps through the SDK.
//!
//! It reads and never writes: a dead letter is received with a long visibility and left where it
//! is. What the rows mean is `verify`'s business. Beside the verifier stand `function`, the clients of a function that
//! runs next to a target, and `plant`, which writes the rows that a scenario wants there before its orders.

mod before;
mod bounds;
mod budget;
mod cause;
mod clients;
mod delivery;
mod error;
mod function;
mod hold;
mod item;
mod plant;
mod queues;
mod redrive;
mod reply;
mod resolve;
mod scan;
mod service;
mod session;
mod sweep;
mod table;
mod target;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use clients::{Stores, http_client};
pub use delivery::Delivery;
pub use error::StoreError;
pub use function::{
    QueueSettings, TABLE_VARIABLE, polling_client, queue_settings, queue_url, writing_client,
};
pub use hold::{Hold, show_what_is_held};
pub use item::{item_of, key_of, sdk_item};
pub use plant::{ROWS_PER_WRITE, RowWriter};
pub use redrive::LetterRedrive;
pub(crate) use resolve::topic_beside;
pub use scan::{Cursor, Page};
pub(crate) use service::Service;
pub use session::{ResponseProbe, Session};
pub use sweep::{Disposal, LEASE, Receives, Swept, not_done};
pub use table::KEYS_PER_LOOKUP;
pub use target::{DoorAt, QueueAt, ReadPolicy, TableAt, Target};
pub use words::{in_words, strange_answer};
