//! Arguments of `serve --stub`.

use clap::Args;

use crate::scenario::{parse_duration, parse_percent};

/// A queue that only counts.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Stub: a queue that only counts")]
pub struct StubArgs {
    /// Acknowledge orders as SQS does, as fast as they come, and keep only which they were: it measures the sender, no
    /// pipeline. The table holds a row for each good order, the dead-letter queue a letter for each bad one. The lab's
    /// orders alone; give the run the same scenario, --seed and --set.
    #[arg(long, conflicts_with_all = ["empty", "no_function", "function_logs", "cors", "log_requests", "run_id"])]
    pub stub: bool,

    /// Drop this share of orders, such as 0.001 or 0.1%: acknowledged, and nowhere to be found. --seed chooses them.
    #[arg(long, value_name = "SHARE", default_value = "0", requires = "stub", value_parser = parse_share)]
    pub drop: f64,

    /// Deliver this share of orders twice: a row says so, a dead letter has a copy. --seed chooses them.
    #[arg(long, value_name = "SHARE", default_value = "0", requires = "stub", value_parser = parse_share)]
    pub duplicate: f64,

    /// Answer sends so much later, such as 20ms.
    #[arg(long, value_name = "DURATION", requires = "stub", value_parser = parse_duration)]
    pub delay: Option<std::time::Duration>,

    /// With --delay: only this share of requests, by the seed.
    #[arg(long, value_name = "SHARE", default_value = "1", requires = "delay", value_parser = parse_share)]
    pub delay_share: f64,

    /// Threads that answer: one takes what one core sends.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "stub", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
}

/// Reads `0.001` or `0.1%`.
fn parse_share(text: &str) -> Result<f64, String> {
    if text.ends_with('%') {
        return parse_percent(text);
    }
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("write a share within 0 and 1, or within 0% and 100%".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_or_a_percentage() {
        for (text, share) in [("0", 0.0), ("0.001", 0.001), ("0.1%", 0.001), ("1", 1.0)] {
            assert_eq!(parse_share(text), Ok(share), "{text}");
        }
        for text in ["", "2", "-0.1", "200%", "NaN", "some"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }
}
