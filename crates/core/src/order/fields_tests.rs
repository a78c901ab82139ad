//! Fields: what is drawn, what is refused.

use super::super::{Id, RunId, Scheme, Values};
use super::*;
use crate::order::random::{Stream, generator};
use crate::order::spec::TimeFormat;

fn fields(list: &[(&str, Field)]) -> BTreeMap<String, Field> {
    let owned = |(name, field): &(&str, Field)| ((*name).to_owned(), field.clone());
    list.iter().map(owned).collect()
}

fn compiled(fields: &BTreeMap<String, Field>) -> Result<(Names, Fields), Vec<Problem>> {
    let names = Names::new(Scheme::Number, field_names(fields));
    let mut problems = Vec::new();
    let compiled = compile_fields(fields, &names, "order.fields", &mut problems);
    match problems.is_empty() {
        true => Ok((names, compiled)),
        false => Err(problems),
    }
}

/// What `template` gives for the orders `0..count`.
fn given(list: &[(&str, Field)], template: &str, count: u64) -> Vec<String> {
    let (names, compiled) =
        compiled(&fields(list)).unwrap_or_else(|problems| panic!("{problems:?}"));
    let template = Template::json(template, &names).expect("a template");
    let run = RunId::new(7).expect("a run id");
    let one = |n| {
        let drawn = compiled.draw(&mut generator(2026, Stream::Content, n), n);
        template.rendered(&Values::new(
            Id::Number(n),
            run,
            n,
            1_795_770_000_123,
            drawn,
        ))
    };
    (0..count).map(one).collect()
}

fn pick(values: &[&str], weights: &[f64]) -> Field {
    Field::Pick {
        values: values.iter().map(|&value| value.into()).collect(),
        weights: weights.to_vec(),
    }
}

fn decimal(least: &str, most: &str, places: u8) -> Field {
    Field::Decimal {
        least: least.into(),
        most: most.into(),
        places,
    }
}

fn table(rows: &[[&str; 2]], take: Take) -> Field {
    Field::Data {
        columns: vec!["email".into(), "age".into()],
        rows: rows
            .iter()
            .map(|row| row.map(str::to_owned).to_vec())
            .collect(),
        take,
    }
}

fn list(least: u32, most: u32, of: &str, inner: &[(&str, Field)]) -> Field {
    Field::List {
        least,
        most,
        of: of.into(),
        fields: fields(inner),
    }
}

#[test]
fn numbers_stay_within_both_ends_and_reach_them() {
    let numbers = given(
        &[("x", Field::Integer { least: -2, most: 2 })],
        "{{x}}",
        500,
    );
    let distinct: std::collections::BTreeSet<_> = numbers.into_iter().collect();
    assert_eq!(distinct.len(), 5);
    assert!(distinct.contains("-2") && distinct.contains("2"));
    let all = Field::Integer {
        least: i64::MIN,
        most: i64::MAX,
    };
    let wide = given(&[("x", all)], "{{x}}", 100);
    assert!(wide.iter().all(|number| number.parse::<i64>().is_ok()));
    assert!(wide.iter().any(|number| number.len() > 15));
}

#[test]
fn decimals_have_all_their_places_and_no_binary_noise() {
    let prices = given(&[("x", decimal("-0.05", "0.1", 2))], "{{x}}", 500);
    let distinct: std::collections::BTreeSet<_> = prices.iter().map(String::as_str).collect();
    assert_eq!(distinct.len(), 16, "{distinct:?}");
    for there in ["-0.05", "0.00", "0.10"] {
        assert!(distinct.contains(there), "{there}");
    }
    let whole = given(&[("x", decimal("3", "3.0", 0))], "{{x}}", 1);
    assert_eq!(whole, ["3"]);
}

#[test]
fn weights_decide_how_often() {
    let field = pick(&["\"a\"", "\"b\"", "\"c\""], &[8.0, 0.0, 2.0]);
    let drawn = given(&[("x", field)], "{{x}}", 10_000);
    let count = |value: &str| drawn.iter().filter(|drawn| *drawn == value).count();
    assert!((7_700..8_300).contains(&count("\"a\"")));
    assert_eq!(count("\"b\""), 0);
    assert_eq!(count("\"a\"") + count("\"c\""), 10_000);
    let flags = given(&[("x", Field::True(0.1))], "{{x}}", 10_000);
    let share = flags.iter().filter(|flag| *flag == "true").count();
    assert!((900..1_100).contains(&share), "{share}");
}

#[test]
fn texts_have_the_lengths_asked_for() {
    let field = Field::Text {
        p50: 100,
        p99: 1_000,
    };
    let mut lengths: Vec<usize> = given(&[("x", field)], "{{x}}", 4_000)
        .iter()
        .map(|text| text.len() - 2)
        .collect();
    lengths.sort_unstable();
    assert!((90..110).contains(&lengths[2_000]), "{}", lengths[2_000]);
    assert!((800..1_250).contains(&lengths[3_960]), "{}", lengths[3_960]);
    assert!(lengths[3_999] <= 4_000);
}

#[test]
fn a_field_is_the_same_wherever_it_stands() {
    let text = Field::Text { p50: 30, p99: 60 };
    let lines = list(
        1,
        3,
        r#"{"at": {{at}}, "sku": "{{sku}}", "order": {{n}}, "note": {{note}}}"#,
        &[("sku", pick(&["\"A1\"", "\"B2\""], &[]))],
    );
    let both = given(
        &[("lines", lines), ("note", text), ("other", Field::NewUuid)],
        r#"[{{lines}}, "{{lines}}", "{{other}}", {{other}}]"#,
        200,
    );
    let mut lengths = std::collections::BTreeSet::new();
    for json in both {
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let lines = value[0].as_array().expect("a list");
        let within: serde_json::Value =
            serde_json::from_str(value[1].as_str().expect("a text")).expect("JSON");
        assert_eq!(value[0], within);
        assert_eq!(value[2], value[3]);
        assert!(lines.iter().enumerate().all(|(at, line)| line["at"] == at));
        assert!(lines.iter().all(|line| line["note"] == lines[0]["note"]));
        lengths.insert(lines.len());
    }
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn uuids_are_new_and_of_version_4() {
    let uuids = given(&[("x", Field::NewUuid)], "{{x}}", 100);
    assert!(uuids.iter().all(|uuid| &uuid[15..16] == "4"), "{uuids:?}");
    let distinct: std::collections::BTreeSet<_> = uuids.iter().collect();
    assert_eq!(distinct.len(), 100);
}

#[test]
fn times_are_of_the_instant_the_order_is_due() {
    let fields = [
        ("a", Field::Time(TimeFormat::Rfc3339)),
        ("b", Field::Time(TimeFormat::UnixMs)),
        ("c", Field::Time(TimeFormat::Date)),
    ];
    let given = given(&fields, r#"[{{a}}, {{b}}, "{{b}}", {{c}}]"#, 1);
    let expected = r#"["2026-11-27T09:00:00.123Z", 1795770000123, "1795770000123", "2026-11-27"]"#;
    assert_eq!(given, [expected]);
}

#[test]
fn rows_of_data_are_taken_as_asked() {
    let rows = [["a@x", "30"], ["b@x", "41"], ["c@\"x", "0"]];
    let taken = |take| {
        let field = table(&rows, take);
        given(
            &[("customer", field)],
            r#"{{customer.age}} {{customer.email}}"#,
            6,
        )
    };
    let in_turn = ["30 \"a@x\"", "41 \"b@x\"", "0 \"c@\\\"x\""];
    assert_eq!(taken(Take::InTurn), [in_turn, in_turn].concat());
    assert_eq!(taken(Take::Once)[..3], in_turn);
    assert!(
        taken(Take::Random)
            .iter()
            .all(|row| in_turn.contains(&row.as_str()))
    );
    let mixed = table(&[["a", "7"], ["b", "007"]], Take::InTurn);
    let given = given(&[("customer", mixed)], "{{customer.age}}", 2);
    assert_eq!(given, ["\"7\"", "\"007\""], "a column is of one type");
}

#[test]
fn the_largest_is_as_large_as_any() {
    let inner = [
        ("sku", pick(&["\"A\"", "\"LONG\""], &[])),
        (
            "q",
            Field::Integer {
                least: 1,
                most: 100,
            },
        ),
    ];
    let list = list(1, 5, r#"{"s": {{sku}}, "q": {{q}}}"#, &inner);
    let all = fields(&[
        ("lines", list),
        ("note", Field::Text { p50: 10, p99: 20 }),
        ("total", decimal("-10", "5", 2)),
        ("customer", table(&[["a", "1"], ["bbb", "2"]], Take::Random)),
    ]);
    let (names, compiled) = compiled(&all).expect("fields");
    let template = Template::json("{{lines}} {{note}} {{total}} {{customer.email}}", &names)
        .expect("a template");
    let run = RunId::new(7).expect("a run id");
    let length = |drawn| {
        template
            .rendered(&Values::new(Id::Number(0), run, 0, 0, drawn))
            .len()
    };
    let largest = length(compiled.largest());
    assert_eq!(largest, 5 * 23 + 8 + 2 + 1 + 82 + 1 + 6 + 1 + 5);
    for n in 0..300 {
        assert!(length(compiled.draw(&mut generator(1, Stream::Content, n), n)) <= largest);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_its_key() {
    for (name, field, parts) in [
        (
            "x",
            pick(&[], &[]),
            ["order.fields.x", "nothing to pick from"],
        ),
        (
            "x",
            pick(&["a"], &[]),
            ["order.fields.x", "not a JSON value"],
        ),
        (
            "x",
            pick(&["1", "2"], &[1.0]),
            ["order.fields.x", "2 values have 1 weights"],
        ),
        (
            "x",
            pick(&["1"], &[f64::NAN]),
            ["order.fields.x", "NaN is not a weight"],
        ),
        (
            "x",
            pick(&["1"], &[-1.0]),
            ["order.fields.x", "-1 is not a weight"],
        ),
        (
            "x",
            pick(&["1"], &[0.0]),
            ["order.fields.x", "all weights are zero"],
        ),
        (
            "x",
            Field::Integer { least: 2, most: 1 },
            ["order.fields.x", "2 is above 1"],
        ),
        (
            "x",
            decimal("0.001", "1", 2),
            ["order.fields.x", "0.001 is not a decimal with 2 places"],
        ),
        (
            "x",
            decimal("1e3", "1", 2),
            ["order.fields.x", "1e3 is not a decimal"],
        ),
        (
            "x",
            decimal("0", "99999999999999999999", 2),
            ["order.fields.x", "not a decimal"],
        ),
        ("x", decimal("0", "1", 16), ["order.fields.x", "16 places"]),
        (
            "x",
            Field::True(1.1),
            ["order.fields.x", "is not within 0% and 100%"],
        ),
        (
            "x",
            Field::Text { p50: 9, p99: 8 },
            ["order.fields.x", "not valid lengths"],
        ),
        (
            "x",
            list(3, 2, "1", &[]),
            ["order.fields.x", "3 to 2 elements"],
        ),
        (
            "x",
            list(1, 2, "{\"a\": }", &[]),
            ["order.fields.x.of", "is not JSON"],
        ),
        (
            "x",
            list(1, 2, "{{skv}}", &[("sku", pick(&["1"], &[]))]),
            ["order.fields.x.of", "`{{skv}}`"],
        ),
        (
            "x",
            list(1, 2, "1", &[("y", pick(&[], &[]))]),
            ["order.fields.x.fields.y", "nothing to pick"],
        ),
        (
            "x",
            list(1, 2, "1", &[("y", table(&[["a", "b"]], Take::Once))]),
            ["order.fields.x.fields.y", "at random"],
        ),
        ("x", table(&[], Take::Once), ["order.fields.x", "no row"]),
        (
            "id",
            pick(&["1"], &[]),
            ["order.fields.id", "a meaning of its own"],
        ),
        (
            "a b",
            pick(&["1"], &[]),
            ["order.fields.\"a b\"", "not a valid field name"],
        ),
    ] {
        let problems = compiled(&fields(&[(name, field.clone())])).expect_err(name);
        let told = format!("{}: {}", problems[0].key, problems[0].rule);
        assert!(
            parts.iter().all(|part| told.contains(part)),
            "{field:?}: {told}"
        );
    }
}
