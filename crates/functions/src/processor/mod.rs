//! The order processor: an SQS event in, a partial batch response out.
//!
//! Every record is read, validated and written for itself, so that a bad order, a panic or a refused
//! write fails this one record and no other. The write is conditional on the order number being new;
//! a row that is there already is told apart by its content: its own redelivery has succeeded before,
//! another order under the same number has not. Runs inside the embedded pipeline and behind Lambda
//! alike: the table is behind [`OrderStore`].

pub mod attribute;
mod handler;
mod in_order;
mod incoming;
mod isolate;
mod lab;
mod store;

pub use handler::process;
pub use incoming::{IncomingOrder, MAX_ITEMS, MAX_ORDER_NUMBER, MAX_PRICE, OrderError};
pub use isolate::caught;
pub use lab::process_like_the_lab;
pub use store::{OrderRow, OrderStore, PutOutcome, WriteError, unix_micros};

use crate::scenario::ProcessorKind;

/// Says which processor the function on Lambda is: `orderproof`, also when it is not set, or `lab`.
pub const KIND_VARIABLE: &str = "ORDERPROOF_PROCESSOR";

/// The processor that [`KIND_VARIABLE`]'s value names.
///
/// # Errors
/// When it names none.
pub fn kind(value: Option<&str>) -> Result<ProcessorKind, String> {
    match value {
        None | Some("orderproof") => Ok(ProcessorKind::Orderproof),
        Some("lab") => Ok(ProcessorKind::Lab),
        Some(other) => Err(format!(
            "the environment variable {KIND_VARIABLE} is {other:?}: write `orderproof` or `lab`"
        )),
    }
}

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_processor_is_named_exactly() {
        assert_eq!(kind(None), Ok(ProcessorKind::Orderproof));
        assert_eq!(kind(Some("orderproof")), Ok(ProcessorKind::Orderproof));
        assert_eq!(kind(Some("lab")), Ok(ProcessorKind::Lab));
        for other in ["", "Lab", "sound"] {
            assert!(kind(Some(other)).unwrap_err().contains(KIND_VARIABLE));
        }
    }
}
