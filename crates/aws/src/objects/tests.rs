//! A bucket over a server that answers like S3, well and badly.

use std::time::Duration;

use bytes::Bytes;

use super::fake::{FakeS3, Wrong};
use super::{Bucket, Listed};
use crate::scenario::AwsTarget;
use crate::store::{Session, StoreError};

const KEY: &str = "sale/shard-0-of-4";

async fn bucket(fake: &FakeS3) -> Bucket {
    let target = AwsTarget {
        endpoint_url: Some(fake.endpoint()),
        placeholder_credentials: true,
        ..AwsTarget::default()
    };
    let session = Session::open(&target).await.expect("a session");
    let bucket = Bucket::of(session, "runs").await.expect("a bucket");
    bucket.with_times(Duration::from_millis(300), Duration::from_millis(5))
}

async fn create(bucket: &Bucket, writer: &str) -> Result<bool, StoreError> {
    bucket
        .create(KEY, Bytes::from_static(b"claim"), writer)
        .await
}

#[tokio::test]
async fn what_is_written_is_read_listed_and_taken_away() {
    let fake = FakeS3::start().await;
    let bucket = bucket(&fake).await;
    assert_eq!(bucket.read(KEY, 10).await.expect("an answer"), None);
    bucket.delete(KEY).await.expect("nothing to take away");
    for name in ["go", "ready/0", "ready/1", "ready/2", "shards/0/a"] {
        let content = Bytes::from(name);
        let key = format!("sale/{name}");
        bucket.write(&key, content).await.expect("written");
    }
    bucket
        .write("sale-2/go", Bytes::new())
        .await
        .expect("written");
    let all = bucket.list("sale/").await.expect("a list of two pages");
    let keys: Vec<&str> = all.iter().map(|listed| listed.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "sale/go",
            "sale/ready/0",
            "sale/ready/1",
            "sale/ready/2",
            "sale/shards/0/a"
        ]
    );
    let read = bucket.read("sale/ready/1", 100).await.expect("an answer");
    assert_eq!(read.expect("there").bytes, b"ready/1");
    let empty = bucket.read("sale-2/go", 100).await.expect("an answer");
    assert_eq!(empty.expect("there, and empty").bytes, b"");
    let long = bucket.read("sale/ready/1", 6).await;
    let long = long.expect_err("longer than is read").to_string();
    assert!(long.contains("more than 6 bytes"), "{long}");
    bucket.delete("sale/go").await.expect("taken away");
    assert_eq!(bucket.list("sale/").await.expect("a list").len(), 4);
    let other = FakeS3::start().await;
    other.next("GET", Wrong::Refused(404, "NoSuchBucket"));
    let error = super::tests::bucket(&other).await.read(KEY, 10).await;
    let error = error.expect_err("no bucket is no missing object");
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}

#[tokio::test]
async fn of_two_who_create_an_object_the_first_has() {
    let fake = FakeS3::start().await;
    let bucket = bucket(&fake).await;
    assert!(create(&bucket, "one").await.expect("an answer"));
    assert!(!create(&bucket, "two").await.expect("an answer"));
    assert!(
        create(&bucket, "one").await.expect("its own"),
        "asked again"
    );
}

#[tokio::test]
async fn a_server_that_overwrites_what_was_to_be_created_is_found_out() {
    let fake = FakeS3::start().await;
    let bucket = bucket(&fake).await;
    assert!(bucket.keeps_conditions("sale/probe").await.expect("told"));
    assert_eq!(fake.bytes("sale/probe"), None, "taken away");
    fake.next("PUT", Wrong::WithoutItsCondition);
    fake.next("PUT", Wrong::WithoutItsCondition);
    assert!(!bucket.keeps_conditions("sale/probe").await.expect("told"));
}

/// Each is resolved by looking whose name the object carries.
#[tokio::test]
async fn an_unclear_reply_is_resolved_by_who_holds_the_object() {
    for (wrong, other, created, why) in [
        (Wrong::DoneThen500, false, true, "done, and a fault told"),
        (Wrong::DoneThenSilence, false, true, "done, and never told"),
        (
            Wrong::Refused(500, "InternalError"),
            false,
            true,
            "not done",
        ),
        (
            Wrong::Refused(500, "InternalError"),
            true,
            false,
            "not done, and another's by then",
        ),
        (
            Wrong::Refused(409, "ConditionalRequestConflict"),
            false,
            true,
            "another was at it, and has not done it",
        ),
        (
            Wrong::Refused(409, "ConditionalRequestConflict"),
            true,
            false,
            "another was at it, and has",
        ),
        (Wrong::Torn, false, true, "a reply that ends early"),
        (Wrong::Refused(503, "SlowDown"), false, true, "throttled"),
    ] {
        let fake = FakeS3::start().await;
        let bucket = bucket(&fake).await;
        fake.next("PUT", wrong);
        if other {
            fake.put(KEY, b"theirs", "another");
        }
        let found = create(&bucket, "this one").await;
        assert_eq!(found.expect(why), created, "{why}");
        let held = if other { &b"theirs"[..] } else { b"claim" };
        assert_eq!(fake.bytes(KEY).as_deref(), Some(held), "{why}");
    }
}

#[tokio::test]
async fn what_stays_unclear_is_an_error_and_what_is_refused_is_not_tried_again() {
    let fake = FakeS3::start().await;
    let bucket = bucket(&fake).await;
    fake.next("PUT", Wrong::Refused(403, "AccessDenied"));
    let denied = create(&bucket, "one")
        .await
        .expect_err("denied")
        .to_string();
    assert!(denied.contains("allow s3:PutObject"), "{denied}");
    assert_eq!(fake.requests(), ["PUT /runs/sale/shard-0-of-4"]);
    // It may have been created, and nobody says.
    fake.next("PUT", Wrong::DoneThenSilence);
    fake.next("GET", Wrong::Refused(403, "AccessDenied"));
    let denied = create(&bucket, "one").await;
    let denied = denied.expect_err("unclear").to_string();
    assert!(denied.contains("allow s3:GetObject"), "{denied}");
    // Conflicts without end.
    let fake = FakeS3::start().await;
    let bucket = super::tests::bucket(&fake).await;
    for _ in 0..4 {
        fake.next("PUT", Wrong::Refused(409, "ConditionalRequestConflict"));
    }
    let conflict = create(&bucket, "one").await.expect_err("nobody has it");
    assert!(
        conflict.to_string().contains("ConditionalRequestConflict"),
        "{conflict}"
    );
}

#[tokio::test]
async fn a_download_that_is_torn_short_or_of_another_version_is_none() {
    let fake = FakeS3::start().await;
    let bucket = bucket(&fake).await;
    fake.put(KEY, &[7; 5_000], "one");
    let listed: Listed = bucket.list("sale/").await.expect("a list").remove(0);
    let mut came = Vec::new();
    let take = |came: &mut Vec<u8>, bytes: &[u8]| {
        came.extend_from_slice(bytes);
        Ok(())
    };
    fake.next("GET", Wrong::Torn);
    let torn = bucket.fetch(&listed, |bytes| take(&mut came, bytes)).await;
    torn.expect("asked for again");
    assert_eq!(came, [7; 5_000], "nothing of the torn reply");
    fake.next("GET", Wrong::Short);
    let short = bucket.fetch(&listed, |_| Ok(())).await.expect_err("short");
    assert!(short.to_string().contains("cut short"), "{short}");
    fake.put(KEY, &[8; 5_000], "another");
    let changed = bucket.fetch(&listed, |_| Ok(())).await;
    changed.expect_err("it was written anew");
}

#[tokio::test]
async fn a_list_that_is_no_list_is_an_error() {
    for body in [
        "",
        "<html></html>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>",
        "<ListBucketResult></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents></ListBucketResult>",
    ] {
        assert!(super::listing::Listing::read(body).is_err(), "{body}");
    }
    let whole = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>false\
                 </IsTruncated></ListBucketResult>";
    let read = super::listing::Listing::read(whole).expect("an empty list");
    assert!(read.objects.is_empty() && read.next.is_none());
}
