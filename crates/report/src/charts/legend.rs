//! What the lines of a panel are, above it.

use plotters::prelude::*;

use super::draw::{Area, Drawn, stroke, widest};
use super::figure::{Line, Panel, Series};
use super::frame::Frame;
use super::heat::Heat;
use super::style::{FONT, HEAT, TEXT, register_fonts};
use orderproof_core::results::figures::thousands;

/// Pixels of a line of it.
pub(super) const LEGEND: i32 = 30;
/// Pixels between two entries.
const GAP: i32 = 22;
/// Pixels of a line's sample and of the space behind it.
const SAMPLE: i32 = 32;
const SIZE: i32 = 17;

/// The entries of a legend and where each begins.
pub(super) struct Legend<'a> {
    entries: Vec<(i32, i32, Entry<'a>)>,
    /// How many lines it takes.
    pub lines: i32,
    swatch: i32,
}

enum Entry<'a> {
    Series(&'a Series, String),
    Heat(&'a Heat),
}

impl<'a> Legend<'a> {
    /// The legend of `panel`; what does not fit on a line goes on the next.
    pub(super) fn of(panel: &'a Panel, frame: Frame) -> Self {
        register_fonts();
        let (left, swatch) = match frame {
            Frame::Wide => (102, 18),
            Frame::Narrow => (8, 11),
        };
        let right = frame.width();
        let series = panel.named().map(|series| {
            let name = fitting(&series.name, right - left - SAMPLE);
            (SAMPLE + wide(&name), Entry::Series(series, name))
        });
        let heat = panel.heat.iter().map(|heat| {
            let (words, most) = words(heat);
            let width = wide(&words) + 8 + swatch * HEAT.len() as i32 + 6 + wide(&most);
            (width, Entry::Heat(heat))
        });
        let (mut x, mut line) = (left, 0);
        let mut entries = Vec::new();
        for (width, entry) in series.chain(heat) {
            if x > left && x + width > right {
                (x, line) = (left, line + 1);
            }
            entries.push((x, line, entry));
            x += width + GAP;
        }
        Self {
            entries,
            lines: line + 1,
            swatch,
        }
    }

    /// Draws it at the top of `area`.
    pub(super) fn draw<DB: DrawingBackend>(&self, area: &Area<DB>) -> Drawn<DB> {
        let font = (FONT, SIZE).into_text_style(area).color(&TEXT);
        for (x, line, entry) in &self.entries {
            let (x, y) = (*x, LEGEND * line + LEGEND / 2);
            match entry {
                Entry::Series(series, name) => {
                    sample(area, series, (x, y))?;
                    area.draw_text(name, &font, (x + SAMPLE, y - 8))?;
                }
                Entry::Heat(heat) => {
                    let (words, most) = words(heat);
                    area.draw_text(&words, &font, (x, y - 8))?;
                    let mut x = x + wide(&words) + 8;
                    for color in HEAT {
                        let corners = [(x, y - 6), (x + self.swatch, y + 6)];
                        area.draw(&Rectangle::new(corners, color.filled()))?;
                        x += self.swatch;
                    }
                    area.draw_text(&most, &font, (x + 6, y - 8))?;
                }
            }
        }
        Ok(())
    }
}

/// What stands before and behind the shades of `heat`.
fn words(heat: &Heat) -> (String, String) {
    let words = format!("orders in a cell of {} s: 1", heat.column_s);
    (words, thousands(heat.most))
}

/// Room for a text, in pixels.
fn wide(text: &str) -> i32 {
    let size = (FONT, SIZE).into_font().box_size(text);
    widest(size.map_or(0, |(width, _)| width))
}

/// The name, or what of it fits: without what is in brackets at its end, or cut.
fn fitting(name: &str, room: i32) -> String {
    if wide(name) <= room {
        return name.to_owned();
    }
    if let Some((short, _)) = name
        .rsplit_once(" (")
        .filter(|(short, _)| wide(short) <= room)
    {
        return short.to_owned();
    }
    let mut cut = name.to_owned();
    while cut.pop().is_some() && wide(&cut) > room - 12 {}
    format!("{}\u{2026}", cut.trim_end())
}

fn sample<DB: DrawingBackend>(area: &Area<DB>, series: &Series, (x, y): (i32, i32)) -> Drawn<DB> {
    let sample = [(x, y), (x + 26, y)];
    let style = stroke(series);
    match series.line {
        Line::Dashed => area.draw(&plotters::element::DashedPathElement::new(
            sample, 6, 4, style,
        )),
        Line::Thick | Line::Solid | Line::Thin => area.draw(&PathElement::new(sample, style)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_too_long_for_a_phone_loses_its_brackets_first_and_then_its_end() {
        register_fonts();
        assert_eq!(fitting("stored", 300), "stored");
        let long = "CPU of this process (load, embedded pipeline and verifier)";
        assert_eq!(fitting(long, 360), "CPU of this process");
        let cut = fitting(&"recovery-".repeat(12), 360);
        assert!(cut.ends_with('\u{2026}') && wide(&cut) <= 360 + 6, "{cut}");
    }
}
