//! What still passes: the highest rate, the least of a setting. Bisections over forecasts.

mod cures;
mod grid;
mod rate;
mod setting;
mod settings;
mod trial;

#[cfg(test)]
mod tests;

pub use cures::Cure;
pub use rate::{FoundRate, find_rate};
pub use setting::{FoundSetting, find_setting};
pub use settings::SOUGHT;
pub use trial::Reread;
