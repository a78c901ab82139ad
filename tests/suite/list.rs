//! `orderproof list`, `init`, `completions` and `man` through the real program.

use std::path::Path;

use serde_json::Value;

use super::program::{Finished, Program};

fn reports() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reports")
}

fn list<const N: usize>(dir: &Path, arguments: [&str; N]) -> Finished {
    Program::new(["list", &dir.display().to_string()])
        .args(arguments)
        .finish()
}

/// Puts the report of the committed smoke run where a test wants it.
fn put(folder: &Path, change: impl FnOnce(&mut Value)) {
    let bytes = std::fs::read(reports().join("example-smoke/run.json")).unwrap();
    let mut report: Value = serde_json::from_slice(&bytes).unwrap();
    change(&mut report);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(
        folder.join("run.json"),
        serde_json::to_vec(&report).unwrap(),
    )
    .unwrap();
}

#[test]
fn the_committed_runs_are_listed_with_what_they_proved() {
    let finished = list(&reports(), []).code(0).quiet();
    let rows: Vec<_> = finished.stdout.lines().collect();
    assert!(rows[0].starts_with("  when (UTC)"), "{}", finished.stdout);
    let spike = rows
        .iter()
        .find(|row| row.ends_with("example-spike"))
        .expect("a row");
    assert!(
        spike.contains(" spike ") && spike.contains("pass") && spike.contains("40,000"),
        "{spike}"
    );
    let only = list(&reports(), ["--scenario", "smoke", "--json"]).code(0);
    let only: Value = serde_json::from_str(&only.stdout).unwrap();
    assert_eq!(only.as_array().unwrap().len(), 1);
    assert_eq!(only[0]["run"]["planned"], 675);
}

#[test]
fn a_runs_own_folder_is_a_list_of_one() {
    let own = reports().join("example-smoke");
    let only: Value = serde_json::from_str(&list(&own, ["--json"]).code(0).stdout).unwrap();
    let only = only.as_array().unwrap();
    assert_eq!(only.len(), 1);
    assert_eq!(only[0]["folder"], "example-smoke");
    let none = tempfile::tempdir().unwrap();
    let none = list(none.path(), []).code(0);
    assert!(none.stdout.starts_with("no runs in "), "{}", none.stdout);
}

#[test]
fn a_p99_of_fewer_than_a_hundred_orders_is_not_listed() {
    for (orders, is_listed) in [(99, false), (100, true)] {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("run"), |report| {
            for phase in report["phases"].as_array_mut().unwrap() {
                phase["end_to_end_us"]["count"] = orders.into();
            }
        });
        let listed = list(folder.path(), ["--json"]).code(0);
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        let run = &listed[0]["run"];
        assert_eq!(
            run["end_to_end_p99_us"].is_u64(),
            is_listed,
            "{orders}: {run}"
        );
    }
}

#[test]
fn the_latest_come_first_and_what_cannot_be_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    put(&at("older"), |report| {
        report["started_at"] = "2026-01-01T00:00:00Z".into()
    });
    put(&at("newer"), |report| {
        report["started_at"] = "2026-02-01T00:00:00Z".into()
    });
    put(&at("lost"), |report| {
        report["started_at"] = "2025-01-01T00:00:00Z".into();
        report["classes"]["lost"] = 12.into();
        report["verdict"] = "fail".into();
    });
    put(&at("early"), |report| report["schema_version"] = 2.into());
    std::fs::create_dir(at("torn")).unwrap();
    std::fs::write(at("torn").join("run.json"), "{").unwrap();
    std::fs::create_dir(at("killed")).unwrap();
    std::fs::write(at("killed").join("plan.json"), "{}").unwrap();
    std::fs::create_dir(at("holiday-pictures")).unwrap();
    let finished = list(folder.path(), []).code(0).quiet();
    let text = &finished.stdout;
    let place = |name: &str| {
        text.find(name)
            .unwrap_or_else(|| panic!("{name} in {text}"))
    };
    assert!(
        place("  newer") < place("  older") && place("  older") < place("  lost\n"),
        "{text}"
    );
    assert!(
        text.contains("early: ") && text.contains("orderproof 0.2 reads it"),
        "{text}"
    );
    assert!(
        text.contains("torn: ") && text.contains("not a file of orderproof"),
        "{text}"
    );
    assert!(text.contains("killed: no report"), "{text}");
    assert!(!text.contains("holiday"), "{text}");
    let limited = list(folder.path(), ["--limit", "4", "--json"]).code(0);
    let limited: Value = serde_json::from_str(&limited.stdout).unwrap();
    assert_eq!(limited.as_array().unwrap().len(), 4);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_and_an_empty_one_is_not() {
    let missing = list(Path::new("nowhere"), []).code(2);
    assert!(
        missing.stderr.contains("run a scenario first"),
        "{}",
        missing.stderr
    );
    let empty = tempfile::tempdir().unwrap();
    assert!(
        list(empty.path(), [])
            .code(0)
            .stdout
            .starts_with("no runs in")
    );
}

#[test]
fn a_run_whose_folder_is_not_as_it_was_sealed_is_listed_with_a_note() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("run");
    std::fs::create_dir(&at).unwrap();
    for entry in std::fs::read_dir(reports().join("example-smoke")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            std::fs::copy(entry.path(), at.join(entry.file_name())).unwrap();
        }
    }
    let note = "run: its figures prove nothing: ";
    let listed = || list(folder.path(), []).code(0).quiet().stdout;
    assert!(!listed().contains("prove nothing"), "{}", listed());
    let doubt = |contains: &str| {
        let text = listed().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(note) && text.contains(contains), "{text}");
        let json: Value =
            serde_json::from_str(&list(folder.path(), ["--json"]).code(0).stdout).unwrap();
        let told = json[0]["doubt"].as_str().unwrap();
        assert!(told.contains(contains), "{told}");
    };
    let reported = || {
        let reported = Program::new(["report", &at.display().to_string()]).finish();
        reported
            .stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    // One figure is another, and no length is.
    let report = std::fs::read_to_string(at.join("run.json")).unwrap();
    let edited = report.replacen("675", "676", 1);
    assert_ne!(edited, report);
    std::fs::write(at.join("run.json"), edited).unwrap();
    doubt("is not as it was when it was sealed");
    assert!(
        reported().ends_with("; restore the folder"),
        "{}",
        reported()
    );
    std::fs::write(at.join("run.json"), report).unwrap();
    assert!(!listed().contains("prove nothing"), "{}", listed());
    std::fs::remove_file(at.join("seal.json")).unwrap();
    doubt("seal.json is missing");
    // Where a run ended without one there is nothing to restore.
    let next = "restore seal.json if the run left one, or run the scenario again";
    assert!(reported().ends_with(next), "{}", reported());
    // A report alone is what it is.
    let alone = tempfile::tempdir().unwrap();
    put(&alone.path().join("run"), |_| {});
    let alone = list(alone.path(), []).code(0).stdout;
    assert!(!alone.contains("prove nothing"), "{alone}");
}

fn init<const N: usize>(arguments: [&str; N]) -> Finished {
    Program::new(["init"]).args(arguments).finish()
}

#[test]
fn a_scenario_is_written_once_and_is_valid() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sale.toml").display().to_string();
    init([&file, "--rate", "20/s", "--peak", "8x"]).code(0);
    let checked = Program::new(["check", &file]).finish().code(0);
    assert!(
        checked.stdout.contains("at most 160/s"),
        "{}",
        checked.stdout
    );
    // The first line leads an editor to the schema, which is there and is the program's own.
    let text = std::fs::read_to_string(&file).unwrap();
    let named = text.lines().next().unwrap().strip_prefix("#:schema ./");
    let schema = folder
        .path()
        .join(named.expect("the line that editors look for"));
    let own = Program::new(["schema", "scenario"]).finish().code(0);
    assert_eq!(std::fs::read_to_string(&schema).unwrap(), own.stdout);
    std::fs::write(&schema, "somebody's own").unwrap();
    let beside = folder.path().join("second.toml").display().to_string();
    init([&beside]).code(0);
    let kept = std::fs::read_to_string(&schema).unwrap();
    assert_eq!(kept, "somebody's own", "nothing is overwritten");
    let again = init([&file]).code(2);
    assert!(
        again.stderr.contains("nothing is overwritten"),
        "{}",
        again.stderr
    );
    let printed = init(["-"]).code(0).stdout;
    assert!(printed.contains("[[phase]]") && !printed.contains("#:schema"));
    for wrong in ["fast", "0/s\"\nseed = \"", "-1/s"] {
        let rate = format!("--rate={wrong}");
        let refused = init(["-", &rate]).code(2);
        assert!(
            refused.stdout.is_empty() && refused.stderr.contains("rate"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn a_scenario_is_guessed_from_a_message_and_shows_its_orders() {
    let folder = tempfile::tempdir().unwrap();
    let sample = folder.path().join("sample.json").display().to_string();
    let order =
        r#"{"orderId": "5f0c1f5e-8d0a-4f5a-9f5b-0c8d5a1b2c3d", "sku": "TV-55", "total": 12.50}"#;
    std::fs::write(&sample, order).unwrap();
    let file = folder.path().join("mine.toml").display().to_string();
    init([&file, "--from", &sample]).code(0);
    let shown = Program::new(["check", &file, "--show", "2"])
        .finish()
        .code(0)
        .quiet()
        .stdout;
    for part in [
        "  order 0 (good), belongs to stored",
        "\"sku\": \"TV-55\", \"total\": 12.50}",
        "    leaves in table orders: orderId = ",
        "(bad: incomplete), belongs to dead_letter",
        "    leaves itself in the dead-letter queue",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    std::fs::write(&sample, "{\"name\": \"x\"}").unwrap();
    let refused = init(["-", "--from", &sample]).code(2);
    assert!(refused.stderr.contains("order's id"), "{}", refused.stderr);
}

#[test]
fn a_shell_understands_its_completions() {
    let script = Program::new(["completions", "bash"])
        .finish()
        .code(0)
        .quiet()
        .stdout;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orderproof.bash");
    std::fs::write(&file, script).unwrap();
    let asked = format!(
        "source {}; COMP_WORDS=(orderproof comp); COMP_CWORD=1; _orderproof orderproof comp orderproof; echo \"${{COMPREPLY[@]}}\"",
        file.display()
    );
    let bash = std::process::Command::new("bash")
        .args(["-c", &asked])
        .output()
        .unwrap();
    let offered = String::from_utf8_lossy(&bash.stdout);
    assert!(
        bash.status.success() && offered.contains("compare"),
        "{offered} {bash:?}"
    );
    for shell in ["zsh", "fish", "elvish", "powershell"] {
        let script = Program::new(["completions", shell]).finish().code(0).stdout;
        assert!(script.contains("preflight"), "{shell}");
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man");
    Program::new(["man", "--output-dir", &out.display().to_string()])
        .finish()
        .code(0);
    let help = Program::new(["--help"]).finish().code(0).stdout;
    let commands = help
        .lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1);
    let commands: Vec<_> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(commands.len() >= 15, "{commands:?}");
    for name in commands {
        let page = std::fs::read_to_string(out.join(format!("orderproof-{name}.1"))).expect(name);
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains(".TH"),
            "{name}"
        );
    }
    let main = Program::new(["man"]).finish().code(0).quiet().stdout;
    assert!(main.contains(".TH orderproof"), "{main}");
}
