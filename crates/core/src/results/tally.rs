//! Counts that may be of a part only: what was not looked at is missing, and never none.

use super::figures::{counted, thousands};
use super::{RunReport, part_of_sends};
use crate::scenario::{Bound, Operator};
use crate::verdict::{Class, Standing};

/// What is known of a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// It is at least this; `None` when nothing of it was counted.
    pub at_least: Option<u64>,
    /// It is at most this; `None` when that is not known.
    pub at_most: Option<u64>,
    /// Why it is not known exactly.
    pub why: Option<String>,
}

impl Tally {
    /// All of it was counted.
    pub fn whole(count: u64) -> Self {
        Self {
            at_least: Some(count),
            at_most: Some(count),
            why: None,
        }
    }

    /// Nothing of it was counted.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self {
            at_least: None,
            at_most: None,
            why: Some(why.into()),
        }
    }

    fn at_least(count: u64, why: impl Into<String>) -> Self {
        Self {
            at_least: Some(count),
            at_most: None,
            why: Some(why.into()),
        }
    }

    fn up_to(count: u64, why: impl Into<String>) -> Self {
        match count {
            0 => Self::whole(0),
            count => Self {
                at_least: Some(0),
                at_most: Some(count),
                why: Some(why.into()),
            },
        }
    }

    /// The count, if it is known exactly.
    pub fn exact(&self) -> Option<u64> {
        self.at_least.filter(|_| self.at_least == self.at_most)
    }

    /// Whether `bound` holds of every count that is possible (`Some(true)`) or of none (`Some(false)`); `None` when
    /// that cannot be told.
    pub fn holds(&self, bound: &Bound<u64>) -> Option<bool> {
        let (least, most) = (self.at_least.unwrap_or(0), self.at_most);
        let at_most = |ends: fn(u64, &Bound<u64>) -> bool| most.map(|most| ends(most, bound));
        let (always, never) = match bound.operator {
            Operator::Below | Operator::AtMost => (
                at_most(|most, bound| bound.holds(most)) == Some(true),
                !bound.holds(least),
            ),
            Operator::AtLeast | Operator::Above => (
                bound.holds(least),
                at_most(|most, bound| bound.holds(most)) == Some(false),
            ),
            Operator::Equal => (
                most == Some(least) && bound.holds(least),
                least > bound.limit || most.is_some_and(|most| most < bound.limit),
            ),
        };
        match (always, never) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            (false, false) => None,
        }
    }

    /// As people read it; nothing when nothing was counted.
    pub fn told(&self) -> String {
        match (self.at_least, self.at_most) {
            (Some(least), Some(most)) if least == most => thousands(least),
            (Some(0) | None, Some(most)) => format!("at most {}", thousands(most)),
            (Some(least), Some(most)) => format!("{} to {}", thousands(least), thousands(most)),
            (Some(0) | None, None) => String::new(),
            (Some(least), None) => format!("at least {}", thousands(least)),
        }
    }
}

impl RunReport {
    /// Why orders may have ended where nobody looked; `None` when everything was looked at, at rest.
    pub fn unlooked(&self) -> Option<&'static str> {
        let retention = self
            .findings
            .iter()
            .any(|finding| finding.code == "retention");
        self.unread_rows()
            .or_else(|| self.unread_letters())
            .or_else(|| retention.then_some("messages may have expired during the run"))
    }

    fn unread_rows(&self) -> Option<&'static str> {
        match (&self.quiescence, &self.scan, &self.lookups) {
            (rest, ..) if !rest.reached => Some("the pipeline did not come to rest"),
            (_, scan, _) if !scan.complete => Some("the table scan did not reach its end"),
            (.., lookups) if !lookups.complete => {
                Some("the look-up of missing orders did not reach its end")
            }
            _ => None,
        }
    }

    fn unread_letters(&self) -> Option<&'static str> {
        match (&self.quiescence, &self.dead_letter_sweep) {
            (rest, _) if !rest.reached => Some("the pipeline did not come to rest"),
            (_, sweep) if !sweep.complete => Some("the dead-letter sweep did not reach its end"),
            _ => None,
        }
    }

    /// Rows whose order was received more than once.
    pub fn redelivered_tally(&self) -> Tally {
        let Some(count) = self.redelivered else {
            return Tally::unknown("no row tells how often its order was received");
        };
        match (self.uncounted_rows, self.unread_rows()) {
            (None, _) => Tally::at_least(
                count,
                "this report does not say how many rows carry no receive count",
            ),
            (Some(0), None) => Tally::whole(count),
            (Some(0), Some(why)) => Tally::at_least(count, why),
            (Some(1), _) => Tally::at_least(count, "1 row carries no receive count"),
            (Some(rows), _) => Tally::at_least(
                count,
                format!("{} rows carry no receive count", thousands(rows)),
            ),
        }
    }

    /// Dead letters beyond the first copy of an order.
    pub fn extra_copies_tally(&self) -> Tally {
        match (self.extra_dead_letter_copies, self.unread_letters()) {
            (None, why) => Tally::unknown(why.unwrap_or("no dead letter was read")),
            (Some(count), None) => Tally::whole(count),
            (Some(count), Some(why)) => Tally::at_least(count, why),
        }
    }

    /// The orders in a class. Looking further moves orders from the classes of those seen nowhere to others.
    pub fn class_tally(&self, class: Class) -> Tally {
        let count = match self.classes.get(&class) {
            Some(&count) => count,
            None if !class.is_always_listed() => 0,
            None => {
                return Tally::unknown(format!("the report does not count {}", class.as_str()));
            }
        };
        if let Some(why) = part_of_sends(&self.workers) {
            // What nobody saw acknowledged is in another class than it would be.
            return match class {
                Class::Undecided => Tally::whole(count),
                class if class.standing(crate::verdict::Gate::Strict) == Standing::Refused => {
                    Tally::at_least(count, why)
                }
                _ => Tally::at_least(0, why),
            };
        }
        let Some(why) = self.unlooked() else {
            return Tally::whole(count);
        };
        let seen_nowhere = [
            Class::Rejected,
            Class::Unsent,
            Class::IndeterminateNeverSeen,
        ];
        match class {
            Class::Undecided => Tally::whole(count),
            class if seen_nowhere.contains(&class) => Tally::up_to(count, why),
            class if class.standing(crate::verdict::Gate::Strict) == Standing::Refused => {
                Tally::at_least(count, why)
            }
            // An order that is where it belongs may be elsewhere as well.
            _ => Tally::at_least(0, why),
        }
    }

    /// The redelivered in words, and what is not among them.
    pub fn redelivered_told(&self) -> String {
        let tally = self.redelivered_tally();
        let stored = |count| counted(count, "stored order");
        let with = "received more than once (no failure)";
        let told = match (tally.at_least, tally.why) {
            (Some(count), None) => format!("{} {with}", stored(count)),
            (Some(count), Some(why)) => format!("at least {} {with}: {why}", stored(count)),
            (None, why) => format!("not measured: {}", why.unwrap_or_default()),
        };
        match self.dead_letter_sweep.items {
            0 => told,
            letters => format!(
                "{told}; not counted: the retries of {}",
                counted(letters, "dead letter")
            ),
        }
    }

    /// What the rows do not tell of when they were stored, or tell wrongly; `None` when all is well.
    pub fn row_times_told(&self) -> Option<String> {
        let untimed = self.untimed_rows.filter(|&rows| rows > 0);
        let mut told = Vec::new();
        told.extend(untimed.map(|rows| {
            format!(
                "{} without a stored_at, and so without an end-to-end latency",
                rows_told(rows)
            )
        }));
        if let Some(seen) = &self.row_clock {
            if seen.early_rows > 0 {
                told.push(format!(
                    "{} stored, by their stored_at, before their order was due, by up to {}",
                    rows_told(seen.early_rows),
                    super::figures::duration(seen.early_by())
                ));
            }
            if seen.late_rows > 0 {
                told.push(format!(
                    "{} stored, by their stored_at, after they were read, by up to {}",
                    rows_told(seen.late_rows),
                    super::figures::duration(seen.late_by())
                ));
            }
            if seen.early_rows + seen.late_rows > 0 {
                told.push(
                    "that is impossible: the clock that wrote it is off by at least as much, and end-to-end latencies \
                     with it"
                        .into(),
                );
            }
        }
        (!told.is_empty()).then(|| told.join("; "))
    }
}

fn rows_told(rows: u64) -> String {
    let noun = if rows == 1 { "row" } else { "rows" };
    format!("{} {noun}", thousands(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_of_a_part_breaks_an_upper_bound_and_never_keeps_one() {
        let part = |count| Tally::at_least(count, "a part");
        let none = || Tally::unknown("nothing");
        let up_to = |count| Tally::up_to(count, "a part");
        use Operator::{Above, AtLeast, AtMost, Below, Equal};
        for (tally, operator, limit, expected, why) in [
            (
                Tally::whole(0),
                Equal,
                0,
                Some(true),
                "none, and all counted",
            ),
            (Tally::whole(1), Equal, 0, Some(false), "one"),
            (none(), Equal, 0, None, "nothing counted"),
            (
                none(),
                AtMost,
                u64::MAX - 1,
                None,
                "nothing counted, whatever the limit",
            ),
            (none(), AtLeast, 1, None, "nothing counted, from below"),
            (part(0), Equal, 0, None, "none so far"),
            (part(1), Equal, 0, Some(false), "one already"),
            (part(3), Below, 3, Some(false), "as many already"),
            (part(2), Below, 3, None, "fewer so far"),
            (part(3), AtMost, 3, None, "as many so far"),
            (part(4), AtMost, 3, Some(false), "more already"),
            (part(3), AtLeast, 3, Some(true), "as many already"),
            (part(2), AtLeast, 3, None, "fewer so far"),
            (part(3), Above, 3, None, "as many so far"),
            (part(3), Equal, 5, None, "fewer so far"),
            (up_to(0), Equal, 0, Some(true), "there is none to move"),
            (up_to(2), AtMost, 2, Some(true), "never more"),
            (up_to(2), Equal, 0, None, "perhaps none"),
            (up_to(2), AtLeast, 3, Some(false), "never as many"),
            (up_to(2), Equal, 3, Some(false), "never as many"),
        ] {
            let bound = Bound { operator, limit };
            assert_eq!(tally.holds(&bound), expected, "{why}");
        }
    }

    #[test]
    fn a_count_is_told_as_far_as_it_goes() {
        assert_eq!(Tally::whole(1_234).told(), "1,234");
        assert_eq!(Tally::at_least(7, "").told(), "at least 7");
        assert_eq!(Tally::up_to(7, "").told(), "at most 7");
        assert_eq!(Tally::at_least(0, "").told(), "");
        assert_eq!(Tally::unknown("").told(), "");
        assert_eq!(Tally::at_least(7, "").exact(), None);
        assert_eq!(Tally::whole(7).exact(), Some(7));
    }
}
