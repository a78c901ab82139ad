//! A run of which a worker left no whole shard, before the gate.

use super::*;

#[test]
fn what_some_workers_measured_neither_keeps_nor_breaks_a_rule() {
    use crate::load::Shard;
    use crate::results::{WorkerRecord, WorkerState};
    let mut report = passed();
    let stand = |report: &RunReport, rule: &str| {
        let rule = parse_gate_rule(rule).expect("a rule");
        evaluate(&rule, &own::alone(report)).standing
    };
    let rules = [
        ("offered_rate > 1000000/s", RuleStanding::Failed),
        ("acknowledged > 1000000", RuleStanding::Failed),
        ("response_time_p99 < 1us", RuleStanding::Failed),
        ("send_error_rate < 100%", RuleStanding::Ok),
        ("stored > 1000000", RuleStanding::Failed),
    ];
    let worker = |index| WorkerRecord::missing(Shard::new(index, 2).expect("a worker"), 20_000);
    let whole = |index| WorkerRecord {
        state: WorkerState::Whole,
        ..worker(index)
    };
    report.workers = vec![whole(0), whole(1)];
    for (rule, standing) in rules {
        assert_eq!(stand(&report, rule), standing, "{rule}: all of them");
    }
    report.workers = vec![whole(0), worker(1)];
    for (rule, _) in rules {
        assert_eq!(stand(&report, rule), RuleStanding::Missing, "{rule}");
    }
    report.classes.insert(Class::Lost, 2);
    assert_eq!(stand(&report, "lost == 0"), RuleStanding::Failed, "proven");
    report.classes.insert(Class::Lost, 0);
    assert_eq!(stand(&report, "lost == 0"), RuleStanding::Missing);
}
