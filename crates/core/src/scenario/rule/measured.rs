//! Whether runs of a scenario measure what a rule is about.

use super::{Condition, Counted, OrderRate, Rule, RuleProblem};
use crate::order::spec::STORED;
use crate::scenario::{Metric, Scenario};

impl Rule {
    /// Whether a run of `scenario` measures it.
    ///
    /// # Errors
    /// When none does.
    pub(super) fn check_is_measured(&self, scenario: &Scenario) -> Result<(), RuleProblem> {
        if self.is_of_the_pipeline() && !counts_itself(scenario) {
            return Err(RuleProblem::new(
                format!(
                    "`{}` cannot be measured: only the embedded pipeline, or a function that this program runs, counts that",
                    self.text
                ),
                "leave it out; CloudWatch has such figures, and proves nothing",
            ));
        }
        if self.needs_times() && !tells_times(scenario) {
            return Err(RuleProblem::new(
                format!(
                    "`{}` cannot be checked: no row of `stored` says when it was written",
                    self.text
                ),
                "name the attribute that does, [[ends.stored.rows]] stored_at = \"stored_at ms\", or leave the rule out",
            ));
        }
        Ok(())
    }

    fn is_of_the_pipeline(&self) -> bool {
        matches!(self.condition, Condition::Count(counted, _) if counted.is_of_the_pipeline())
    }

    /// What became of orders when is measured by rows that say when they were stored.
    fn needs_times(&self) -> bool {
        matches!(
            self.condition,
            Condition::Duration(Metric::EndToEnd(_), _)
                | Condition::Span(..)
                | Condition::Rate(OrderRate::Stored, _)
                | Condition::Count(Counted::PeakBacklog, _)
        )
    }
}

/// Only a pipeline or a function in this process counts what it does.
fn counts_itself(scenario: &Scenario) -> bool {
    scenario.target.aws().is_none()
        || scenario.processor.is_some()
        || !scenario.processors.is_empty()
}

fn tells_times(scenario: &Scenario) -> bool {
    let stored = scenario.order.ends.get(STORED);
    stored.is_some_and(|end| end.rows.iter().any(|row| row.stored_at.is_some()))
}
