//! Two runs, or repeats of two, side by side: are they comparable, and is one worse by more than noise?
//!
//! Orders first: a class that got worse needs no statistics. Then each duration of each phase: of a single pair by
//! a moving-block bootstrap over seconds, of repeats by ranks over whole runs. The level holds for the whole
//! comparison, not for each figure of it. Pure, and without chance: the same files give the same words, and
//! with the sides swapped the opposite ones.

mod blocks;
mod change_verdict;
mod comparable;
mod model;
mod orders;
mod pair;
mod ranks;
mod repeats;
mod sample;

#[cfg(test)]
mod calibration;
#[cfg(test)]
mod tests;

pub use comparable::{Difference, NotComparable, scenario_differences};
pub use model::{
    COMPARISON_SCHEMA_VERSION, ChangeVerdict, ClassChange, Comparison, FigurePair, Method,
    MetricChange, Options, RunLine,
};

use crate::results::RunReport;

/// Whether a phase of so many orders and seconds can distinguish a change of a quantile from noise at all.
pub fn can_be_told(orders: u64, seconds: usize, quantile: f64) -> bool {
    pair::can_be_told(orders, seconds, quantile)
}

/// Compares repeats of a candidate with repeats of a base; a single run a side is a pair.
///
/// # Errors
/// When runs differ in what they were asked to do, with every field that differs.
pub fn compare(
    base: &[RunReport],
    candidate: &[RunReport],
    options: Options,
) -> Result<Comparison, NotComparable> {
    let differs = comparable::differences(base, candidate)?;
    let single = base.len() == 1 && candidate.len() == 1;
    let changes = match single {
        true => pair::changes(&base[0], &candidate[0], options),
        false => repeats::changes(base, candidate, options),
    };
    Ok(Comparison {
        schema_version: COMPARISON_SCHEMA_VERSION,
        base: base.iter().map(RunLine::of).collect(),
        candidate: candidate.iter().map(RunLine::of).collect(),
        differs,
        options,
        method: match single {
            true => Method::Blocks,
            false => Method::Ranks,
        },
        judged: changes
            .iter()
            .filter(|change| change.interval.is_some())
            .count(),
        changes,
        figures: orders::figures(base, candidate),
        classes: orders::classes(base, candidate),
    })
}
