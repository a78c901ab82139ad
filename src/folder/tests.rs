//! A folder's files are whole, and what is read of them is what was written.

use jiff::Timestamp;

use super::*;
use crate::results::fixture::{SPIKE, World};
use crate::results::{file_name, to_json};
use crate::verify::ObservationFileError;

#[test]
fn run_json_reads_back_as_it_was_and_refuses_what_it_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let report = World::new(&SPIKE).report();
    let path = folder.path().join(file_name::RUN);
    std::fs::write(&path, to_json(&report)).unwrap();
    assert_eq!(read_report(&path).unwrap(), report);

    let text = std::fs::read_to_string(&path).unwrap();
    let refused = |from: &str, to: &str| {
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        read_report(&path).unwrap_err().to_string()
    };
    assert!(refused("\"schema_version\": 4", "\"schema_version\": 5").contains("schema version 5"));
    let older = refused("\"schema_version\": 4", "\"schema_version\": 2");
    assert!(older.contains("orderproof 0.2 reads it"), "{older}");
    assert!(refused("\"verdict\"", "\"virdict\"").contains("virdict"));
    assert!(refused("{", "").contains("not a file of orderproof"));
    let missing = read_report(&folder.path().join("none.json"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("none.json") && missing.contains("orderproof run"),
        "{missing}"
    );
}

#[test]
fn a_folder_is_made_once_and_its_files_are_whole() {
    let parent = tempfile::tempdir().unwrap();
    let utc: Timestamp = "2026-11-23T14:05:09Z".parse().unwrap();
    let first = RunFolder::create(parent.path(), utc, "spike").unwrap();
    assert!(first.path().ends_with("20261123T140509Z-spike"));
    let second = RunFolder::create(parent.path(), utc, "spike").unwrap();
    assert!(second.path().ends_with("20261123T140509Z-spike-2"));
    assert!(
        RunFolder::create_exactly(second.path()).is_ok(),
        "an empty folder will do"
    );
    first.write("a", b"one").unwrap();
    assert!(
        first.write("a", b"two").is_err(),
        "a file is never overwritten"
    );
    assert_eq!(std::fs::read(first.file("a")).unwrap(), b"one");
    let taken = RunFolder::create_exactly(first.path())
        .unwrap_err()
        .to_string();
    assert!(
        taken.contains("not empty") && taken.contains("--output-dir"),
        "{taken}"
    );
    assert_eq!(
        std::fs::read_dir(first.path()).unwrap().count(),
        1,
        "no temporary file is left"
    );
}

#[test]
fn a_missing_observation_says_that_nobody_looked() {
    let folder = tempfile::tempdir().unwrap();
    let missing = read_observation(&folder.path().join("observation.json"));
    assert!(matches!(missing, Err(ObservationFileError::Missing(_))));
    let no_file = read_observation(folder.path());
    assert!(matches!(no_file, Err(ObservationFileError::Read { .. })));
}

#[test]
fn only_a_folder_that_is_renewed_has_files_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let kept = RunFolder::existing(folder.path());
    kept.write("sent.json", b"first").unwrap();
    assert!(kept.write("sent.json", b"second").is_err());
    let read = || std::fs::read(folder.path().join("sent.json")).unwrap();
    assert_eq!(read(), b"first");
    let renewed = RunFolder::renewed(folder.path());
    renewed.write("sent.json", b"second").unwrap();
    assert_eq!(read(), b"second");
}
