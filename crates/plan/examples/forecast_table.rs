//! Forecasts beside runs, as a table in Markdown: `cargo run -p orderproof-plan --example forecast_table -- FOLDER`.
//!
//! FOLDER holds `NAME.forecast.json` of each scenario, and `NAME-SEED/run.json` of its runs, as `.ci/forecast-table` leaves
//! them. Figures are those of `orderproof compare FORECAST RUN`. A cell is off by more than is allowed when the middle of the
//! forecast's range is farther from the mean of the runs than 10% of it (of counts: or five) or the runs' own spread, whichever
//! is wider.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orderproof_core::results::RunReport;
use orderproof_core::results::figures::{micros, thousands};
use orderproof_plan::{Agreement, Forecast, Range, Tolerance, Unit, against};

/// In the order of the table.
const SCENARIOS: [&str; 8] = [
    "spike",
    "default-table",
    "slow-start",
    "lab-spike",
    "throttled-function",
    "visibility-too-short",
    "retention-short",
    "on-demand-doubling",
];

/// What is held against runs, beside the p99 of each phase.
const FIGURES: [&str; 5] = [
    "backlog peak",
    "drain",
    "good_order_dead_lettered",
    "stored_and_dead_lettered",
    "stored",
];

const SHARE: f64 = 0.1;
const COUNT: f64 = 5.0;

/// A figure over the runs.
struct Cell {
    unit: Unit,
    forecast: Range<u64>,
    runs: Vec<u64>,
}

impl Cell {
    fn mean(&self) -> f64 {
        self.runs.iter().sum::<u64>() as f64 / self.runs.len() as f64
    }

    fn spread(&self) -> Range<u64> {
        Range::of(self.runs.iter().copied()).expect("at least one run")
    }

    fn off(&self) -> f64 {
        (self.forecast.min + self.forecast.max) as f64 / 2.0 - self.mean()
    }

    fn is_right(&self) -> bool {
        let spread = self.spread();
        let floor = match self.unit {
            Unit::Orders | Unit::Count => COUNT,
            Unit::Second | Unit::Us => 0.0,
        };
        let allowed = (SHARE * self.mean()).max((spread.max - spread.min) as f64);
        self.off().abs() <= allowed.max(floor)
    }

    fn show(&self, range: Range<u64>) -> String {
        let one = |figure| match self.unit {
            Unit::Us => micros(figure),
            Unit::Orders | Unit::Count | Unit::Second => thousands(figure),
        };
        match (one(range.min), one(range.max)) {
            (least, most) if least == most => least,
            (least, most) => format!("{least} to {most}"),
        }
    }
}

/// The runs of a scenario, by their folders.
fn runs_of(folder: &Path, name: &str) -> Result<Vec<RunReport>, Box<dyn Error>> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    folders.retain(|path| {
        let rest = path.file_name().and_then(|file| file.to_str());
        let seed = rest.and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
        path.is_dir() && seed.is_some_and(|seed| seed.parse::<u64>().is_ok())
    });
    folders.sort();
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path.join("run.json"))?;
        Ok(serde_json::from_slice(&bytes)?)
    };
    folders.iter().map(read).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder: PathBuf = std::env::args_os()
        .nth(1)
        .ok_or("no folder is given")?
        .into();
    println!("| scenario | figure | forecast | runs | |");
    println!("|---|---|---|---|---|");
    let (mut cells, mut right, mut lags) = (0, 0, BTreeMap::new());
    for name in SCENARIOS {
        let bytes = std::fs::read(folder.join(format!("{name}.forecast.json")))?;
        let forecast: Forecast = serde_json::from_slice(&bytes)?;
        let runs = runs_of(&folder, name)?;
        if runs.is_empty() {
            return Err(format!("{name}: there is no run").into());
        }
        let mut shown = format!("`{name}`");
        for (figure, cell) in cells_of(&forecast, &runs)? {
            cells += 1;
            right += usize::from(cell.is_right());
            let mark = match cell.is_right() {
                true => String::new(),
                false => format!("off by {:+.0}%", 100.0 * cell.off() / cell.mean()),
            };
            let (forecast, runs) = (cell.show(cell.forecast), cell.show(cell.spread()));
            println!("| {shown} | {figure} | {forecast} | {runs} | {mark} |");
            shown.clear();
        }
        let lag = runs.iter().filter_map(|run| run.schedule_lag_us.p99_us);
        lags.insert(name, Range::of(lag).ok_or("a run without a schedule lag")?);
    }
    let all = Range::of(lags.values().flat_map(|range| [range.min, range.max]));
    let all = all.ok_or("no runs")?;
    println!();
    println!(
        "{right} of {cells} figures are right. Schedule lag p99 of the runs: {} to {}.",
        micros(all.min),
        micros(all.max)
    );
    Ok(())
}

/// The figures of a forecast and its runs, in order.
fn cells_of(
    forecast: &Forecast,
    runs: &[RunReport],
) -> Result<Vec<(String, Cell)>, Box<dyn Error>> {
    let tolerance = Tolerance {
        share: SHARE,
        floor: Duration::from_millis(1),
    };
    let mut cells: Vec<(String, Cell)> = Vec::new();
    for run in runs {
        for figure in against(forecast, run, tolerance)?.figures {
            let is_one = FIGURES.contains(&figure.figure.as_str())
                || figure.figure.starts_with("end-to-end p99");
            let (Some(forecast), Some(observed)) = (figure.forecast, figure.observed) else {
                continue;
            };
            if !is_one || figure.agreement == Agreement::TooShort {
                continue;
            }
            match cells.iter_mut().find(|(name, _)| *name == figure.figure) {
                Some((_, cell)) => cell.runs.push(observed),
                None => {
                    let cell = Cell {
                        unit: figure.unit,
                        forecast,
                        runs: vec![observed],
                    };
                    cells.push((figure.figure, cell));
                }
            }
        }
    }
    Ok(cells)
}
