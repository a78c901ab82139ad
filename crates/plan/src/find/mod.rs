//! What still passes: the highest rate, the least of a setting. Bisections over forecasts.

mod climb;
mod confirm;
mod cures;
mod grid;
mod measured;
mod rate;
mod setting;
mod settings;
mod trial;

#[cfg(test)]
mod tests;

pub use confirm::{Confirmation, Confirmed};
pub use cures::Cure;
pub use measured::{MeasuredRate, MeasuredStep, RateSearch, SearchEnd, SearchLimits, StepVerdict};
pub use rate::{FoundRate, at_rate, find_rate};
pub use setting::{FoundSetting, find_setting};
pub use settings::SOUGHT;
pub use trial::Reread;
