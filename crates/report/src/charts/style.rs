//! Colors and fonts.

use std::sync::Once;

use plotters::style::{FontStyle, RGBColor, register_font};

/// The embedded font's name; SVG readers without it fall back to their sans-serif.
pub(super) const FONT: &str = "sans-serif";

static REGULAR: &[u8] = include_bytes!("fonts/OpenSans-Regular.ttf");
static SEMIBOLD: &[u8] = include_bytes!("fonts/OpenSans-Semibold.ttf");

/// Makes the embedded font known to the drawing library, once.
pub(super) fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for style in [FontStyle::Normal, FontStyle::Bold] {
            assert!(
                register_font(FONT, style, font(style)).is_ok(),
                "the embedded font is a font"
            );
        }
    });
}

/// The embedded font's file.
pub(super) fn font(style: FontStyle) -> &'static [u8] {
    match style {
        FontStyle::Bold => SEMIBOLD,
        _ => REGULAR,
    }
}

/// The colors of series: Okabe and Ito's palette, distinct for color-blind readers, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Black,
    Orange,
    Sky,
    Green,
    Blue,
    Vermillion,
    Purple,
    Gray,
}

impl Ink {
    pub(super) fn color(self) -> RGBColor {
        match self {
            Self::Black => RGBColor(0, 0, 0),
            Self::Orange => RGBColor(230, 159, 0),
            Self::Sky => RGBColor(86, 180, 233),
            Self::Green => RGBColor(0, 158, 115),
            Self::Blue => RGBColor(0, 114, 178),
            Self::Vermillion => RGBColor(213, 94, 0),
            Self::Purple => RGBColor(204, 121, 167),
            Self::Gray => RGBColor(150, 150, 150),
        }
    }
}

/// Of text and axes.
pub(super) const TEXT: RGBColor = RGBColor(34, 34, 34);
/// Of what is said in passing.
pub(super) const FAINT: RGBColor = RGBColor(110, 110, 110);
/// Of grid lines.
pub(super) const GRID: RGBColor = RGBColor(221, 221, 221);
/// Of every other phase.
pub(super) const BAND: RGBColor = RGBColor(241, 244, 248);
/// Of a warm-up's hatching.
pub(super) const HATCH: RGBColor = RGBColor(214, 219, 226);
/// Of counts behind lines, few to many: one hue that grows darker.
pub(super) const HEAT: [RGBColor; 6] = [
    RGBColor(222, 235, 247),
    RGBColor(198, 219, 239),
    RGBColor(158, 202, 225),
    RGBColor(107, 174, 214),
    RGBColor(49, 130, 189),
    RGBColor(8, 81, 156),
];
