//! The journal of a world, written by hand.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::world::{Ending, RUN, START_US, World};
use crate::ledger::{
    JOURNAL_SCHEMA_VERSION, JournalContents, JournalError, JournalHeader, Outcome, read_lines,
};
use crate::order::RunId;

/// What the real reader makes of a journal.
pub(super) fn read(bytes: &[u8]) -> Result<JournalContents, JournalError> {
    read_lines(bytes, Path::new("journal"))
}

/// The journal a world left behind, line by line as its format is documented.
pub(super) fn journal_text(world: &World) -> Vec<u8> {
    let sent = &world.sent;
    let mut entries = vec![format!(
        "{{\"header\":{{\"schema_version\":2,\"run_id\":{RUN},\"seed\":{},\"planned\":{},\
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

/// The reader makes of the journal written by hand what the sender of `world` did.
pub(super) fn check_reader(world: &World) {
    if world.sent.ending == Ending::Damaged {
        return;
    }
    let by_hand = read(&journal_text(world)).unwrap();
    for k in 0..world.planned {
        assert_eq!(
            by_hand.ledger.outcome(k),
            world.sent.outcome(k),
            "order {k} of {world:#?}"
        );
    }
    let ended = world.sent.ending == Ending::Orderly;
    let untold = match ended {
        true => 0,
        false => world.planned - world.sent.intended,
    };
    assert_eq!(by_hand.ended, ended, "{world:#?}");
    assert_eq!(by_hand.ledger.untold().len(), untold, "{world:#?}");
    let header = JournalHeader {
        schema_version: JOURNAL_SCHEMA_VERSION,
        run_id: RunId::new(RUN as u32).unwrap(),
        seed: world.plan.seed,
        planned: world.planned,
        scenario_digest: "abc".into(),
        started_at: SystemTime::UNIX_EPOCH + Duration::from_micros(START_US),
        plan_digest: None,
        shard: None,
    };
    assert_eq!(by_hand.header, header, "{world:#?}");
}
