//! Bounds on what is read of a file that may come from anywhere.

use std::time::Duration;

/// The longest duration and the latest instant on a run's time axis that is read: 400 days.
pub const DURATION_MAX: Duration = Duration::from_secs(400 * 86_400);

/// The largest count that is read of anything: sums of millions of them stay in 64 bits.
pub const COUNT_MAX: u64 = 1_000_000_000_000;

/// What a JSON file may hold at most.
#[derive(Debug, Clone, Copy)]
pub struct JsonLimits {
    /// Its length.
    pub bytes: u64,
    /// Values in it, counted by what separates them.
    pub values: u64,
    /// Lists and objects within each other.
    pub depth: u32,
    /// Bytes of one text.
    pub text: u64,
}

impl JsonLimits {
    /// `run.json`, `sent.json` and `meters.json`: a day's run has three million values.
    pub const REPORT: Self = Self {
        bytes: 192 << 20,
        values: 6_000_000,
        depth: 32,
        text: 1 << 20,
    };

    /// `plan.json`: a scenario and where it is run.
    pub const PLAN: Self = Self {
        bytes: 16 << 20,
        values: 500_000,
        depth: 32,
        text: 1 << 20,
    };

    /// What a scenario says of its orders, data and recorded bodies included: a part of `plan.json` and of `run.json`.
    pub const ORDERS: Self = Self {
        bytes: 8 << 20,
        values: 300_000,
        depth: 24,
        text: 512 << 10,
    };

    /// `observation.json`: its sets of orders are texts of many ranges.
    pub const OBSERVATION: Self = Self {
        bytes: 1 << 30,
        values: 20_000_000,
        depth: 32,
        text: 1 << 30,
    };

    /// `seal.json`: a line for each file.
    pub const SEAL: Self = Self {
        bytes: 1 << 20,
        values: 10_000,
        depth: 8,
        text: 1 << 10,
    };
}

/// Whether a JSON text stays within `limits`, found in one pass and without memory. Whether it is JSON at all is
/// for who reads it.
///
/// # Errors
/// Which limit it is beyond, in words.
pub fn check_json(bytes: &[u8], limits: &JsonLimits) -> Result<(), String> {
    let beyond = |what: &str, limit: u64| Err(format!("it has more than {limit} {what}"));
    if bytes.len() as u64 > limits.bytes {
        return beyond("bytes", limits.bytes);
    }
    let (mut values, mut depth, mut text) = (0_u64, 0_u32, 0_u64);
    let (mut in_text, mut escaped) = (false, false);
    for &byte in bytes {
        if in_text {
            text += 1;
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ if text > limits.text => return beyond("bytes in one text", limits.text),
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => (in_text, text) = (true, 0),
            b'[' | b'{' => {
                depth += 1;
                values += 1;
                if depth > limits.depth {
                    return beyond("levels of lists and objects", limits.depth.into());
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if values > limits.values {
            return beyond("values", limits.values);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_bounded_in_bytes_values_depth_and_text() {
        let limits = JsonLimits {
            bytes: 64,
            values: 5,
            depth: 3,
            text: 10,
        };
        for (text, within) in [
            ("[[[]]]", true),
            ("[[[[]]]]", false),
            ("[1,2,3,4,5]", true),
            ("[1,2,3,4,5,6]", false),
            ("\"0123456789\"", true),
            ("\"0123456789a\"", false),
            ("\"a,b,c,d,[[[[\"", false),
            ("\",,,,[[[[\\\"\"", true),
            (&" ".repeat(65), false),
        ] {
            assert_eq!(
                check_json(text.as_bytes(), &limits).is_ok(),
                within,
                "{text}"
            );
        }
    }
}
