//! One format of a report, to standard output or to a file of its own.

use std::io::{self, Write};
use std::path::Path;

use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::{ORDERS_FORMAT, ReportArgs, TEXT_FORMAT};
use crate::escape;
use crate::folder::read_plan;
use crate::report::{Format, OrderFacts, ReportView, TextStyle, render_text, write_orders_csv};
use crate::results::file_name;
use crate::run::{orders_since, read_ledger, read_observation};
use crate::verify::{Belongs, reconcile};

/// Renders the format asked for and hands it over.
pub fn render(args: &ReportArgs, view: ReportView<'_>, output: &Output) -> Result<(), Error> {
    let part = args.part.as_deref();
    match (args.format.as_str(), part) {
        (TEXT_FORMAT | ORDERS_FORMAT, Some(_)) => Err(Error::usage(format!(
            "--format {} has one part; leave --part out",
            args.format
        ))),
        (TEXT_FORMAT, None) => {
            let style = match args.output {
                None => output.text_style(),
                Some(_) => TextStyle::default(),
            };
            let text = render_text(view, &args.dir, &Path::exists, style);
            hand_over(args, output, |out| out.write_all(text.as_bytes()))
        }
        (ORDERS_FORMAT, None) => render_orders(&args.dir, |write| hand_over(args, output, write)),
        (name, part) => {
            let format = Format::named(name).ok_or_else(|| {
                Error::usage(format!(
                    "{name} is not a format; `orderproof report --help` lists them"
                ))
            })?;
            if !format.is_text() && args.output.is_none() && output.stdout_is_terminal() {
                return Err(Error::usage(format!(
                    "{name} is binary; write it to a file with --output FILE"
                )));
            }
            let bytes = one_file(format, part, view)?;
            let shown = args.output.is_none() && format.media_type == "application/json";
            let bytes = match shown {
                true => escape::json(&String::from_utf8_lossy(&bytes))
                    .into_owned()
                    .into(),
                false => bytes,
            };
            hand_over(args, output, |out| out.write_all(&bytes))
        }
    }
}

/// The file of `format` that is called `part`, or its first.
fn one_file(format: &Format, part: Option<&str>, view: ReportView<'_>) -> Result<Vec<u8>, Error> {
    let files = format.files(view);
    let found = match part {
        None => files.first(),
        Some(part) => files.iter().find(|file| file.part == part),
    };
    let file = found.ok_or_else(|| {
        let parts: Vec<_> = files
            .iter()
            .map(|file| file.part.as_str())
            .filter(|part| !part.is_empty())
            .collect();
        let name = format.name;
        Error::usage(match (files.is_empty(), parts.is_empty()) {
            (true, _) => {
                format!("{name} has nothing to show: no order has a measured duration")
            }
            (false, true) => format!("--format {name} has one part; leave --part out"),
            (false, false) => format!(
                "{name} has no part of this name; its parts are {}",
                parts.join(", ")
            ),
        })
    })?;
    file.render().map_err(Error::usage)
}

/// Brings together what `orders.csv` is made of, and hands over what writes it.
fn render_orders(
    dir: &Path,
    hand_over: impl FnOnce(&dyn Fn(&mut dyn Write) -> io::Result<()>) -> Result<(), Error>,
) -> Result<(), Error> {
    let plan = read_plan(&dir.join(file_name::PLAN)).map_err(Error::usage)?;
    let journal = read_ledger(dir, &plan).map_err(Error::usage)?;
    let observed = read_observation(dir, file_name::OBSERVATION, &plan).map_err(Error::usage)?;
    let started_at = journal.header.started_at;
    let orders = orders_since(&plan.scenario, plan.run_id, started_at);
    let belongs = Belongs::of(&orders, journal.ledger.planned());
    let reconciliation = reconcile(&journal.ledger, &belongs, &observed.observation);
    let facts = OrderFacts {
        scenario: &plan.scenario,
        orders: &orders,
        schedule: &plan.scenario.schedule(),
        ledger: &journal.ledger,
        observation: &observed.observation,
        reconciliation: &reconciliation,
    };
    hand_over(&|out| write_orders_csv(&facts, out))
}

/// To standard output, or whole and never over another file.
fn hand_over(
    args: &ReportArgs,
    output: &Output,
    write: impl Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    let Some(path) = &args.output else {
        return output
            .stream(write)
            .map_err(|error| Error::internal(format!("standard output: cannot write: {error}")));
    };
    write_new(path, write)
}
