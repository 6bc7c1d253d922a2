//! InitProducerId (22), versions 0 to 5: ids for idempotent producers, never handed out twice, also after a crash.
//!
//! A producer that names its id and epoch (version 3 and later, KIP-360) gets the same id with the next epoch, or a new
//! id when its epochs are used up. Transactions are not built: a transactional id gets `UNSUPPORTED_VERSION`, so that
//! clients give up at once.

use wire::ErrorCode;
use wire::messages::init_producer_id::{Request, Response};

use super::{Context, Refusal};
use crate::Broker;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response, Refusal> {
    Ok(match grant(broker, &request).await {
        Ok((producer_id, producer_epoch)) => Response {
            producer_id,
            producer_epoch,
            ..Default::default()
        },
        Err(code) => Response {
            error_code: code as i16,
            producer_epoch: -1,
            ..Default::default()
        },
    })
}

async fn grant(broker: &Broker, request: &Request<'_>) -> Result<(i64, i16), ErrorCode> {
    if request.transactional_id.is_some() {
        return Err(ErrorCode::UnsupportedVersion);
    }
    let (id, epoch) = (request.producer_id, request.producer_epoch);
    match (id >= 0, epoch >= 0) {
        (true, true) if id >= broker.topics.view().next_producer_id() => {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        // The last epoch is never used, as in Kafka.
        (true, true) if epoch < i16::MAX - 1 => return Ok((id, epoch + 1)),
        (true, true) | (false, false) => {}
        _ => return Err(ErrorCode::InvalidRequest),
    }
    match broker.producer_ids.next(&broker.topics).await {
        Ok(id) => Ok((id, 0)),
        Err(error) => {
            tracing::warn!(%error, "hand out producer id");
            Err(ErrorCode::CoordinatorNotAvailable)
        }
    }
}
