//! The live view through the real program, on a terminal of its own; and Goose's dashboard beside it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use super::program::{Program, wait_for};
use super::terminal::Terminal;

const SMOKE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/smoke.toml");

fn program() -> Program {
    // Other tests run beside it.
    Program::new(["run", SMOKE, "--output-dir", "out", "--tui"])
        .args(["--set", "expect.max_schedule_lag_p99=10s"])
        .args(["--set", "expect.rules=[]"])
}

fn started(program: &Program) -> Terminal {
    let terminal = Terminal::start(program.command(), 24, 80);
    terminal.wait_for_text("sending: ");
    terminal
}

fn json(program: &Program) -> serde_json::Value {
    let text = std::fs::read_to_string(program.folder().join("out/run.json")).expect("a report");
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn a_run_is_shown_and_the_terminal_is_as_it_was() {
    let program = program();
    let mut terminal = Terminal::start(program.command(), 24, 80);
    let before = terminal.modes();
    terminal.wait_for_text("sending: spike, phase 3 of 4, 250/s planned");
    assert!(terminal.is_taken() && !terminal.shows_cursor());
    assert_ne!(terminal.modes(), before, "keys are taken one by one");
    let screen = terminal.text();
    for shown in [
        "smoke on embedded",
        "planned                      675",
        "orders/s",
        "schedule lag",
    ] {
        assert!(screen.contains(shown), "{shown}\n{screen}");
    }
    terminal.resize(12, 40);
    terminal.wait_for_text("of 675 acknowledged");
    wait_for("no charts on a small terminal", || {
        !terminal.text().contains("orders/s")
    });
    terminal.resize(24, 80);
    terminal.wait_for_text("orders/s");
    assert!(terminal.finish().success());
    assert!(!terminal.is_taken() && terminal.shows_cursor());
    assert_eq!(terminal.modes(), before);
    let screen = terminal.text();
    assert!(
        screen.contains("report  out/report.html"),
        "the summary follows\n{screen}"
    );
    assert_eq!(json(&program)["verdict"], "pass");
}

#[test]
fn q_stops_sending_and_ends_in_a_verdict() {
    let program = program();
    let mut terminal = started(&program);
    let before = terminal.modes();
    terminal.press("x");
    terminal.press("q");
    terminal.wait_for_text("interrupted; ");
    // The frame's last line.
    terminal.wait_for_text("quit at once");
    assert_eq!(terminal.finish().code(), Some(130));
    assert!(!terminal.is_taken());
    assert_ne!(terminal.modes(), before, "no longer raw");
    let report = json(&program);
    assert_eq!(
        (&report["interrupted"], &report["classes"]["lost"]),
        (&true.into(), &0.into())
    );
    assert!(report["orders"]["unsent"].as_u64().unwrap() > 0);
}

#[test]
fn a_second_ctrl_c_quits_at_once_and_gives_the_terminal_back() {
    let program = program().args([
        "--set",
        "settle.deadline=1h",
        "--set",
        "pipeline.visibility_timeout=30s",
    ]);
    let mut terminal = Terminal::start(program.command(), 24, 80);
    let before = terminal.modes();
    // Past some orders that are received again after half a minute.
    terminal.wait_for_text("sending: spike");
    terminal.press("\u{3}");
    terminal.wait_for_text("interrupted; settling");
    terminal.press("\u{3}");
    assert_eq!(terminal.finish().code(), Some(130));
    assert!(!terminal.is_taken() && terminal.shows_cursor());
    assert_eq!(terminal.modes(), before);
    assert!(
        !program.folder().join("out/run.json").exists(),
        "it did not wait to settle"
    );
    assert!(program.folder().join("out/ledger.journal").exists());
}

#[test]
fn sigterm_is_the_same_as_ctrl_c() {
    let program = program();
    let mut terminal = started(&program);
    terminal.signal("-TERM");
    terminal.wait_for_text("interrupted; ");
    assert_eq!(terminal.finish().code(), Some(130));
    assert!(!terminal.is_taken() && terminal.shows_cursor());
    assert_eq!(json(&program)["interrupted"], true);
}

#[test]
fn a_terminal_that_is_closed_does_not_keep_a_run_from_its_verdict() {
    let program = program();
    let mut terminal = started(&program);
    terminal.close();
    wait_for("the end of the run", || terminal.has_ended());
    let report = json(&program);
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["classes"]["lost"], 0);
}

#[test]
fn without_a_terminal_or_when_quiet_it_is_refused_before_anything_is_sent() {
    let refused = program().finish().code(2);
    assert!(
        refused.stderr.contains("--tui needs a terminal"),
        "{}",
        refused.stderr
    );
    assert!(!refused.path("out").exists());
    let refused = program().args(["--quiet"]).finish().code(2);
    assert!(
        refused.stderr.contains("cannot be used with"),
        "{}",
        refused.stderr
    );
    let dumb = program().env("TERM", "dumb");
    let mut command = dumb.command();
    command.env("TERM", "dumb");
    let refused = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn gooses_dashboard_answers_on_loopback_and_says_where() {
    let program = Program::new([
        "run",
        SMOKE,
        "--output-dir",
        "out",
        "--goose-dashboard",
        "0",
    ])
    .args(["--set", "expect.max_schedule_lag_p99=10s"])
    .args(["--set", "expect.rules=[]"]);
    let mut child = program
        .command()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut told = String::new();
    let mut stderr = child.stderr.take().expect("piped");
    let address = loop {
        let mut byte = [0];
        stderr
            .read_exact(&mut byte)
            .expect("the line that says where");
        told.push(byte[0] as char);
        if let Some((_, address)) = told.split_once("http://")
            && let Some(address) = address.strip_suffix("/\n")
        {
            break address.to_owned();
        }
    };
    assert!(address.starts_with("127.0.0.1:"), "{told}");
    let get = || -> Option<serde_json::Value> {
        let mut stream = TcpStream::connect(&address).ok()?;
        let request = format!(
            "GET /api/v1/snapshot HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    };
    wait_for("orders on the dashboard", || {
        get().is_some_and(|snapshot| {
            snapshot["aggregate"]["total_requests"].as_u64() > Some(20)
                && snapshot["requests"][0]["name"] == "SendMessage"
        })
    });
    std::io::copy(&mut stderr, &mut std::io::sink()).expect("progress");
    assert!(child.wait().expect("the program ends").success());

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = Program::new([
        "run",
        SMOKE,
        "--output-dir",
        "out",
        "--goose-dashboard",
        &port,
    ])
    .finish()
    .code(2);
    assert!(
        refused.stderr.contains("name another port"),
        "{}",
        refused.stderr
    );
    assert!(!refused.path("out").exists());
}
