//! Replies whole, in parts, and cut: however the bytes fall, they are read alike.

use proptest::prelude::*;

use super::*;

/// What a connection sent before it ended, in parts of so many bytes: the status, the body, and whether the connection
/// could go on.
fn read(sent: &[u8], part: usize) -> Result<(u16, Vec<u8>, bool), Unusable> {
    let mut incoming = Incoming::default();
    // What an earlier reply left behind is not read again.
    incoming.room()[..9].copy_from_slice(b"HTTP/1.1\n");
    let _ = incoming.came(9);
    incoming.begin();
    let told = |incoming: &Incoming, whole: Whole| {
        (
            whole.status,
            incoming.body(&whole).to_vec(),
            whole.keeps_open,
        )
    };
    for part in sent.chunks(part) {
        incoming.room()[..part.len()].copy_from_slice(part);
        if let Some(whole) = incoming.came(part.len())? {
            return Ok(told(&incoming, whole));
        }
    }
    incoming.ended().map(|whole| told(&incoming, whole))
}

const PARTS: [usize; 5] = [1, 2, 7, 37, 4096];

#[test]
fn a_reply_is_read_however_it_says_where_it_ends() {
    for (sent, status, body, keeps_open, why) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            200,
            "abc",
            true,
            "a length",
        ),
        (
            "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
            200,
            "",
            true,
            "no reason, no body",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\nContent-Length:3\r\n\r\nabc",
            200,
            "abc",
            true,
            "one length, thrice",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\nA\r\n0123456789\r\n0\r\nx-trailer: x\r\n\r\n",
            200,
            "abc0123456789",
            true,
            "chunks with an extension and a trailer",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: gzip, Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            200,
            "a",
            true,
            "chunks go before a length",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\nabc",
            200,
            "abc",
            false,
            "the connection's end",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nabc",
            200,
            "abc",
            false,
            "another encoding, to the end",
        ),
        (
            "HTTP/1.0 200 OK\r\n\r\nabc",
            200,
            "abc",
            false,
            "the old protocol",
        ),
        (
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na",
            200,
            "a",
            true,
            "the same, kept open",
        ),
        (
            "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\na",
            200,
            "a",
            false,
            "the same, not",
        ),
        (
            "HTTP/1.1 400 Bad\r\nConnection: x, Close\r\ncontent-length: 1\r\n\r\na",
            400,
            "a",
            false,
            "a last one",
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: close\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\na",
            200,
            "a",
            false,
            "closed, whatever else is said",
        ),
        (
            "HTTP/1.1 204 No\r\n\r\n",
            204,
            "",
            true,
            "a status without a body",
        ),
        (
            "HTTP/1.1 304 Not\r\ncontent-length: 9\r\n\r\n",
            304,
            "",
            false,
            "the same with a length, of which bytes may follow",
        ),
        (
            "HTTP/1.1 101 Switching\r\n\r\n",
            101,
            "",
            false,
            "no HTTP any more",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab",
            200,
            "ab",
            true,
            "after interim replies",
        ),
    ] {
        for part in PARTS {
            let told = read(sent.as_bytes(), part);
            let expected = (status, body.as_bytes().to_vec(), keeps_open);
            assert_eq!(told, Ok(expected), "{why}, {part} bytes at a time");
        }
    }
}

#[test]
fn what_is_no_reply_is_none() {
    let long = "x: y\r\n".repeat(HEAD_BYTES_MAX / 6 + 2);
    let long = format!("HTTP/1.1 200 OK\r\n{long}");
    let trailer = "x: y\r\n".repeat(CHUNK_EXTRA_MAX / 6 + 2);
    let trailer =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n{trailer}\r\n");
    let large = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(REPLY_BYTES_MAX + 1));
    use Unusable::{CutShort, NoHead, TooLong};
    for (sent, unusable, why) in [
        ("", NoHead, "nothing"),
        ("HTTP/1.1 20", NoHead, "cut in the head"),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            NoHead,
            "an interim reply alone",
        ),
        ("gibberish\r\n\r\n", NoHead, "something else"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab",
            CutShort,
            "cut in the body",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
            NoHead,
            "two lengths",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: +3\r\n\r\nabc",
            NoHead,
            "no number",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nabc",
            NoHead,
            "no length in it",
        ),
        (
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            NoHead,
            "chunks in the old protocol",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            CutShort,
            "without the last chunk",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
            CutShort,
            "without its end",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\nabc",
            CutShort,
            "no size",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n\r\n\r\n",
            CutShort,
            "no digit in the size of the last chunk",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n;x\r\n\r\n",
            CutShort,
            "an extension of no size",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
            CutShort,
            "longer than its size",
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n40001\r\n",
            TooLong,
            "a chunk without measure",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 262145\r\n\r\n",
            TooLong,
            "a length without measure",
        ),
        (&large, TooLong, "no end"),
        (&long, NoHead, "a head without end"),
        (&trailer, CutShort, "a trailer without end"),
    ] {
        for part in [7, 4096] {
            let told = read(sent.as_bytes(), part);
            assert_eq!(told, Err(unusable), "{why}, {part} bytes at a time");
        }
    }
    let whole = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 262144\r\n\r\n{}",
        "x".repeat(REPLY_BYTES_MAX)
    );
    let (_, body, keeps_open) = read(whole.as_bytes(), 4096).unwrap();
    assert_eq!(
        (body.len(), keeps_open),
        (REPLY_BYTES_MAX, true),
        "the longest there is"
    );
}

#[test]
fn interim_replies_have_a_measure() {
    let interim = "HTTP/1.1 102 Processing\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na";
    let few = HEAD_BYTES_MAX / interim.len();
    let told = |count| read(format!("{}{last}", interim.repeat(count)).as_bytes(), 4096);
    assert_eq!(told(few), Ok((200, b"a".to_vec(), true)));
    assert_eq!(told(few + 1), Err(Unusable::NoHead));
}

#[test]
fn what_follows_a_reply_ends_the_connection() {
    let sent = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(read(sent, 4096), Ok((200, b"a".to_vec(), false)));
    let chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nmore";
    assert_eq!(read(chunks, 4096), Ok((200, b"a".to_vec(), false)));
}

proptest! {
    #[test]
    fn a_body_in_chunks_is_the_body(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..300), 0..8),
        part in 1_usize..400,
    ) {
        let mut sent = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in &chunks {
            sent.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            sent.extend_from_slice(chunk);
            sent.extend_from_slice(b"\r\n");
        }
        sent.extend_from_slice(b"0\r\n\r\n");
        prop_assert_eq!(read(&sent, part), Ok((200, chunks.concat(), true)));
    }

    #[test]
    fn any_bytes_are_read_alike_in_any_parts(sent in proptest::collection::vec(any::<u8>(), 0..200), part in 1_usize..50) {
        let mut reply = b"HTTP/1.1 200 OK\r\n".to_vec();
        reply.extend_from_slice(&sent);
        let keep = |told: Result<(u16, Vec<u8>, bool), Unusable>| told.map(|(status, body, _)| (status, body)).ok();
        prop_assert_eq!(keep(read(&reply, part)), keep(read(&reply, 4096)));
    }
}
