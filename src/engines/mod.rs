//! Files with which an engine runs several workers and merges what they leave: pure text from a few values.
//!
//! The engine places processes; what a run means stays with `orderproof`: a worker sends its shard at most once, whatever
//! the engine starts again, and the merge runs whatever became of the workers.

mod batch;
mod kubernetes;
mod slurm;
#[cfg(test)]
mod tests;

use crate::escape::shell;
use crate::objects::ObjectsAt;

/// Where the shared volume stands in a container.
pub const MOUNT: &str = "/shared";

/// What the scenario is called where workers meet at S3.
pub const SCENARIO: &str = "scenario.toml";

/// Where a container keeps what it writes for itself.
const SCRATCH: &str = "/tmp";

/// Exit codes of a worker that its engine must not start again: bad arguments, refused, its shard was taken before, too
/// late for the start, not all workers were ready in time.
pub const NOT_TO_BE_RETRIED: [u8; 5] = [2, 6, 42, 43, 75];

/// Exit codes of a merge after which another try would say the same: bad arguments, verdicts, refused.
pub const FINAL: [u8; 5] = [2, 3, 4, 5, 6];

/// What places the workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// An array of `sbatch`, and a merge after it.
    Slurm,
    /// An Indexed Job, and a Job that merges.
    Kubernetes,
    /// An array job of AWS Batch under Step Functions, as a CloudFormation stack.
    Batch,
}

/// What is to run.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The scenario's name, of which the names of jobs are made.
    pub scenario_name: String,
    /// The scenario's file as the workers see it.
    pub scenario: String,
    /// The scenario's text.
    pub scenario_text: String,
    /// Workers, at least 2.
    pub workers: u32,
    /// Where the workers meet, as they see it: a folder, or `s3://BUCKET/PREFIX`.
    pub run_at: String,
    /// The program's path on the engine's machines, where there is no image.
    pub program: String,
    /// The image with the program as its entry point.
    pub image: String,
    /// The volume that all workers share: a PersistentVolumeClaim, or an EFS file system. None where they meet at S3.
    pub volume: Option<String>,
    /// The region with which S3 is asked, where it is known.
    pub region: Option<String>,
    /// The service account of pods.
    pub service_account: Option<String>,
    /// Further options of `orderproof run`.
    pub options: Vec<String>,
}

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFile {
    /// Its name.
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

/// The script among the files that submits everything.
pub const SUBMIT: &str = "submit.sh";

/// Every file that `engine` needs, with [`SUBMIT`] among them.
pub fn engine_files(engine: Engine, submission: &Submission) -> Vec<EngineFile> {
    match engine {
        Engine::Slurm => slurm::files(submission),
        Engine::Kubernetes => kubernetes::files(submission),
        Engine::Batch => batch::files(submission),
    }
}

impl Submission {
    /// A name that every engine takes: lower-case letters, digits and hyphens, at most 40, beginning with a letter.
    pub fn job(&self) -> String {
        let mut name = String::from("orderproof");
        for char in self.scenario_name.chars() {
            match char.to_ascii_lowercase() {
                char if char.is_ascii_alphanumeric() => {
                    if name == "orderproof" {
                        name.push('-');
                    }
                    name.push(char);
                }
                _ if !name.ends_with('-') => name.push('-'),
                _ => {}
            }
        }
        name.truncate(40);
        name.trim_end_matches('-').to_owned()
    }

    /// The arguments of a worker. Nobody is there to type a confirmation, so it is given.
    fn worker(&self) -> Vec<String> {
        let mut arguments = vec![
            "run".to_owned(),
            self.scenario.clone(),
            "--run-at".to_owned(),
            self.run_at.clone(),
            "--yes".to_owned(),
        ];
        arguments.extend(self.options.iter().cloned());
        arguments
    }

    /// The arguments of the merge. A container's own folder ends with it, and the run is copied back to S3.
    fn merge(&self) -> Vec<String> {
        let mut arguments = ["merge", &self.run_at, "--wait", "--yes"]
            .map(str::to_owned)
            .to_vec();
        if !self.is_at_s3() {
            return arguments;
        }
        if let Some(region) = &self.region {
            arguments.extend(["--region".to_owned(), region.clone()]);
        }
        if !self.image.is_empty() {
            arguments.extend(["--output-dir".to_owned(), format!("{SCRATCH}/merged")]);
        }
        arguments
    }

    /// Whether the workers meet at S3.
    fn is_at_s3(&self) -> bool {
        self.run_at.starts_with(ObjectsAt::SCHEME)
    }
}

/// `template` with each `{{key}}` replaced, once: what a value holds is not filled in.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (key, after) = after
            .split_once("}}")
            .expect("the templates close what they open");
        let value = values.iter().find(|(name, _)| *name == key);
        text.push_str(before);
        text.push_str(&value.unwrap_or_else(|| panic!("no value for {key}")).1);
        rest = after;
    }
    text + rest
}

/// A command line for a shell.
fn command(program: &str, arguments: &[String]) -> String {
    let words = std::iter::once(shell(program)).chain(arguments.iter().map(|word| shell(word)));
    words.collect::<Vec<_>>().join(" ")
}

/// Texts as a list of YAML and of JSON.
fn list(texts: &[String]) -> String {
    serde_json::to_string(texts).expect("texts are JSON")
}

/// A text as a scalar of YAML and of JSON.
fn scalar(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

/// Numbers as a list of YAML.
fn numbers(numbers: &[u8]) -> String {
    let texts: Vec<_> = numbers.iter().map(u8::to_string).collect();
    format!("[{}]", texts.join(", "))
}
