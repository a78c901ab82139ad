//! README.md and docs/: samples are real output, links lead somewhere, the first page stays short.

use std::path::{Path, PathBuf};

use super::program::Program;

const MARK: &str = "<!-- sample: ";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages that people read.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("deploy/README.md")];
    let folder = std::fs::read_dir(root().join("docs")).expect("docs");
    let docs = folder.map(|entry| entry.expect("an entry").path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    pages.sort();
    pages
}

/// What `command` prints: `orderproof WORD...`, where a word that is a path here is read here, and `| head -N` cuts it.
fn output(command: &str) -> String {
    let (command, lines) = match command.split_once(" | head -") {
        Some((command, lines)) => (command, lines.parse().expect("a number of lines")),
        None => (command, usize::MAX),
    };
    let words = command
        .strip_prefix("orderproof ")
        .unwrap_or_else(|| panic!("not a command of orderproof: {command}"));
    // A forecast never exits 0.
    let code = if words.starts_with("plan ") { 7 } else { 0 };
    let ran = Program::new([])
        .here(root(), words.split_whitespace())
        .finish()
        .code(code);
    // A forecast that takes long says how far it is.
    let said = |line: &str| code == 7 && line.starts_with("tried ");
    assert!(ran.stderr.lines().all(said), "{}", ran.stderr);
    let shown: Vec<&str> = ran.stdout.trim_end().lines().take(lines).collect();
    shown.join("\n").trim_end().to_owned()
}

/// The page with what the commands of its samples print, and how many samples it has.
fn with_samples(page: &str) -> (String, usize) {
    let mut parts = page.split(MARK);
    let mut text = parts.next().expect("a beginning").to_owned();
    let mut samples = 0;
    for part in parts {
        let (command, rest) = part
            .split_once(" -->\n```text\n")
            .unwrap_or_else(|| panic!("a sample is a comment and a block of text: {part:.60}"));
        let after = match rest.strip_prefix("```") {
            Some(after) => after,
            None => rest.split_once("\n```").expect("an end of the block").1,
        };
        let printed = output(command);
        text += &format!("{MARK}{command} -->\n```text\n{printed}\n```{after}");
        samples += 1;
    }
    (text, samples)
}

/// `ORDERPROOF_WRITE_SAMPLES=1 cargo test --test main samples` writes them again.
#[test]
fn the_samples_of_the_pages_are_what_their_commands_print() {
    let mut seen = 0;
    for path in pages() {
        let page = read(&path);
        let (expected, samples) = with_samples(&page);
        seen += samples;
        if std::env::var_os("ORDERPROOF_WRITE_SAMPLES").is_some() {
            std::fs::write(&path, expected).expect("a page");
        } else {
            assert_eq!(
                page,
                expected,
                "{}: ORDERPROOF_WRITE_SAMPLES=1 cargo test --test main samples",
                path.display()
            );
        }
    }
    assert!(seen >= 2, "only {seen} samples");
}

#[test]
fn the_readme_shows_the_head_of_a_report_and_one_page_all_of_it() {
    let first = read(&root().join("README.md"));
    assert!(first.contains("<!-- sample: orderproof report reports/example-smoke | head -"));
    assert!(first.contains("```sh\ncargo run -- run scenarios/spike.toml\ncargo test\n```"));
    let page = read(&root().join("docs/reading-a-report.md"));
    assert!(page.contains("<!-- sample: orderproof report reports/example-spike -->"));
}

#[test]
fn the_readme_is_read_in_a_minute() {
    let page = read(&root().join("README.md"));
    let lines = page.lines().count();
    assert!(lines <= 220, "{lines} lines");
    // What the program printed stands as it was printed.
    let mut printed = false;
    for line in page.lines() {
        printed = line == "```text" || (printed && line != "```");
        let unbreakable = printed || line.starts_with("| ") || line.starts_with("![");
        assert!(unbreakable || line.chars().count() <= 120, "{line}");
    }
}

/// The headings of a page as GitHub names them in links.
fn anchors(page: &str) -> Vec<String> {
    let mut fenced = false;
    let headings = page.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && line.starts_with('#')
    });
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The targets of the links of a page, outside code.
fn links(page: &str) -> Vec<String> {
    let mut fenced = false;
    let prose = page.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && !line.starts_with("    ")
    });
    prose
        .flat_map(|line| {
            line.split("](")
                .skip(1)
                .filter_map(|rest| rest.split_once(')'))
                .map(|(target, _)| target.to_owned())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What is wrong with a link from the page at `path`.
fn broken(path: &Path, link: &str) -> Option<&'static str> {
    if link.starts_with("https://") {
        return None;
    }
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match file {
        "" => path.to_owned(),
        file => path.parent().expect("a folder").join(file),
    };
    if !target.exists() {
        return Some("nothing there");
    }
    let found = anchor.is_empty() || anchors(&read(&target)).iter().any(|name| name == anchor);
    (!found).then_some("no such heading")
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for path in pages() {
        for link in links(&read(&path)) {
            seen += 1;
            if let Some(why) = broken(&path, &link) {
                wrong.push(format!("{}: {link}: {why}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} links");
}

#[test]
fn a_link_to_nothing_is_seen_and_one_to_a_heading_is_not_accused() {
    let path = root().join("README.md");
    let broken = |link: &str| broken(&path, link);
    assert_eq!(broken("docs/nowhere.md"), Some("nothing there"));
    assert_eq!(broken("docs/gate.md#nowhere"), Some("no such heading"));
    assert_eq!(broken("docs/gate.md#a-baseline-in-ci"), None);
    assert_eq!(broken("#install"), None);
    let page = "[a](b.md) `x`\n```sh\n[c](d.md)\n```\n[e](f.md#g)";
    assert_eq!(links(page), ["b.md", "f.md#g"]);
}

/// The contents list names every page, so that none is forgotten.
#[test]
fn the_contents_list_names_every_page() {
    let contents = links(&read(&root().join("docs/README.md")));
    for path in pages() {
        let name = path.file_name().expect("a name").to_str().expect("UTF-8");
        let listed = name == "README.md" || contents.iter().any(|link| link == name);
        assert!(listed, "docs/README.md does not list {name}");
    }
}
