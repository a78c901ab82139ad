//! Functions whose processes are shells, with the test playing the runtime where one is wanted.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::runtime::testing::{Runtime, config};

type Outcome = Result<SqsBatchResponse, CommandError>;

/// Says where the Runtime API is, who it is and that it lives, and waits with a child of its own.
const WAITS: &str = "echo hello from $$; echo oops >&2; \
     echo $AWS_LAMBDA_RUNTIME_API $$ >> started; sleep 1000 & echo $! >> children; wait";

/// A function whose processes wait, in a folder of its own.
struct Waiting {
    folder: TempDir,
    function: CommandFunction,
    seen: usize,
}

impl Waiting {
    fn start(change: impl FnOnce(&mut CommandConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&["sh", "-c", WAITS]);
        config.working_dir = Some(folder.path().into());
        config.logs = Some(folder.path().join("logs"));
        change(&mut config);
        Self {
            function: CommandFunction::start(config).unwrap(),
            folder,
            seen: 0,
        }
    }

    fn invoke(&self) -> JoinHandle<Outcome> {
        let function = self.function.clone();
        tokio::spawn(async move { function.invoke(SqsEvent::default()).await })
    }

    fn words(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// A connection to the API of the next process that has started, and the process's id.
    async fn runtime(&mut self) -> (Runtime, i32) {
        until("a process has started", || {
            self.words("started").len() >= 2 * (self.seen + 1)
                && self.words("children").len() > self.seen
        })
        .await;
        let words = self.words("started");
        let api: SocketAddr = words[2 * self.seen].parse().unwrap();
        let pid = words[2 * self.seen + 1].parse().unwrap();
        self.seen += 1;
        (Runtime::connect(api).await, pid)
    }

    fn log(&self, number: u32) -> String {
        let path = format!("logs/environment-{number:04}.log");
        std::fs::read_to_string(self.folder.path().join(path)).unwrap()
    }
}

/// Waits some milliseconds at a time until `done`.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not in 20 s");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn is_alive(pid: i32) -> bool {
    // A process that has ended and that nobody has waited for yet counts as ended.
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
}

fn kill(pid: i32) {
    // SAFETY: a plain system call, on a process this test has started.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

async fn answer(runtime: &mut Runtime) -> String {
    let (id, event) = runtime.next().await;
    let path = format!("invocation/{id}/response");
    let reply = runtime.ask("POST", &path, b"{}").await;
    assert_eq!(reply.status, 202);
    event
}

#[tokio::test]
async fn an_environment_is_used_again_once_its_runtime_has_asked_again() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let first = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    // SAFETY: a plain system call.
    let group = unsafe { libc::getpgid(pid) };
    assert_eq!(group, pid, "a ctrl-c in the terminal does not reach it");
    let event = answer(&mut runtime).await;
    assert_eq!(event, serde_json::to_string(&SqsEvent::default()).unwrap());
    assert_eq!(first.await.unwrap(), Ok(SqsBatchResponse::default()));
    for _ in 0..3 {
        let invocation = waiting.invoke();
        runtime.send("GET", "invocation/next", "", b"").await;
        let reply = runtime.reply().await;
        let id = reply.header("Lambda-Runtime-Aws-Request-Id").to_owned();
        let path = format!("invocation/{id}/response");
        assert_eq!(runtime.ask("POST", &path, b"null").await.status, 202);
        assert_eq!(invocation.await.unwrap(), Ok(SqsBatchResponse::default()));
    }
    let figures = waiting.function.figures();
    assert_eq!((figures.started, figures.cold_starts), (1, 1));
    assert!(waiting.log(1).starts_with("hello from"), "standard output");
    assert!(waiting.log(1).contains("oops"), "and standard error");
}

#[tokio::test]
async fn invocations_at_one_time_have_a_process_each_up_to_the_most_there_may_be() {
    let mut waiting = Waiting::start(|config| config.max_environments = 2);
    let invocations: Vec<_> = (0..3).map(|_| waiting.invoke()).collect();
    let (mut one, _) = waiting.runtime().await;
    let (mut two, _) = waiting.runtime().await;
    answer(&mut one).await;
    answer(&mut two).await;
    // The third has waited, and goes to whoever asks first.
    answer(&mut one).await;
    for invocation in invocations {
        assert_eq!(invocation.await.unwrap(), Ok(SqsBatchResponse::default()));
    }
    let figures = waiting.function.figures();
    assert_eq!((figures.started, figures.most_at_one_time), (2, 2));
}

#[tokio::test]
async fn a_process_that_ends_fails_its_invocation_and_the_next_one_gets_another() {
    let mut waiting = Waiting::start(|_| {});
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    runtime.next().await;
    kill(pid);
    let Err(CommandError::Crashed { status, log }) = invocation.await.unwrap() else {
        panic!("it has crashed");
    };
    assert!(status.contains("signal: 9"), "{status}");
    assert!(log.contains("hello from") && log.contains("oops"), "{log}");
    let child: i32 = waiting.words("children")[0].parse().unwrap();
    until("its child has ended too", || !is_alive(child)).await;

    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    let figures = waiting.function.figures();
    assert_eq!((figures.started, figures.crashed), (2, 1));
    let hellos = waiting.log(1).matches("hello").count();
    assert_eq!(hellos, 2, "the same environment, the same log");
}

#[tokio::test]
async fn a_process_that_ends_between_invocations_fails_none() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    runtime.send("GET", "invocation/next", "", b"").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    kill(pid);
    until("it has ended", || !is_alive(pid)).await;
    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    assert_eq!(waiting.function.figures().crashed, 1);
}

#[tokio::test]
async fn an_invocation_that_takes_too_long_is_killed_with_all_its_processes() {
    let mut waiting = Waiting::start(|config| config.timeout = Duration::from_millis(100));
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    runtime.send("GET", "invocation/next", "", b"").await;
    let timed_out = CommandError::TimedOut(Duration::from_millis(100));
    assert_eq!(invocation.await.unwrap(), Err(timed_out));
    let child: i32 = waiting.words("children")[0].parse().unwrap();
    until("both have ended", || !is_alive(pid) && !is_alive(child)).await;
    let figures = waiting.function.figures();
    assert_eq!((figures.timed_out, figures.crashed), (1, 0));
}

#[tokio::test]
async fn an_invocation_nobody_waits_for_is_killed_and_makes_room() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    runtime.next().await;
    invocation.abort();
    until("it has ended", || !is_alive(pid)).await;
    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    assert_eq!(waiting.function.figures().abandoned, 1);
}

#[tokio::test]
async fn a_start_whose_invocation_is_given_up_serves_the_next() {
    let mut waiting = Waiting::start(|_| {});
    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    invocation.abort();
    let _ = invocation.await;
    runtime.send("GET", "invocation/next", "", b"").await;
    until("it is warm", || waiting.function.figures().cold_starts == 1).await;
    let invocation = waiting.invoke();
    let id = runtime.reply().await;
    let id = id.header("Lambda-Runtime-Aws-Request-Id").to_owned();
    let path = format!("invocation/{id}/response");
    assert_eq!(runtime.ask("POST", &path, b"").await.status, 202);
    assert!(invocation.await.unwrap().is_ok());
    let figures = waiting.function.figures();
    assert_eq!((figures.started, figures.abandoned), (1, 0));
}

#[tokio::test]
async fn the_last_handle_takes_every_process_along() {
    let mut waiting = Waiting::start(|_| {});
    let invocations: Vec<_> = (0..3).map(|_| waiting.invoke()).collect();
    let mut pids = Vec::new();
    let (mut resting, pid) = waiting.runtime().await;
    answer(&mut resting).await;
    pids.push(pid);
    for _ in 0..2 {
        pids.push(waiting.runtime().await.1);
    }
    for invocation in &invocations {
        invocation.abort();
    }
    for invocation in invocations {
        let _ = invocation.await;
    }
    let children = waiting.words("children");
    pids.extend(children.iter().map(|child| child.parse::<i32>().unwrap()));
    assert_eq!(pids.len(), 6);
    let Waiting { function, .. } = waiting;
    tokio::task::spawn_blocking(move || drop(function))
        .await
        .unwrap();
    until("all have ended", || pids.iter().all(|pid| !is_alive(*pid))).await;
}

#[tokio::test]
async fn a_start_that_fails_says_why() {
    let cases = [
        (
            "echo no good >&2; exit 3",
            "exit status: 3; its log ends: no good",
        ),
        ("exit 0", "exit status: 0"),
        ("kill -9 $$", "signal: 9"),
    ];
    for (script, expected) in cases {
        let function = CommandFunction::start(config(&["sh", "-c", script])).unwrap();
        let error = function.invoke(SqsEvent::default()).await.unwrap_err();
        assert!(matches!(error, CommandError::Init(_)), "{script}: {error}");
        assert!(error.to_string().contains(expected), "{script}: {error}");
        let figures = function.figures();
        assert_eq!((figures.failed_inits, figures.crashed), (1, 0));
    }
}

#[tokio::test]
async fn an_init_error_fails_the_invocation_with_the_runtimes_own_words() {
    let mut waiting = Waiting::start(|_| {});
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    let body = br#"{"errorMessage":"No module named 'x'","errorType":"Runtime.ImportModuleError"}"#;
    runtime.send("POST", "init/error", "", body).await;
    let reason = "Runtime.ImportModuleError: No module named 'x'";
    let expected = CommandError::Init(reason.into());
    assert_eq!(invocation.await.unwrap(), Err(expected));
    until("it has ended", || !is_alive(pid)).await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_is_killed() {
    let limit = Duration::from_millis(300);
    let waiting = Waiting::start(|config| config.init_timeout = limit);
    let late = CommandError::InitTimedOut(limit);
    assert_eq!(waiting.invoke().await.unwrap(), Err(late));
    assert_eq!(waiting.function.figures().failed_inits, 1);
    let pids: Vec<i32> = waiting
        .words("children")
        .iter()
        .map(|pid| pid.parse().unwrap())
        .collect();
    until("it has ended", || !pids.iter().any(|pid| is_alive(*pid))).await;
}

#[tokio::test]
async fn a_broken_bootstrap_is_not_forked_as_fast_as_invocations_come() {
    let function = CommandFunction::start(config(&["sh", "-c", "exit 1"])).unwrap();
    let began = Instant::now();
    for _ in 0..3 {
        assert!(function.invoke(SqsEvent::default()).await.is_err());
    }
    // The first is tried again without an event, and takes turns with the others.
    let started = function.figures().started;
    assert!((3..=5).contains(&started), "{started}");
    assert!(began.elapsed() >= Duration::from_millis(300), "100 + 200");
}

#[test]
fn a_program_that_is_not_there_is_no_function() {
    let refused = CommandFunction::start(config(&["./no-such-bootstrap"])).err();
    assert!(refused.unwrap().to_string().contains("no-such-bootstrap"));
}

/// The state of a process, as the kernel names it: `T` when it is stopped.
fn state(pid: i32) -> char {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    let stat = stat.unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map(|(_, rest)| rest);
    after_name
        .and_then(|rest| rest.chars().next())
        .unwrap_or('?')
}

impl Waiting {
    fn child(&self) -> i32 {
        self.words("children")[0].parse().unwrap()
    }
}

#[tokio::test]
async fn a_process_that_waits_for_an_event_is_frozen_with_its_children_until_there_is_one() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    let child = waiting.child();
    assert_ne!(state(pid), 'T', "it has not asked for the next yet");
    for round in 1..4 {
        runtime.send("GET", "invocation/next", "", b"").await;
        until("both are stopped", || {
            let counted = waiting.function.figures().freezes == round;
            counted && state(pid) == 'T' && state(child) == 'T'
        })
        .await;
        let invocation = waiting.invoke();
        let id = runtime.reply().await;
        until("both go on", || state(pid) != 'T' && state(child) != 'T').await;
        let path = format!(
            "invocation/{}/response",
            id.header("Lambda-Runtime-Aws-Request-Id")
        );
        assert_eq!(runtime.ask("POST", &path, b"").await.status, 202);
        assert!(invocation.await.unwrap().is_ok());
        assert_ne!(state(pid), 'T', "answered, and busy until it asks");
    }
    runtime.send("GET", "invocation/next", "", b"").await;
    until("it is stopped", || state(pid) == 'T').await;
    let Waiting { function, .. } = waiting;
    tokio::task::spawn_blocking(move || drop(function))
        .await
        .unwrap();
    until("both have ended", || !is_alive(pid) && !is_alive(child)).await;
}

#[tokio::test]
async fn a_process_that_an_event_waits_for_is_not_frozen() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let first = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    let second = waiting.invoke();
    // Has sent its event before the first is answered.
    tokio::task::yield_now().await;
    answer(&mut runtime).await;
    assert!(first.await.unwrap().is_ok());
    answer(&mut runtime).await;
    assert!(second.await.unwrap().is_ok());
    assert_eq!(waiting.function.figures().freezes, 0);
    runtime.send("GET", "invocation/next", "", b"").await;
    until("nobody waits any more", || {
        waiting.function.figures().freezes == 1
    })
    .await;
}

#[tokio::test]
async fn with_freezing_off_a_process_goes_on_while_it_waits() {
    let mut waiting = Waiting::start(|config| {
        config.max_environments = 1;
        config.freeze = false;
    });
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    runtime.send("GET", "invocation/next", "", b"").await;
    // Served again without a word: it was never stopped in between.
    let invocation = waiting.invoke();
    let id = runtime.reply().await;
    assert_ne!(state(pid), 'T');
    let id = id.header("Lambda-Runtime-Aws-Request-Id").to_owned();
    let path = format!("invocation/{id}/response");
    assert_eq!(runtime.ask("POST", &path, b"").await.status, 202);
    assert!(invocation.await.unwrap().is_ok());
    assert_eq!(waiting.function.figures().freezes, 0);
}

#[tokio::test]
async fn a_frozen_process_that_is_killed_counts_as_crashed_and_fails_no_invocation() {
    let mut waiting = Waiting::start(|config| config.max_environments = 1);
    let invocation = waiting.invoke();
    let (mut runtime, pid) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    runtime.send("GET", "invocation/next", "", b"").await;
    until("it is stopped", || state(pid) == 'T').await;
    kill(pid);
    until("it has ended", || !is_alive(pid)).await;
    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    assert_eq!(waiting.function.figures().crashed, 1);
}

#[tokio::test]
async fn a_function_that_never_started_says_so_with_its_last_lines_until_it_has() {
    let script = "echo first; echo last >&2; exit 3";
    let function = CommandFunction::start(config(&["sh", "-c", script])).unwrap();
    let watch = function.watch_start();
    assert_eq!(watch.never_started(), None, "nobody has asked for it");
    // One event is enough: the function is tried again without any.
    assert!(function.invoke(SqsEvent::default()).await.is_err());
    let given_up = || watch.never_started().is_some_and(|never| never.given_up);
    until("it is given up", given_up).await;
    let never = watch.never_started().expect("it has not started");
    assert_eq!((never.starts, never.failed), (3, 3));
    assert_eq!(never.last_lines, ["first", "last"]);
    let reason = never.reason.expect("it was told");
    assert!(reason.contains("exit status: 3"), "{reason}");
    assert!(function.invoke(SqsEvent::default()).await.is_err());
    assert_eq!(function.figures().started, 4, "tried again by events alone");

    let mut waiting = Waiting::start(|_| {});
    let watch = waiting.function.watch_start();
    let invocation = waiting.invoke();
    let (mut runtime, _) = waiting.runtime().await;
    // The process may have written before its start is counted.
    until("it is counted", || watch.never_started().is_some()).await;
    let pending = watch.never_started().expect("it has not asked yet");
    assert_eq!((pending.failed, pending.given_up), (0, false));
    answer(&mut runtime).await;
    assert!(invocation.await.unwrap().is_ok());
    assert_eq!(watch.never_started(), None);
}
