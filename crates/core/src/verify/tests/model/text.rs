//! The ways in which the content of an order turns up: as planned, written differently, or changed.

use super::dice::Dice;
use crate::verify::tests::lab::LabOrder;

/// The articles of the lab's shop.
const ARTICLES: [&str; 5] = ["zMobile", "zTablet", "zTV", "zWatch", "zPen"];

/// What a text says, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Wording {
    Planned,
    /// The planned fields in another order and without spaces.
    Turned,
    /// The planned fields over several lines.
    Spaced,
    /// The planned price as `1.1e2`.
    Exponent,
    /// A letter of the article written as its code point.
    Escaped,
    /// A letter of a field's name written as its code point.
    EscapedName,
    /// The planned price without its decimal point, as JavaScript writes it.
    WholePrice,
    /// The planned number of items with a decimal point.
    ItemsPoint,
    /// The planned fields and one more.
    ExtraField,
    /// First a wrong count, then the planned one: some readers keep the first.
    Twice,
    /// First a wrong count under an escaped name.
    TwiceEscaped,
    /// The planned count, and again.
    TwiceSame,
    /// A price that only a binary float takes for the planned one.
    BeyondDouble,
    /// A price that nobody can write out.
    Huge,
    /// The planned number of items in quotes.
    ItemsText,
    OtherItems,
    OtherPrice,
    OtherArticle,
    UnknownArticle,
    /// A whole-number price that is another one, unless the order's is 110.
    IntPrice,
    /// A good price in a bad order, `err` in a good one.
    OtherKind,
    MissingField,
}

use Wording::*;

/// Every wording.
pub(super) const WORDINGS: [Wording; 22] = [
    Planned,
    Turned,
    Spaced,
    Exponent,
    Escaped,
    EscapedName,
    WholePrice,
    ItemsPoint,
    ExtraField,
    Twice,
    TwiceEscaped,
    TwiceSame,
    BeyondDouble,
    Huge,
    ItemsText,
    OtherItems,
    OtherPrice,
    OtherArticle,
    UnknownArticle,
    IntPrice,
    OtherKind,
    MissingField,
];

/// Those that say what was planned.
pub(super) const FAITHFUL: [Wording; 8] = [
    Planned,
    Turned,
    Spaced,
    Exponent,
    Escaped,
    EscapedName,
    WholePrice,
    ItemsPoint,
];

/// What a row holds in place of details.
pub(super) const GARBAGE: [&str; 7] = ["", "{", "not json", "[1]", "null", "\"zTV\"", "{}"];

/// The fields of `order` in `wording`, without braces.
pub(super) fn fields(order: &LabOrder, wording: Wording) -> String {
    let article = order.article.as_str();
    let price = match order.dollars {
        Some(dollars) => format!("{dollars:.1}"),
        None => "\"err\"".to_owned(),
    };
    let items = order.items;
    let plain = |items: u8, price: &str, article: &str| {
        format!(
            "\"num_items\": {items}, \"price_per_item\": {price}, \"item_description\": \"{article}\""
        )
    };
    match wording {
        Planned => plain(items, &price, article),
        Turned => format!(
            "\"item_description\":\"{article}\",\"num_items\":{items},\"price_per_item\":{price}"
        ),
        Spaced => plain(items, &price, article).replace(", ", " ,\n\t"),
        Exponent => match order.dollars {
            Some(dollars) => plain(items, &format!("{}e2", dollars / 100.0), article),
            None => plain(items, &price, article),
        },
        Escaped => plain(items, &price, &article.replace('z', "\\u007a")),
        ExtraField => format!("{}, \"note\": [1]", plain(items, &price, article)),
        EscapedName => plain(items, &price, article).replace("price", "\\u0070rice"),
        WholePrice => plain(items, price.trim_end_matches(".0"), article),
        ItemsPoint => plain(items, &price, article).replacen(", ", ".0, ", 1),
        Twice => format!("\"num_items\": 77, {}", plain(items, &price, article)),
        TwiceEscaped => format!("\"num_\\u0069tems\": 77, {}", plain(items, &price, article)),
        TwiceSame => format!("\"num_items\": {items}, {}", plain(items, &price, article)),
        BeyondDouble => match order.dollars {
            Some(_) => plain(items, &format!("{price}0000000000000000000001"), article),
            None => plain(items, "\"err \"", article),
        },
        Huge => plain(items, "1e999999999", article),
        ItemsText => {
            plain(items, &price, article).replacen(&format!("{items}"), &format!("\"{items}\""), 1)
        }
        OtherItems => plain(items + 1, &price, article),
        OtherPrice => plain(items, "99.5", article),
        OtherArticle => {
            let other = ARTICLES.iter().find(|other| **other != article);
            plain(items, &price, other.expect("there are five"))
        }
        UnknownArticle => plain(items, &price, "zNothing"),
        IntPrice => plain(items, "110", article),
        OtherKind => match order.dollars {
            Some(_) => plain(items, "\"err\"", article),
            None => plain(items, "110.0", article),
        },
        MissingField => format!("\"num_items\": {items}, \"price_per_item\": {price}"),
    }
}

/// A row's `order_details`; some functions keep the whole body there, and some another order's number.
pub(super) fn details(number: u64, order: &LabOrder, wording: Wording, dice: &mut Dice) -> String {
    let fields = fields(order, wording);
    match dice.below(12) {
        0 => format!("{{\"order_number\": {number}.0, {fields}}}"),
        1 if wording != Planned => format!("{{\"order_number\": {}, {fields}}}", number + 1),
        _ => format!("{{{fields}}}"),
    }
}

/// A message's body; the number stands first or last.
pub(super) fn body(number: u64, order: &LabOrder, wording: Wording, dice: &mut Dice) -> String {
    let fields = fields(order, wording);
    match dice.percent(80) {
        true => format!("{{\"order_number\": {number}, {fields}}}"),
        false => format!("{{{fields},\"order_number\":{number}}}"),
    }
}

/// A body that names no order number of the run.
pub(super) fn foreign_body(dice: &mut Dice) -> String {
    let bodies = [
        "",
        "not json",
        "[7000000003]",
        "{\"order_number\": \"seven\"}",
        "{\"order_number\": 7000000003.5}",
        "{\"order_number\": 1e999999999}",
        "{\"order_number\": -7000000003}",
        "{\"order_number\": 8000000003, \"num_items\": 1}",
        "{\"order_number\": 6999999999}",
        "{\"order_number\": 3}",
        "{\"order_number\": 7000000003, \"num_items\": 1",
        "{\"order\": {\"order_number\": 7000000003}}",
    ];
    dice.pick(&bodies).to_owned()
}

/// A body whose order number is spelled otherwise than it was sent, or given twice.
pub(super) fn misspelt_body(number: u64, dice: &mut Dice) -> String {
    let bodies = [
        format!("{{\"order_number\": \"{number}\"}}"),
        format!("{{\"order_number\": {number}.0}}"),
        format!(
            "{{\"order_number\": {}.{:09}E9}}",
            number / 1_000_000_000,
            number % 1_000_000_000
        ),
        format!(
            "{{\"order_number\": {number}, \"order_number\": {}}}",
            number + 1
        ),
        format!("{{\"order_number\": 3, \"order_number\": {number}}}"),
        format!("{{\"order_number\": {number}, \"num_items\": 2, \"order_number\": {number}}}"),
    ];
    bodies[dice.below(bodies.len() as u64) as usize].clone()
}
