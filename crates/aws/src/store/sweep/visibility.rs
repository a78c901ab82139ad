//! Hiding letters for longer, and showing them again, in batches.

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use tokio::task::JoinSet;

use super::{BATCH, POLLS, not_done};
use crate::store::{StoreError, Stores};

impl Stores {
    /// A few batches side by side: those of 100,000 letters would outlast a lease one by one. The handles of which the
    /// visibility was not changed come back.
    pub(super) async fn set_visibilities(&self, handles: Vec<String>, seconds: i32) -> Vec<String> {
        let mut changing = JoinSet::new();
        let mut left = Vec::new();
        for batch in handles.chunks(BATCH) {
            if changing.len() >= POLLS
                && let Some(Ok(unchanged)) = changing.join_next().await
            {
                left.extend(unchanged);
            }
            let (stores, batch) = (self.clone(), batch.to_vec());
            changing.spawn(async move { stores.set_visibility(batch, seconds).await });
        }
        left.extend(changing.join_all().await.into_iter().flatten());
        left
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
