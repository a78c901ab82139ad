//! A cell of a CSV file, which spreadsheets take for a formula when it begins like one.

use std::borrow::Cow;

use serde::Serializer;

use super::line;

/// A text from elsewhere as a cell: on one line, with an apostrophe before what a spreadsheet would work out. Quotes and
/// commas are left to the writer of the file.
pub fn csv_text(text: &str) -> Cow<'_, str> {
    let begins = |text: &str| text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let formula = text.starts_with(['\t', '\r', '\n']) || begins(text.trim_start());
    match formula {
        true => Cow::Owned(format!("'{}", line(text))),
        false => line(text),
    }
}

/// The same for a field of a row (`#[serde(serialize_with = ...)]`).
///
/// # Errors
/// When the writer fails.
pub fn serialize_csv_text<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&csv_text(text))
}
