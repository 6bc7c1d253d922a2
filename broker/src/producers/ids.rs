//! Hands out producer ids from blocks that were made durable first, so that none is ever given twice.

use std::ops::Range;

use tokio::sync::Mutex;

use crate::topics::{ChangeError, Topics};

/// Ids made durable at a time. A restart skips what is left of the block.
const BLOCK: u16 = 1000;

/// The block in hand.
#[derive(Debug, Default)]
pub struct ProducerIds {
    // An async mutex: whoever empties the block waits for the next one while the others queue.
    block: Mutex<Range<i64>>,
}

impl ProducerIds {
    /// An id nobody has.
    ///
    /// # Errors
    /// [`ChangeError`] when a new block cannot be made durable now.
    pub async fn next(&self, topics: &Topics) -> Result<i64, ChangeError> {
        let mut block = self.block.lock().await;
        loop {
            if let Some(id) = block.next() {
                return Ok(id);
            }
            *block = topics.reserve_producer_ids(BLOCK).await?;
        }
    }
}
