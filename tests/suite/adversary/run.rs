//! A case from its seed to how it ended.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use orderproof::embedded::EmbeddedPipeline;
use orderproof::journal::read_journal;
use orderproof::order::{OrderPlan, RunId};
use orderproof::scenario::{Overrides, parse};
use serde_json::Value;
use tokio::runtime::{Builder, Handle};

use super::check::{Kind, Known, Statement, check};
use super::plan::Case;
use super::proxy::{Log, Proxy};
use super::results::{Ended, Results};
use super::truth::Truth;
use crate::suite::program::orderproof;

/// A run that takes longer is without end: what is asked for again and again is given up well before.
const LIMIT: Duration = Duration::from_secs(240);
/// How often it is looked whether a run has ended.
const TICK: Duration = Duration::from_millis(20);

/// Runs the cases of these seeds, so many at a time, but those whose result is known.
pub fn all(seeds: Range<u64>, jobs: u64, results: &Results) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    if !results.holds(seed) {
                        results.keep(case(seed, runtime.handle()));
                    }
                }
            });
        }
    });
    runtime.shutdown_background();
}

fn case(seed: u64, runtime: &Handle) -> Ended {
    let began = Instant::now();
    let case = Case::draw(seed);
    let text = case.scenario();
    let mut scenario = parse("adversary.toml", &text, &Overrides::default()).expect("it is valid");
    scenario.faults.clone_from(&case.faults);
    let plan = OrderPlan::lab(
        RunId::new(1 + (seed % 9_000_000) as u32).expect("in range"),
        scenario.seed,
        scenario.bad_share,
    );
    let pipeline =
        EmbeddedPipeline::start(&scenario, plan.clone(), case.orders).expect("it starts");
    let upstream = pipeline.target().sqs_endpoint;
    let proxy = Proxy::start(runtime, &case, plan.clone(), &upstream).expect("a port");
    let folder = tempfile::tempdir().expect("a folder");
    let exit = run(&case, plan.run, &proxy.endpoint(), folder.path());
    let log = proxy.finish();
    let mut holdings = pipeline.holdings().expect("it can be read");
    let received = log.letters.iter().map(|body| body.as_str().into());
    holdings.dead_letters.extend(received);
    let truth = Truth::of(&plan, case.orders, &holdings);
    drop(pipeline);
    let ended = ending(&case, &plan, &truth, &log, exit, folder.path());
    keep_folder(&ended, folder);
    Ended {
        milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..ended
    }
}

/// How the program ended: with an exit code, by a signal, or not within the limit.
enum Exit {
    Code(Option<i32>),
    Never,
}

fn run(case: &Case, run: RunId, endpoint: &str, folder: &Path) -> Exit {
    std::fs::write(folder.join("adversary.toml"), case.scenario()).expect("a scenario");
    let output = |name: &str| std::fs::File::create(folder.join(name)).expect("a file");
    let mut child = Command::new(orderproof())
        .current_dir(folder)
        .args(["run", "adversary.toml", "--output-dir", "out", "--quiet"])
        .args(["--run-id", &run.get().to_string()])
        .args(["--set", &case.target(endpoint)])
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .stdin(Stdio::null())
        .stdout(output("stdout"))
        .stderr(output("stderr"))
        .spawn()
        .expect("it starts");
    let until = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            return Exit::Code(status.code());
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Exit::Never;
        }
        std::thread::sleep(TICK);
    }
}

fn ending(
    case: &Case,
    plan: &OrderPlan,
    truth: &Truth,
    log: &Log,
    exit: Exit,
    folder: &Path,
) -> Ended {
    let mut ended = Ended {
        seed: case.seed,
        kind: String::new(),
        regime: format!("{:?}", case.regime),
        damage: format!("{:?}", case.damage),
        harmed: 0,
        missing: Vec::new(),
        milliseconds: 0,
        note: String::new(),
    };
    let (kind, why) = match exit {
        Exit::Never => (Kind::Endless, "killed".into()),
        Exit::Code(code) => match statement(code, plan, folder) {
            Err(why) => (Kind::Broken, why),
            Ok(said) if !folder.join("out/ledger.journal").exists() => match code {
                // It was refused before a ledger was begun.
                Some(2 | 6) => check_refusal(case, &said),
                _ => (Kind::Broken, format!("exit code {code:?} without a ledger")),
            },
            Ok(said) => match read_journal(&folder.join("out/ledger.journal")) {
                Err(error) => (Kind::Broken, error.to_string()),
                Ok(journal) => {
                    let ledger = &journal.ledger;
                    let known = Known {
                        case,
                        plan,
                        truth,
                        ledger,
                        log,
                    };
                    ended.harmed = known.harmed();
                    ended.missing = said.codes("missing_evidence");
                    check(&known, &said)
                }
            },
        },
    };
    let strikes = case.strikes.iter().zip(&log.struck);
    let strikes =
        strikes.map(|(strike, times)| format!("{:?} {:?} x{times}", strike.op, strike.act));
    let strikes: Vec<String> = strikes.collect();
    let faults: Vec<&str> = case
        .faults
        .iter()
        .map(|fault| fault.kind.as_str())
        .collect();
    ended.kind = format!("{kind:?}");
    ended.note = format!("{why} [{}] [{}]", strikes.join("; "), faults.join(" "));
    if !kind.is_right() {
        let stderr = std::fs::read_to_string(folder.join("stderr")).unwrap_or_default();
        ended.note.extend(stderr.chars().take(300));
    }
    ended
}

fn check_refusal(case: &Case, said: &Statement) -> (Kind, String) {
    match case.regime {
        super::plan::Regime::Early => (Kind::Refused, String::new()),
        _ => (
            Kind::Broken,
            format!("refused with exit code {:?}", said.exit),
        ),
    }
}

/// What the run's files say.
fn statement(exit: Option<i32>, plan: &OrderPlan, folder: &Path) -> Result<Statement, String> {
    let mut said = Statement {
        exit,
        ..Statement::default()
    };
    if !matches!(exit, Some(0 | 3 | 4)) {
        return Ok(said);
    }
    let read = |name: &str| {
        let path = folder.join("out").join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))
    };
    let report: Value =
        serde_json::from_str(&read("run.json")?).map_err(|error| error.to_string())?;
    for finding in report["findings"].as_array().ok_or("no findings")? {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        said.findings.push((text("code"), text("severity")));
    }
    let findings = read("findings.csv")?;
    let mut rows = csv::Reader::from_reader(findings.as_bytes());
    let headers = rows.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| {
        headers
            .iter()
            .position(|header| header == name)
            .ok_or("a column")
    };
    let (number, class) = (column("order_number")?, column("class")?);
    for row in rows.records() {
        let row = row.map_err(|error| error.to_string())?;
        let (number, class) = (&row[number], &row[class]);
        let number: u64 = number
            .parse()
            .map_err(|_| format!("{number} is not a number"))?;
        match class {
            "phantom" => {
                said.phantoms.insert(number);
            }
            _ => {
                let k = plan.run.sequence_of(number);
                said.named
                    .insert(k.ok_or("another run's order")?, class.to_owned());
            }
        }
    }
    Ok(said)
}

/// The folder of a case that went wrong is kept where the environment says.
fn keep_folder(ended: &Ended, folder: tempfile::TempDir) {
    let wrong = !["Pass", "Fail", "Inconclusive", "Refused"].contains(&&*ended.kind);
    let Some(place) = std::env::var_os("ORDERPROOF_ADVERSARY_KEEP").filter(|_| wrong) else {
        return;
    };
    let place = PathBuf::from(place).join(ended.seed.to_string());
    let kept = folder.keep();
    let _ = std::fs::create_dir_all(place.parent().expect("a parent"));
    let _ = std::fs::remove_dir_all(&place);
    let _ = std::fs::rename(kept, place);
}
