//! `orderproof schema`: the JSON Schema of `run.json`, or of scenario files.

use super::{Error, Output};
use crate::cli::{SchemaArgs, SchemaOf};
use crate::exit::Exit;
use crate::results::run_schema;
use crate::scenario;

/// Prints the schema.
pub fn schema(args: &SchemaArgs, output: &Output) -> Result<Exit, Error> {
    let schema = match args.of {
        SchemaOf::Run => run_schema(),
        SchemaOf::Scenario => scenario::schema(),
    };
    output
        .stream(|out| out.write_all(&schema))
        .map_err(Error::internal)?;
    Ok(Exit::Success)
}
