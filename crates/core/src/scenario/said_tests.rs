//! What is said of a wrong file or a wrong argument: by name, once, and of what there is.

use super::tests::{SPIKE, read, with};
use super::*;

#[test]
fn a_key_is_said_once_and_by_the_name_of_its_phase_where_that_is_one() {
    let phase = |name: &str, rate: &str| {
        format!("[[phase]]\nname = \"{name}\"\nrate = \"{rate}\"\nduration = \"5 seconds\"\n")
    };
    let head = "name = \"x\"\nquestion = \"Does it hold?\"\n";
    let told = |phases: &[String]| {
        read(&format!("{head}{}", phases.concat()))
            .unwrap_err()
            .to_string()
    };
    let named = told(&[phase("usual", "100 rps"), phase("spike", "soon")]);
    assert!(
        named.contains("phase \"spike\".rate (line 9, column 1): \"soon\""),
        "{named}"
    );
    // Of two of one name the index tells which is meant.
    let twice = told(&[phase("usual", "100/s"), phase("usual", "soon")]);
    assert!(
        twice.contains("phase[1].rate (line 9, column 1): \"soon\""),
        "{twice}"
    );
    // One key, however many rules it breaks.
    let none = read("name = \"x\"\nquestion = \"?\"\nphase = 5\n").unwrap_err();
    assert_eq!(none.violations.len(), 1, "{none}");
}

#[test]
fn what_is_set_names_what_there_is() {
    for (set, parts) in [
        (
            "phase.sale.rate=5/s",
            &[
                "no phase sale; there are baseline, spike, recovery",
                "phase.baseline.KEY=VALUE",
            ][..],
        ),
        ("phase.9.rate=5/s", &["no phase 9; there are baseline"]),
        ("phase.spike=5", &["phase.spike is a table"]),
        ("name.x=5", &["name is no table"]),
    ] {
        let told = with(&[set]).unwrap_err().to_string();
        assert!(
            parts.iter().all(|part| told.contains(part)),
            "{set}: {told}"
        );
    }
    with(&["phase.2.rate=5/s"]).expect("by its index");
    let rate = |rate: &str| {
        let overrides = Overrides {
            rate: Some(rate.into()),
            ..Overrides::default()
        };
        parse("test.toml", SPIKE, &overrides)
    };
    for wrong in ["0/s", "0 rps", "5x", "fast"] {
        let told = rate(wrong).unwrap_err();
        assert_eq!(told.violations.len(), 1, "{told}");
        assert_eq!(told.violations[0].key, "--rate", "{told}");
    }
    assert_eq!(rate("300 rps").expect("a rate").phases[0].start_rate, 300.0);
    let two = with(&["pipeline.mapping.maximum_concurrency=2"]).expect("fine alone");
    assert_eq!(two.pipeline.mapping.starting_concurrency, 2);
}

#[test]
fn what_the_command_line_gave_is_said_of_its_option_and_not_of_a_line() {
    for (set, said) in [
        (
            "pipeline.visibilty_timeout=5s",
            "--set pipeline.visibilty_timeout: unknown key",
        ),
        (
            "pipeline.visibility_timeout=5",
            "--set pipeline.visibility_timeout: must be a text",
        ),
        ("phase.spike.rate=soon", "--set phase.spike.rate: \"soon\""),
        ("phase.1.rate=soon", "--set phase.1.rate: \"soon\""),
        (
            "fault=[{kind=\"vanish\", count=1}]",
            "fault[0].kind (--set fault): \"vanish\" is not a choice\n      did you mean `message_vanishes`?",
        ),
    ] {
        let told = with(&[set]).unwrap_err().to_string();
        assert!(told.contains(said), "{set}: {told}");
        assert!(!told.contains("line "), "{set}: {told}");
    }
    // What the file itself has wrong keeps its line.
    let told = read(&SPIKE.replace("\"5x\"", "\"soon\"")).unwrap_err();
    assert!(told.to_string().contains("(line "), "{told}");
}

#[test]
fn rules_that_cannot_both_hold_are_refused() {
    let rules = |rules: &str| with(&[&format!("expect.rules={rules}")]);
    let told = rules("[\"drain < 1s\", \"drain > 2s\"]").unwrap_err();
    assert!(told.to_string().contains("cannot both hold"), "{told}");
    assert!(rules("[\"drain < 2s\", \"drain > 1s\"]").is_ok());
}

#[test]
fn a_message_given_for_a_scenario_is_told_from_one() {
    let told = read("{\"id\": 1}").unwrap_err().to_string();
    assert!(told.contains("init FILE --from"), "{told}");
    let told = read("name = ").unwrap_err().to_string();
    assert!(
        told.contains("is not TOML") && !told.contains("--from"),
        "{told}"
    );
}

#[test]
fn a_rule_on_what_no_run_counts_is_refused() {
    let rule = "expect.rules=[\"throttled_writes == 0\"]";
    let told = with(&["target=aws", rule]).unwrap_err().to_string();
    assert!(told.contains("only the embedded pipeline"), "{told}");
    assert!(with(&[rule]).is_ok(), "the embedded pipeline counts it");
    let own = [
        "target={processor=\"local\"}",
        "processor={command=[\"x\"]}",
        rule,
    ];
    with(&own).expect("and so does a function of one's own");
}
