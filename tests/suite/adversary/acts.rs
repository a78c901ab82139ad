//! What can be done to one operation.

use super::wire::Delivery;

/// The operations a run asks for, as far as they are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// `SendMessage` and `SendMessageBatch`.
    Send,
    /// `GetQueueAttributes`.
    Counts,
    /// `ReceiveMessage`.
    Receive,
    /// `DeleteMessageBatch`.
    Delete,
    /// `ChangeMessageVisibilityBatch`.
    Show,
    /// `Scan`.
    Scan,
    /// `BatchGetItem`, `GetItem` and `Query`.
    Get,
    /// Everything else: what preflight asks.
    Other,
}

impl Op {
    pub const ALL: [Self; 8] = [
        Self::Send,
        Self::Counts,
        Self::Receive,
        Self::Delete,
        Self::Show,
        Self::Scan,
        Self::Get,
        Self::Other,
    ];

    /// By its name, as `x-amz-target` has it.
    pub fn of(target: &str) -> Self {
        match target.rsplit('.').next().unwrap_or_default() {
            "SendMessage" | "SendMessageBatch" => Self::Send,
            "GetQueueAttributes" => Self::Counts,
            "ReceiveMessage" => Self::Receive,
            "DeleteMessageBatch" | "DeleteMessage" => Self::Delete,
            "ChangeMessageVisibilityBatch" | "ChangeMessageVisibility" => Self::Show,
            "Scan" => Self::Scan,
            "BatchGetItem" | "GetItem" | "Query" => Self::Get,
            _ => Self::Other,
        }
    }

    pub fn is_table(self) -> bool {
        matches!(self, Self::Scan | Self::Get)
    }
}

/// One thing that happens to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    /// Dropped before the pipeline sees it.
    Drop(Delivery),
    /// The pipeline answers, and its reply is handed over so, not whole.
    Hand(Delivery),
    /// The connection ends at once, and the request arrives so many milliseconds later.
    Late(u64),
    /// The reply comes so many milliseconds later.
    Delay(u64),
    /// The pipeline gets it twice.
    Twice,
    /// Another reply instead, whether or not the pipeline got the request.
    Instead(Instead, bool),
    /// Nothing that changes what is said.
    Harmless(Harmless),
    /// A reply of the right operation that is not the true one.
    Lie(Lie),
}

/// A reply that no pipeline wrote.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Instead {
    Empty,
    Braces,
    Null,
    Array,
    Garbage,
    Page(u16),
    Redirect(u16),
    ErrorUnder200,
    /// An error of the service.
    Code(u16, &'static str),
    /// An error that names none.
    Untyped(u16),
    NotHttp,
}

/// What a sloppy but honest server or network does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Harmless {
    Handed(Delivery),
    /// 10 KiB of further headers.
    BigHead,
    /// Members that nobody knows, and blanks between all of them.
    Further,
    /// Another order of entries, items or messages.
    Reordered,
    /// A few items a page.
    SmallPages,
    /// The last page names another one, which is empty.
    OneMorePage,
    /// Half of the keys is left for the next request.
    Unprocessed,
}

/// A reply that is not the true one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lie {
    // Of any operation.
    WithoutMember,
    NullMember,
    SwappedTypes,
    ArrayAsObject,
    Stale,
    WrongType,
    // Of a send: the message is taken.
    WrongMd5,
    OthersMd5,
    NoMd5,
    UpperMd5,
    EntryLeftOut,
    EntryTwice,
    EntryInBoth,
    FailedByServer,
    FailedByNobody,
    FailedAndNotTaken,
    RefusedAndNotTaken,
    UnknownEntry,
    // Of a send: orders are lost, altered or made up.
    RefusedAndTaken,
    Vanishes,
    Altered,
    Swapped,
    AlteredCopy,
    Phantom,
    Stranger,
    // Of the counts.
    Zero,
    More,
    Negative,
    Exponent,
    Fraction,
    Wrapping,
    Missing,
    // Of a receive.
    NothingReceived,
    OneLess,
    LetterTwice,
    LetterTwiceOther,
    LetterAltered,
    LetterAlteredWithMd5,
    NoBody,
    NoMessageId,
    NoHandle,
    Invented,
    InventedAgain,
    InventedOwn,
    // Of a deletion or a change of visibility.
    AllFailed,
    NoneNamed,
    UnknownNamed,
    // Of a scan.
    RowsLeftOut,
    RowsLeftOutAndCounted,
    CutShort,
    SamePageForEver,
    PagesForEver,
    RowTwice,
    RowTwiceOther,
    NoKey,
    KeyAsText,
    KeySpelled(&'static str),
    NoDetails,
    DetailsBinary,
    DetailsCut,
    RowAltered,
    RowAlteredUnderChecksum,
    WrongCount,
    // Of a look-up.
    NoneThere,
    NoTable,
    OtherTable,
    Unasked,
    NeverProcessed,
    ServedAndUnprocessed,
}

/// What any operation may meet before it is answered or instead of its answer.
pub const TRANSPORT: [Act; 27] = [
    Act::Drop(Delivery::Reset),
    Act::Drop(Delivery::Close),
    Act::Hand(Delivery::Reset),
    Act::Hand(Delivery::Close),
    Act::Hand(Delivery::CutHead),
    Act::Hand(Delivery::CutBody),
    Act::Hand(Delivery::Http10Cut),
    Act::Hand(Delivery::ChunkCut),
    Act::Delay(30),
    Act::Delay(250),
    Act::Twice,
    Act::Instead(Instead::Empty, true),
    Act::Instead(Instead::Empty, false),
    Act::Instead(Instead::Braces, true),
    Act::Instead(Instead::Braces, false),
    Act::Instead(Instead::Null, true),
    Act::Instead(Instead::Array, false),
    Act::Instead(Instead::Garbage, true),
    Act::Instead(Instead::Page(200), true),
    Act::Instead(Instead::Page(502), true),
    Act::Instead(Instead::Redirect(307), false),
    Act::Instead(Instead::Redirect(301), true),
    Act::Instead(Instead::ErrorUnder200, true),
    Act::Instead(Instead::Code(500, "InternalFailure"), true),
    Act::Instead(Instead::Code(503, "ServiceUnavailable"), false),
    Act::Instead(Instead::Untyped(400), true),
    Act::Instead(Instead::NotHttp, true),
];

/// What only a send meets beside that.
pub const OF_SENDING: [Act; 6] = [
    Act::Late(60),
    Act::Instead(Instead::Code(400, "RequestThrottled"), false),
    Act::Instead(Instead::Code(403, "AccessDenied"), false),
    Act::Instead(Instead::Code(400, "InvalidMessageContents"), false),
    Act::Instead(Instead::Code(408, "RequestTimeout"), true),
    Act::Instead(Instead::Untyped(429), true),
];

/// What only a read of the stores meets beside that: asking again may help, or will not.
pub const OF_READING: [Act; 4] = [
    Act::Instead(
        Instead::Code(400, "ProvisionedThroughputExceededException"),
        false,
    ),
    Act::Instead(Instead::Code(400, "ThrottlingException"), true),
    Act::Instead(Instead::Code(400, "AccessDeniedException"), false),
    Act::Instead(Instead::Code(400, "ValidationException"), true),
];

const OF_ANY: [Lie; 6] = [
    Lie::WithoutMember,
    Lie::NullMember,
    Lie::SwappedTypes,
    Lie::ArrayAsObject,
    Lie::Stale,
    Lie::WrongType,
];

const OF_A_SEND: [Lie; 14] = [
    Lie::WrongMd5,
    Lie::OthersMd5,
    Lie::NoMd5,
    Lie::UpperMd5,
    Lie::EntryLeftOut,
    Lie::EntryTwice,
    Lie::EntryInBoth,
    Lie::FailedByServer,
    Lie::FailedByNobody,
    Lie::FailedAndNotTaken,
    Lie::RefusedAndNotTaken,
    Lie::UnknownEntry,
    Lie::NullMember,
    Lie::WrongType,
];

/// What really loses, alters or makes up orders.
pub const DAMAGE: [Lie; 7] = [
    Lie::RefusedAndTaken,
    Lie::Vanishes,
    Lie::Altered,
    Lie::Swapped,
    Lie::AlteredCopy,
    Lie::Phantom,
    Lie::Stranger,
];

const OF_THE_COUNTS: [Lie; 8] = [
    Lie::Zero,
    Lie::Zero,
    Lie::More,
    Lie::Negative,
    Lie::Exponent,
    Lie::Fraction,
    Lie::Wrapping,
    Lie::Missing,
];

const OF_A_RECEIVE: [Lie; 12] = [
    Lie::NothingReceived,
    Lie::OneLess,
    Lie::LetterTwice,
    Lie::LetterTwiceOther,
    Lie::LetterAltered,
    Lie::LetterAlteredWithMd5,
    Lie::NoBody,
    Lie::NoMessageId,
    Lie::NoHandle,
    Lie::Invented,
    Lie::InventedAgain,
    Lie::InventedOwn,
];

const OF_A_BATCH: [Lie; 3] = [Lie::AllFailed, Lie::NoneNamed, Lie::UnknownNamed];

const OF_A_SCAN: [Lie; 20] = [
    Lie::RowsLeftOut,
    Lie::RowsLeftOutAndCounted,
    Lie::CutShort,
    Lie::SamePageForEver,
    Lie::PagesForEver,
    Lie::RowTwice,
    Lie::RowTwiceOther,
    Lie::NoKey,
    Lie::KeyAsText,
    Lie::KeySpelled("exponent"),
    Lie::KeySpelled("point"),
    Lie::KeySpelled("plus"),
    Lie::KeySpelled("zeros"),
    Lie::NoDetails,
    Lie::DetailsBinary,
    Lie::DetailsCut,
    Lie::RowAltered,
    Lie::RowAltered,
    Lie::RowAlteredUnderChecksum,
    Lie::WrongCount,
];

const OF_A_LOOK_UP: [Lie; 6] = [
    Lie::NoneThere,
    Lie::NoTable,
    Lie::OtherTable,
    Lie::Unasked,
    Lie::NeverProcessed,
    Lie::ServedAndUnprocessed,
];

/// The lies of an operation's own.
pub fn lies(op: Op) -> Vec<Lie> {
    let own: &[Lie] = match op {
        Op::Send => return OF_A_SEND.to_vec(),
        Op::Counts => &OF_THE_COUNTS,
        Op::Receive => &OF_A_RECEIVE,
        Op::Delete | Op::Show => &OF_A_BATCH,
        Op::Scan => &OF_A_SCAN,
        Op::Get => &OF_A_LOOK_UP,
        Op::Other => &[],
    };
    [own, own, &OF_ANY].concat()
}

/// What is harmless to an operation.
pub fn harmless(op: Op) -> Vec<Harmless> {
    let mut all = vec![
        Harmless::Handed(Delivery::Chunked),
        Harmless::Handed(Delivery::Trickle),
        Harmless::Handed(Delivery::Http10),
        Harmless::Handed(Delivery::Interim),
        Harmless::BigHead,
        Harmless::Further,
        Harmless::Reordered,
    ];
    match op {
        Op::Scan => all.extend([Harmless::SmallPages; 2]),
        Op::Get => all.push(Harmless::Unprocessed),
        _ => {}
    }
    if op == Op::Scan {
        all.push(Harmless::OneMorePage);
    }
    all
}
