//! Histograms of durations and the per-second timeline. The only room that names `hdrhistogram`.

mod few;
mod histogram;
mod stored;

pub use histogram::{Histogram, HistogramError, LatencySummary, LogLine};
pub use stored::within_memory;
