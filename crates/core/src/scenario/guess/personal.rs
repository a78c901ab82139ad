//! What looks personal in a sample, by its name or by itself: it is not kept, and what stands in its place is nobody's.

use super::kind::{Guess, is_email};

/// What a value seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Email,
    Phone,
    FirstName,
    LastName,
    Name,
    Street,
    Postcode,
    City,
    Words,
    Number,
}

/// Names that say it, without capitals, hyphens and underscores; names that end in one of them say it, too.
const BY_NAME: [(&str, Kind); 45] = [
    ("email", Kind::Email),
    ("emailaddress", Kind::Email),
    ("mail", Kind::Email),
    ("phone", Kind::Phone),
    ("phonenumber", Kind::Phone),
    ("telephone", Kind::Phone),
    ("tel", Kind::Phone),
    ("mobile", Kind::Phone),
    ("mobilenumber", Kind::Phone),
    ("fax", Kind::Phone),
    ("firstname", Kind::FirstName),
    ("forename", Kind::FirstName),
    ("givenname", Kind::FirstName),
    ("middlename", Kind::FirstName),
    ("lastname", Kind::LastName),
    ("surname", Kind::LastName),
    ("familyname", Kind::LastName),
    ("fullname", Kind::Name),
    ("customername", Kind::Name),
    ("username", Kind::Name),
    ("nickname", Kind::Name),
    ("displayname", Kind::Name),
    ("recipient", Kind::Name),
    ("addressee", Kind::Name),
    ("contact", Kind::Name),
    ("customer", Kind::Name),
    ("buyer", Kind::Name),
    ("address", Kind::Street),
    ("addressline", Kind::Street),
    ("address1", Kind::Street),
    ("address2", Kind::Street),
    ("line1", Kind::Street),
    ("line2", Kind::Street),
    ("street", Kind::Street),
    ("streetaddress", Kind::Street),
    ("housenumber", Kind::Number),
    ("postcode", Kind::Postcode),
    ("postalcode", Kind::Postcode),
    ("zip", Kind::Postcode),
    ("zipcode", Kind::Postcode),
    ("city", Kind::City),
    ("town", Kind::City),
    ("note", Kind::Words),
    ("comment", Kind::Words),
    ("instructions", Kind::Words),
];

/// Parts of an order that are no person, so that a name in them is none.
const THINGS: [&str; 14] = [
    "item", "items", "line", "lines", "product", "products", "article", "articles", "sku", "store",
    "shop", "category", "event", "carrier",
];

/// What is drawn in place of values that look personal; `pointer` says where they stand, `texts` what of them is text.
pub(super) fn replaced(pointer: &str, texts: &[&str], are_numbers: bool) -> Option<Guess> {
    let kind = match (kind_of(pointer, texts)?, are_numbers) {
        (kind, false) => kind,
        (Kind::Phone | Kind::Postcode | Kind::Number, true) => Kind::Number,
        (_, true) => return None,
    };
    let (field, remark) = match kind {
        Kind::Email => (
            r#"{ pick = ["ada@example.com", "ben@example.com", "cleo@example.com"] }"#,
            "addresses of nobody, in place of those in the sample",
        ),
        // Numbers that are given to nobody: the North American Numbering Plan keeps 555-0100 to 555-0199 for examples.
        Kind::Phone => (
            r#"{ pick = ["+1 202 555 0100", "+1 202 555 0101", "+1 202 555 0102"] }"#,
            "numbers of nobody, in place of those in the sample",
        ),
        Kind::FirstName => (r#"{ pick = ["Ada", "Ben", "Cleo"] }"#, NAMES),
        Kind::LastName => (r#"{ pick = ["Example", "Sample", "Nobody"] }"#, NAMES),
        Kind::Name => (
            r#"{ pick = ["Ada Example", "Ben Sample", "Cleo Nobody"] }"#,
            NAMES,
        ),
        Kind::Street => (
            r#"{ pick = ["1 Example Street", "2 Sample Road", "3 Nowhere Lane"] }"#,
            PLACES,
        ),
        Kind::Postcode => (r#"{ pick = ["00001", "00002", "00003"] }"#, PLACES),
        Kind::City => (r#"{ pick = ["Exampleton", "Sampleville"] }"#, PLACES),
        Kind::Words => (
            "{ text = { p50 = 20, p99 = 80 } }",
            "letters, in place of the words in the sample",
        ),
        Kind::Number => (
            "{ integer = [100000, 999999] }",
            "drawn, since those in the sample look personal",
        ),
    };
    Some(Guess {
        field: field.to_owned(),
        in_quotes: false,
        remark: Some(remark),
    })
}

/// Whether a remark says that something was replaced.
pub(super) fn is_replaced(remark: &'static str) -> bool {
    remark.contains("in the sample")
}

const NAMES: &str = "names of nobody, in place of those in the sample";
const PLACES: &str = "places of nobody, in place of those in the sample";

fn kind_of(pointer: &str, texts: &[&str]) -> Option<Kind> {
    let steps: Vec<Vec<String>> = pointer.split('/').skip(1).map(words).collect();
    let (name, parents) = steps.split_last()?;
    let is_email = |text: &&str| text.split_whitespace().any(is_email);
    if texts.iter().any(is_email) {
        return Some(Kind::Email);
    }
    if texts.iter().any(|text| is_phone(text)) {
        return Some(Kind::Phone);
    }
    // `shippingPostCode` and `billing_street` end in what says it; `capacity` does not.
    let ends = |known: &str| (0..name.len()).any(|at| name[at..].concat() == known);
    if let Some((_, kind)) = BY_NAME.iter().find(|(known, _)| ends(known)) {
        return Some(*kind);
    }
    let parent = parents.last().map(|parent| parent.concat());
    let parent = parent.unwrap_or_default();
    match name.concat().as_str() {
        "name" => (!THINGS.contains(&parent.as_str())).then_some(Kind::Name),
        "country" | "countrycode" | "type" | "kind" => None,
        name if name.ends_with("id") => None,
        _ if parent == "name" => Some(Kind::FirstName),
        _ if parent.ends_with("address") => Some(Kind::Street),
        _ => None,
    }
}

/// The words of a name, in small letters: it is written with hyphens, underscores or capitals between them.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if matches!(c, '_' | '-' | ' ' | '.') || c.is_uppercase() && was_small {
            words.push(String::new());
        }
        was_small = c.is_lowercase() || c.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// An international number, or one with its area in brackets.
fn is_phone(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = |c: char| c.is_ascii_digit() || "+()-/. ".contains(c);
    (7..=15).contains(&digits) && text.chars().all(is_plain) && text.starts_with(['+', '('])
}
