//! The order simulator: sends a number of orders to the orders queue and tells which were acknowledged.
//!
//! What `lab-order-simulator` does on Lambda. The request is read and planned without I/O; sending goes
//! through `send`'s [`crate::send::Sender`], so a reply proves here what it proves in a run. Order numbers
//! are a run's, so that a later scan tells them apart; a request with seed and run id sends the same orders
//! each time.

mod request;
mod simulate;

pub use request::{ORDERS_DEFAULT, ORDERS_MAX, Request, RequestError};
pub use simulate::{ATTEMPTS, Answer, BatchLine, Failure, SimulationError, simulate};

/// Names the queue, as the lab's function does.
pub const QUEUE_VARIABLE: &str = "ORDERS_QUEUE_URL";

/// The queue's URL, read from [`QUEUE_VARIABLE`]'s value.
///
/// # Errors
/// When it is not set, empty or no URL.
pub fn queue_url(value: Option<String>) -> Result<String, String> {
    let found = match value.as_deref().map(str::trim) {
        None => "is not set".to_owned(),
        Some("") => "is empty".to_owned(),
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
            return Ok(url.to_owned());
        }
        Some(other) => format!("is {other:?}, which is not a URL"),
    };
    Err(format!(
        "the environment variable {QUEUE_VARIABLE} {found}: set it to the URL of the orders queue, such as https://sqs.us-east-1.amazonaws.com/123456789012/orders-queue"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_not_named_is_told_by_its_variable() {
        let cases = [
            (None, "is not set"),
            (Some(""), "is empty"),
            (Some("  "), "is empty"),
            (
                Some("orders-queue"),
                r#"is "orders-queue", which is not a URL"#,
            ),
        ];
        for (value, expected) in cases {
            let error = queue_url(value.map(String::from)).unwrap_err();
            assert!(error.contains(QUEUE_VARIABLE), "{error}");
            assert!(error.contains(expected), "{error}");
        }
        let url = "https://sqs.eu-west-1.amazonaws.com/1/orders-queue";
        assert_eq!(queue_url(Some(format!(" {url}\n"))).unwrap(), url);
    }
}
