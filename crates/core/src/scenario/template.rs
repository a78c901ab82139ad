//! A commented scenario to start from.

/// The text of a scenario with every key, its meaning and its default; `rate` is the ordinary day's, `peak` the sale's.
pub fn template(rate: &str, peak: &str) -> String {
    include_str!("template.toml")
        .replace("@RATE@", rate)
        .replace("@PEAK@", peak)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Overrides, Scenario, parse};

    fn read(text: &str) -> Scenario {
        parse("template", text, &Overrides::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn it_is_valid_and_runs_on_the_embedded_pipeline() {
        let scenario = read(&template("50/s", "5x"));
        assert!(scenario.target.aws().is_none());
        assert_eq!(scenario.phases.len(), 4);
        assert_eq!(scenario.phases[2].start_rate, 250.0);
    }

    /// Whether a commented line is a key and its value, and not words.
    fn key(line: &str) -> Option<&str> {
        let (key, value) = line.strip_prefix("# ")?.split_once(" = ")?;
        let plain = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        (plain && !value.is_empty()).then_some(key)
    }

    #[test]
    fn every_key_that_is_commented_out_is_its_default() {
        let text = template("50/s", "5x");
        let usual = read(&text);
        // What shows how to write a key that has no default.
        const EXAMPLES: [&str; 5] = [
            "ramp_to",
            "minimum_pollers",
            "maximum_pollers",
            "filter",
            "reserved_concurrency",
        ];
        let mut tried = 0;
        // Whole sections that are commented out are tried in the next test.
        let mut within_comment = false;
        let lines: Vec<_> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            within_comment = match line {
                line if line.starts_with("# [") => true,
                line if line.starts_with('[') => false,
                _ => within_comment,
            };
            let Some(key) = key(line).filter(|_| !within_comment) else {
                continue;
            };
            let mut changed = lines.clone();
            changed[index] = &line[2..];
            if key == "minimum_pollers" || key == "maximum_pollers" || EXAMPLES.contains(&key) {
                read(&changed.join("\n"));
            } else {
                assert_eq!(read(&changed.join("\n")), usual, "{key}");
            }
            tried += 1;
        }
        assert!(tried > 25, "{tried} keys");
    }

    #[test]
    fn every_section_that_is_commented_out_is_valid() {
        let text = template("50/s", "5x");
        for section in ["# [processor]", "# [target]", "# [[fault]]"] {
            let mut within = false;
            let changed: Vec<_> = text
                .lines()
                .map(|line| {
                    within = match line {
                        line if line.starts_with("# [") => line == section,
                        line if !line.starts_with("# ") => false,
                        line => within && (key(line).is_some() || line.starts_with("# [")),
                    };
                    if within { &line[2..] } else { line }
                })
                .collect();
            let scenario = read(&changed.join("\n"));
            let there = match section {
                "# [processor]" => scenario.processor.is_some(),
                "# [target]" => scenario.target.aws().is_some(),
                _ => scenario.faults.len() == 2,
            };
            assert!(there, "{section}");
        }
    }

    #[test]
    fn the_orders_of_ones_own_that_are_commented_out_are_valid() {
        let text = template("50/s", "5x");
        let (before, own) = text.split_once("\n# [order]\n").expect("an example");
        let own: Vec<_> = own
            .lines()
            .map(|line| line.trim_start_matches("# "))
            .collect();
        let processor = "[processor]\ncommand = [\"./bootstrap\"]";
        let own = own.join("\n");
        let scenario = read(&format!("{before}\n{processor}\n[order]\n{own}\n"));
        assert!(scenario.order.tables.contains_key("shop-orders"));
        assert_eq!(scenario.order.bad[0].name, "no total");
    }

    /// Keys the parser asks its sections for, read out of its own text.
    fn known(source: &str) -> Vec<String> {
        let asks = [
            "integer",
            "duration_within",
            "duration",
            "share",
            "choice",
            "text",
            "texts",
            "boolean",
            "value",
            "read",
            "section",
            "sections",
            "read_time",
            "name",
        ];
        let mut keys = Vec::new();
        for (at, _) in source.match_indices('(') {
            let before = &source[..at];
            let asked = asks.iter().any(|ask| {
                before
                    .strip_suffix(ask)
                    .is_some_and(|rest| rest.ends_with(['.', ' ']))
            });
            let inside = source[at + 1..].trim_start();
            let inside = inside
                .strip_prefix("&mut section,")
                .unwrap_or(inside)
                .trim_start();
            let Some(quoted) = inside.strip_prefix('"').filter(|_| asked) else {
                continue;
            };
            if let Some((key, _)) = quoted.split_once('"') {
                keys.push(key.to_owned());
            }
        }
        keys
    }

    #[test]
    fn every_key_of_the_parser_is_in_it() {
        let sources = [
            include_str!("file.rs"),
            include_str!("phases.rs"),
            include_str!("lambda.rs"),
            include_str!("target.rs"),
            include_str!("fault.rs"),
            include_str!("expect.rs"),
        ];
        let text = template("50/s", "5x");
        let mut seen = 0;
        for key in sources.iter().flat_map(|source| known(source)) {
            let written = [format!("{key} = "), format!("[{key}]"), format!(".{key}]")];
            assert!(
                written.iter().any(|written| text.contains(written)),
                "{key} is missing"
            );
            seen += 1;
        }
        assert!(seen > 50, "{seen} keys were found");
    }
}
