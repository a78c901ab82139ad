//! Keeps a panic inside a future from leaving it.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

/// The future's output, or `None` if it panicked.
///
/// The future is dropped after a panic and never polled again; what it shares with others must
/// survive being left half done.
pub async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(
        move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_is_an_answer_and_a_result_passes_through() {
        assert_eq!(caught(async { 7 }).await, Some(7));
        let late = caught(async {
            tokio::task::yield_now().await;
            assert!(std::hint::black_box(false), "this panic is wanted");
        });
        assert_eq!(late.await, None);
    }
}
