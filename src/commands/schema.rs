//! `orderproof schema`: the JSON Schema of `run.json`.

use super::{CommandError, Output};
use crate::exit::Exit;
use crate::results::run_schema;

/// Prints the schema.
pub fn schema(output: &Output) -> Result<Exit, CommandError> {
    let schema = run_schema();
    output
        .stream(|out| out.write_all(&schema))
        .map_err(CommandError::internal)?;
    Ok(Exit::Success)
}
