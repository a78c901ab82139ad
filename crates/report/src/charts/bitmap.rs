//! Pixels with evenly spaced letters.
//!
//! The drawing library's own text on bitmaps begins each letter at a whole pixel and leaves out the space before it. Here
//! each stands where the font says, between pixels.

use ab_glyph::{Font, FontRef, ScaleFont, point};
use plotters::prelude::BitMapBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle,
};

use super::style::font;

/// The library's bitmap, but for its text.
pub(super) struct Bitmap<'a>(pub BitMapBackend<'a>);

type Outcome<T = ()> =
    Result<T, DrawingErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>>;

impl DrawingBackend for Bitmap<'_> {
    type ErrorType = <BitMapBackend<'static> as DrawingBackend>::ErrorType;

    fn get_size(&self) -> (u32, u32) {
        self.0.get_size()
    }

    fn ensure_prepared(&mut self) -> Outcome {
        self.0.ensure_prepared()
    }

    fn present(&mut self) -> Outcome {
        self.0.present()
    }

    fn draw_pixel(&mut self, at: BackendCoord, color: BackendColor) -> Outcome {
        self.0.draw_pixel(at, color)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Outcome {
        self.0.draw_line(from, to, style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Outcome {
        self.0.draw_rect(from, to, style, fill)
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        at: BackendCoord,
    ) -> Outcome {
        let layout = style.layout_box(text);
        let (_, (width, height)) =
            layout.map_err(|error| DrawingErrorKind::FontError(Box::new(error)))?;
        let across = match style.anchor().h_pos {
            HPos::Left => 0,
            HPos::Right => -width,
            HPos::Center => -width / 2,
        };
        let down = match style.anchor().v_pos {
            VPos::Top => 0,
            VPos::Center => -height / 2,
            VPos::Bottom => -height,
        };
        let (turn, color) = (style.transform(), style.color());
        let (right, bottom) = self.get_size();
        let mut drawn = Ok(());
        letters(text, style.style(), style.size() as f32, |x, y, covered| {
            let (x, y) = turn.transform(x + across, y + down);
            let (x, y) = (at.0 + x, at.1 + y);
            if drawn.is_ok() && (0..right as i32).contains(&x) && (0..bottom as i32).contains(&y) {
                let alpha = color.alpha * f64::from(covered);
                drawn = self.0.draw_pixel((x, y), BackendColor { alpha, ..color });
            }
        });
        drawn
    }
}

/// Tells `draw` how much each pixel is covered by `text`, from the left end and the top of its line.
fn letters(text: &str, style: FontStyle, size: f32, mut draw: impl FnMut(i32, i32, f32)) {
    let font = FontRef::try_from_slice(font(style)).expect("the embedded font is a font");
    let font = font.as_scaled(size);
    let (mut x, mut before) = (0.0, None);
    for letter in text.chars() {
        let id = font.glyph_id(letter);
        x += before.map_or(0.0, |before| font.kern(before, id));
        let place = point(x, size / 2.0);
        if let Some(outline) = font.outline_glyph(id.with_scale_and_position(size, place)) {
            let corner = outline.px_bounds().min;
            outline.draw(|across, down, covered| {
                draw(
                    corner.x as i32 + across as i32,
                    corner.y as i32 + down as i32,
                    covered.min(1.0),
                );
            });
        }
        x += font.h_advance(id);
        before = Some(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The middle of each of the dark stretches of a text's columns.
    fn stems(text: &str) -> Vec<f64> {
        let mut columns = vec![0.0; 400];
        letters(text, FontStyle::Normal, 16.0, |x, _, covered| {
            columns[(x + 4) as usize] += f64::from(covered);
        });
        let stretches = columns.split(|&dark| dark < 0.05);
        let mut from = 0.0;
        let mut middles = Vec::new();
        for stretch in stretches {
            let dark: f64 = stretch.iter().sum();
            let weighted = stretch
                .iter()
                .enumerate()
                .map(|(at, dark)| (at as f64 + 0.5) * dark);
            if dark > 0.0 {
                middles.push(from + weighted.sum::<f64>() / dark);
            }
            from += stretch.len() as f64 + 1.0;
        }
        middles
    }

    #[test]
    fn equal_letters_stand_equally_far_apart() {
        let stems = stems("i i i i i i i i i i");
        assert_eq!(stems.len(), 10);
        let gaps: Vec<_> = stems.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let (least, most) = gaps
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), &gap| {
                (least.min(gap), most.max(gap))
            });
        assert!(most - least < 0.1, "within a tenth of a pixel: {gaps:?}");
    }
}
