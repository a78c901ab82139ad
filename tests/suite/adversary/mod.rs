//! An adversary between the program and its pipeline, and every verdict held against what is true.
//!
//! Each seed is a case: a pipeline of its own in this process, a run of the real program, and a proxy between the two
//! that does to every operation what networks and sloppy servers do. It drops, delays, cuts, repeats, reorders and
//! redirects; it answers with nothing, with pages of a portal, with errors and throttles, with the wrong types, with
//! the wrong content, with what was true a moment ago, and without end. One case in three truly loses, alters,
//! misplaces or makes up orders: by the emulator, by the original lab's function, or on the way to the queue.
//!
//! What is true is read past the proxy out of the emulator's stores, and put in classes order by order by code of its
//! own (`truth`). The proxy keeps what each order's sender was told (`sends`), so that the ledger is checked as well:
//! it may hold nothing that the sender was not told. Then (`check`):
//!
//! - no pass while an order is lost, altered, overwritten, misplaced, a ghost or a phantom: a wrong pass;
//! - no order accused of what is not so: a wrong accusation. A run that is missing evidence may accuse an order of
//!   another thing than the true one, since it saw half of it, but never one that is where it belongs, and never of
//!   being lost;
//! - where all was looked at, every order is in its true class, also beside other failures;
//! - where the faults end before the look (`Regime::Healed`) and the stores answer whole, though oddly, no verdict is
//!   a failure too;
//! - it ends, with an exit code that a run has.
//!
//! Lies that nobody can find out. A scan that shows a row with another content and has no checksum that says
//! otherwise, a letter with another body and the MD5 of that body, a letter of an order that is not there: the
//! server's word is all there is. Then the server's word counts as what is true, beside the truth: the order may be
//! called altered or overwritten, and it must not pass. A content that contradicts its own MD5 or checksum, a reply
//! without what it must hold, an absence that a second question contradicts are found out, and accuse nobody. Two
//! lies could agree with each other, so one case lies about one operation of the look; and counts that lie zero
//! excuse what is said of an order that was still in the queue when the run had ended.
//!
//! 12 seeds run with every `cargo test`, 500 in the full matrix. By hand, in ranges that can be resumed:
//!
//! ```text
//! cargo build --release
//! ORDERPROOF_PROGRAM=target/release/orderproof ORDERPROOF_ADVERSARY_FIRST=0 \
//!     ORDERPROOF_ADVERSARY_COUNT=20000 ORDERPROOF_ADVERSARY_JOBS=32 ORDERPROOF_ADVERSARY_RESULTS=adversary.tsv \
//!     cargo test --test main adversary::no_verdict -- --nocapture
//! ```
//!
//! Seeds that stand in the results file are not run again.

mod acts;
mod check;
mod dice;
mod lies;
mod plan;
mod proxy;
mod replies;
mod results;
mod run;
mod sends;
mod truth;
mod wire;

use results::{Results, number};

/// Cases with every test run, and in the full matrix, which runs by itself: other tests measure time beside these.
const CASES: u64 = 12;
const CASES_FULL: u64 = 500;
/// The seed of the first.
const FIRST: u64 = 0;
/// Cases at a time: each waits mostly.
const JOBS: u64 = 4;
const JOBS_FULL: u64 = 12;

fn no_verdict_is_wrong(cases: u64, jobs: u64) {
    let first = number("ORDERPROOF_ADVERSARY_FIRST", FIRST);
    let count = number("ORDERPROOF_ADVERSARY_COUNT", cases);
    let jobs = number("ORDERPROOF_ADVERSARY_JOBS", jobs);
    let results = Results::open(std::env::var_os("ORDERPROOF_ADVERSARY_RESULTS"));
    run::all(first..first + count, jobs, &results);
    let summary = results.summary();
    eprintln!("{summary}");
    assert_eq!(results.wrong(), Vec::<String>::new(), "{summary}");
    results.expect_variety();
}

#[test]
fn no_verdict_through_the_adversary_is_wrong() {
    no_verdict_is_wrong(CASES, JOBS);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_500_adversary_cases() {
    no_verdict_is_wrong(CASES_FULL, JOBS_FULL);
}
