//! Processes that leave their group in every way there is, and bystanders.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::runtime::config::Launch;
use crate::runtime::process::Process;
use crate::runtime::testing::config;

/// Starts one that sleeps in each way there is, with what it writes its number to.
const LEAVES: [(&str, &str); 7] = [
    ("child", "sleep 1000 & echo $! > child"),
    // It makes a group of its own.
    (
        "group",
        "timeout 1000 sh -c 'echo $$ > group; exec sleep 1000' &",
    ),
    (
        "session",
        "setsid sh -c 'echo $$ > session; exec sleep 1000' &",
    ),
    (
        "daemon",
        "(setsid sh -c 'echo $$ > daemon; exec sleep 1000' > /dev/null 2>&1 < /dev/null &)",
    ),
    (
        "bare",
        "setsid env -i \"$(command -v sh)\" -c 'echo $$ > bare; exec /bin/sleep 1000' > /dev/null 2>&1 &",
    ),
    (
        "bare-daemon",
        "(setsid env -i \"$(command -v sh)\" -c 'echo $$ > bare-daemon; exec /bin/sleep 1000' &)",
    ),
    (
        "grandchild",
        "(setsid sh -c '(setsid env -i /bin/sh -c \"echo \\$\\$ > grandchild; exec /bin/sleep 1000\" > /dev/null 2>&1; true)' &)",
    ),
];

/// A process in a folder of its own.
struct Started {
    folder: TempDir,
    process: Process,
}

impl Started {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(&["sh", "-c", script]);
        config.working_dir = Some(folder.path().into());
        let launch = Launch::new(config).unwrap();
        let api = SocketAddr::from(([127, 0, 0, 1], 9));
        let (process, output) = Process::spawn(&launch, api, 1).unwrap();
        // Whoever writes to it is not to be ended by that.
        std::mem::forget(output);
        Self { folder, process }
    }

    async fn pid(&self, name: &str) -> pid_t {
        let path = self.folder.path().join(name);
        let mut read = None;
        until(name, || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            read = text.ends_with('\n').then(|| text.trim().parse().unwrap());
            read.is_some()
        })
        .await;
        read.unwrap()
    }
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}: not in 20 s");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The state of a process as the kernel names it, `T` when it is stopped; nothing when it has ended.
fn state(pid: pid_t) -> Option<char> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    let state = stat.ok()?.rsplit_once(") ")?.1.chars().next();
    state.filter(|state| !matches!(state, 'Z' | 'X'))
}

fn is_stopped(pid: pid_t) -> bool {
    state(pid) == Some('T')
}

#[tokio::test]
async fn descendants_stop_go_on_and_end_wherever_they_have_gone() {
    let all: Vec<_> = LEAVES.iter().map(|(_, script)| *script).collect();
    let mut started = Started::new(&format!("{}; echo $$ > root; wait", all.join("\n")));
    let mut pids = vec![("root", started.pid("root").await)];
    for (name, _) in LEAVES {
        pids.push((name, started.pid(name).await));
    }
    for round in 0..3 {
        assert!(started.process.stop(), "nothing was left out");
        for (name, pid) in &pids {
            until(name, || is_stopped(*pid)).await;
        }
        started.process.go_on();
        for (name, pid) in &pids {
            let goes_on = || state(*pid).is_some() && !is_stopped(*pid);
            until(&format!("{name}, round {round}"), goes_on).await;
        }
    }
    started.process.stop();
    started.process.kill().await;
    for (name, pid) in &pids {
        until(name, || state(*pid).is_none()).await;
    }
}

#[tokio::test]
async fn those_of_others_go_on() {
    let leaves = format!("{}; sleep 1000 & echo $$ > root; wait", LEAVES[3].1);
    let (mut one, other) = (Started::new(&leaves), Started::new(&leaves));
    let mut bystander = tokio::process::Command::new("sleep")
        .arg("1000")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let bystander_pid = pid_t::try_from(bystander.id().unwrap()).unwrap();
    let of_other = [other.pid("root").await, other.pid("daemon").await];
    let daemon = one.pid("daemon").await;
    assert!(one.process.stop());
    until("it is stopped", || is_stopped(daemon)).await;
    assert!(!of_other.iter().any(|pid| is_stopped(*pid)));
    assert!(!is_stopped(bystander_pid));
    one.process.kill().await;
    until("it has ended", || state(daemon).is_none()).await;
    assert!(of_other.iter().all(|pid| state(*pid).is_some()));
    assert!(state(bystander_pid).is_some());
    bystander.kill().await.unwrap();
}

#[tokio::test]
async fn what_a_process_leaves_behind_ends_with_it() {
    let script = format!("{}; until [ -s daemon ]; do sleep 0.01; done", LEAVES[3].1);
    let mut started = Started::new(&script);
    let daemon = started.pid("daemon").await;
    started.process.exit().await;
    until("its daemon has ended", || state(daemon).is_none()).await;
}

#[tokio::test]
async fn one_that_starts_others_without_end_is_stopped_with_all_of_them() {
    let breeds = "i=0; while :; do i=$((i+1)); setsid sh -c 'echo $$ >> young; exec sleep 0.3' & \
         echo $i > bred; sleep 0.002; done";
    let mut started = Started::new(&format!("setsid sh -c '{breeds}' &\nwait").replace(
        "setsid sh -c 'echo $$ >> young; exec sleep 0.3'",
        "setsid sh -c \"echo \\$\\$ >> young; exec sleep 0.3\"",
    ));
    let bred = started.folder.path().join("bred");
    let count = || {
        let text = std::fs::read_to_string(&bred).unwrap_or_default();
        text.trim().parse::<u32>().unwrap_or_default()
    };
    until("it breeds", || count() > 20).await;
    assert!(started.process.stop());
    let young = started.folder.path().join("young");
    let before = std::fs::read_to_string(&young).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(std::fs::read_to_string(&young).unwrap(), before);
    let stopped_at = count();
    started.process.go_on();
    until("it goes on", || count() > stopped_at + 5).await;
}

#[test]
fn a_search_that_is_not_possible_is_no_search() {
    // Nobody has the number, so nobody is seen under it.
    let mut nobody = Descendants::of(pid_t::MAX, new_mark(), None);
    assert!(!nobody.stop());
    nobody.born = Some(u64::MAX);
    assert!(!nobody.stop(), "it was not seen");
}

#[test]
fn a_name_may_hold_anything() {
    let line = b"7 (a) R 1 1) S 3 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99 0 0";
    let stat = Stat::parse(7, line).unwrap();
    let expected = Stat {
        pid: 7,
        parent: 3,
        group: 5,
        has_ended: false,
        flags: 4_194_560,
        born: 99,
    };
    assert_eq!(stat, expected);
    assert_eq!(Stat::parse(7, b"7 (short) S 3"), None);
    assert_eq!(Stat::parse(7, b""), None);
}
