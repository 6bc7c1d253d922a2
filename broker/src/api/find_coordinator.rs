//! `FindCoordinator` (key 10, versions 0–6): the one broker coordinates everything, at the address
//! of the listener the request came in on.
//!
//! Deviation: a transactional id has its coordinator here too although transactions are not built.
//! So `InitProducerId` is asked and answers `UNSUPPORTED_VERSION` at once; "not available" would be
//! retried for minutes. Share groups are not built: `INVALID_REQUEST`, as Kafka without them.

use wire::ErrorCode;
use wire::messages::find_coordinator::{Coordinator, Request, Response};

use crate::api::{Context, Refusal};
use crate::{Broker, NODE_ID};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

#[expect(
    clippy::unused_async,
    reason = "every handler of the table has the same signature"
)]
pub(crate) async fn handle<'r>(
    _broker: &Broker,
    context: &Context,
    request: Request<'r>,
) -> Result<Response<'r>, Refusal> {
    let advertised = context.advertised();
    let here = matches!(request.key_type, GROUP | TRANSACTION);
    let answer = |key| {
        if here {
            let host = advertised.host.clone().into();
            let port = i32::from(advertised.port);
            Coordinator {
                key,
                node_id: NODE_ID,
                host,
                port,
                ..Coordinator::default()
            }
        } else {
            Coordinator {
                key,
                node_id: -1,
                port: -1,
                error_code: ErrorCode::InvalidRequest.code(),
                error_message: Some("only groups and transactional ids have coordinators".into()),
                ..Coordinator::default()
            }
        }
    };
    if context.api_version >= 4 {
        let coordinators = request.coordinator_keys.into_iter().map(answer).collect();
        return Ok(Response {
            coordinators,
            ..Response::default()
        });
    }
    let single = answer(request.key);
    Ok(Response {
        error_code: single.error_code,
        error_message: single.error_message,
        node_id: single.node_id,
        host: single.host,
        port: single.port,
        ..Response::default()
    })
}
