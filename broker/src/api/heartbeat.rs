//! `Heartbeat` (key 12, versions 0–4).

use wire::messages::heartbeat::{Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::Identity;

pub(crate) async fn handle(
    broker: &Broker,
    _context: &Context,
    request: Request<'_>,
) -> Result<Response, Refusal> {
    let who = Identity {
        member_id: request.member_id.into(),
        instance_id: request.group_instance_id.map(Into::into),
        generation: request.generation_id,
    };
    let verdict = broker.groups.heartbeat(&request.group_id, who).await;
    Ok(Response {
        error_code: group::code_of(&verdict),
        ..Response::default()
    })
}
