//! The bodies of orders: one template, or those of a replay, each as good orders and every kind of bad ones have it.

use std::collections::BTreeMap;

use super::json_text::{Kind, Node, Tree, steps};
use super::mistake::Mistake;
use super::names::Names;
use super::spec::Take;
use super::template::Template;

/// What is replaced in a body, and what is left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Edits {
    /// JSON pointer and the template of the JSON that stands there instead.
    pub set: BTreeMap<String, String>,
    /// JSON pointers.
    pub remove: Vec<String>,
}

/// A place of a body that tells whose it is.
#[derive(Debug, Clone)]
pub struct IdPlace {
    /// A JSON pointer; empty for a body that is not JSON.
    pub pointer: String,
    /// What stands there, as a text.
    pub template: Template,
}

/// One body, compiled.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub template: Template,
    /// Whether it is JSON; otherwise it is a text, and placeholders give texts.
    pub is_json: bool,
    /// Where it says whose it is.
    pub id_places: Vec<IdPlace>,
    /// It is JSON, and its one place is reached by names that stand once: every reader finds the same there.
    pub id_stands_once: bool,
}

impl Body {
    /// A body is JSON when it begins with `{` or `[`, and not with a placeholder.
    ///
    /// # Errors
    /// When such a one is not JSON, or a placeholder is wrong.
    pub fn new(text: &str, names: &Names) -> Result<Self, Mistake> {
        match is_json(text) {
            true => {
                let tree = Tree::of_template(text)?;
                let id_places = id_places(text, &tree.root, names);
                Ok(Self {
                    template: Template::json(text, names)?,
                    is_json: true,
                    id_stands_once: stands_once(&tree.root, &id_places),
                    id_places,
                })
            }
            false => {
                let template = Template::text(text, names)?;
                let place = IdPlace {
                    pointer: String::new(),
                    template: template.clone(),
                };
                let id_places = Vec::from_iter(template.tells_order().then_some(place));
                Ok(Self {
                    template,
                    is_json: false,
                    id_places,
                    id_stands_once: false,
                })
            }
        }
    }
}

/// Whether a body is meant as JSON: an object or a list, and no placeholder at its beginning.
pub(super) fn is_json(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['{', '[']) && !text.starts_with("{{")
}

fn id_places(text: &str, root: &Node, names: &Names) -> Vec<IdPlace> {
    let mut places = Vec::new();
    root.walk("", &mut |pointer, node| {
        let slice = &text[node.span.clone()];
        let inside = match node.kind {
            Kind::Text if slice.contains("{{") => serde_json::from_str::<String>(slice).ok(),
            Kind::Placeholder => Some(slice.to_owned()),
            _ => None,
        };
        let template = inside.and_then(|inside| Template::text(&inside, names).ok());
        places.extend(
            template
                .filter(Template::tells_order)
                .map(|template| IdPlace {
                    pointer: pointer.to_owned(),
                    template,
                }),
        );
    });
    places
}

/// Whether there is one place, and no other value at its pointer or at one on the way there. A name with a placeholder may
/// be any.
fn stands_once(root: &Node, places: &[IdPlace]) -> bool {
    let [place] = places else { return false };
    let leads_there = |pointer: &str| {
        let rest = place.pointer.strip_prefix(pointer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let (mut on_the_way, mut are_plain) = (0, true);
    root.walk("", &mut |pointer, _| {
        on_the_way += usize::from(leads_there(pointer));
        are_plain &= !pointer.contains("{{");
    });
    are_plain && on_the_way == 1 + place.pointer.matches('/').count()
}

/// A text with its edits made, and which of them found their place.
#[derive(Debug)]
pub(super) struct Edited {
    pub text: String,
    /// JSON pointers that are not in it.
    pub missed: Vec<String>,
}

/// Makes `edits` in a JSON template; everything else stays as it is written.
///
/// # Errors
/// When the text is not JSON.
pub(super) fn edit(text: &str, edits: &Edits) -> Result<Edited, Mistake> {
    let mut edited = Edited {
        text: text.to_owned(),
        missed: Vec::new(),
    };
    for (pointer, json) in &edits.set {
        let tree = Tree::of_template(&edited.text)?;
        match tree.at(pointer) {
            Some(node) => edited.text.replace_range(node.span.clone(), json),
            None => edited.missed.push(pointer.clone()),
        }
    }
    for pointer in &edits.remove {
        let tree = Tree::of_template(&edited.text)?;
        match tree.cut_at(pointer) {
            Some(span) => edited.text.replace_range(span, ""),
            None => edited.missed.push(pointer.clone()),
        }
    }
    Ok(edited)
}

/// Whether a text is a JSON pointer.
pub(super) fn is_pointer(text: &str) -> bool {
    text.starts_with('/') && steps(text).is_some()
}

/// A body that was recorded, as a template: `{{id}}` where the id stands, and nothing else a placeholder.
///
/// # Errors
/// When it has no place for the id.
pub(super) fn of_recorded(
    body: &str,
    id_at: &[String],
    set: &BTreeMap<String, String>,
) -> Result<String, Mistake> {
    if !is_json(body) {
        return Err(Mistake::new(
            "a body of the file is not a JSON object, so no id can be put into it",
            "replay JSON, or write `body` with {{id}} in it",
        ));
    }
    // Outside its texts JSON holds no two braces that open, so this changes none of its meaning.
    let text = body.trim().replace("{{", "{\\u007b");
    let tree = Tree::of_text(&text)?;
    let mut ids = Edits::default();
    for pointer in id_at {
        let quotes = match tree.at(pointer).map(|node| &node.kind) {
            Some(Kind::Text) => "\"",
            Some(Kind::Plain) => "",
            Some(_) => {
                return Err(Mistake::new(
                    format!("at `{pointer}` of a body stands no id"),
                    "name the place of a text or a number: id_at = [\"/detail/orderId\"]",
                ));
            }
            None => continue,
        };
        let id = format!("{quotes}{{{{id}}}}{quotes}");
        ids.set.insert(pointer.clone(), id);
    }
    if ids.set.is_empty() {
        let near: String = text.chars().take(60).collect();
        return Err(Mistake::new(
            format!("a body has none of these places: {near}"),
            "name where the order's id stands in each: id_at = [\"/detail/orderId\"]",
        ));
    }
    ids.set.extend(
        set.iter()
            .filter(|(pointer, _)| tree.at(pointer).is_some())
            .map(|(pointer, json)| (pointer.clone(), json.clone())),
    );
    edit(&text, &ids).map(|edited| edited.text)
}

/// The bodies of one kind of orders.
#[derive(Debug, Clone)]
pub(super) struct Bodies {
    pub bodies: Vec<Body>,
    pub take: Take,
}

impl Bodies {
    /// The body of order `k`; `random` decides when it is drawn.
    pub fn of(&self, k: u64, random: impl FnOnce() -> u64) -> &Body {
        let count = self.bodies.len() as u64;
        let at = match self.take {
            _ if count == 1 => 0,
            Take::Random => random() % count,
            Take::InTurn | Take::Once => k % count,
        };
        &self.bodies[at as usize]
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
