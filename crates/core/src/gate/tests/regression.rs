//! Rules on a regression, against a baseline.

use super::*;

fn change(metric: Metric, phase: Option<&str>, worse: f64, call: ChangeVerdict) -> Change {
    let reach = match call {
        ChangeVerdict::NotEnoughData | ChangeVerdict::TooNoisy => 0.5,
        _ => 0.01,
    };
    Change {
        metric,
        phase: phase.map(Into::into),
        worse,
        interval: Some((worse - reach, worse + reach)),
        call,
    }
}

#[test]
fn a_regression_breaks_a_rule_when_it_is_called_one_and_is_as_large() {
    use ChangeVerdict::*;
    let p99 = Metric::EndToEnd(0.99);
    let spike = |worse, call| vec![change(p99, Some("spike"), worse, call)];
    let both = |call| {
        let drain = change(Metric::Drain, None, 0.01, call);
        [spike(-0.3, Improved), vec![drain]].concat()
    };
    let all = "regression < 5%";
    let of_p99 = "end_to_end_p99 regression < 5% for spike";
    let cases = [
        (
            all,
            spike(0.2, Regressed),
            RuleStanding::Failed,
            "end_to_end_p99 in spike +20.0% (+19.0% to +21.0%)",
        ),
        (all, spike(0.05, Regressed), RuleStanding::Failed, "+5.0%"),
        (
            "regression <= 5%",
            spike(0.05, Regressed),
            RuleStanding::Ok,
            "+5.0%",
        ),
        (all, spike(0.04, Regressed), RuleStanding::Ok, "+4.0%"),
        (all, spike(0.2, Unchanged), RuleStanding::Ok, "unchanged"),
        (all, spike(-0.2, Improved), RuleStanding::Ok, "-20.0%"),
        (all, spike(0.0, NotEnoughData), RuleStanding::Missing, ""),
        // Of too little to tell from noise, but what it may be is below the limit all the same.
        (
            "regression < 60%",
            spike(0.0, NotEnoughData),
            RuleStanding::Ok,
            "+0.0%",
        ),
        (
            "regression < 50%",
            spike(0.0, NotEnoughData),
            RuleStanding::Missing,
            "",
        ),
        (all, spike(0.0, TooNoisy), RuleStanding::Missing, ""),
        // As noisy, but what it may be is below the limit.
        (
            "regression < 60%",
            spike(0.0, TooNoisy),
            RuleStanding::Ok,
            "+0.0%",
        ),
        (all, spike(f64::NAN, Unchanged), RuleStanding::Missing, ""),
        (all, both(Unchanged), RuleStanding::Ok, "drain +1.0%"),
        (all, both(NotEnoughData), RuleStanding::Missing, ""),
        (of_p99, both(NotEnoughData), RuleStanding::Ok, "-30.0%"),
        (
            "drain regression < 5%",
            both(Regressed),
            RuleStanding::Ok,
            "drain +1.0%",
        ),
        (
            "drain regression < 1%",
            both(Regressed),
            RuleStanding::Failed,
            "drain +1.0%",
        ),
        (of_p99, Vec::new(), RuleStanding::Missing, ""),
        (
            "regression < 5% for recovery",
            spike(0.2, Regressed),
            RuleStanding::Missing,
            "",
        ),
        (
            "response_time_p99 regression < 5%",
            spike(0.2, Regressed),
            RuleStanding::Missing,
            "",
        ),
    ];
    let report = passed();
    for (rule, changes, standing, observed) in cases {
        let baseline = Baseline { changes };
        let input = GateInput {
            report: &report,
            rejudged: None,
            baseline: Some(&baseline),
        };
        let outcome = conclude(&input, &[parse_gate_rule(rule).unwrap()]);
        let check = &outcome.rules[0];
        assert_eq!(check.standing, standing, "{rule}: {baseline:?}");
        assert!(
            check.observed.contains(observed),
            "{rule}: {}",
            check.observed
        );
        let code = match standing {
            RuleStanding::Ok => 0,
            RuleStanding::Failed => 5,
            RuleStanding::Missing => 4,
        };
        assert_eq!(outcome.exit_code, code, "{rule}");
    }
    let without = RuleSources::parse(&[all.into()], None, false).unwrap_err();
    assert!(without[0].contains("takes a baseline"), "{without:?}");
    assert!(RuleSources::parse(&[all.into()], None, true).is_ok());
}
