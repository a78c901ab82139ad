//! The renderer: any figure onto any backend.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, x_axis, x_label, y_axis, y_label, y_place};
use super::figure::{Band, Figure, Limit, Line, Panel, Series, Span, XAxis};
use super::frame::{Frame, axis_height};
use super::heat::Heat;
use super::legend::{LEGEND, Legend};
use super::style::{BAND, FAINT, FONT, GRID, HATCH, HEAT, TEXT, register_fonts};

pub(super) type Area<DB> = DrawingArea<DB, Shift>;
type Plot<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;
pub(super) type Drawn<DB, T = ()> =
    Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Where a panel's plot was drawn, in pixels of the whole, and its axes in drawn coordinates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plotted {
    pub x: Range<i32>,
    pub y: Range<i32>,
    pub x_axis: Axis,
    pub y_axis: Axis,
}

/// Draws a figure on the whole of `area`; says where each panel's plot is.
pub(super) fn draw<DB: DrawingBackend>(
    figure: &Figure,
    frame: Frame,
    area: &Area<DB>,
) -> Drawn<DB, Vec<Plotted>> {
    let mut plotted = Vec::new();
    register_fonts();
    area.fill(&WHITE)?;
    let (width, height) = area.dim_in_pixel();
    if frame == Frame::Wide {
        let bottom = height as i32 - 26;
        text(area, &figure.title, (16, 12), 24, true, &TEXT)?;
        text(area, &figure.caption, (16, bottom), 16, false, &FAINT)?;
    }
    let taken = (frame.header() + frame.footer()) as u32;
    let mut rest = area
        .clone()
        .shrink((0, frame.header()), (width, height - taken));
    let panels = figure.panels.iter().zip(frame.heights(figure));
    for (index, (panel, height)) in panels.enumerate() {
        let (upper, lower) = rest.split_vertically(height);
        let titled = figure.has_x_title(index);
        plotted.push(draw_panel(panel, frame, &upper, titled, index == 0)?);
        rest = lower;
    }
    area.present()?;
    Ok(plotted)
}

fn text<DB: DrawingBackend>(
    area: &Area<DB>,
    words: &str,
    at: (i32, i32),
    size: i32,
    bold: bool,
    color: &RGBColor,
) -> Drawn<DB> {
    let style = if bold {
        FontStyle::Bold
    } else {
        FontStyle::Normal
    };
    let font = (FONT, size, style).into_text_style(area).color(color);
    area.draw_text(words, &font, at)
}

fn draw_panel<DB: DrawingBackend>(
    panel: &Panel,
    frame: Frame,
    area: &Area<DB>,
    x_title: bool,
    names: bool,
) -> Drawn<DB, Plotted> {
    let legend = Legend::of(panel, frame);
    legend.draw(area)?;
    let (x, y) = (x_axis(panel.x, frame.ticks()), y_axis(panel));
    let mut plot = ChartBuilder::on(area)
        .margin_top(LEGEND * legend.lines)
        .margin_right(frame.margin())
        .margin_left(8)
        .x_label_area_size(axis_height(x_title))
        .y_label_area_size(frame.labels())
        .build_cartesian_2d(x.clone(), y.clone())?;
    draw_bands(&mut plot, &panel.bands, &y)?;
    if let Some(heat) = &panel.heat {
        draw_heat(&mut plot, heat, &x, &y)?;
    }
    draw_mesh(&mut plot, panel, &x, &y, x_title)?;
    if names {
        name_bands(&plot, &panel.bands, &x)?;
    }
    for series in &panel.series {
        draw_series(&mut plot, panel, series)?;
    }
    for limit in &panel.limits {
        draw_limit(&mut plot, panel, limit, (&x, &y))?;
    }
    if let Some(span) = &panel.span {
        draw_span(&mut plot, span, &x, &y)?;
    }
    if !panel.has_samples() {
        let (left, top) = plot.plotting_area().get_base_pixel();
        let (width, height) = plot.plotting_area().dim_in_pixel();
        let (base_x, base_y) = area.get_base_pixel();
        let middle = (
            left - base_x + width as i32 / 2 - 40,
            top - base_y + height as i32 / 2 - 10,
        );
        text(area, "no samples", middle, 18, false, &FAINT)?;
    }
    let (across, down) = plot.plotting_area().get_pixel_range();
    Ok(Plotted {
        x: across,
        y: down,
        x_axis: x,
        y_axis: y,
    })
}

fn draw_mesh<DB: DrawingBackend>(
    plot: &mut Plot<'_, DB>,
    panel: &Panel,
    x: &Axis,
    y: &Axis,
    x_title: bool,
) -> Drawn<DB> {
    let (x_kind, y_kind) = (panel.x, panel.y);
    let x_format = move |place: &f64| x_label(x_kind, *place);
    let y_format = move |place: &f64| y_label(y_kind, *place);
    let title = match (x_title, panel.x) {
        (false, _) => "",
        (true, XAxis::Seconds(_)) => "seconds since the first order was due",
        (true, XAxis::Around(..)) => "seconds since the start of the highest load",
        (true, XAxis::Quantiles(_)) => "percentile, as 1/(1-p) on a logarithmic axis",
    };
    plot.configure_mesh()
        .x_labels(x.ticks.len())
        .y_labels(y.ticks.len())
        .x_max_light_lines(0)
        .y_max_light_lines(0)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_label_formatter(&x_format)
        .y_label_formatter(&y_format)
        .x_desc(title)
        .y_desc(panel.y_title)
        .label_style((FONT, 16).into_font().color(&TEXT))
        .axis_desc_style((FONT, 16).into_font().color(&TEXT))
        .draw()
}

/// Room for a text: a reader of an SVG, or of the page, may have a wider font than the embedded one (DejaVu Sans takes
/// 17% more).
pub(super) fn widest(width: u32) -> i32 {
    (width as i32 * 6 + 4) / 5
}

/// The counts, of each shade together, within the axes.
fn draw_heat<DB: DrawingBackend>(
    plot: &mut Plot<'_, DB>,
    heat: &Heat,
    x: &Axis,
    y: &Axis,
) -> Drawn<DB> {
    for (shade, color) in HEAT.iter().enumerate() {
        let cells = heat.cells.iter().filter(|cell| cell.shade == shade);
        let rectangles = cells.map(|cell| {
            let (left, right) = (cell.from_s.min(x.to), cell.to_s.min(x.to));
            let (bottom, top) = (cell.from.clamp(y.from, y.to), cell.to.clamp(y.from, y.to));
            Rectangle::new([(left, bottom), (right, top)], color.filled())
        });
        plot.draw_series(rectangles)?;
    }
    Ok(())
}

/// A level across the panel and what it is, where the axis reaches it.
fn draw_limit<DB: DrawingBackend>(
    plot: &mut Plot<'_, DB>,
    panel: &Panel,
    limit: &Limit,
    (x, y): (&Axis, &Axis),
) -> Drawn<DB> {
    let place = y_place(panel.y, limit.at);
    if !(y.from..=y.to).contains(&place) {
        return Ok(());
    }
    let (from, to) = match limit.across {
        Some(across) => (across.from.max(x.from), across.to.min(x.to)),
        None => (x.from, x.to),
    };
    let dashes = DashedPathElement::new([(from, place), (to, place)], 2, 4, TEXT);
    plot.draw_series([dashes])?;
    let area = plot.plotting_area();
    let (right, level) = area.map_coordinate(&(to, place));
    let base = area.get_base_pixel();
    let shifted = area.strip_coord_spec();
    let style = (FONT, 15).into_text_style(&shifted).color(&TEXT);
    let style = style.pos(Pos::new(HPos::Right, VPos::Top));
    // A label that is longer than its line begins at the plot's edge.
    let (width, _) = shifted.estimate_text_size(&limit.label, &style)?;
    let right = (right - base.0 - 6).max(widest(width) + 6);
    shifted.draw_text(&limit.label, &style, (right, level - base.1 + 3))
}

pub(super) fn stroke(series: &Series) -> ShapeStyle {
    let width = match series.line {
        Line::Thick => 6,
        Line::Solid => 2,
        Line::Thin => 1,
        Line::Dashed => 2,
    };
    series.ink.color().stroke_width(width)
}

fn draw_series<DB: DrawingBackend>(
    plot: &mut Plot<'_, DB>,
    panel: &Panel,
    series: &Series,
) -> Drawn<DB> {
    let style = stroke(series);
    for stretch in series.stretches() {
        let points: Vec<_> = stretch
            .iter()
            .map(|&(x, y)| (x, y_place(panel.y, y)))
            .collect();
        if let [point] = points[..] {
            plot.draw_series([Circle::new(point, 2, style.filled())])?;
        } else if series.line == Line::Dashed {
            plot.draw_series(DashedLineSeries::new(points, 6, 4, style))?;
        } else {
            plot.draw_series(LineSeries::new(points, style))?;
        }
    }
    Ok(())
}

fn draw_bands<DB: DrawingBackend>(plot: &mut Plot<'_, DB>, bands: &[Band], y: &Axis) -> Drawn<DB> {
    for (index, band) in bands.iter().enumerate() {
        if band.warm_up {
            draw_hatching(plot, band, y)?;
        } else if index % 2 == bands.iter().filter(|band| band.warm_up).count() % 2 {
            continue;
        } else {
            let corners = [(band.from, y.from), (band.to, y.to)];
            plot.draw_series([Rectangle::new(corners, BAND.filled())])?;
        }
    }
    Ok(())
}

/// Rising lines, clipped to the band.
fn draw_hatching<DB: DrawingBackend>(plot: &mut Plot<'_, DB>, band: &Band, y: &Axis) -> Drawn<DB> {
    let (width, height) = plot.plotting_area().dim_in_pixel();
    let whole = plot.plotting_area().get_x_range();
    let per_pixel = (whole.end - whole.start) / f64::from(width.max(1));
    let rise = f64::from(height) * per_pixel;
    let mut start = band.from - rise;
    while start < band.to {
        let at = |x: f64| (x, y.from + (x - start) / rise * (y.to - y.from));
        let (left, right) = (start.max(band.from), (start + rise).min(band.to));
        plot.draw_series([PathElement::new([at(left), at(right)], HATCH)])?;
        start += 10.0 * per_pixel;
    }
    Ok(())
}

/// Names the bands above the plot, where there is room.
fn name_bands<DB: DrawingBackend>(plot: &Plot<'_, DB>, bands: &[Band], x: &Axis) -> Drawn<DB> {
    let area = plot.plotting_area();
    let (width, _) = area.dim_in_pixel();
    let base = area.get_base_pixel();
    let shifted = area.strip_coord_spec();
    let style = (FONT, 16, FontStyle::Bold)
        .into_text_style(&shifted)
        .color(&FAINT)
        .pos(Pos::new(HPos::Center, VPos::Top));
    for band in bands {
        let pixels = (band.to - band.from) / (x.to - x.from) * f64::from(width);
        let (wide, _) = shifted.estimate_text_size(&band.name, &style)?;
        if f64::from(widest(wide)) + 4.0 < pixels {
            let middle = (band.from + band.to) / 2.0;
            let (at, _) = area.map_coordinate(&(middle, area.get_y_range().end));
            shifted.draw_text(&band.name, &style, (at - base.0, 6))?;
        }
    }
    Ok(())
}

fn draw_span<DB: DrawingBackend>(
    plot: &mut Plot<'_, DB>,
    span: &Span,
    x: &Axis,
    y: &Axis,
) -> Drawn<DB> {
    if let Some(limit) = span.limit.filter(|limit| (x.from..=x.to).contains(limit)) {
        let ends = [(limit, y.from), (limit, y.to)];
        plot.draw_series([DashedPathElement::new(ends, 2, 4, FAINT)])?;
    }
    let color = super::style::Ink::Vermillion.color();
    let height = y.from + (y.to - y.from) * 0.72;
    let dashes = |x: f64| DashedPathElement::new([(x, y.from), (x, y.to)], 4, 4, color);
    plot.draw_series([dashes(span.from), dashes(span.to)])?;
    let line = PathElement::new(
        [(span.from, height), (span.to, height)],
        color.stroke_width(2),
    );
    plot.draw_series([line])?;
    let tip = Polygon::new([(1, 0), (-9, -5), (-9, 5)], color.filled());
    let head = EmptyElement::at((span.to, height)) + tip;
    plot.draw_series([head])?;
    let area = plot.plotting_area();
    let (x, y) = area.map_coordinate(&(span.from, height));
    let base = area.get_base_pixel();
    let shifted = area.strip_coord_spec();
    let style = (FONT, 16, FontStyle::Bold)
        .into_text_style(&shifted)
        .color(&color)
        .pos(Pos::new(HPos::Right, VPos::Bottom));
    let (width, height) = shifted.estimate_text_size(&span.label, &style)?;
    let (right, bottom) = (x - base.0 - 6, y - base.1 + 8);
    // A label that has no room before its arrow begins at the plot's edge; strong letters of other fonts are wider still.
    let (style, at, left) = match right - widest(width) * 9 / 8 {
        left if left > 3 => (style, right, left - 3),
        _ => (style.pos(Pos::new(HPos::Left, VPos::Bottom)), 6, 3),
    };
    // It keeps clear of the lines it may lie on.
    let edge = left + widest(width) * 9 / 8 + 5;
    let corners = [(left, bottom - height as i32 - 1), (edge, bottom + 1)];
    let paper = Rectangle::new(corners, WHITE.filled());
    shifted.draw(&paper)?;
    shifted.draw_text(&span.label, &style, (at, bottom))
}
