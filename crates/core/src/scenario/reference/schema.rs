//! The JSON Schema of scenarios, by which editors complete keys and mark what is wrong with one.

use serde_json::{Map, Value, json};

use super::super::asked::{Asked, Kind};
use super::{asked, parts};

/// The schema (draft 2020-12) of scenario files, for editors that know TOML by JSON Schema.
pub fn schema() -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(&value()).expect("plain data");
    text.push(b'\n');
    text
}

pub(super) fn value() -> Value {
    let asked = asked();
    let mut root = object();
    for part in parts() {
        describe(&mut root, &part.path(), &part.about);
        for key in &part.keys {
            let at = part.at(&key.name);
            let Some(found) = asked.get(&at) else {
                continue;
            };
            let usual = key.default.as_ref().or(found.default.as_ref());
            let leaf = leaf(found, &key.means, usual.map(String::as_str));
            let required = key.default.as_deref() == Some("required");
            insert(&mut root, &at, leaf, required);
        }
    }
    share(&mut root);
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("A scenario of orderproof");
    require(&mut root, "phase");
    root
}

fn object() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// The schema of the table that a segment of a path leads to.
fn step<'a>(node: &'a mut Value, segment: &str) -> &'a mut Value {
    if segment == "NAME" {
        if !node["additionalProperties"].is_object() {
            node["additionalProperties"] = object();
        }
        return &mut node["additionalProperties"];
    }
    let (name, several) = match segment.strip_suffix("[]") {
        Some(name) => (name, true),
        None => (segment, false),
    };
    let entry = &mut node["properties"][name];
    if entry.is_null() {
        *entry = match several {
            true => json!({ "type": "array", "items": object() }),
            false => object(),
        };
    }
    if several { &mut entry["items"] } else { entry }
}

fn describe(root: &mut Value, path: &str, about: &str) {
    let segments = path.split('.').filter(|segment| !segment.is_empty());
    let node = segments.fold(root, |node, segment| step(node, segment));
    node["description"] = json!(about);
}

fn insert(root: &mut Value, path: &str, leaf: Value, required: bool) {
    let (tables, name) = path.rsplit_once('.').unwrap_or(("", path));
    let segments = tables.split('.').filter(|segment| !segment.is_empty());
    let node = segments.fold(root, |node, segment| step(node, segment));
    node["properties"][name] = leaf;
    if required {
        require(node, name);
    }
}

fn require(node: &mut Value, name: &str) {
    match node["required"].as_array_mut() {
        Some(names) => names.push(json!(name)),
        None => node["required"] = json!([name]),
    }
}

fn leaf(asked: &Asked, means: &str, usual: Option<&str>) -> Value {
    let mut leaf = match &asked.kind {
        Kind::Duration { .. } | Kind::Share | Kind::Text => json!({ "type": "string" }),
        Kind::Integer { least, most } => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Choice(names) => {
            let names: Vec<_> = names.iter().map(|name| name.trim_matches('"')).collect();
            json!({ "enum": names })
        }
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Table => json!({ "type": "object" }),
        Kind::Tables => json!({ "type": "array", "items": { "type": "object" } }),
        Kind::Value => Value::Object(Map::new()),
    };
    let hint = match asked.hint.as_str() {
        "" => String::new(),
        hint => format!(" {}{}.", hint[..1].to_uppercase(), &hint[1..]),
    };
    leaf["description"] = json!(format!("{means}{hint}"));
    let literal = usual.and_then(|usual| format!("x = {usual}").parse::<toml::Table>().ok());
    if let Some(literal) = literal {
        leaf["default"] = json!(literal["x"]);
    }
    leaf
}

/// What is written in several places alike: fields, mappings, functions; and a target that is a word.
fn share(root: &mut Value) {
    let tables = &mut root["properties"];
    let function = tables["processor"]["properties"].clone();
    let further = &mut tables["processors"]["additionalProperties"];
    for (name, schema) in function.as_object().into_iter().flatten() {
        further["properties"][name] = schema.clone();
    }
    require(further, "command");
    further["properties"]["mapping"] = json!({ "$ref": "#/$defs/mapping" });
    let mapping = tables["pipeline"]["properties"]["mapping"].take();
    tables["pipeline"]["properties"]["mapping"] = json!({ "$ref": "#/$defs/mapping" });
    let fields = json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/field" } });
    let mut field = tables["order"]["properties"]["fields"]["additionalProperties"].take();
    field["properties"]["fields"] = fields.clone();
    tables["order"]["properties"]["fields"] = fields.clone();
    tables["bad"]["items"]["properties"]["fields"] = fields;
    let target = tables["target"].take();
    tables["target"] = json!({ "anyOf": [{ "enum": ["embedded", "aws"] }, target] });
    root["$defs"] = json!({ "field": field, "mapping": mapping });
}
