//! Tables of data that fields take rows of: CSV, its first line the names of the columns.

use crate::order::excerpt;
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
    let text = text.trim_start_matches('\u{feff}');
    if let Some(at) = open_quote(text) {
        return Err(format!(
            "line {} begins a value with a quotation mark, and nothing ends it; double each one that stands within a value",
            line_at(text, at)
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let told = |error: csv::Error| told(text, error);
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let columns: Vec<String> = texts(reader.headers().map_err(told)?);
    if let [only] = columns.as_slice()
        && let Some(mark) = only.chars().find(|c| matches!(c, ';' | '\t'))
    {
        return Err(format!(
            "{mark:?} stands between its columns; write commas there"
        ));
    }
    if let Some(at) = columns.iter().position(String::is_empty) {
        return Err(format!(
            "{}: column {} has no name",
            first_line(text),
            at + 1
        ));
    }
    let twice = |at: &usize| columns[..*at].contains(&columns[*at]);
    if let Some(at) = (0..columns.len()).find(twice) {
        let name = excerpt(&columns[at]);
        return Err(format!(
            "{}: two columns are called `{name}`",
            first_line(text)
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
fn told(text: &str, error: csv::Error) -> String {
    let at = |pos: &Option<csv::Position>| {
        let byte = pos.as_ref().map_or(0, csv::Position::byte);
        line_at(text, usize::try_from(byte).unwrap_or(usize::MAX))
    };
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => format!(
            "line {} has {len} values and the first line {expected_len}; give each line as many, and put a value with a \
             comma into quotes",
            at(pos)
        ),
        _ => error.to_string(),
    }
}

/// The line that has the names of the columns.
fn first_line(text: &str) -> String {
    format!("line {}", line_at(text, 0))
}

/// The line, from 1 on, in which what stands at this byte begins; empty lines before it are not it.
fn line_at(text: &str, byte: usize) -> usize {
    let bytes = text.as_bytes();
    let start = byte.min(bytes.len());
    let ends = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let begin = start + bytes[start..].iter().take_while(ends).count();
    let is_end = |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    1 + (0..begin).filter(is_end).count()
}

/// Where a value begins with a quotation mark that is not closed: all the rest of the file would be one value.
fn open_quote(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().peekable();
    let mut begins = true;
    while let Some((at, byte)) = bytes.next() {
        if !(begins && byte == b'"') {
            begins = matches!(byte, b',' | b'\r' | b'\n');
            continue;
        }
        begins = false;
        loop {
            match bytes.next() {
                None => return Some(at),
                Some((_, b'"')) if bytes.peek().is_some_and(|(_, next)| *next == b'"') => {
                    bytes.next();
                }
                Some((_, b'"')) => break,
                Some(_) => {}
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str) -> String {
        read_data(text, Take::Random).expect_err(text)
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (text, told) in [
            ("a,b\n1,2\n3\n", "line 3 has 1 values and the first line 2"),
            ("a,b\n1,2\n\n\n3\n", "line 5 has 1 values"),
            ("\u{feff}a,b\r\n1,2\r\n3\r\n", "line 3 has 1 values"),
            ("a,b\n\"1\n2\",3\n4\n", "line 4 has 1 values"),
            (
                "a,b\n1,2\n\"3,4\n5,6\n",
                "line 3 begins a value with a quotation mark",
            ),
            (
                "a,b\n1,\"2\n3,4",
                "line 2 begins a value with a quotation mark",
            ),
            ("\na,,c\n1,2,3\n", "line 2: column 2 has no name"),
            ("a,b,a\n1,2,3\n", "line 1: two columns are called `a`"),
            ("a;b\n1;2\n", "write commas there"),
        ] {
            let error = refused(text);
            assert!(error.contains(told), "{text:?}: {error}");
        }
    }

    #[test]
    fn quotes_and_line_ends_as_spreadsheets_write_them_are_read() {
        for text in [
            "a,b\n\"x \"\"y\"\"\",\"1,\n2\"\n",
            "a,b\r\n5\" disk,2\r\n",
            "a,b\n\"\",2\n\n",
        ] {
            let read = read_data(text, Take::Random);
            assert!(
                matches!(read, Ok(Field::Data { rows, .. }) if rows.len() == 1),
                "{text:?}"
            );
        }
    }
}
