//! `orderproof serve`: the embedded pipeline of a scenario, for programs in other processes.

use std::time::Duration;

use super::check::load_scenario;
use super::interrupt::stop_on_interrupt;
use super::run::{orders, run_id};
use super::{CommandError, Output};
use crate::cli::ServeArgs;
use crate::drive::StopSignal;
use crate::exit::Exit;
use crate::load::Schedule;
use crate::pipeline::EmbeddedPipeline;
use crate::scenario::{Resources, TargetSpec};
use crate::store::Target;

/// How often it looks whether to stop.
const TICK: Duration = Duration::from_millis(50);

/// Serves the pipeline a scenario describes until ctrl-c, and says then what it counted.
pub fn serve(args: &ServeArgs, output: &Output) -> Result<Exit, CommandError> {
    let scenario = load_scenario(&args.scenario, &args.overrides)?;
    if scenario.target != TargetSpec::Embedded {
        return Err(CommandError::usage(format!(
            "{}: its target is a pipeline elsewhere, so there is none to serve; leave [target] out",
            args.scenario.display()
        )));
    }
    let stop = StopSignal::new();
    stop_on_interrupt(stop.clone(), "");
    let planned = Schedule::new(&scenario).count();
    let run_id = run_id(args.run_id)?;
    let pipeline = EmbeddedPipeline::start(&scenario, orders(&scenario, run_id), planned)
        .map_err(CommandError::usage)?;
    output.print(&target_table(&pipeline.target()));
    if !scenario.faults.is_empty() {
        output.note(&format!(
            "faults are planted for the orders of run {run_id}: use --run-id {run_id}"
        ));
    }
    while !stop.is_stopped() {
        std::thread::sleep(TICK);
    }
    let counters = pipeline.counters();
    pipeline.shutdown();
    if !args.quiet {
        output.note(&format!(
            "stopped after {} invocations ({} failed whole, {} failed records)",
            counters.invocations, counters.failed_invocations, counters.failed_records
        ));
    }
    Ok(Exit::Success)
}

/// The table that makes a scenario's target of it.
fn target_table(target: &Target) -> String {
    let Resources {
        orders_queue,
        dead_letter_queue,
        table,
    } = Resources::default();
    format!(
        "# {orders_queue}, {dead_letter_queue} and the table {table}; any credentials will do. Stop with ctrl-c.\n\
         [target]\n\
         sqs_endpoint_url = \"{}\"\n\
         dynamodb_endpoint_url = \"{}\"\n\
         region = \"{}\"\n\
         exact_counts = true\n",
        target.sqs_endpoint, target.dynamodb_endpoint, target.region
    )
}
