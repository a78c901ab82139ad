//! `orderproof compare`: two runs side by side.

use std::path::Path;
use std::time::Duration;

use super::compare_forecast::compare_forecast;
use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::{CompareArgs, CompareFormat};
use crate::compare::{Comparison, Options};
use crate::exit::Exit;
use crate::folder::{RunFolder, read_report};
use crate::plan::Tolerance;
use crate::report::TextStyle;
use crate::report::charts::{Overlay, Pair, overlay_png, overlay_svg};
use crate::report::{comparison_html, comparison_markdown, comparison_text};
use crate::results::{RunReport, file_name, to_json};
use crate::run::unbroken;
use crate::scenario::{parse_duration, parse_percent};

/// Compares the runs in two folders, or in several.
pub fn compare(args: &CompareArgs, output: &Output) -> Result<Exit, Error> {
    let options = options(args)?;
    if args.base.is_file() {
        let tolerance = Tolerance {
            share: options.noise,
            floor: options.noise_floor,
        };
        return compare_forecast(args, tolerance, output);
    }
    let read = |dir: &Path| {
        let report = read_report(&dir.join(file_name::RUN)).map_err(Error::usage)?;
        unbroken(dir, &report).map(|()| report)
    };
    let bases = std::iter::once(&args.base).chain(&args.bases);
    let base: Vec<RunReport> = bases.map(|dir| read(dir)).collect::<Result<_, _>>()?;
    let candidate: Vec<RunReport> = args
        .candidates
        .iter()
        .map(|dir| read(dir))
        .collect::<Result<_, _>>()?;
    let comparison = crate::compare::compare(&base, &candidate, options).map_err(Error::usage)?;
    let pair = match (&base[..], &candidate[..]) {
        ([base], [candidate]) => Some(Pair { base, candidate }),
        _ => None,
    };
    if let Some(dir) = &args.output_dir {
        write_all(dir, &comparison, pair.as_ref())?;
    }
    let style = match args.output {
        None => output.text_style(),
        Some(_) => TextStyle::default(),
    };
    let shown = render(args.format(), &comparison, pair.as_ref(), style)?;
    match &args.output {
        None if args.format() == CompareFormat::Json => output.print_json(&shown),
        None => output.print(&shown),
        Some(path) => write_new(path, |out| out.write_all(shown.as_bytes()))?,
    }
    Ok(comparison.exit())
}

fn options(args: &CompareArgs) -> Result<Options, Error> {
    let share = |flag: &str, text: &str, most: f64| {
        parse_percent(text)
            .ok()
            .filter(|share| *share > 0.0 && *share <= most)
            .ok_or_else(|| {
                Error::usage(format!(
                    "--{flag} {text}: must be a share above 0% and up to {:.0}%; write 5%",
                    most * 100.0
                ))
            })
    };
    let floor = parse_duration(&args.noise_floor).map_err(|problem| {
        Error::usage(format!("--noise-floor {}: {problem}", args.noise_floor))
    })?;
    if floor > Duration::from_secs(3_600) {
        return Err(Error::usage(format!(
            "--noise-floor {}: must be at most 1h",
            args.noise_floor
        )));
    }
    Ok(Options {
        level: share("level", &args.level, 0.5)?,
        noise: share("noise", &args.noise, 1.0)?,
        noise_floor: floor,
        ..Options::default()
    })
}

fn render(
    format: CompareFormat,
    comparison: &Comparison,
    pair: Option<&Pair<'_>>,
    style: TextStyle,
) -> Result<String, Error> {
    Ok(match format {
        CompareFormat::Text => comparison_text(comparison, style),
        CompareFormat::Markdown => comparison_markdown(comparison),
        CompareFormat::Html => comparison_html(comparison, pair).map_err(Error::internal)?,
        CompareFormat::Json => String::from_utf8_lossy(&to_json(comparison)).into_owned(),
    })
}

fn write_all(dir: &Path, comparison: &Comparison, pair: Option<&Pair<'_>>) -> Result<(), Error> {
    let folder = RunFolder::create_exactly(dir).map_err(Error::usage)?;
    let plain = TextStyle::default();
    for (name, format) in [
        ("comparison.txt", CompareFormat::Text),
        ("comparison.md", CompareFormat::Markdown),
        ("comparison.html", CompareFormat::Html),
        ("comparison.json", CompareFormat::Json),
    ] {
        let text = render(format, comparison, pair, plain)?;
        folder
            .write(name, text.as_bytes())
            .map_err(Error::internal)?;
    }
    let Some(pair) = pair else {
        return Ok(());
    };
    for overlay in Overlay::ALL {
        let stem = overlay.file_stem();
        let svg = overlay_svg(overlay, pair).map_err(Error::internal)?;
        let png = overlay_png(overlay, pair).map_err(Error::internal)?;
        folder
            .write(&format!("{stem}.svg"), svg.as_bytes())
            .and_then(|()| folder.write(&format!("{stem}.png"), &png))
            .map_err(Error::internal)?;
    }
    Ok(())
}
