//! `[[fault]]`: what is to go wrong, to which orders, how often.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::units::{DURATION_HINT, PERCENT_HINT, parse_duration, parse_percent};
use crate::load::Phase;

/// A fault to provoke: seeded and bounded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// To how many orders.
    pub extent: FaultExtent,
    /// Only to orders that are due in this phase.
    pub phase: Option<String>,
    /// Strikes one order at most so often; every time it comes by when absent.
    pub times: Option<u32>,
    /// How long or how late, for the kinds that need it.
    pub delay: Duration,
}

impl Fault {
    /// A fault that strikes every time, without a delay.
    pub fn new(kind: FaultKind, extent: FaultExtent) -> Self {
        Self {
            kind,
            extent,
            phase: None,
            times: None,
            delay: Duration::ZERO,
        }
    }
}

/// How many orders a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultExtent {
    /// Exactly so many of the planned orders, chosen by the seed.
    Count(u64),
    /// Each order with this probability, 0.0 to 1.0, drawn by the seed.
    Share(f64),
}

/// Which part of the way a fault sits on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPlace {
    /// Between the sender and the queue.
    Wire,
    /// What orders are sent to in the queue's place.
    Door,
    /// The orders queue.
    Queue,
    /// The event source mapping and the function.
    Function,
    /// The table.
    Table,
    /// The dead-letter queue.
    DeadLetters,
    /// This program and its machine.
    Harness,
}

impl FaultPlace {
    /// Whether what sits there knows an order by the body of its message alone.
    pub fn finds_by_body(self) -> bool {
        match self {
            Self::Wire | Self::Door | Self::Queue | Self::Function | Self::DeadLetters => true,
            Self::Table | Self::Harness => false,
        }
    }
}

/// Which orders a count chooses among; a share draws for every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTarget {
    /// Any.
    Any,
    /// Good ones: a bad order never gets that far.
    Good,
    /// Bad ones: nothing happens to a good one.
    Bad,
}

macro_rules! fault_kinds {
    ($($kind:ident $name:literal $place:ident $target:ident $delay:literal $meaning:literal,)+) => {
        /// What goes wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum FaultKind {
            $(
                #[doc = $meaning]
                #[serde(rename = $name)]
                $kind,
            )+
        }

        impl FaultKind {
            /// Every kind, in the order of the way an order takes.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The word used in files and output.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)+ }
            }

            /// Where it happens.
            pub fn place(self) -> FaultPlace {
                match self { $(Self::$kind => FaultPlace::$place,)+ }
            }

            /// Which orders it can strike.
            pub fn target(self) -> FaultTarget {
                match self { $(Self::$kind => FaultTarget::$target,)+ }
            }

            /// Whether it is a fault of message groups, which only a FIFO queue keeps in order.
            pub fn is_of_groups(self) -> bool {
                matches!(self, Self::MessageOvertaken | Self::GroupBlocked)
            }

            /// Whether it needs a delay.
            pub fn takes_delay(self) -> bool {
                match self { $(Self::$kind => $delay,)+ }
            }

            /// What it does, one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning,)+ }
            }
        }
    };
}

fault_kinds! {
    ReplyDropped "reply_dropped" Wire Any false
        "The queue takes the request, and the connection ends before the reply.",
    ReplyDelayed "reply_delayed" Wire Any true
        "The queue takes the request and replies after the delay.",
    ConnectionReset "connection_reset" Wire Any false
        "The connection is reset before the queue has taken the request.",
    ServerError "server_error" Wire Any false
        "The request is answered with a 500 and not carried out.",
    EntryRefused "entry_refused" Wire Any false
        "The order is refused: within a batch as a `Failed` entry under a 200.",
    DoorSwallows "door_swallows" Door Any false
        "The topic, bus or server in front of the queue accepts the order and never puts it on the queue.",
    DoorDoubles "door_doubles" Door Any false
        "The topic, bus or server in front of the queue puts the order on it twice.",
    DoorLate "door_late" Door Any true
        "The topic, bus or server in front of the queue accepts the order and puts it on the queue the delay after.",
    DoorRefusesInside "door_refuses_inside" Door Any false
        "The topic, bus or server in front of the queue answers 200 with an error for the order inside.",
    DoorThrottles "door_throttles" Door Any false
        "The topic, bus or server in front of the queue throttles the order.",
    DoorThrottlesRequest "door_throttles_request" Door Any false
        "The topic, bus or server in front of the queue throttles the whole request that the order is in.",
    MessageVanishes "message_vanishes" Queue Any false
        "The queue acknowledges a message and forgets it.",
    MessageDuplicated "message_duplicated" Queue Any false
        "A received message stays visible and is delivered again at once.",
    ReceiveLost "receive_lost" Queue Any false
        "A receive is counted and hides the message, and its reply never arrives.",
    VisibilityChanged "visibility_changed" Queue Any true
        "A received message is hidden for the delay instead of the queue's visibility timeout.",
    QueuePurged "queue_purged" Queue Any false
        "Somebody purges the orders queue just after the message has arrived.",
    CountsHidden "counts_hidden" Queue Any false
        "The queue's counts leave the message out, wherever it is.",
    SentTwice "sent_twice" Queue Any false
        "The message is sent once more at once: a FIFO queue leaves that out, a standard queue does not.",
    MessageDoubled "message_doubled" Queue Any false
        "The message is in the queue twice, as when it is sent again after the deduplication interval.",
    MessageOvertaken "message_overtaken" Queue Any false
        "The next message of its group is given out before it.",
    GroupBlocked "group_blocked" Queue Any true
        "A consumer that never answers has received the message: its group waits for the delay.",
    InvocationThrottled "invocation_throttled" Function Any false
        "The invocation with the message is throttled: received, not processed.",
    FunctionTimesOut "function_times_out" Function Any false
        "The function writes its rows and then hangs until its time-out.",
    ErrorSwallowed "error_swallowed" Function Bad false
        "The handler catches the record's error and reports success.",
    TaskPanics "task_panics" Function Any false
        "The record's task panics inside the handler, which does not notice.",
    PriceDrifts "price_drifts" Function Good false
        "The price reaches the function without its decimal point: 110 instead of 110.0.",
    WritePanics "write_panics" Table Good false
        "Writing the row panics.",
    WriteThrottled "write_throttled" Table Good false
        "The write is throttled.",
    WriteLost "write_lost" Table Good false
        "The function reports success without having written the row.",
    UnprocessedIgnored "unprocessed_ignored" Table Good false
        "A throttled write comes back as an unprocessed item and is taken for done.",
    BatchWriteRejected "batch_write_rejected" Table Good false
        "The batch write the row is in is rejected whole, as for a key given twice.",
    RowAltered "row_altered" Table Good false
        "The row is written with another content than was sent.",
    RowDeleted "row_deleted" Table Good true
        "The row is deleted the delay after it was stored.",
    NumberCollides "number_collides" Table Good false
        "The order is written under the number of another order.",
    PutUnconditional "put_unconditional" Table Good false
        "The row is put without a condition and replaces what is there.",
    ExistsTakenForSuccess "exists_taken_for_success" Table Good false
        "A row that is there already counts as written, whatever it holds.",
    ExistsTakenForFailure "exists_taken_for_failure" Table Good false
        "The order's own row, met again on a redelivery, counts as a failure.",
    ScanStale "scan_stale" Table Good false
        "The scan does not show the row yet: an eventually consistent read.",
    ScanTruncated "scan_truncated" Table Good false
        "The scan ends at the row without saying that there is more.",
    DeadLetterConsumed "dead_letter_consumed" DeadLetters Any false
        "Another consumer takes the message from the dead-letter queue.",
    DeadLetterHeld "dead_letter_held" DeadLetters Any false
        "Another consumer has received the dead letter and holds it.",
    ProcessKilled "process_killed" Harness Any false
        "This process is killed (SIGKILL) when the order is due.",
    JournalTorn "journal_torn" Harness Any false
        "This process is killed in the middle of the journal's next line after the order is due.",
    DiskFull "disk_full" Harness Any false
        "The journal's disk is full from when the order is due.",
    ClockForward "clock_forward" Harness Any true
        "The wall clock is stepped forward by the delay when the order is due.",
    ClockBack "clock_back" Harness Any true
        "The wall clock is stepped back by the delay when the order is due.",
}

/// Reads one `[[fault]]`; its phase must be one of `phases`.
pub(super) fn read_fault(mut section: Section<'_>, phases: &[Phase]) -> Option<Fault> {
    let kinds: Vec<(&str, FaultKind)> = FaultKind::ALL
        .iter()
        .map(|kind| (kind.as_str(), *kind))
        .collect();
    if section.value("kind").is_none() {
        let names: Vec<_> = kinds.iter().map(|(name, _)| *name).collect();
        section.problem(
            "kind",
            "is missing",
            format!("write one of {}", names.join(", ")),
        );
    }
    let kind = section.choice("kind", FaultKind::MessageVanishes, &kinds);
    let extent = read_extent(&mut section);
    let phase = section.text("phase", "name a phase of this file", |name| {
        // Unreadable phases are violations of their own.
        match phases.is_empty() || phases.iter().any(|phase| phase.name == name) {
            true => Ok(name.to_owned()),
            false => Err(format!("there is no phase {name:?}")),
        }
    });
    let times = section.read("times", "write a whole number above zero", |value| {
        let times = value
            .as_integer()
            .and_then(|times| u32::try_from(times).ok());
        times
            .filter(|&times| times > 0)
            .ok_or_else(|| "must be a whole number above zero".into())
    });
    let delay = read_delay(&mut section, kind);
    section.finish();
    Some(Fault {
        kind,
        extent: extent?,
        phase,
        times,
        delay: delay?,
    })
}

fn read_extent(section: &mut Section<'_>) -> Option<FaultExtent> {
    let count = section.read("count", "write a whole number above zero", |value| {
        let count = value
            .as_integer()
            .and_then(|count| u64::try_from(count).ok());
        count
            .filter(|&count| count > 0)
            .ok_or_else(|| "must be a whole number above zero".into())
    });
    let share = section.text("share", PERCENT_HINT, parse_percent);
    match (count, share) {
        (Some(count), None) => Some(FaultExtent::Count(count)),
        (None, Some(share)) => Some(FaultExtent::Share(share)),
        _ => {
            section.problem(
                "count",
                "a fault has either a count or a share",
                "write count = 1, or share = \"0.1%\"",
            );
            None
        }
    }
}

fn read_delay(section: &mut Section<'_>, kind: FaultKind) -> Option<Duration> {
    let given = section.value("delay").is_some();
    let delay = section.text("delay", DURATION_HINT, parse_duration);
    match (kind.takes_delay(), given) {
        (true, true) => delay,
        (false, false) => Some(Duration::ZERO),
        (true, false) => {
            section.problem(
                "delay",
                format!("is missing: {}", kind.meaning()),
                DURATION_HINT,
            );
            None
        }
        (false, true) => {
            let rule = format!("means nothing to {}", kind.as_str());
            section.problem("delay", rule, "leave it out");
            None
        }
    }
}
