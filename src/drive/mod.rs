//! Open-model load: every order at its intended instant, whatever the pipeline does.
//!
//! A pacer on a thread of its own walks the schedule and hands each batch over when it is due; Goose's
//! users, or plain tasks, are the pool that sends them. Lateness of any kind shows as schedule lag, and what exceeds
//! `max_in_flight` is counted unsent. Leaves how an order is sent to `send` and the file to `ledger`.

mod alarm;
mod attack;
mod before;
#[cfg(test)]
mod before_tests;
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
mod work;

pub use pace::{Pace, process_cpu_time, thread_cpu_time};
pub use plan::{DriveError, DriveOptions, DriveOutcome, DrivePart, DrivePlan};
pub use pool::Pool;
pub use progress::{Progress, SendTimes, Started};
pub use run::run;
pub use signal::StopSignal;
