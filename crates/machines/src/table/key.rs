//! Which partition a key lives in.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Which partition a key belongs to, before it is divided among them: by the key's text.
pub fn hash_of_key(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
