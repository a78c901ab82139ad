//! The invariants stated in `lib.rs`, read off the source.

use std::path::{Path, PathBuf};

/// A source file: its path below the repository and its text.
struct Source {
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "crates"] {
        collect(&root.join(folder), &mut files);
    }
    assert!(files.len() > 50, "found only {} source files", files.len());
    files
        .into_iter()
        .map(|file| Source {
            path: file
                .strip_prefix(root)
                .expect("below the root")
                .display()
                .to_string(),
            text: std::fs::read_to_string(&file).expect("UTF-8 source"),
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The code without its comments: what the walls are about.
fn code(text: &str) -> String {
    text.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// The text without what is compiled for tests alone: each item under `#[cfg(test)]`, as rustfmt lays it out.
fn without_tests(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if line.trim() != "#[cfg(test)]" {
            kept.push(line);
            continue;
        }
        let ends = |line: &str| line == format!("{:indent$}}}", "");
        let mut item = lines
            .by_ref()
            .skip_while(|line| line.trim_start().starts_with("#["));
        let opens = item.next().is_some_and(|line| line.ends_with('{'));
        if opens {
            lines.by_ref().find(|line| ends(line));
        }
    }
    kept.join("\n")
}

#[test]
fn code_after_a_test_module_is_code() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\nfn b() {\n    c();\n}\n\n#[cfg(test)]\n#[path = \"x\"]\nmod more {\n    \
                fn d() {\n    }\n}\nfn e() {}";
    assert_eq!(
        without_tests(text),
        "use a;\nfn b() {\n    c();\n}\n\nfn e() {}"
    );
}

/// Below `src` of the program or of a crate.
fn is_of_the_program(source: &Source) -> bool {
    let mut parts = source.path.split('/');
    match parts.next() {
        Some("src") => true,
        Some("crates") => parts.nth(1) == Some("src"),
        _ => false,
    }
}

fn violations(word: &str, allowed: &[&str], sources: &[Source]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| is_of_the_program(source))
        .filter(|source| !allowed.iter().any(|room| source.path.starts_with(room)))
        .filter(|source| code(&source.text).contains(word))
        .map(|source| format!("{} names `{word}`", source.path))
        .collect()
}

#[test]
fn the_dependency_walls_stand() {
    let sources = sources();
    let walls: [(&str, &[&str]); 12] = [
        (
            "aws_sdk_",
            &[
                "crates/aws/",
                "crates/functions/",
                "src/embedded/",
                "crates/emulator/",
            ],
        ),
        ("aws_sigv4", &["crates/aws/src/send/"]),
        ("aws_config", &["crates/aws/", "crates/functions/"]),
        (
            "aws_lambda_events",
            &["crates/functions/", "src/embedded/", "crates/emulator/"],
        ),
        ("aws_runtime", &["crates/aws/src/account/service.rs"]),
        ("lambda_runtime", &["crates/functions/src/bin/"]),
        ("goose::", &["src/drive/"]),
        ("plotters", &["crates/report/src/charts"]),
        ("ratatui", &["src/commands/screen.rs", "src/commands/tui/"]),
        ("clap::", &["src/cli/", "src/main.rs"]),
        ("hdrhistogram::", &["crates/core/src/metrics/histogram.rs"]),
        ("dynoxide", &["crates/emulator/"]),
    ];
    let broken: Vec<_> = walls
        .iter()
        .flat_map(|(word, allowed)| violations(word, allowed, &sources))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The lab's order is one instance of the language: its words stand there, and where its own rows are written.
#[test]
fn only_the_lab_knows_the_labs_order() {
    let rooms = [
        "crates/core/src/order/lab",
        "crates/functions/src/",
        "src/embedded/rows.rs",
        "src/embedded/fault/rows.rs",
        // The stub plays the lab's table and tells the lab's messages, no others.
        "src/stub/reader.rs",
        "src/stub/rows.rs",
        // They know the lab's table and letters alone, so far.
        "crates/aws/src/account/clean/",
        "crates/aws/src/account/create.rs",
        // A column's name, in files that others read.
        "crates/report/src/csv.rs",
    ];
    let words = [
        "order_number",
        "order_details",
        "num_items",
        "price_per_item",
        "zMobile",
        "attribute::ID",
    ];
    let sources: Vec<_> = sources()
        .into_iter()
        .filter(|source| !source.path.contains("tests") && !source.path.ends_with("testing.rs"))
        .map(|source| Source {
            text: without_tests(&source.text),
            ..source
        })
        .collect();
    let broken: Vec<_> = words
        .iter()
        .flat_map(|word| violations(word, &rooms, &sources))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn only_the_commands_print() {
    let sources = sources();
    let broken: Vec<_> = ["println!(", "print!(", "dbg!("]
        .iter()
        .flat_map(|word| {
            violations(
                word,
                &["src/commands/", "src/main.rs", "crates/functions/src/bin/"],
                &sources,
            )
        })
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn what_is_printed_passes_the_wall() {
    let sources = sources();
    // Who writes to the terminal itself has to escape what it writes: these do.
    let walls = [
        "src/commands/output.rs",
        "src/commands/screen.rs",
        "src/commands/progress.rs",
        "src/commands/confirm.rs",
        "src/commands/tui/",
        "src/main.rs",
        "crates/functions/src/bin/",
    ];
    let broken: Vec<_> = [
        "(stdout()",
        " stdout()",
        "(stderr()",
        " stderr()",
        "println!(",
        "print!(",
    ]
    .iter()
    .flat_map(|word| violations(word, &walls, &sources))
    .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn pure_rooms_do_no_io_and_read_no_clock() {
    let pure = [
        "crates/core/src/",
        "crates/machines/src/",
        "crates/plan/src/",
    ];
    let impure = [
        "std::fs",
        "File::open",
        "TcpStream",
        "TcpListener",
        "Instant::now",
        "SystemTime::now",
        "async fn",
        ".await",
        "tokio::",
    ];
    let broken: Vec<_> = sources()
        .iter()
        .filter(|source| pure.iter().any(|room| source.path.starts_with(room)))
        .filter(|source| !source.path.contains("tests"))
        .flat_map(|source| {
            let text = code(&without_tests(&source.text));
            impure
                .into_iter()
                .filter(move |word| text.contains(word))
                .map(|word| format!("{} uses `{word}`", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_is_left_unfinished_and_no_file_has_grown_too_long() {
    let mut broken = Vec::new();
    for source in sources() {
        if source.path.ends_with("tidy.rs") {
            continue;
        }
        for word in [
            "todo!(",
            "unimplemented!(",
            "FIXME",
            "#[ignore]",
            "thread::sleep(Duration::from_secs",
        ] {
            if source.text.contains(word) {
                broken.push(format!("{} holds `{word}`", source.path));
            }
        }
        let lines = source.text.lines().count();
        if lines > 600 {
            broken.push(format!("{} has {lines} lines", source.path));
        }
        if !source.text.starts_with("//!") && !source.path.ends_with("suite/mod.rs") {
            broken.push(format!("{} does not open with what it is for", source.path));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// What may keep a test from an ordinary run: it needs what only .ci/run starts, or it is long.
const REASONS_TO_IGNORE: [&str; 2] = ["needs ", "full matrix: .ci/run runs it\"]"];

#[test]
fn what_is_ignored_says_why_and_the_full_matrices_run_in_ci() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines: Vec<_> = source.text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(reason) = line.strip_prefix("#[ignore = \"") else {
                continue;
            };
            let known = REASONS_TO_IGNORE
                .iter()
                .position(|known| reason.starts_with(known));
            let test = lines[index + 1..].iter().find(|line| line.contains("fn "));
            let is_matrix = test.is_some_and(|test| test.contains("fn full_matrix_"));
            let is_run = source.path.contains("src/") || source.path.contains("tests/suite/");
            if known.is_none() || is_matrix != (known == Some(1)) || (is_matrix && !is_run) {
                broken.push(format!("{}: {line} {test:?}", source.path));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
    let ci = std::fs::read_to_string(ci).expect(".ci/run");
    let steps = [
        "--lib -- --ignored full_matrix_",
        "--test main -- --ignored full_matrix_",
        "--ignored --skip peers_answer --skip full_matrix_",
    ];
    for step in steps {
        assert!(ci.contains(step), ".ci/run does not run `{step}`");
    }
}

/// What the core may stand on: nothing that does I/O, waits, or talks to anyone.
#[test]
fn core_and_machines_depend_on_no_runtime_and_no_client() {
    stands_on_nothing_that_waits("core", 5);
    stands_on_nothing_that_waits("machines", 0);
    stands_on_nothing_that_waits("plan", 0);
}

fn stands_on_nothing_that_waits(name: &str, more_than: usize) {
    let manifest = manifest(&format!("crates/{name}/Cargo.toml"));
    let names = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let names: Vec<_> = names.filter(|line| !line.is_empty()).collect();
    assert!(names.len() > more_than, "{names:?}");
    for word in [
        "tokio", "hyper", "aws", "rusqlite", "dynoxide", "goose", "futures", "flume", "clap",
    ] {
        let named = names.iter().any(|line| line.starts_with(word));
        assert!(!named, "crates/{name} stands on {word}");
    }
}

/// `cargo test` in the root alone runs the tests of every crate.
#[test]
fn every_crate_is_a_default_member() {
    let manifest = manifest("Cargo.toml");
    let members = manifest
        .lines()
        .find(|line| line.starts_with("default-members = "))
        .expect("default members in one line");
    assert!(members.contains("\".\""), "{members}");
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates");
    let mut seen = 0;
    for entry in std::fs::read_dir(crates).expect("crates/") {
        let name = entry.expect("a readable folder").file_name();
        let member = format!("\"crates/{}\"", name.display());
        assert!(
            members.contains(&member),
            "{member} is not a default member, so `cargo test` passes it by"
        );
        seen += 1;
    }
    assert!(seen > 0, "no crates");
}

fn manifest(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).expect("a manifest")
}

#[test]
fn every_scenario_says_first_what_it_is_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("scenarios/") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a scenario");
        assert!(
            text.starts_with('#'),
            "{} opens with a comment",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 6, "only {seen} scenarios");
}

#[test]
fn the_workflow_on_the_page_about_ci_is_the_sample_workflow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a file");
    let sample = read("examples/ci/orderproof.yml");
    let workflow = sample
        .lines()
        .skip_while(|line| line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    assert!(workflow.starts_with("name: "), "{workflow}");
    assert!(
        read("docs/ci.md").contains(&format!("```yaml\n{workflow}\n```")),
        "docs/ci.md shows another workflow than examples/ci/orderproof.yml"
    );
}
