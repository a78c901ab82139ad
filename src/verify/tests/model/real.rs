//! The world as the program meets it: lines of a journal, rows, letters, and its own verdict on them.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use roaring::RoaringBitmap;

use super::reference::{Answer, Tallies, rank};
use super::world::{Ending, Looked, Measured, RUN, START_US, World};
use crate::exit::Exit;
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JournalContents, JournalError, JournalFile, JournalHeader,
    JournalWriter, Outcome, read_lines,
};
use crate::load::Schedule;
use crate::metrics::Histogram;
use crate::order::RunId;
use crate::scenario::{Expectations, Phase, Rule, Scenario};
use crate::verify::collector::Collector;
use crate::verify::{
    JudgeInput, Observation, PhaseFigures, Quiescence, Retention, Sweep, judge, reconcile,
};

/// What is made once for all worlds.
pub(super) struct Made {
    /// Of runs of 0 to 12 orders.
    schedules: Vec<Schedule>,
    /// An empty one, cheaper to copy than to make.
    histogram: Histogram,
}

impl Made {
    pub(super) fn new() -> Self {
        let schedule = |orders: u32| {
            let phase = Phase {
                name: "spike".into(),
                start_rate: f64::from(orders),
                end_rate: f64::from(orders),
                duration: Duration::from_secs(1),
                warm_up: false,
            };
            Schedule::new(&Scenario {
                phases: vec![phase],
                ..crate::scenario::fixture()
            })
        };
        Self {
            schedules: (0..=12).map(schedule).collect(),
            histogram: Histogram::new(),
        }
    }
}

/// What the program says of `world`; an error when it cannot trust the journal.
pub(super) fn answer(world: &World, made: &Made) -> Result<Answer, JournalError> {
    let journal = read(&journal_text(world))?;
    let schedule = &made.schedules[world.planned as usize];
    assert_eq!(schedule.count(), world.planned);
    let bad: RoaringBitmap = (0..world.planned as u32)
        .filter(|&k| world.plan.is_bad(u64::from(k)))
        .collect();
    let seen = world
        .looked
        .as_ref()
        .map(|looked| observe(world, looked, schedule));
    let nothing = Observation::default();
    let reconciliation = reconcile(&journal.ledger, &bad, seen.as_ref().unwrap_or(&nothing));
    let expect = expectations(world);
    let phases = world.measured.as_ref().map(|[warm_up, spike]| {
        [
            figures(made, "warm-up", true, warm_up),
            figures(made, "spike", false, spike),
        ]
    });
    let judgment = judge(&JudgeInput {
        run: world.plan.run,
        expect: &expect,
        reconciliation: &reconciliation,
        observation: seen.as_ref(),
        ledger_ended: journal.ended,
        phases: phases.as_ref().map(|phases| &phases[..]),
        interrupted: world.interrupted,
        clock_skew_bound: Duration::from_micros(world.skew_us),
    });
    let seen = seen.unwrap_or_default();
    let members = reconciliation.members.iter();
    Ok(Answer {
        classes: members
            .flat_map(|(&class, members)| members.iter().map(move |k| (u64::from(k), class)))
            .collect(),
        phantoms: reconciliation.phantoms.iter().copied().collect(),
        tallies: Tallies {
            foreign_rows: seen.foreign_rows,
            foreign_letters: seen.foreign_dead_letters,
            extra_copies: seen.extra_dead_letter_copies,
            redelivered: seen.redelivered,
            untimed: seen.untimed_rows,
        },
        verdict: judgment.verdict,
        exit: Exit::of(&judgment, world.interrupted).code(),
        reasons: judgment
            .findings
            .iter()
            .map(|finding| (rank(finding.severity), finding.code.clone()))
            .collect(),
    })
}

fn observe(world: &World, looked: &Looked, schedule: &Schedule) -> Observation {
    let start = SystemTime::UNIX_EPOCH + Duration::from_micros(START_US);
    let mut collector = Collector::new(world.plan, schedule, start, 1);
    world.rows.iter().for_each(|row| collector.row(row));
    let letters = world.letters.iter();
    letters.for_each(|letter| collector.dead_letter(letter));
    let sweep = |complete: bool| Sweep {
        complete,
        ..Sweep::default()
    };
    collector.observation(Observation {
        quiescence: Quiescence {
            reached: looked.at_rest,
            drain: Some(Duration::from_micros(looked.drain_us)),
            ..Quiescence::default()
        },
        scan: sweep(looked.scanned),
        lookups: sweep(looked.looked_up),
        dead_letter_sweep: sweep(looked.swept),
        retention: Retention {
            shortest: looked.retention_s.map(Duration::from_secs),
            age: Duration::from_secs(looked.age_s),
        },
        ..Observation::default()
    })
}

fn expectations(world: &World) -> Expectations {
    let rule = |rule: &super::world::RuleOfWorld| Rule {
        text: "a rule".into(),
        metric: rule.metric,
        inclusive: rule.inclusive,
        limit: Duration::from_micros(rule.limit_us),
        phase: rule.phase.map(str::to_owned),
    };
    Expectations {
        gate: world.expected.gate,
        max_unsent_share: world.expected.max_unsent_percent as f64 / 100.0,
        max_indeterminate: world.expected.max_indeterminate,
        max_schedule_lag_p99: Duration::from_micros(world.expected.max_lag_us),
        rules: world.expected.rules.iter().map(rule).collect(),
    }
}

fn figures(made: &Made, name: &str, warm_up: bool, measured: &Measured) -> PhaseFigures {
    let histogram = |durations: &[u64]| {
        let mut histogram = made.histogram.clone();
        let durations = durations.iter().copied();
        durations.for_each(|us| histogram.record(Duration::from_micros(us)));
        histogram
    };
    PhaseFigures {
        name: name.into(),
        warm_up,
        response_time: histogram(&measured.response),
        service_time: histogram(&measured.service),
        schedule_lag: histogram(&measured.lag),
        end_to_end: histogram(&measured.end_to_end),
    }
}

fn read(bytes: &[u8]) -> Result<JournalContents, JournalError> {
    read_lines(bytes, Path::new("journal"))
}

/// The journal a world left behind, line by line as its format is documented.
fn journal_text(world: &World) -> Vec<u8> {
    let sent = &world.sent;
    let mut entries = vec![format!(
        "{{\"header\":{{\"schema_version\":1,\"run_id\":{RUN},\"seed\":{},\"planned\":{},\
         \"scenario_digest\":\"abc\",\"started_at\":\"2027-01-15T08:00:00Z\"}}}}",
        world.plan.seed, world.planned
    )];
    // Intended in two blocks, with what the first came to between them.
    let half = sent.intended / 2;
    for block in [0..half, half..sent.intended] {
        if block.is_empty() {
            continue;
        }
        entries.push(format!(
            "{{\"intent\":\"{}-{}\"}}",
            block.start,
            block.end - 1
        ));
        let decided = |outcome: Outcome| {
            let its: Vec<u64> = block
                .clone()
                .filter(|&k| written(world, k) == Some(outcome))
                .collect();
            ranges(&its)
        };
        let named = [
            ("acknowledged", decided(Outcome::Acknowledged)),
            ("rejected", decided(Outcome::Rejected)),
            ("indeterminate", decided(Outcome::Indeterminate)),
            ("unsent", decided(Outcome::Unsent)),
        ];
        let fields: Vec<String> = named
            .iter()
            .filter(|(_, ranges)| !ranges.is_empty())
            .map(|(name, ranges)| format!("\"{name}\":\"{ranges}\""))
            .collect();
        entries.push(format!("{{\"outcome\":{{{}}}}}", fields.join(",")));
    }
    if sent.ending == Ending::Orderly {
        let count = |outcome| {
            (0..world.planned)
                .filter(|&k| sent.outcome(k) == outcome)
                .count()
        };
        let unsent = count(Outcome::Unsent);
        entries.push(format!(
            "{{\"end\":{{\"planned\":{},\"attempted\":{},\"acknowledged\":{},\"rejected\":{},\
             \"indeterminate\":{},\"unsent\":{unsent}}}}}",
            world.planned,
            world.planned as usize - unsent,
            count(Outcome::Acknowledged),
            count(Outcome::Rejected),
            count(Outcome::Indeterminate),
        ));
    }
    let mut bytes = Vec::new();
    for (line, entry) in entries.iter().enumerate() {
        let json = format!("{{\"line\":{line},\"entry\":{entry}}}");
        let crc = crc32fast::hash(json.as_bytes());
        bytes.extend_from_slice(format!("{crc:08x} {json}\n").as_bytes());
    }
    match sent.ending {
        Ending::Orderly | Ending::Killed => {}
        Ending::KilledWriting => bytes.extend_from_slice(b"59716aba {\"line\":4,\"entry\":{\"in"),
        Ending::Damaged => {
            let victim = (world.seed % (bytes.len() as u64 - 1)) as usize;
            let newline = bytes[victim] == b'\n';
            bytes[victim - usize::from(newline)] ^= 1;
        }
    }
    bytes
}

/// The outcome the journal states for order `k`: one that was closed states one for each.
fn written(world: &World, k: u64) -> Option<Outcome> {
    let sent = &world.sent;
    match sent.ending {
        Ending::Orderly => Some(sent.outcome(k)),
        _ => sent.outcomes[k as usize],
    }
}

/// `0-2,5`: neighbors as one range.
fn ranges(numbers: &[u64]) -> String {
    let mut parts: Vec<(u64, u64)> = Vec::new();
    for &k in numbers {
        match parts.last_mut() {
            Some((_, last)) if *last + 1 == k => *last = k,
            _ => parts.push((k, k)),
        }
    }
    let text = |&(first, last): &(u64, u64)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    parts.iter().map(text).collect::<Vec<_>>().join(",")
}

/// A journal file in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl JournalFile for Memory {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The real writer, told what the sender of `world` did, leaves a journal that says the same as the
/// one written by hand, and the same as the ledger it kept.
pub(super) fn check_writer(world: &World) {
    let file = Memory::default();
    let header = JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION,
        run_id: RunId::new(RUN as u32).unwrap(),
        seed: world.plan.seed,
        planned: world.planned,
        scenario_digest: "abc".into(),
        started_at: SystemTime::UNIX_EPOCH + Duration::from_micros(START_US),
    };
    let writer = JournalWriter::start(file.clone(), Path::new("journal"), &header).unwrap();
    writer.wait_intended(world.sent.intended).unwrap();
    for (k, outcome) in (0u64..).zip(&world.sent.outcomes) {
        if let Some(outcome) = outcome {
            let alone: Range<u64> = k..k + 1;
            writer.record(*outcome, alone);
        }
    }
    let (ledger, result) = writer.finish();
    result.unwrap();
    let bytes = file.0.lock().unwrap().clone();
    let contents = read(&bytes).unwrap();
    assert!(contents.ended, "{world:#?}");
    assert_eq!(contents.ledger, ledger, "{world:#?}");
    for k in 0..world.planned {
        assert_eq!(
            ledger.outcome(k),
            world.sent.outcome(k),
            "order {k} of {world:#?}"
        );
    }
    if world.sent.ending != Ending::Damaged {
        let by_hand = read(&journal_text(world)).unwrap();
        assert_eq!(by_hand.ledger, ledger, "{world:#?}");
        assert_eq!(by_hand.header, header, "{world:#?}");
    }
}
