//! A scenario guessed from messages that were recorded: what is guessed is said, for a person to correct.
//!
//! The envelope is taken off, the id found by its name and type, and every other value made a field of its type.

mod describe;
mod id;
mod kind;
mod personal;
mod row_key;
#[cfg(test)]
mod tests;

use describe::{Description, describe};
use id::find_id;
use row_key::RowKey;

use crate::order::spec::Key;
use crate::order::{read_replay, unwrap_recorded};

/// Bodies that are looked at.
const BODIES_MAX: usize = 1_000;

/// The function is not in the sample.
const PROCESSOR: &str = r#"
# The function that processes them, started as Lambda starts it, with its own variables; processes at one time at most, which
# share this machine's processors, and how long one may take until it asks for its first order.
[processor]
command = ["python3", "-m", "awslambdaric", "handler.handler"]
max_environments = 4
init_timeout = "60s"
"#;

/// A table as its target tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Key,
}

/// Functions seldom write it, and rules on the end-to-end latency need it.
const STORED_AT: &str = r#"# The attribute that says when the row was written; with it rules such as "end_to_end_p99 < 2s for spike" can be checked.
# stored_at = "stored_at ms"
"#;

/// The rule of `load` that cannot be checked without it.
const END_TO_END_RULE: &str = "\"end_to_end_p99 < 2s for spike\", ";

/// A function that is not ours has the room that AWS advises: messages are hidden six times as long as it may run, and what
/// waits for a bad order's last receive waits as much longer.
const FUNCTION_OF_OWN: [(&str, &str); 3] = [
    (
        "visibility_timeout = \"2s\"",
        "visibility_timeout = \"12s\"",
    ),
    ("\"drain < 30s\"", "\"drain < 60s\""),
    ("# deadline = \"60s\"", "deadline = \"120s\""),
];

/// Where the pipeline's settings begin.
const PIPELINE: &str = "\n[pipeline]\n";

/// What follows the phases and the like: an example of orders.
const EXAMPLE_ORDERS: &str = "\n# Orders of your own.";

/// The text of a scenario whose orders look like those of `sample`: a body, bodies line by line, a Lambda function's
/// event, or what `aws sqs receive-message` prints. `load` are its phases and the like, as TOML; `table` is where good
/// orders end, where that is known.
///
/// # Errors
/// When the sample holds no JSON object, or none with anything that could be an id.
pub fn scenario_from(
    sample: &str,
    load: &str,
    table: Option<&FoundTable>,
) -> Result<String, String> {
    let bodies =
        read_replay(sample).map_err(|mistake| format!("{}; {}", mistake.rule, mistake.hint))?;
    let unwrapped = unwrap_recorded(&bodies[..bodies.len().min(BODIES_MAX)]);
    let description = describe(&unwrapped.documents, find_id)?;
    let row = match table {
        Some(table) => RowKey::of_table(table, &description),
        None => RowKey::guessed(&description),
    };
    Ok(written(
        &unwrapped.keys,
        &description,
        &row,
        load,
        bodies.len(),
    ))
}

fn written(
    message: &[String],
    order: &Description,
    row: &RowKey,
    load: &str,
    count: usize,
) -> String {
    let mut out = with_key(&phases_of(load), row);
    let samples = if count == 1 {
        "one message".into()
    } else {
        format!("{count} messages")
    };
    out.push_str(&format!(
        "\n\n# Guessed from {samples}: look through it, and correct it. `orderproof check FILE --show 3` shows what would be sent.\n[order]\n"
    ));
    out.push_str(&format!(
        "# The id stood at {}.\nid = {}\n",
        order.id.pointer, order.id.scheme
    ));
    for line in message {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&format!(
        "body = {}\n\n[order.fields]\n",
        quoted(&order.template)
    ));
    for line in &order.fields {
        out.push_str(line);
        out.push('\n');
    }
    let wrong = match &order.removable {
        Some(pointer) => format!("name = \"incomplete\"\nremove = [{pointer:?}]"),
        None => "name = \"cut short\"\ncut = \"50%\"".to_owned(),
    };
    out.push_str(&format!(
        "\n# What is wrong with bad orders; they end in the dead-letter queue unless `end` names another end.\n[[bad]]\n{wrong}\n"
    ));
    out.push_str(&format!(
        "\n# What a good order leaves: the table, its key, and what the row must hold. \"/name\" is a place in the body.\n{}\
         [[ends.stored.rows]]\ntable = {}\nkey = {{ {} }}\n{}holds = {{ {} }}\n",
        row.remark,
        quoted_name(&row.table),
        row.parts.join(", "),
        row.id_at,
        row.holds.join(", "),
    ));
    out.push_str(STORED_AT);
    out.push_str(PROCESSOR);
    out.push_str(&format!(
        "environment = {{ TABLE = {} }}\n",
        quoted_name(&row.table)
    ));
    out
}

/// Tables have keys of texts; one with numbers or bytes is named.
fn with_key(load: &str, row: &RowKey) -> String {
    let Some(key) = &row.named else {
        return load.to_owned();
    };
    let table = format!(
        "{PIPELINE}# The table's key: S is a text, N a number, B bytes.\ntables = {{ {} = {} }}\n",
        self::key(&row.table),
        quoted_name(key)
    );
    load.replacen(PIPELINE, &table, 1)
}

fn quoted_name(name: &str) -> String {
    format!("{name:?}")
}

/// `load` without its example of orders, without the rule that nothing would be measured for, and with time for a function
/// that is not ours.
fn phases_of(load: &str) -> String {
    let load = load
        .split_once(EXAMPLE_ORDERS)
        .map_or(load, |(phases, _)| phases);
    let mut phases = load.trim_end().replace(END_TO_END_RULE, "");
    for (usual, own) in FUNCTION_OF_OWN {
        phases = phases.replacen(usual, own, 1);
    }
    phases
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    crate::order::key_below("", name)
}

/// A text as TOML writes it, without escapes where it can.
fn quoted(text: &str) -> String {
    let plain =
        !text.contains("'''") && !text.ends_with('\'') && !text.chars().any(char::is_control);
    match plain {
        true if !text.contains('\'') => format!("'{text}'"),
        true => format!("'''{text}'''"),
        false => toml::Value::String(text.to_owned()).to_string(),
    }
}
