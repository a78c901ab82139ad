//! `orderproof` proves that an order pipeline on AWS loses nothing under load.
//!
//! The modules stand in the order of the spine:
//!
//! ```text
//! scenario -> load::Schedule        pure: order k is due at start + t(k)
//!   -> drive (goose, send)          open-model load; intent journaled before, outcome after
//!   -> ledger::Ledger               acknowledged | rejected | indeterminate | unsent
//!   -> verify::settle, verify::observe (store)
//!   -> verify::Observation          what the table and the dead-letter queue hold
//!   -> verify::reconcile            pure: every order in exactly one class
//!   -> verify::judge                pass | fail | inconclusive
//!   -> report                       run.json, charts, csv, markdown, text
//!   -> gate                         pure: rules held against a report, an exit code for CI
//!   -> compare                      pure: two reports, or repeats: what changed beyond noise
//! ```
//!
//! Beside the spine stand `emulator`, a crate of its own that plays SQS, Lambda and DynamoDB and knows nothing of
//! orders, `embedded`, which makes a scenario's pipeline of it, `processor`, the order processor itself, `simulator`,
//! which sends a few orders from Lambda, `fault`, which orders a scenario's faults strike, `clock`, the wall clock,
//! `evidence`, which reads a run's files within limits and seals them, and `escape`, through which every text from
//! elsewhere (files, endpoints, functions) passes before it is shown. Before a run at AWS, `account` reads the target's
//! real settings (and creates, deletes and cleans), and `preflight` says what they mean, what the run costs and
//! whether it may be driven at all.
//!
//! Invariants, checked by `tests/suite/tidy.rs`:
//! - only `send`, `store`, `processor`, `embedded` and `account` name an `aws_*` crate;
//! - only the binaries `lab-order-processor` and `lab-order-simulator`, on Lambda, name `lambda_runtime`;
//! - only `drive` names `goose`, only `report::charts` names `plotters`, only `cli` and `main` name
//!   `clap`, only `metrics::histogram` names `hdrhistogram`, only the live view of `commands` names `ratatui`;
//! - `escape`, `order`, `scenario`, `load`, `fault`, `gate`, `compare`, `preflight`, `verify::reconcile` and
//!   `verify::judge` do no I/O, read no clock and are not `async`;
//! - only `commands`, `main` and the Lambda binaries (to their log) print.

pub mod account;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod compare;
pub mod drive;
pub mod embedded;
pub mod error;
pub mod escape;
pub mod evidence;
pub mod exit;
pub mod fault;
pub mod gate;
pub mod ledger;
pub mod load;
pub mod metrics;
pub mod order;
pub mod preflight;
pub mod processor;
pub mod report;
pub mod run;
pub mod scenario;
pub mod send;
pub mod simulator;
pub mod store;
pub mod verify;

pub use orderproof_emulator as emulator;
