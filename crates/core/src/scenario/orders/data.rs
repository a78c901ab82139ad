//! Tables of data that fields take rows of: CSV, its first line the names of the columns.

use crate::order::spec::{Field, Take};

/// Bytes of one file of data: they are kept with the run.
const BYTES_MAX: usize = 6 << 20;

/// Rows of one file.
const ROWS_MAX: usize = 300_000;

/// The rows of a file.
///
/// # Errors
/// What is wrong with it, with the line.
pub(super) fn read_data(text: &str, take: Take) -> Result<Field, String> {
    if text.len() > BYTES_MAX {
        return Err(format!("has more than {BYTES_MAX} bytes"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let columns: Vec<String> = texts(reader.headers().map_err(told)?);
    if let [only] = columns.as_slice()
        && let Some(mark) = only.chars().find(|c| matches!(c, ';' | '\t'))
    {
        return Err(format!(
            "{mark:?} stands between its columns; write commas there"
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(texts(&record.map_err(told)?));
        if rows.len() > ROWS_MAX {
            return Err(format!("has more than {ROWS_MAX} rows"));
        }
    }
    Ok(Field::Data {
        columns,
        rows,
        take,
    })
}

/// What is wrong with a file, in the words of who wrote it.
fn told(error: csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!(
                "line {line} has {len} values and the first line {expected_len}; give each line as many, and put a value with a \
                 comma into quotes"
            )
        }
        _ => error.to_string(),
    }
}
