//! Forecasts: a scenario played in virtual time, before an order is sent.
//!
//! The machines are those of `orderproof-machines`, which the emulator plays against the wall clock: this crate has no model
//! of its own of a queue, a mapping or a table, only the loop that hands the instants to them. What a forecast says is no
//! evidence of anything. It reads no clock: `origin` is any instant, of which only differences count.

mod admit;
mod against;
mod cohorts;
mod find;
mod forecast;
mod learn;
mod model;
mod played;
mod poller;
mod progress;
mod real;
mod rules;
mod world;

#[cfg(test)]
mod tests;

pub use admit::{CannotForecast, EXACT_ORDERS_MAX, ORDERS_MAX, check};
pub use against::{Against, Agreement, FigureAgainst, NotOfThisRun, Tolerance, Unit, against};
pub use find::{
    Confirmation, Confirmed, Cure, FoundRate, FoundSetting, MeasuredRate, MeasuredStep, RateSearch,
    Reread, SOUGHT, SearchEnd, SearchLimits, StepVerdict, at_rate, find_rate, find_setting,
};
pub use forecast::{forecast, forecast_in, forecast_learned, mode_of};
pub use learn::{Failures, Learned, Lesson, learn};
pub use model::{
    FORECAST_SCHEMA_VERSION, Forecast, KNOWN_FROM_US, Mode, Outlook, PhaseForecast, Range,
    RuleForecast, Second, Wall, WallForecast,
};
pub use progress::{Progress, Start};
pub use real::load_forecast;
