//! What kind of field gave the values that were seen at one place.

use std::collections::BTreeSet;

use super::personal::replaced;

/// Values that are listed to pick from.
const PICKED_MAX: usize = 20;

/// How a field is drawn, as TOML, and what there is to say of the guess.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub field: String,
    /// Whether the value stands within quotes in the body.
    pub in_quotes: bool,
    pub remark: Option<&'static str>,
}

/// What gave these values, each a JSON text, that stand at `pointer`; `None` when they are one that never changes, such as
/// `null`. What looks personal is replaced.
pub(super) fn guess(values: &[&str], pointer: &str) -> Option<Guess> {
    let known: Vec<String> = values
        .iter()
        .filter_map(|value| serde_json::from_str(value).ok())
        .collect();
    let is_number = |value: &&str| value.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let are_numbers = known.is_empty() && values.iter().any(is_number);
    let is_said = !known.is_empty() || are_numbers;
    let spared = |text: &str| is_uuid(text) || is_ulid(text) || is_rfc3339(text) || is_date(text);
    let texts: Vec<&str> = known.iter().map(String::as_str).collect();
    let is_spared = !texts.is_empty() && texts.iter().all(|text| spared(text));
    if is_said
        && !is_spared
        && let Some(guess) = replaced(pointer, &texts, are_numbers)
    {
        return Some(guess);
    }
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| serde_json::from_str(value).ok())
        .collect();
    match texts {
        Some(texts) => Some(of_texts(&texts)),
        None => of_plain(values),
    }
}

fn of_texts(texts: &[String]) -> Guess {
    let all = |is_it: fn(&str) -> bool| texts.iter().all(|text| is_it(text));
    let plain = |field: &str, remark| Guess {
        field: field.into(),
        in_quotes: true,
        remark,
    };
    if all(is_uuid) {
        return plain("{ new = \"uuid\" }", None);
    }
    if all(is_rfc3339) {
        return plain(
            "{ time = \"rfc3339\" }",
            Some("the instant the order is due"),
        );
    }
    if all(is_date) {
        return plain("{ time = \"date\" }", Some("the day the order is due"));
    }
    let numbers: Option<Vec<Number>> = texts.iter().map(|text| number(text)).collect();
    if let Some(field) = numbers.and_then(|numbers| range(&numbers)) {
        return Guess {
            field,
            in_quotes: true,
            remark: Some("a number within quotes"),
        };
    }
    let distinct: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
    let listed: Vec<String> = distinct
        .iter()
        .take(PICKED_MAX)
        .map(|text| toml::Value::String((*text).to_owned()).to_string())
        .collect();
    let remark = match distinct.len() {
        1 => Some("the only value seen"),
        count if count > PICKED_MAX => Some("some of the values seen"),
        _ => None,
    };
    Guess {
        field: format!("{{ pick = [{}] }}", listed.join(", ")),
        in_quotes: false,
        remark,
    }
}

fn of_plain(values: &[&str]) -> Option<Guess> {
    let plain = |field: String, remark| {
        Some(Guess {
            field,
            in_quotes: false,
            remark,
        })
    };
    if values
        .iter()
        .all(|value| matches!(*value, "true" | "false"))
    {
        let share = 100 * values.iter().filter(|value| **value == "true").count() / values.len();
        let share = if values.len() < 10 { 50 } else { share };
        return plain(
            format!("{{ true = \"{share}%\" }}"),
            Some("the share of true ones"),
        );
    }
    let numbers = values
        .iter()
        .map(|value| number(value))
        .collect::<Option<Vec<_>>>();
    if let Some(numbers) = numbers {
        let within = |least: i64, most: i64| {
            let is_it =
                |number: &Number| number.places == 0 && (least..most).contains(&number.scaled);
            numbers.iter().all(is_it)
        };
        // From 2001 to 2286.
        if within(1_000_000_000, 10_000_000_000) {
            return plain(
                "{ time = \"unix\" }".into(),
                Some("the instant the order is due"),
            );
        }
        if within(1_000_000_000_000, 10_000_000_000_000) {
            return plain(
                "{ time = \"unix_ms\" }".into(),
                Some("the instant the order is due"),
            );
        }
        if let Some(range) = range(&numbers) {
            return plain(range, Some("the range of the values seen"));
        }
    }
    let distinct: BTreeSet<&&str> = values.iter().collect();
    // Of different types, or null.
    let as_toml = |value: &&&str| -> Option<String> {
        let value: serde_json::Value = serde_json::from_str(value).ok()?;
        toml::Value::try_from(value)
            .ok()
            .map(|value| value.to_string())
    };
    let listed: Option<Vec<String>> = distinct.iter().map(as_toml).collect();
    match listed {
        Some(listed) if distinct.len() > 1 => {
            plain(format!("{{ pick = [{}] }}", listed.join(", ")), None)
        }
        _ => None,
    }
}

/// A decimal, as a whole number of its last place.
struct Number {
    scaled: i64,
    places: usize,
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let leading = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || leading || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let scaled: i64 = format!("{whole}{fraction}").parse().ok()?;
    Some(Number {
        scaled: if unsigned.len() < text.len() {
            -scaled
        } else {
            scaled
        },
        places: fraction.len(),
    })
}

/// The range of some numbers; `None` when they are too far apart for one.
fn range(numbers: &[Number]) -> Option<String> {
    let places = numbers.iter().map(|number| number.places).max()?;
    let at = |number: &Number| {
        let unit = 10_i64.checked_pow(u32::try_from(places - number.places).ok()?)?;
        number.scaled.checked_mul(unit)
    };
    let scaled = numbers.iter().map(at).collect::<Option<Vec<_>>>()?;
    let (least, most) = (scaled.iter().min()?, scaled.iter().max()?);
    if places == 0 {
        return Some(format!("{{ integer = [{least}, {most}] }}"));
    }
    let shown = |scaled: i64| {
        let unit = 10_u64.pow(places as u32);
        let sign = if scaled < 0 { "-" } else { "" };
        let amount = scaled.unsigned_abs();
        format!("\"{sign}{}.{:0places$}\"", amount / unit, amount % unit)
    };
    let (least, most) = (shown(*least), shown(*most));
    Some(format!(
        "{{ decimal = [{least}, {most}], places = {places} }}"
    ))
}

pub(super) fn is_uuid(text: &str) -> bool {
    let hyphens = [8, 13, 18, 23];
    let fits = |(at, byte): (usize, u8)| match hyphens.contains(&at) {
        true => byte == b'-',
        false => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

pub(super) fn is_ulid(text: &str) -> bool {
    let digit =
        |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() && !b"ILOU".contains(&byte);
    text.len() == 26 && text.starts_with(|c| ('0'..='7').contains(&c)) && text.bytes().all(digit)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_rfc3339(text: &str) -> bool {
    text.len() >= 20 && text.parse::<jiff::Timestamp>().is_ok()
}

pub(super) fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !text.contains(char::is_whitespace)
    })
}
