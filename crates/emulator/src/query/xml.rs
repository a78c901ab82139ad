//! XML, written element by element.

use std::fmt::Write as _;

/// An element with what `inside` writes.
pub(crate) fn element(xml: &mut String, name: &str, inside: impl FnOnce(&mut String)) {
    let _ = write!(xml, "<{name}>");
    inside(xml);
    let _ = write!(xml, "</{name}>");
}

/// An element with a text.
pub(crate) fn leaf(xml: &mut String, name: &str, text: &str) {
    element(xml, name, |xml| escape(xml, text));
}

/// A reader of XML takes a bare carriage return for a line's end.
pub(crate) fn escape(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#xD;"),
            // Not even as a reference may XML have these.
            character if character < ' ' && !matches!(character, '\t' | '\n') => {
                xml.push('\u{fffd}')
            }
            character => xml.push(character),
        }
    }
}

/// Who is at fault and why, as the Query protocol of all services but S3 has it.
pub(crate) struct XmlError<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) is_server_fault: bool,
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    /// SQS adds an element for details, which is empty.
    pub(crate) has_detail: bool,
}

pub(crate) fn refusal(refusal: &XmlError<'_>, request_id: &str) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    let _ = write!(xml, "<ErrorResponse xmlns=\"{}\">", refusal.namespace);
    element(&mut xml, "Error", |xml| {
        let side = match refusal.is_server_fault {
            true => "Receiver",
            false => "Sender",
        };
        leaf(xml, "Type", side);
        leaf(xml, "Code", refusal.code);
        leaf(xml, "Message", refusal.message);
        if refusal.has_detail {
            xml.push_str("<Detail/>");
        }
    });
    leaf(&mut xml, "RequestId", request_id);
    xml.push_str("</ErrorResponse>");
    xml
}

/// The reply to an operation: its result, unless it has none, and the request's id.
pub(crate) fn reply(
    namespace: &str,
    operation: &str,
    result: Option<&str>,
    request_id: &str,
) -> String {
    let mut xml = String::from("<?xml version=\"1.0\"?>");
    let _ = write!(xml, "<{operation}Response xmlns=\"{namespace}\">");
    if let Some(result) = result {
        element(&mut xml, &format!("{operation}Result"), |xml| {
            xml.push_str(result);
        });
    }
    element(&mut xml, "ResponseMetadata", |xml| {
        leaf(xml, "RequestId", request_id);
    });
    let _ = write!(xml, "</{operation}Response>");
    xml
}
