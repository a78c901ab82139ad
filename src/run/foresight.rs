//! The forecast that was made before a run: kept in its folder, read from there, held against its report.

use std::path::Path;

use crate::evidence::digest_of_bytes;
use crate::evidence::{FileDigest, seal::FORESEEN};
use crate::folder::{ForecastState, RunFolder, digest_of_file, forecast_state, read_forecast};
use crate::plan::Forecast;
use crate::report::Foresight;
use crate::results::{RunReport, to_json};

/// The forecast in the folder `dir` of a run, held against its report; `None` where there is none. One that is damaged,
/// or of another scenario, is left out, and why.
pub fn foresight_in(dir: &Path, report: &RunReport) -> Option<Foresight> {
    match forecast_state(dir) {
        ForecastState::None => None,
        ForecastState::Changed(why) => Some(Foresight::LeftOut(why)),
        ForecastState::Kept => Some(match read_forecast(&dir.join(FORESEEN)) {
            Ok(forecast) => Foresight::of(forecast, report),
            Err(why) => Foresight::LeftOut(format!("{FORESEEN} is not a forecast: {why}")),
        }),
    }
}

/// A forecast that was written into a run's folder.
pub struct Kept {
    forecast: Forecast,
    sha256: String,
}

impl Kept {
    /// Writes it before anything is sent.
    ///
    /// # Errors
    /// When it cannot be written: the run goes on without it.
    pub(super) fn write(forecast: Forecast, folder: &RunFolder) -> Result<Self, String> {
        let bytes = to_json(&forecast);
        let written = folder.write(FORESEEN, &bytes);
        written.map_err(|error| error.to_string())?;
        Ok(Self {
            forecast,
            sha256: digest_of_bytes(&bytes),
        })
    }

    /// What the seal is to say of the file; nothing of one that is not as it was written.
    pub(super) fn digest(&self, folder: &RunFolder) -> Option<FileDigest> {
        let found = digest_of_file(folder.path(), FORESEEN, None).ok()?;
        (found.sha256 == self.sha256).then_some(found)
    }

    /// The forecast beside the run's report.
    pub(super) fn beside(&self, report: &RunReport) -> Foresight {
        Foresight::of(self.forecast.clone(), report)
    }
}
