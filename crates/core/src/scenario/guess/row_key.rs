//! The key of the row that a good order leaves: guessed by the id's name, or written after a table's own.

use super::describe::Description;
use super::{FoundTable, key};
use crate::order::spec::{KeyAttribute, KeyType};

/// The key of a row as a scenario says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowKey {
    /// The table.
    pub table: String,
    /// `attribute = "template"`, in the order of the table's key.
    pub parts: Vec<String>,
    /// The table's key with its types, where they are not texts.
    pub named: Option<String>,
    /// The line that says where the id is, when the key does not tell.
    pub id_at: String,
    /// What the row must hold, without what is in its key.
    pub holds: Vec<String>,
    /// What is to be looked at, a comment.
    pub remark: String,
}

impl RowKey {
    /// Of a table nobody has seen: its key is the id alone.
    pub fn guessed(order: &Description) -> Self {
        let is_number = order.id.scheme == "\"number\"";
        let id = KeyAttribute {
            name: order.id.name.clone(),
            kind: if is_number { KeyType::N } else { KeyType::S },
        };
        Self {
            table: "orders".into(),
            parts: vec![part(&id.name, "{{id}}")],
            named: is_number.then(|| typed(&[&id])).flatten(),
            id_at: String::new(),
            holds: order.holds.clone(),
            remark: String::new(),
        }
    }

    /// Of a table as it is: each attribute of its key is the id, a field of that name, or unknown.
    pub fn of_table(table: &FoundTable, order: &Description) -> Self {
        let attributes: Vec<&KeyAttribute> = std::iter::once(&table.key.partition)
            .chain(&table.key.sort)
            .collect();
        let field = |attribute: &KeyAttribute| {
            let mut fields = order.tops.iter();
            let same = |field: &&String| plain(field) == plain(&attribute.name);
            fields.find(same).cloned()
        };
        let fits = |attribute: &KeyAttribute| {
            attribute.kind == KeyType::S
                || (attribute.kind == KeyType::N && order.id.scheme == "\"number\"")
        };
        let named = |attribute: &KeyAttribute| plain(&attribute.name) == plain(&order.id.name);
        // The one that is called so, or the first that could hold it and is no other field.
        let by_name = attributes.iter().position(|it| named(it) && fits(it));
        let of_id = by_name.or_else(|| {
            let free = |it: &&KeyAttribute| fits(it) && field(it).is_none();
            attributes.iter().position(free)
        });
        let mut parts = Vec::new();
        let mut unknown = Vec::new();
        for (at, attribute) in attributes.iter().enumerate() {
            let template = match field(attribute) {
                _ if of_id == Some(at) => "{{id}}".to_owned(),
                Some(field) => format!("{{{{{field}}}}}"),
                None => {
                    unknown.push(attribute.name.as_str());
                    "*".to_owned()
                }
            };
            parts.push(part(&attribute.name, &template));
        }
        let mut remark = format!(
            "# The table's key is {}, as its target says; what stands in it is guessed.\n",
            table.key
        );
        if !unknown.is_empty() {
            remark.push_str(&format!(
                "# \"*\" is not known beforehand, here {}: write a template instead if it follows from the order.\n",
                unknown.join(" and ")
            ));
        }
        let id_at = match of_id {
            Some(_) => String::new(),
            None => format!(
                "# Where the row holds the order's id.\nid_at = {:?}\n",
                order.id.name.replace('/', "_")
            ),
        };
        let is_in_key = |line: &&String| {
            let mut names = attributes.iter().map(|it| format!("{} = ", key(&it.name)));
            names.any(|start| line.starts_with(&start))
        };
        Self {
            table: table.name.clone(),
            parts,
            named: typed(&attributes),
            id_at,
            holds: order
                .holds
                .iter()
                .filter(|line| !is_in_key(line))
                .cloned()
                .collect(),
            remark,
        }
    }
}

fn part(attribute: &str, template: &str) -> String {
    format!("{} = \"{template}\"", key(attribute))
}

/// A name without what differs between spellings: `order_id` is `orderId`.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// A key as `[pipeline] tables` says it, unless all of it are texts, or a name cannot stand there.
fn typed(attributes: &[&KeyAttribute]) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let can_stand = attributes.iter().all(|it| it.name.chars().all(is_plain));
    let texts = attributes.iter().all(|it| it.kind == KeyType::S);
    let words = attributes
        .iter()
        .map(|it| format!("{} {:?}", it.name, it.kind));
    (can_stand && !texts).then(|| words.collect::<Vec<_>>().join(", "))
}
