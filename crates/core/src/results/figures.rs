//! Numbers as people read them.

use std::time::Duration;

/// `41000` as `41,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Microseconds in the unit that suits them, three significant digits: `640 µs`, `1.24 ms`, `2.30 s`.
pub fn micros(us: u64) -> String {
    let us = us as f64;
    match us {
        us if us < 1e3 => format!("{us:.0} µs"),
        us if us < 1e6 => scaled(us / 1e3, "ms"),
        us if us < 120e6 => scaled(us / 1e6, "s"),
        us => scaled(us / 60e6, "min"),
    }
}

/// The same of a figure that may not have been measured.
pub fn micros_if(us: Option<u64>) -> Option<String> {
    us.map(micros)
}

/// The same for a duration.
pub fn duration(duration: Duration) -> String {
    micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// A duration as it stands in a scenario or a rule, exact to the microsecond and without trailing zeros: `100 ms`, `1.5 s`,
/// `30 s`.
pub fn exactly(duration: Duration) -> String {
    let us = duration.as_micros();
    let (unit_us, unit) = match us {
        0 => return "0 s".into(),
        us if us < 1_000 => (1, "µs"),
        us if us < 1_000_000 => (1_000, "ms"),
        us if us >= 120_000_000 && us.is_multiple_of(60_000_000) => (60_000_000, "min"),
        _ => (1_000_000, "s"),
    };
    let number = us as f64 / unit_us as f64;
    format!("{number} {unit}")
}

/// A share in percent; one that is not nothing is never shown as 0%, nor one that is not all as 100%.
pub fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent <= 0.0 => "0%".into(),
        percent if percent < 0.01 => "< 0.01%".into(),
        percent if percent > 99.99 && percent < 100.0 => "> 99.99%".into(),
        percent => format!("{percent:.2}%"),
    }
}

fn scaled(value: f64, unit: &str) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2} {unit}"),
        value if value < 99.95 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    }
}

/// `1 order`, `2 orders`.
pub fn orders(count: u64) -> String {
    counted(count, "order")
}

/// `1 row`, `2 rows`: a count of things whose plural takes an s.
pub fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_durations_get_their_unit() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (41_000_000, "41,000,000"),
        ] {
            assert_eq!(thousands(number), text);
        }
        for (us, text) in [
            (0, "0 µs"),
            (999, "999 µs"),
            (1_240, "1.24 ms"),
            (9_996, "10.0 ms"),
            (640_000, "640 ms"),
            (2_300_000, "2.30 s"),
            (119_000_000, "119 s"),
            (180_000_000, "3.00 min"),
        ] {
            assert_eq!(micros(us), text);
        }
        for (us, text) in [
            (0, "0 s"),
            (100_000, "100 ms"),
            (1_500_000, "1.5 s"),
            (90_000_000, "90 s"),
            (600_000_000, "10 min"),
            (121_000_000, "121 s"),
        ] {
            assert_eq!(exactly(Duration::from_micros(us)), text);
        }
    }
}
