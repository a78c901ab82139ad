//! The AWS side of the verifier: queue counts, table scans and dead-letter sweeps through the SDK.
//!
//! It reads and never writes: a dead letter is received with a long visibility and left where it
//! is. What the rows mean is `verify`'s business. [`SdkOrderStore`] writes: it is the table of the
//! order processor that runs on Lambda or, with `function`, next to the target, and no part of the verifier; and `plant`
//! writes the rows that a scenario wants there before its orders.

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
mod rows;
mod scan;
mod session;
mod sweep;
mod table;
mod target;
mod words;

#[cfg(test)]
pub(crate) mod tests;

pub use clients::Stores;
pub use delivery::Delivery;
pub use error::StoreError;
pub(crate) use function::{polling_client, queue_settings, queue_url};
pub(crate) use hold::Hold;
pub use hold::show_what_is_held;
pub(crate) use item::{item_of, key_of, sdk_item};
pub(crate) use plant::{ROWS_PER_WRITE, RowWriter};
pub use redrive::LetterRedrive;
pub(crate) use rows::THROTTLING;
pub use rows::{SdkOrderStore, TABLE_VARIABLE};
pub use scan::{Cursor, Page};
pub use session::Session;
pub(crate) use session::Witness;
pub(crate) use sweep::not_done;
pub use sweep::{Disposal, Receives};
pub use table::KEYS_PER_LOOKUP;
pub use target::{QueueAt, ReadPolicy, TableAt, Target};
pub(crate) use words::in_words;
