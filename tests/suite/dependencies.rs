//! Every dependency that a manifest names is used by the package's sources: what nobody calls is not built.

use std::path::{Path, PathBuf};

/// Packages whose crate has another name.
const CRATE_NAMES: [(&str, &str); 2] = [("dynoxide-rs", "dynoxide"), ("md-5", "md5")];

/// Folders of a package whose code may use its dev-dependencies too.
const FOR_TESTS: [&str; 3] = ["tests", "benches", "examples"];

/// The manifests of the program and of what stands beside it in `crates/`.
fn manifests() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("Cargo.toml")];
    for entry in std::fs::read_dir(root.join("crates")).into_iter().flatten() {
        let manifest = entry.expect("an entry").path().join("Cargo.toml");
        found.extend(manifest.exists().then_some(manifest));
    }
    found
}

/// The Rust code below a folder, its comments left out.
fn code(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            code(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8 source");
            for line in text.lines() {
                // A file of another package that this one compiles, too.
                if let Some(other) = line.trim().strip_prefix("#[path = \"../") {
                    let other = other.trim_end_matches("\"]");
                    let other = std::fs::read_to_string(folder.join("..").join(other));
                    into.push_str(&other.expect("a file of another package"));
                }
                into.push_str(line.split("//").next().unwrap_or_default());
                into.push('\n');
            }
        }
    }
}

/// Whether the code names this crate: as a word of its own.
fn names(code: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(part) && !code[at + name.len()..].starts_with(part))
}

fn unused(manifest: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(manifest).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let folder = manifest.parent().expect("a folder");
    let (mut main, mut all) = (String::new(), String::new());
    code(&folder.join("src"), &mut main);
    all.push_str(&main);
    for place in FOR_TESTS {
        code(&folder.join(place), &mut all);
    }
    let mut found = Vec::new();
    for (section, code) in [("dependencies", &main), ("dev-dependencies", &all)] {
        let Some(named) = table.get(section).and_then(|value| value.as_table()) else {
            continue;
        };
        for package in named.keys() {
            let other = CRATE_NAMES.iter().find(|(of, _)| of == package);
            let name = other.map_or(package.as_str(), |(_, name)| name);
            if !names(code, &name.replace('-', "_")) {
                found.push(format!("{}: {section}: {package}", manifest.display()));
            }
        }
    }
    found
}

#[test]
fn every_dependency_is_used() {
    let unused: Vec<_> = manifests().iter().flat_map(|path| unused(path)).collect();
    assert!(unused.is_empty(), "remove from its manifest: {unused:#?}");
}

#[test]
fn a_name_within_another_is_no_use_of_it() {
    for (code, name, used, why) in [
        ("use hmac::Hmac;", "hmac", true, "a path"),
        (
            "let my_hmac = 1;",
            "hmac",
            false,
            "a longer word ends in it",
        ),
        (
            "use csv_core::Reader;",
            "csv",
            false,
            "a longer word begins with it",
        ),
        ("", "csv", false, "nothing"),
    ] {
        assert_eq!(names(code, name), used, "{why}");
    }
}
