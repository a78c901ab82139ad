//! What a command is to run with: its checks, and the environment a process is given.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::descendants::MARK;

/// Variables a function may not set. The first seventeen are Lambda's own (AWS Lambda, "Reserved
/// environment variables"); the rest keep the function at the emulator and away from the caller's account.
pub const RESERVED_VARIABLES: [&str; 23] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
    "AWS_ENDPOINT_URL",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_LAMBDA_MAX_CONCURRENCY",
    MARK,
];

/// What requests are signed with: `AWS_ACCESS_KEY_ID` and its companions. Printed without what is secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Credentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// A function that is a command: a Lambda bootstrap of any language.
#[derive(Debug, Clone)]
pub struct CommandConfig {
    /// Program and arguments. A program with a slash in it is looked for below `working_dir`, any other
    /// on the `PATH`.
    pub command: Vec<String>,
    /// Where it runs, and what it sees as `LAMBDA_TASK_ROOT`; this process's own folder if not given.
    pub working_dir: Option<PathBuf>,
    /// `_HANDLER`.
    pub handler: String,
    /// The function's own variables.
    pub environment: BTreeMap<String, String>,
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub function_name: String,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`; told to the function, not enforced.
    pub memory_mb: u32,
    /// The longest an invocation may take.
    pub timeout: Duration,
    /// The longest a start may take; 10 s on AWS.
    pub init_timeout: Duration,
    /// The folder of the logs: a file for each environment.
    pub logs: Option<PathBuf>,
    /// `AWS_ENDPOINT_URL`: where the function's SDK finds every service.
    pub endpoint_url: Option<String>,
    /// What the function's SDK signs with; a placeholder, which every endpoint that authenticates nobody takes, if not
    /// given.
    pub credentials: Option<Credentials>,
    /// The most environments at one time; an invocation beyond waits until one is free.
    pub max_environments: u32,
    /// A process that has asked for an invocation is stopped until there is one, with all its descendants.
    pub freeze: bool,
}

/// What finding a process for an invocation may take beside its start.
const STARTING_SLACK: Duration = Duration::from_secs(5);

impl CommandConfig {
    /// The time-out that a mapping is to enforce of a command with these limits. Its own is enforced where its time
    /// counts, from when a process has the event; before that it may have to start.
    pub fn mapping_timeout(timeout: Duration, init_timeout: Duration) -> Duration {
        timeout + init_timeout + STARTING_SLACK
    }
}

/// What a process keeps of this process's variables.
const KEPT: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LANG"];

/// A configuration that has been checked.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) config: CommandConfig,
    /// The program as it is started.
    pub(super) program: PathBuf,
    /// Where it runs.
    pub(super) folder: PathBuf,
}

impl Launch {
    /// Checks what can be checked before anything is started, and makes the folder of the logs.
    pub(super) fn new(config: CommandConfig) -> Result<Self> {
        let invalid = |what: String| Err(Error::new(ErrorKind::InvalidInput, what));
        if let Some(name) = config.environment.keys().find(|name| is_reserved(name)) {
            return invalid(format!(
                "the function's variable `{name}` is reserved; name it otherwise"
            ));
        }
        let unfit = |text: &str| text.contains('\0');
        let pair = |(name, value): (&String, &String)| {
            name.is_empty() || name.contains('=') || unfit(name) || unfit(value)
        };
        if let Some((name, _)) = config.environment.iter().find(|entry| pair(*entry)) {
            return invalid(format!("`{name}` cannot be a variable of the function"));
        }
        let names = [&config.function_name, &config.region];
        if names
            .iter()
            .any(|name| !name.bytes().all(|b| b.is_ascii_graphic()))
        {
            return invalid("the function's name and region are letters, digits and dashes".into());
        }
        if config.max_environments == 0 {
            return invalid("a function needs at least one environment".into());
        }
        let Some(program) = config.command.first() else {
            return invalid("the function's command is empty; name a program".into());
        };
        let folder = match &config.working_dir {
            Some(folder) => std::path::absolute(folder)?,
            None => env::current_dir()?,
        };
        if !folder.is_dir() {
            let what = format!("the function's folder {} is not there", folder.display());
            return Err(Error::new(ErrorKind::NotFound, what));
        }
        let program = find(program, &folder)?;
        if let Some(logs) = &config.logs {
            std::fs::create_dir_all(logs).map_err(|error| {
                let what = format!("the folder of the logs {}: {error}", logs.display());
                Error::new(error.kind(), what)
            })?;
        }
        Ok(Self {
            config,
            program,
            folder,
        })
    }

    /// All the variables of a process of environment `number` whose Runtime API is at `api`.
    pub(super) fn variables(&self, api: SocketAddr, number: u32) -> BTreeMap<OsString, OsString> {
        let config = &self.config;
        let name = &config.function_name;
        let mut variables = BTreeMap::new();
        let mut set = |name: &str, value: OsString| {
            variables.insert(OsString::from(name), value);
        };
        for kept in KEPT {
            if let Some(value) = env::var_os(kept) {
                set(kept, value);
            }
        }
        set("TZ", ":UTC".into());
        for (name, value) in &config.environment {
            set(name, value.into());
        }
        set("AWS_LAMBDA_RUNTIME_API", api.to_string().into());
        set("_HANDLER", (&config.handler).into());
        set("LAMBDA_TASK_ROOT", (&self.folder).into());
        set("LAMBDA_RUNTIME_DIR", (&self.folder).into());
        set("AWS_LAMBDA_FUNCTION_NAME", name.into());
        set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into());
        let memory = config.memory_mb.to_string();
        set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.into());
        let group = format!("/aws/lambda/{name}");
        set("AWS_LAMBDA_LOG_GROUP_NAME", group.into());
        let stream = format!("environment-{number:04}");
        set("AWS_LAMBDA_LOG_STREAM_NAME", stream.into());
        set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into());
        set("AWS_REGION", (&config.region).into());
        set("AWS_DEFAULT_REGION", (&config.region).into());
        let (key, secret) = match &config.credentials {
            Some(own) => (own.access_key_id.as_str(), own.secret_access_key.as_str()),
            None => ("embedded", "embedded"),
        };
        set("AWS_ACCESS_KEY_ID", key.into());
        set("AWS_SECRET_ACCESS_KEY", secret.into());
        let credentials = config.credentials.as_ref();
        if let Some(token) = credentials.and_then(|own| own.session_token.as_ref()) {
            set("AWS_SESSION_TOKEN", token.into());
        }
        // HOME is kept, the profiles in it are not: they may name credentials and endpoints.
        set("AWS_CONFIG_FILE", "/dev/null".into());
        set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".into());
        set("AWS_EC2_METADATA_DISABLED", "true".into());
        if let Some(endpoint) = &config.endpoint_url {
            set("AWS_ENDPOINT_URL", endpoint.into());
        }
        variables
    }

    /// The function's ARN.
    pub(super) fn arn(&self) -> String {
        let CommandConfig {
            region,
            function_name,
            ..
        } = &self.config;
        format!("arn:aws:lambda:{region}:000000000000:function:{function_name}")
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED_VARIABLES.contains(&name)
}

fn find(program: &str, folder: &Path) -> Result<PathBuf> {
    if program.contains('/') {
        let path = folder.join(program);
        return check(&path).map(|()| path);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| check(path).is_ok());
    found.ok_or_else(|| {
        let what = format!("the function's program `{program}` is not on the PATH");
        Error::new(ErrorKind::NotFound, what)
    })
}

fn check(path: &Path) -> Result<()> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| {
        let what = format!("the function's program {shown} cannot be read: {error}");
        Error::new(error.kind(), what)
    })?;
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        let what = format!("the function's program {shown} is not an executable file");
        return Err(Error::new(ErrorKind::PermissionDenied, what));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::testing::config;

    fn refusal(change: impl FnOnce(&mut CommandConfig)) -> String {
        let mut config = config(&["sh", "-c", "true"]);
        change(&mut config);
        Launch::new(config).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_run_is_refused_before_anything_starts() {
        let folder = tempfile::tempdir().unwrap();
        let plain = folder.path().join("plain");
        std::fs::write(&plain, "text").unwrap();
        let cases = [
            (refusal(|config| config.command.clear()), "empty"),
            (
                refusal(|config| config.command[0] = "no-such-program-here".into()),
                "`no-such-program-here` is not on the PATH",
            ),
            (
                refusal(|config| config.command[0] = "./no-such-program".into()),
                "no-such-program cannot be read",
            ),
            (
                refusal(|config| config.command[0] = plain.display().to_string()),
                "plain is not an executable file",
            ),
            (
                refusal(|config| config.command[0] = "/".into()),
                "not an executable file",
            ),
            (
                refusal(|config| config.working_dir = Some("/no/such/folder".into())),
                "/no/such/folder is not there",
            ),
            (
                refusal(|config| config.logs = Some(plain.clone())),
                "the folder of the logs",
            ),
            (
                refusal(|config| config.max_environments = 0),
                "at least one environment",
            ),
        ];
        for (refusal, expected) in cases {
            assert!(refusal.contains(expected), "{expected}: {refusal}");
        }
    }

    #[test]
    fn reserved_and_impossible_variables_are_refused_and_others_are_not() {
        let with = |name: &str, value: &str| {
            let mut config = config(&["sh"]);
            config.environment.insert(name.into(), value.into());
            Launch::new(config).map(|_| ()).map_err(|e| e.to_string())
        };
        for name in ["_HANDLER", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL", MARK] {
            let refused = with(name, "x").unwrap_err();
            assert!(refused.contains(name) && refused.contains("reserved"));
        }
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "\0")] {
            assert!(with(name, value).is_err(), "{name:?}={value:?}");
        }
        for name in [
            "DYNAMODB_ORDERS_TABLE",
            "TZ",
            "PATH",
            "AWS_LAMBDA_LOG_FORMAT",
        ] {
            assert_eq!(with(name, "x"), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_process_gets_lambdas_variables_its_own_and_little_of_ours() {
        let mut config = config(&["sh"]);
        config.endpoint_url = Some("http://127.0.0.1:1".into());
        config.environment.insert("TZ".into(), "CET".into());
        config.environment.insert("OWN".into(), "value".into());
        config.environment.insert("PATH".into(), "/own".into());
        let launch = Launch::new(config).unwrap();
        let variables = launch.variables(SocketAddr::from(([127, 0, 0, 1], 9_001)), 7);
        let value = |name: &str| variables.get(&OsString::from(name))?.to_str();
        let expected = [
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("_HANDLER", "handler.handler"),
            ("AWS_LAMBDA_FUNCTION_NAME", "lab-order-processor"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "environment-0007"),
            ("AWS_ACCESS_KEY_ID", "embedded"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_REGION", "us-east-1"),
            ("TZ", "CET"),
            ("OWN", "value"),
            ("PATH", "/own"),
        ];
        for (name, text) in expected {
            assert_eq!(value(name), Some(text), "{name}");
        }
        assert_eq!(value("CARGO_MANIFEST_DIR"), None, "ours stay with us");
        assert_eq!(value("AWS_SESSION_TOKEN"), None);
    }

    #[test]
    fn credentials_that_are_given_are_the_functions_and_are_not_printed() {
        let mut config = config(&["sh"]);
        config.credentials = Some(Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "s3cret".into(),
            session_token: Some("t0ken".into()),
        });
        let printed = format!("{config:?}");
        assert!(printed.contains("AKIDEXAMPLE"), "{printed}");
        assert!(!printed.contains("s3cret") && !printed.contains("t0ken"));
        let launch = Launch::new(config).unwrap();
        let variables = launch.variables(SocketAddr::from(([127, 0, 0, 1], 9_001)), 7);
        for (name, text) in [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_SESSION_TOKEN", "t0ken"),
        ] {
            assert_eq!(variables[&OsString::from(name)], text);
        }
    }
}
