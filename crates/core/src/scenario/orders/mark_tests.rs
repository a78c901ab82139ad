//! `sending.mark`: the run's id as an attribute of every message.

use super::is_lab;
use super::tests::HEAD;
use crate::order::{OrderPlan, RunId};
use crate::scenario::{Overrides, Scenario, parse};

fn read(text: &str) -> Result<Scenario, String> {
    parse("x.toml", &format!("{HEAD}{text}"), &Overrides::default())
        .map_err(|errors| errors.to_string())
}

fn plan(text: &str) -> OrderPlan {
    let scenario = read(text).unwrap_or_else(|errors| panic!("{errors}"));
    OrderPlan {
        model: scenario.model().expect("a model"),
        ..OrderPlan::lab(RunId::new(7).expect("a run id"), 1, scenario.bad_share)
    }
}

fn carried(plan: &OrderPlan, k: u64) -> Vec<(String, String)> {
    let attributes = plan.attributes(k).into_iter();
    attributes
        .map(|attribute| (attribute.name, attribute.value.text().to_owned()))
        .collect()
}

fn body(plan: &OrderPlan, k: u64) -> String {
    let mut out = Vec::new();
    plan.write_body(k, &mut out);
    String::from_utf8(out).expect("text")
}

const MARK: &str = "[sending]\nmark = \"test-run\"\n";

#[test]
fn every_message_carries_the_run_and_the_labs_orders_stay_as_they_are() {
    let (marked, plain) = (plan(MARK), plan(""));
    assert!(marked.sends_more_than_bodies() && !plain.sends_more_than_bodies());
    for k in 0..20 {
        assert_eq!(carried(&marked, k), [("test-run".into(), "7".into())]);
        assert_eq!(body(&marked, k), body(&plain, k));
        assert_eq!(marked.kind(k), plain.kind(k));
    }
    assert!(carried(&plain, 0).is_empty());
    let scenario = read(MARK).expect("the built-in processor takes them");
    assert!(!is_lab(&scenario.order), "or it would not be kept");
    let stored = serde_json::to_string(&scenario).expect("plain data");
    let again: Scenario = serde_json::from_str(&stored).expect("a scenario");
    assert_eq!(again, scenario);
}

#[test]
fn in_an_sns_envelope_it_stands_beside_the_orders_own_attributes() {
    let text = format!(
        "{MARK}[order]\nenvelope = \"sns\"\n[order.attributes]\ntenant = \"t1\"\n[processor]\ncommand = [\"f\"]\n"
    );
    let plan = plan(&text);
    let notification: serde_json::Value = serde_json::from_str(&body(&plan, 3)).expect("JSON");
    let attributes = &notification["MessageAttributes"];
    assert_eq!(attributes["test-run"]["Value"], "7");
    assert_eq!(attributes["tenant"]["Value"], "t1");
    assert!(carried(&plan, 3).is_empty());
}

#[test]
fn a_mark_that_no_message_can_carry_is_refused() {
    let own = |attributes: &str| format!("{MARK}[order.attributes]\n{attributes}");
    let many: String = (0..10).map(|at| format!("a{at} = \"x\"\n")).collect();
    let bad = format!("{MARK}[[bad]]\nname = \"unmarked\"\nwithout = [\"test-run\"]\n");
    for (text, told) in [
        (
            "[sending]\nmark = \"a b\"\n".to_owned(),
            "is not a valid name of a message attribute",
        ),
        ("[sending]\nmark = 7\n".to_owned(), "must be a text"),
        (
            own("test-run = \"x\"\n"),
            "[order] attributes has \"test-run\", too",
        ),
        (own(&many), "a message has at most 10 attributes, found 11"),
        (bad, "no message attribute is called \"test-run\""),
    ] {
        let errors = read(&text).expect_err("it is wrong");
        assert!(errors.contains(told), "{text}\n{errors}");
    }
    assert!(read(&own("tenant = \"x\"\n[processor]\ncommand = [\"f\"]\n")).is_ok());
}
