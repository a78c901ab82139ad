//! An order's specification, compiled.

use std::sync::{Arc, LazyLock};

/// What an order is, and where it ends.
#[derive(Debug, PartialEq)]
pub struct Model {}

impl Model {
    /// The order of the original lab.
    pub fn lab() -> Arc<Self> {
        static LAB: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(Model {}));
        Arc::clone(&LAB)
    }
}
