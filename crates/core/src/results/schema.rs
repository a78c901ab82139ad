//! The JSON Schema of `run.json`, from the types themselves.

use schemars::generate::SchemaSettings;

use super::{RunReport, SCHEMA_VERSION, to_json};
use crate::verdict::Class;

/// The schema (draft 2020-12), as committed in `docs/run.schema.json`.
pub fn run_schema() -> Vec<u8> {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let class = generator.subschema_for::<Class>();
    let mut schema = generator.into_root_schema_for::<RunReport>();
    // Left to itself, the generator takes the keys of a map for any text.
    if let Some(classes) = schema.pointer_mut("/properties/classes") {
        classes["propertyNames"] = class.to_value();
    }
    schema.insert("title".into(), "run.json of orderproof".into());
    // Another version is another schema: a reader should not take the one for the other.
    if let Some(version) = schema.pointer_mut("/properties/schema_version") {
        version["const"] = SCHEMA_VERSION.into();
    }
    to_json(&schema)
}
