//! The frame of a page: one file that opens from disk, loads nothing and runs nothing but its own script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use orderproof_core::escape;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// A whole page around `body`, whose sections are linked from its head by id and name.
///
/// The policy allows this style and this script by their digests and nothing else, so that a text that got
/// past the escaping still could not load or run anything.
pub(crate) fn page(title: &str, sections: &[(&str, &str)], body: Markup) -> String {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    let body = PreEscaped(escape::html(&body.into_string()));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (escape::line(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    span.brand { "orderproof" }
                    nav aria-label="Sections" {
                        ul {
                            @for (id, name) in sections {
                                li { a href={ "#" (id) } { (name) } }
                            }
                        }
                    }
                }
                main #content tabindex="-1" { (body) }
                footer {
                    p { "Written by orderproof " (env!("CARGO_PKG_VERSION")) ". This file is whole: it loads nothing." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// What a content security policy calls the digest of an inline style or script.
fn digest(source: &str) -> String {
    format!("sha256-{}", BASE64.encode(Sha256::digest(source)))
}

/// A table that scrolls by itself where it is wider than the page, and can be scrolled by keys.
pub(crate) fn scrolling(name: &str, table: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Table: " (name) } { (table) }
    }
}
