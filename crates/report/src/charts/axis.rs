//! Ticks and their labels.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::figure::{Panel, XAxis, YAxis};

/// An axis: its range and where its ticks are, in drawn coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    pub from: f64,
    pub to: f64,
    pub ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let share = (value - self.from) / (self.to - self.from);
        low + (share * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format(value: &f64) -> String {
        number(*value)
    }
}

/// Steps of 1, 2 or 5 that make `about` ticks up to `top`.
fn step(top: f64, about: f64) -> f64 {
    let raw = top / about;
    let power = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= raw * 0.999);
    factor.unwrap_or(10.0) * power
}

fn linear(top: f64, about: f64, headroom: f64) -> Axis {
    let empty = top <= 0.0;
    let top = if empty { 1.0 } else { top };
    let step = step(top, about);
    let to = top * headroom;
    let ticks = (0..=(to / step + 1e-9) as usize).map(|n| n as f64 * step);
    Axis {
        from: 0.0,
        to,
        // An axis of nothing has no fractions to show.
        ticks: match empty {
            true => vec![0.0, 1.0],
            false => ticks.collect(),
        },
    }
}

/// From the tick below the values to the tick above them; ticks at 1, 2 and 5, or at whole decades when
/// there are many.
fn logarithmic(bottom: f64, top: f64) -> Axis {
    if !bottom.is_finite() || top <= 0.0 {
        return logarithmic(100.0, 10_000.0);
    }
    let decades = bottom.log10().floor() as i32..=top.log10().ceil() as i32 + 1;
    let places = |factors: &[f64]| -> Vec<f64> {
        decades
            .clone()
            .flat_map(|decade| {
                factors
                    .iter()
                    .map(move |factor| f64::from(decade) + factor.log10())
            })
            .collect()
    };
    let fine = places(&[1.0, 2.0, 5.0]);
    let below = |place: &&f64| **place <= bottom.log10() + 1e-9;
    let from = fine
        .iter()
        .filter(below)
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let above = |place: &&f64| **place >= (top * 1.05).log10().max(from + 0.3);
    let to = fine
        .iter()
        .filter(above)
        .copied()
        .fold(f64::INFINITY, f64::min);
    let ticks = if to - from <= 3.0 {
        fine
    } else {
        places(&[1.0])
    };
    let within = |place: &f64| (from - 1e-9..=to + 1e-9).contains(place);
    Axis {
        from,
        to,
        ticks: ticks.into_iter().filter(within).collect(),
    }
}

/// As far up as down, at least to a quarter more, at most to ten times; ticks at ratios people know.
fn ratio(bottom: f64, top: f64) -> Axis {
    const KNOWN: [f64; 5] = [1.1, 1.25, 2.0, 4.0, 10.0];
    let bottom = if bottom.is_finite() { bottom } else { 1.0 };
    let reach = (1.0 / bottom).max(top).clamp(1.25, 10.0) * 1.05;
    let known = KNOWN.into_iter().filter(|&ratio| ratio <= reach);
    // Of a wide axis the fine ticks would collide.
    let known = known.filter(|&ratio| reach < 2.0 || ratio >= 2.0);
    let known = known.filter(|&ratio| reach < 1.4 || ratio > 1.1);
    let mut ticks = vec![0.0];
    ticks.extend(known.flat_map(|ratio| [ratio.log10(), -ratio.log10()]));
    ticks.sort_by(f64::total_cmp);
    Axis {
        from: -reach.log10(),
        to: reach.log10(),
        ticks,
    }
}

/// The horizontal axis; of time with `about` as many ticks.
pub(super) fn x_axis(axis: XAxis, about: f64) -> Axis {
    match axis {
        XAxis::Seconds(seconds) => linear(seconds, about, 1.0),
        XAxis::Around(from, to) => {
            let step = step((to - from).max(1.0), about);
            let ticks = (from / step).ceil() as i64..=(to / step).floor() as i64;
            Axis {
                from,
                to: to.max(from + 1.0),
                ticks: ticks.map(|n| n as f64 * step).collect(),
            }
        }
        XAxis::Quantiles(nines) => {
            let ticks =
                std::iter::once(2f64.log10()).chain((1..=nines.floor() as i32).map(f64::from));
            Axis {
                from: 0.0,
                to: nines,
                ticks: ticks.collect(),
            }
        }
    }
}

pub(super) fn y_axis(panel: &Panel) -> Axis {
    match panel.y {
        YAxis::Count | YAxis::Seconds => linear(panel.top(), 6.0, 1.12),
        YAxis::LogMicros => logarithmic(panel.bottom(), panel.top()),
        YAxis::Ratio => ratio(panel.bottom(), panel.top()),
    }
}

/// Where a value is drawn.
pub(super) fn y_place(axis: YAxis, value: f64) -> f64 {
    match axis {
        YAxis::Count | YAxis::Seconds => value,
        YAxis::LogMicros => value.max(1.0).log10(),
        YAxis::Ratio => value.clamp(0.1, 10.0).log10(),
    }
}

pub(super) fn x_label(axis: XAxis, place: f64) -> String {
    match axis {
        XAxis::Seconds(_) => number(place),
        XAxis::Around(..) if place < 0.0 => format!("\u{2212}{}", number(-place)),
        XAxis::Around(..) => number(place),
        XAxis::Quantiles(_) => {
            let percent = 100.0 * (1.0 - 10f64.powf(-place));
            let decimals = (place.ceil() as usize).saturating_sub(2);
            format!("{percent:.decimals$}%")
        }
    }
}

pub(super) fn y_label(axis: YAxis, place: f64) -> String {
    match axis {
        YAxis::Count => number(place),
        YAxis::Ratio => format!("\u{d7}{}", number(10f64.powf(place))),
        YAxis::Seconds if place > 0.0 && place < 1.0 => format!("{} ms", number(place * 1e3)),
        YAxis::Seconds => format!("{} s", number(place)),
        YAxis::LogMicros => {
            let us = 10f64.powf(place);
            match us {
                us if us < 999.0 => format!("{} \u{b5}s", number(us)),
                us if us < 999_000.0 => format!("{} ms", number(us / 1e3)),
                us => format!("{} s", number(us / 1e6)),
            }
        }
    }
}

/// A tick's number: grouped thousands, no more decimals than it needs.
fn number(value: f64) -> String {
    if value >= 999.5 {
        return orderproof_core::results::figures::thousands(value.round() as u64);
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_of_ratios_are_an_eighth_of_the_axis_apart() {
        for top in (100..1_200).map(|percent| f64::from(percent) / 100.0) {
            let axis = ratio(1.0, top);
            let apart = axis.ticks.windows(2).map(|pair| pair[1] - pair[0]);
            let least = apart.fold(f64::INFINITY, f64::min) / (axis.to - axis.from);
            assert!(least > 0.125, "{least} at {top}: {:?}", axis.ticks);
        }
        assert_eq!(ratio(1.0, 1.0).ticks.len(), 5);
    }

    #[test]
    fn ticks_are_round_numbers_within_the_axis() {
        let axis = linear(1_083.0, 6.0, 1.1);
        assert_eq!(axis.ticks, [0.0, 200.0, 400.0, 600.0, 800.0, 1_000.0]);
        assert_eq!(
            linear(0.0, 6.0, 1.0).to,
            1.0,
            "an axis without values still has a length"
        );
        let axis = logarithmic(220.0, 11_900.0);
        assert!(
            (10f64.powf(axis.from) - 200.0).abs() < 1e-6
                && (10f64.powf(axis.to) - 20_000.0).abs() < 1e-6
        );
        assert!(
            axis.ticks
                .iter()
                .all(|tick| (axis.from - 1e-6..=axis.to + 1e-6).contains(tick))
        );
    }

    #[test]
    fn labels_carry_their_unit() {
        assert_eq!(y_label(YAxis::LogMicros, 2.0), "100 \u{b5}s");
        assert_eq!(y_label(YAxis::LogMicros, 3.0 + 5f64.log10()), "5 ms");
        assert_eq!(y_label(YAxis::LogMicros, 6.0), "1 s");
        assert_eq!(y_label(YAxis::Count, 12_000.0), "12,000");
        assert_eq!(y_label(YAxis::Seconds, 0.5), "500 ms");
        assert_eq!(x_label(XAxis::Quantiles(4.0), 2f64.log10()), "50%");
        assert_eq!(x_label(XAxis::Quantiles(4.0), 1.0), "90%");
        assert_eq!(x_label(XAxis::Quantiles(4.0), 3.0), "99.9%");
    }
}
