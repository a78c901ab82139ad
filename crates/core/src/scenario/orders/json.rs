//! TOML values as JSON texts.

use toml::Value;

use crate::order::put_quoted;

/// The JSON text of a value; a date and time is a text.
///
/// # Errors
/// When it holds a number that JSON does not know.
pub(super) fn json_of(value: &Value) -> Result<String, String> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut String) -> Result<(), String> {
    match value {
        Value::String(text) => put_quoted(text, out),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Float(number) if number.is_finite() => {
            out.push_str(ryu::Buffer::new().format(*number));
        }
        Value::Float(number) => return Err(format!("{number} is not a JSON number")),
        Value::Boolean(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Datetime(instant) => put_quoted(&instant.to_string(), out),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Table(table) => {
            out.push('{');
            for (at, (name, value)) in table.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                put_quoted(name, out);
                out.push_str(": ");
                write(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// A number as a decimal's text: `0.01`, `5`, `"12.50"`.
pub(super) fn decimal_of(value: &Value) -> Result<String, String> {
    match value {
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) if number.is_finite() => Ok(number.to_string()),
        Value::String(text) => Ok(text.clone()),
        other => Err(format!("must be a number, found {}", other.type_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_types() {
        let table: toml::Table = "x = { b = \"a\\\"b\", a = [1, 110.0, true], t = 2026-11-27 }\n"
            .parse()
            .expect("TOML");
        assert_eq!(
            json_of(&table["x"]).as_deref(),
            Ok(r#"{"b": "a\"b", "a": [1, 110.0, true], "t": "2026-11-27"}"#),
        );
        let nan: toml::Table = "x = [nan]\n".parse().expect("TOML");
        assert!(json_of(&nan["x"]).is_err());
        assert_eq!(decimal_of(&Value::Float(0.01)).as_deref(), Ok("0.01"));
        assert!(decimal_of(&Value::Boolean(true)).is_err());
    }
}
