//! Anyone's function: a Lambda bootstrap of any language, run as child processes behind the Lambda
//! Runtime API.
//!
//! One process for each concurrent execution environment, each with an API of its own on a free loopback
//! port. What is as on AWS: the API, the variables, one invocation at a time, warm environments, killing
//! at the time-out, and that work stops once the runtime has asked for an invocation and none waits (the
//! process is stopped with all its descendants, whatever group or session they have gone to). What is not: memory is
//! not limited, a start that fails is not tried a second time within its invocation, there are no
//! extensions, and processes share this machine's files and network. What an invocation's end means for its messages is
//! `mapping`'s business.

mod config;
mod error;

mod api;
mod descendants;
mod environment;
mod exchange;
mod figures;
mod function;
mod gate;
mod log;
mod payload;
mod pool;
mod process;

#[cfg(test)]
mod testing;

pub use config::{CommandConfig, Credentials, RESERVED_VARIABLES};
pub use error::{CommandError, EnvironmentFigures};
pub use figures::NeverStarted;
pub use function::{CommandFunction, StartWatch};
