//! The lab's functions, as they run on Lambda and in the embedded pipeline.
//!
//! - [`processor`]: an SQS event in, rows out, a partial batch response;
//! - [`table`]: the processor's rows in a table of DynamoDB;
//! - [`simulator`]: sends a few orders when it is invoked.
//!
//! The binaries `lab-order-processor` and `lab-order-simulator` are these behind the Lambda Runtime API.

pub mod processor;
pub mod simulator;
pub mod table;

// The modules of other crates under the names that the program's facade gives them.
use orderproof_aws::{clock, send, store};
use orderproof_core::{ledger, order, scenario};

#[cfg(test)]
use orderproof_core::records;
#[cfg(test)]
use orderproof_emulator as emulator;
/// Queues and a table of their own for one test, as the stores' own tests have them.
#[cfg(test)]
#[path = "../../aws/src/store/tests/site.rs"]
#[allow(dead_code, reason = "what only the stores' own tests ask of it")]
mod site;
