//! The forecast that was made before a run, beside its report. It is no evidence, and changes no figure and no verdict.

use orderproof_core::results::RunReport;
use orderproof_plan::{Against, Agreement, Forecast, Tolerance, against};

use crate::against::{figures_table, stands};
use crate::document::{Block, Medium};

/// Figures outside their forecast that a summary names.
const NAMED: usize = 5;

/// What became of the forecast that was made before a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Foresight {
    /// It can be held against the run.
    Held(Box<Foreseen>),
    /// It is left out, and why, in a fragment.
    LeftOut(String),
}

/// A forecast and how the run stands to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// What was forecast.
    pub forecast: Forecast,
    /// Each figure of both.
    pub against: Against,
}

impl Foresight {
    /// Holds a forecast against the report of the run that it was made for; of another scenario's, or of an interrupted
    /// run, it is left out.
    pub fn of(forecast: Forecast, report: &RunReport) -> Self {
        match against(&forecast, report, Tolerance::default()) {
            Ok(against) => Self::Held(Box::new(Foreseen { forecast, against })),
            Err(refused) => {
                let lines = refused.to_string();
                let lines: Vec<_> = lines.lines().map(str::trim).collect();
                Self::LeftOut(lines.join("; ").replace(":;", ":"))
            }
        }
    }

    /// What it says of the run, in a line.
    pub fn line(&self) -> String {
        match self {
            Self::Held(foreseen) => {
                format!("forecast (no evidence): {}", foreseen.against.answer)
            }
            Self::LeftOut(why) => {
                format!("the forecast that was made before the run is left out: {why}")
            }
        }
    }

    /// The same for a reader: on a page with each figure, elsewhere with those that are off.
    pub(crate) fn blocks(&self, medium: Medium) -> Vec<Block> {
        let mut blocks = vec![Block::plain(self.line())];
        let Self::Held(foreseen) = self else {
            return blocks;
        };
        let figures = &foreseen.against.figures;
        if medium == Medium::Page {
            blocks.push(Block::Table(figures_table(figures)));
            return blocks;
        }
        let outside = figures
            .iter()
            .filter(|figure| figure.agreement == Agreement::Outside);
        let off: Vec<_> = outside.map(stands).collect();
        let more = off.len().saturating_sub(NAMED);
        if !off.is_empty() {
            let mut named = off.iter().take(NAMED).cloned().collect::<Vec<_>>();
            named.extend((more > 0).then(|| format!("and {more} more")));
            blocks.push(Block::plain(format!("outside: {}", named.join("; "))));
        }
        blocks
    }
}

/// A report with what is shown beside it.
#[derive(Debug, Clone, Copy)]
pub struct ReportView<'a> {
    /// What the run came to.
    pub report: &'a RunReport,
    /// The forecast that was made before it, if one was.
    pub foresight: Option<&'a Foresight>,
}

impl<'a> ReportView<'a> {
    /// The forecast, unless it is left out.
    pub fn foreseen(&self) -> Option<&'a Foreseen> {
        match self.foresight? {
            Foresight::Held(foreseen) => Some(foreseen),
            Foresight::LeftOut(_) => None,
        }
    }
}

impl<'a> From<&'a RunReport> for ReportView<'a> {
    fn from(report: &'a RunReport) -> Self {
        Self {
            report,
            foresight: None,
        }
    }
}
