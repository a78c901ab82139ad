//! A scenario: the load to drive, the pipeline to drive it at and what is expected of it.
//!
//! First stop of the spine. The file format, its validation and its command-line overrides become a
//! [`Scenario`] in which every value is resolved and legal. Leaves the meaning of the load profile to
//! `load`.

#[cfg(test)]
mod fixture;
mod model;

#[cfg(test)]
pub use fixture::fixture;
pub use model::*;
