//! `LeaveGroup` (key 13, versions 0–5): one member up to version 2, several from 3.

use wire::messages::leave_group::{MemberResponse, Request, Response};

use crate::Broker;
use crate::api::{Context, Refusal, group};
use crate::groups::Leaver;

/// From this version several members may leave at once (KIP-345).
const BATCHED_FROM: i16 = 3;

pub(crate) async fn handle<'r>(
    broker: &Broker,
    context: &Context,
    request: Request<'_>,
) -> Result<Response<'r>, Refusal> {
    let batched = context.api_version >= BATCHED_FROM;
    let leavers: Vec<Leaver> = if batched {
        let leaver = |member: &wire::messages::leave_group::MemberIdentity<'_>| Leaver {
            member_id: member.member_id.to_string(),
            instance_id: member.group_instance_id.as_ref().map(ToString::to_string),
        };
        request.members.iter().map(leaver).collect()
    } else {
        vec![Leaver::member(&request.member_id)]
    };
    let verdicts = match broker
        .groups
        .leave(&request.group_id, leavers.clone())
        .await
    {
        Ok(verdicts) => verdicts,
        Err(error) => {
            let error_code = group::code(&error).code();
            return Ok(Response {
                error_code,
                ..Response::default()
            });
        }
    };
    if !batched {
        let error_code = verdicts.first().map_or(0, group::code_of);
        return Ok(Response {
            error_code,
            ..Response::default()
        });
    }
    let members = leavers
        .into_iter()
        .zip(&verdicts)
        .map(|(leaver, verdict)| MemberResponse {
            member_id: leaver.member_id.into(),
            group_instance_id: leaver.instance_id.map(Into::into),
            error_code: group::code_of(verdict),
        });
    Ok(Response {
        members: members.collect(),
        ..Response::default()
    })
}
