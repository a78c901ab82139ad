//! `orderproof list`: past runs as a table.

use std::path::Path;

use serde::Serialize;

use super::{Error, Output};
use crate::cli::ListArgs;
use crate::escape::Shown;
use crate::exit::Exit;
use crate::folder::{LATEST, brief};
use crate::report::{TextStyle, list_text};
use crate::results::{RunBrief, file_name};
use crate::run::doubt_at_a_glance;

/// One folder.
#[derive(Debug, Serialize)]
struct Line {
    /// Its name.
    folder: String,
    /// What the run found; of a folder without a readable report nothing.
    run: Option<RunBrief>,
    /// Why there is nothing.
    broken: Option<String>,
    /// Why what the run found proves nothing; null where `run.json` and the lengths of the other files are as they were sealed,
    /// or there never was a seal.
    doubt: Option<String>,
}

/// Lists the runs in a folder, the latest first.
pub fn list(args: &ListArgs, output: &Output) -> Result<Exit, Error> {
    let mut lines = lines(&args.dir)?;
    if let Some(scenario) = &args.scenario {
        lines.retain(|line| {
            line.run
                .as_ref()
                .is_none_or(|run| run.scenario == *scenario)
        });
    }
    // What cannot be read comes first: it wants to be looked at.
    lines.sort_by(|one, other| {
        let started = |line: &Line| line.run.as_ref().map(|run| run.started_at.clone());
        match (started(one), started(other)) {
            (None, None) => one.folder.cmp(&other.folder),
            (None, _) => std::cmp::Ordering::Less,
            (_, None) => std::cmp::Ordering::Greater,
            (one, other) => other.cmp(&one),
        }
    });
    lines.truncate(args.limit.unwrap_or(usize::MAX));
    match args.json {
        true => output.json(&lines),
        false => output.print(&text(&lines, &args.dir, output.text_style())),
    }
    Ok(Exit::Success)
}

fn lines(dir: &Path) -> Result<Vec<Line>, Error> {
    let unreadable = |error: std::io::Error| {
        Error::usage(format!(
            "{}: cannot read: {error}; name the folder that holds the runs' folders, or run a scenario first",
            dir.display()
        ))
    };
    // A run's own folder is a list of one.
    if let Some(line) = read_line(dir) {
        return Ok(vec![line]);
    }
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        // The link to the newest run is one of these once more.
        if entry.file_name() == LATEST && entry.path().is_symlink() {
            continue;
        }
        lines.extend(read_line(&entry.path()));
    }
    Ok(lines)
}

/// The line of one folder; other folders are nobody's run.
fn read_line(path: &Path) -> Option<Line> {
    let report = path.join(file_name::RUN);
    let (run, broken) = match (report.exists(), path.join(file_name::PLAN).exists()) {
        (false, false) => return None,
        (false, true) => (
            None,
            Some("no report: the run was not finished; orderproof verify judges it".into()),
        ),
        (true, _) => match brief(&report) {
            Ok(run) => (Some(run), None),
            Err(error) => (None, Some(error.to_string())),
        },
    };
    let schema_version = run.as_ref().map(|run| run.schema_version);
    let doubt = schema_version.and_then(|version| doubt_at_a_glance(path, version));
    let name = path.file_name().unwrap_or(path.as_os_str());
    Some(Line {
        folder: name.to_string_lossy().into_owned(),
        run,
        broken,
        doubt,
    })
}

fn text(lines: &[Line], dir: &Path, style: TextStyle) -> String {
    if lines.is_empty() {
        return format!("no runs in {}\n", Shown(&dir.display().to_string()));
    }
    let mut text = String::new();
    for line in lines {
        if let Some(broken) = &line.broken {
            text.push_str(&format!("{}: {}\n", Shown(&line.folder), Shown(broken)));
        }
        if let Some(doubt) = &line.doubt {
            text.push_str(&format!(
                "{}: its figures prove nothing: {}; orderproof report says what helps\n",
                Shown(&line.folder),
                Shown(doubt)
            ));
        }
    }
    let runs = lines
        .iter()
        .filter_map(|line| Some((line.folder.as_str(), line.run.as_ref()?)));
    if runs.clone().next().is_some() {
        text.push_str(&list_text(runs, style));
    }
    text
}
