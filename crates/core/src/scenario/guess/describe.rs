//! Documents of one shape as one template, with a field for each value.

use super::id::FoundId;
use super::key;
use super::kind::guess;
use super::personal::is_replaced;
use crate::order::json_text::{Kind, Member, Node, Tree};
use crate::order::put_quoted;

/// What was found in the documents.
#[derive(Debug)]
pub(super) struct Description {
    pub id: FoundId,
    /// The body's template.
    pub template: String,
    /// The lines of `[order.fields]`.
    pub fields: Vec<String>,
    /// What a row may hold, `name = "/pointer"` each.
    pub holds: Vec<String>,
    /// A JSON pointer to what a bad order may lack.
    pub removable: Option<String>,
    /// The fields that are called like the body's own members.
    pub tops: Vec<String>,
}

/// Describes documents; `find_id` finds where their id stands.
///
/// # Errors
/// When there is no JSON object among them, or no id.
pub(super) fn describe(
    documents: &[String],
    find_id: impl Fn(&[(&str, &Tree)]) -> Option<FoundId>,
) -> Result<Description, String> {
    // No placeholder but those that are put in.
    let texts: Vec<String> = documents
        .iter()
        .map(|text| without_placeholders(text))
        .collect();
    let read = |text: &String| {
        let tree = Tree::of_text(text).ok()?;
        matches!(tree.root.kind, Kind::Object(_)).then_some(tree)
    };
    let trees: Vec<(&str, Tree)> = texts
        .iter()
        .filter_map(|text| Some((text.as_str(), read(text)?)))
        .collect();
    let pairs: Vec<(&str, &Tree)> = trees.iter().map(|(text, tree)| (*text, tree)).collect();
    if pairs.is_empty() {
        return Err("no message of the sample is a JSON object".into());
    }
    let id = find_id(&pairs).ok_or(
        "nothing in the sample looks like an order's id, which differs from message to message; call it \"orderId\" in a copy of \
         the sample, and rename it in what is written",
    )?;
    let nodes: Vec<(&str, &Node)> = pairs
        .iter()
        .map(|(text, tree)| (*text, &tree.root))
        .collect();
    let mut writer = Writer {
        id: &id.pointer,
        fields: Vec::new(),
    };
    let template = writer.value(&nodes, "", "");
    let line = |(name, field, remark): &(String, String, Option<&str>)| {
        let remark = remark.map(|remark| format!(" # {remark}"));
        format!("{name} = {field}{}", remark.unwrap_or_default())
    };
    let fields = writer.fields.iter().map(line).collect();
    let tops: Vec<String> = members(&nodes).map(|member| member.name.clone()).collect();
    let pointer = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let others = || tops.iter().filter(|name| pointer(name) != id.pointer);
    let holds = others()
        .map(|name| format!("{} = {:?}", key(name), pointer(name)))
        .collect();
    let within = |name: &&&String| !id.pointer.starts_with(&format!("{}/", pointer(name)));
    let removable = others()
        .rev()
        .find(|name| within(&name))
        .map(|name| pointer(name));
    let is_top = |name: &String| writer.fields.iter().any(|(field, ..)| field == name);
    let named = others().filter(|name| is_top(name)).cloned().collect();
    Ok(Description {
        tops: named,
        template,
        fields,
        holds,
        removable,
        id,
    })
}

/// JSON that means the same, with nothing in it that looks like a placeholder.
fn without_placeholders(json: &str) -> String {
    json.replace("{{", "{\\u007b")
}

/// The members that any of the objects has, as it is first seen.
fn members<'n>(nodes: &[(&str, &'n Node)]) -> impl Iterator<Item = &'n Member> {
    let mut seen: Vec<&Member> = Vec::new();
    for (_, node) in nodes {
        if let Kind::Object(members) = &node.kind {
            for member in members {
                if seen.iter().all(|other| other.name != member.name) {
                    seen.push(member);
                }
            }
        }
    }
    seen.into_iter()
}

struct Writer<'a> {
    /// Where the id stands.
    id: &'a str,
    /// Each with its name, how it is drawn, and what there is to say of it.
    fields: Vec<(String, String, Option<&'static str>)>,
}

impl Writer<'_> {
    /// The template of values that stand at one place, `pointer`, under `name`.
    fn value(&mut self, nodes: &[(&str, &Node)], pointer: &str, name: &str) -> String {
        let Some((text, first)) = nodes.first() else {
            return "null".into();
        };
        let same = |(_, node): &&(&str, &Node)| {
            std::mem::discriminant(&node.kind) == std::mem::discriminant(&first.kind)
        };
        let alike: Vec<(&str, &Node)> = nodes.iter().filter(same).copied().collect();
        if pointer == self.id {
            let mark = if matches!(first.kind, Kind::Text) {
                "\""
            } else {
                ""
            };
            return format!("{mark}{{{{id}}}}{mark}");
        }
        match &first.kind {
            Kind::Object(_) => self.object(&alike, pointer),
            Kind::Array(_) => self.list(&alike, pointer, name),
            _ => {
                let values: Vec<&str> = alike
                    .iter()
                    .map(|(text, node)| &text[node.span.clone()])
                    .collect();
                self.scalar(&values, pointer, name)
                    .unwrap_or_else(|| text[first.span.clone()].to_owned())
            }
        }
    }

    fn object(&mut self, nodes: &[(&str, &Node)], pointer: &str) -> String {
        let mut out = String::from("{");
        for (at, member) in members(nodes).enumerate() {
            let values: Vec<(&str, &Node)> = nodes
                .iter()
                .filter_map(|(text, node)| match &node.kind {
                    Kind::Object(members) => members
                        .iter()
                        .find(|other| other.name == member.name)
                        .map(|found| (*text, &found.value)),
                    _ => None,
                })
                .collect();
            if at > 0 {
                out.push_str(", ");
            }
            let mut name = String::new();
            put_quoted(&member.name, &mut name);
            out.push_str(&without_placeholders(&name));
            out.push_str(": ");
            let step = member.name.replace('~', "~0").replace('/', "~1");
            out.push_str(&self.value(&values, &format!("{pointer}/{step}"), &member.name));
        }
        out.push('}');
        out
    }

    fn list(&mut self, nodes: &[(&str, &Node)], pointer: &str, name: &str) -> String {
        let items = |node: &Node| match &node.kind {
            Kind::Array(items) => items.len(),
            _ => 0,
        };
        let elements: Vec<(&str, &Node)> = nodes
            .iter()
            .flat_map(|(text, node)| match &node.kind {
                Kind::Array(items) => items.iter().map(|item| (*text, item)).collect(),
                _ => Vec::new(),
            })
            .collect();
        if elements.is_empty() {
            return "[]".into();
        }
        let mut inner = Writer {
            id: "in no list",
            fields: Vec::new(),
        };
        let of = inner.value(&elements, pointer, "item");
        let least = nodes.iter().map(|(_, node)| items(node)).min().unwrap_or(0);
        let most = nodes.iter().map(|(_, node)| items(node)).max().unwrap_or(1);
        let fields: Vec<String> = inner
            .fields
            .iter()
            .map(|(name, field, _)| format!("{name} = {field}"))
            .collect();
        let field = format!(
            "{{ list = [{least}, {most}], of = {}, fields = {{ {} }} }}",
            super::quoted(&of),
            fields.join(", ")
        );
        let name = self.field(
            name,
            &field,
            Some(match inner.fields.iter().any(|(.., remark)| remark.is_some_and(is_replaced)) {
                true => "elements, and what differs from one to the next; what looks personal is nobody's",
                false => "elements, and what differs from one to the next",
            }),
        );
        format!("{{{{{name}}}}}")
    }

    fn scalar(&mut self, values: &[&str], pointer: &str, name: &str) -> Option<String> {
        let guess = guess(values, pointer)?;
        let name = self.field(name, &guess.field, guess.remark);
        let mark = if guess.in_quotes { "\"" } else { "" };
        Some(format!("{mark}{{{{{name}}}}}{mark}"))
    }

    /// Adds a field called like `name`, and gives what it is called.
    fn field(&mut self, name: &str, field: &str, remark: Option<&'static str>) -> String {
        let mut called: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .take(40)
            .collect();
        let starts = called.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || crate::order::RESERVED.contains(&called.as_str()) {
            called = format!("the_{called}");
        }
        let base = called.clone();
        let mut more = 2;
        while self.fields.iter().any(|(name, ..)| *name == called) {
            called = format!("{base}_{more}");
            more += 1;
        }
        self.fields.push((called.clone(), field.to_owned(), remark));
        called
    }
}
