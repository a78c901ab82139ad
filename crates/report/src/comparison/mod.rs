//! A comparison, as text, as Markdown and as a page.

mod html;
mod markdown;
mod text;

#[cfg(test)]
mod tests;

pub use html::comparison_html;
pub use markdown::comparison_markdown;
pub use text::comparison_text;
