//! The reference has every key that the reader asks for and no other; what it says is so.

use super::super::{Overrides, Scenario, parse_with_files};
use super::*;

fn read(text: &str) -> Result<Scenario, String> {
    parse_with_files("x.toml", text, &Overrides::default(), &files)
        .map_err(|errors| errors.to_string())
}

#[test]
fn the_specimens_are_scenarios_so_every_example_is_accepted() {
    for specimen in SPECIMENS {
        read(specimen).unwrap_or_else(|errors| panic!("{errors}\n{specimen}"));
    }
}

/// Whether a path is that of tables that have a head of their own, and not a key.
fn is_head(path: &str, parts: &[Part]) -> bool {
    parts.iter().any(|part| {
        let head = part.path();
        let own = head.trim_end_matches("[]") == path || head.starts_with(&format!("{path}."));
        let within = part.keys.iter().any(|key| {
            let key = part.at(&key.name);
            key.starts_with(&format!("{path}."))
        });
        own || within
    })
}

/// The keys that have no meaning, and the meanings that belong to no key.
fn strays(asked: &BTreeMap<String, Asked>, parts: &[Part]) -> (Vec<String>, Vec<String>) {
    let keys = parts
        .iter()
        .flat_map(|part| part.keys.iter().map(|key| part.at(&key.name)));
    let explained: Vec<String> = keys.collect();
    let unexplained = asked
        .keys()
        .filter(|path| !explained.contains(path) && !is_head(path, parts))
        .cloned();
    let unread = explained.iter().filter(|path| !asked.contains_key(*path));
    (unexplained.collect(), unread.cloned().collect())
}

#[test]
fn every_key_has_a_meaning_and_every_meaning_a_key() {
    let (asked, parts) = (asked(), parts());
    assert_eq!(strays(&asked, &parts), (vec![], vec![]));
    assert!(asked.len() > 150, "{} keys", asked.len());
}

#[test]
fn a_key_that_is_not_explained_is_seen_and_so_is_one_that_nobody_reads() {
    let (mut asked, mut parts) = (asked(), parts());
    let key = asked.remove("settle.deadline").expect("a key");
    assert_eq!(strays(&asked, &parts).1, ["settle.deadline"]);
    asked.insert("settle.deadline".into(), key.clone());
    asked.insert("settle.patience".into(), key);
    assert_eq!(strays(&asked, &parts).0, ["settle.patience"]);
    parts.retain(|part| part.head != "[settle]");
    assert_eq!(strays(&asked, &parts).0.len(), 3);
}

#[test]
fn every_key_has_an_example_a_type_and_a_default() {
    let (asked, parts) = (asked(), parts());
    for part in &parts {
        for key in &part.keys {
            let path = part.at(&key.name);
            let found = &asked[&path];
            assert!(found.value.is_some(), "{path} has no example");
            let known = key.default.is_some() || found.default.is_some();
            assert!(known, "{path}: nothing says its default");
            let takes = found.kind != Kind::Value || !found.hint.is_empty() || key.takes.is_some();
            assert!(takes, "{path}: nothing says what it takes");
        }
    }
}

/// What a specimen is when `path` of it is left out, or is `value`.
fn changed(specimen: &str, path: &str, value: Option<&Value>) -> String {
    let mut table: Table = specimen.parse().expect("TOML");
    change(&mut table, path, value);
    table.to_string()
}

fn change(table: &mut Table, path: &str, value: Option<&Value>) {
    match path.split_once('.') {
        None => match value {
            Some(value) => drop(table.insert(path.into(), value.clone())),
            None => drop(table.remove(path)),
        },
        Some((first, rest)) => {
            let inner = match first.split_once('[') {
                Some((name, at)) => {
                    let at: usize = at.trim_end_matches(']').parse().expect("a number");
                    table[name].get_mut(at).expect("an element")
                }
                None => &mut table[first],
            };
            change(inner.as_table_mut().expect("a table"), rest, value);
        }
    }
}

/// Every key of the specimens with where it stands in one that has it.
fn written() -> Vec<(&'static str, String, Asked)> {
    let each = |specimen| {
        let (asked, _) = asked_for(specimen, &files);
        let there = asked.into_iter().filter(|asked| asked.value.is_some());
        there.map(move |asked| (specimen, place(&asked.path), asked))
    };
    SPECIMENS.into_iter().flat_map(each).collect()
}

#[test]
fn what_is_required_is_refused_when_it_is_left_out() {
    let (mut tried, written) = (0, written());
    for part in parts() {
        for key in &part.keys {
            let required = key.default.as_deref() == Some("required");
            let at = part.at(&key.name);
            for (specimen, _, asked) in written
                .iter()
                .filter(|(_, path, _)| required && *path == at)
            {
                let text = changed(specimen, &asked.path, None);
                // What `self-test` alone looks at is read beside the scenario.
                let (_, found) = asked_for(&text, &files);
                assert!(!found.is_empty(), "{} is not required", asked.path);
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn the_defaults_that_are_said_are_those_of_the_reader() {
    let (mut tried, written) = (0, written());
    for part in parts() {
        for key in &part.keys {
            let Some(default) = &key.default else {
                continue;
            };
            let literal = format!("x = {default}").parse::<Table>();
            let Ok(literal) = literal else { continue };
            let at = part.at(&key.name);
            for (specimen, _, asked) in written.iter().filter(|(_, path, _)| *path == at) {
                let without = changed(specimen, &asked.path, None);
                let said = changed(specimen, &asked.path, Some(&literal["x"]));
                let (without, said) = (read(&without), read(&said));
                if let Ok(without) = without {
                    assert_eq!(Ok(without), said, "{} = {default}", asked.path);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= 12, "{tried}");
}

/// The scenarios of the repository: where each lies, and its text.
pub(super) fn committed() -> Vec<(std::path::PathBuf, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    for folder in [
        "scenarios",
        "scenarios/faults",
        "examples/patterns",
        "examples/shop",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).expect(folder) {
            let path = entry.expect("an entry").path();
            if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let text = std::fs::read_to_string(&path).expect("a scenario");
                found.push((path, text));
            }
        }
    }
    assert!(found.len() > 60, "{} scenarios", found.len());
    found
}

#[test]
fn the_keys_of_every_committed_scenario_are_in_it() {
    let known = asked();
    for (path, text) in committed() {
        for asked in asked_for(&text, &files).0 {
            let at = place(&asked.path);
            let again = at.starts_with("processors.NAME.");
            assert!(again || known.contains_key(&at), "{at}: {}", path.display());
        }
    }
}

/// `ORDERPROOF_WRITE_REFERENCE=1 cargo test -p orderproof-core reference` writes it again.
#[test]
fn the_committed_page_is_what_the_reader_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/scenario-reference.md"
    );
    if std::env::var_os("ORDERPROOF_WRITE_REFERENCE").is_some() {
        std::fs::write(path, reference()).expect("a place for the page");
    }
    let page = std::fs::read_to_string(path).expect("docs/scenario-reference.md");
    assert_eq!(
        page,
        reference(),
        "stale: ORDERPROOF_WRITE_REFERENCE=1 cargo test -p orderproof-core reference"
    );
}
