//! Counts by time and duration: where most orders were, and where the few slow ones.

use super::style::HEAT;
use orderproof_core::metrics::Histogram;
use orderproof_core::results::Interval;

/// Columns at most; a longer run has wider ones.
const COLUMNS_MAX: u64 = 240;
/// Rows to a decade of durations.
const ROWS_PER_DECADE: f64 = 10.0;

/// Counts by time and duration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heat {
    /// Row by row, each from left to right; cells without a count are left out.
    pub cells: Vec<Cell>,
    /// The most in one cell.
    pub most: u64,
    /// What one column spans, seconds.
    pub column_s: u64,
}

/// Neighboring columns of one row that are drawn alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    /// Seconds since the run's start.
    pub from_s: f64,
    pub to_s: f64,
    /// Decimal logarithms of microseconds.
    pub from: f64,
    pub to: f64,
    /// Which color, fewest first.
    pub shade: usize,
    /// Orders in it.
    pub count: u64,
}

impl Heat {
    /// The counts of `pick` in every interval; none where nothing was counted.
    pub(super) fn new(intervals: &[Interval], pick: fn(&Interval) -> &Histogram) -> Option<Self> {
        let seconds = intervals.last()?.time_s + 1;
        let column_s = seconds.div_ceil(COLUMNS_MAX);
        let columns = seconds.div_ceil(column_s) as usize;
        let mut rows: Vec<Vec<u64>> = Vec::new();
        for interval in intervals {
            let column = (interval.time_s / column_s) as usize;
            for (us, count) in pick(interval).buckets() {
                let row = ((us.max(1) as f64).log10() * ROWS_PER_DECADE) as usize;
                if rows.len() <= row {
                    rows.resize(row + 1, vec![0; columns]);
                }
                rows[row][column] += count;
            }
        }
        let most = rows.iter().flatten().copied().max().unwrap_or(0);
        let cells = rows.iter().enumerate();
        (most > 0).then(|| Self {
            cells: cells
                .flat_map(|(row, counts)| runs(row, counts, column_s, most))
                .collect(),
            most,
            column_s,
        })
    }
}

/// The cells of a row, neighbors of one shade as one.
fn runs(row: usize, counts: &[u64], column_s: u64, most: u64) -> Vec<Cell> {
    let at = |column: usize| (column as u64 * column_s) as f64;
    let mut cells: Vec<Cell> = Vec::new();
    for (column, &count) in counts.iter().enumerate().filter(|&(_, &count)| count > 0) {
        let shade = shade(count, most);
        match cells.last_mut() {
            Some(last) if last.to_s == at(column) && last.shade == shade => {
                last.to_s = at(column + 1);
                last.count += count;
            }
            _ => cells.push(Cell {
                from_s: at(column),
                to_s: at(column + 1),
                from: row as f64 / ROWS_PER_DECADE,
                to: (row + 1) as f64 / ROWS_PER_DECADE,
                shade,
                count,
            }),
        }
    }
    cells
}

/// Logarithmic: one slow order among thousands must be seen.
fn shade(count: u64, most: u64) -> usize {
    let share = (count as f64).ln() / (most.max(2) as f64).ln();
    ((share * HEAT.len() as f64) as usize).min(HEAT.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn interval(time_s: u64, values: &[(u64, u64)]) -> Interval {
        let mut response_time = Histogram::coarse();
        for &(us, count) in values {
            (0..count).for_each(|_| response_time.record(Duration::from_micros(us)));
        }
        Interval {
            time_s,
            response_time,
            service_time: Histogram::coarse(),
            end_to_end: Histogram::coarse(),
        }
    }

    #[test]
    fn every_order_is_in_one_cell_and_the_slow_one_has_its_own() {
        let heat = Heat::new(
            &[
                interval(0, &[(250, 90)]),
                interval(1, &[(250, 95), (40_000, 1)]),
                interval(4, &[(250, 90)]),
            ],
            |interval| &interval.response_time,
        )
        .unwrap();
        assert_eq!(heat.cells.iter().map(|cell| cell.count).sum::<u64>(), 276);
        assert_eq!((heat.most, heat.column_s), (95, 1));
        let spans: Vec<_> = heat
            .cells
            .iter()
            .map(|cell| (cell.from_s, cell.to_s, cell.shade))
            .collect();
        assert_eq!(
            spans,
            [(0.0, 2.0, 5), (4.0, 5.0, 5), (1.0, 2.0, 0)],
            "neighbors alike are one cell, a gap stays a gap"
        );
        let slow = heat.cells[2];
        assert!(
            (10f64.powf(slow.from)..10f64.powf(slow.to)).contains(&40_000.0),
            "{slow:?}"
        );
    }

    #[test]
    fn an_hour_has_no_more_columns_than_a_chart_can_show() {
        let intervals: Vec<_> = (0..3_600)
            .map(|second| interval(second, &[(200 + second % 7, 3)]))
            .collect();
        let heat = Heat::new(&intervals, |interval| &interval.response_time).unwrap();
        assert_eq!(heat.column_s, 15);
        assert!(heat.cells.len() <= 480, "{}", heat.cells.len());
        assert_eq!(
            heat.cells.iter().map(|cell| cell.count).sum::<u64>(),
            10_800
        );
    }

    #[test]
    fn nothing_counted_is_no_heat() {
        assert_eq!(Heat::new(&[], |interval| &interval.response_time), None);
        let empty = [interval(0, &[])];
        assert_eq!(Heat::new(&empty, |interval| &interval.response_time), None);
    }
}
