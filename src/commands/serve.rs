//! `orderproof serve`: the embedded pipeline of a scenario, for programs in other processes.

use std::net::SocketAddr;
use std::time::Duration;

use super::check::{overrides_in, scenario_or_lab};
use super::interrupt::stop_on_interrupt;
use super::run::run_id;
use super::serve_stub::serve_stub;
use super::{Error, Output};
use crate::cli::ServeArgs;
use crate::drive::StopSignal;
use crate::embedded::{EmbeddedPipeline, PipelineError, ServeOptions, StartWatch};
use crate::emulator::HEALTH_PATH;
use crate::exit::Exit;
use crate::results::NeverStarted;
use crate::run::{orders, random_run_id};
use crate::scenario::{Pipeline, Scenario, TargetSpec};
use crate::store::{DoorAt, Target};

/// How often it looks whether to stop.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Serves the pipeline a scenario describes until ctrl-c, and says then what it counted.
pub fn serve(args: &ServeArgs, output: &Output) -> Result<Exit, Error> {
    let scenario = scenario_of(args)?;
    if args.stub.stub {
        return serve_stub(args, &scenario, output);
    }
    let stop = StopSignal::new();
    stop_on_interrupt(stop.clone(), "");
    let planned = scenario.schedule().count();
    let run_id = run_id(args.run_id)?.unwrap_or_else(random_run_id);
    let options = ServeOptions {
        address: SocketAddr::new(args.bind, args.port),
        creates_resources: !args.empty,
        runs_function: !args.no_function,
        stored_bytes_max: Some(args.max_stored_bytes),
        allowed_hosts: args.allow_host.clone(),
        pages: args.cors.clone(),
        traffic_max: Some((args.max_connections.into(), args.max_request_bytes)),
        function_logs: args.function_logs.clone(),
    };
    let plan = orders(&scenario, run_id);
    let pipeline = EmbeddedPipeline::start_with(&scenario, plan, planned, &options)
        .map_err(|error| explain(error, options.address))?;
    output.print(&target_table(&scenario, &pipeline.target(), args));
    warn_beyond_loopback(options.address, output);
    if !scenario.faults.is_empty() {
        output.note(&format!(
            "faults are planted for the orders of run {run_id}: use --run-id {run_id}, once: a second run with this id is refused"
        ));
    }
    let mut watch = pipeline.watch_start();
    while !stop.is_stopped() {
        std::thread::sleep(TICK);
        let never = watch.as_ref().and_then(StartWatch::never_started);
        if let Some(never) = never.filter(|never| never.failed > 0) {
            output.note(&not_starting(&never));
            watch = None;
        }
    }
    let counters = pipeline.counters();
    pipeline.shutdown();
    if !args.quiet {
        output.note(&format!(
            "stopped after {} invocations ({} failed whole, {} failed records)",
            counters.invocations, counters.failed_invocations, counters.failed_records
        ));
        let failures = counters.failures.unwrap_or_default();
        if let Some(commonest) = failures.first() {
            output.note(&format!("the commonest failure: {}", commonest.told()));
        }
    }
    Ok(Exit::Success)
}

/// Says what it means to listen on this address, if anybody can reach it.
pub(super) fn warn_beyond_loopback(address: SocketAddr, output: &Output) {
    if !address.ip().is_loopback() {
        output.note(&format!(
            "warning: {address} can be reached from beyond this machine, and nothing is authenticated: anybody who \
             reaches it can read and change what it holds. Clients that call it by a name other than localhost need \
             --allow-host NAME"
        ));
    }
}

/// The message about a function that does not start. It is tried again, as Lambda does, because it may be repaired meanwhile.
fn not_starting(never: &NeverStarted) -> String {
    let mut note = format!("warning: {}; it is tried again", never.told());
    for line in &never.last_lines {
        note.push_str("\n  | ");
        note.push_str(line);
    }
    note
}

fn scenario_of(args: &ServeArgs) -> Result<Scenario, Error> {
    let scenario = scenario_or_lab(args.scenario.as_deref(), &overrides_in(&args.overrides))?;
    match (&args.scenario, scenario.target == TargetSpec::Embedded) {
        (Some(path), false) => Err(Error::usage(format!(
            "{}: its target is a pipeline elsewhere, and only the embedded one can be served; leave [target] out",
            path.display()
        ))),
        _ => Ok(scenario),
    }
}

/// What to do about a pipeline that cannot be started.
pub(super) fn explain(error: PipelineError, address: SocketAddr) -> Error {
    match error {
        PipelineError::Serve(cause) => Error::usage(format!(
            "cannot listen on {address}: {cause}; choose another with --port (0 takes any that is free) \
             or --bind"
        )),
        other => Error::usage(other),
    }
}

/// The table that makes a scenario's target of it.
fn target_table(scenario: &Scenario, target: &Target, args: &ServeArgs) -> String {
    let Pipeline {
        orders_queue,
        dead_letter_queue,
        ..
    } = &scenario.pipeline;
    let further = target.letter_queues.iter();
    let further: String = further.map(|queue| format!(", {}", queue.called)).collect();
    let named = |tables: Vec<String>| match &tables[..] {
        [table] => format!("the table {table}"),
        tables => format!("the tables {}", tables.join("; ")),
    };
    let names = target.tables.iter().map(|table| table.name.clone());
    let keys = target
        .tables
        .iter()
        .map(|table| format!("{}, key {}", table.name, table.key));
    let Target {
        sqs_endpoint: endpoint,
        region,
        ..
    } = target;
    let resources = match args.empty {
        true => format!(
            "# Nothing is there yet: create {orders_queue}, {dead_letter_queue}{further} and {}.",
            named(keys.collect())
        ),
        false => format!(
            "# {orders_queue}, {dead_letter_queue}{further} and {}.",
            named(names.collect())
        ),
    };
    let door = match (&target.door, args.empty) {
        (DoorAt::Queue, _) | (_, true) => String::new(),
        (DoorAt::Topic { arn, .. }, _) => format!("# Orders go to the topic {arn}.\n"),
        (DoorAt::Bus { name, .. }, _) => format!("# Orders go to the event bus {name}.\n"),
        (DoorAt::Server { site, url }, _) => {
            format!("# Orders go to the server at {site}{url}: write that as [sending.http] url.\n")
        }
    };
    let function = match args.no_function {
        true => "\n# No function runs: consume the orders yourself, or run with --processor local.",
        false => "",
    };
    let services = match &target.door {
        DoorAt::Topic { .. } => "SQS, SNS and DynamoDB",
        DoorAt::Bus { .. } => "SQS, EventBridge and DynamoDB",
        DoorAt::Queue | DoorAt::Server { .. } => "SQS and DynamoDB",
    };
    format!(
        "# {services} at {endpoint}, region {region}, any credentials; {endpoint}{HEALTH_PATH}\n\
         {resources} Stop with ctrl-c.{function}\n\
         {door}\
         # Clients need credentials, whichever: export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n\
         # aws --endpoint-url {endpoint} sqs list-queues\n\
         [target]\n\
         sqs_endpoint_url = \"{endpoint}\"\n\
         dynamodb_endpoint_url = \"{}\"\n\
         region = \"{region}\"\n\
         exact_counts = true\n",
        target.dynamodb_endpoint
    )
}
