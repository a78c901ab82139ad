//! How much room a chart has: wide, for a file and a desk, or narrow, for a phone.

use super::figure::{Figure, Panel};
use super::legend::{LEGEND, Legend};

/// The room a chart is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    /// With its title and its caption.
    Wide,
    /// The panels alone, with letters that can be read on a phone.
    Narrow,
}

impl Frame {
    /// Pixels from left to right.
    pub(super) fn width(self) -> i32 {
        match self {
            Self::Wide => 1200,
            Self::Narrow => 400,
        }
    }

    /// Of the title, above the panels.
    pub(super) fn header(self) -> i32 {
        match self {
            Self::Wide => 46,
            Self::Narrow => 0,
        }
    }

    /// Of the caption, below them.
    pub(super) fn footer(self) -> i32 {
        match self {
            Self::Wide => 30,
            Self::Narrow => 0,
        }
    }

    /// Left of the plots, with their labels and what they count.
    pub(super) fn labels(self) -> i32 {
        match self {
            Self::Wide => 92,
            Self::Narrow => 74,
        }
    }

    /// Right of the plots.
    pub(super) fn margin(self) -> i32 {
        match self {
            Self::Wide => 24,
            Self::Narrow => 10,
        }
    }

    /// About how many ticks an axis of time has.
    pub(super) fn ticks(self) -> f64 {
        match self {
            Self::Wide => 12.0,
            Self::Narrow => 5.0,
        }
    }

    /// Pixels of the whole.
    pub(super) fn size(self, figure: &Figure) -> (u32, u32) {
        let panels: i32 = self.heights(figure).into_iter().sum();
        let height = self.header() + panels + self.footer();
        (self.width() as u32, height as u32)
    }

    /// Pixels of each panel from top to bottom, its legend and its axis included.
    pub(super) fn heights(self, figure: &Figure) -> Vec<i32> {
        match self {
            Self::Wide => shared(figure, self.header() + self.footer()),
            Self::Narrow => {
                let panels = figure.panels.iter().enumerate();
                panels
                    .map(|(index, panel)| own(figure, index, panel))
                    .collect()
            }
        }
    }
}

/// The panels share a height; many panels need more.
fn shared(figure: &Figure, taken: i32) -> Vec<i32> {
    let whole = if figure.panels.len() > 3 { 860 } else { 680 };
    let mut rest = f64::from(whole - taken);
    let mut weights: f64 = figure.panels.iter().map(|panel| panel.weight).sum();
    let mut heights = Vec::new();
    for panel in &figure.panels {
        let own = (rest * panel.weight / weights).round();
        heights.push(own as i32);
        rest -= own;
        weights -= panel.weight;
    }
    heights
}

/// A narrow panel is as high as its legend needs.
fn own(figure: &Figure, index: usize, panel: &Panel) -> i32 {
    let plot = match figure.panels.len() {
        1 => 220.0,
        _ => 140.0 * panel.weight.clamp(0.8, 1.4),
    };
    let legend = LEGEND * Legend::of(panel, Frame::Narrow).lines;
    legend + plot as i32 + axis_height(figure.has_x_title(index))
}

/// Pixels below a plot, for its ticks' labels and maybe for what they are of.
pub(super) fn axis_height(titled: bool) -> i32 {
    if titled { 50 } else { 30 }
}
