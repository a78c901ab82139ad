//! What an invocation's end means for its batch.

/// What becomes of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchFate {
    /// Every message is deleted.
    AllDeleted,
    /// No message is deleted; all come back after their visibility time-out.
    AllReturn,
    /// The messages at these positions come back, the others are deleted.
    SomeReturn(Vec<usize>),
}

/// What becomes of a batch of these messages, of which the function reported some as `failed`; none if it failed itself.
///
/// With `report_batch_item_failures` off, a returned response is ignored: the invocation has succeeded
/// and every message is deleted, failures included. With it on, an identifier that is empty or names
/// no message of the batch fails the whole batch. Source: AWS Lambda, "Handling errors for an SQS event
/// source".
pub fn fate<I: PartialEq>(
    failed: Option<&[I]>,
    messages: &[I],
    report_batch_item_failures: bool,
) -> BatchFate {
    let Some(failed) = failed else {
        return BatchFate::AllReturn;
    };
    if !report_batch_item_failures || failed.is_empty() {
        return BatchFate::AllDeleted;
    }
    let position = |one: &I| messages.iter().position(|message| message == one);
    let positions: Option<Vec<usize>> = failed.iter().map(position).collect();
    match positions {
        Some(mut positions) => {
            positions.sort_unstable();
            positions.dedup();
            BatchFate::SomeReturn(positions)
        }
        None => BatchFate::AllReturn,
    }
}
