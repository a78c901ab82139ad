//! What the services that speak AWS's Query protocol share: forms in, XML out.

pub(crate) mod form;
pub(crate) mod xml;
