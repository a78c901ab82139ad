//! A gate's outcome, as text and as Markdown.

mod markdown;
mod text;

#[cfg(test)]
mod tests;

pub use markdown::gate_markdown;
pub use text::gate_text;
