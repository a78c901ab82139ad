//! Open-model load: every order at its intended instant, whatever the pipeline does.
//!
//! One thread or several, each pinned to a core: its pacer walks its part of the schedule and hands each batch over when it is
//! due, to the senders on the same thread. A Goose user holds a thread and hears of each request. Lateness of any kind shows as
//! schedule lag, and what exceeds `max_in_flight` is counted unsent. Leaves how an order is sent to `send` and the file to
//! `ledger`.

mod alarm;
mod attack;
mod before;
#[cfg(test)]
mod before_tests;
mod cores;
mod course;
mod lanes;
mod pace;
mod pacer;
mod plan;
mod pool;
mod progress;
mod run;
mod sabotage;
mod signal;
mod tally;
#[cfg(test)]
mod tests;
mod thread;
#[cfg(test)]
mod thread_tests;
mod timer;
mod work;

pub use cores::threads_in_words;
pub use pace::{Pace, process_cpu_time, thread_cpu_time};
pub use plan::{DriveError, DriveOptions, DriveOutcome, DrivePart, DrivePlan};
pub use pool::Pool;
pub use progress::{Progress, SendTimes, Started};
pub use run::run;
pub use signal::StopSignal;
