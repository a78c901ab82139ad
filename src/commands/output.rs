//! Writing to the terminal: color only where it is wanted, no panic on a closed pipe.

use std::any::Any;
use std::io::{self, IsTerminal, Write, stderr, stdout};
use std::os::fd::AsFd;

use anstyle::{AnsiColor, Style};

use serde::Serialize;

use super::confirm::confirm;
use super::fit::fitted;
use super::numbered::numbered;
use super::{Error, screen};
use crate::cli::ColorChoice;
use crate::escape::{self, terminal};
use crate::report::TextStyle;
use crate::results::to_json;
use crate::run::{Attendant, Question, Watch};
use crate::scenario::without_userinfo;

/// Where a command's words go.
pub struct Output {
    color: ColorChoice,
}

impl Output {
    /// Output that colors as `color` says.
    pub fn new(color: ColorChoice) -> Self {
        Self { color }
    }

    /// Whether standard output takes color.
    pub fn color_on_stdout(&self) -> bool {
        self.color_on(stdout().is_terminal())
    }

    /// How a report looks on standard output. A terminal that does not say how wide it is has 80 columns.
    pub fn text_style(&self) -> TextStyle {
        let width = match stdout().is_terminal() {
            true => width_of(stdout()),
            false => TextStyle::default().width,
        };
        TextStyle {
            color: self.color_on_stdout(),
            width,
        }
    }

    /// Whether standard error takes color.
    pub fn color_on_stderr(&self) -> bool {
        !screen::says_objects() && self.color_on(stderr().is_terminal())
    }

    /// Whether somebody is watching standard error.
    pub fn stderr_is_terminal(&self) -> bool {
        stderr().is_terminal()
    }

    fn color_on(&self, terminal: bool) -> bool {
        match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
                terminal && !unwanted && !dumb
            }
        }
    }

    /// Writes `text` to standard output, without what a terminal or a CI runner obeys, and on a terminal no line wider
    /// than that. A reader that has gone away (`| head`) is no error.
    pub fn print(&self, text: &str) {
        match stdout().is_terminal() {
            true => self.print_as_it_is(&fitted(text, self.text_style().width)),
            false => self.print_as_it_is(text),
        }
    }

    /// The same for a text that is a file: its lines stay.
    pub fn print_as_it_is(&self, text: &str) {
        put(&terminal(text, self.color_on_stdout()));
    }

    /// Writes `value` to standard output as JSON, its durations as numbers.
    pub fn json(&self, value: &impl Serialize) {
        self.print_json(&numbered(&String::from_utf8_lossy(&to_json(value))));
    }

    /// Writes a JSON document to standard output: the same value, with what cannot be seen as escapes.
    pub fn print_json(&self, document: &str) {
        put(&escape::json(document));
    }

    /// Whether somebody is watching standard output.
    pub fn stdout_is_terminal(&self) -> bool {
        stdout().is_terminal()
    }

    /// Lets `write` write to standard output. A reader that has gone away is no error.
    pub fn stream(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = io::BufWriter::new(stdout().lock());
        let written = write(&mut out).and_then(|()| out.flush());
        // What is left is for nobody; dropping it would try to write it once more.
        let _ = out.into_parts();
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written,
        }
    }

    /// Writes one line to standard error; below a live view it waits for its end.
    pub fn note(&self, line: &str) {
        // Whatever is quoted in it, no password of a URL is.
        let line = without_userinfo(line);
        let line = terminal(&line, self.color_on_stderr());
        let width = match stderr().is_terminal() && !screen::says_objects() {
            true => width_of(stderr()),
            false => usize::MAX,
        };
        screen::say("note", &format!("{}\n", fitted(&line, width)));
    }

    /// Writes an object to standard error, on a line of its own.
    pub fn event(&self, object: &serde_json::Value) {
        let _ = writeln!(screen::Stderr, "{}", escape::json(&object.to_string()));
    }

    /// Writes an error to standard error.
    pub fn error(&self, error: &dyn std::fmt::Display) {
        if screen::says_objects() {
            let text = without_userinfo(&error.to_string()).into_owned();
            return screen::say("error", &terminal(&text, false));
        }
        let style = match self.color_on_stderr() {
            true => AnsiColor::Red.on_default().bold(),
            false => Style::new(),
        };
        self.note(&format!(
            "{style}error{style:#}: {}",
            indented(&error.to_string())
        ));
    }
}

impl Attendant for Output {
    fn note(&self, line: &str) {
        Self::note(self, line);
    }

    fn confirm(&self, question: Question<'_>) -> Result<(), Error> {
        confirm(question, self)
    }

    /// Nothing is shown of it.
    fn watch(&self, _: Watch) -> Result<Box<dyn Any>, Error> {
        Ok(Box::new(()))
    }
}

/// The columns of a terminal; of one that does not say how wide it is, 80.
pub(super) fn width_of(terminal: impl AsFd) -> usize {
    let size = terminal_size::terminal_size_of(terminal);
    size.map_or(80, |(width, _)| width.0.into())
}

fn put(text: &str) {
    let _ = stdout()
        .write_all(text.as_bytes())
        .and_then(|()| stdout().flush());
}

/// Indents all lines but the first, so that no later line can be taken for a separate message.
fn indented(error: &str) -> String {
    let mut lines = error.split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push_str(if line.starts_with("  ") { "\n" } else { "\n  " });
        out.push_str(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_within_an_error_cannot_look_like_an_answer() {
        assert_eq!(
            indented("x: no\n  key: rule\nPASS"),
            "x: no\n  key: rule\n  PASS"
        );
        assert_eq!(indented("one line"), "one line");
    }
}
