//! Fields as a scenario says them, checked and compiled into draws.

use std::collections::BTreeMap;

use super::draw::{Constant, DataTable, Draw, Fields, ListDraw, Span, TextDraw};
use super::json_text::Tree;
use super::mistake::{Mistake, Problem, key_below};
use super::names::{FieldName, Names, RESERVED};
use super::spec::{Field, Take};
use super::template::Template;

/// Fields of one order.
const FIELDS_MAX: usize = 256;

/// Values of one `pick`.
const VALUES_MAX: usize = 100_000;

/// Lists within lists.
const DEPTH_MAX: u32 = 4;

/// Elements of a list.
const ELEMENTS_MAX: u32 = 10_000;

/// Bytes of a text: four times as many is the longest, and a message holds a mebibyte.
const TEXT_MAX: u32 = 1 << 18;

/// Digits after the point.
const PLACES_MAX: u8 = 15;

/// What placeholders may say of these fields.
pub(super) fn field_names(fields: &BTreeMap<String, Field>) -> Vec<FieldName> {
    let of = |(name, field): (&String, &Field)| FieldName {
        name: name.clone(),
        columns: match field {
            Field::Data { columns, .. } => columns.clone(),
            _ => Vec::new(),
        },
        is_whole: matches!(field, Field::Integer { .. }),
    };
    fields.iter().map(of).collect()
}

/// Compiles the fields under `path`. What cannot be compiled is left out, and said in `problems`.
pub(super) fn compile_fields(
    fields: &BTreeMap<String, Field>,
    names: &Names,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Fields {
    Compiler { names, problems }.fields(fields, path, 0)
}

struct Compiler<'a> {
    names: &'a Names,
    problems: &'a mut Vec<Problem>,
}

impl Compiler<'_> {
    fn fields(&mut self, fields: &BTreeMap<String, Field>, path: &str, depth: u32) -> Fields {
        if fields.len() > FIELDS_MAX {
            let rule = format!("{} fields are more than {FIELDS_MAX}", fields.len());
            let mistake = Mistake::new(rule, "leave out those that need not differ");
            self.problems.push(mistake.at(path));
        }
        let mut draws = Vec::with_capacity(fields.len());
        for (name, field) in fields {
            let key = key_below(path, name);
            let draw = check_name(name).and_then(|()| self.draw(field, &key, depth));
            match draw {
                Ok(draw) => draws.push(draw),
                Err(mistake) => self.problems.push(mistake.at(key)),
            }
        }
        Fields { draws }
    }

    fn draw(&mut self, field: &Field, key: &str, depth: u32) -> Result<Draw, Mistake> {
        match field {
            Field::Pick { values, weights } => pick(values, weights),
            Field::Integer { least, most } => Ok(Draw::Whole(span(*least, *most)?)),
            Field::Decimal {
                least,
                most,
                places,
            } => decimal(least, most, *places),
            Field::True(share) if (0.0..=1.0).contains(share) => Ok(Draw::Flag(*share)),
            Field::True(_) => Err(Mistake::new(
                "is not within 0% and 100%",
                "write a share such as { true = \"10%\" }",
            )),
            Field::Text { p50, p99 } => text(*p50, *p99),
            Field::Time(format) => Ok(Draw::Time(*format)),
            Field::NewUuid => Ok(Draw::NewUuid),
            Field::List {
                least,
                most,
                of,
                fields,
            } => self.list((*least, *most), of, fields, key, depth),
            Field::Data {
                columns,
                rows,
                take,
            } => data(columns, rows, *take, depth),
        }
    }

    fn list(
        &mut self,
        (least, most): (u32, u32),
        of: &str,
        fields: &BTreeMap<String, Field>,
        key: &str,
        depth: u32,
    ) -> Result<Draw, Mistake> {
        if depth >= DEPTH_MAX {
            return Err(Mistake::new(
                format!("lists lie more than {DEPTH_MAX} deep in lists"),
                "write the inner list into the template of its element",
            ));
        }
        if least > most || most > ELEMENTS_MAX {
            return Err(Mistake::new(
                format!("a list of {least} to {most} elements cannot be drawn"),
                format!("write the least and the most, up to {ELEMENTS_MAX}: list = [1, 12]"),
            ));
        }
        let compiled = self.fields(fields, &format!("{key}.fields"), depth + 1);
        let names = self.names.within(field_names(fields));
        let template = Tree::of_template(of).and_then(|_| Template::json(of, &names));
        match template {
            Ok(of) => Ok(Draw::List(Box::new(ListDraw {
                least,
                most,
                of,
                fields: compiled,
            }))),
            Err(mistake) => {
                self.problems.push(mistake.at(format!("{key}.of")));
                // Only to go on looking for problems.
                Ok(Draw::NewUuid)
            }
        }
    }
}

fn check_name(name: &str) -> Result<(), Mistake> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts || !name.chars().all(legal) || name.len() > 64 {
        return Err(Mistake::new(
            "is not a valid field name",
            "write a letter, then letters, digits, `_` and `-`, 64 in all at most",
        ));
    }
    if RESERVED.contains(&name) {
        return Err(Mistake::new(
            format!("{{{{{name}}}}} has a meaning of its own"),
            format!("call the field otherwise, such as `the_{name}`"),
        ));
    }
    Ok(())
}

fn pick(values: &[String], weights: &[f64]) -> Result<Draw, Mistake> {
    if values.is_empty() || values.len() > VALUES_MAX {
        return Err(Mistake::new(
            format!("{} values are nothing to pick from", values.len()),
            format!("write 1 to {VALUES_MAX} of them: {{ pick = [\"A1\", \"B2\"] }}"),
        ));
    }
    let constant = |json: &String| {
        Constant::new(json).map_err(|error| {
            Mistake::new(
                format!("`{json}` is not a JSON value: {error}"),
                "write a JSON value",
            )
        })
    };
    let constants = values.iter().map(constant).collect::<Result<Vec<_>, _>>()?;
    if weights.is_empty() {
        return Ok(Draw::Pick(constants));
    }
    if weights.len() != constants.len() {
        let rule = format!("{} values have {} weights", constants.len(), weights.len());
        return Err(Mistake::new(rule, "write a weight for each value"));
    }
    let sums = running_sums(weights)?;
    Ok(Draw::Weighted(sums.into_iter().zip(constants).collect()))
}

/// The sum of the weights up to each.
pub(super) fn running_sums(weights: &[f64]) -> Result<Vec<f64>, Mistake> {
    const HINT: &str = "write weights of zero or more, at least one above zero: weights = [9, 1]";
    let wrong = |weight: &&f64| !(weight.is_finite() && **weight >= 0.0 && **weight <= 1e9);
    if let Some(weight) = weights.iter().find(wrong) {
        return Err(Mistake::new(format!("{weight} is not a weight"), HINT));
    }
    let sum_up = |sum: &mut f64, weight: &f64| {
        *sum += weight;
        Some(*sum)
    };
    let sums: Vec<f64> = weights.iter().scan(0.0, sum_up).collect();
    match sums.last() {
        Some(&total) if total > 0.0 => Ok(sums),
        _ => Err(Mistake::new("all weights are zero", HINT)),
    }
}

fn span(least: i64, most: i64) -> Result<Span, Mistake> {
    if least > most {
        return Err(Mistake::new(
            format!("{least} is above {most}"),
            format!("write the lower end first: [{most}, {least}]"),
        ));
    }
    Ok(Span { least, most })
}

fn decimal(least: &str, most: &str, places: u8) -> Result<Draw, Mistake> {
    if places > PLACES_MAX {
        return Err(Mistake::new(
            format!("{places} places are too many"),
            format!("write up to {PLACES_MAX} places"),
        ));
    }
    let scale = |text: &str| {
        scaled(text, places).ok_or_else(|| {
            Mistake::new(
                format!("{text} is not a decimal with {places} places"),
                "write both ends as plain decimals, with as many places at most: { decimal = [0.01, 99.99], places = 2 }",
            )
        })
    };
    Ok(Draw::Decimal(span(scale(least)?, scale(most)?)?, places))
}

/// A plain decimal as a whole number of its last place.
fn scaled(text: &str, places: u8) -> Option<i64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let fraction = fraction.trim_end_matches('0');
    let places = usize::from(places);
    if whole.is_empty() || fraction.len() > places {
        return None;
    }
    let digits = format!("{whole}{fraction:0<places$}");
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount: i64 = digits.parse().ok().filter(|_| is_plain)?;
    Some(if negative { -amount } else { amount })
}

fn text(p50: u32, p99: u32) -> Result<Draw, Mistake> {
    if p50 == 0 || p50 > p99 || p99 > TEXT_MAX {
        return Err(Mistake::new(
            format!("p50 = {p50} and p99 = {p99} are not valid lengths of a text"),
            format!(
                "write bytes, 1 <= p50 <= p99 <= {TEXT_MAX}: {{ text = {{ p50 = 100, p99 = 20_000 }} }}"
            ),
        ));
    }
    Ok(Draw::Text(TextDraw::new(p50, p99)))
}

fn data(columns: &[String], rows: &[Vec<String>], take: Take, depth: u32) -> Result<Draw, Mistake> {
    if depth > 0 && take != Take::Random {
        return Err(Mistake::new(
            "elements of a list take their rows of data at random",
            "write take = \"random\"",
        ));
    }
    if columns.is_empty() || rows.is_empty() {
        return Err(Mistake::new(
            "the data have no row",
            "write a line with the names of the columns, and a line for each row",
        ));
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            return Err(Mistake::new(
                format!("two columns are called `{column}`"),
                "name each column once",
            ));
        }
    }
    if let Some(at) = rows.iter().position(|row| row.len() != columns.len()) {
        let rule = format!(
            "row {} has {} values and there are {} columns",
            at + 1,
            rows[at].len(),
            columns.len()
        );
        return Err(Mistake::new(rule, "write a value for each column"));
    }
    let stands_for_itself = |at: usize| rows.iter().all(|row| is_json_scalar(&row[at]));
    Ok(Draw::Data(DataTable {
        json: (0..columns.len()).map(stands_for_itself).collect(),
        rows: rows.to_vec(),
        take,
    }))
}

fn is_json_scalar(text: &str) -> bool {
    let starts =
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | 't' | 'f' | 'n'));
    starts && serde_json::from_str::<serde_json::Value>(text).is_ok() && text.trim() == text
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
