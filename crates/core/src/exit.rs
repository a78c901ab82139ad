//! The exit codes: one per way a command can end.

use crate::verdict::{Judgment, Severity, Verdict};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Exit {
    /// The verdict is pass, or the command did what it was asked.
    Success,
    /// A defect or a failing machine: nothing was proved.
    Internal,
    /// Bad arguments or an invalid file.
    Usage,
    /// Orders were lost, altered or misplaced.
    OrderFailure,
    /// Evidence is missing, or the generator could not offer its load.
    Inconclusive,
    /// Every order is accounted for, but a performance rule is broken.
    PerformanceFailure,
    /// A guard was not satisfied: nothing was sent, changed or deleted.
    Refused,
    /// A forecast was made: it proves nothing, whatever it says.
    Forecast,
    /// The shard of this worker was claimed before: it has sent nothing.
    ShardTaken,
    /// The start that the workers agreed on has passed: this one has sent nothing.
    StartPassed,
    /// Not all workers were ready in time: this one has sent nothing.
    NotReady,
    /// Stopped by ctrl-c before every planned order was decided.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Internal => 1,
            Self::Usage => 2,
            Self::OrderFailure => 3,
            Self::Inconclusive => 4,
            Self::PerformanceFailure => 5,
            Self::Refused => 6,
            Self::Forecast => 7,
            Self::ShardTaken => 42,
            Self::StartPassed => 43,
            Self::NotReady => 75,
            Self::Interrupted => 130,
        }
    }

    /// How a judged run ends. An interrupted run ends as such unless it proved something all the same:
    /// a failure stays a failure, and a pass means that every planned order was decided.
    pub fn of(judgment: &Judgment, interrupted: bool) -> Self {
        let order_failure = judgment
            .findings
            .iter()
            .any(|finding| finding.severity == Severity::OrderFailure);
        match (judgment.verdict, order_failure, interrupted) {
            (Verdict::Pass, _, _) => Self::Success,
            (Verdict::Fail, true, _) => Self::OrderFailure,
            (Verdict::Fail, false, _) => Self::PerformanceFailure,
            (Verdict::Inconclusive, _, true) => Self::Interrupted,
            (Verdict::Inconclusive, _, false) => Self::Inconclusive,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Finding;

    fn judgment(verdict: Verdict, severities: &[Severity]) -> Judgment {
        let finding = |&severity| Finding {
            severity,
            code: "x".into(),
            message: "x".into(),
            orders: 0,
            first_ids: Vec::new(),
        };
        Judgment {
            verdict,
            findings: severities.iter().map(finding).collect(),
        }
    }

    #[test]
    fn only_pass_exits_zero() {
        use Severity::*;
        let cases = [
            (Verdict::Pass, &[][..], false, 0, "a pass"),
            (
                Verdict::Pass,
                &[Note],
                true,
                0,
                "stopped after every order was decided",
            ),
            (Verdict::Fail, &[OrderFailure], false, 3, "a lost order"),
            (
                Verdict::Fail,
                &[OrderFailure, PerformanceFailure],
                false,
                3,
                "orders come first",
            ),
            (
                Verdict::Fail,
                &[PerformanceFailure],
                false,
                5,
                "only too slow",
            ),
            (
                Verdict::Fail,
                &[OrderFailure],
                true,
                3,
                "an interrupted run that found a loss",
            ),
            (
                Verdict::Inconclusive,
                &[MissingEvidence],
                false,
                4,
                "evidence missing",
            ),
            (
                Verdict::Inconclusive,
                &[MissingEvidence],
                true,
                130,
                "interrupted, nothing proved",
            ),
        ];
        for (verdict, severities, interrupted, code, why) in cases {
            assert_eq!(
                Exit::of(&judgment(verdict, severities), interrupted).code(),
                code,
                "{why}"
            );
        }
    }
}
