//! Rates, shares and durations as people write them. Parsed once, at the edge.

use std::time::Duration;

use jiff::SignedDuration;

/// A rate as written: absolute, or a multiple of the baseline's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RateText {
    /// Orders per second.
    Absolute(f64),
    /// Times the baseline.
    Multiple(f64),
}

pub(super) const RATE_HINT: &str = r#"write a rate such as "200/s", "12000/min" or, where a phase is named baseline, a multiple of its rate: "5x""#;

/// How a rate may end, and how many seconds its number is of. As durations, rates may be written in words.
const PER_SECONDS: [(&str, f64); 5] = [
    ("/s", 1.0),
    ("rps", 1.0),
    ("per second", 1.0),
    ("/min", 60.0),
    ("per minute", 60.0),
];
pub(super) const DURATION_HINT: &str = r#"write a duration such as "250ms", "20s" or "1m30s""#;
pub(super) const PERCENT_HINT: &str = r#"write a share such as "10%" or "0.0001%""#;

pub(super) fn parse_rate(text: &str) -> Result<RateText, String> {
    let wrong = || format!("{text:?} is not a rate");
    let text = text.trim();
    let mut units = PER_SECONDS.iter();
    let unit = units.find_map(|(unit, of)| Some((text.strip_suffix(unit)?, Some(*of))));
    let multiple = || Some((text.strip_suffix('x')?, None));
    let (number, per_seconds) = unit.or_else(multiple).ok_or_else(wrong)?;
    match (number.trim().parse::<f64>(), per_seconds) {
        (Ok(number), _) if !number.is_finite() => Err(wrong()),
        (Ok(number), _) if number < 0.0 => Err(format!("{text:?} is below zero")),
        (Ok(number), Some(seconds)) => Ok(RateText::Absolute(number / seconds)),
        (Ok(number), None) => Ok(RateText::Multiple(number)),
        (Err(_), _) => Err(wrong()),
    }
}

/// Whether `text` is a rate of its own, not a multiple of another.
///
/// # Errors
/// With what is wrong with it.
pub fn check_rate(text: &str) -> Result<(), String> {
    match parse_rate(text)? {
        RateText::Absolute(_) => Ok(()),
        RateText::Multiple(_) => Err(format!(
            "{text:?} is a multiple, and there is nothing to multiply"
        )),
    }
}

/// The share that a text such as `10%` says.
pub fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text
        .trim()
        .strip_suffix('%')
        .and_then(|number| number.trim().parse::<f64>().ok());
    match number {
        Some(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        Some(_) => Err(format!("{text:?} is not within 0% and 100%")),
        None => Err(format!("{text:?} is not a share")),
    }
}

/// A duration as people write it, such as `250ms`.
///
/// # Errors
/// With what is wrong with `text`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let duration: SignedDuration = text
        .trim()
        .parse()
        .map_err(|_| format!("{text:?} is not a duration"))?;
    Duration::try_from(duration).map_err(|_| format!("{text:?} is below zero"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_people_write_them() {
        assert_eq!(parse_rate("200/s"), Ok(RateText::Absolute(200.0)));
        assert_eq!(parse_rate("12000 /min"), Ok(RateText::Absolute(200.0)));
        assert_eq!(parse_rate("300 rps"), Ok(RateText::Absolute(300.0)));
        assert_eq!(parse_rate("300 per second"), Ok(RateText::Absolute(300.0)));
        assert_eq!(parse_rate("600 per minute"), Ok(RateText::Absolute(10.0)));
        assert_eq!(parse_rate("5x"), Ok(RateText::Multiple(5.0)));
        assert_eq!(parse_rate("0/s"), Ok(RateText::Absolute(0.0)));
        assert_eq!(parse_percent("10%"), Ok(0.1));
        assert_eq!(parse_percent("100 %"), Ok(1.0));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("100us"), Ok(Duration::from_micros(100)));
        assert_eq!(parse_duration("30 seconds"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_no_unit_is_refused() {
        for text in [
            "200",
            "300 rpm",
            "rps",
            "per second",
            "300 reps",
            "/s",
            "-5/s",
            "NaN/s",
            "inf/s",
            "fast",
            "5 times",
            "x",
            "1e999/s",
        ] {
            assert!(parse_rate(text).is_err(), "rate {text:?}");
        }
        for text in ["10", "-1%", "101%", "%", "NaN%", "ten%"] {
            assert!(parse_percent(text).is_err(), "share {text:?}");
        }
        for text in ["20", "-1s", "s", "soon", ""] {
            assert!(parse_duration(text).is_err(), "duration {text:?}");
        }
    }
}
