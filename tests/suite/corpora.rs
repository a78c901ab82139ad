//! The fuzz targets' corpora and every crash they found, replayed through the same entries.

#[path = "../../fuzz/entries.rs"]
mod entries;

use std::path::Path;

#[test]
fn every_file_of_the_corpora_is_survived() {
    type Entry = fn(&[u8]);
    let targets: [(&str, Entry, usize); 6] = [
        ("scenario", entries::scenario, 12),
        ("journal", entries::journal, 4),
        ("run_json", entries::run_json, 8),
        ("evidence", entries::evidence, 6),
        ("sqs_request", entries::sqs_request, 18),
        ("order_body", entries::order_body, 13),
    ];
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (target, entry, least) in targets {
        let mut replayed = 0;
        for folder in ["corpus", "crashes"] {
            let Ok(files) = std::fs::read_dir(fuzz.join(folder).join(target)) else {
                assert_eq!(folder, "crashes", "{target} has a corpus");
                continue;
            };
            for file in files {
                let path = file.expect("a readable folder").path();
                let data = std::fs::read(&path).expect("a readable file");
                let survived = std::panic::catch_unwind(|| entry(&data)).is_ok();
                assert!(survived, "{} ends in a panic", path.display());
                replayed += 1;
            }
        }
        assert!(replayed >= least, "only {replayed} files of {target}");
    }
}

#[test]
fn a_report_and_a_plan_of_the_corpus_are_read_and_not_just_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/run_json");
    let read = |name: &str| std::fs::read(corpus.join(name)).expect("a seed");
    orderproof::results::parse_report(&read("run"), Path::new("run")).expect("a report");
    orderproof::results::parse_plan(&read("plan"), Path::new("plan")).expect("a plan");
}

/// Bodies nobody should send, by what is wrong with them.
fn hostile_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let order = |number: &str, items: &str, price: &str, description: &str| {
        format!(
            r#"{{"order_number": {number}, "num_items": {items}, "price_per_item": {price}, "item_description": {description}}}"#
        )
        .into_bytes()
    };
    let long = format!("\"{}\"", "x".repeat(10 << 20));
    let nested = "[".repeat(100_000);
    let object = r#"{"a":"#.repeat(100_000);
    vec![
        ("ten megabytes", order("7", "1", "110.0", &long)),
        ("nested arrays", nested.clone().into_bytes()),
        ("a nested price", order("7", "1", &nested, "\"zTV\"")),
        ("nested objects", object.into_bytes()),
        (
            "invalid UTF-8",
            b"{\"order_number\": 7, \"\xff\xfe\": 1}".to_vec(),
        ),
        (
            "beyond 2^53",
            order("9007199254740993", "1", "110.0", "\"zTV\""),
        ),
        (
            "beyond u64",
            order("18446744073709551616", "1", "110.0", "\"zTV\""),
        ),
        ("a negative number", order("-7", "1", "110.0", "\"zTV\"")),
        ("a negative price", order("7", "1", "-110.0", "\"zTV\"")),
        ("NaN spelled out", order("7", "1", "NaN", "\"zTV\"")),
        ("NaN as a text", order("7", "1", "\"NaN\"", "\"zTV\"")),
        ("Infinity", order("7", "1", "Infinity", "\"zTV\"")),
        ("a price out of range", order("7", "1", "1e999", "\"zTV\"")),
        (
            "items out of range",
            order("7", "99999999999999999999", "110.0", "\"zTV\""),
        ),
        ("a number as a float", order("7.0", "1", "110.0", "\"zTV\"")),
        (
            "a number as a text",
            order("\"7\"", "1", "110.0", "\"zTV\""),
        ),
        (
            "two numbers",
            order("7, \"order_number\": 8", "1", "110.0", "\"zTV\""),
        ),
        ("a lone surrogate", order("7", "1", "110.0", r#""\ud800""#)),
        (
            "control characters",
            order("7", "1", "110.0", "\"\u{1}\u{1b}[31m\""),
        ),
        ("a byte-order mark", "\u{feff}{}".into()),
        ("nothing", Vec::new()),
    ]
}

#[test]
fn hostile_bodies_fail_alone_and_break_nobody_who_reads_them() {
    for (what, body) in hostile_bodies() {
        let survived = std::panic::catch_unwind(|| entries::order_body(&body)).is_ok();
        assert!(survived, "{what}");
    }
}
