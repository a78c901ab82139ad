//! Hostile texts, by hand and by chance, through every format.

use proptest::prelude::*;

use super::line::is_unseen;
use super::*;

/// Pieces of which hostile texts are made.
fn piece() -> impl Strategy<Value = String> {
    let made = [
        "\u{1b}[2J",
        "\u{1b}]0;x\u{7}",
        "\n::error::x",
        "\r::set-output name=a::b",
        "##[error]",
        "##vso[task.setvariable]",
        " ::warning::y",
        "=1+1",
        "+cmd",
        "-1",
        "@SUM(A1)",
        "\t=2",
        "\u{202e}evil",
        "\u{2066}x\u{2069}",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}::error::z",
        "\u{85}",
        "\u{9b}31m",
        "\u{7f}",
        "\u{0}",
        "]]>",
        "<script>",
        "&amp;",
        "\"'",
        "`|",
        "](http://x)",
        "\u{fffe}",
        "\u{ffff}",
        "\u{e0041}",
        "::",
        ":::",
        "## [",
        "a,b;c",
        "#",
        "[",
        ":",
        " ",
        "price",
        "\u{10ffff}",
    ];
    prop_oneof![
        proptest::sample::select(made.to_vec()).prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        "[ -~]{0,8}",
    ]
}

fn hostile() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..12).prop_map(|pieces| pieces.concat())
}

/// Whether a CI runner could take the line for a command: GitHub's trims it and looks for `::` first, and for `##[` anywhere.
fn is_command(line: &str) -> bool {
    let marker = |(at, _): (usize, &str)| {
        let rest = line[at + 2..].trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        rest.starts_with('[')
    };
    line.trim_start().starts_with("::") || line.match_indices("##").any(marker)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_line_is_one_line_of_which_all_is_seen_and_nothing_obeyed(text in hostile(), before in "[ a-z]{0,3}") {
        let shown = line(&text);
        prop_assert!(!shown.chars().any(is_unseen), "{shown:?}");
        prop_assert!(shown.split_whitespace().all(|word| !is_command(word)), "{shown:?}");
        prop_assert!(!is_command(&format!("{before}{shown}")), "{shown:?}");
        prop_assert_eq!(line(&shown), shown.clone(), "what was shown stays");
        // Nothing is lost: a reader can tell that something was there.
        prop_assert!(shown.chars().filter(|c| *c != ' ').count() == text.chars().filter(|c| *c != ' ').count());
    }

    #[test]
    fn a_terminal_gets_lines_and_colors_and_no_more(text in hostile(), color: bool) {
        let shown = terminal(&text, color);
        prop_assert_eq!(shown.split('\n').count(), text.split('\n').count());
        let plain = shown.replace("\u{1b}[31m", "").replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        prop_assert!(!plain.chars().any(|c| c != '\n' && is_unseen(c)) , "{shown:?}");
        prop_assert!(!plain.split('\n').any(is_command), "{shown:?}");
        prop_assert_eq!(terminal(&shown, color), shown.clone());
    }

    #[test]
    fn markdown_stays_in_its_cell(text in hostile()) {
        for told in [cell(&text), code(&text)] {
            prop_assert!(!told.chars().any(is_unseen), "{told:?}");
            let bars = told.match_indices('|').filter(|(at, _)| !told[..*at].ends_with('\\')).count();
            prop_assert_eq!(bars, 0, "{:?}", told);
            prop_assert_eq!(told.matches('`').count() % 2, 0);
        }
        prop_assert_eq!(code(&text).matches('`').count(), 2);
    }

    #[test]
    fn a_csv_cell_is_no_formula_and_comes_back(text in hostile()) {
        let told = csv_text(&text);
        prop_assert!(!told.trim_start().starts_with(['=', '+', '-', '@']), "{told:?}");
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        writer.write_record(["1", &told, "2"]).unwrap();
        let bytes = writer.into_inner().unwrap();
        prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
        let row = reader.records().next().unwrap().unwrap();
        prop_assert_eq!(&row[1], &*told);
        prop_assert_eq!(&row[2], "2");
    }

    #[test]
    fn xml_holds_only_what_xml_knows(text in hostile()) {
        let told = xml(&text);
        let legal = |c: char| matches!(c, '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
        prop_assert!(told.chars().all(legal), "{told:?}");
        prop_assert!(!told.split('\n').any(is_command), "{told:?}");
    }

    #[test]
    fn json_says_the_same(text in hostile()) {
        let value = serde_json::json!({&text: [&text, 1, [text.len()]]});
        let document = serde_json::to_string_pretty(&value).unwrap();
        let shown = json(&document);
        prop_assert!(!shown.chars().any(|c| c != '\n' && is_unseen(c)), "{shown:?}");
        prop_assert!(!shown.split('\n').any(is_command), "{shown:?}");
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn a_page_holds_no_markup_of_the_text(text in hostile()) {
        let told = html(&maud::html! { p title=(text) { (text) } }.into_string());
        prop_assert!(!told.chars().any(|c| c != '\n' && is_unseen(c)), "{told:?}");
        prop_assert_eq!(told.matches('<').count(), 2, "{:?}", told);
    }
}

#[test]
fn what_is_harmless_stays_as_it_is() {
    for text in [
        "baseline",
        "std::io::Error",
        "http://[::1]:9324",
        "größer, 価格, ❤️, price: 3.50 $",
        "# 1 [x]",
        "",
    ] {
        assert_eq!(line(text), text);
        assert_eq!(terminal(text, false), text);
        assert_eq!(csv_text(text), text);
        assert_eq!(xml(text), text);
    }
    assert_eq!(terminal("a\n  b\n", false), "a\n  b\n");
    assert_eq!(
        terminal("\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m", true),
        "\u{1b}[1m\u{1b}[31mFAIL\u{1b}[0m"
    );
    assert_eq!(csv_text("7-1"), "7-1");
    assert_eq!(json("{\n  \"a\": \"#[b]\"\n}"), "{\n  \"a\": \"#[b]\"\n}");
}

#[test]
fn what_is_obeyed_is_shown_instead() {
    assert_eq!(
        line("=1+1\u{1b}[2J\u{7}\n::error::x"),
        "=1+1␛[2J␇␊::error::x"
    );
    assert_eq!(line("::error::x"), ": :error::x");
    assert_eq!(line("a ::error::x"), "a : :error::x");
    assert_eq!(line("##[error]x ##vso[a]"), "## [error]x ##vso [a]");
    assert_eq!(line("\u{202e}abc"), "\u{fffd}abc");
    assert_eq!(terminal("a\n \t::error::x\rb", false), "a\n ␉: :error::x␍b");
    assert_eq!(
        terminal("\u{1b}[31m::error::x", true),
        "\u{1b}[31m: :error::x"
    );
    assert_eq!(terminal("\u{1b}[31mx", false), "␛[31mx");
    assert_eq!(terminal("\u{1b}[2Jx", true), "␛[2Jx");
    for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1"] {
        assert!(csv_text(formula).starts_with('\''), "{formula:?}");
    }
    assert_eq!(
        json("\"\u{202e}##[error]\u{e0041}\""),
        r#""\u202e##\u005berror]\udb40\udc41""#
    );
}

#[test]
fn a_word_stays_one_word_in_a_shell() {
    for (word, shown) in [
        ("scenarios/spike.toml", "scenarios/spike.toml"),
        ("a b", "'a b'"),
        ("", "''"),
        ("it's; rm -rf $HOME", "'it'\\''s; rm -rf $HOME'"),
        ("500/s", "500/s"),
    ] {
        assert_eq!(shell(word), shown);
    }
}
