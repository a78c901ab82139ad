//! Whether an event pattern, or a filter policy, takes a message: as far as that is sure.
//!
//! Sources: Amazon EventBridge User Guide, "Comparison operators for use in event patterns"; Amazon SNS Developer Guide,
//! "Amazon SNS subscription filter policies". What is written in a way that is not known here is unsure, never a match.

use serde_json::{Map, Value};

/// What is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Yes,
    No,
    Unsure,
}

impl Takes {
    fn of(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unsure => Self::Unsure,
        }
    }

    /// All of them.
    pub(super) fn all(each: impl IntoIterator<Item = Self>) -> Self {
        let each = each.into_iter().map(Self::not);
        Self::any(each).not()
    }

    /// One of them.
    pub(super) fn any(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter()
            .fold(Self::No, |so_far, one| match (so_far, one) {
                (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
                (Self::Unsure, _) | (_, Self::Unsure) => Self::Unsure,
                (Self::No, Self::No) => Self::No,
            })
    }
}

/// Whether the pattern takes `message`, of which these fields, at the top, are not known.
pub(super) fn takes(pattern: &Value, message: &Value, not_known: &[&str]) -> Takes {
    match (pattern, message) {
        (Value::Object(pattern), Value::Object(message)) => object(pattern, message, not_known),
        _ => Takes::Unsure,
    }
}

fn object(pattern: &Map<String, Value>, message: &Map<String, Value>, not_known: &[&str]) -> Takes {
    Takes::all(pattern.iter().map(|(name, asked)| {
        if name == "$or" {
            return match asked {
                Value::Array(each) => Takes::any(each.iter().map(|each| match each {
                    Value::Object(each) => object(each, message, not_known),
                    _ => Takes::Unsure,
                })),
                _ => Takes::Unsure,
            };
        }
        if not_known.contains(&name.as_str()) {
            return Takes::Unsure;
        }
        field(asked, message.get(name))
    }))
}

fn field(asked: &Value, found: Option<&Value>) -> Takes {
    match (asked, found) {
        (Value::Object(pattern), Some(Value::Object(found))) => object(pattern, found, &[]),
        (Value::Object(_), Some(Value::Array(each))) => {
            Takes::any(each.iter().map(|each| field(asked, Some(each))))
        }
        // What it asks for of a field that is not there may be that it is not.
        (Value::Object(pattern), _) => object(pattern, &Map::new(), &[]),
        (Value::Array(matchers), Some(Value::Array(each))) if !each.is_empty() => {
            Takes::any(each.iter().map(|each| field(asked, Some(each)))).unsure_if(
                // Of several values "anything but" asks other things of a topic than of a bus.
                each.len() > 1 && matchers.iter().any(Value::is_object),
            )
        }
        (Value::Array(matchers), found) => {
            Takes::any(matchers.iter().map(|matcher| one(matcher, found)))
        }
        _ => Takes::Unsure,
    }
}

impl Takes {
    fn unsure_if(self, unsure: bool) -> Self {
        if unsure { Self::Unsure } else { self }
    }
}

/// What one matcher says of one value.
fn one(matcher: &Value, found: Option<&Value>) -> Takes {
    match (matcher, found) {
        (Value::Object(operator), found) => operated(operator, found),
        (_, None) => Takes::No,
        (Value::Number(asked), Some(Value::Number(found))) => {
            match asked.as_f64() == found.as_f64() {
                // 300 and 300.0 are one number to a topic and two to a bus.
                true => Takes::Yes.unsure_if(asked.to_string() != found.to_string()),
                false => Takes::No,
            }
        }
        (asked, Some(found)) => Takes::of(asked == found),
    }
}

fn operated(operator: &Map<String, Value>, found: Option<&Value>) -> Takes {
    let mut entries = operator.iter();
    let (Some((name, with)), None) = (entries.next(), entries.next()) else {
        return Takes::Unsure;
    };
    if let ("exists", Value::Bool(exists)) = (name.as_str(), with) {
        return Takes::of(found.is_some() == *exists);
    }
    let Some(found) = found else {
        return Takes::No;
    };
    match (name.as_str(), with, found) {
        ("prefix", Value::String(with), Value::String(found)) => Takes::of(found.starts_with(with)),
        ("suffix", Value::String(with), Value::String(found)) => Takes::of(found.ends_with(with)),
        ("equals-ignore-case", Value::String(with), Value::String(found)) => {
            Takes::of(found.to_lowercase() == with.to_lowercase())
        }
        ("prefix" | "suffix" | "equals-ignore-case", Value::String(_), _) => Takes::No,
        ("anything-but", Value::Array(each), found) => {
            Takes::any(each.iter().map(|but| one(but, Some(found)))).not()
        }
        ("anything-but", Value::String(_) | Value::Number(_), found) => {
            one(with, Some(found)).not()
        }
        ("numeric", Value::Array(bounds), Value::Number(found)) => found
            .as_f64()
            .map_or(Takes::Unsure, |found| numeric(bounds, found)),
        ("numeric", Value::Array(_), _) => Takes::No,
        _ => Takes::Unsure,
    }
}

fn numeric(bounds: &[Value], found: f64) -> Takes {
    if bounds.is_empty() || bounds.len() % 2 == 1 {
        return Takes::Unsure;
    }
    Takes::all(bounds.chunks(2).map(|pair| {
        let (Some(operator), Some(bound)) = (pair[0].as_str(), pair[1].as_f64()) else {
            return Takes::Unsure;
        };
        match operator {
            "=" => Takes::of(found == bound),
            "<" => Takes::of(found < bound),
            "<=" => Takes::of(found <= bound),
            ">" => Takes::of(found > bound),
            ">=" => Takes::of(found >= bound),
            _ => Takes::Unsure,
        }
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Takes::{No, Unsure, Yes};
    use super::*;

    #[test]
    fn a_pattern_takes_what_each_of_its_fields_takes() {
        let event = json!({"source": "shop", "detail-type": "OrderPlaced", "resources": [],
            "detail": {"total": 120.5, "store": "Graz", "lines": [{"sku": "a"}, {"sku": "b"}], "tags": ["x", "y"]}});
        for (pattern, expected) in [
            (json!({"source": ["shop"]}), Yes),
            (
                json!({"source": ["shop"], "detail-type": ["OrderPaid"]}),
                No,
            ),
            (json!({"source": ["other", {"prefix": "sh"}]}), Yes),
            (json!({"source": [{"prefix": "so"}]}), No),
            (json!({"source": [{"suffix": "op"}]}), Yes),
            (json!({"source": [{"anything-but": ["shop"]}]}), No),
            (json!({"source": [{"anything-but": "other"}]}), Yes),
            (json!({"source": [{"equals-ignore-case": "SHOP"}]}), Yes),
            (json!({"source": [{"wildcard": "s*p"}]}), Unsure),
            (json!({"source": "shop"}), Unsure),
            (
                json!({"detail": {"total": [{"numeric": [">", 100, "<=", 200]}]}}),
                Yes,
            ),
            (json!({"detail": {"total": [{"numeric": [">", 200]}]}}), No),
            (json!({"detail": {"total": [120.5]}}), Yes),
            (json!({"detail": {"store": [{"numeric": ["=", 1]}]}}), No),
            (json!({"detail": {"coupon": [{"exists": false}]}}), Yes),
            (
                json!({"detail": {"coupon": {"code": [{"exists": false}]}}}),
                Yes,
            ),
            (json!({"detail": {"coupon": [{"exists": true}]}}), No),
            (json!({"detail": {"coupon": ["x"]}}), No),
            (json!({"detail": {"lines": {"sku": ["b"]}}}), Yes),
            (json!({"detail": {"lines": {"sku": ["c"]}}}), No),
            (json!({"detail": {"tags": ["y", "z"]}}), Yes),
            (json!({"detail": {"tags": ["z"]}}), No),
            (json!({"detail": {"tags": [{"anything-but": "x"}]}}), Unsure),
            (
                json!({"$or": [{"source": ["a"]}, {"detail": {"store": ["Graz"]}}]}),
                Yes,
            ),
            (
                json!({"$or": [{"source": ["a"]}, {"detail": {"store": ["Linz"]}}]}),
                No,
            ),
            (json!({"time": [{"prefix": "2026"}]}), Unsure),
            (json!({"time": [{"prefix": "2026"}], "source": ["a"]}), No),
            (json!({}), Yes),
            (json!([]), Unsure),
        ] {
            assert_eq!(takes(&pattern, &event, &["time"]), expected, "{pattern}");
        }
        let whole = json!({"n": 300});
        assert_eq!(takes(&json!({"n": [300.0]}), &whole, &[]), Unsure);
        assert_eq!(takes(&json!({"n": [301]}), &whole, &[]), No);
    }
}
