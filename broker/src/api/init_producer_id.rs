//! InitProducerId (22), versions 0 to 5: ids for idempotent producers, never handed out twice, also after a crash.
//!
//! A producer without a transactional id gets a new one each time, also when it names the id and epoch it has (version 3 and
//! later), as Kafka does: nothing shows that an id is the one who asks, and such producers raise their epoch themselves
//! (KIP-360). Transactions are not built: a transactional id gets `UNSUPPORTED_VERSION`, so that clients give up at once.

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
    if (request.producer_id >= 0) != (request.producer_epoch >= 0) {
        return Err(ErrorCode::InvalidRequest);
    }
    match broker.producer_ids.next(&broker.topics).await {
        Ok(id) => Ok((id, 0)),
        Err(error) => {
            tracing::warn!(%error, "hand out producer id");
            Err(ErrorCode::CoordinatorNotAvailable)
        }
    }
}
