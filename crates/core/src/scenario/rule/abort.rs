//! Which rules may end the sending: those that are surely broken at some moment, whatever comes after it.

use super::{Bound, Condition, Operator, Rule, RuleProblem, Share};
use crate::scenario::Metric;

const HINT: &str = "leave out `abort`, or write it with an upper limit on send_error_rate, rejected, response_time_, \
     service_time_ or schedule_lag_, waiting_messages, dead_letters, failed_invocations, throttled_writes or \
     throttled_invocations";

impl Rule {
    /// Whether it may have `abort = true`, if it has.
    ///
    /// # Errors
    /// When it cannot be known, while orders are sent, that it is broken.
    pub fn check_abort(&self) -> Result<(), RuleProblem> {
        let why = match self.abort {
            true => self.why_not_known(),
            false => None,
        };
        match why {
            None => Ok(()),
            Some(why) => Err(RuleProblem::new(
                format!("`{}` cannot end the sending: {why}", self.text),
                HINT,
            )),
        }
    }

    fn why_not_known(&self) -> Option<&'static str> {
        let from_rows = "it is known only after the last order, when the stores have been read";
        let (known, upper) = match self.condition {
            Condition::Count(counted, bound) => (
                counted.is_known_while_sending(),
                bound.is_upper() || bound.operator == Operator::Equal,
            ),
            Condition::Duration(metric, bound) => (
                matches!(
                    metric,
                    Metric::ResponseTime(_) | Metric::ServiceTime(_) | Metric::ScheduleLag(_)
                ),
                bound.is_upper(),
            ),
            Condition::Share(Share::SendErrors, bound) => {
                (true, bound.is_upper() || bound.operator == Operator::Equal)
            }
            _ => (false, true),
        };
        match (known, upper) {
            (false, _) => Some(from_rows),
            (true, false) => Some("a lower limit can be reached until the last order"),
            (true, true) => None,
        }
    }
}

impl<T: PartialOrd + Copy> Bound<T> {
    /// Whether it can no longer hold of what is `at_least` already, and may still grow.
    pub fn is_past(&self, at_least: T) -> bool {
        match self.operator {
            Operator::Below => at_least >= self.limit,
            Operator::AtMost | Operator::Equal => at_least > self.limit,
            Operator::AtLeast | Operator::Above => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse_gate_rule;

    #[test]
    fn only_what_is_known_while_orders_are_sent_may_end_the_sending() {
        for (text, may) in [
            ("send_error_rate < 1%", true),
            ("send_error_rate == 0%", true),
            ("send_error_rate > 1%", false),
            ("rejected <= 5", true),
            ("rejected == 0", true),
            ("rejected >= 5", false),
            ("indeterminate_never_seen <= 5", false),
            ("lost == 0", false),
            ("misplaced == 0", false),
            ("response_time_p99 < 1s", true),
            ("response_time_p99 > 1s", false),
            ("service_time_max <= 1s for spike", true),
            ("schedule_lag_p99 < 1s", true),
            ("end_to_end_p99 < 1s", false),
            ("drain < 1s", false),
            ("recovery < 1s", false),
            ("oldest_age < 1s", false),
            ("peak_backlog < 100", false),
            ("waiting_messages < 100", true),
            ("dead_letters < 100", true),
            ("failed_invocations == 0", true),
            ("throttled_writes < 100", true),
            ("stored_rate >= 1/s", false),
            ("offered_rate < 1/s", false),
        ] {
            let mut rule = parse_gate_rule(text).unwrap();
            assert!(rule.check_abort().is_ok(), "{text} without abort");
            rule.abort = true;
            let checked = rule.check_abort();
            assert_eq!(checked.is_ok(), may, "{text}: {checked:?}");
        }
    }
}
