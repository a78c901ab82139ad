//! A table's key.

use dynoxide::types::{AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType};

/// What sort of value a key attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A string.
    S,
    /// A number.
    N,
    /// Bytes.
    B,
}

/// The key of a table: its partition key, and its sort key if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableKey {
    partition: (String, KeyKind),
    sort: Option<(String, KeyKind)>,
}

/// The partition key `name`; see [`TableKey::sort`] for a sort key.
pub fn key(name: &str, kind: KeyKind) -> TableKey {
    TableKey {
        partition: (name.to_owned(), kind),
        sort: None,
    }
}

impl TableKey {
    /// With the sort key `name`.
    #[must_use]
    pub fn sort(mut self, name: &str, kind: KeyKind) -> Self {
        self.sort = Some((name.to_owned(), kind));
        self
    }

    /// The name of the partition key.
    pub fn partition_name(&self) -> &str {
        &self.partition.0
    }

    fn attributes(&self) -> impl Iterator<Item = (&(String, KeyKind), KeyType)> {
        let sort = self.sort.iter().map(|key| (key, KeyType::RANGE));
        std::iter::once((&self.partition, KeyType::HASH)).chain(sort)
    }

    pub(super) fn schema(&self) -> Vec<KeySchemaElement> {
        let element = |((name, _), key_type): (&(String, KeyKind), KeyType)| KeySchemaElement {
            attribute_name: name.clone(),
            key_type,
        };
        self.attributes().map(element).collect()
    }

    pub(super) fn definitions(&self) -> Vec<AttributeDefinition> {
        let definition = |((name, kind), _): (&(String, KeyKind), KeyType)| AttributeDefinition {
            attribute_name: name.clone(),
            attribute_type: match kind {
                KeyKind::S => ScalarAttributeType::S,
                KeyKind::N => ScalarAttributeType::N,
                KeyKind::B => ScalarAttributeType::B,
            },
        };
        self.attributes().map(definition).collect()
    }
}
