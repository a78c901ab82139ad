//! What is wrong with what a scenario says of its orders: where, which rule, and what to write instead.

/// One rule that is broken, by what its caller knows the key of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub rule: String,
    /// What to write instead.
    pub hint: String,
}

impl Mistake {
    /// A broken rule and what to write instead.
    pub fn new(rule: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            rule: rule.into(),
            hint: hint.into(),
        }
    }

    /// The same, with the key it is about.
    pub fn at(self, key: impl Into<String>) -> Problem {
        Problem {
            key: key.into(),
            rule: self.rule,
            hint: self.hint,
        }
    }
}

/// One rule that a key of a scenario breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, from the file's top: `order.fields.total`.
    pub key: String,
    /// What is wrong with it.
    pub rule: String,
    /// What to write instead.
    pub hint: String,
}

/// The full name of `key` below `path`; a key that TOML writes in quotes has them.
pub fn key_below(path: &str, key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let plain = !key.is_empty() && key.chars().all(is_bare);
    let dot = if path.is_empty() { "" } else { "." };
    match plain {
        true => format!("{path}{dot}{key}"),
        false => format!("{path}{dot}{key:?}"),
    }
}

/// Of `known`, what takes the fewest edits to make of `name`, if few enough for a slip of the pen.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|&(edits, _)| edits <= 1 + name.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_toml_writes_them() {
        assert_eq!(key_below("bad[0].set", "/price"), "bad[0].set.\"/price\"");
        assert_eq!(key_below("order.fields", "sku-2"), "order.fields.sku-2");
        assert_eq!(key_below("", "order"), "order");
        assert_eq!(key_below("a", ""), "a.\"\"");
    }

    #[test]
    fn a_slip_of_the_pen_has_a_nearest_name_and_another_word_has_none() {
        let known = ["id", "customer", "price"];
        assert_eq!(nearest("custmoer", known), Some("customer"));
        assert_eq!(nearest("prize", known), Some("price"));
        assert_eq!(nearest("warehouse", known), None);
    }
}
