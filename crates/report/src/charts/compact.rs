//! A chart's SVG made small: what the page's style says anyway goes, and runs of lines become one path.
//!
//! The drawing library writes a dashed line as one element a dash, and a heatmap as one a cell; of an hour these
//! are tens of thousands.

use std::fmt::Write;

const LINE: &str = "<polyline ";
const POINTS: &str = " points=\"";

/// The same drawing in fewer bytes; `svg` is as the drawing library wrote it, an element a line.
pub(super) fn compact(svg: &str) -> String {
    let mut out = String::with_capacity(svg.len());
    // The style of the path that is open, so that a line of the same style goes on in it.
    let mut open: Option<&str> = None;
    for line in svg.lines() {
        let stroke = polyline(line).map(|(style, points)| (style, subpaths(points)));
        let stroke = stroke.or_else(|| rectangle(line));
        if open.is_some() && stroke.as_ref().map(|&(style, _)| style) != open {
            out.push_str("\"/>\n");
            open = None;
        }
        let Some((style, path)) = stroke else {
            out.push_str(&plain(line));
            out.push('\n');
            continue;
        };
        if open.is_none() {
            let _ = write!(out, "<path {} d=\"", plain(style));
            open = Some(style);
        }
        out.push_str(&path);
    }
    out
}

/// The style and the points of a line that is a polyline and nothing else.
fn polyline(line: &str) -> Option<(&str, &str)> {
    let (style, points) = line.strip_prefix(LINE)?.split_once(POINTS)?;
    Some((style, points.strip_suffix("\"/>")?))
}

fn subpaths(points: &str) -> String {
    let mut path = String::with_capacity(points.len() + 8);
    for (index, point) in points.split_ascii_whitespace().enumerate() {
        let _ = write!(path, "{}{point}", if index == 0 { 'M' } else { 'L' });
    }
    path
}

/// The style and the outline of a line that is a filled rectangle and nothing else.
fn rectangle(line: &str) -> Option<(&str, String)> {
    let (shape, style) = line.strip_prefix("<rect x=\"")?.split_once("\" opacity=")?;
    let style = style.strip_prefix("\"1\" ")?.strip_suffix("/>")?;
    let filled = style.ends_with("stroke=\"none\"");
    let mut numbers = shape.split(|c: char| !c.is_ascii_digit() && c != '-');
    let mut number = || numbers.by_ref().find(|text| !text.is_empty());
    let (x, y, width, height) = (number()?, number()?, number()?, number()?);
    filled.then(|| (style, format!("M{x},{y}h{width}v{height}h-{width}z")))
}

fn plain(text: &str) -> String {
    text.replace("opacity=\"1\" ", "")
        .replace(" opacity=\"1\"", "")
        .replace(" font-family=\"sans-serif\"", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_one_color_become_one_path() {
        let svg = "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" opacity=\"1\" fill=\"#DEEBF7\" stroke=\"none\"/>\n\
                   <rect x=\"9\" y=\"2\" width=\"3\" height=\"4\" opacity=\"1\" fill=\"#DEEBF7\" stroke=\"none\"/>\n\
                   <rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" opacity=\"1\" fill=\"none\" stroke=\"#000000\"/>\n";
        assert_eq!(
            compact(svg),
            "<path fill=\"#DEEBF7\" stroke=\"none\" d=\"M1,2h3v4h-3zM9,2h3v4h-3z\"/>\n\
             <rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" fill=\"none\" stroke=\"#000000\"/>\n"
        );
    }

    #[test]
    fn dashes_of_one_style_become_one_path_and_others_stay_apart() {
        let svg = "<polyline fill=\"none\" opacity=\"1\" stroke=\"#000000\" stroke-width=\"2\" points=\"1,2 3,4 \"/>\n\
                   <polyline fill=\"none\" opacity=\"1\" stroke=\"#000000\" stroke-width=\"2\" points=\"5,6 7,8 9,10 \"/>\n\
                   <polyline fill=\"none\" opacity=\"0.5\" stroke=\"#000000\" stroke-width=\"2\" points=\"1,1 2,2 \"/>\n\
                   <text x=\"1\" opacity=\"1\" font-family=\"sans-serif\">\nwords\n</text>\n</svg>\n";
        assert_eq!(
            compact(svg),
            "<path fill=\"none\" stroke=\"#000000\" stroke-width=\"2\" d=\"M1,2L3,4M5,6L7,8L9,10\"/>\n\
             <path fill=\"none\" opacity=\"0.5\" stroke=\"#000000\" stroke-width=\"2\" d=\"M1,1L2,2\"/>\n\
             <text x=\"1\">\nwords\n</text>\n</svg>\n"
        );
    }
}
