//! What can become of an order, and what a run proves.
//!
//! A [`Class`] says what became of one order, a [`Gate`] which classes are accepted, a [`Judgment`] what all of it comes
//! to. Words only: `verify` puts orders into classes and judges.

mod class;
mod judgment;

#[cfg(test)]
mod tests;

pub use class::{Class, Gate, Standing};
pub use judgment::{Finding, Judgment, Severity, Verdict, finding};
