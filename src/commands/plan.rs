//! `orderproof plan`: a forecast of a scenario, before an order is sent.

use std::time::Instant;

use super::check::load_scenario;
use super::{Error, Output};
use crate::cli::{PlanArgs, Sought};
use crate::exit::Exit;
use crate::plan::{find_rate, forecast};
use crate::report::{forecast_text, found_text};

/// Plays a scenario in virtual time and shows what a run of it might find. Never a success: it proves nothing.
pub fn plan(args: &PlanArgs, output: &Output) -> Result<Exit, Error> {
    let scenario = load_scenario(&args.scenario, &args.overrides)?;
    let seeds: Vec<u64> = (0..u64::from(args.seeds))
        .map(|more| scenario.seed.wrapping_add(more))
        .collect();
    let origin = Instant::now();
    let refused = |error| Error::usage(format!("{}: {error}", args.scenario.display()));
    match args.find {
        Some(Sought::Rate) => {
            let found = find_rate(&scenario, &seeds, origin).map_err(refused)?;
            match args.json {
                true => output.json(&found),
                false => output.print(&found_text(&found, output.text_style())),
            }
        }
        None => {
            let forecast = forecast(&scenario, &seeds, origin).map_err(refused)?;
            match args.json {
                true => output.json(&forecast),
                false => output.print(&forecast_text(&forecast, output.text_style())),
            }
        }
    }
    Ok(Exit::Forecast)
}
