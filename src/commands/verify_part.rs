//! `orderproof verify --worker`: one of several workers reads its part of the tables before the merge.

use serde::Serialize;

use super::interrupt::quit_on_interrupt;
use super::reach::{Access, reach};
use super::{Error, Output};
use crate::cli::VerifyArgs;
use crate::exit::Exit;
use crate::folder::{SealState, check_seal, read_plan};
use crate::results::file_name;
use crate::workers::{Merge, identity, verify_part as read};

/// Reads the part of worker `who`, `I/N`.
pub fn verify_part(args: &VerifyArgs, who: &str, output: &Output) -> Result<Exit, Error> {
    let part = identity(Some(who), |_| None)?;
    let dir = args.dir.as_path();
    let file = dir.join(file_name::PLAN);
    let plan = read_plan(&file).map_err(Error::usage)?;
    let none = |why: &str| Error::usage(format!("{}: {why}", dir.display()));
    let planned = plan
        .scenario
        .target
        .aws()
        .filter(|_| plan.first_shard().is_some());
    let planned = planned.ok_or_else(|| {
        none("the run there is of one process: leave --worker out; --resume or --live read its tables")
    })?;
    if check_seal(dir) != SealState::Missing {
        return Err(none("the run was merged before: leave --worker out"));
    }
    let target = reach(&file, planned, &args.reach, Access::Reads, output)?;
    quit_on_interrupt();
    let merge = Merge {
        dir: dir.to_owned(),
        plan: &plan,
        target,
        now: false,
        is_copy: false,
        yes: args.reach.yes,
    };
    let seen = read(&merge, part, output)?;
    match args.json {
        true => output.json(&Document {
            schema_version: 1,
            verdict: None,
            exit_code: Exit::Success.code(),
            run_id: plan.run_id.get(),
            worker: part.index(),
            workers: part.of(),
            segments: seen.segments,
            rows: seen.rows,
            requests: seen.requests,
        }),
        false => output.print(&format!(
            "worker {part}: {} rows in {} segments of the tables, by {} requests; no verdict: run `orderproof merge {}`\n",
            seen.rows,
            seen.segments,
            seen.requests,
            dir.display()
        )),
    }
    Ok(Exit::Success)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Document {
    schema_version: u32,
    /// Always null: nothing was judged.
    verdict: Option<()>,
    exit_code: u8,
    run_id: u32,
    worker: u32,
    workers: u32,
    segments: u64,
    rows: u64,
    requests: u64,
}
