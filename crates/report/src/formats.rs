//! Every format that `run.json` is enough for, in one list: what a run writes and what `report --format` shows.
//!
//! A format is pure: the model in, bytes out. A new one is a line in [`FORMATS`].

use std::borrow::Cow;

use super::charts::{BOTH, Chart, ChartError, both_png, both_svg, draw_png, draw_svg};
use super::distributions::{distributions, interval_log};
use super::foresight::{Foreseen, ReportView};
use super::{open_metrics, render_html, render_junit, render_markdown, timeseries_csv};
use orderproof_core::escape;
use orderproof_core::results::{RunReport, file_name, to_json};

/// Why a report has no such file.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The report was written before runs kept a histogram a second.
    #[error(
        "this run.json holds no intervals (an older orderproof wrote it, or nothing was acknowledged), and an interval log \
         is made of them; run the scenario again"
    )]
    NoIntervals,
    /// The start of the run cannot be read.
    #[error("started_at is {0:?}, which is not a time; restore run.json")]
    Start(String),
}

/// Bytes of one file of a report.
type Rendered = Result<Vec<u8>, RenderError>;

/// One format.
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its IANA media type.
    pub media_type: &'static str,
    /// The files it gives of a report.
    files: fn(ReportView<'_>) -> Vec<ReportFile<'_>>,
}

/// One file of a report, not yet rendered.
pub struct ReportFile<'a> {
    /// Its path within the run's folder.
    pub path: String,
    /// Which of its format's files it is, where there are several.
    pub part: String,
    render: Box<dyn Fn() -> Rendered + 'a>,
}

/// Every format, in the order in which a run writes them: `run.json` first.
pub const FORMATS: [Format; 10] = [
    Format {
        name: "json",
        media_type: "application/json",
        files: |view| one(file_name::RUN, move || Ok(to_json(view.report))),
    },
    Format {
        name: "timeseries-csv",
        media_type: "text/csv",
        files: |view| {
            one(file_name::TIMESERIES, move || {
                Ok(shown(timeseries_csv(view.report)))
            })
        },
    },
    Format {
        name: "markdown",
        media_type: "text/markdown",
        files: |view| one(file_name::SUMMARY, move || Ok(shown(render_markdown(view)))),
    },
    Format {
        name: "html",
        media_type: "text/html",
        files: |view| one(file_name::PAGE, move || Ok(render_html(view)?.into())),
    },
    Format {
        name: "junit",
        media_type: "application/xml",
        files: |view| {
            one(file_name::JUNIT, move || {
                Ok(shown(render_junit(view.report)))
            })
        },
    },
    Format {
        name: "openmetrics",
        media_type: "application/openmetrics-text",
        files: |view| {
            one(file_name::METRICS, move || {
                Ok(shown(open_metrics(view.report)))
            })
        },
    },
    Format {
        name: "hdr-log",
        media_type: "text/plain",
        files: |view| one(file_name::INTERVAL_LOG, move || interval_log(view.report)),
    },
    Format {
        name: "hgrm",
        media_type: "text/plain",
        files: |view| hgrm_files(view.report),
    },
    Format {
        name: "svg",
        media_type: "image/svg+xml",
        files: |view| chart_files(view, "svg", |drawn| Ok(shown(drawn.svg()?))),
    },
    Format {
        name: "png",
        media_type: "image/png",
        files: |view| chart_files(view, "png", |drawn| Ok(drawn.png()?)),
    },
];

impl Format {
    /// The format of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// The files it gives of `report`; none when there is nothing to show in it.
    pub fn files<'a>(&self, report: impl Into<ReportView<'a>>) -> Vec<ReportFile<'a>> {
        (self.files)(report.into())
    }

    /// Whether its files are text.
    pub fn is_text(&self) -> bool {
        self.media_type != "image/png"
    }
}

impl ReportFile<'_> {
    /// Its content.
    ///
    /// # Errors
    /// When the report does not hold what it takes.
    pub fn render(&self) -> Rendered {
        (self.render)()
    }
}

/// Every file a run's folder gets of its report; what the report does not hold is left out.
pub fn report_files<'a>(report: impl Into<ReportView<'a>>) -> Vec<ReportFile<'a>> {
    let view = report.into();
    FORMATS
        .iter()
        .filter(|format| format.name != "hdr-log" || !view.report.intervals.is_empty())
        .flat_map(|format| format.files(view))
        .collect()
}

/// The second wall, after each format's own escaping.
fn shown(text: impl Into<Vec<u8>>) -> Vec<u8> {
    let text = text.into();
    match escape::terminal(&String::from_utf8_lossy(&text), false) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown.into(),
    }
}

fn one<'a>(path: &str, render: impl Fn() -> Rendered + 'a) -> Vec<ReportFile<'a>> {
    vec![ReportFile {
        path: path.into(),
        part: String::new(),
        render: Box::new(render),
    }]
}

fn hgrm_files(report: &RunReport) -> Vec<ReportFile<'_>> {
    let files = distributions(report).into_iter();
    files
        .map(|distribution| ReportFile {
            path: format!("{}/{}.hgrm", file_name::HDR, distribution.name),
            part: distribution.name.clone(),
            render: Box::new(move || Ok(distribution.render())),
        })
        .collect()
}

fn chart_files<'a>(
    view: ReportView<'a>,
    extension: &str,
    draw: fn(&ChartOf<'_>) -> Rendered,
) -> Vec<ReportFile<'a>> {
    let charts = ChartOf::all(view).into_iter();
    charts
        .map(|chart| ReportFile {
            path: format!("{}.{extension}", chart.file_stem()),
            part: chart.file_stem().into(),
            render: Box::new(move || draw(&chart)),
        })
        .collect()
}

/// A chart, and what it is of.
enum ChartOf<'a> {
    Run(Chart, &'a RunReport),
    /// Of the run and its forecast.
    Both(&'a RunReport, &'a Foreseen),
}

impl<'a> ChartOf<'a> {
    fn all(view: ReportView<'a>) -> Vec<Self> {
        let charts = Chart::of(view.report).into_iter();
        let charts = charts.map(|chart| Self::Run(chart, view.report));
        let both = view
            .foreseen()
            .map(|foreseen| Self::Both(view.report, foreseen));
        charts.chain(both).collect()
    }

    fn file_stem(&self) -> &'static str {
        match self {
            Self::Run(chart, _) => chart.file_stem(),
            Self::Both(..) => BOTH,
        }
    }

    fn svg(&self) -> Result<String, ChartError> {
        match self {
            Self::Run(chart, report) => draw_svg(*chart, report),
            Self::Both(report, foreseen) => both_svg(report, &foreseen.forecast),
        }
    }

    fn png(&self) -> Result<Vec<u8>, ChartError> {
        match self {
            Self::Run(chart, report) => draw_png(*chart, report),
            Self::Both(report, foreseen) => both_png(report, &foreseen.forecast),
        }
    }
}
