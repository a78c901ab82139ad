//! Secrets are planted wherever a user may have one, and looked for in every file and in everything that is printed.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use orderproof::processor::KIND_VARIABLE;

use super::local::without_function;
use super::program::{Finished, Program, function_binary};

/// What every planted secret holds.
const PLANTED: &str = "pLaNtEd";

/// 20 good orders through a function of the user's own.
fn scenario() -> String {
    format!(
        r#"
name = "secrets"
question = "Where do secrets go?"
[[phase]]
name = "baseline"
rate = "20/s"
duration = "1s"
[processor]
command = ["{}", "postgres://user:{PLANTED}-argument@host/db"]
[processor.environment]
{KIND_VARIABLE} = "orderproof"
API_KEY = "{PLANTED}-in-the-file"
DATABASE = "postgres://user:{PLANTED}-in-a-url@host/db"
[pipeline]
visibility_timeout = "20s"
[expect]
max_schedule_lag_p99 = "10s"
"#,
        function_binary("lab-order-processor")
    )
}

fn is_clean(what: &str, text: &str) {
    let line = text.lines().find(|line| line.contains(PLANTED));
    assert!(line.is_none(), "{what}: {}", line.unwrap_or_default());
}

/// Looks into every file below a folder, and says how many there are.
fn files_are_clean(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let looked_at = entries.map(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return files_are_clean(&path);
        }
        let bytes = std::fs::read(&path).expect("a file");
        is_clean(
            &path.display().to_string(),
            &String::from_utf8_lossy(&bytes),
        );
        1
    });
    looked_at.sum()
}

fn prints_nothing_secret(finished: &Finished) {
    is_clean("standard output", &finished.stdout);
    is_clean("standard error", &finished.stderr);
}

#[test]
fn what_a_function_is_told_in_its_environment_is_kept_by_name_alone() {
    let run = Program::new(["run", "secrets.toml", "--output-dir", "out"])
        .file("secrets.toml", &scenario())
        .args([
            "--set",
            &format!("processor.environment.TOKEN={PLANTED}-set"),
        ])
        .env("ORDERPROOF_LOG", "trace");
    // That it passes shows that the function has the values themselves.
    let run = run.finish().code(0);
    std::fs::remove_file(run.path("secrets.toml")).expect("the user's own file");
    prints_nothing_secret(&run);
    assert!(
        files_are_clean(&run.path("out")) > 15,
        "every file was looked at"
    );
    for file in ["out/plan.json", "out/run.json"] {
        let environment = &run.json(file)["scenario"]["processor"]["environment"];
        for name in ["API_KEY", "DATABASE", "TOKEN"] {
            assert_eq!(environment[name], "(not kept)", "{file}: {environment}");
        }
    }
    let overrides = run.json("out/run.json")["provenance"]["overrides"].clone();
    assert_eq!(
        overrides[0],
        "--set processor.environment.TOKEN=\"(not kept)\""
    );

    let out = run.path("out").display().to_string();
    for again in [
        Program::new(["verify", &out]),
        Program::new(["gate", &out, "--rule", "lost == 0"]),
        Program::new(["compare", &out, &out, "--format", "json"]),
        Program::new(["report", &out, "--format", "html"]),
        Program::new(["report", &out]),
    ] {
        let again = again.finish();
        assert!(
            [0, 4].contains(&again.code),
            "{}{}",
            again.stdout,
            again.stderr
        );
        prints_nothing_secret(&again);
    }
}

#[test]
fn a_whole_environment_on_the_command_line_is_kept_by_name_alone() {
    let whole =
        format!("processor.environment={{ A = \"{PLANTED}\", {KIND_VARIABLE} = \"orderproof\" }}");
    let run = Program::new([
        "run",
        "secrets.toml",
        "--output-dir",
        "out",
        "--set",
        &whole,
    ])
    .file("secrets.toml", &scenario());
    let run = run.finish().code(0);
    prints_nothing_secret(&run);
    files_are_clean(&run.path("out"));
    // What cannot be read is not repeated.
    for wrong in [
        format!("processor.environment.A.B={PLANTED}"),
        format!("processor.environment=[\"{PLANTED}\"]"),
        format!("processor={PLANTED}"),
    ] {
        let refused = Program::new(["check", "secrets.toml", "--set", &wrong])
            .file("secrets.toml", &scenario())
            .finish()
            .code(2);
        prints_nothing_secret(&refused);
    }
}

#[test]
fn credentials_and_passwords_in_urls_go_nowhere() {
    let served = without_function();
    let address = served.endpoint().replace("http://", "");
    let with_secrets = |program: Program| {
        program
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", &format!("{PLANTED}-key"))
            .env("AWS_SESSION_TOKEN", &format!("{PLANTED}-token"))
            .env(
                "AWS_ENDPOINT_URL",
                &format!("http://user:{PLANTED}-password@{address}"),
            )
            .env("ORDERPROOF_LOG", "trace")
    };
    let run = Program::new([
        "run",
        &super::program::scenario("smoke"),
        "--output-dir",
        "out",
    ])
    .args([
        "--target",
        "aws",
        "--region",
        "us-east-1",
        "--processor",
        "local",
    ])
    .args([
        "--rate",
        "10/s",
        "--duration",
        "1s",
        "--set",
        "target.exact_counts=true",
    ])
    .args([
        "--set",
        "expect.rules=[]",
        "--set",
        "expect.max_schedule_lag_p99=10s",
    ]);
    let run = with_secrets(run).finish().code(0);
    assert!(
        run.stderr.contains("orderproof_functions::"),
        "there is a log to look into"
    );
    prints_nothing_secret(&run);
    assert!(files_are_clean(&run.path("out")) > 15);
    assert!(
        run.json("out/run.json")["provenance"]["target"]
            .as_str()
            .is_some_and(|at| at.contains(&address)),
        "the endpoint itself is told"
    );
    let out = run.path("out").display().to_string();
    for look in ["--live", "--resume"] {
        let look = with_secrets(Program::new(["verify", &out, look]))
            .finish()
            .code(0);
        prints_nothing_secret(&look);
    }
    files_are_clean(&run.path("out"));
}

#[test]
fn a_password_in_an_endpoint_of_the_scenario_is_refused_and_not_repeated() {
    let url = format!("http://user:{PLANTED}@127.0.0.1:1");
    for set in [
        format!("target.endpoint_url={url}"),
        format!("target={{ sqs_endpoint_url = \"{url}\" }}"),
        format!("target={url}"),
        format!("target.endpoint_url=http://127.0.0.1:1/?token={PLANTED}"),
        format!("nowhere.{url}=1"),
    ] {
        let refused = Program::new(["run", &super::program::scenario("smoke"), "--set", &set]);
        let refused = refused.finish().code(2);
        prints_nothing_secret(&refused);
    }
    let smoke = super::program::scenario("smoke");
    let refused = Program::new(["run", &smoke, "--endpoint-url", &url])
        .finish()
        .code(2);
    prints_nothing_secret(&refused);
    assert!(
        refused.stderr.contains("a user or a password in it"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_folder_is_as_readable_as_the_umask_says() {
    for (umask, closed) in [("077", 0o077), ("022", 0o022)] {
        let folder = tempfile::tempdir().expect("a folder");
        let run = Command::new("sh")
            .args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask])
            .args([
                env!("CARGO_BIN_EXE_orderproof"),
                "run",
                &super::program::scenario("smoke"),
            ])
            .args([
                "--rate",
                "5/s",
                "--duration",
                "500ms",
                "--quiet",
                "--output-dir",
                "out",
            ])
            .args([
                "--set",
                "expect.rules=[]",
                "--set",
                "expect.max_schedule_lag_p99=10s",
            ])
            .current_dir(folder.path())
            .output()
            .expect("it starts");
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let mode =
            |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
        let out = folder.path().join("out");
        assert_eq!(mode(&out), 0o777 & !closed, "umask {umask}");
        for file in [
            "plan.json",
            "run.json",
            "report.html",
            "ledger.journal",
            "observation.json",
        ] {
            assert_eq!(
                mode(&out.join(file)),
                0o666 & !closed,
                "{file}, umask {umask}"
            );
        }
    }
}
