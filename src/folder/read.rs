//! Reading the files of a run's folder, each within its limits.

use std::io;
use std::path::Path;

use super::read_within;
use crate::evidence::{JsonLimits, check_json};
use crate::plan::Forecast;
use crate::results::{
    MetersFile, PlanFile, ReportError, RunBrief, RunReport, SentFile, file_name, parse_brief,
    parse_meters, parse_plan, parse_report, parse_sent,
};
use crate::verify::{ObservationFile, ObservationFileError};

/// Reads `run.json`.
///
/// # Errors
/// When it is missing, unreadable, damaged, beyond a limit or of another version.
pub fn read_report(path: &Path) -> Result<RunReport, ReportError> {
    parse_report(&read_bytes(path, &JsonLimits::REPORT)?, path)
}

/// Reads what a list shows of a `run.json`.
///
/// # Errors
/// When it is missing, unreadable, damaged or of another version.
pub fn brief(path: &Path) -> Result<RunBrief, ReportError> {
    parse_brief(&read_bytes(path, &JsonLimits::REPORT)?, path)
}

/// Reads `plan.json`.
///
/// # Errors
/// When it is missing, unreadable, damaged, beyond a limit or of another version.
pub fn read_plan(path: &Path) -> Result<PlanFile, ReportError> {
    parse_plan(&read_bytes(path, &JsonLimits::PLAN)?, path)
}

/// Reads `meters.json`.
///
/// # Errors
/// When it is missing, unreadable, damaged, beyond a limit or of another version.
pub fn read_meters(path: &Path) -> Result<MetersFile, ReportError> {
    parse_meters(&read_bytes(path, &JsonLimits::REPORT)?, path)
}

/// Reads `sent.json`.
///
/// # Errors
/// When it is missing, unreadable, damaged or of another version.
pub fn read_sent(path: &Path) -> Result<SentFile, ReportError> {
    parse_sent(&read_bytes(path, &JsonLimits::REPORT)?, path)
}

/// Reads an observation.
///
/// # Errors
/// When it is missing, unreadable, damaged or of another version.
pub fn read_observation(path: &Path) -> Result<ObservationFile, ObservationFileError> {
    let bytes =
        read_within(path, JsonLimits::OBSERVATION.bytes).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ObservationFileError::Missing(path.to_owned()),
            _ => ObservationFileError::Read {
                path: path.to_owned(),
                source,
            },
        })?;
    ObservationFile::parse(&bytes, path)
}

/// Reads the document of a forecast.
///
/// # Errors
/// When it is missing, unreadable, damaged, beyond a limit or of another version, in a fragment.
pub fn read_forecast(path: &Path) -> Result<Forecast, String> {
    let limits = JsonLimits::REPORT;
    let bytes = read_within(path, limits.bytes).map_err(|error| error.to_string())?;
    check_json(&bytes, &limits)?;
    let forecast: Forecast = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    forecast.check()?;
    Ok(forecast)
}

/// The bytes of a file of the folder, no more than its limits allow.
fn read_bytes(path: &Path, limits: &JsonLimits) -> Result<Vec<u8>, ReportError> {
    let folder = || path.parent().unwrap_or(path).to_owned();
    read_within(path, limits.bytes).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound if !folder().exists() => ReportError::NoFolder(folder()),
        io::ErrorKind::NotFound if is_unfinished(path) => ReportError::Unfinished(path.to_owned()),
        io::ErrorKind::NotFound => ReportError::Missing(path.to_owned()),
        io::ErrorKind::NotADirectory => ReportError::NotAFolder(folder()),
        _ => ReportError::Read {
            path: path.to_owned(),
            source,
        },
    })
}

/// Whether `path` is the report that a run would have if it had been finished.
fn is_unfinished(path: &Path) -> bool {
    path.ends_with(file_name::RUN) && path.with_file_name(file_name::PLAN).exists()
}
