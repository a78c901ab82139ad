//! The values behind a chart, as numbers and as a table.

use serde_json::Value;

use super::figure::{Panel, Series, XAxis, YAxis};
use crate::document::{Column, Table};
use orderproof_core::results::figures::{micros, thousands};
use orderproof_core::results::file_name;

/// Rows of a table at most; a longer one is thinned.
const MAX_ROWS: usize = 120;

/// A number for the page's script: three decimals, and none where there are none.
pub(super) fn number(value: f64) -> Value {
    let rounded = (value * 1e3).round() / 1e3;
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        Value::from(rounded as i64)
    } else {
        Value::from(rounded)
    }
}

/// A panel's values, thinned to what a reader can take in.
pub(super) fn table(panel: &Panel) -> Table {
    let points = panel.named().flat_map(|series| &series.points);
    let mut places: Vec<f64> = points.map(|point| point.0).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let step = places.len().div_ceil(MAX_ROWS).max(1);
    let (first, width) = match panel.x {
        XAxis::Quantiles(nines) => ("percentile", nines),
        XAxis::Seconds(seconds) => ("time", seconds),
        XAxis::Around(from, to) => ("time", to - from),
    };
    let tolerance = width.abs() / 100.0;
    let thinned = match step {
        1 => String::new(),
        step => format!(
            ", one row in {step}; all of them are in {}",
            file_name::TIMESERIES
        ),
    };
    let mut table = Table::of(&format!("{}{thinned}", panel.y_title), &[first]);
    let names = panel.named().map(|series| series.name.clone());
    table
        .columns
        .extend(names.map(|name| Column { name, right: true }));
    for &x in places.iter().step_by(step) {
        let mut cells = vec![match panel.x {
            XAxis::Quantiles(_) => percentile(x),
            XAxis::Seconds(_) | XAxis::Around(..) => shown(YAxis::Seconds, x),
        }];
        cells.extend(panel.named().map(|series| {
            let value = nearest(series, x, tolerance);
            value.map_or("\u{2013}".into(), |y| shown(panel.y, y))
        }));
        table.row(cells);
    }
    table
}

/// The value at `x`, or the nearest one within `tolerance`: thinned series have places of their own.
fn nearest(series: &Series, x: f64, tolerance: f64) -> Option<f64> {
    let after = series.points.partition_point(|point| point.0 < x);
    let from = after.saturating_sub(1);
    let nearest = series.points[from..]
        .iter()
        .take(2)
        .min_by(|one, other| (one.0 - x).abs().total_cmp(&(other.0 - x).abs()))?;
    nearest
        .1
        .filter(|_| (nearest.0 - x).abs() <= tolerance.max(f64::EPSILON))
}

/// A value in the unit of its axis.
fn shown(kind: YAxis, value: f64) -> String {
    match kind {
        YAxis::Seconds => format!("{} s", (value * 100.0).round() / 100.0),
        YAxis::Count if value.fract() == 0.0 && value >= 0.0 => thousands(value as u64),
        YAxis::Count => format!("{value:.1}"),
        YAxis::Ratio => format!("\u{d7}{value:.3}"),
        YAxis::LogMicros => micros(value.round().max(0.0) as u64),
    }
}

/// Nines as a percentile: 2 is p99, 3 is p99.9.
fn percentile(nines: f64) -> String {
    let digits = (nines.ceil() as i32).clamp(1, 6) as usize;
    let text = format!("{:.digits$}", 100.0 * (1.0 - 10f64.powf(-nines)));
    format!("p{}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::figure::Line;
    use super::super::style::Ink;
    use super::*;

    #[test]
    fn nines_are_told_as_percentiles_and_values_in_their_unit() {
        for (nines, text) in [
            (0.0, "p0"),
            (0.301, "p50"),
            (1.0, "p90"),
            (2.0, "p99"),
            (3.0, "p99.9"),
            (4.0, "p99.99"),
        ] {
            assert_eq!(percentile(nines), text);
        }
        assert_eq!(shown(YAxis::Seconds, 12.5), "12.5 s");
        assert_eq!(shown(YAxis::Count, 1_200.0), "1,200");
        assert_eq!(shown(YAxis::LogMicros, 1_240.0), "1.24 ms");
    }

    #[test]
    fn a_thinned_series_answers_with_its_nearest_value_and_never_across_a_gap_or_from_afar() {
        let points = vec![(0.5, Some(1.0)), (4.5, None), (8.5, Some(3.0))];
        let series = Series::new("p99", Ink::Black, Line::Solid, points);
        for (x, value) in [
            (0.5, Some(1.0)),
            (1.5, Some(1.0)),
            (4.5, None),
            (8.0, Some(3.0)),
            (20.0, None),
        ] {
            assert_eq!(nearest(&series, x, 2.0), value, "{x}");
        }
    }
}
