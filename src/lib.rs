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
//! `run` walks the spine: it is what `orderproof run` and other programs call. Beside the spine stand
//! `embedded`, which makes a scenario's pipeline of the emulator, `stub`, a queue that only counts, and `folder`, which reads and writes a run's files. Of the
//! other crates, `orderproof-aws` has `send`, `store`, `account`, which reads a target's real settings (and creates,
//! deletes and cleans), and `clock`, the wall clock; `orderproof-plan` plays a scenario in virtual time for a forecast; `orderproof-functions` has the lab's functions, `processor` and
//! `simulator`; `emulator` plays SQS, Lambda and DynamoDB and knows nothing of orders; in the core are
//! `fault`, which orders a scenario's faults strike, `records`, what stores give as plain data, `evidence`, the limits
//! and digests of files, `preflight`, what a target's settings mean and whether it may be driven at all, and `escape`, through
//! which every text from elsewhere (files, endpoints, functions) passes before it is shown.
//!
//! Invariants, checked by `tests/suite/tidy.rs` and, where a crate ends, by the compiler:
//! - `orderproof-core` does no I/O, reads no clock, is not `async`, and knows no AWS, HTTP or database;
//! - of the program only `embedded` names an `aws_*` crate, for the function that runs next to a target;
//! - only the binaries of `orderproof-functions`, on Lambda, name `lambda_runtime`;
//! - only `drive` names `goose`, only `report::charts` names `plotters`, only `cli` and `main` name
//!   `clap`, only the core's `metrics::histogram` names `hdrhistogram`, only the live view of `commands` names `ratatui`;
//! - only `commands`, `main` and the Lambda binaries (to their log) print.

#[cfg(not(unix))]
compile_error!("orderproof runs on Linux and macOS; on Windows, build and run it inside WSL 2");

pub use orderproof_core::{
    compare, escape, evidence, exit, fault, gate, ledger, load, metrics, order, preflight, records,
    results, scenario, verdict, verify,
};

pub mod cli;
pub mod commands;
pub mod drive;
pub mod embedded;
pub mod engines;
pub mod error;
pub mod folder;
pub mod journal;
pub mod observe;
pub mod run;
pub mod stub;
pub mod workers;

pub use orderproof_aws::{account, clock, objects, send, store};
pub use orderproof_emulator as emulator;
pub use orderproof_functions::{processor, simulator, table};
pub use orderproof_plan as plan;
pub use orderproof_report as report;

#[cfg(test)]
mod testing;
