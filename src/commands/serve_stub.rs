//! `orderproof serve --stub`: a queue that only counts, to measure a load generator with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::interrupt::stop_on_interrupt;
use super::serve::{TICK, explain, warn_beyond_loopback};
use super::{Error, Output};
use crate::cli::ServeArgs;
use crate::drive::StopSignal;
use crate::embedded::{EmbeddedPipeline, PipelineError, ServeOptions};
use crate::escape;
use crate::exit::Exit;
use crate::order::{Door, RunId};
use crate::run::orders;
use crate::scenario::{Scenario, is_lab};
use crate::stub::{Chances, DROPPED_PATH, FIGURES_PATH, Figures, Names, Stub, StubOptions};

/// Dropped orders that are named at the end.
const NAMED: usize = 10;

/// Serves the stub until ctrl-c, and says then what it has seen.
pub(super) fn serve_stub(
    args: &ServeArgs,
    scenario: &Scenario,
    output: &Output,
) -> Result<Exit, Error> {
    check(args, scenario)?;
    let stop = StopSignal::new();
    stop_on_interrupt(stop.clone(), "");
    let address = SocketAddr::new(args.bind, args.port);
    let plan = orders(scenario, RunId::new(1).expect("within its range"));
    let mut allowed_hosts = args.allow_host.clone();
    allowed_hosts.extend(args.bind.to_string().parse());
    let behind = ServeOptions {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        runs_function: false,
        allowed_hosts,
        ..ServeOptions::default()
    };
    let planned = scenario.schedule().count();
    let pipeline = EmbeddedPipeline::start_with(scenario, plan.clone(), planned, &behind);
    let pipeline = pipeline.map_err(|error| explain(error, behind.address))?;
    let target = pipeline.target();
    let of_behind = target.sqs_endpoint.trim_start_matches("http://");
    let names = &scenario.pipeline;
    let options = StubOptions {
        address,
        behind: of_behind.parse().map_err(Error::internal)?,
        names: Names {
            orders_queue: names.orders_queue.clone(),
            dead_letter_queue: names.dead_letter_queue.clone(),
            dead_letter_visibility: DEAD_LETTER_VISIBILITY,
            table: scenario.order.main_table().to_owned(),
        },
        chances: Chances {
            seed: scenario.seed,
            drop: args.stub.drop,
            duplicate: args.stub.duplicate,
            delay: args.stub.delay.unwrap_or_default(),
            delay_share: args.stub.delay_share,
        },
        threads: args.stub.threads.into(),
        connections_max: args.max_connections.into(),
        kept_bytes_max: args.max_stored_bytes,
    };
    let stub = Stub::start(plan, options)
        .map_err(|error| explain(PipelineError::Serve(error), address))?;
    output.print(&banner(args, stub.address(), &target.region));
    warn_beyond_loopback(address, output);
    while !stop.is_stopped() {
        std::thread::sleep(TICK);
    }
    if !args.quiet {
        let dropped = stub.dropped(NAMED);
        for line in told(&stub.figures(), &dropped) {
            output.note(&line);
        }
    }
    Ok(Exit::Success)
}

/// How long a letter is hidden where a receive does not say: what SQS gives a queue of which nothing is said.
const DEAD_LETTER_VISIBILITY: std::time::Duration = std::time::Duration::from_secs(30);

/// Refuses what the stub cannot play.
fn check(args: &ServeArgs, scenario: &Scenario) -> Result<(), Error> {
    let path = args.scenario.as_deref().unwrap_or(Path::new(LAB)).display();
    let refuse = |why: &str| Err(Error::usage(format!("{path}: {why}")));
    if !is_lab(&scenario.order) {
        return refuse(
            "its orders are its own, and the stub plays rows and dead letters of the lab's orders alone; measure the generator \
             with a scenario without [order], of the same rate",
        );
    }
    if scenario.sending.to != Door::Sqs {
        return refuse(
            "its orders go to the queue by way of something else, and the stub plays the queue alone; leave `sending.to` out",
        );
    }
    if scenario.pipeline.fifo {
        return refuse(
            "its queue is a FIFO queue, and the stub plays a standard one; leave pipeline.fifo out",
        );
    }
    match scenario.faults.is_empty() {
        true => Ok(()),
        false => refuse(
            "it plants faults, and the stub has no pipeline for them; leave them out, or use --drop, --delay and --duplicate",
        ),
    }
}

const LAB: &str = "scenarios/lab.toml (built in)";

/// What it is, the commands that use it, and the table that makes a scenario's target of it.
fn banner(args: &ServeArgs, address: SocketAddr, region: &str) -> String {
    let endpoint = format!("http://{address}");
    let scenario = args.scenario.as_deref().unwrap_or(Path::new("SCENARIO"));
    let scenario = escape::shell(&scenario.display().to_string());
    let words = args.overrides.words();
    let overrides = words.iter().map(|word| format!(" {}", escape::shell(word)));
    let overrides: String = overrides.collect();
    format!(
        "# A stub: it acknowledges what a queue would, keeps which orders came, and has no consumer. It measures the sender.\n\
         # Send to it, in another terminal; the stub's rows and dead letters stand for a pipeline's:\n\
         #   export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any\n\
         #   orderproof run {scenario}{overrides} --endpoint-url {endpoint} --region {region} \\\n\
         #     --processor external --set target.exact_counts=true\n\
         # See what has come; ctrl-c says it too, and stops:\n\
         #   curl -s {endpoint}{FIGURES_PATH} {endpoint}{DROPPED_PATH}\n\
         [target]\n\
         sqs_endpoint_url = \"{endpoint}\"\n\
         dynamodb_endpoint_url = \"{endpoint}\"\n\
         region = \"{region}\"\n\
         exact_counts = true\n\
         processor = \"external\"\n"
    )
}

/// What it has seen, a line each.
fn told(figures: &Figures, dropped: &[u64]) -> Vec<String> {
    let rate = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{rate:.0}"));
    let mut lines = vec![format!(
        "acknowledged {} orders in {} requests: {} orders/s on average, {} in the fullest second",
        figures.orders,
        figures.requests,
        rate(figures.orders_per_second_mean),
        rate(figures.orders_per_second_max.map(|max| max as f64)),
    )];
    for run in &figures.runs {
        lines.push(format!(
            "run {}: {} different orders, {} received again; {} dropped, {} delivered twice",
            run.run_id, run.distinct, run.received_again, run.dropped, run.duplicated
        ));
    }
    if figures.delayed_requests > 0 {
        lines.push(format!(
            "{} requests answered late",
            figures.delayed_requests
        ));
    }
    if figures.unrecognized_messages > 0 {
        lines.push(format!(
            "{} messages that are no order of a run: acknowledged, not kept",
            figures.unrecognized_messages
        ));
    }
    if figures.refused > 0 {
        lines.push(format!(
            "{} messages refused: most likely the stub was given another scenario, seed or setting than the run",
            figures.refused
        ));
    }
    let total: u64 = figures.runs.iter().map(|run| run.dropped).sum();
    if total > 0 {
        let named: Vec<String> = dropped.iter().map(u64::to_string).collect();
        let more = match total > named.len() as u64 {
            true => format!(
                " and {} more ({DROPPED_PATH} names them)",
                total - named.len() as u64
            ),
            false => String::new(),
        };
        lines.push(format!("dropped: {}{more}", named.join(", ")));
    }
    lines
}
