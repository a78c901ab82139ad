//! Histograms of durations and the per-second timeline. The only room that names `hdrhistogram`.

mod histogram;

pub use histogram::{Histogram, HistogramError, LatencySummary, LogLine};
