//! Forms: names with dots and numbers, such as `SendMessageBatchRequestEntry.1.MessageAttribute.2.Value.DataType`.

use std::collections::BTreeMap;

/// The most fields of a form: a batch of ten messages with ten attributes each has about 500.
const FIELDS_MAX: usize = 4_096;
/// The most parts of a name; the longest that SQS has is of six, and SNS's are of eight.
const DEPTH_MAX: usize = 8;

/// A form, or a part of one.
#[derive(Debug, Default)]
pub(crate) struct Form {
    value: Option<String>,
    parts: BTreeMap<String, Form>,
}

/// A form that is larger than any that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "The form has more than {FIELDS_MAX} fields, or one whose name has more than {DEPTH_MAX} parts."
)]
pub(crate) struct TooLarge;

pub(crate) fn parse(form: &[u8]) -> Result<Form, TooLarge> {
    let mut root = Form::default();
    for (count, (name, value)) in form_urlencoded::parse(form).enumerate() {
        if count == FIELDS_MAX || name.split('.').count() > DEPTH_MAX {
            return Err(TooLarge);
        }
        let mut node = &mut root;
        for part in name.split('.') {
            node = node.parts.entry(part.to_owned()).or_default();
        }
        node.value = Some(value.into_owned());
    }
    Ok(root)
}

impl Form {
    /// The value under its own name.
    pub(crate) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What its name is continued by, in order.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, &Form)> {
        self.parts.iter().map(|(name, form)| (name.as_str(), form))
    }

    pub(crate) fn is_leaf(&self) -> bool {
        self.parts.is_empty()
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Form> {
        self.parts.get(name)
    }

    /// The value under this name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.part(name)?.value()
    }

    /// The numbered parts, in order; of a list with one part the number may be left out.
    pub(crate) fn list(&self) -> Vec<&Self> {
        let numbered = self.numbered();
        match numbered.is_empty() {
            true => vec![self],
            false => numbered,
        }
    }

    /// The numbered parts, in order.
    pub(crate) fn numbered(&self) -> Vec<&Self> {
        let mut numbered: Vec<_> = self
            .parts
            .iter()
            .filter_map(|(name, form)| Some((name.parse::<u32>().ok()?, form)))
            .collect();
        numbered.sort_by_key(|(number, _)| *number);
        numbered.into_iter().map(|(_, form)| form).collect()
    }

    /// A list called so: `Tags.member.1`.
    pub(crate) fn members(&self, name: &str) -> Vec<&Self> {
        let list = self.part(name).and_then(|list| list.part("member"));
        list.map_or_else(Vec::new, Self::numbered)
    }

    /// The entries of a map called so: `Attributes.entry.1`.
    pub(crate) fn entries(&self, name: &str) -> Vec<&Self> {
        let map = self.part(name).and_then(|map| map.part("entry"));
        map.map_or_else(Vec::new, Self::numbered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_maps_are_read_in_the_order_of_their_numbers() {
        let form = b"Tags.member.2.Key=b&Tags.member.10.Key=c&Tags.member.1.Key=a&Attributes.entry.1.key=k&Name=n";
        let form = parse(form).unwrap();
        let keys = form.members("Tags").into_iter();
        let keys: Vec<_> = keys.filter_map(|tag| tag.text("Key")).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!(form.entries("Attributes")[0].text("key"), Some("k"));
        assert_eq!(form.text("Name"), Some("n"));
        assert!(form.entries("Other").is_empty());
    }

    #[test]
    fn a_form_of_too_many_fields_or_of_names_too_deep_is_refused() {
        let fields = |count| vec!["a=1"; count].join("&").into_bytes();
        assert!(parse(&fields(FIELDS_MAX)).is_ok());
        assert_eq!(parse(&fields(FIELDS_MAX + 1)).err(), Some(TooLarge));
        assert!(parse(b"a.b.c.d.e.f.g.h=1").is_ok());
        assert_eq!(parse(b"a.b.c.d.e.f.g.h.i=1").err(), Some(TooLarge));
    }
}
