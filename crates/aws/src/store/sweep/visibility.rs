//! Hiding letters for longer, and showing them again, in batches.

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use tokio::task::JoinSet;

use super::{BATCH, POLLS, not_done};
use crate::store::{StoreError, Stores};

/// Handles by what one request takes.
pub(super) fn in_batches(handles: Vec<String>) -> Vec<Vec<String>> {
    handles.chunks(BATCH).map(<[String]>::to_vec).collect()
}

impl Stores {
    /// The handles of which the visibility was not changed come back.
    pub(super) async fn set_visibilities(&self, handles: Vec<String>, seconds: i32) -> Vec<String> {
        let mut left = in_batches(handles);
        self.change_visibilities(&mut left, seconds).await;
        left.concat()
    }

    /// A few batches side by side: those of 100,000 letters would outlast a lease one by one. Of each batch those handles stay
    /// in `left` of which the visibility was not changed; should this be given up, also all that were not asked about.
    pub(super) async fn change_visibilities(&self, left: &mut Vec<Vec<String>>, seconds: i32) {
        let mut changing = JoinSet::new();
        for index in 0..left.len() {
            if changing.len() >= POLLS
                && let Some(Ok((index, unchanged))) = changing.join_next().await
            {
                left[index] = unchanged;
            }
            let (stores, batch) = (self.clone(), left[index].clone());
            changing.spawn(async move { (index, stores.set_visibility(batch, seconds).await) });
        }
        while let Some(joined) = changing.join_next().await {
            if let Ok((index, unchanged)) = joined {
                left[index] = unchanged;
            }
        }
        left.retain(|batch| !batch.is_empty());
    }

    async fn set_visibility(&self, handles: Vec<String>, seconds: i32) -> Vec<String> {
        let entries = handles.iter().enumerate().map(|(index, handle)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(handle)
                .visibility_timeout(seconds)
                .build()
                .expect("an id and a handle")
        });
        let changed = self
            .sqs
            .change_message_visibility_batch()
            .queue_url(&self.target.dead_letter_queue_url)
            .set_entries(Some(entries.collect()))
            .send()
            .await;
        match changed {
            Ok(reply) => {
                let done = reply.successful().iter().map(|entry| entry.id());
                let failed = reply.failed().iter().map(|entry| entry.id());
                let left = not_done(handles.len(), done, failed);
                left.into_iter()
                    .map(|index| handles[index].clone())
                    .collect()
            }
            Err(error) => {
                let error = StoreError::of("SQS ChangeMessageVisibilityBatch")(error);
                tracing::warn!(%error, "the visibility of dead letters was not changed");
                handles
            }
        }
    }
}
