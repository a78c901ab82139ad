//! Drives the `orderproof` program; standard error must be empty unless a test states otherwise.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// One call of the program, in an empty folder of its own.
#[must_use]
pub struct Program {
    folder: TempDir,
    arguments: Vec<String>,
    files: Vec<(String, String)>,
    environment: Vec<(String, String)>,
    here: Option<PathBuf>,
}

/// The program under test: what `cargo test` has built, or the one that `ORDERPROOF_PROGRAM` names.
pub fn orderproof() -> PathBuf {
    match std::env::var_os("ORDERPROOF_PROGRAM") {
        Some(other) => {
            std::fs::canonicalize(other).expect("the program that ORDERPROOF_PROGRAM names")
        }
        None => env!("CARGO_BIN_EXE_orderproof").into(),
    }
}

/// The path of a function's binary, which `cargo test` builds beside the program, for crates/functions' own tests.
pub fn function_binary(name: &str) -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_orderproof")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is not built: `cargo test` builds it, or `cargo build -p orderproof-functions`",
        path.display()
    );
    path.display().to_string()
}

/// What a finished call left.
pub struct Finished {
    pub folder: TempDir,
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub fn new<const N: usize>(arguments: [&str; N]) -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            arguments: arguments.map(String::from).into(),
            files: Vec::new(),
            environment: Vec::new(),
            here: None,
        }
    }

    /// With these further arguments, in this folder instead of one of its own.
    pub fn here<'a>(mut self, folder: &Path, arguments: impl Iterator<Item = &'a str>) -> Self {
        self.arguments.extend(arguments.map(String::from));
        self.here = Some(folder.to_owned());
        self
    }

    pub fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(String::from));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.into(), text.into()));
        self
    }

    /// Against the pipeline at `target`, with credentials that it does not check.
    pub fn at(self, target: &orderproof::store::Target) -> Self {
        let sqs = format!("target.sqs_endpoint_url={}", target.sqs_endpoint);
        let table = format!("target.dynamodb_endpoint_url={}", target.dynamodb_endpoint);
        self.args(["--set", &sqs])
            .args(["--set", &table])
            .args(["--set", "target.exact_counts=true"])
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// The command, ready to be spawned by tests that signal or kill it.
    pub fn command(&self) -> Command {
        for (name, text) in &self.files {
            std::fs::write(self.folder.path().join(name), text).expect("writing a test file");
        }
        let mut command = Command::new(orderproof());
        command
            .current_dir(self.here.as_deref().unwrap_or(self.folder.path()))
            .args(&self.arguments)
            .env_remove("NO_COLOR")
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn finish(self) -> Finished {
        let output = self.command().output().expect("the program starts");
        Finished::new(self.folder, output)
    }
}

impl Finished {
    fn new(folder: TempDir, output: Output) -> Self {
        Self {
            folder,
            code: output.status.code().expect("an exit code, not a signal"),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    pub fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.code, expected,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    pub fn quiet(self) -> Self {
        assert_eq!(self.stderr, "", "standard error is empty");
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn json(&self, name: &str) -> Value {
        let path = self.path(name);
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).expect("JSON")
    }
}

/// A scenario of this repository, by its name.
pub fn scenario(name: &str) -> String {
    format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Waits up to half a minute until `done`.
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen in 30 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The files of evidence of a run at the embedded pipeline.
pub const EVIDENCE: [&str; 7] = [
    "plan.json",
    "ledger.journal",
    "sent.json",
    "observation.json",
    "meters.json",
    "run.json",
    "seal.json",
];

/// The folder of a run of the smoke scenario that passed, made once; not to be changed.
pub fn sealed_run() -> &'static Path {
    static RUN: OnceLock<PathBuf> = OnceLock::new();
    RUN.get_or_init(|| {
        let name = format!("sealed-run-{}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let arguments = ["run", &scenario("smoke"), "--quiet", "--output-dir"];
        Program::new(arguments)
            .args([folder.display().to_string().as_str()])
            // What this machine has to do besides is no matter here.
            .args(["--set", "expect.max_schedule_lag_p99=10s"])
            .args([
                "--set",
                "expect.rules=[\"end_to_end_p99 < 50s\", \"drain < 60s\"]",
            ])
            .args(["--run-id", "4242"])
            .finish()
            .code(0);
        folder
    })
}

/// A copy of the evidence in a run's folder, to be changed.
pub fn copy_of(source: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = folder.path().join("run");
    std::fs::create_dir(&run).expect("a folder");
    for name in EVIDENCE {
        let from = source.join(name);
        if from.exists() {
            std::fs::copy(from, run.join(name)).expect("a copy");
        }
    }
    (folder, run)
}
