//! Comparisons of whole reports.
