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

pub(super) const RATE_HINT: &str = r#"write a rate such as "200/s", "12000/min" or, as a multiple of the phase named baseline, "5x""#;
pub(super) const DURATION_HINT: &str = r#"write a duration such as "250ms", "20s" or "1m30s""#;
pub(super) const PERCENT_HINT: &str = r#"write a share such as "10%" or "0.0001%""#;

pub(super) fn parse_rate(text: &str) -> Result<RateText, String> {
    let wrong = || format!("{text:?} is not a rate");
    let text = text.trim();
    let (number, rate): (&str, fn(f64) -> RateText) = if let Some(number) = text.strip_suffix("/s")
    {
        (number, RateText::Absolute)
    } else if let Some(number) = text.strip_suffix("/min") {
        (number, |per_minute| RateText::Absolute(per_minute / 60.0))
    } else if let Some(number) = text.strip_suffix('x') {
        (number, RateText::Multiple)
    } else {
        return Err(wrong());
    };
    match number.trim().parse::<f64>() {
        Ok(number) if !number.is_finite() => Err(wrong()),
        Ok(number) if number < 0.0 => Err(format!("{text:?} is below zero")),
        Ok(number) => Ok(rate(number)),
        Err(_) => Err(wrong()),
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
        assert_eq!(parse_rate("5x"), Ok(RateText::Multiple(5.0)));
        assert_eq!(parse_rate("0/s"), Ok(RateText::Absolute(0.0)));
        assert_eq!(parse_percent("10%"), Ok(0.1));
        assert_eq!(parse_percent("100 %"), Ok(1.0));
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("100us"), Ok(Duration::from_micros(100)));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_no_unit_is_refused() {
        for text in [
            "200", "/s", "-5/s", "NaN/s", "inf/s", "fast", "5 times", "x", "1e999/s",
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
