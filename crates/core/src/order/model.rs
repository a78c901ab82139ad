//! An order's specification, compiled.

use std::sync::{Arc, LazyLock};

use super::lab;
use super::spec::OrderSpec;

/// What an order is, and where it ends.
#[derive(Debug, PartialEq)]
pub struct Model {
    spec: OrderSpec,
}

impl Model {
    /// The order of the original lab.
    pub fn lab() -> Arc<Self> {
        static LAB: LazyLock<Arc<Model>> = LazyLock::new(|| Arc::new(Model { spec: lab::lab() }));
        Arc::clone(&LAB)
    }

    /// What it was made of.
    pub fn spec(&self) -> &OrderSpec {
        &self.spec
    }
}
