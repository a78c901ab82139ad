//! The JSON Schema of `run.json`, from the types themselves.

use schemars::generate::SchemaSettings;

use super::{RunReport, SCHEMA_VERSION, to_json};

/// The schema (draft 2020-12), as committed in `docs/run.schema.json`.
pub fn run_schema() -> Vec<u8> {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<RunReport>();
    schema.insert("title".into(), "run.json of orderproof".into());
    // Another version is another schema: a reader should not take the one for the other.
    if let Some(version) = schema.pointer_mut("/properties/schema_version") {
        version["const"] = SCHEMA_VERSION.into();
    }
    to_json(&schema)
}
