//! What the tests of several crates share.

use crate::processor::{OrderRow, OrderStore, PutOutcome, WriteError};

/// The processor's rows in memory.
#[path = "../crates/functions/src/processor/testing.rs"]
pub(crate) mod rows;
/// Queues and a table of their own for one test.
#[path = "../crates/aws/src/store/tests/site.rs"]
pub(crate) mod site;
/// An SQS that answers as a test asks.
#[path = "../crates/aws/src/send/stub.rs"]
#[allow(dead_code, reason = "what only the senders' own tests ask of it")]
pub(crate) mod stub;
