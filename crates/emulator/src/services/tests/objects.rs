//! S3, as requests see it.

use hyper::StatusCode;

use super::World;

#[test]
fn objects_are_put_read_listed_and_deleted() {
    let world = World::new();
    let put = world.object(
        "PUT",
        "/receipts/a%20b/1.json?x-id=PutObject",
        &[
            ("x-amz-meta-order", "7"),
            ("content-type", "application/json"),
        ],
        b"{}",
    );
    assert_eq!(put.header("etag"), "\"99914b932bd37a50b983c5e7c90ae93b\"");
    let got = world.object("GET", "/receipts/a%20b/1.json", &[], b"");
    assert_eq!(
        (
            &*got.body,
            got.header("x-amz-meta-order"),
            got.header("content-type")
        ),
        ("{}", "7", "application/json")
    );
    let by_host = world.object(
        "GET",
        "/a%20b/1.json",
        &[("host", "receipts.s3.localhost:9324")],
        b"",
    );
    assert_eq!(by_host.body, "{}");
    for key in ["a%20b/2.json", "z"] {
        world.object("PUT", &format!("/receipts/{key}"), &[], b"x");
    }
    let list = |query: &str| {
        world
            .object("GET", &format!("/receipts?list-type=2&{query}"), &[], b"")
            .body
    };
    let folders = list("delimiter=%2F&encoding-type=url");
    assert!(
        folders.contains("<CommonPrefixes><Prefix>a%20b/</Prefix>")
            && folders.contains("<KeyCount>2</KeyCount>"),
        "{folders}"
    );
    let page = list("max-keys=2");
    let token = page
        .split("<NextContinuationToken>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .unwrap();
    let last = list(&format!("continuation-token={token}"));
    assert!(
        last.contains("<Key>z</Key>") && last.contains("<KeyCount>1</KeyCount>"),
        "{last}"
    );
    assert_eq!(
        world.object("DELETE", "/receipts/z", &[], b"").status,
        StatusCode::NO_CONTENT
    );
    for (method, uri, code) in [
        ("GET", "/receipts/z", "NoSuchKey"),
        ("GET", "/other/z", "NoSuchBucket"),
        ("GET", "/receipts?versioning", "NotImplemented"),
        ("PUT", "/new-bucket", "NotImplemented"),
    ] {
        let refused = world.object(method, uri, &[], b"");
        let code = format!("<Code>{code}</Code>");
        assert!(
            refused.body.contains(&code),
            "{method} {uri}: {}",
            refused.body
        );
    }
    assert_eq!(world.counted("PutObject"), (3, 0));
    assert_eq!(world.counted("GetObject"), (4, 2));
}

#[test]
fn a_put_is_held_against_its_checksums_its_conditions_and_the_room_there_is() {
    let world = World::new();
    let put =
        |headers: &[(&str, &str)], body: &[u8]| world.object("PUT", "/receipts/k", headers, body);
    let chunks = b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
    let streamed = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ];
    assert_eq!(
        put(&streamed, chunks).header("x-amz-checksum-crc32"),
        "NSRBwg=="
    );
    let read = world.object(
        "GET",
        "/receipts/k",
        &[("x-amz-checksum-mode", "ENABLED")],
        b"",
    );
    assert_eq!(
        (&*read.body, read.header("x-amz-checksum-crc32")),
        ("abc", "NSRBwg==")
    );
    assert_eq!(read.header("content-encoding"), "");
    let damaged = b"3\r\nabd\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n";
    for (headers, body, code) in [
        (&streamed[..], &damaged[..], "BadDigest"),
        (&streamed, b"3\r\nab", "IncompleteBody"),
        (&[("x-amz-checksum-crc32", "AAAAAA==")], b"abc", "BadDigest"),
        (&[("content-md5", "AAAAAA==")], b"abc", "BadDigest"),
        (&[("x-amz-checksum-sha1", "x")], b"abc", "NotImplemented"),
        (&[("if-none-match", "*")], b"abc", "PreconditionFailed"),
        (&[("if-match", "\"0\"")], b"abc", "PreconditionFailed"),
        (&[], &[7; 4_000], "InvalidRequest"),
    ] {
        let refused = put(headers, body);
        assert!(
            refused.body.contains(&format!("<Code>{code}</Code>")),
            "{headers:?} {}",
            refused.body
        );
    }
    let etag = read.header("etag");
    assert_eq!(
        put(&[("if-match", etag)], &[7; 3_000]).status,
        StatusCode::OK,
        "in place of what was there"
    );
    assert_eq!(
        put(&[], &[7; 3_000]).status,
        StatusCode::OK,
        "room is given back"
    );
}
