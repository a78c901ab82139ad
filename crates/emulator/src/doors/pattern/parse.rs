//! Reading patterns.

use serde_json::{Map, Value};

use super::test::{Comparison, Test};
use super::{Field, Pattern};

/// Levels of a pattern at most.
const DEPTH_MAX: usize = 32;

/// Why a text is no pattern, in words that end without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct PatternError(String);

type Read<T> = Result<T, PatternError>;

fn wrong<T>(message: impl Into<String>) -> Read<T> {
    Err(PatternError(message.into()))
}

pub(super) fn pattern(text: &str) -> Read<Pattern> {
    match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => object(&fields, 0),
        Ok(_) => wrong("A pattern must be a JSON object"),
        Err(error) => wrong(format!("The pattern is not valid JSON: {error}")),
    }
}

fn object(fields: &Map<String, Value>, depth: usize) -> Read<Pattern> {
    if fields.is_empty() {
        return wrong("Empty objects are not allowed");
    }
    if depth == DEPTH_MAX {
        return wrong(format!("A pattern has at most {DEPTH_MAX} levels"));
    }
    let mut pattern = Pattern {
        fields: Vec::new(),
        any_of: Vec::new(),
    };
    for (name, value) in fields {
        match value {
            Value::Array(patterns) if name == "$or" => {
                pattern.any_of.push(alternatives(patterns, depth)?);
            }
            Value::Object(nested) => {
                let nested = Field::Nested(object(nested, depth + 1)?);
                pattern.fields.push((name.clone(), nested));
            }
            Value::Array(tests) if tests.is_empty() => {
                return wrong(format!("Empty arrays are not allowed: {name:?}"));
            }
            Value::Array(tests) => {
                let tests = tests.iter().map(|test| item(name, test));
                let tests = Field::Values(tests.collect::<Read<_>>()?);
                pattern.fields.push((name.clone(), tests));
            }
            _ => return wrong(format!("{name:?} must be an object or an array")),
        }
    }
    Ok(pattern)
}

fn alternatives(patterns: &[Value], depth: usize) -> Read<Vec<Pattern>> {
    if patterns.len() < 2 {
        return wrong("$or takes an array of at least two objects");
    }
    let patterns = patterns.iter().map(|pattern| match pattern {
        Value::Object(fields) => object(fields, depth + 1),
        _ => wrong("$or takes an array of objects"),
    });
    patterns.collect()
}

fn item(name: &str, item: &Value) -> Read<Test> {
    match item {
        Value::Object(operator) => self::operator(name, operator),
        Value::Array(_) => wrong(format!(
            "Match value must be String, number, true, false, or null: {name:?}"
        )),
        value => Ok(Test::Equals(value.clone())),
    }
}

fn operator(name: &str, operator: &Map<String, Value>) -> Read<Test> {
    let mut operators = operator.iter();
    let (Some((operator, value)), None) = (operators.next(), operators.next()) else {
        return wrong(format!(
            "Only one key allowed in match expression: {name:?}"
        ));
    };
    match (operator.as_str(), value) {
        ("prefix" | "suffix" | "equals-ignore-case" | "wildcard", _) => text(operator, value),
        ("exists", Value::Bool(wanted)) => Ok(Test::Exists(*wanted)),
        ("numeric", Value::Array(bounds)) => numeric(bounds),
        ("anything-but", value) => anything_but(value),
        ("exists" | "numeric", _) => wrong(format!("Value of {operator} is not what it takes")),
        ("cidr", _) => wrong("The operator cidr is not served here"),
        _ => wrong(format!("Unrecognized match type {operator}")),
    }
}

fn text(operator: &str, value: &Value) -> Read<Test> {
    let ignoring_case = |value: &Value| {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        object
            .get("equals-ignore-case")?
            .as_str()
            .map(str::to_owned)
    };
    let test = match (operator, value) {
        ("prefix", Value::String(text)) => Test::Prefix(text.clone()),
        ("suffix", Value::String(text)) => Test::Suffix(text.clone()),
        ("equals-ignore-case", Value::String(text)) => Test::EqualsIgnoringCase(text.clone()),
        ("wildcard", Value::String(text)) if !text.contains("**") => Test::Wildcard(text.clone()),
        ("prefix", value) if ignoring_case(value).is_some() => {
            Test::PrefixIgnoringCase(ignoring_case(value).unwrap_or_default())
        }
        ("suffix", value) if ignoring_case(value).is_some() => {
            Test::SuffixIgnoringCase(ignoring_case(value).unwrap_or_default())
        }
        _ => return wrong(format!("{operator} match pattern must be a string")),
    };
    Ok(test)
}

/// A value, a list of values, or an operator on a value or on a list of them.
fn anything_but(value: &Value) -> Read<Test> {
    let plain = |value: &Value| match value {
        Value::String(_) | Value::Number(_) => Ok(Test::Equals(value.clone())),
        _ => wrong(
            "anything-but takes strings and numbers, or prefix, suffix, equals-ignore-case or wildcard",
        ),
    };
    let tests = match value {
        Value::Array(values) if values.is_empty() => {
            return wrong("Empty arrays are not allowed: \"anything-but\"");
        }
        Value::Array(values) => values.iter().map(plain).collect::<Read<_>>()?,
        Value::Object(operator) => match operator.iter().next() {
            Some((operator, Value::Array(values))) if !values.is_empty() => {
                let tests = values.iter().map(|value| text(operator, value));
                tests.collect::<Read<_>>()?
            }
            Some((operator, value)) => vec![text(operator, value)?],
            None => return wrong("Empty objects are not allowed"),
        },
        value => vec![plain(value)?],
    };
    Ok(Test::AnythingBut(tests))
}

fn numeric(bounds: &[Value]) -> Read<Test> {
    let pairs = bounds.chunks(2).map(|pair| {
        let [Value::String(comparison), bound] = pair else {
            return wrong("numeric takes a comparison and a number, or two of them");
        };
        let comparison = match comparison.as_str() {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            other => return wrong(format!("Unrecognized numeric range operator: {other}")),
        };
        match bound.as_f64() {
            Some(bound) => Ok((comparison, bound)),
            None => wrong(format!("Value of {comparison:?} must be numeric")),
        }
    });
    let pairs = pairs.collect::<Read<Vec<_>>>()?;
    match pairs.len() {
        1 | 2 => Ok(Test::Numeric(pairs)),
        _ => wrong("numeric takes a comparison and a number, or two of them"),
    }
}
