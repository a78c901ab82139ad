//! A verdict rests on the whole evidence on the disk: what was taken away, damaged, swapped or edited proves nothing,
//! neither a pass nor a loss.

use std::collections::BTreeSet;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use orderproof::evidence::Seal;
use orderproof::folder::digest_of_file;
use orderproof::order::RunId;
use serde_json::{Value, json};

use super::program::{EVIDENCE, Finished, Program, copy_of, sealed_run, wait_for};

fn call<const N: usize>(command: &str, run: &Path, arguments: [&str; N]) -> Finished {
    Program::new([command, &run.display().to_string()])
        .args(arguments)
        .finish()
}

/// Neither a pass nor an accusation; a file that holds no run at all may be refused as such.
fn proves_nothing(what: &str, run: &Path) {
    for (command, arguments) in [
        ("gate", &["--require-evidence", "--rule", "lost == 0"][..]),
        ("gate", &["--rule", "lost == 0"]),
        ("verify", &[]),
    ] {
        let folder = run.display().to_string();
        let mut program = Program::new([command, &folder]);
        for argument in arguments {
            program = program.args([*argument]);
        }
        let finished = program.finish();
        assert!(
            [2, 4].contains(&finished.code),
            "{what}: {command} {arguments:?} ended in {}:\n{}\n{}",
            finished.code,
            finished.stdout,
            finished.stderr
        );
        assert!(!finished.stdout.starts_with("PASS"), "{what}");
        assert!(!finished.stdout.starts_with("FAIL"), "{what}");
    }
}

#[test]
fn a_run_as_it_was_left_passes_again() {
    let (_folder, run) = copy_of(sealed_run());
    call("verify", &run, []).code(0).quiet();
    let gated = call("gate", &run, ["--require-evidence"]).code(0).quiet();
    assert!(gated.stdout.starts_with("PASS"), "{}", gated.stdout);
}

#[test]
fn any_file_that_is_gone_emptied_cut_or_flipped_proves_nothing() {
    for name in EVIDENCE {
        let whole = std::fs::read(sealed_run().join(name)).expect("a file of the run");
        let flipped = |position: usize| {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            bytes
        };
        let changes = [
            ("gone", None),
            ("emptied", Some(Vec::new())),
            ("cut", Some(whole[..whole.len() / 2].to_vec())),
            ("cut at its last line", Some(without_last_line(&whole))),
            ("flipped", Some(flipped(whole.len() / 2))),
            ("flipped near its end", Some(flipped(whole.len() - 4))),
        ];
        for (what, bytes) in changes {
            let (_folder, run) = copy_of(sealed_run());
            match bytes {
                None => std::fs::remove_file(run.join(name)).unwrap(),
                Some(bytes) => std::fs::write(run.join(name), bytes).unwrap(),
            }
            // Without its report a run is judged from the rest, and there is no gate to pass.
            if (name, what) == ("run.json", "gone") {
                call("gate", &run, []).code(2);
                continue;
            }
            proves_nothing(&format!("{name} {what}"), &run);
        }
    }
}

fn without_last_line(bytes: &[u8]) -> Vec<u8> {
    let end = bytes[..bytes.len() - 1]
        .iter()
        .rposition(|byte| *byte == b'\n');
    bytes[..end.map_or(0, |end| end + 1)].to_vec()
}

#[test]
fn files_of_another_run_prove_nothing() {
    let other = Program::new(["run", &super::program::scenario("smoke"), "--quiet"])
        .args(["--output-dir", "out", "--run-id", "4711"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"])
        .args(["--set", "expect.rules=[\"end_to_end_p99 < 50s\"]"])
        .finish()
        .code(0);
    for name in EVIDENCE {
        let (_folder, run) = copy_of(sealed_run());
        std::fs::copy(other.path("out").join(name), run.join(name)).unwrap();
        proves_nothing(&format!("{name} of another run"), &run);
    }
}

/// A copy of the run with a JSON file of it changed.
fn edited(name: &str, change: impl FnOnce(&mut Value)) -> (tempfile::TempDir, PathBuf) {
    let (folder, run) = copy_of(sealed_run());
    let path = run.join(name);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let before = value.clone();
    change(&mut value);
    assert_ne!(value, before, "{name} changed");
    let mut bytes = serde_json::to_vec_pretty(&value).unwrap();
    bytes.push(b'\n');
    std::fs::write(path, bytes).unwrap();
    (folder, run)
}

/// Seals the folder anew, as somebody who rewrites the evidence would.
fn reseal(run: &Path) {
    let path = run.join("seal.json");
    let seal: Seal = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let files = seal.files.iter();
    let files = files.map(|file| digest_of_file(run, &file.name, None).unwrap());
    let seal = Seal::over(RunId::new(seal.run_id.get()).unwrap(), files.collect());
    std::fs::write(path, seal.to_json()).unwrap();
}

type Edit = (&'static str, fn(&mut Value));

/// Figures of the report that the evidence holds, each with another value.
const EDITS: [Edit; 16] = [
    ("quiescence.drain", |run| {
        run["quiescence"]["drain"] = json!({"secs": 0, "nanos": 1_000_000})
    }),
    ("quiescence.empty_samples", |run| {
        run["quiescence"]["empty_samples"] = json!(7_777)
    }),
    ("scan.items", |run| run["scan"]["items"] = json!(7_777)),
    ("lookups.requests", |run| {
        run["lookups"]["requests"] = json!(7_777)
    }),
    ("dead_letter_sweep.items", |run| {
        run["dead_letter_sweep"]["items"] = json!(7_777)
    }),
    ("extra_dead_letter_copies", |run| {
        run["extra_dead_letter_copies"] = json!(7_777)
    }),
    ("foreign_rows", |run| run["foreign_rows"] = json!(7_777)),
    ("foreign_dead_letters", |run| {
        run["foreign_dead_letters"] = json!(7_777)
    }),
    ("bad_orders", |run| run["bad_orders"] = json!(7_777)),
    ("clock_skew_bound_us", |run| {
        run["clock_skew_bound_us"] = json!(7_777)
    }),
    ("send_errors", |run| {
        run["send_errors"] = json!({"rejected: none": 7_777})
    }),
    ("timeline.1.stored_orders", |run| {
        run["timeline"][1]["stored_orders"] = json!(7_777)
    }),
    ("timeline.1.backlog_orders", |run| {
        run["timeline"][1]["backlog_orders"] = json!(7_777)
    }),
    ("phases.1.figures.end_to_end", |run| {
        run["phases"][1]["figures"]["end_to_end"] =
            run["phases"][0]["figures"]["end_to_end"].clone()
    }),
    ("intervals.1.response_time", |run| {
        run["intervals"][1]["response_time"] = run["intervals"][0]["response_time"].clone()
    }),
    ("pipeline.failed_invocations", |run| {
        run["pipeline"]["failed_invocations"] = json!(7_777)
    }),
];

#[test]
fn a_figure_of_the_report_that_its_evidence_does_not_give_is_named_even_under_a_new_seal() {
    for (figure, change) in EDITS {
        let (_folder, run) = edited("run.json", change);
        let arguments = ["--require-evidence", "--rule", "lost == 0"];
        let unsealed = call("gate", &run, arguments).code(4).quiet();
        assert!(unsealed.stdout.contains("run.json"), "{}", unsealed.stdout);
        reseal(&run);
        let resealed = call("gate", &run, arguments).code(4).quiet();
        let told = format!("the report's {figure}");
        assert!(
            resealed.stdout.contains(&told),
            "{told} in {}",
            resealed.stdout
        );
    }
    // A near miss: the new seal over what was not changed.
    let (_folder, run) = copy_of(sealed_run());
    reseal(&run);
    call("gate", &run, ["--require-evidence"]).code(0).quiet();
}

/// Changes the set of orders with a row, which is written as ranges.
fn change_stored(file: &mut Value, change: impl FnOnce(&mut BTreeSet<u64>)) {
    let mut stored = BTreeSet::new();
    for range in file["observation"]["stored"].as_str().unwrap().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        stored.extend(first.parse::<u64>().unwrap()..=last.parse().unwrap());
    }
    change(&mut stored);
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for k in stored {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == k => *last = k,
            _ => ranges.push((k, k)),
        }
    }
    let text = |&(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    let text: Vec<String> = ranges.iter().map(text).collect();
    file["observation"]["stored"] = json!(text.join(","));
}

#[test]
fn an_observation_that_contradicts_itself_or_the_ledger_is_none_even_under_a_new_seal() {
    type Edit<'a> = (&'a str, &'a str, &'a dyn Fn(&mut Value));
    let edits: [Edit<'_>; 6] = [
        ("one row more than were read", "the scan read", &|file| {
            change_stored(file, |stored| {
                // The first order without a row is a bad one.
                let bad = (0..).find(|k| !stored.contains(k)).unwrap();
                stored.insert(bad);
            });
        }),
        ("a row less", "rows a time", &|file| {
            change_stored(file, |stored| {
                stored.pop_first();
            });
        }),
        (
            "a dead letter that nobody received",
            "the sweep received",
            &|file| {
                file["observation"]["foreign_dead_letters"] = json!(1_000);
            },
        ),
        ("another drain", "no sample shows it", &|file| {
            file["observation"]["quiescence"]["drain"] = json!({"secs": 0, "nanos": 1_000_000});
        }),
        ("no rest in the samples", "said to be at rest", &|file| {
            let samples = file["samples"].as_array_mut().unwrap();
            samples.last_mut().unwrap()["visible"] = json!(3);
        }),
        ("an order beyond the plan", "beyond the", &|file| {
            file["observation"]["dead_lettered"] = json!("900000");
        }),
    ];
    for (what, told, change) in edits {
        let (_folder, run) = edited("observation.json", change);
        let broken = call("verify", &run, []).code(4).quiet();
        assert!(
            broken.stdout.contains("evidence_changed"),
            "{}",
            broken.stdout
        );
        reseal(&run);
        let finished = call("verify", &run, []).code(4).quiet();
        assert!(
            finished.stdout.contains("evidence_contradicts") && finished.stdout.contains(told),
            "{what}: {told} in {}",
            finished.stdout
        );
    }
}

#[test]
fn a_folder_that_is_not_as_it_was_sealed_is_compared_with_nothing_and_shown_with_a_warning() {
    let (_folder, run) = edited("run.json", |run| run["redelivered"] = json!(7_777));
    let sealed = sealed_run().display().to_string();
    for (base, candidate) in [
        (&run, sealed_run()),
        (&sealed_run().to_owned(), run.as_path()),
    ] {
        let candidate = candidate.display().to_string();
        let refused = call("compare", base, [&candidate]).code(2);
        assert!(refused.stderr.contains("run.json"), "{}", refused.stderr);
    }
    let base = run.display().to_string();
    let arguments = ["--baseline", &base, "--rule", "regression < 50%"];
    call("gate", sealed_run(), arguments).code(2);
    let shown = call("report", &run, []).code(0);
    assert!(shown.stdout.starts_with("PASS"), "{}", shown.stdout);
    assert!(shown.stderr.contains("prove nothing"), "{}", shown.stderr);
    call("compare", sealed_run(), [&sealed]).code(0);
}

#[test]
fn what_has_no_seal_is_shown_and_proves_nothing() {
    let (_folder, run) = copy_of(sealed_run());
    std::fs::remove_file(run.join("seal.json")).unwrap();
    let verified = call("verify", &run, []).code(4).quiet();
    for part in ["evidence_unsealed", "the evidence says PASS", "--live"] {
        assert!(
            verified.stdout.contains(part),
            "{part} in {}",
            verified.stdout
        );
    }
    let of_0_3_0 = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/run-0.3.0");
    call("verify", &of_0_3_0, []).code(4).quiet();
    let gated = call("gate", &of_0_3_0, []).code(4).quiet();
    assert!(gated.stdout.contains("sealed nothing"), "{}", gated.stdout);
    // Nor does a rule that is broken accuse.
    call("gate", &of_0_3_0, ["--rule", "drain < 1ms"])
        .code(4)
        .quiet();
    let (_folder, alone) = copy_of(&of_0_3_0);
    for name in ["plan.json", "ledger.journal", "observation.json"] {
        std::fs::remove_file(alone.join(name)).unwrap();
    }
    call("gate", &alone, []).code(4).quiet();
    call("report", &alone, []).code(0).quiet();
}

#[test]
fn a_run_whose_seal_is_gone_is_compared_with_nothing_and_a_report_alone_is_compared() {
    let sealed = sealed_run().display().to_string();
    let (_folder, run) = edited("run.json", |run| run["redelivered"] = json!(7_777));
    std::fs::remove_file(run.join("seal.json")).unwrap();
    let base = run.display().to_string();
    for refused in [
        call("compare", &run, [&sealed]),
        call("compare", sealed_run(), [&base]),
        call(
            "gate",
            sealed_run(),
            ["--baseline", &base, "--rule", "regression < 50%"],
        ),
    ] {
        let refused = refused.code(2);
        let why = "seal.json is missing";
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    let shown = call("report", &run, []).code(0);
    assert!(shown.stderr.contains("prove nothing"), "{}", shown.stderr);
    // Near misses: the report without anything that it could contradict, and a run of a version that sealed nothing.
    let alone = tempfile::tempdir().unwrap();
    std::fs::copy(sealed_run().join("run.json"), alone.path().join("run.json")).unwrap();
    call(
        "compare",
        sealed_run(),
        [&alone.path().display().to_string()],
    )
    .code(0);
    let of_0_3_0 = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/run-0.3.0");
    call("compare", &of_0_3_0, [&of_0_3_0.display().to_string()]).code(0);
}

/// What somebody does to the folder of a run that goes on.
type Mischief = (&'static str, fn(&Path));

const MISCHIEF: [Mischief; 8] = [
    ("the folder is removed", |out| {
        std::fs::remove_dir_all(out).unwrap()
    }),
    ("the journal is emptied", |out| {
        std::fs::write(out.join("ledger.journal"), "").unwrap()
    }),
    ("the journal is removed", |out| {
        std::fs::remove_file(out.join("ledger.journal")).unwrap()
    }),
    ("the journal is replaced", |out| {
        let path = out.join("ledger.journal");
        let whole = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, whole).unwrap();
    }),
    ("the plan is removed", |out| {
        std::fs::remove_file(out.join("plan.json")).unwrap()
    }),
    ("the plan is edited", |out| {
        let path = out.join("plan.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("\"seed\": 1", "\"seed\": 2", 1)).unwrap();
    }),
    ("the page cannot be written", |out| {
        std::fs::create_dir_all(out.join("report.html/there")).unwrap()
    }),
    ("the report cannot be written", |out| {
        std::fs::create_dir_all(out.join("run.json/there")).unwrap()
    }),
];

const SCENARIO: &str = r#"
name = "evidence"
question = "Does the verdict rest on what is on the disk?"
seed = 1

[[phase]]
name = "baseline"
rate = "100/s"
duration = "2s"

[settle]
deadline = "20s"

[expect]
max_schedule_lag_p99 = "10s"
"#;

fn run_with(mischief: Option<Mischief>) -> (i32, String) {
    let program = Program::new(["run", "evidence.toml", "--output-dir", "out", "--quiet"])
        .file("evidence.toml", SCENARIO)
        .args(["--rate", "40/s"]);
    let child = program
        .command()
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let out = program.folder().join("out");
    if let Some((_, change)) = mischief {
        let journal = out.join("ledger.journal");
        wait_for("orders sent", || {
            std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() > 8)
        });
        change(&out);
    }
    let output = child.wait_with_output().expect("the program ends");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    (output.status.code().expect("a code"), stdout)
}

#[test]
fn no_run_passes_whose_evidence_was_taken_away_while_it_went_on() {
    let (code, told) = run_with(None);
    assert_eq!(code, 0, "left alone it passes: {told}");
    assert!(told.starts_with("PASS"), "{told}");
    std::thread::scope(|scope| {
        for pair in MISCHIEF.chunks(4) {
            scope.spawn(move || {
                for &(what, change) in pair {
                    let (code, told) = run_with(Some((what, change)));
                    assert_eq!(code, 4, "{what}: {told}");
                    assert!(told.starts_with("INCONCLUSIVE"), "{what}: {told}");
                    assert!(told.contains("not whole on the disk"), "{what}: {told}");
                }
            });
        }
    });
}

/// Bytes that a file of the run may have: the plan fits, the journal and the report do not.
const FILE_BYTES: libc::rlim_t = 6_000;

#[test]
fn a_file_that_may_not_grow_ends_in_a_verdict_like_a_full_disk() {
    let program = Program::new(["run", "evidence.toml", "--output-dir", "out", "--quiet"])
        .file("evidence.toml", SCENARIO);
    let mut command = program.command();
    let limit = libc::rlimit {
        rlim_cur: FILE_BYTES,
        rlim_max: FILE_BYTES,
    };
    // SAFETY: a plain system call between fork and exec.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_FSIZE, &limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    let output = command.output().expect("the program ends");
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{told}{errors}");
    assert!(told.starts_with("INCONCLUSIVE"), "{told}");
    assert!(errors.contains("File too large"), "{errors}");
}
