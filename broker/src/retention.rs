//! Housekeeping at a steady interval: deletes what retention no longer keeps and forgets silent producers.
//! It must not know requests.

use std::sync::Arc;
use std::time::Duration;

use crate::Broker;

/// Runs until the broker goes. The interval is `log.retention.check.interval.ms`.
pub(crate) async fn run(broker: std::sync::Weak<Broker>, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        let Some(broker) = broker.upgrade() else {
            return;
        };
        let done = tokio::task::spawn_blocking(move || clean(&broker)).await;
        if done.is_err() {
            return;
        }
    }
}

fn clean(broker: &Arc<Broker>) {
    let now_ms = broker.clock.now_ms();
    match broker.log.clean(now_ms) {
        Ok(cleaned) => {
            for one in cleaned {
                tracing::info!(
                    partition = %one.partition,
                    start = one.start,
                    freed_bytes = one.freed_bytes,
                    "deleted expired records"
                );
            }
        }
        Err(error) => tracing::warn!(%error, "clean the log"),
    }
    let expiration = i64::try_from(broker.config.producer_id_expiration.as_millis());
    let deadline_ms = now_ms.saturating_sub(expiration.unwrap_or(i64::MAX));
    broker.producers.expire(&broker.log, deadline_ms);
    if let Err(error) = broker.producers.save(&broker.log) {
        tracing::warn!(%error, "save producer state");
    }
}
