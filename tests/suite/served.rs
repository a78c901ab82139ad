//! `orderproof serve` in a process of its own.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use super::program::Program;

/// A pipeline that is being served; dropping it stops it.
pub struct Served {
    child: Option<Child>,
    /// Kept open: who closes a pipe may end its writer.
    _stdout: BufReader<ChildStdout>,
    target: Vec<String>,
    banner: String,
    _program: Program,
}

/// What a server that was told to stop has left.
pub struct Stopped {
    pub code: Option<i32>,
    pub stderr: String,
}

impl Served {
    /// Starts the program, which is `serve` with what it needs, and waits until it listens.
    pub fn start(program: Program) -> Self {
        let mut child = program
            .command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (mut target, mut banner) = (Vec::new(), String::new());
        while target.len() < 4 {
            let mut line = String::new();
            assert!(stdout.read_line(&mut line).expect("text") > 0, "it ended");
            banner.push_str(&line);
            if let Some((key, value)) = line.split_once(" = ") {
                target.push(format!("target.{key}={}", value.trim()));
            }
        }
        Self {
            child: Some(child),
            _stdout: stdout,
            target,
            banner,
            _program: program,
        }
    }

    /// Everything of the scenario against this pipeline.
    pub fn at(&self, program: Program) -> Program {
        self.target
            .iter()
            .fold(program, |program, set| program.args(["--set", set]))
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
    }

    /// What it printed before it answered.
    pub fn banner(&self) -> &str {
        &self.banner
    }

    /// Where it listens, such as `http://127.0.0.1:9324`.
    pub fn endpoint(&self) -> String {
        let (_, url) = self.target[0].split_once('=').expect("key and value");
        url.trim_matches('"').to_owned()
    }

    /// Tells it to stop and waits for its end.
    pub fn stop(mut self) -> Stopped {
        let mut child = self.child.take().expect("it runs until now");
        terminate(&child);
        let mut stderr = String::new();
        let pipe = child.stderr.as_mut().expect("a pipe");
        pipe.read_to_string(&mut stderr).expect("text");
        let status = child.wait().expect("it ends");
        Stopped {
            code: status.code(),
            stderr,
        }
    }
}

fn terminate(child: &Child) {
    let id = child.id().to_string();
    let _ = Command::new("kill").args(["-TERM", &id]).status();
}

impl Drop for Served {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            terminate(child);
            let _ = child.wait();
        }
    }
}
