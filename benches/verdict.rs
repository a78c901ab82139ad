//! A hundred million orders, verified and judged: `cargo bench --bench verdict`.
//!
//! Runs of 10,000 to 100,000,000 orders through the program's own code, each in a process of its own: what is planned, a
//! ledger of what was sent, each row and each dead letter as the stores would hand it over, the observation, the classes
//! and the verdict. One order in ten is bad, one send in a hundred had no reply and landed all the same, 100 orders have
//! neither row nor letter, and 50 rows hold another price. Then the same with nothing wrong, and the journal of a run of
//! each size, read back. Exits with 1 unless exactly these orders are found, or when the largest takes over a minute, over
//! two bytes of memory an order, or its journal over 20 s. `-- SIZE` takes that size alone.

use std::fmt::Write as _;
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use orderproof::drive::thread_cpu_time;
use orderproof::journal::read_journal;
use orderproof::ledger::entry::{Entry, Outcomes, encode};
use orderproof::ledger::{JOURNAL_SCHEMA_VERSION, JournalHeader, Ledger, Outcome, Ranges};
use orderproof::load::Schedule;
use orderproof::metrics::Histogram;
use orderproof::order::{OrderPlan, RunId};
use orderproof::processor::{IncomingOrder, attribute};
use orderproof::records::{DeadLetter, Item, Value};
use orderproof::scenario::{Expectations, Overrides, parse};
use orderproof::verdict::{Class, Gate, Judgment, Severity, Verdict};
use orderproof::verify::{
    Belongs, Collector, JudgeInput, Observation, PhaseFigures, Quiescence, Reconciliation,
    Retention, StoredTimes, Sweep, judge, reconcile,
};

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [u64; 5] = [10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
/// The run's length; its rate follows from its size.
const SECONDS: u64 = 1_000;
const LOST: u64 = 100;
const ALTERED: u64 = 50;
const INDETERMINATE_EVERY: u64 = 100;
/// Lines of outcomes that a journal has a second.
const LINES_PER_SECOND: u64 = 10;
/// Orders in one batch: what is acknowledged together.
const BATCH: u64 = 10;
/// Limits of the largest.
const WALL_MAX: Duration = Duration::from_secs(60);
const BYTES_MAX: f64 = 2.0;
const JOURNAL_MAX: Duration = Duration::from_secs(20);
/// The run's start on the wall clock, microseconds since the Unix epoch.
const START_US: u64 = 1_800_000_000_000_000;
/// Rows and letters handed over together, and pages made ahead: as a scan reads its pages beside the collector.
const PAGE: usize = 2_000;
const PAGES_AHEAD: usize = 2;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let sound = match words.as_slice() {
        [] => all(&SIZES),
        ["one", what, size] => one(what, size.parse().expect("a size")),
        [size] => all(&[size.parse().expect("a size")]),
        other => panic!("not a size: {other:?}"),
    };
    match sound {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Each measurement in a process of its own, whose memory is its alone.
fn all(sizes: &[u64]) -> bool {
    let this = std::env::current_exe().expect("this program");
    let mut sound = true;
    for (what, head) in [
        (
            "wrong",
            "10% bad, 1% without a reply, 100 lost, 50 altered; rows are made on a thread beside\n\
             orders       wall s  CPU s  making rows  taking in  judging  ns an order  peak MiB  bytes an order",
        ),
        (
            "right",
            "the same with nothing wrong\n\
             orders       wall s  CPU s  making rows  taking in  judging  ns an order  peak MiB  bytes an order",
        ),
        (
            "journal",
            "the journal, read\n\
             orders       wall s  CPU s     ns an order  file MiB  peak MiB  bytes an order",
        ),
    ] {
        println!("{head}");
        for size in sizes {
            if what == "right" && *size > 10_000_000 {
                continue;
            }
            let ran = Command::new(&this)
                .args(["one", what, &size.to_string()])
                .status();
            sound &= ran.is_ok_and(|status| status.success());
        }
    }
    println!("{}", if sound { "ok" } else { "FAILED" });
    sound
}

fn one(what: &str, size: u64) -> bool {
    match what {
        "wrong" => verdict_of(size, true),
        "right" => verdict_of(size, false),
        "journal" => journal_of(size),
        other => panic!("not a measurement: {other}"),
    }
}

/// What a run of this size is.
struct World {
    size: u64,
    plan: OrderPlan,
    schedule: Schedule,
    wrong: bool,
}

impl World {
    fn new(size: u64, wrong: bool) -> Self {
        let rate = size / SECONDS;
        let text = format!(
            "name = \"a-hundred-million\"\nquestion = \"Is every lost order found?\"\nseed = 2026\n\
             [[phase]]\nname = \"spike\"\nrate = \"{rate}/s\"\nduration = \"{SECONDS}s\"\n"
        );
        let scenario = parse("verdict", &text, &Overrides::default());
        let schedule = scenario
            .unwrap_or_else(|errors| panic!("{errors}"))
            .schedule();
        assert_eq!(schedule.count(), size);
        Self {
            size,
            plan: OrderPlan::lab(RunId::new(7).expect("a run id"), 2026, 0.1),
            schedule,
            wrong,
        }
    }

    /// The orders that are lost: spread, and with a known outcome.
    fn is_lost(&self, k: u64) -> bool {
        self.wrong && k % (self.size / LOST) == 17 && !no_reply(k)
    }

    /// The orders whose row holds another price: spread, good, and with a row.
    fn is_altered(&self, k: u64) -> bool {
        self.wrong && k % (self.size / ALTERED) == 5
    }

    fn lost(&self) -> Vec<u32> {
        let all = (0..LOST).map(|index| index * (self.size / LOST) + 17);
        all.filter(|k| self.is_lost(*k)).map(|k| k as u32).collect()
    }

    fn altered(&self) -> Vec<u32> {
        let all = (0..ALTERED).map(|index| index * (self.size / ALTERED) + 5);
        let has_row = all.filter(|k| !self.plan.is_bad(*k));
        has_row.map(|k| k as u32).collect()
    }
}

/// Whether the send of order `k` had no reply: one in a hundred, scattered.
fn no_reply(k: u64) -> bool {
    let scattered = k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (scattered >> 32).is_multiple_of(INDETERMINATE_EVERY)
}

fn verdict_of(size: u64, wrong: bool) -> bool {
    let world = World::new(size, wrong);
    let (wall, cpu) = (Instant::now(), thread_cpu_time());
    let ledger = ledger(&world);
    let (observation, times, making) = observe(&world, &ledger);
    let taken = thread_cpu_time();
    let (judgment, reconciliation) = judged(&world, &ledger, &observation, times);
    let (wall, end) = (wall.elapsed(), thread_cpu_time());
    let rss = peak_rss_bytes();
    let seconds = |time: Duration| time.as_secs_f64();
    let bytes = rss as f64 / size as f64;
    println!(
        "{size:<11}  {:>6.2}  {:>5.2}  {:>11.2}  {:>9.2}  {:>7.3}  {:>11.0}  {:>8.1}  {bytes:>14.2}",
        seconds(wall),
        seconds(end - cpu),
        seconds(making),
        seconds(taken - cpu),
        seconds(end - taken),
        seconds(end - cpu) * 1e9 / size as f64,
        rss as f64 / f64::from(1 << 20),
    );
    let found = is_expected(&world, &judgment, &reconciliation);
    if !found {
        println!("  WRONG: {:?}", judgment.findings);
    }
    let largest = size == SIZES[4];
    found && (!largest || (wall < WALL_MAX && bytes <= BYTES_MAX))
}

/// Exactly the lost orders are found, and exactly the altered ones, and nothing else beside notes.
fn is_expected(world: &World, judgment: &Judgment, reconciliation: &Reconciliation) -> bool {
    let members = |class| {
        let members = reconciliation.members.get(&class);
        members.into_iter().flatten().collect::<Vec<u32>>()
    };
    let grave = judgment.findings.iter();
    let grave = grave.filter(|finding| finding.severity != Severity::Note);
    let mut codes: Vec<_> = grave.map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    let (verdict, expected): (_, &[&str]) = match world.wrong {
        true => (Verdict::Fail, &["altered", "lost"]),
        false => (Verdict::Pass, &[]),
    };
    let (lost, altered) = match world.wrong {
        true => (world.lost(), world.altered()),
        false => (Vec::new(), Vec::new()),
    };
    judgment.verdict == verdict
        && codes == expected
        && members(Class::Lost) == lost
        && members(Class::Altered) == altered
}

fn ledger(world: &World) -> Ledger {
    let mut ledger = Ledger::new(world.size);
    // As a journal is replayed: some thousand orders at a time.
    for first in (0..world.size).step_by(10_000) {
        let orders = first..(first + 10_000).min(world.size);
        ledger.record(Outcome::Acknowledged, orders.clone());
        for k in orders.filter(|k| no_reply(*k)) {
            ledger.record(Outcome::Indeterminate, k..k + 1);
        }
        if first.is_multiple_of(1_000_000) {
            ledger.compact();
        }
    }
    ledger.compact();
    ledger
}

/// Rows and letters as the stores hand them over, in memory that is used again and again.
#[derive(Default)]
struct Page {
    rows: Used<Item>,
    letters: Used<DeadLetter>,
}

/// Of what there is memory for, that which is used.
struct Used<T> {
    all: Vec<T>,
    used: usize,
}

impl<T> Default for Used<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            used: 0,
        }
    }
}

impl<T> Used<T> {
    /// One more, as it was when it was used last; `new` makes one where none was.
    fn next(&mut self, new: impl FnOnce() -> T) -> &mut T {
        if self.used == self.all.len() {
            self.all.push(new());
        }
        self.used += 1;
        &mut self.all[self.used - 1]
    }

    fn used(&self) -> &[T] {
        &self.all[..self.used]
    }
}

impl Page {
    fn clear(&mut self) {
        self.rows.used = 0;
        self.letters.used = 0;
    }

    fn count(&self) -> usize {
        self.rows.used + self.letters.used
    }

    /// Puts in what the stores hold of order `k`.
    fn put(&mut self, world: &World, k: u64) {
        if world.plan.is_bad(k) {
            let letter = self.letters.next(|| DeadLetter {
                body: String::new(),
                message_id: String::new(),
            });
            letter.body.clear();
            return world.plan.write_body(k, &mut letter.body);
        }
        let row = self.rows.next(|| {
            let number = Value::N("1".into());
            let row = [
                (attribute::ID, number.clone()),
                (attribute::ORDER_DETAILS, Value::S(String::new())),
                (attribute::STORED_AT, number.clone()),
                (attribute::RECEIVE_COUNT, number),
            ];
            Item::from(row.map(|(name, value)| (name.to_owned(), value)))
        });
        for (name, value) in row {
            let (Value::N(text) | Value::S(text)) = value else {
                panic!("neither a number nor a text")
            };
            match name.as_str() {
                attribute::ID => number(world.plan.run.number(k), text),
                attribute::ORDER_DETAILS => details(world, k, text),
                attribute::STORED_AT => {
                    let due_us = k * SECONDS * 1_000_000 / world.size;
                    number(START_US + due_us + 3_000, text);
                }
                _ => {}
            }
        }
    }
}

fn number(number: u64, text: &mut String) {
    text.clear();
    write!(text, "{number}").expect("memory takes it");
}

/// The order's details as the lab's processor keeps them: what it was sent, without its number.
fn details(world: &World, k: u64, text: &mut String) {
    text.clear();
    world.plan.write_body(k, text);
    let kept = k.is_multiple_of(10_007).then(|| {
        let order = IncomingOrder::parse(text).expect("an order of the lab's");
        order.details()
    });
    let number_end = text.find(", ").expect("two fields at least") + ", ".len();
    text.drain("{".len()..number_end);
    if let Some(kept) = kept {
        assert_eq!(*text, kept, "the processor's own words");
    }
    if world.is_altered(k) {
        *text = text.replacen("\"price_per_item\": 1", "\"price_per_item\": 2", 1);
    }
}

/// Hands every row and every dead letter to the collector, scattered as a table scatters its keys.
fn observe(world: &World, ledger: &Ledger) -> (Observation, StoredTimes, Duration) {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(START_US);
    let mut collector = Collector::new(world.plan.clone(), &world.schedule, start, 1);
    let (mut rows, mut letters) = (0, 0);
    let making = std::thread::scope(|scope| {
        let (give, pages) = sync_channel(PAGES_AHEAD);
        let (give_back, taken) = channel();
        let maker = scope.spawn(move || make(world, &give, &taken));
        for page in pages {
            let page: Page = page;
            rows += page.rows.used as u64;
            collector.rows("orders", page.rows.used());
            letters += page.letters.used as u64;
            collector.dead_letters(None, page.letters.used());
            // The maker may be gone after the last one.
            let _ = give_back.send(page);
        }
        maker.join().expect("all pages are made")
    });
    // Looked up once more, and not there.
    let unseen = collector.unseen(&(ledger.acknowledged() | ledger.indeterminate()));
    let sweep = |items: u64| Sweep {
        complete: true,
        items,
        requests: 1 + items / 2_000,
        error: None,
    };
    let evidence = Observation {
        quiescence: Quiescence {
            reached: true,
            empty_samples: 3,
            drain: Some(Duration::from_secs(1)),
            evidence: "empty".into(),
            never_started: None,
        },
        scan: sweep(rows),
        lookups: sweep(unseen.len()),
        dead_letter_sweep: sweep(letters),
        retention: Retention {
            shortest: Some(Duration::from_secs(345_600)),
            age: Duration::from_secs(1_100),
        },
        ..Observation::default()
    };
    (
        collector.observation(evidence),
        collector.into_times(),
        making,
    )
}

/// Makes every row and every letter, and gives the CPU time that took.
fn make(world: &World, give: &SyncSender<Page>, taken: &Receiver<Page>) -> Duration {
    // Coprime to the number of orders: each comes once.
    const STRIDE: u64 = 6_180_339;
    let mut page = Page::default();
    for step in 0..world.size {
        let k = step * STRIDE % world.size;
        if !world.is_lost(k) {
            page.put(world, k);
        }
        if page.count() == PAGE || step + 1 == world.size {
            let mut next = taken.try_recv().unwrap_or_default();
            next.clear();
            let full = std::mem::replace(&mut page, next);
            give.send(full).expect("they are taken");
        }
    }
    thread_cpu_time()
}

fn judged(
    world: &World,
    ledger: &Ledger,
    observation: &Observation,
    mut times: StoredTimes,
) -> (Judgment, Reconciliation) {
    let belongs = Belongs::of(&world.plan, world.size);
    let reconciliation = reconcile(ledger, &belongs, observation);
    let mut measured = Histogram::new();
    measured.record(Duration::from_millis(2));
    let phases = [PhaseFigures {
        name: "spike".into(),
        warm_up: false,
        response_time: measured.clone(),
        service_time: measured.clone(),
        schedule_lag: measured,
        end_to_end: times.phases.remove(0),
    }];
    let expect = Expectations {
        gate: Gate::Strict,
        max_unsent_share: 0.0,
        max_indeterminate: 0,
        max_schedule_lag_p99: Duration::from_millis(20),
        rules: Vec::new(),
    };
    let judgment = judge(&JudgeInput {
        orders: &world.plan,
        expect: &expect,
        reconciliation: &reconciliation,
        observation: Some(observation),
        ledger_ended: true,
        phases: Some(&phases),
        interrupted: false,
        clock_skew_bound: Duration::ZERO,
    });
    (judgment, reconciliation)
}

/// Writes the journal of a run of this size, and reads it in a time that is measured.
fn journal_of(size: u64) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ledger.journal");
    let expected = write_journal(size, &path);
    let file = std::fs::metadata(&path).expect("a journal").len();
    let (wall, cpu) = (Instant::now(), thread_cpu_time());
    let contents = read_journal(&path).unwrap_or_else(|error| panic!("{error}"));
    let (wall, cpu) = (wall.elapsed(), thread_cpu_time() - cpu);
    let counts = contents.ledger.counts();
    let sound = contents.ended && counts.indeterminate == expected && counts.attempted == size;
    let rss = peak_rss_bytes();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!(
        "{size:<11}  {:>6.2}  {:>5.2}  {:>14.1}  {:>8.1}  {:>8.1}  {:>14.2}",
        wall.as_secs_f64(),
        cpu.as_secs_f64(),
        cpu.as_secs_f64() * 1e9 / size as f64,
        mib(file),
        mib(rss),
        rss as f64 / size as f64,
    );
    sound && (size < SIZES[4] || wall < JOURNAL_MAX)
}

/// As a run writes it: an intent a second, ten lines of outcomes, of which batches are acknowledged in any order, and some
/// only with the next line. Gives the number of orders without a reply.
fn write_journal(size: u64, path: &Path) -> u64 {
    let file = std::fs::File::create(path).expect("a journal");
    let mut file = BufWriter::new(file);
    let mut number = 0;
    let mut write = |entry: Entry| {
        file.write_all(&encode(number, entry)).expect("a line");
        number += 1;
    };
    write(Entry::Header(JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION,
        run_id: RunId::new(7).expect("a run id"),
        seed: 2026,
        planned: size,
        scenario_digest: "0123456789abcdef".into(),
        started_at: SystemTime::UNIX_EPOCH + Duration::from_micros(START_US),
        plan_digest: None,
        shard: None,
    }));
    let per_line = (size / SECONDS / LINES_PER_SECOND).max(1);
    let (mut late, mut unknown) = (Vec::new(), 0);
    let mut first = 0;
    while first < size {
        let end = (first + per_line).min(size);
        write(Entry::Intent(ranges(std::iter::once(first..end).collect())));
        let (mut acknowledged, mut indeterminate) = (std::mem::take(&mut late), Vec::new());
        for batch in (first..end).step_by(BATCH as usize) {
            let orders = batch..(batch + BATCH).min(end);
            for k in orders {
                match no_reply(k) {
                    true => {
                        unknown += 1;
                        indeterminate.push(k..k + 1);
                    }
                    // One batch in fifty has its reply after this line.
                    false if (batch / BATCH).is_multiple_of(50) && end < size => {
                        late.push(k..k + 1)
                    }
                    false => acknowledged.push(k..k + 1),
                }
            }
        }
        write(Entry::Outcome(Outcomes {
            acknowledged: ranges(acknowledged),
            indeterminate: ranges(indeterminate),
            ..Outcomes::default()
        }));
        first = end;
    }
    let mut ledger = Ledger::new(size);
    ledger.record(Outcome::Acknowledged, 0..size - unknown);
    ledger.record(Outcome::Indeterminate, size - unknown..size);
    write(Entry::End(ledger.counts()));
    file.flush().expect("a journal");
    unknown
}

fn ranges(orders: Vec<Range<u64>>) -> Ranges {
    Ranges::of(orders)
}

fn peak_rss_bytes() -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1_024 };
    usage().ru_maxrss as u64 * unit
}

fn usage() -> libc::rusage {
    // SAFETY: plain integers, for which zeros are a value; the call fills them in.
    unsafe {
        let mut usage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    }
}
