//! The names that may stand in a template's placeholders.

use super::mistake::{Mistake, nearest};
use super::scheme::Scheme;

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// `{{id}}`.
    Id,
    /// `{{n}}`, the order's sequence number.
    N,
    /// `{{run}}`.
    Run,
    /// `{{at}}`, the place of an element in its list.
    At,
    /// `{{order}}`, the body within an envelope.
    Order,
    /// A field of the order, by its place among them.
    Field(usize),
    /// A column of a row of data: the field's place, the column's.
    Column(usize, usize),
    /// A field of the element of a list.
    Inner(usize),
    /// A column of a row of data of the element of a list.
    InnerColumn(usize, usize),
    /// `{{row.NAME}}`: what another row of the order holds there.
    Row(String),
    /// `{{message_id}}`: what the queue calls the order's message.
    MessageId,
}

/// A field's name, and what its placeholder may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName {
    /// Its name.
    pub name: String,
    /// Of a row of data, its columns.
    pub columns: Vec<String>,
    /// Whether it is a whole number, which can be written with a width.
    pub is_whole: bool,
}

/// The names one template may use.
#[derive(Debug, Clone)]
pub struct Names {
    scheme: Option<Scheme>,
    fields: Vec<FieldName>,
    inner: Vec<FieldName>,
    at: bool,
    order: bool,
    row: bool,
    message: bool,
}

/// What the queue calls a message. A field may be called so, too, and is then meant.
const MESSAGE_ID: &str = "message_id";

fn not_before_it_is_sent() -> Mistake {
    Mistake::new(
        "the queue gives a message its id when it is sent, so that nothing in it can hold the id",
        "write {{message_id}} in the key of a row: key = { orderId = \"{{message_id}}\" }",
    )
}

/// The names that are always there, and may not be a field's.
pub const RESERVED: [&str; 6] = ["id", "n", "run", "at", "order", "row"];

impl Names {
    /// `{{run}}` and `{{n}}` alone, of which ids are made.
    pub fn of_ids() -> Self {
        Self {
            scheme: None,
            fields: Vec::new(),
            inner: Vec::new(),
            at: false,
            order: false,
            row: false,
            message: false,
        }
    }

    /// `{{id}}`, `{{n}}`, `{{run}}` and the order's fields.
    pub fn new(scheme: Scheme, fields: Vec<FieldName>) -> Self {
        Self {
            scheme: Some(scheme),
            fields,
            ..Self::of_ids()
        }
    }

    /// With `{{at}}`.
    pub fn with_at(&self) -> Self {
        Self {
            at: true,
            ..self.clone()
        }
    }

    /// With `{{order}}`.
    pub fn with_order(&self) -> Self {
        Self {
            order: true,
            ..self.clone()
        }
    }

    /// With `{{row.NAME}}`.
    pub fn with_row(&self) -> Self {
        Self {
            row: true,
            ..self.clone()
        }
    }

    /// With `{{message_id}}`.
    pub fn with_message(&self) -> Self {
        Self {
            message: true,
            ..self.clone()
        }
    }

    /// Of an element of a list: `{{at}}` and the element's own fields, which hide the order's of the same name.
    pub fn within(&self, inner: Vec<FieldName>) -> Self {
        Self {
            at: true,
            inner,
            ..self.clone()
        }
    }

    /// How orders are identified.
    pub fn scheme(&self) -> Option<&Scheme> {
        self.scheme.as_ref()
    }

    /// What `name` stands for, and whether it may have a width.
    ///
    /// # Errors
    /// When nothing is called so, with the nearest name.
    pub fn resolve(&self, name: &str) -> Result<(Placeholder, bool), Mistake> {
        let place = match name {
            "id" if self.scheme.is_some() => (Placeholder::Id, false),
            "n" => (Placeholder::N, true),
            "run" => (Placeholder::Run, true),
            "at" if self.at => (Placeholder::At, true),
            "order" if self.order => (Placeholder::Order, false),
            MESSAGE_ID if !self.is_field(name) => match self.message {
                true => (Placeholder::MessageId, false),
                false => return Err(not_before_it_is_sent()),
            },
            _ => match name.strip_prefix("row.") {
                Some(attribute) if self.row => (Placeholder::Row(attribute.to_owned()), false),
                _ => return self.field(name),
            },
        };
        Ok(place)
    }

    fn is_field(&self, name: &str) -> bool {
        let mut fields = self.inner.iter().chain(&self.fields);
        fields.any(|field| field.name == name)
    }

    fn field(&self, name: &str) -> Result<(Placeholder, bool), Mistake> {
        let (head, column) = match name.split_once('.') {
            Some((head, column)) => (head, Some(column)),
            None => (name, None),
        };
        for (fields, inner) in [(&self.inner, true), (&self.fields, false)] {
            let Some(at) = fields.iter().position(|field| field.name == head) else {
                continue;
            };
            let field = &fields[at];
            return match column {
                None if field.columns.is_empty() => {
                    let place = if inner {
                        Placeholder::Inner(at)
                    } else {
                        Placeholder::Field(at)
                    };
                    Ok((place, field.is_whole))
                }
                Some(column) => match field.columns.iter().position(|name| name == column) {
                    Some(column) if inner => Ok((Placeholder::InnerColumn(at, column), false)),
                    Some(column) => Ok((Placeholder::Column(at, column), false)),
                    None => Err(self.unknown(name)),
                },
                None => Err(Mistake::new(
                    format!("`{{{{{name}}}}}` is a row of data, which has columns"),
                    format!("write one of them: {{{{{head}.{}}}}}", field.columns[0]),
                )),
            };
        }
        Err(self.unknown(name))
    }

    /// Every name, as a placeholder writes it.
    pub fn all(&self) -> Vec<String> {
        let fields = |fields: &[FieldName]| -> Vec<String> {
            let of = |field: &FieldName| match field.columns.as_slice() {
                [] => vec![field.name.clone()],
                columns => {
                    let column = |column| format!("{}.{column}", field.name);
                    columns.iter().map(column).collect()
                }
            };
            fields.iter().flat_map(of).collect()
        };
        let always = [
            ("id", self.scheme.is_some()),
            ("n", true),
            ("run", true),
            ("at", self.at),
            ("order", self.order),
            (MESSAGE_ID, self.message && !self.is_field(MESSAGE_ID)),
        ];
        let mut all: Vec<String> = always
            .into_iter()
            .filter(|&(_, there)| there)
            .map(|(name, _)| name.to_owned())
            .collect();
        all.extend(fields(&self.inner));
        all.extend(fields(&self.fields));
        all
    }

    fn unknown(&self, name: &str) -> Mistake {
        let all = self.all();
        let hint = match nearest(name, all.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {{{{{near}}}}}?"),
            None => format!("known here: {}", all.join(", ")),
        };
        Mistake::new(format!("nothing is called `{{{{{name}}}}}`"), hint)
    }
}
