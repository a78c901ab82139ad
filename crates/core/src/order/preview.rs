//! What an order leaves where it ends, for a person who wants to see it before anything is sent.

use std::collections::BTreeMap;

use super::json_text::{Kind, Tree};
use super::plan::OrderPlan;
use super::sink::put_quoted;
use super::spec::{End, Expected, LetterSpec, RowSpec};
use super::template::Template;
use super::values::Values;

/// What an order leaves in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where.
    pub place: TracePlace,
    /// The attributes of a row's key; `*` is what nobody knows.
    pub key: Vec<(String, String)>,
    /// What must be there beside it, as JSON or in words.
    pub holds: Vec<(String, String)>,
}

/// A place in which orders end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TracePlace {
    /// A row of this table.
    Row(String),
    /// A letter in this queue.
    Letter(String),
    /// The order's own message, in the pipeline's dead-letter queue.
    DeadLetter,
}

/// Elements of a list that are shown.
const ELEMENTS_MAX: usize = 20;

impl OrderPlan {
    /// What order `k` leaves at the end it belongs to.
    pub fn traces(&self, k: u64) -> Vec<Trace> {
        let order = self.order_json(k);
        let tree = order.as_deref().and_then(|text| Tree::of_text(text).ok());
        let mut viewer = Viewer {
            plan: self,
            values: self.values(k),
            order: order.as_deref().zip(tree.as_ref()),
            at: 0,
        };
        match self.model.spec().ends.get(self.end(k)) {
            Some(end) => viewer.end(end),
            None => Vec::new(),
        }
    }
}

struct Viewer<'a> {
    plan: &'a OrderPlan,
    values: Values<'a>,
    /// The order's document, when it is JSON.
    order: Option<(&'a str, &'a Tree)>,
    at: u64,
}

impl Viewer<'_> {
    fn end(&mut self, end: &End) -> Vec<Trace> {
        let mut traces = Vec::new();
        for row in &end.rows {
            let count = row
                .each
                .as_ref()
                .map_or(1, |each| self.elements(each).len());
            for at in 0..count.min(ELEMENTS_MAX) {
                self.at = at as u64;
                self.values.set_at(self.at);
                traces.push(self.row(row));
            }
        }
        traces.extend(end.letters.iter().map(|letter| self.letter(letter)));
        traces
    }

    fn row(&self, row: &RowSpec) -> Trace {
        let names = self.plan.model.names().with_at().with_row().with_message();
        let key = |(name, text): (&String, &String)| {
            let template = Template::key(text, &names).ok()?;
            Some((name.clone(), template.shown(&self.values)))
        };
        Trace {
            place: TracePlace::Row(row.table.clone()),
            key: row.key.iter().filter_map(key).collect(),
            holds: self.holds(&row.holds),
        }
    }

    fn letter(&self, letter: &LetterSpec) -> Trace {
        Trace {
            place: match &letter.queue {
                Some(queue) => TracePlace::Letter(queue.clone()),
                None => TracePlace::DeadLetter,
            },
            key: Vec::new(),
            holds: self.holds(&letter.holds),
        }
    }

    fn holds(&self, holds: &BTreeMap<String, Expected>) -> Vec<(String, String)> {
        let shown = |(name, expected): (&String, &Expected)| (name.clone(), self.shown(expected));
        holds.iter().map(shown).collect()
    }

    fn shown(&self, expected: &Expected) -> String {
        match expected {
            Expected::At(pointer) => self.slice(pointer),
            Expected::Text(text) => quoted(&self.text(text)),
            Expected::Number(of) if of.starts_with('/') => self.slice(of).replace('"', ""),
            Expected::Number(of) => self.text(of),
            Expected::Count(of) => self.elements(of).len().to_string(),
            Expected::Json { of, .. } if of.starts_with('/') => {
                format!("a text that holds {}", self.slice(of))
            }
            Expected::Json { of, .. } => format!("a text that holds {}", self.json(of)),
            Expected::Join { of, with } => {
                let plain = |slice: &String| serde_json::from_str::<String>(slice).ok();
                let texts = self.elements(of);
                let texts: Vec<String> = texts
                    .iter()
                    .map(|slice| plain(slice).unwrap_or_else(|| slice.clone()))
                    .collect();
                quoted(&texts.join(with))
            }
            Expected::Is(json) => json.clone(),
            Expected::Absent => "(not there)".into(),
        }
    }

    /// The JSON at a pointer into the order.
    fn slice(&self, pointer: &str) -> String {
        let found = self.order.and_then(|(text, tree)| {
            let node = tree.at(&pointer.replace("{{at}}", &self.at.to_string()))?;
            Some(text[node.span.clone()].to_owned())
        });
        found.unwrap_or_else(|| "(not in this order)".into())
    }

    /// The JSON of each element of the list at a pointer.
    fn elements(&self, pointer: &str) -> Vec<String> {
        let Some((text, tree)) = self.order else {
            return Vec::new();
        };
        let node = tree.at(&pointer.replace("{{at}}", &self.at.to_string()));
        match node.map(|node| &node.kind) {
            Some(Kind::Array(items)) => items
                .iter()
                .map(|item| text[item.span.clone()].to_owned())
                .collect(),
            _ => Vec::new(),
        }
    }

    fn text(&self, text: &str) -> String {
        let names = self.plan.model.names().with_at().with_row();
        match Template::text(text, &names) {
            Ok(template) => template.shown(&self.values),
            Err(_) => text.to_owned(),
        }
    }

    fn json(&self, text: &str) -> String {
        let names = self.plan.model.names().with_at().with_row();
        match Template::json(text, &names) {
            Ok(template) => template.shown(&self.values),
            Err(_) => text.to_owned(),
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    put_quoted(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::order::spec::{Body, Field, IdScheme, Key, KeyAttribute, KeyType, STORED};
    use crate::order::{Model, RunId, lab};

    fn traces(change: impl FnOnce(&mut RowSpec)) -> Vec<Trace> {
        let mut spec = lab();
        spec.id = IdScheme::Text("W{{run}}-{{n}}".into());
        spec.fields.insert(
            "lines".into(),
            Field::List {
                least: 2,
                most: 2,
                of: r#"{"sku": "S{{at}}"}"#.into(),
                fields: BTreeMap::new(),
            },
        );
        spec.body = Body::Template(
            r#"{"id": "{{id}}", "tags": ["a", "b"], "price": {{dollars}}, "lines": {{lines}}}"#
                .into(),
        );
        let key = KeyAttribute {
            name: "id".into(),
            kind: KeyType::S,
        };
        let key = Key {
            partition: key,
            sort: None,
        };
        spec.tables.insert("orders".into(), key);
        let row = &mut spec.ends.get_mut(STORED).expect("an end").rows[0];
        row.holds.clear();
        change(row);
        let model = Model::new(spec).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let plan = OrderPlan {
            model: Arc::new(model),
            ..OrderPlan::lab(RunId::new(7).expect("a run id"), 2026, 0.0)
        };
        plan.traces(3)
    }

    #[test]
    fn what_an_order_leaves_is_shown_as_it_will_be() {
        let traces = traces(|row| {
            row.key = [("id".to_owned(), "{{id}}#*".to_owned())].into();
            for (name, expected) in [
                ("a", Expected::At("/tags".into())),
                ("b", Expected::Text("is {{dollars}}".into())),
                ("c", Expected::Number("/price".into())),
                ("d", Expected::Count("/lines".into())),
                (
                    "e",
                    Expected::Json {
                        of: r#"{"p": {{dollars}}}"#.into(),
                        may_add: Vec::new(),
                    },
                ),
                (
                    "f",
                    Expected::Join {
                        of: "/tags".into(),
                        with: ";".into(),
                    },
                ),
                ("g", Expected::Is("[1]".into())),
                ("h", Expected::Absent),
                ("i", Expected::Text("{{row.x}}".into())),
            ] {
                row.holds.insert(name.into(), expected);
            }
        });
        assert_eq!(traces.len(), 1);
        assert_eq!(traces[0].place, TracePlace::Row("orders".into()));
        assert_eq!(traces[0].key, [("id".to_owned(), "W7-3#*".to_owned())]);
        let held: Vec<&str> = traces[0]
            .holds
            .iter()
            .map(|(_, held)| held.as_str())
            .collect();
        let price = held[2];
        assert!(price.ends_with(".0") && price.len() == 5, "{price}");
        assert_eq!(
            held,
            [
                r#"["a", "b"]"#,
                &format!("\"is {price}\""),
                price,
                "2",
                &format!(r#"a text that holds {{"p": {price}}}"#),
                r#""a;b""#,
                "[1]",
                "(not there)",
                r#""{{row.x}}""#,
            ]
        );
    }

    #[test]
    fn each_element_leaves_a_row() {
        let traces = traces(|row| {
            row.key = [("id".to_owned(), "{{id}}#{{at}}".to_owned())].into();
            row.each = Some("/lines".into());
            row.holds
                .insert("sku".into(), Expected::At("/lines/{{at}}/sku".into()));
        });
        let shown: Vec<_> = traces
            .iter()
            .map(|trace| (trace.key[0].1.as_str(), trace.holds[0].1.as_str()))
            .collect();
        assert_eq!(shown, [("W7-3#0", "\"S0\""), ("W7-3#1", "\"S1\"")]);
    }
}
