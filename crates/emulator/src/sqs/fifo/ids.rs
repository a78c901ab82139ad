//! The ids that clients give: groups, deduplication, receive attempts.

use crate::sqs::error::SqsError;

/// The most characters of an id.
const LENGTH_MAX: usize = 128;

/// Refuses a `MessageGroupId` or `MessageDeduplicationId` that is not 1 to 128 letters, digits and marks.
pub(crate) fn check_id(parameter: &str, id: &str) -> Result<(), SqsError> {
    match is_id(id) {
        true => Ok(()),
        false => Err(SqsError::value(format!(
            "Value {} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and \
             punctuation characters. 1 to 128 in length.",
            id.escape_debug()
        ))),
    }
}

/// The same for `ReceiveRequestAttemptId`.
pub(crate) fn check_attempt_id(id: &str) -> Result<(), SqsError> {
    check_id("ReceiveRequestAttemptId", id)
}

/// ASCII's graphic characters are AWS's letters, digits and marks.
fn is_id(id: &str) -> bool {
    (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_the_documented_characters_and_length() {
        let long = "x".repeat(LENGTH_MAX);
        let longer = "x".repeat(LENGTH_MAX + 1);
        for (id, expected, why) in [
            ("customer-7", true, "letters, digits, marks"),
            (r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##, true, "every mark"),
            (&*long, true, "the longest"),
            (&*longer, false, "one more"),
            ("", false, "nothing"),
            ("a b", false, "a space"),
            ("é", false, "not ASCII"),
            ("a\n", false, "a control character"),
        ] {
            assert_eq!(check_id("MessageGroupId", id).is_ok(), expected, "{why}");
        }
    }
}
