//! `orderproof schema`: the JSON Schema of `run.json`.

use super::{Error, Output};
use crate::exit::Exit;
use crate::report::run_schema;

/// Prints the schema.
pub fn schema(output: &Output) -> Result<Exit, Error> {
    let schema = run_schema();
    output
        .stream(|out| out.write_all(&schema))
        .map_err(Error::internal)?;
    Ok(Exit::Success)
}
