//! The body of a page. Markup is escaped where it is made (`maud`); this takes what markup does not know of.

use super::terminal;

/// Markup, already escaped, without characters that cannot be seen or that turn the direction of reading, and without
/// lines that a CI runner obeys when the page is printed.
pub fn html(markup: &str) -> String {
    terminal(markup, false).into_owned()
}
