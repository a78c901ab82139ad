//! The state machines of an order pipeline: queue, event source mapping, function and table capacity, as AWS describes
//! them.
//!
//! Nothing here does I/O, reads a clock or waits: the instant is an argument. `orderproof-emulator` plays them against the
//! wall clock and speaks AWS's protocols around them; a forecast plays the same machines in virtual time.

pub mod mapping;
pub mod queue;
pub mod table;
pub mod time;
