//! `orderproof submit`: the files with which an engine runs several workers and merges what they leave.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::check::load_scenario;
use super::new_file::write_new;
use super::{Error, Output};
use crate::cli::{EngineKind, SubmitArgs};
use crate::engines::{Engine, MOUNT, SCENARIO, SUBMIT, Submission, engine_files};
use crate::escape::Shown;
use crate::exit::Exit;
use crate::folder::{RunFolder, read_within};
use crate::scenario::{AwsTarget, ProcessorPlace, TargetSpec};
use crate::workers::MeetingPlace;

/// The largest scenario that a ConfigMap of Kubernetes holds, bytes.
const SCENARIO_MAX: u64 = 1 << 20;

/// Writes the files; with `--go` it submits them, too.
pub fn submit(args: &SubmitArgs, output: &Output) -> Result<Exit, Error> {
    let scenario = load_scenario(&args.scenario, &args.overrides)?;
    if scenario.target == TargetSpec::Embedded {
        return Err(Error::usage(format!(
            "{}: several workers cannot share the embedded pipeline, which is inside one process: name a target with \
             --target aws, or serve the pipeline (orderproof serve) and name it with --endpoint-url",
            args.scenario.display()
        )));
    }
    let local = |target: &AwsTarget| target.processor == ProcessorPlace::Local;
    if scenario.target.aws().is_some_and(local) {
        return Err(Error::usage(format!(
            "{}: a worker runs no function, and with processor = \"local\" each would: let it run behind the target \
             (processor = \"lambda\"), or in one process of its own, and write processor = \"external\"",
            args.scenario.display()
        )));
    }
    let region = scenario.target.aws().and_then(|aws| aws.region.clone());
    let submission = submission(args, scenario.name, region)?;
    let files = engine_files(engine(args.on), &submission);
    let folder = RunFolder::create_exactly(&args.output_dir).map_err(Error::usage)?;
    for file in &files {
        let text = file.text.as_bytes();
        write_new(&folder.file(file.name), |out| out.write_all(text))?;
    }
    let script = folder.file(SUBMIT);
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(Error::internal)?;
    let names: Vec<_> = files.iter().map(|file| file.name).collect();
    output.print(&format!(
        "written: {} in {}\n",
        names.join(", "),
        Shown(&folder.path().display().to_string()),
    ));
    match args.go {
        true => go(&script, &args.batch),
        false => {
            output.print(&format!("{}\n", next(args, &script)));
            Ok(Exit::Success)
        }
    }
}

fn engine(kind: EngineKind) -> Engine {
    match kind {
        EngineKind::Slurm => Engine::Slurm,
        EngineKind::Kubernetes => Engine::Kubernetes,
        EngineKind::Batch => Engine::Batch,
    }
}

/// What is to run, when everything is given that the engine needs.
fn submission(
    args: &SubmitArgs,
    scenario_name: String,
    region: Option<String>,
) -> Result<Submission, Error> {
    let in_containers = args.on != EngineKind::Slurm;
    let needed = |option: &str, value: &Option<String>, what: &str| match value {
        Some(value) => Ok(value.clone()),
        None if in_containers => Err(Error::usage(format!("{option} is missing: {what}"))),
        None => Ok(String::new()),
    };
    if let MeetingPlace::Folder(at) = &args.run_at {
        let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        let below = at.starts_with(MOUNT) && at != Path::new(MOUNT);
        if in_containers && !(below && at.components().all(plain)) {
            return Err(Error::usage(format!(
                "--run-at {}: workers share what is mounted at {MOUNT}: name a folder below it, such as {MOUNT}/run, or \
                 s3://BUCKET/PREFIX",
                at.display()
            )));
        }
    }
    let at_s3 = matches!(args.run_at, MeetingPlace::Objects(_));
    if at_s3 && args.volume.is_some() {
        return Err(Error::usage(
            "--volume: workers that meet at S3 share no volume: leave it out",
        ));
    }
    if args.service_account.is_some() && args.on != EngineKind::Kubernetes {
        return Err(Error::usage(
            "--service-account applies only to --on kubernetes: leave it out",
        ));
    }
    if args.go && args.on == EngineKind::Batch && args.batch.is_empty() {
        return Err(Error::usage(
            "--batch is missing: with --go name the job queue, the role of the jobs and the role that starts them",
        ));
    }
    let bytes = read_within(&args.scenario, SCENARIO_MAX).map_err(|error| {
        Error::usage(format!(
            "{}: cannot read: {error}; a scenario has at most 1 MiB here",
            args.scenario.display()
        ))
    })?;
    Ok(Submission {
        scenario_name,
        scenario: on_the_workers(args)?,
        scenario_text: String::from_utf8_lossy(&bytes).into_owned(),
        workers: args.workers,
        run_at: match &args.run_at {
            MeetingPlace::Folder(at) => whole(at, in_containers)?,
            MeetingPlace::Objects(at) => at.to_string(),
        },
        program: match &args.program {
            Some(path) => path.display().to_string(),
            None => std::env::current_exe()
                .map_err(Error::internal)?
                .display()
                .to_string(),
        },
        image: needed("--image", &args.image, "the image of orderproof")?,
        volume: match in_containers && !at_s3 {
            true => Some(needed(
                "--volume",
                &args.volume,
                "what all workers mount at /shared",
            )?),
            false => None,
        },
        region: region.or(args.overrides.target.region.clone()),
        service_account: args.service_account.clone(),
        options: args.overrides.words(),
    })
}

/// The scenario's path as the workers see it: on Batch it is on the file system that they mount, or where they meet.
fn on_the_workers(args: &SubmitArgs) -> Result<String, Error> {
    if let (EngineKind::Batch, MeetingPlace::Objects(at)) = (args.on, &args.run_at) {
        return Ok(format!("{at}/{SCENARIO}"));
    }
    match (args.on, args.scenario.file_name()) {
        (EngineKind::Batch, Some(name)) => Ok(Path::new(MOUNT).join(name).display().to_string()),
        _ => whole(&args.scenario, false),
    }
}

/// A path that does not depend on where the engine starts a process.
fn whole(path: &Path, as_it_is: bool) -> Result<String, Error> {
    let whole: PathBuf = match as_it_is {
        true => path.to_owned(),
        false => std::path::absolute(path).map_err(Error::internal)?,
    };
    Ok(whole.display().to_string())
}

/// What is to be done next.
fn next(args: &SubmitArgs, script: &Path) -> String {
    let script = script.display();
    let at_s3 = matches!(args.run_at, MeetingPlace::Objects(_));
    match (args.on, args.scenario.file_name()) {
        (EngineKind::Batch, _) if at_s3 => {
            format!("look through them, then: {script} JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN")
        }
        (EngineKind::Batch, Some(name)) => format!(
            "put the scenario on the file system as {MOUNT}/{}, then: {script} JOB_QUEUE JOB_ROLE_ARN EXECUTION_ROLE_ARN",
            name.display()
        ),
        _ => format!("look through them, then: {script}"),
    }
}

/// Runs the script, which says what it submits.
fn go(script: &Path, arguments: &[String]) -> Result<Exit, Error> {
    let status = Command::new(script).args(arguments).status();
    match status.map_err(Error::internal)? {
        status if status.success() => Ok(Exit::Success),
        status => Err(Error::internal(format!(
            "{} ended with {status}: what was submitted, the engine lists",
            script.display()
        ))),
    }
}
