//! An event bus and its rules.

use super::*;

#[test]
fn a_rule_must_be_enabled_take_every_order_and_have_the_queue_as_its_target_once() {
    let pattern = |text: &'static str| one_rule(move |rule| rule.pattern = Some(text.into()));
    let second = |change: fn(&mut RuleFacts)| {
        rules(move |rules| {
            let mut second = rule();
            second.name = "second".into();
            change(&mut second);
            rules.push(second);
        })
    };
    try_all(vec![
        Case(
            BUS,
            rules(Vec::clear),
            Trap::Rule,
            Void,
            "no rule of shop has orders-queue",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.enabled = false),
            Trap::Rule,
            Void,
            "is disabled",
        ),
        Case(BUS, rules(|_| {}), Trap::Rule, Well, "enabled"),
        Case(BUS, second(|_| {}), Trap::Rule, Gin, "each arrives 2 times"),
        Case(
            BUS,
            second(|rule| rule.enabled = false),
            Trap::Rule,
            Well,
            "target: to-queue",
        ),
        Case(
            BUS,
            second(|rule| rule.pattern = Some(r#"{"source":["bank"]}"#.into())),
            Trap::Rule,
            Well,
            "enabled",
        ),
        Case(
            BUS,
            pattern(r#"{"source":["bank"]}"#),
            Trap::DoorFilter,
            Void,
            "takes none",
        ),
        Case(
            BUS,
            pattern(r#"{"detail-type":[{"prefix":"Order"}]}"#),
            Trap::DoorFilter,
            Well,
            "takes every order",
        ),
        Case(
            BUS,
            pattern(r#"{"detail":{"num_items":[{"numeric":[">",1]}]}}"#),
            Trap::DoorFilter,
            Gin,
            "leaves out",
        ),
        Case(
            BUS,
            pattern(r#"{"source":[{"wildcard":"s*"}]}"#),
            Trap::DoorFilter,
            Unknown,
            "500 of the first 500",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.pattern = None),
            Trap::DoorFilter,
            Void,
            "takes none",
        ),
    ]);
}

#[test]
fn a_rule_hands_on_what_the_scenario_expects_and_for_how_long_is_told() {
    let input = |input: TargetInput| one_rule(move |rule| rule.input = input.clone());
    try_all(vec![
        Case(
            BUS,
            input(TargetInput::Path("$.detail".into())),
            Trap::Envelope,
            Void,
            "hands on $.detail alone",
        ),
        Case(
            BUS_RAW,
            rules(|_| {}),
            Trap::Envelope,
            Void,
            "hands on whole events",
        ),
        Case(
            BUS_RAW,
            input(TargetInput::Path("$.detail.order".into())),
            Trap::Envelope,
            Void,
            "$.detail.order",
        ),
        Case(
            BUS,
            input(TargetInput::Constant),
            Trap::Envelope,
            Void,
            "the same text",
        ),
        Case(
            BUS,
            input(TargetInput::Transformed),
            Trap::Envelope,
            Unknown,
            "InputTransformer",
        ),
        Case(
            BUS,
            one_rule(|rule| rule.maximum_age = None),
            Trap::Retries,
            Caution,
            "up to 1.0 d",
        ),
        Case(BUS, rules(|_| {}), Trap::Retries, Well, "up to 60 s"),
    ]);
}
