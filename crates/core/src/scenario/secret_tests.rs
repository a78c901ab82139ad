//! What a scenario keeps of secrets: names in its digest, and overrides without values.

use super::tests::with;
use super::*;

#[test]
fn a_digest_takes_in_the_names_of_an_environment_and_knows_the_older_one_with_values() {
    let of = |value: &str| {
        let variable = format!("processor.environment.KEY={value}");
        with(&["processor.command=[\"./bootstrap\"]", &variable]).unwrap()
    };
    let scenario = of("hunter2");
    assert_eq!(digest(&scenario), digest(&of("another")));
    let renamed = with(&[
        "processor.command=[\"./bootstrap\"]",
        "processor.environment.OTHER=hunter2",
    ]);
    assert_ne!(digest(&scenario), digest(&renamed.unwrap()));
    // As 0.3.0 wrote it and took its digest.
    let older = serde_json::to_string(&scenario).unwrap();
    let older = older.replace("\"KEY\":\"(not kept)\"", "\"KEY\":\"hunter2\"");
    assert!(older.contains("hunter2"));
    let read_back: Scenario = serde_json::from_str(&older).unwrap();
    let taken = fingerprint(older.as_bytes());
    assert!(is_digest(&taken, &read_back) && is_digest(&digest(&scenario), &read_back));
    assert!(!is_digest(&taken, &of("another")));
    assert!(!is_digest(&taken, &with(&[]).unwrap()));
}

#[test]
fn overrides_are_kept_without_secrets() {
    for (given, kept) in [
        ("seed=8", "--set seed=8"),
        ("processor.handler=x", "--set processor.handler=x"),
        (
            "processor.environment.A=secret",
            "--set processor.environment.A=\"(not kept)\"",
        ),
        (
            " processor.environment={ A = \"secret\" }",
            "--set  processor.environment={ A = \"(not kept)\" }",
        ),
        (
            "processor={ command = [\"x\"], environment = { A = \"secret\" } }",
            "--set processor={ command = [\"x\"], environment = { A = \"(not kept)\" } }",
        ),
        ("processor=secret", "--set processor=\"(not kept)\""),
        (
            "target.endpoint_url=http://user:secret@host",
            "--set target.endpoint_url=http://host",
        ),
    ] {
        let overrides = Overrides {
            set: vec![given.to_owned()],
            ..Overrides::default()
        };
        assert_eq!(overrides.as_texts(), [kept]);
    }
}
