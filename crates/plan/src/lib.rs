//! Forecasts: a scenario played in virtual time, before an order is sent.
//!
//! The machines are those of `orderproof-machines`, which the emulator plays against the wall clock: this crate has no model
//! of its own of a queue, a mapping or a table, only the loop that hands the instants to them. What a forecast says is no
//! evidence of anything. It reads no clock: `origin` is any instant, of which only differences count.

mod admit;
mod find;
mod forecast;
mod model;
mod played;
mod poller;
mod rules;
mod world;

#[cfg(test)]
mod tests;

pub use admit::{CannotForecast, ORDERS_MAX, check};
pub use find::{Found, find_rate};
pub use forecast::forecast;
pub use model::{
    Forecast, Outlook, PhaseForecast, Range, RuleForecast, Second, Wall, WallForecast,
};
