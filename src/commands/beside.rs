//! Files that a scenario names: bodies, data, recorded messages, found beside the scenario's own file.

use std::path::Path;

use crate::folder::read_within;

/// The longest such file, bytes: an event around recorded bodies is larger than what is kept of it.
const BYTES_MAX: u64 = 64 << 20;

/// Reads files by the names that the scenario at `path` gives them.
pub fn beside(path: &Path) -> impl Fn(&str) -> Result<String, String> + use<> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    move |name| read(&folder.join(name))
}

fn read(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let bytes = read_within(path, BYTES_MAX).map_err(|error| format!("{shown}: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("{shown}: it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_beside_the_scenario_and_nothing_endless_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("data.csv"), "a\n1\n").unwrap();
        std::fs::write(folder.path().join("latin.csv"), [0xe9]).unwrap();
        let read = beside(&folder.path().join("x.toml"));
        assert_eq!(read("data.csv").as_deref(), Ok("a\n1\n"));
        assert!(read("none.csv").unwrap_err().contains("none.csv: "));
        assert!(read("latin.csv").unwrap_err().contains("not UTF-8"));
        assert!(
            read("/dev/zero")
                .unwrap_err()
                .contains("not a regular file")
        );
    }
}
