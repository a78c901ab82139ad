//! Replies of SNS and S3, as far as they are read: XML whose root is whole, and in which nothing that belongs once stands twice.

use std::collections::BTreeMap;

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

pub(crate) type Read<T> = Result<T, XmlDecodeError>;

pub(crate) fn wrong<T>(what: &'static str) -> Read<T> {
    Err(XmlDecodeError::custom(what))
}

/// Hands each element of a document's root to `read`: the document ends with its root, and is whole.
pub(crate) fn of_root(
    text: &str,
    root: &str,
    mut read: impl FnMut(&mut ScopedDecoder<'_, '_>) -> Read<()>,
) -> Read<()> {
    let whole = text
        .trim_end()
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once("</"));
    if whole.is_none_or(|(_, name)| name.trim_end() != root) {
        return wrong("it is cut short, or another document");
    }
    let mut document = Document::new(text);
    let mut element = document.root_element()?;
    if !element.start_el().matches(root) {
        return wrong("it is another document");
    }
    while let Some(mut tag) = element.next_tag() {
        read(&mut tag)?;
    }
    Ok(())
}

/// Of two texts where one belongs neither says anything.
pub(crate) fn once(field: &mut Option<String>, tag: &mut ScopedDecoder<'_, '_>) -> Read<()> {
    let text = try_data(tag)?.into_owned();
    match field.replace(text) {
        None => Ok(()),
        Some(_) => wrong("an element stands twice"),
    }
}

/// The texts of these elements, in the order in which they are named; other elements are passed over.
pub(crate) fn texts<const N: usize>(
    of: &mut ScopedDecoder<'_, '_>,
    names: [&str; N],
) -> Read<[Option<String>; N]> {
    let mut found = [const { None }; N];
    while let Some(mut tag) = of.next_tag() {
        let place = names.iter().position(|name| tag.start_el().matches(name));
        if let Some(place) = place {
            once(&mut found[place], &mut tag)?;
        }
    }
    Ok(found)
}

/// Code and message of an error.
pub(crate) fn error(text: &str) -> Read<[Option<String>; 2]> {
    let mut found = [None, None];
    // S3 puts nothing around it.
    if text.contains("<Error>") && !text.contains("<ErrorResponse") {
        let [code, message] = &mut found;
        of_root(text, "Error", |tag| match tag.start_el().local() {
            "Code" => once(code, tag),
            "Message" => once(message, tag),
            _ => Ok(()),
        })?;
        return Ok(found);
    }
    of_root(text, "ErrorResponse", |tag| {
        if tag.start_el().matches("Error") {
            let read = texts(tag, ["Code", "Message"])?;
            if found != [None, None] {
                return wrong("an element stands twice");
            }
            found = read;
        }
        Ok(())
    })?;
    Ok(found)
}

/// The attributes in a reply to `operation`.
pub(crate) fn attributes(text: &str, operation: &str) -> Read<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    each(text, operation, "Attributes", |entry| {
        let [Some(key), Some(value)] = texts(entry, ["key", "value"])? else {
            return wrong("an attribute has no key or no value");
        };
        all.insert(key, value);
        Ok(())
    })?;
    Ok(all)
}

/// Hands each element of the list called `list`, in a reply to `operation`, to `read`, and gives the token of the next page.
/// A list of nothing stands in the reply, too: a reply without it says nothing.
pub(crate) fn each(
    text: &str,
    operation: &str,
    list: &str,
    mut read: impl FnMut(&mut ScopedDecoder<'_, '_>) -> Read<()>,
) -> Read<Option<String>> {
    let (mut next, mut has_list) = (None, false);
    let result = format!("{operation}Result");
    of_root(text, &format!("{operation}Response"), |tag| {
        if !tag.start_el().matches(result.as_str()) {
            return Ok(());
        }
        while let Some(mut tag) = tag.next_tag() {
            if tag.start_el().matches(list) {
                has_list = true;
                while let Some(mut entry) = tag.next_tag() {
                    read(&mut entry)?;
                }
            } else if tag.start_el().matches("NextToken") {
                once(&mut next, &mut tag)?;
            }
        }
        Ok(())
    })?;
    match has_list {
        true => Ok(next.filter(|next| !next.is_empty())),
        false => Err(XmlDecodeError::custom(format!("the reply has no {list}"))),
    }
}
