//! What is asked for: stretches of time with a rate each, and how arrivals are spaced in them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A named stretch of the load profile whose rate is constant or changes linearly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// `warm-up`, `baseline`, `spike`, `recovery` or the like.
    pub name: String,
    /// Orders per second at its start.
    pub start_rate: f64,
    /// Orders per second at its end.
    pub end_rate: f64,
    /// How long it lasts.
    pub duration: Duration,
    /// Warm-up phases are reported apart and no rule applies to them unless it names them.
    pub warm_up: bool,
}

/// How arrivals are spaced at a given rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Arrivals {
    /// Evenly: 200/s is one order every 5 ms.
    Uniform,
    /// At random, as independent customers do.
    Poisson,
}
