//! The observation's file: what was written is read, anything else is an error.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::world::{complete, worlds};
use crate::metrics::Histogram;
use crate::order::RunId;
use crate::verify::{
    OBSERVATION_SCHEMA_VERSION, Observation, ObservationFile, ObservationFileError, QueueSample,
    StoredSecond, StoredTimes,
};

fn file(observation: Observation, at: Duration) -> ObservationFile {
    let mut latency = Histogram::coarse();
    latency.record(at);
    ObservationFile {
        schema_version: OBSERVATION_SCHEMA_VERSION,
        run_id: RunId::new(7).unwrap(),
        observation,
        samples: vec![QueueSample {
            at,
            visible: u64::MAX,
            ..QueueSample::default()
        }],
        failed_samples: vec![at],
        times: StoredTimes {
            phases: vec![Histogram::new(), latency.clone()],
            seconds: vec![StoredSecond {
                stored: 1,
                oldest_intended_at: Some(at),
                end_to_end: latency,
            }],
        },
        rests_on: BTreeMap::from([("plan.json".into(), "0".repeat(64))]),
    }
}

fn read(bytes: &[u8]) -> Result<ObservationFile, ObservationFileError> {
    ObservationFile::parse(bytes, Path::new("observation.json"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_was_written_is_read(world in worlds(), at_ns in 0..34_000_000_000_000_000_u64) {
        let mut observation = world.observation();
        observation.stored.insert_range(1_000..70_000);
        observation.stored.insert(999_999_999);
        let written = file(observation, Duration::from_nanos(at_ns));
        let bytes = written.to_json();
        let found = read(&bytes).unwrap();
        prop_assert_eq!(found.to_json(), bytes);
        prop_assert_eq!(found.observation, written.observation);
        prop_assert_eq!(found.samples, written.samples);
    }
}

/// The file as JSON, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let bytes = file(complete(), Duration::from_secs(1)).to_json();
    let mut value = serde_json::from_slice(&bytes).unwrap();
    change(&mut value);
    serde_json::to_vec(&value).unwrap()
}

#[test]
fn a_damaged_file_is_no_observation() {
    let whole = changed(|_| {});
    assert!(read(&whole).is_ok());
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "an empty file"),
        (
            whole[..whole.len() - 1].to_vec(),
            "its last byte is missing",
        ),
        (b"[]".to_vec(), "no object"),
        (b"\"schema_version\"".to_vec(), "a text"),
        (vec![b'['; 100_000], "nested without end"),
        (changed(|v| v["more"] = json!(1)), "an unknown field"),
        (
            changed(|v| v["schema_version"] = json!("1")),
            "a version in words",
        ),
        (changed(|v| v["run_id"] = json!(0)), "no run"),
        (
            changed(|v| v["observation"]["stored"] = json!("5-3")),
            "a range backwards",
        ),
        (
            changed(|v| v["observation"]["stored"] = json!("4294967296")),
            "beyond a sequence number",
        ),
        (
            changed(|v| v["observation"]["stored"] = json!("1000000000")),
            "beyond any run's orders",
        ),
        (
            changed(|v| v["samples"][0]["at"]["secs"] = json!(40_000_000)),
            "an instant after every run",
        ),
        (
            changed(|v| v["observation"]["redelivered"] = json!(u64::MAX)),
            "a count that cannot be added up",
        ),
        (
            changed(|v| v["observation"]["lookups"] = Value::Null),
            "a part of the evidence is missing",
        ),
        (
            changed(|v| v["times"]["phases"] = json!(["AAAA"])),
            "no histogram",
        ),
        (
            changed(|v| {
                v.as_object_mut().unwrap().remove("schema_version");
            }),
            "no version",
        ),
    ];
    for (bytes, why) in cases {
        let found = read(&bytes);
        assert!(
            matches!(found, Err(ObservationFileError::Damaged { .. })),
            "{why}: {found:?}"
        );
    }
}

#[test]
fn another_version_names_itself() {
    for (version, fields) in [(3, true), (3, false), (0, true)] {
        let bytes = changed(|value| {
            value["schema_version"] = json!(version);
            if !fields {
                *value = json!({ "schema_version": version, "of": "the future" });
            }
        });
        let found = read(&bytes);
        assert!(
            matches!(found, Err(ObservationFileError::Version { found, .. }) if found == version),
            "version {version}: {found:?}"
        );
    }
}

#[test]
fn sets_are_written_as_ranges() {
    let mut observation = complete();
    observation.stored = [0, 1, 2, 3, 9].into_iter().collect::<RoaringBitmap>();
    let json: Value = serde_json::from_slice(&file(observation, Duration::ZERO).to_json()).unwrap();
    assert_eq!(json["observation"]["stored"], "0-3,9");
    assert_eq!(json["observation"]["altered"], "");
}
