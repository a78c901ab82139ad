//! Servers of others, written in Python, that tests put this program to.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A running server; dropping it ends it.
pub struct Peer {
    child: Child,
    /// The line it printed once it listened: its endpoint first.
    words: Vec<String>,
}

impl Peer {
    /// Starts one of `tests/peers` and waits until it listens.
    pub fn start<const N: usize>(script: &str, arguments: [&str; N]) -> Self {
        let python = std::env::var_os("ORDERPROOF_PYTHON");
        let python = python.expect("ORDERPROOF_PYTHON names a Python with boto3 and moto[server]");
        let script: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "peers", script]
            .iter()
            .collect();
        let mut child = Command::new(python)
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python runs");
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line).expect("text");
        assert!(read > 0, "it ended before it listened");
        let words = line.split_whitespace().map(String::from).collect();
        Self { child, words }
    }

    pub fn endpoint(&self) -> &str {
        &self.words[0]
    }

    /// What it said after its endpoint.
    pub fn words(&self) -> &[String] {
        &self.words[1..]
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends when its standard input does, which nobody waits for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
