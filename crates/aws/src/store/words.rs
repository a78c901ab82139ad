//! An error in a line.

use std::error::Error;

/// An error and its causes, each said once: the SDK's own texts repeat their source's.
pub fn in_words(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words.push_str(": ");
            words.push_str(&cause_words);
        }
        next = cause.source();
    }
    words
}

/// What is said of an answer without a code and words of the service: an endpoint that is not AWS's gives such ones.
pub fn strange_answer(status: u16) -> String {
    format!(
        "it answered HTTP {status} and not as AWS does; check that the endpoint is that of the service"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str, #[source] Option<Box<Said>>);

    #[test]
    fn causes_follow_and_are_not_repeated() {
        let refused = Said("connection refused", None);
        let connect = Said("connect: connection refused", Some(Box::new(refused)));
        let dispatch = Said("dispatch failure", Some(Box::new(connect)));
        assert_eq!(
            in_words(&dispatch),
            "dispatch failure: connect: connection refused"
        );
    }
}
