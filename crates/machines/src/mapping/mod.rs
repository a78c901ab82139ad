//! The event source mapping and the function behind it: how batches are gathered, how many run at one time, how long each
//! takes, and when a throttled one is tried again.

mod concurrency;
mod environments;
mod fate;
mod gathering;
mod retries;
mod service_time;
mod settings;
mod times;

pub use concurrency::Concurrency;
pub use environments::{Begin, Environments};
pub use fate::{BatchFate, fate};
pub use gathering::{Gathering, LONG_POLL};
pub use retries::Retries;
pub use service_time::{Draws, ServiceTime};
pub use settings::{FunctionSettings, Mapping, MessageFilter, ProvisionedPollers};
pub use times::Times;
