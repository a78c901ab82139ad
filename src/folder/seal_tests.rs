//! A seal tells every change of every file; what is read stays within its limits.

use super::*;
use crate::evidence::digest_of_bytes;
use crate::order::RunId;

/// A folder with a small run's files and their seal.
fn sealed() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = [
        "plan.json",
        "ledger.journal",
        "dead-letters.journal",
        "run.json",
    ];
    for name in names {
        std::fs::write(folder.path().join(name), format!("what {name} says\n")).unwrap();
    }
    seal(&folder, SEAL, &names);
    folder
}

fn seal(folder: &tempfile::TempDir, name: &str, names: &[&str]) {
    let digest = |name: &&str| digest_of_file(folder.path(), name, None).unwrap();
    let seal = Seal::over(RunId::new(7).unwrap(), names.iter().map(digest).collect());
    std::fs::write(folder.path().join(name), seal.to_json()).unwrap();
}

fn broken(folder: &tempfile::TempDir) -> String {
    match check_seal(folder.path()) {
        SealState::Broken(problems) => problems.join("; "),
        other => panic!("{other:?}"),
    }
}

/// Flips bits of every byte of every sealed file, one at a time: those that `of_byte` names by the byte's position.
fn flipped_bits_break_the_seal(of_byte: impl Fn(usize) -> std::ops::Range<usize>) {
    let folder = sealed();
    assert!(matches!(check_seal(folder.path()), SealState::Whole(_)));
    for name in [
        "plan.json",
        "ledger.journal",
        "dead-letters.journal",
        "run.json",
        SEAL,
    ] {
        let path = folder.path().join(name);
        let whole = std::fs::read(&path).unwrap();
        for position in 0..whole.len() {
            for bit in of_byte(position) {
                let mut flipped = whole.clone();
                flipped[position] ^= 1 << bit;
                std::fs::write(&path, flipped).unwrap();
                assert!(
                    !broken(&folder).is_empty(),
                    "{name}, byte {position}, bit {bit}"
                );
            }
        }
        std::fs::write(&path, &whole).unwrap();
    }
    assert!(matches!(check_seal(folder.path()), SealState::Whole(_)));
}

#[test]
fn one_bit_of_any_sealed_file_breaks_the_seal_and_an_untouched_folder_does_not() {
    flipped_bits_break_the_seal(|position| position % 8..position % 8 + 1);
}

#[test]
#[ignore = "full matrix: .ci/run runs it"]
fn full_matrix_of_flipped_bits() {
    flipped_bits_break_the_seal(|_| 0..8);
}

#[test]
fn a_file_that_is_gone_cut_or_longer_breaks_the_seal_and_only_the_letter_log_may_grow() {
    for (name, change) in [
        ("plan.json", None),
        ("ledger.journal", Some("")),
        ("ledger.journal", Some("what ledger.journal says\nmore\n")),
        ("dead-letters.journal", Some("what dead")),
        (
            "dead-letters.journal",
            Some("What dead-letters.journal says\nmore\n"),
        ),
    ] {
        let folder = sealed();
        let path = folder.path().join(name);
        match change {
            None => std::fs::remove_file(&path).unwrap(),
            Some(text) => std::fs::write(&path, text).unwrap(),
        }
        assert!(broken(&folder).contains(name), "{name} {change:?}");
    }
    let folder = sealed();
    let longer = "what dead-letters.journal says\nand another letter\n";
    std::fs::write(folder.path().join("dead-letters.journal"), longer).unwrap();
    assert!(matches!(check_seal(folder.path()), SealState::Whole(_)));
    std::fs::remove_file(folder.path().join(SEAL)).unwrap();
    assert_eq!(check_seal(folder.path()), SealState::Missing);
}

#[test]
fn the_newest_seal_counts_and_covers_the_ones_before_it() {
    let folder = sealed();
    let later = "seal-20261129T050000.000Z.json";
    std::fs::write(
        folder.path().join("observation-20261129T050000.000Z.json"),
        "{}",
    )
    .unwrap();
    seal(
        &folder,
        later,
        &[
            "plan.json",
            "ledger.journal",
            SEAL,
            "observation-20261129T050000.000Z.json",
        ],
    );
    assert_eq!(newest_seal(folder.path()).as_deref(), Some(later));
    let SealState::Whole(seal) = check_seal(folder.path()) else {
        panic!("it is whole");
    };
    assert!(seal.covers(SEAL) && !seal.covers("run.json"));
    std::fs::remove_file(folder.path().join(SEAL)).unwrap();
    assert!(broken(&folder).contains(SEAL));
}

#[test]
fn a_seal_names_files_of_evidence_in_its_own_folder_and_nothing_else() {
    for name in [
        "../plan.json",
        "/dev/zero",
        "observation-/../x.json",
        "seal-.json",
        "notes.txt",
        "shards/500/manifest.json",
        "shards/01/manifest.json",
        "shards/1/notes.txt",
        "shards/../manifest.json",
    ] {
        let folder = sealed();
        let SealState::Whole(seal) = check_seal(folder.path()) else {
            panic!("it is whole");
        };
        let mut files = seal.files.clone();
        files.push(FileDigest {
            name: name.into(),
            bytes: 0,
            sha256: digest_of_bytes(b""),
        });
        let forged = Seal::over(seal.run_id, files);
        std::fs::write(folder.path().join(SEAL), forged.to_json()).unwrap();
        assert!(broken(&folder).contains("not a seal"), "{name}");
    }
}

#[test]
fn only_a_regular_file_within_the_limit_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "12345").unwrap();
    assert_eq!(read_within(&path, 5).unwrap(), b"12345");
    assert!(read_within(&path, 4).is_err());
    assert!(read_within(folder.path(), 5).is_err());
    assert!(read_within(std::path::Path::new("/dev/zero"), 5).is_err());
    assert!(digest_of_file(std::path::Path::new("/dev"), "zero", None).is_err());
}

#[test]
fn the_files_of_workers_shards_are_sealed_like_any_others() {
    let folder = sealed();
    let shard = folder.path().join("shards/12");
    std::fs::create_dir_all(&shard).unwrap();
    let names = ["shards/12/manifest.json", "go"];
    for name in names {
        std::fs::write(folder.path().join(name), "as it was").unwrap();
    }
    let all = ["plan.json", "ledger.journal", names[0], names[1]];
    seal(&folder, SEAL, &all);
    assert!(matches!(check_seal(folder.path()), SealState::Whole(_)));
    std::fs::write(shard.join("manifest.json"), "as it is").unwrap();
    assert!(broken(&folder).contains("shards/12/manifest.json"));
}

#[test]
fn a_forecast_is_held_against_the_seal_and_breaks_none() {
    let folder = sealed();
    let state = || forecast_state(folder.path());
    assert_eq!(state(), ForecastState::None);
    let path = folder.path().join("forecast.json");
    std::fs::write(&path, "a forecast").unwrap();
    assert!(matches!(state(), ForecastState::Changed(why) if why.contains("does not list it")));
    let names = ["plan.json", "ledger.journal", "run.json", "forecast.json"];
    seal(&folder, SEAL, &names);
    assert_eq!(state(), ForecastState::Kept);
    let changes: [&dyn Fn() -> std::io::Result<()>; 3] = [
        &|| std::fs::write(&path, "b forecast"),
        &|| std::fs::write(&path, "a forecast and more"),
        &|| std::fs::remove_file(&path),
    ];
    for change in changes {
        change().unwrap();
        assert!(
            matches!(state(), ForecastState::Changed(_)),
            "{:?}",
            state()
        );
        assert!(matches!(check_seal(folder.path()), SealState::Whole(_)));
    }
    std::fs::remove_file(folder.path().join(SEAL)).unwrap();
    assert_eq!(state(), ForecastState::None);
    std::fs::write(&path, "anything").unwrap();
    assert_eq!(state(), ForecastState::Kept, "nobody says otherwise");
}
