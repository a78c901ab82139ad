//! The page of a run that goes on, asked for as browsers and others ask, through the real program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Stdio};

use serde_json::Value;

use super::program::{Program, wait_for};

const SMOKE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/smoke.toml");

/// A run with its page, under way.
struct Shown {
    program: Program,
    child: Child,
    stderr: BufReader<ChildStderr>,
    address: String,
}

impl Shown {
    fn start(program: Program) -> Self {
        let mut child = program
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        let mut told = String::new();
        while !told.contains("http://") {
            told.clear();
            let count = stderr.read_line(&mut told).expect("lines");
            assert!(count > 0, "the line that says where");
        }
        let (_, address) = told.trim_end().split_once("http://").expect("a URL");
        let address = address.trim_end_matches('/').to_owned();
        assert!(address.starts_with("127.0.0.1:"), "{told}");
        Self {
            program,
            child,
            stderr,
            address,
        }
    }

    /// What a request is answered with; its head and its body.
    fn ask(&self, line: &str, headers: &str) -> (String, String) {
        let mut stream = self.open(line, headers);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.to_ascii_lowercase(), body.to_owned())
    }

    fn open(&self, line: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let request = format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it is read");
        stream
    }

    fn host(&self) -> String {
        format!("Host: {}\r\n", self.address)
    }

    fn samples(&self) -> Value {
        let (_, body) = self.ask("GET /samples", &self.host());
        serde_json::from_str(&body).expect("JSON")
    }

    /// Reads the rest of its words, and its exit code.
    fn end(mut self) -> (Program, Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("words");
        let code = self.child.wait().expect("it ends").code();
        (self.program, code, rest)
    }
}

fn smoke() -> Program {
    // Other tests run beside it.
    Program::new(["run", SMOKE, "--output-dir", "out", "--dashboard", "0"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"])
        .args(["--set", "expect.rules=[]"])
}

/// The events that a page is sent, to the last.
fn events(stream: TcpStream) -> Vec<Value> {
    let lines = BufReader::new(stream).lines().map_while(Result::ok);
    lines
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .collect()
}

#[test]
fn a_page_follows_a_run_to_its_verdict() {
    let shown = Shown::start(smoke());
    let (head, page) = shown.ask("GET /", &shown.host());
    assert!(head.starts_with("http/1.1 200"), "{head}");
    for header in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "x-frame-options: deny",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(head.contains(header), "{header}\n{head}");
    }
    assert!(!head.contains("access-control") && !head.contains("set-cookie"));
    assert!(page.contains("EventSource") && page.ends_with("</html>"));

    let stream = shown.open("GET /events", &shown.host());
    let reading = std::thread::spawn(|| events(stream));
    wait_for("samples of the sending", || {
        let samples = shown.samples();
        let count = samples["samples"].as_array().map_or(0, Vec::len);
        samples["now"]["stage"] == "sending" && count > 2
    });
    let samples = shown.samples();
    assert_eq!(samples["now"]["planned_orders"], 675);
    let last = samples["samples"].as_array().and_then(|all| all.last());
    let last = last.expect("one a second");
    assert!(last["response_time_p99_us"].as_u64() > Some(0), "{last}");
    assert!(last["waiting_messages"].is_u64(), "{last}");
    let known = samples["samples"].as_array().into_iter().flatten();
    let mut known = known.filter_map(|sample| sample["end_to_end_p50_us"].as_u64());
    assert!(known.any(|us| us > 0), "the built-in function's: {samples}");

    let (program, code, rest) = shown.end();
    assert_eq!(code, Some(0), "{rest}");
    let events = reading.join().expect("events");
    let (end, before) = events.split_last().expect("some");
    let verdicts = ["PASS", "FAIL", "INCONCLUSIVE", "banner pass"];
    for event in before {
        let text = event.to_string();
        assert_eq!(event["ended"], false);
        assert!(!verdicts.iter().any(|word| text.contains(word)), "{text}");
    }
    let drawn = |event: &Value| event["charts"].as_array().map_or(0, Vec::len);
    assert_eq!(before.iter().map(drawn).max(), Some(4), "every chart");
    assert_eq!(end["ended"], true);
    let top = end["top"].as_str().expect("a text");
    assert!(top.contains("banner pass") && top.contains("PASS"), "{top}");
    assert!(top.contains("out/report.html"), "{top}");
    assert!(program.folder().join("out/report.html").exists());
}

#[test]
fn pages_of_others_and_other_requests_are_refused() {
    let shown = Shown::start(smoke().args(["--duration", "3s"]));
    let host = shown.host();
    let own = format!("{host}Origin: http://{}\r\n", shown.address);
    let rebound = "Host: evil.example\r\n".to_owned();
    let foreign = format!("{host}Origin: http://evil.example\r\n");
    let embedded = format!("{host}Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n");
    for (line, headers, expected) in [
        ("GET /samples", &host, "200"),
        ("GET /samples", &own, "200"),
        ("GET /samples", &rebound, "403"),
        ("GET /samples", &foreign, "403"),
        ("GET /samples", &embedded, "403"),
        ("GET /", &rebound, "403"),
        ("GET /events", &foreign, "403"),
        ("POST /samples", &host, "405"),
        ("HEAD /samples", &host, "405"),
        ("GET /samples/more", &host, "404"),
        ("GET /samples", &String::new(), "400"),
    ] {
        let (head, _) = shown.ask(line, headers);
        let status = head.split(' ').nth(1);
        assert_eq!(status, Some(expected), "{line}\n{headers}\n{head}");
    }
    let (_, code, rest) = shown.end();
    assert_eq!(code, Some(0), "{rest}");
}

#[test]
fn a_page_is_told_of_lost_orders() {
    let program = smoke()
        .args(["--duration", "2s"])
        .args(["--set", "fault=[{kind=\"message_vanishes\", count=1}]"]);
    let shown = Shown::start(program);
    let stream = shown.open("GET /events", &shown.host());
    let reading = std::thread::spawn(|| events(stream));
    let (_, code, rest) = shown.end();
    assert_eq!(code, Some(3), "{rest}");
    let events = reading.join().expect("events");
    let top = events.last().and_then(|end| end["top"].as_str());
    let top = top.expect("the end");
    assert!(top.contains("banner fail") && top.contains("FAIL"), "{top}");
}

#[test]
fn a_port_that_is_taken_is_an_error_before_anything_is_sent() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = Program::new(["run", SMOKE, "--output-dir", "out", "--dashboard", &port]);
    let refused = refused.finish().code(2);
    assert!(
        refused.stderr.contains(&format!("--dashboard {port}"))
            && refused.stderr.contains("name another port"),
        "{}",
        refused.stderr
    );
    assert!(!refused.path("out").exists());
}
