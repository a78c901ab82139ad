//! `orderproof` proves that an order pipeline on AWS loses nothing under load.
//!
//! The modules stand in the order of the spine; those of `orderproof-core` and, as `report`,
//! `orderproof-report` are shown here under their own names:
//!
//! ```text
//! scenario -> load::Schedule        core: order k is due at start + t(k)
//!   -> drive (goose, send)          open-model load; intent journaled before, outcome after (journal)
//!   -> ledger::Ledger               core: acknowledged | rejected | indeterminate | unsent
//!   -> observe (store)              waits for rest, reads the table and the dead-letter queue
//!   -> verify::Observation          core: what the table and the dead-letter queue hold
//!   -> verify::reconcile            core: every order in exactly one class of verdict
//!   -> verify::judge                core: pass | fail | inconclusive
//!   -> results::RunReport           core: run.json
//!   -> report                       run.json as page, charts, csv, markdown, text
//!   -> gate                         core: rules held against a report, an exit code for CI
//!   -> compare                      core: two reports, or repeats: what changed beyond noise
//! ```
//!
//! `run` walks the spine: it is what `orderproof run` and other programs call. Beside the spine stand `emulator`, a
//! crate of its own that plays SQS, Lambda and DynamoDB and knows nothing of orders, `embedded`, which makes a
//! scenario's pipeline of it, `processor`, the order processor itself, `simulator`, which sends a
//! few orders from Lambda, `folder`, which reads and writes a run's files, and `clock`, the wall clock; in the core
//! `fault`, which orders a scenario's faults strike, `records`, what stores give as plain data, `evidence`, the limits
//! and digests of files, and `escape`, through which every text from elsewhere (files, endpoints, functions) passes
//! before it is shown. Before a run at AWS, `account` reads the target's real settings (and creates, deletes and
//! cleans), and the core's `preflight` says what they mean, what the run costs and whether it may be driven at all.
//!
//! Invariants, checked by `tests/suite/tidy.rs` and, where a crate ends, by the compiler:
//! - `orderproof-core` does no I/O, reads no clock, is not `async`, and knows no AWS, HTTP or database;
//! - only `send`, `store`, `processor`, `embedded` and `account` name an `aws_*` crate;
//! - only the binaries `lab-order-processor` and `lab-order-simulator`, on Lambda, name `lambda_runtime`;
//! - only `drive` names `goose`, only `report::charts` names `plotters`, only `cli` and `main` name
//!   `clap`, only the core's `metrics::histogram` names `hdrhistogram`, only the live view of `commands` names `ratatui`;
//! - only `commands`, `main` and the Lambda binaries (to their log) print.

pub use orderproof_core::{
    compare, escape, evidence, exit, fault, gate, ledger, load, metrics, order, preflight, records,
    results, scenario, verdict, verify,
};

pub mod account;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod drive;
pub mod embedded;
pub mod error;
pub mod folder;
pub mod journal;
pub mod observe;
pub mod processor;
pub mod run;
pub mod send;
pub mod simulator;
pub mod store;

pub use orderproof_emulator as emulator;
pub use orderproof_report as report;
